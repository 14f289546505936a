//! A host and a URL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::words;

fuzz_target!(|text: &str| words::read(text));
