//! What we answer ourselves.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::wire;

fuzz_target!(|bytes: &[u8]| wire::answer(bytes));
