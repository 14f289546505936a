//! A page scored by its words, in any characters, packed and in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::scan;

fuzz_target!(|bytes: &[u8]| scan::page(bytes));
