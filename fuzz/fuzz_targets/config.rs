//! The main configuration file, with the rest as it ships.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| schoolgate_fuzz::configuration(text));
