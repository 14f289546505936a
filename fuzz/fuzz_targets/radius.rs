//! RADIUS accounting.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::radius;

fuzz_target!(|bytes: &[u8]| radius::packet(bytes));
