//! A source's run: a good one with some bytes changed and its checksums made right again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::run;

fuzz_target!(|bytes: &[u8]| run::open(run::forged(bytes)));
