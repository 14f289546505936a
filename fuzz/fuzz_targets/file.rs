//! What a file is, by its name and its bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::file;

fuzz_target!(|bytes: &[u8]| file::look(bytes));
