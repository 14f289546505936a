//! Kea's memfile: CSV whose first line names the columns; each change is written at the end. Files of before a clean-up
//! (`.2`, `.1`) have a heading of their own, and are read before this one.

use super::{Lease, Leases, lines, name};
use crate::words::Mac;

/// Columns that are looked for.
const COLUMNS: [&str; 7] = ["address", "hwaddr", "valid_lifetime", "expire", "hostname", "state", "lease_type"];

pub(super) fn read(bytes: &[u8], leases: &mut Leases) {
    let mut at = [None; COLUMNS.len()];
    for line in lines(bytes) {
        let fields: Vec<&str> = line.trim_end_matches('\r').split(',').collect();
        if fields.first() == Some(&"address") {
            at = COLUMNS.map(|column| fields.iter().position(|field| *field == column));
        } else {
            lease(&fields, at, leases);
        }
    }
}

fn lease(fields: &[&str], at: [Option<usize>; COLUMNS.len()], leases: &mut Leases) -> Option<()> {
    let [address, mac, lifetime, expire, hostname, state, kind] = at.map(|at| fields.get(at?).copied());
    // Of IPv6: 2 is a prefix that a router was given, no address.
    if kind.is_some_and(|kind| kind == "2") {
        return None;
    }
    let address = address?.parse().ok()?;
    let held = state.is_none_or(|state| state == "0") && lifetime != Some("0");
    let lease = || {
        let until = match lifetime? {
            "4294967295" => None,
            _ => Some(expire?.parse().ok()?),
        };
        Some(Lease { mac: Mac::parse(mac?).ok()?, name: hostname.and_then(name), until })
    };
    leases.put(address, held.then(lease).flatten());
    Some(())
}
