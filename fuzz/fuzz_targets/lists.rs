//! Several lists whose rules meet: what the table says of a host is what their rules say, one by one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::list;

fuzz_target!(|bytes: &[u8]| list::lists(bytes));
