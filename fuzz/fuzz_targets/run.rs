//! A source's run: any bytes, and a good one that was cut or flipped.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::run;

fuzz_target!(|bytes: &[u8]| {
    run::open(bytes.to_vec());
    run::damaged(bytes);
});
