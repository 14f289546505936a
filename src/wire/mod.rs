//! What travels on the wire, read and written without I/O.
//!
//! Comes in: bytes of a client or an upstream. Goes out: a [`Query`] that can be judged, a [`Message`] that can be kept and
//! passed on, the bytes of an answer.
//! Always holds: no bytes make it panic; reading a question uses no heap; what is refused says why.
//!
//! - [`question`]  a client's query, read in place
//! - [`message`]   an upstream's answer, read once: its lifetime, the chain behind it, the places of its TTLs
//! - [`answer`]    what goes back to the client: made by us, or an upstream's message passed on
//! - [`access_log`] a line of squid's or e2guardian's log
//! - [`file`]      what a file is, by its beginning and its name
//! - [`hello`]     what a TLS client says first
//! - [`https`]     a query in a request of DNS over HTTPS
//! - [`credentials`] a name and a password in a header
//! - [`certificate`] how long a certificate holds
//! - [`jose`]      tokens that an OpenID provider signs
//! - [`leases`]    which device was given which address, as DHCP servers keep it
//! - [`negotiate`] a Kerberos ticket in a header
//! - [`neighbours`] which device answers at which address, as the kernel says
//! - [`radius`]    accounting: who was let into the network, as an access point says
//! - [`svcb`]      HTTPS and SVCB records: targets and addresses, what is taken out of them, those that tell of us

pub mod access_log;
pub mod answer;
pub mod certificate;
pub mod credentials;
pub mod file;
pub mod hello;
pub mod https;
pub mod jose;
pub mod leases;
pub mod message;
pub mod negotiate;
pub mod neighbours;
pub mod question;
pub mod radius;
pub mod svcb;

pub use answer::{Body, Ede, Made};
pub use message::{BadMessage, Message};
pub use question::{Asking, BadQuery, Edns, Path, Query};

/// Response codes (IANA DNS RCODEs), those above 15 with their upper bits in the OPT record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rcode(pub u16);

impl Rcode {
    pub const NOERROR: Self = Self(0);
    pub const FORMERR: Self = Self(1);
    pub const SERVFAIL: Self = Self(2);
    pub const NXDOMAIN: Self = Self(3);
    pub const NOTIMP: Self = Self(4);
    pub const REFUSED: Self = Self(5);
    /// RFC 6891 §9.
    pub const BADVERS: Self = Self(16);
}

/// Types and classes that something here is done with; all others pass as they are.
pub mod rr {
    pub const A: u16 = 1;
    pub const CNAME: u16 = 5;
    pub const SOA: u16 = 6;
    pub const PTR: u16 = 12;
    pub const HINFO: u16 = 13;
    pub const MX: u16 = 15;
    pub const TXT: u16 = 16;
    pub const AAAA: u16 = 28;
    pub const SRV: u16 = 33;
    pub const DNAME: u16 = 39;
    pub const OPT: u16 = 41;
    pub const RRSIG: u16 = 46;
    pub const NSEC: u16 = 47;
    pub const NSEC3: u16 = 50;
    pub const SVCB: u16 = 64;
    pub const HTTPS: u16 = 65;
    /// A key that client and server agree on (RFC 2930), for signatures over messages (RFC 8945).
    pub const TKEY: u16 = 249;
    /// Zone transfers: IXFR and AXFR.
    pub const IXFR: u16 = 251;
    pub const AXFR: u16 = 252;
    pub const ANY: u16 = 255;
    pub const CLASS_IN: u16 = 1;
}

/// Options of EDNS (IANA DNS EDNS0 Option Codes) that something here is done with.
pub mod option {
    /// RFC 7828.
    pub const KEEPALIVE: u16 = 11;
    /// RFC 7830.
    pub const PADDING: u16 = 12;
    /// Extended errors, RFC 8914.
    pub const EXTENDED_ERROR: u16 = 15;
    /// The empty option that asks for structured ones (draft-ietf-dnsop-structured-dns-error).
    pub const STRUCTURED_ERRORS: u16 = 26;
}

/// Octets of a header (RFC 1035 §4.1.1).
pub const HEADER: usize = 12;

/// What we offer to receive and at most send over UDP: fits any path without fragments (DNS flag day 2020, RFC 9715).
pub const UDP_SIZE: u16 = 1232;

/// The 16-bit number at `at`.
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

/// The 32-bit number at `at`.
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
