//! What a TLS client says first.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::hello;

fuzz_target!(|bytes: &[u8]| hello::said(bytes));
