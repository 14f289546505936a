//! A DNS query, and a DNS answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::wire;

fuzz_target!(|bytes: &[u8]| wire::packet(bytes));
