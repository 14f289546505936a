//! What goes back to the client: an answer of our own, or an upstream's message passed on.
//!
//! Both keep the question as the client wrote it, copy its id, RD and CD, set RA, and carry an OPT only if the query had one
//! (RFC 6891 §7).

use super::message::seconds;
use super::svcb::Designated;
use super::{Asking, HEADER, Message, Query, Rcode, UDP_SIZE, option, rr};
use crate::words::Name;
use std::net::IpAddr;

/// Longest text of an extended error: it must fit into 512 octets behind the longest question.
const MAX_TEXT: usize = 128;

/// What may stand beside the text of an extended error: header, longest question, SOA, OPT with the option's head.
const BESIDE_TEXT: usize = HEADER + 259 + 12 + SOA_NAMES.len() + 20 + 11 + 6;

/// `minimum` of the SOA in answers of our own: how long a client may believe them at most (RFC 2308 §5, with the TTL).
const SOA_MINIMUM: u32 = 60;

/// MNAME and RNAME of that SOA. `.invalid` is nobody's (RFC 2606 §2), and says in a packet trace who answered.
const SOA_NAMES: &[u8] = b"\x0aschoolgate\x07invalid\x00\x0ahostmaster\x0aschoolgate\x07invalid\x00";

/// How long a stream may be idle: what a client hears that asks (RFC 7828), and what the doors go by. RFC 7766 §6.2.3 wants it
/// in the order of seconds.
pub const IDLE_SECONDS: u16 = 10;

/// Answers are padded to a multiple of this, as RFC 8467 §4.1 recommends.
pub const PAD_TO: usize = 468;

/// Longest message there is: the length before it on a stream has two octets.
pub const LONGEST: usize = 65_535;

/// CPU of the HINFO that stands for everything a name has (RFC 8482 §4.2); OS is empty.
const MINIMAL: &[u8] = b"\x07RFC8482\x00";

/// How long that may be kept: it says nothing that could change.
const MINIMAL_TTL: u32 = 3_600;

/// Extended errors (RFC 8914 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ede(pub u16);

impl Ede {
    pub const OTHER: Self = Self(0);
    pub const STALE_ANSWER: Self = Self(3);
    pub const DNSSEC_BOGUS: Self = Self(6);
    pub const BLOCKED: Self = Self(15);
    pub const FILTERED: Self = Self(17);
    pub const PROHIBITED: Self = Self(18);
    pub const NO_REACHABLE_AUTHORITY: Self = Self(22);
}

/// What stands in an answer of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    Nothing,
    /// No such name, or no such type, for this many seconds.
    Soa {
        ttl: u32,
    },
    /// An address, for this many seconds.
    Address {
        address: IpAddr,
        ttl: u32,
    },
    /// The name is an alias of `target` (CNAME), which has these addresses. If it has none, there is an SOA.
    Alias {
        target: &'a Name,
        addresses: &'a [IpAddr],
        ttl: u32,
    },
    /// Our encrypted resolvers (SVCB), for this many seconds.
    Designated {
        ours: Designated<'a>,
        ttl: u32,
    },
    /// What ANY is answered with, of whatever name: enough for who asks, and too short to flood a third with (RFC 8482 §4.2).
    Minimal {
        ttl: u32,
    },
}

/// An answer of our own.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    pub rcode: Rcode,
    pub body: Body<'a>,
    /// The extended error and its text, for clients that speak EDNS.
    pub error: Option<(Ede, &'a str)>,
}

impl Made<'_> {
    /// A bare response code.
    pub fn bare(rcode: Rcode) -> Self {
        Self { rcode, body: Body::Nothing, error: None }
    }

    /// The answer to ANY, to be kept for this many seconds at most.
    pub fn minimal(most: u32) -> Self {
        Self { rcode: Rcode::NOERROR, body: Body::Minimal { ttl: MINIMAL_TTL.min(most) }, error: None }
    }

    /// An address if the question is for one of its family, else no such type.
    pub fn address(kind: u16, address: IpAddr, ttl: u32) -> Self {
        let fits = matches!((kind, address), (rr::A, IpAddr::V4(_)) | (rr::AAAA, IpAddr::V6(_)));
        let body = if fits { Body::Address { address, ttl } } else { Body::Soa { ttl } };
        Self { rcode: Rcode::NOERROR, body, error: None }
    }

    /// Writes the answer to `out`, which is emptied first.
    pub fn write(&self, query: &Query, out: &mut Vec<u8>) {
        let query = &query.asking();
        out.clear();
        header(query, self.rcode, out);
        question(query, out);
        match self.body {
            Body::Nothing => {}
            Body::Soa { ttl } => {
                soa(HEADER, ttl, out);
            }
            Body::Address { address, ttl } => {
                out[7] = 1; // ANCOUNT
                record(HEADER, address_type(&address), ttl, out);
                address_data(&address, out);
            }
            Body::Alias { target, addresses, ttl } => {
                // A message of 64 KiB has no room for more than four thousand records; `addresses` are far fewer.
                out[6..8].copy_from_slice(&(1 + addresses.len() as u16).to_be_bytes());
                record(HEADER, rr::CNAME, ttl, out);
                out.extend_from_slice(&(target.wire().len() as u16).to_be_bytes());
                let owner = out.len();
                out.extend_from_slice(target.wire());
                for address in addresses {
                    record(owner, address_type(address), ttl, out);
                    address_data(address, out);
                }
                if addresses.is_empty() {
                    soa(owner, ttl, out);
                }
            }
            Body::Designated { ours, ttl } => {
                for data in ours.records() {
                    out[7] += 1; // ANCOUNT
                    record(HEADER, rr::SVCB, ttl, out);
                    out.extend_from_slice(&(data.len() as u16).to_be_bytes());
                    out.extend_from_slice(&data);
                }
            }
            Body::Minimal { ttl } => {
                out[7] = 1; // ANCOUNT
                record(HEADER, rr::HINFO, ttl, out);
                out.extend_from_slice(&(MINIMAL.len() as u16).to_be_bytes());
                out.extend_from_slice(MINIMAL);
            }
        }
        opt(query, self.rcode, self.error, out);
    }
}

/// Longest structured text of an extended error for this client: without it the answer would have to be cut.
pub fn structured_room(query: &Query) -> usize {
    beside_text(query.udp_limit())
}

fn beside_text(limit: usize) -> usize {
    limit.saturating_sub(BESIDE_TEXT)
}

/// An answer to bytes of which only the header can be trusted: the response code and no question. `query` is at least a
/// header long, or nothing is written.
pub fn header_only(query: &[u8], rcode: Rcode, out: &mut Vec<u8>) {
    out.clear();
    let Some(header) = query.first_chunk::<HEADER>() else { return };
    // QR, the opcode and RD as they came; RA; the code.
    out.extend_from_slice(&[header[0], header[1], 0x80 | (header[2] & 0x79), 0x80 | (rcode.0 & 0x0f) as u8]);
    out.extend_from_slice(&[0; 8]);
}

/// The question alone, with TC: the client asks again over TCP (RFC 2181 §9).
pub fn cut(query: &Query, rcode: Rcode, error: Option<(Ede, &str)>, out: &mut Vec<u8>) {
    cut_short(&query.asking(), rcode, error, out);
}

fn cut_short(query: &Asking, rcode: Rcode, error: Option<(Ede, &str)>, out: &mut Vec<u8>) {
    out.clear();
    header(query, rcode, out);
    out[2] |= 0x02; // TC
    question(query, out);
    opt(query, rcode, error, out);
}

/// How long ago a message came, and how long it may be kept at most, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Age {
    pub passed: u32,
    pub most: u32,
}

impl Age {
    /// Of a message that may be kept as long as it says.
    pub fn of(passed: u32) -> Self {
        Self { passed, most: u32::MAX }
    }

    fn left(self, ttl: u32) -> u32 {
        seconds(ttl).saturating_sub(self.passed).min(self.most)
    }
}

/// Passes an upstream's message on, of this age, to a client that takes `limit` octets.
///
/// What does not fit is left out whole: see [`cut`].
pub fn pass_on(message: &Message, query: &Query, age: Age, limit: usize, out: &mut Vec<u8>) {
    // A copy of another question would answer what was not asked; the key of the cache keeps this true.
    debug_assert_eq!(message.question_len(), query.name.wire().len() + 4);
    copy(message.bytes(), message.ttls().iter().map(|&at| at as usize), message.error(), &query.asking(), age, limit, out);
}

/// [`pass_on`] of the bytes of a message with its TTLs in these places, and with an extended error.
pub fn copy(
    bytes: &[u8],
    ttls: impl Iterator<Item = usize>,
    error: Option<(Ede, &str)>,
    query: &Asking,
    age: Age,
    limit: usize,
    out: &mut Vec<u8>,
) {
    out.clear();
    let rcode = Rcode(u16::from(bytes[3] & 0x0f));
    let error_len = error.map_or(0, |(_, text)| 6 + text.len().min(MAX_TEXT));
    let opt_len = query.edns.map_or(0, |edns| error_len + if edns.keepalive { 17 } else { 11 });
    if bytes.len() + opt_len > limit {
        return cut_short(query, rcode, error, out);
    }
    out.extend_from_slice(bytes);
    out[..2].copy_from_slice(&query.id.to_be_bytes());
    out[2] = 0x80 | u8::from(query.recursion);
    let authentic = bytes[3] & 0x20 != 0 && (query.authentic || query.dnssec_ok());
    out[3] = 0x80 | u8::from(authentic) << 5 | u8::from(query.checking_disabled) << 4 | (bytes[3] & 0x0f);
    let name = query.name;
    out[HEADER..HEADER + name.len()].copy_from_slice(name);
    for at in ttls {
        let ttl = &mut out[at..at + 4];
        let left = age.left(u32::from_be_bytes([ttl[0], ttl[1], ttl[2], ttl[3]]));
        ttl.copy_from_slice(&left.to_be_bytes());
    }
    opt(query, rcode, error, out);
}

/// A header with one question and no records.
fn header(query: &Asking, rcode: Rcode, out: &mut Vec<u8>) {
    out.extend_from_slice(&query.id.to_be_bytes());
    out.push(0x80 | u8::from(query.recursion));
    out.push(0x80 | u8::from(query.checking_disabled) << 4 | (rcode.0 & 0x0f) as u8);
    out.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
}

fn question(query: &Asking, out: &mut Vec<u8>) {
    out.extend_from_slice(query.name);
    out.extend_from_slice(&query.kind.to_be_bytes());
    out.extend_from_slice(&query.class.to_be_bytes());
}

/// The SOA of an answer of our own, in the authority section, for the name that stands at `owner`.
fn soa(owner: usize, ttl: u32, out: &mut Vec<u8>) {
    out[9] = 1; // NSCOUNT
    record(owner, rr::SOA, ttl, out);
    out.extend_from_slice(&((SOA_NAMES.len() + 20) as u16).to_be_bytes());
    out.extend_from_slice(SOA_NAMES);
    // Serial, refresh, retry and expire mean nothing here: nobody transfers this zone.
    for number in [1, 3600, 600, 86400, SOA_MINIMUM] {
        out.extend_from_slice(&number.to_be_bytes());
    }
}

fn address_type(address: &IpAddr) -> u16 {
    if address.is_ipv4() { rr::A } else { rr::AAAA }
}

fn address_data(address: &IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(a) => out.extend_from_slice(&[&[0, 4][..], &a.octets()].concat()),
        IpAddr::V6(a) => out.extend_from_slice(&[&[0, 16][..], &a.octets()].concat()),
    }
}

/// The front of a record whose owner is the name at `owner`, which is within the first 16 KiB: the question's at [`HEADER`], or
/// one right behind it.
fn record(owner: usize, kind: u16, ttl: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&(0xc000 | owner as u16).to_be_bytes());
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&rr::CLASS_IN.to_be_bytes());
    out.extend_from_slice(&ttl.to_be_bytes());
}

/// Appends an OPT record if the query had one, and counts it.
fn opt(query: &Asking, rcode: Rcode, error: Option<(Ede, &str)>, out: &mut Vec<u8>) {
    let Some(edns) = query.edns else { return };
    let additional = u16::from_be_bytes([out[10], out[11]]).saturating_add(1);
    out[10..12].copy_from_slice(&additional.to_be_bytes());
    out.extend_from_slice(&[0, 0, rr::OPT as u8]);
    out.extend_from_slice(&UDP_SIZE.to_be_bytes());
    out.extend_from_slice(&[(rcode.0 >> 4) as u8, 0, if edns.dnssec_ok { 0x80 } else { 0 }, 0]);
    let length_at = out.len();
    out.extend_from_slice(&[0, 0]);
    if let Some((code, text)) = error {
        // Structured text is whole or nothing: whoever writes it keeps to its room.
        let most = if edns.structured_errors { beside_text(query.udp_limit()).max(MAX_TEXT) } else { MAX_TEXT };
        let text = &text[..text.floor_char_boundary(most)];
        for number in [option::EXTENDED_ERROR, 2 + text.len() as u16, code.0] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(text.as_bytes());
    }
    if edns.keepalive {
        // In tenths of a second (RFC 7828 §3.1).
        for number in [option::KEEPALIVE, 2, IDLE_SECONDS * 10] {
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
    if edns.padded {
        let wanted = (out.len() + 4).next_multiple_of(PAD_TO).min(LONGEST);
        if let Some(zeros) = wanted.checked_sub(out.len() + 4) {
            out.extend_from_slice(&option::PADDING.to_be_bytes());
            out.extend_from_slice(&(zeros as u16).to_be_bytes());
            out.resize(wanted, 0);
        }
    }
    let length = (out.len() - length_at - 2) as u16;
    out[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests;
