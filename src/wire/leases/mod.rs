//! Which device was given which address: the files in which DHCP servers keep their leases.
//!
//! Always holds: no bytes make it panic; a line that cannot be understood is passed over; of an address the last that was
//! written counts; there are at most [`MOST`], of the [`MAX_BYTES`] that are read.
//!
//! - [`dnsmasq`]  its `dnsmasq.leases`
//! - [`isc`]      the ISC server's `dhcpd.leases`
//! - [`kea`]      Kea's memfile, CSV

mod dnsmasq;
mod isc;
mod kea;

use crate::words::Mac;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

/// Most of a file that is read: a hundred thousand leases, written three times over before the server tidies up.
pub const MAX_BYTES: usize = 64 << 20;

/// Most leases.
pub const MOST: usize = 131_072;

/// Longest line that is looked at: a lease has some 200 bytes.
const MAX_LINE: usize = 4096;

/// Longest host name that is kept: RFC 1035 §2.3.4.
const MAX_NAME: usize = 253;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Dnsmasq,
    Isc,
    Kea,
}

impl Format {
    pub const ALL: [(&'static str, Self); 3] = [("dnsmasq", Self::Dnsmasq), ("isc", Self::Isc), ("kea", Self::Kea)];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(_, format)| format == self).map_or("", |(word, _)| word);
        f.write_str(word)
    }
}

/// An address that a device was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub mac: Mac,
    /// What the device calls itself.
    pub name: Option<String>,
    /// Seconds since 1970; `None`: for ever.
    pub until: Option<i64>,
}

/// The leases of a file, by address: those that were given back or have been taken are not among them, those that have run out
/// are, for nobody here knows the time.
pub fn read(format: Format, bytes: &[u8]) -> HashMap<IpAddr, Lease> {
    let bytes = &bytes[..bytes.len().min(MAX_BYTES)];
    let mut leases = Leases(HashMap::new());
    match format {
        Format::Dnsmasq => dnsmasq::read(bytes, &mut leases),
        Format::Isc => isc::read(bytes, &mut leases),
        Format::Kea => kea::read(bytes, &mut leases),
    }
    leases.0
}

struct Leases(HashMap<IpAddr, Lease>);

impl Leases {
    /// `None`: nobody has it now.
    fn put(&mut self, address: IpAddr, lease: Option<Lease>) {
        match lease {
            Some(lease) if self.0.len() < MOST || self.0.contains_key(&address) => {
                self.0.insert(address, lease);
            }
            Some(_) => {}
            None => {
                self.0.remove(&address);
            }
        }
    }
}

/// Lines that are text and not too long.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes.split(|b| *b == b'\n').filter(|line| line.len() <= MAX_LINE).filter_map(|line| std::str::from_utf8(line).ok())
}

/// A host name as a device gives it: letters, digits, hyphens and dots. Anything else is no name of the register's either.
fn name(text: &str) -> Option<String> {
    let text = text.trim_end_matches('.');
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_');
    (!text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
