//! The phrase engine: phrases and a text cut anywhere, and what a plain search finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::phrases;

fuzz_target!(|bytes: &[u8]| phrases::engine(bytes));
