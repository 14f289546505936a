//! The files of DHCP servers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate_fuzz::leases;

fuzz_target!(|bytes: &[u8]| leases::file(bytes));
