//! A list whose format is told from its first lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate::lists::Format;

fuzz_target!(|bytes: &[u8]| schoolgate_fuzz::list(Format::Detect, bytes));
