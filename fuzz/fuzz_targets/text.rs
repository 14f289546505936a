//! A text looked through for the terms that ship.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::phrases;

fuzz_target!(|bytes: &[u8]| phrases::text(bytes));
