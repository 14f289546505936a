//! Requests of HTTP/1.1 as the parser gets to see them, in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::framing;

fuzz_target!(|bytes: &[u8]| framing::framed(bytes));
