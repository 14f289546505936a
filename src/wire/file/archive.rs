//! Whether an archive has a password, or is a program that comes as one.

/// What a zip's first headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zip {
    Program,
    /// An entry is encrypted.
    Locked,
    /// It is a document or a book, which says so at its beginning.
    Other,
    Unknown,
}

/// Names that an app's own tools write: of Android, Java, Windows, Apple.
const PROGRAMS: &[&[u8]] = &[
    b"AndroidManifest.xml",
    b"classes.dex",
    b"META-INF/MANIFEST.MF",
    b"AppxManifest.xml",
    b"AppxBlockMap.xml",
    b"AppxMetadata/",
    b"Payload/",
];

/// The first entry of documents and books (OCF §4.3, OpenDocument §3.3).
const DOCUMENT: &[u8] = b"mimetype";

/// Reads the local headers in the beginning of a zip (APPNOTE §4.3.7), wherever they stand: of what is packed as it is written,
/// none says how long it is.
pub fn zip(head: &[u8]) -> Zip {
    const HEADER: usize = 30;
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&head[from..], b"PK\x03\x04").map(|at| from + at) {
        let Some(header) = head.get(at..at + HEADER) else { break };
        let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        // Bit 0: encrypted.
        if word(6) & 1 != 0 {
            return Zip::Locked;
        }
        let name = head.get(at + HEADER..).unwrap_or_default();
        let name = &name[..name.len().min(usize::from(word(26)))];
        if at == 0 && name == DOCUMENT {
            return Zip::Other;
        }
        if PROGRAMS.iter().any(|known| if known.ends_with(b"/") { name.starts_with(known) } else { name == *known }) {
            return Zip::Program;
        }
        from = at + HEADER;
    }
    Zip::Unknown
}

/// Whether a RAR archive has a password. `None`: too little has come.
pub fn rar(head: &[u8]) -> Option<bool> {
    if let Some(blocks) = head.strip_prefix(b"Rar!\x1a\x07\x01\0") { rar_5(blocks) } else { rar_4(head.get(7..)?) }
}

/// Of version 4: the flags of the archive's header, then of the first file's.
fn rar_4(mut blocks: &[u8]) -> Option<bool> {
    for _ in 0..2 {
        let header = blocks.get(..7)?;
        let (kind, flags) = (header[2], u16::from_le_bytes([header[3], header[4]]));
        match kind {
            0x73 if flags & 0x80 != 0 => return Some(true),
            0x73 => {}
            0x74 => return Some(flags & 0x04 != 0),
            _ => return Some(false),
        }
        blocks = blocks.get(usize::from(u16::from_le_bytes([header[5], header[6]])).max(7)..)?;
    }
    Some(false)
}

/// Of version 5: a header of encryption, or a first file with such a record.
fn rar_5(mut blocks: &[u8]) -> Option<bool> {
    for _ in 0..4 {
        let (size, rest) = number(blocks.get(4..)?)?;
        let size = usize::try_from(size).ok().filter(|size| *size <= 2 << 20);
        let Some(size) = size else { return Some(false) };
        let header = rest.get(..size)?;
        let (kind, inner) = number(header)?;
        if kind == 4 {
            return Some(true);
        }
        let (flags, inner) = number(inner)?;
        let extra = if flags & 1 != 0 { number(inner)?.0 } else { 0 };
        let data = if flags & 2 != 0 {
            let inner = if flags & 1 != 0 { number(inner)?.1 } else { inner };
            number(inner)?.0
        } else {
            0
        };
        // 2: a file.
        if kind == 2 {
            let extra = usize::try_from(extra).unwrap_or(usize::MAX);
            let records = header.get(header.len().checked_sub(extra)?..)?;
            return Some(has_encryption(records));
        }
        let data = usize::try_from(data).ok()?;
        blocks = rest.get(size.checked_add(data)?..)?;
    }
    Some(false)
}

fn has_encryption(mut records: &[u8]) -> bool {
    while let Some((size, rest)) = number(records) {
        let Some(record) = usize::try_from(size).ok().and_then(|size| rest.get(..size)) else { return false };
        if number(record).is_some_and(|(kind, _)| kind == 1) {
            return true;
        }
        records = &rest[record.len()..];
    }
    false
}

/// A number of seven bits a byte, the lowest first.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (i, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * i as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[i + 1..]));
        }
    }
    None
}
