//! A list in the format `urls`: its parser, compile, and a look-up of what it said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate::lists::Format;
use schoolgate_fuzz::list;

fuzz_target!(|bytes: &[u8]| list::list(Format::Urls, bytes));
