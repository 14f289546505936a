//! An archive: any bytes, packed and not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::tree;

fuzz_target!(|bytes: &[u8]| tree::archive(bytes));
