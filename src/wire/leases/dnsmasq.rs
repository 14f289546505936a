//! dnsmasq: a line `EXPIRY MAC ADDRESS NAME CLIENT-ID` for each, as its lease.c writes them; 0 is for ever, `*` is no name.
//!
//! Below a line `duid …` are those of IPv6, which have no MAC: a DUID is not to be taken apart (RFC 8415 §11).

use super::{Lease, Leases, lines, name};
use crate::words::Mac;

pub(super) fn read(bytes: &[u8], leases: &mut Leases) {
    for line in lines(bytes) {
        let _ = lease(line, leases);
    }
}

fn lease(line: &str, leases: &mut Leases) -> Option<()> {
    let mut columns = line.split_ascii_whitespace();
    let until: i64 = columns.next()?.parse().ok()?;
    let mac = Mac::parse(columns.next()?).ok()?;
    let address = columns.next()?.parse().ok()?;
    let until = (until != 0).then_some(until);
    leases.put(address, Some(Lease { mac, name: columns.next().and_then(name), until }));
    Some(())
}
