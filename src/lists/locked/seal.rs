//! Plain lines to a sealed file. Whoever holds the licence does this; a school only reads such files.

use super::entry::{BadEntry, Entry, Kind};
use super::filter;
use super::sealed::{self, FIXED, HASH, MAGIC, MAX_ENTRIES, SALT, VERSION};
use crate::lists::Known;
use crate::words::{Category, Day, Role};
use ring::digest::{SHA256, digest};

/// What a sealed file says of itself.
#[derive(Debug, Clone)]
pub struct Sealing<'a> {
    pub category: Category,
    pub issuer: &'a str,
    pub date: Day,
    pub fresh_days: u16,
    /// Random: a list sealed again has other hashes and other numbers.
    pub salt: [u8; SALT],
}

/// A sealed file, made.
pub struct Made {
    pub bytes: Vec<u8>,
    pub entries: usize,
    pub duplicates: usize,
    /// Lines that name a whole platform, which is closed for itself only.
    pub narrowed: usize,
}

/// Why nothing was sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    #[error("`{0}` is not of the locked tier: that is illegal-csam and illegal-terrorism")]
    NotLocked(Category),
    #[error("the issuer has a name of up to {} bytes, without control characters", sealed::MAX_ISSUER)]
    Issuer,
    #[error("a list is fresh for at least one day")]
    FreshDays,
    #[error("nothing to seal: the list has no entry")]
    Empty,
    #[error("the list has more than {MAX_ENTRIES} entries")]
    TooMany,
    /// Nothing is left out without a word: what cannot be sealed is put right, or taken out by who may.
    #[error("{}{}", .first.iter().map(|(line, why)| format!("line {line}: {why}")).collect::<Vec<_>>().join("\n"), more(*.count, .first.len()))]
    Lines { count: usize, first: Vec<(u64, BadEntry)> },
}

/// Lines that are told one by one.
const MOST_TOLD: usize = 20;

fn more(count: usize, told: usize) -> String {
    if count > told { format!("\nand {} lines more", count - told) } else { String::new() }
}

/// Seals a plain list: `NAME`, `*.NAME`, `=NAME` or a URL a line, `#` comments.
///
/// # Errors
/// [`SealFault`]; of the lines it tells the numbers only.
pub fn seal(plain: &[u8], known: &Known, sealing: &Sealing) -> Result<Made, SealFault> {
    if sealing.category.role() != Role::Locked {
        return Err(SealFault::NotLocked(sealing.category));
    }
    let issuer = sealed::issuer(sealing.issuer.as_bytes()).ok_or(SealFault::Issuer)?;
    if sealing.fresh_days == 0 {
        return Err(SealFault::FreshDays);
    }
    let (mut entries, mut narrowed) = (Vec::new(), 0);
    let (mut count, mut first) = (0, Vec::new());
    for (number, line) in (1..).zip(plain.split(|&c| c == b'\n')) {
        match Entry::read(line, sealing.category, known) {
            Ok(None) => {}
            Ok(Some(entry)) => {
                narrowed += usize::from(entry.is_narrowed(line));
                entries.push((sealed::hash(&sealing.salt, entry.kind, entry.host.as_str(), &entry.path), fast(sealing, &entry)));
            }
            Err(why) => {
                count += 1;
                if first.len() < MOST_TOLD {
                    first.push((number, why));
                }
            }
        }
        if entries.len() > MAX_ENTRIES {
            return Err(SealFault::TooMany);
        }
    }
    if count > 0 {
        return Err(SealFault::Lines { count, first });
    }
    if entries.is_empty() {
        return Err(SealFault::Empty);
    }
    let all = entries.len();
    // By the hash: the order of the plain list says nothing any more.
    entries.sort_unstable();
    entries.dedup_by_key(|(hash, _)| *hash);
    Ok(Made { bytes: written(sealing, &issuer, &entries), entries: entries.len(), duplicates: all - entries.len(), narrowed })
}

/// What the filter knows an entry by.
fn fast(sealing: &Sealing, entry: &Entry) -> u64 {
    let mut hash = sealed::hash_of_host(sealed::start(&sealing.salt), &entry.host);
    if entry.kind == Kind::Page {
        let mut from = 0;
        for cut in super::entry::cuts(&entry.path) {
            hash = filter::with(hash, &entry.path.as_bytes()[from..cut]);
            from = cut;
        }
    }
    hash
}

pub(super) fn written(sealing: &Sealing, issuer: &str, entries: &[([u8; HASH], u64)]) -> Vec<u8> {
    let category = sealing.category.id().unwrap_or_default();
    let blocks = filter::blocks_for(entries.len());
    let length = FIXED + category.len() + issuer.len() + entries.len() * HASH + blocks * filter::BLOCK + 32;
    let mut out = Vec::with_capacity(length);
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    out.extend((length as u64).to_le_bytes());
    out.extend((entries.len() as u32).to_le_bytes());
    out.extend((blocks as u32).to_le_bytes());
    out.extend(sealing.date.0.to_le_bytes());
    out.extend(sealing.fresh_days.to_le_bytes());
    out.extend([category.len() as u8, issuer.len() as u8]);
    out.extend(sealing.salt);
    out.extend(category.bytes());
    out.extend(issuer.bytes());
    entries.iter().for_each(|(hash, _)| out.extend(hash));
    let from = out.len();
    out.resize(from + blocks * filter::BLOCK, 0);
    entries.iter().for_each(|(_, fast)| filter::put(&mut out[from..], *fast));
    let sum = digest(&SHA256, &out);
    out.extend(sum.as_ref());
    out
}
