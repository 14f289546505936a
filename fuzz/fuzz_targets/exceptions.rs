//! The exceptions another filter has exported.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::config;

fuzz_target!(|bytes: &[u8]| config::exceptions(bytes));
