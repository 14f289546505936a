//! A page's path in its one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::page;

fuzz_target!(|path: &str| page::one_spelling(path));
