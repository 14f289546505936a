//! A sealed file: how it is laid out, and read with every field checked.
//!
//! ```text
//! magic, version                               12 bytes
//! length u64, entries u32, blocks u32, date i32, fresh days u16, length of category u8, of issuer u8    24 bytes
//! salt                                         32 bytes
//! category, issuer                             text
//! hashes                                       16 bytes an entry, ascending
//! filter                                       32 bytes a block
//! SHA-256 of all of it                         32 bytes
//! the text of a .minisig file, if it is signed: it signs all of the above
//! ```
//! Numbers are little-endian. `length` is that of everything but the signature. A hash is the first 16 bytes of SHA-256 over
//! salt, kind and entry.

use super::entry::Kind;
use super::filter;
use crate::words::{Category, Day, Host, Role};
use minisign_verify::{PublicKey, Signature};
use ring::digest::{Context, SHA256, digest};
use std::fmt;
use std::ops::Range;

pub(super) const MAGIC: [u8; 8] = *b"SGLOCK\r\n";
pub(super) const VERSION: u32 = 1;
/// Where the texts begin.
pub(super) const FIXED: usize = 68;
pub(super) const SALT: usize = 32;
/// Bytes kept of a hash: with two million entries a host that is not listed meets one by chance once in 10³².
pub(super) const HASH: usize = 16;
const SUM: usize = 32;

/// Most entries of one file: the public figures of these lists are in the tens of thousands.
pub const MAX_ENTRIES: usize = 1 << 21;
/// Longest name of an issuer, in bytes.
pub const MAX_ISSUER: usize = 80;
/// Longest signature with its comments: minisign's own limit for a comment is 1 KiB.
const MAX_SIGNATURE: usize = 4 << 10;
/// Largest file: what is larger is not read to its end.
pub const MAX_FILE: usize = FIXED + 2 * 255 + MAX_ENTRIES * (HASH + 2) + filter::BLOCK + SUM + MAX_SIGNATURE;

/// Why bytes are not a sealed list. Whoever has the file adds its path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealedFault {
    #[error("it is not a sealed list: make one of the plain list with `schoolgate lists seal`")]
    NotSealed,
    #[error("it is a sealed list of format {found}, and this version reads format {VERSION}: update Schoolgate")]
    Newer { found: u32 },
    #[error("it is larger than {} MiB: that is no sealed list", MAX_FILE >> 20)]
    TooLarge,
    #[error("it is cut short ({is} bytes of {should}): copy it again")]
    Cut { is: u64, should: u64 },
    #[error("it is damaged: its checksum is not that of its content. Copy it again")]
    Damaged,
    #[error("it contradicts itself in its {0}: ask whoever sealed it")]
    Malformed(&'static str),
    #[error("it is of category `{0}`, which is not of the locked tier (illegal-csam, illegal-terrorism)")]
    OtherCategory(String),
    #[error("it is not signed, and `locked_key` asks for a signature: add the issuer's .minisig to its end")]
    Unsigned,
    #[error("what stands behind its end is not a minisign signature")]
    NotASignature,
    #[error("its signature is not by `locked_key`, or not of this file: do not use it, and ask whoever sent it")]
    WrongSignature,
}

/// Whose signature a sealed list must have: minisign's public key, as its one line of base 64.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(PublicKey);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a public key of minisign")]
pub struct BadKey;

impl Key {
    /// # Errors
    /// [`BadKey`].
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        PublicKey::from_base64(text.trim()).map(Self).map_err(|_| BadKey)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// One sealed list.
pub struct Sealed {
    bytes: Vec<u8>,
    category: Category,
    issuer: String,
    date: Day,
    fresh_days: u16,
    hashes: Range<usize>,
    filter: Range<usize>,
    /// Where the fast hash of every name of this file starts.
    start: u64,
}

impl Sealed {
    /// Reads a file and checks all of it. `key`: its signature must be by that.
    ///
    /// # Errors
    /// [`SealedFault`] says what is wrong and what to do.
    pub fn read(bytes: Vec<u8>, key: Option<&Key>) -> Result<Self, SealedFault> {
        let mut fields = Fields::of(&bytes)?;
        if bytes.len() > MAX_FILE {
            return Err(SealedFault::TooLarge);
        }
        let length = u64::from_le_bytes(fields.take()?);
        let entries = u32::from_le_bytes(fields.take()?) as usize;
        let blocks = u32::from_le_bytes(fields.take()?) as usize;
        let date = Day(i32::from_le_bytes(fields.take()?));
        let fresh_days = u16::from_le_bytes(fields.take()?);
        let [of_category, of_issuer] = fields.take()?.map(usize::from);
        if !(1..=MAX_ENTRIES).contains(&entries) {
            return Err(SealedFault::Malformed("count of entries"));
        }
        if blocks != filter::blocks_for(entries) {
            return Err(SealedFault::Malformed("size of the filter"));
        }
        // None of these is large: each was bounded above.
        let hashes = FIXED + of_category + of_issuer..FIXED + of_category + of_issuer + entries * HASH;
        let filter = hashes.end..hashes.end + blocks * filter::BLOCK;
        let end = filter.end + SUM;
        if length != end as u64 {
            return Err(SealedFault::Malformed("length"));
        }
        let (body, signature) = bytes.split_at_checked(end).ok_or(SealedFault::Cut { is: bytes.len() as u64, should: length })?;
        let (summed, sum) = body.split_at(filter.end);
        if digest(&SHA256, summed).as_ref() != sum {
            return Err(SealedFault::Damaged);
        }
        check_signature(body, signature, key)?;
        let category = category(&body[FIXED..FIXED + of_category])?;
        let issuer = issuer(&body[FIXED + of_category..hashes.start]).ok_or(SealedFault::Malformed("issuer"))?;
        if fresh_days == 0 {
            return Err(SealedFault::Malformed("days of freshness"));
        }
        if !body[hashes.clone()].as_chunks::<HASH>().0.is_sorted_by(|a, b| a < b) {
            return Err(SealedFault::Malformed("order of entries"));
        }
        let start = start(&body[FIXED - SALT..FIXED]);
        Ok(Self { category, issuer, date, fresh_days, hashes, filter, start, bytes })
    }

    pub fn category(&self) -> Category {
        self.category
    }

    /// Who sealed it, as they call themselves.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The day it is of.
    pub fn date(&self) -> Day {
        self.date
    }

    /// Days from then on which its issuer calls it fresh.
    pub fn fresh_days(&self) -> u16 {
        self.fresh_days
    }

    pub fn is_stale(&self, today: Day) -> bool {
        i64::from(today.0) - i64::from(self.date.0) > i64::from(self.fresh_days)
    }

    /// How many entries it has: never none.
    #[expect(clippy::len_without_is_empty, reason = "a sealed list without entries is refused")]
    pub fn len(&self) -> u32 {
        (self.hashes.len() / HASH) as u32
    }

    /// The whole file, signature included: to keep a copy of.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether anything may be sealed under this hash; `false` is certain.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        filter::may_hold(&self.bytes[self.filter.clone()], hash)
    }

    pub(super) fn hash_of_host(&self, host: &Host) -> u64 {
        hash_of_host(self.start, host)
    }

    /// Which suffixes of the host may be sealed, by their labels: bit 2 for `example.com`; bit 1 for a whole address.
    pub(super) fn suffixes_that_may_be(&self, host: &Host) -> u128 {
        if host.is_address() {
            return u128::from(self.may_hold(self.hash_of_host(host))) << 1;
        }
        let filter = &self.bytes[self.filter.clone()];
        let mut labels = host.as_str().as_bytes().rsplit(|&c| c == b'.');
        // One label is never an entry.
        let mut hash = filter::with(self.start, labels.next().unwrap_or_default());
        let mut maybe = 0;
        for (count, label) in (2..=127).zip(labels) {
            hash = filter::with(hash, label);
            maybe |= u128::from(filter::may_hold(filter, hash)) << count;
        }
        maybe
    }

    /// The index of an entry, by its whole hash.
    pub(super) fn index_of(&self, kind: Kind, host: &str, path: &str) -> Option<u32> {
        let hash = hash(&self.bytes[FIXED - SALT..FIXED], kind, host, path);
        let (hashes, _) = self.bytes[self.hashes.clone()].as_chunks::<HASH>();
        hashes.binary_search(&hash).ok().map(|index| index as u32)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("category", &self.category).field("entries", &self.len()).finish_non_exhaustive()
    }
}

/// The hash that decides.
pub(super) fn hash(salt: &[u8], kind: Kind, host: &str, path: &str) -> [u8; HASH] {
    let mut context = Context::new(&SHA256);
    for part in [salt, &[kind as u8], host.as_bytes(), path.as_bytes()] {
        context.update(part);
    }
    let mut hash = [0; HASH];
    hash.copy_from_slice(&context.finish().as_ref()[..HASH]);
    hash
}

/// Where the fast hash starts: of the salt, and of no entry, for no kind has this number.
pub(super) fn start(salt: &[u8]) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(salt);
    context.update(&[u8::MAX]);
    context.finish().as_ref().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// The fast hash of a host: its labels from the right.
pub(super) fn hash_of_host(start: u64, host: &Host) -> u64 {
    host.as_str().as_bytes().rsplit(|&c| c == b'.').fold(start, filter::with)
}

/// Who may have sealed a list: a short text without control characters.
pub(super) fn issuer(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let good = !text.trim().is_empty() && text.len() <= MAX_ISSUER && !text.chars().any(char::is_control);
    good.then(|| text.to_owned())
}

fn category(text: &[u8]) -> Result<Category, SealedFault> {
    let id = std::str::from_utf8(text).map_err(|_| SealedFault::Malformed("category"))?;
    let category = Category::fixed(id).filter(|category| category.role() == Role::Locked);
    category.ok_or_else(|| SealedFault::OtherCategory(id.escape_debug().to_string()))
}

fn check_signature(body: &[u8], signature: &[u8], key: Option<&Key>) -> Result<(), SealedFault> {
    if signature.len() > MAX_SIGNATURE {
        return Err(SealedFault::NotASignature);
    }
    let text = std::str::from_utf8(signature).map_err(|_| SealedFault::NotASignature)?;
    match (text.trim().is_empty(), key) {
        (true, None) => Ok(()),
        (true, Some(_)) => Err(SealedFault::Unsigned),
        (false, _) => {
            let signature = Signature::decode(text).map_err(|_| SealedFault::NotASignature)?;
            // The prehashed kind only, which minisign has made since 2019.
            key.map_or(Ok(()), |key| key.0.verify(body, &signature, false)).map_err(|_| SealedFault::WrongSignature)
        }
    }
}

/// What is left to read of the fixed part.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Behind magic and version.
    fn of(bytes: &'a [u8]) -> Result<Self, SealedFault> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(SealedFault::NotSealed)?;
        let cut = SealedFault::Cut { is: bytes.len() as u64, should: FIXED as u64 };
        let (version, _) = rest.split_first_chunk().ok_or(cut.clone())?;
        match u32::from_le_bytes(*version) {
            VERSION if bytes.len() < FIXED => Err(cut),
            VERSION => Ok(Self(&bytes[MAGIC.len() + 4..FIXED])),
            found => Err(SealedFault::Newer { found }),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], SealedFault> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(SealedFault::Malformed("header"))?;
        self.0 = rest;
        Ok(*field)
    }
}
