//! A list in the format `wildcard`: its parser, compile, and a look-up of what it said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate::lists::Format;

fuzz_target!(|bytes: &[u8]| schoolgate_fuzz::list(Format::Wildcard, bytes));
