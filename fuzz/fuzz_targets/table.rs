//! The table reader: any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| schoolgate_fuzz::open(bytes.to_vec()));
