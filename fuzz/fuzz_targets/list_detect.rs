//! A list whose format is told from its first lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate::lists::Format;
use schoolgate_fuzz::list;

fuzz_target!(|bytes: &[u8]| list::list(Format::Detect, bytes));
