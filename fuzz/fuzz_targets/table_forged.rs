//! The table reader: a good table with some bytes changed and its checksums made right again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| schoolgate_fuzz::open(schoolgate_fuzz::forged(bytes)));
