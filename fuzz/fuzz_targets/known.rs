//! `platforms.txt` and `canaries.txt`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate::lists::{Canaries, Platforms};

fuzz_target!(|bytes: &[u8]| {
    let _ = (Platforms::read(&mut &bytes[..]), Canaries::read(&mut &bytes[..]), Canaries::default().add_every(&mut &bytes[..]));
});
