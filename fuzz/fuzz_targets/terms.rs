//! A file of terms to search for, and a text looked through for them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::phrases;

fuzz_target!(|text: &str| phrases::terms(text));
