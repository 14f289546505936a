//! The table reader: a good table with some bytes changed and its checksums made right again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::table;

fuzz_target!(|bytes: &[u8]| table::open(table::forged(bytes)));
