//! The head of a CONNECT.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::head;

fuzz_target!(|bytes: &[u8]| head::said(bytes));
