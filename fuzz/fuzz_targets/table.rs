//! The table reader: any bytes, and a good table that was cut or flipped.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::table;

fuzz_target!(|bytes: &[u8]| {
    table::open(bytes.to_vec());
    table::damaged(bytes);
});
