//! The ledger's file, so that a restart forgets nothing of use.
//!
//! ```text
//! magic, layout, checksum of what follows · names: [length][text] … · entries: [client][address][number of the name][when] …
//! ```
//! Numbers are little-endian; addresses have 16 octets, IPv4 mapped.

use super::book::Book;
use crate::words::{ClientAddr, Host};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const MAGIC: [u8; 8] = *b"SGTOLD\r\n";
const LAYOUT: u32 = 1;
/// Magic, layout, checksum.
const HEADER: usize = 16;
/// Longer than any that is written.
const MOST_BYTES: u64 = 96 << 20;

/// The ledger as bytes.
pub fn bytes(book: &Book) -> Vec<u8> {
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let (mut names, mut entries, mut count) = (Vec::new(), Vec::new(), 0u32);
    for (client, address, host, at) in book.each() {
        let next = numbers.len() as u32;
        let number = *numbers.entry(host).or_insert_with(|| {
            names.push(host.len() as u8);
            names.extend(host.as_bytes());
            next
        });
        entries.extend(mapped(client.ip()));
        entries.extend(mapped(address));
        entries.extend(number.to_le_bytes());
        entries.extend(at.to_le_bytes());
        count += 1;
    }
    let mut bytes = Vec::with_capacity(HEADER + 8 + names.len() + entries.len());
    bytes.extend(MAGIC);
    bytes.extend(LAYOUT.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend((numbers.len() as u32).to_le_bytes());
    bytes.extend(names);
    bytes.extend(count.to_le_bytes());
    bytes.extend(entries);
    let crc = crc32fast::hash(&bytes[HEADER..]);
    bytes[12..HEADER].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn mapped(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// Writes beside, syncs and renames; for the gate's user alone.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Reads what is not too old.
///
/// # Errors
/// As the file system says; [`io::ErrorKind::InvalidData`] with the reason: not whole, not ours, or of a newer gate.
pub fn read(path: &Path, now: u32) -> io::Result<Book> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let fields = parse(&bytes).map_err(invalid)?;
    let mut book = fields.ok_or_else(|| invalid("it ends too early".into()))?;
    book.forget(now);
    Ok(book)
}

/// `None`: it ends too early.
fn parse(bytes: &[u8]) -> Result<Option<Book>, String> {
    let Some((header, rest)) = bytes.split_at_checked(HEADER) else { return Ok(None) };
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    match (header[..8] == MAGIC, word(8)) {
        (false, _) => return Err("it is no ledger".into()),
        (true, LAYOUT) => {}
        (true, other) => return Err(format!("it has layout {other}, and this version of Schoolgate knows {LAYOUT}")),
    }
    if crc32fast::hash(rest) != word(12) {
        return Err("its checksum is not that of its content".into());
    }
    Ok(content(rest))
}

fn content(bytes: &[u8]) -> Option<Book> {
    let mut from = bytes;
    let names = number(&mut from)?;
    let mut hosts = Vec::new();
    for _ in 0..names {
        let length = usize::from(take::<1>(&mut from)?[0]);
        let (text, rest) = from.split_at_checked(length)?;
        hosts.push(std::str::from_utf8(text).ok().filter(|text| Host::parse(text).is_ok())?);
        from = rest;
    }
    let mut book = Book::default();
    for _ in 0..number(&mut from)? {
        let address = |octets: [u8; 16]| IpAddr::from(Ipv6Addr::from(octets)).to_canonical();
        let (client, told) = (address(take(&mut from)?), address(take(&mut from)?));
        let host = hosts.get(number(&mut from)? as usize)?;
        book.tell(ClientAddr::new(client), host, &[told], number(&mut from)?);
    }
    from.is_empty().then_some(book)
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (field, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*field)
}

fn number(from: &mut &[u8]) -> Option<u32> {
    take(from).map(u32::from_le_bytes)
}
