//! Patterns, and behind a zero byte URLs: a table finds what each pattern finds by itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::list;

fuzz_target!(|bytes: &[u8]| list::patterns(bytes));
