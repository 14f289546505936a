//! Queries behind their lengths, in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::streams;

fuzz_target!(|bytes: &[u8]| streams::framed(bytes));
