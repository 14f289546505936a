//! One of the configuration's files, with the rest as they ship.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::config;

fuzz_target!(|text: &str| config::file(text));
