//! An e2guardian phrase list, with a file that it may include.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::phrases;

fuzz_target!(|bytes: &[u8]| phrases::of_e2guardian(bytes));
