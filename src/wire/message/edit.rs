//! A message without what a network does not let through: the encrypted client hello, and hints that lead to HTTP/3.
//!
//! Names are compressed by pointers to where they stood before, so a record that becomes shorter moves all that others point to:
//! the message is written anew, each name whole, or as a pointer to the same name before it.

use super::{BadMessage, HEADER, Message, expand, skip_name};
use crate::wire::svcb::{self, Left};
use crate::wire::{Rcode, rr, u16_at};
use crate::words::Name;
use std::collections::HashMap;

/// One record, by where its parts are.
struct Record {
    section: usize,
    owner: usize,
    /// Where type, class and TTL are.
    fields: usize,
    data: usize,
    end: usize,
    kind: u16,
}

impl Message {
    /// The message with `ech` and HTTP/3 taken out of its HTTPS and SVCB records (see [`svcb::without_ech`]), for a client whose
    /// network looks at names. Signatures over what was changed are left out, and AD is cleared: it is not what was signed.
    /// `None`: there is nothing to take out.
    ///
    /// # Errors
    /// [`BadMessage`] if a name in it is broken, or if it would no longer be a message.
    pub fn without_ech(&self) -> Result<Option<Self>, BadMessage> {
        if !self.services {
            return Ok(None);
        }
        let bytes = self.bytes();
        let records = self.records()?;
        let mut changed: HashMap<usize, Option<Vec<u8>>> = HashMap::new();
        let mut sets: Vec<(Name, u16)> = Vec::new();
        for record in records.iter().filter(|r| matches!(r.kind, rr::SVCB | rr::HTTPS)) {
            let left = match svcb::without_ech(&bytes[record.data..record.end]) {
                Left::All => continue,
                Left::Some(data) => Some(data),
                Left::Nothing => None,
            };
            changed.insert(record.owner, left);
            sets.push((expand(bytes, record.owner, &[])?, record.kind));
        }
        if changed.is_empty() {
            return Ok(None);
        }
        let mut copy = Copy::new(bytes, self.question);
        for record in &records {
            if covers(bytes, record, &sets)? {
                continue;
            }
            match changed.get(&record.owner) {
                Some(None) => {}
                Some(Some(data)) => copy.put(record, |out| {
                    out.extend_from_slice(data);
                    Ok(())
                })?,
                None => copy.put(record, |out| whole_names(bytes, record, out))?,
            }
        }
        copy.finish().map(|edited| Some(Self { error: self.error, ..edited }))
    }

    /// The message as it is for a client that did not ask for signatures: without them, and without the records that prove what
    /// is not there (RFC 4035 §3.2.1), unless it is these that it asked for. AD is cleared.
    ///
    /// # Errors
    /// As [`Message::without_ech`].
    pub fn without_signatures(&self) -> Result<Self, BadMessage> {
        let bytes = self.bytes();
        let asked = u16_at(bytes, HEADER + self.question - 4).ok_or(BadMessage::Truncated)?;
        let mut copy = Copy::new(bytes, self.question);
        for record in &self.records()? {
            let of_signing = matches!(record.kind, rr::RRSIG | rr::NSEC | rr::NSEC3);
            if !of_signing || record.kind == asked {
                copy.put(record, |out| whole_names(bytes, record, out))?;
            }
        }
        copy.finish()
    }

    /// The question with SERVFAIL: for what must be edited and cannot be.
    #[must_use]
    pub fn failed(&self) -> Self {
        let mut bytes = self.bytes[..HEADER + self.question].to_vec();
        bytes[3] = 0x80 | Rcode::SERVFAIL.0 as u8;
        bytes[6..HEADER].fill(0);
        let (ttls, names, addresses) = Default::default();
        Self { bytes: bytes.into(), question: self.question, ttls, names, addresses, lifetime: 0, services: false, error: None }
    }

    fn records(&self) -> Result<Vec<Record>, BadMessage> {
        let bytes = self.bytes();
        let (mut records, mut at) = (Vec::with_capacity(self.ttls.len()), HEADER + self.question);
        for section in 0..3 {
            for _ in 0..u16_at(bytes, 6 + 2 * section).ok_or(BadMessage::Truncated)? {
                let fields = skip_name(bytes, at)?;
                let kind = u16_at(bytes, fields).ok_or(BadMessage::Truncated)?;
                let data = fields + 10;
                let end = data + usize::from(u16_at(bytes, fields + 8).ok_or(BadMessage::Truncated)?);
                if end > bytes.len() {
                    return Err(BadMessage::Truncated);
                }
                records.push(Record { section, owner: at, fields, data, end, kind });
                at = end;
            }
        }
        Ok(records)
    }
}

/// Whether a record is the signature of one of these sets (RFC 4034 §3.1: it begins with the type it covers).
fn covers(bytes: &[u8], record: &Record, sets: &[(Name, u16)]) -> Result<bool, BadMessage> {
    if record.kind != rr::RRSIG || record.end - record.data < 2 {
        return Ok(false);
    }
    let covered = u16_at(bytes, record.data).ok_or(BadMessage::Truncated)?;
    if !sets.iter().any(|(_, kind)| *kind == covered) {
        return Ok(false);
    }
    let owner = expand(bytes, record.owner, &[])?;
    Ok(sets.iter().any(|(name, kind)| *kind == covered && *name == owner))
}

/// A message while it is written anew.
struct Copy<'a> {
    from: &'a [u8],
    out: Vec<u8>,
    counts: [u16; 3],
    /// Where a pointer can lead: the owners so far, in their case.
    owners: HashMap<Box<[u8]>, u16>,
}

impl<'a> Copy<'a> {
    fn new(from: &'a [u8], question: usize) -> Self {
        let asked = from[HEADER..HEADER + question - 4].into();
        let mut out = Vec::with_capacity(from.len());
        out.extend_from_slice(&from[..HEADER + question]);
        out[3] &= !0x20; // AD
        Self { from, out, counts: [0; 3], owners: HashMap::from([(asked, HEADER as u16)]) }
    }

    /// Writes a record with the data that `write` gives it.
    fn put(&mut self, record: &Record, write: impl FnOnce(&mut Vec<u8>) -> Result<(), BadMessage>) -> Result<(), BadMessage> {
        let owner = expand(self.from, record.owner, &[])?;
        match self.owners.get(owner.wire()) {
            Some(at) => self.out.extend_from_slice(&(0xc000 | at).to_be_bytes()),
            None => {
                // A pointer has 14 bits.
                if let Some(at) = u16::try_from(self.out.len()).ok().filter(|at| *at < 0x4000) {
                    self.owners.insert(owner.wire().into(), at);
                }
                self.out.extend_from_slice(owner.wire());
            }
        }
        self.out.extend_from_slice(&self.from[record.fields..record.fields + 8]);
        let length = self.out.len();
        self.out.extend_from_slice(&[0, 0]);
        write(&mut self.out)?;
        let written = u16::try_from(self.out.len() - length - 2).map_err(|_| BadMessage::TooMuch)?;
        self.out[length..length + 2].copy_from_slice(&written.to_be_bytes());
        self.counts[record.section] += 1;
        if self.out.len() > usize::from(u16::MAX) { Err(BadMessage::TooMuch) } else { Ok(()) }
    }

    fn finish(mut self) -> Result<Message, BadMessage> {
        for (section, count) in self.counts.into_iter().enumerate() {
            self.out[6 + 2 * section..8 + 2 * section].copy_from_slice(&count.to_be_bytes());
        }
        Message::read(self.out)
    }
}

/// The data of a record, with the names in it whole.
fn whole_names(bytes: &[u8], record: &Record, out: &mut Vec<u8>) -> Result<(), BadMessage> {
    let data = &bytes[record.data..record.end];
    let (front, names) = names_in(record.kind, data);
    let mut at = record.data + front;
    if at > record.end {
        return Err(BadMessage::Truncated);
    }
    out.extend_from_slice(&data[..front]);
    for _ in 0..names {
        out.extend_from_slice(expand(bytes, at, &[])?.wire());
        at = skip_name(bytes, at)?;
        if at > record.end {
            return Err(BadMessage::Truncated);
        }
    }
    out.extend_from_slice(&bytes[at..record.end]);
    Ok(())
}

/// Octets before the first name in a record's data, and how many names follow on each other: the types in which a name may be
/// compressed (RFC 1035 §3.3), and those in which some have it so although they should not (RFC 3597 §4).
fn names_in(kind: u16, data: &[u8]) -> (usize, usize) {
    match kind {
        // NS, MD, MF, CNAME, MB, MG, MR, PTR, NSAP-PTR, NXT, DNAME
        2..=5 | 7..=9 | 12 | 23 | 30 | 39 => (0, 1),
        // SOA, MINFO, RP
        6 | 14 | 17 => (0, 2),
        // MX, AFSDB, RT, KX
        15 | 18 | 21 | 36 => (2, 1),
        // PX
        26 => (2, 2),
        // SRV
        33 => (6, 1),
        // SIG
        24 => (18, 1),
        // NAPTR: order, preference, three texts (RFC 3403 §4.1)
        35 => {
            let text = |at: usize| at + 1 + usize::from(data.get(at).copied().unwrap_or(0));
            (text(text(text(4))).min(data.len()), usize::from(text(text(text(4))) < data.len()))
        }
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests;
