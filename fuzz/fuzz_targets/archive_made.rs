//! An archive of right and wrong records.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::tree;

fuzz_target!(|bytes: &[u8]| tree::made(bytes));
