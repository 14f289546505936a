//! A sealed list: any bytes, and a good one that was cut or flipped, or forged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::sealed;

fuzz_target!(|bytes: &[u8]| {
    sealed::open(bytes.to_vec());
    sealed::damaged(bytes);
    sealed::open(sealed::forged(bytes));
});
