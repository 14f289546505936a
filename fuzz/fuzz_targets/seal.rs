//! A plain list for the locked tier: sealed, and found.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::sealed;

fuzz_target!(|bytes: &[u8]| sealed::found(bytes));
