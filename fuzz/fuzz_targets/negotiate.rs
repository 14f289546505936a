//! Kerberos tickets in a header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::tokens;

fuzz_target!(|bytes: &[u8]| tokens::negotiate(bytes));
