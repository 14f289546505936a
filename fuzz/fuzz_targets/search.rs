#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    schoolgate_fuzz::search::read(text);
});
