//! An upstream's answer, read once: how long it lives, what stands behind it, where its TTLs are.
//!
//! The bytes are kept as they came, so that nothing is lost that we do not know (authority section, signatures, new types);
//! only the OPT record goes, which is between us and the upstream (RFC 6891 §6.1.1). What policy takes out of an answer is taken
//! out of a copy: [`edit`].

mod edit;

use super::{Ede, HEADER, Made, Query, Rcode, rr, svcb, u16_at, u32_at};
use crate::words::{Host, Name};
use std::net::IpAddr;

/// Most names behind one question. BIND follows 11, unbound 11; real chains have up to 6.
pub const MAX_CHAIN: usize = 16;

/// Most addresses behind one question: more than fit into 1,232 octets.
pub const MAX_ADDRESSES: usize = 128;

/// Most jumps within one compressed name; each must go backwards.
const MAX_JUMPS: usize = 64;

/// TTLs are cut to a day: unbound's default, and RFC 8767 §4 wants a bound.
pub const MAX_TTL: u32 = 24 * 60 * 60;

/// A name that does not exist is believed for an hour at most (RFC 2308 §5: one to three hours).
pub const MAX_NEGATIVE_TTL: u32 = 60 * 60;

/// A failure is remembered this long: the least that RFC 9520 §3.2 asks, so that an upstream that comes back is noticed.
pub const FAILURE_TTL: u32 = 1;

/// The AD bit in the fourth octet of a header (RFC 4035 §3.2.3).
const AUTHENTIC: u8 = 0x20;

/// A message that can be kept and passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    bytes: Box<[u8]>,
    question: usize,
    ttls: Box<[u32]>,
    names: Box<[Host]>,
    addresses: Box<[IpAddr]>,
    lifetime: u32,
    /// Whether an HTTPS or SVCB record is in it.
    services: bool,
    error: Option<(Ede, &'static str)>,
}

/// Why bytes are no answer that can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    #[error("it ends early")]
    Truncated,
    #[error("it is no answer to one question")]
    NotAnAnswer,
    #[error("a name in it is broken")]
    BadName,
    #[error("its response code {0} says nothing about the name")]
    Rcode(u16),
    #[error("more names or addresses stand behind it than can be judged")]
    TooMuch,
}

impl Message {
    /// Reads an answer, and drops its OPT record and what follows that.
    ///
    /// # Errors
    /// [`BadMessage`]: what cannot be read whole cannot be judged, and is not passed on.
    pub fn read(mut bytes: Vec<u8>) -> Result<Self, BadMessage> {
        let header: [u8; HEADER] = *bytes.first_chunk().ok_or(BadMessage::Truncated)?;
        let count = |i: usize| u16::from_be_bytes([header[4 + 2 * i], header[5 + 2 * i]]);
        // An answer with TC is a part of one: the caller asks again over TCP.
        if header[2] & 0x80 == 0 || header[2] & 0x02 != 0 || count(0) != 1 {
            return Err(BadMessage::NotAnAnswer);
        }
        let name = Name::from_wire(&bytes[HEADER..]).map_err(|_| BadMessage::BadName)?;
        let question = name.wire().len() + 4;
        let kind = u16_at(&bytes, HEADER + name.wire().len()).ok_or(BadMessage::Truncated)?;
        if bytes.len() < HEADER + question {
            return Err(BadMessage::Truncated);
        }
        let mut walk = Walk::new(kind, u16::from(header[3] & 0x0f));
        let end = walk.records(&bytes, HEADER + question, [count(1), count(2), count(3)])?;
        bytes.truncate(end);
        bytes[10..12].copy_from_slice(&walk.additional.to_be_bytes());
        Ok(Self {
            lifetime: walk.lifetime(),
            bytes: bytes.into(),
            question,
            ttls: walk.ttls.into(),
            names: walk.names.into(),
            addresses: walk.addresses.into(),
            services: walk.services,
            error: None,
        })
    }

    /// An answer of our own to this question, as if an upstream had said it.
    pub fn made(query: &Query, made: Made<'static>) -> Self {
        let mut bytes = Vec::new();
        let error = made.error;
        Made { error: None, ..made }.write(query, &mut bytes);
        let message = Self::read(bytes).expect("what we write can be read");
        Self { error, ..message }
    }

    /// The same message, too old to be believed for long: every record lives `ttl` seconds from now.
    #[must_use]
    pub fn stale(&self, ttl: u32) -> Self {
        let mut stale = self.clone();
        for &at in &self.ttls {
            stale.bytes[at as usize..at as usize + 4].copy_from_slice(&ttl.to_be_bytes());
        }
        Self { lifetime: ttl, error: Some((Ede::STALE_ANSWER, "the upstreams do not answer")), ..stale }
    }

    /// Takes away the upstream's word that it has checked the signatures (AD).
    pub fn disown_authenticity(&mut self) {
        self.bytes[3] &= !AUTHENTIC;
    }

    /// Says that the signatures have been checked (AD).
    pub fn vouch(&mut self) {
        self.bytes[3] |= AUTHENTIC;
    }

    /// The extended error that goes with it to clients that speak EDNS.
    pub fn error(&self) -> Option<(Ede, &'static str)> {
        self.error
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Octets of the question: name, type and class.
    pub fn question_len(&self) -> usize {
        self.question
    }

    /// Whether an HTTPS or SVCB record is in it.
    pub fn has_services(&self) -> bool {
        self.services
    }

    /// Where the TTLs are.
    pub fn ttls(&self) -> &[u32] {
        &self.ttls
    }

    pub fn rcode(&self) -> Rcode {
        Rcode(u16::from(self.bytes[3] & 0x0f))
    }

    /// The names that the question leads to, as they are judged: targets of CNAME, DNAME, SVCB and HTTPS.
    pub fn names(&self) -> &[Host] {
        &self.names
    }

    /// The addresses the question leads to: A, AAAA and the hints of SVCB and HTTPS.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Seconds it may be kept: the least TTL of its answers, or what RFC 2308 §5 says for a negative one. 0: not at all.
    pub fn lifetime(&self) -> u32 {
        self.lifetime
    }

    /// About how many octets of memory it takes, with the copy beside it that [`Message::without_ech`] may make.
    pub fn weight(&self) -> usize {
        let lists = size_of_val(&*self.ttls) + size_of_val(&*self.names) + size_of_val(&*self.addresses);
        (size_of::<Self>() + self.bytes.len() + lists) * if self.services { 2 } else { 1 }
    }
}

/// The state of one walk over all records.
struct Walk {
    kind: u16,
    rcode: u16,
    /// Records of the additional section that are kept.
    additional: u16,
    ttls: Vec<u32>,
    names: Vec<Host>,
    addresses: Vec<IpAddr>,
    /// Least TTL in the answer section.
    least: u32,
    /// Whether a record of the type asked for is in the answer section.
    answered: bool,
    /// Least of TTL and minimum of the SOA in the authority section.
    negative: Option<u32>,
    services: bool,
}

impl Walk {
    fn new(kind: u16, rcode: u16) -> Self {
        let (ttls, names, addresses) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            kind,
            rcode,
            additional: 0,
            ttls,
            names,
            addresses,
            least: MAX_TTL,
            answered: false,
            negative: None,
            services: false,
        }
    }

    /// Walks the three sections; returns where the part that is kept ends.
    fn records(&mut self, bytes: &[u8], mut at: usize, counts: [u16; 3]) -> Result<usize, BadMessage> {
        for (section, records) in counts.into_iter().enumerate() {
            for _ in 0..records {
                let start = at;
                let fields = skip_name(bytes, at)?;
                let kind = u16_at(bytes, fields).ok_or(BadMessage::Truncated)?;
                let ttl = u32_at(bytes, fields + 4).ok_or(BadMessage::Truncated)?;
                let length = usize::from(u16_at(bytes, fields + 8).ok_or(BadMessage::Truncated)?);
                let data = fields + 10;
                at = data + length;
                if at > bytes.len() {
                    return Err(BadMessage::Truncated);
                }
                if kind == rr::OPT {
                    // The upper bits of the response code: BADVERS, BADCOOKIE and the like are between the upstream and us.
                    if ttl >> 24 != 0 {
                        return Err(BadMessage::Rcode((ttl >> 24 << 4) as u16 | self.rcode));
                    }
                    return if section == 2 { Ok(start) } else { Err(BadMessage::NotAnAnswer) };
                }
                self.ttls.push((fields + 4) as u32);
                self.services |= matches!(kind, rr::SVCB | rr::HTTPS);
                match section {
                    0 => self.answer(bytes, kind, seconds(ttl), data, length)?,
                    1 if kind == rr::SOA => self.soa(bytes, seconds(ttl), data, at)?,
                    1 => {}
                    _ => self.additional += 1,
                }
            }
        }
        Ok(at)
    }

    fn answer(&mut self, bytes: &[u8], kind: u16, ttl: u32, data: usize, length: usize) -> Result<(), BadMessage> {
        self.least = self.least.min(ttl);
        self.answered |= kind == self.kind || self.kind == rr::ANY;
        let rdata = &bytes[data..data + length];
        match kind {
            rr::A => self.address(IpAddr::from(<[u8; 4]>::try_from(rdata).map_err(|_| BadMessage::Truncated)?))?,
            rr::AAAA => self.address(IpAddr::from(<[u8; 16]>::try_from(rdata).map_err(|_| BadMessage::Truncated)?))?,
            rr::CNAME | rr::DNAME => {
                // A name that goes on beyond its record would be read otherwise by whoever gets it.
                if skip_name(bytes, data)? != data + length {
                    return Err(BadMessage::BadName);
                }
                self.name(&expand(bytes, data, &self.ttls)?)?;
            }
            rr::SVCB | rr::HTTPS => {
                let service = svcb::read(rdata).ok_or(BadMessage::Truncated)?;
                self.name(&service.target)?;
                for address in service.hints() {
                    self.address(address)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn name(&mut self, name: &Name) -> Result<(), BadMessage> {
        let Some(host) = name.nearest_host().filter(|h| !self.names.contains(h)) else { return Ok(()) };
        if self.names.len() == MAX_CHAIN {
            return Err(BadMessage::TooMuch);
        }
        self.names.push(host);
        Ok(())
    }

    fn address(&mut self, address: IpAddr) -> Result<(), BadMessage> {
        if self.addresses.len() == MAX_ADDRESSES {
            return Err(BadMessage::TooMuch);
        }
        self.addresses.push(address);
        Ok(())
    }

    /// The SOA ends with five numbers, the last of which is the minimum (RFC 1035 §3.3.13).
    fn soa(&mut self, bytes: &[u8], ttl: u32, data: usize, end: usize) -> Result<(), BadMessage> {
        let minimum =
            end.checked_sub(4).filter(|&at| at >= data).and_then(|at| u32_at(bytes, at)).ok_or(BadMessage::Truncated)?;
        self.negative = Some(ttl.min(seconds(minimum)));
        Ok(())
    }

    fn lifetime(&self) -> u32 {
        match Rcode(self.rcode) {
            Rcode::NOERROR if self.answered => self.least,
            // RFC 2308 §5: a negative answer without an SOA is not kept.
            Rcode::NOERROR | Rcode::NXDOMAIN => self.negative.map_or(0, |n| n.min(self.least).min(MAX_NEGATIVE_TTL)),
            _ => FAILURE_TTL,
        }
    }
}

/// A TTL with its highest bit set is none (RFC 2181 §8); one above a day is a day.
pub(super) fn seconds(ttl: u32) -> u32 {
    if ttl & 0x8000_0000 != 0 { 0 } else { ttl.min(MAX_TTL) }
}

/// Where the name at `at` ends: after its root label or its first pointer.
pub(super) fn skip_name(bytes: &[u8], mut at: usize) -> Result<usize, BadMessage> {
    loop {
        match *bytes.get(at).ok_or(BadMessage::Truncated)? {
            0 => return Ok(at + 1),
            label @ 1..=63 => at += 1 + usize::from(label),
            0xc0.. => return Ok(at + 2),
            _ => return Err(BadMessage::BadName),
        }
    }
}

/// The name at `at` with its pointers followed (RFC 1035 §4.1.4). Each pointer leads further back, so there is an end.
///
/// What it leads to is a name that stands there already (RFC 1035 §4.1.4): behind the header, at its end before what leads there begins,
/// and across none of these TTLs. A name that ran over a TTL would be another one once that has been counted down.
fn expand(bytes: &[u8], mut at: usize, ttls: &[u32]) -> Result<Name, BadMessage> {
    let mut wire = [0u8; crate::words::name::MAX_NAME];
    let mut len = 0;
    let (mut before, mut end) = (at, bytes.len());
    let stands = |from: usize, to: usize, end: usize| {
        let is_across = |ttl: &u32| (*ttl as usize) < to && from < *ttl as usize + 4;
        if from < HEADER || to > end || ttls.iter().any(is_across) { Err(BadMessage::BadName) } else { Ok(()) }
    };
    for _ in 0..MAX_JUMPS {
        loop {
            let label = *bytes.get(at).ok_or(BadMessage::Truncated)?;
            match label {
                0..=63 => {
                    let part = bytes.get(at..=at + usize::from(label)).ok_or(BadMessage::Truncated)?;
                    wire.get_mut(len..len + part.len()).ok_or(BadMessage::BadName)?.copy_from_slice(part);
                    len += part.len();
                    at += part.len();
                    if label == 0 {
                        stands(before, at, end)?;
                        return Name::from_wire(&wire[..len]).map_err(|_| BadMessage::BadName);
                    }
                }
                0xc0.. => break,
                _ => return Err(BadMessage::BadName),
            }
        }
        let to = usize::from(u16_at(bytes, at).ok_or(BadMessage::Truncated)? & 0x3fff);
        stands(before, at + 2, end)?;
        if to >= before {
            return Err(BadMessage::BadName);
        }
        (at, end, before) = (to, before, to);
    }
    Err(BadMessage::BadName)
}

#[cfg(test)]
pub(crate) mod tests;
