//! A query in a request of DNS over HTTPS.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::streams;

fuzz_target!(|bytes: &[u8]| streams::requested(bytes));
