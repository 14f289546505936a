//! The files of a folder that a list is made of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::tree;

fuzz_target!(|bytes: &[u8]| tree::members(bytes));
