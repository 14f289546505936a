//! Lines of other filters' access logs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::access_log;

fuzz_target!(|bytes: &[u8]| access_log::line(bytes));
