//! An upstream's answer, passed on and edited.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::wire;

fuzz_target!(|bytes: &[u8]| wire::patched(bytes));
