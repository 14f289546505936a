//! The locked tier: sealed lists, of which nothing is known but hashes.
//!
//! Comes in: the bytes of sealed files; then a host, with a path where a door sees one. Goes out: a [`LockedEntry`], the tier
//! and a number; how old the lists are.
//! Always holds: no name can be read from what is here; a match is made on 128 bits of a salted SHA-256, never on the fast
//! hash alone; bytes that are cut, changed, foreign or newer are refused with a reason; nothing here opens a file.
//!
//! - [`sealed`] the file: read and checked
//! - [`seal`]   plain lines to such a file, for whoever holds the licence
//! - [`entry`]  what a line of a plain list says, and how an entry is written before it is hashed
//! - [`filter`] the fast hash: may anything be sealed under this name?

pub mod entry;
mod filter;
pub mod seal;
pub mod sealed;

pub use entry::BadEntry;
pub use seal::{Made, SealFault, Sealing, seal};
pub use sealed::{BadKey, Key, MAX_FILE, Sealed, SealedFault};

use super::LockedEntry;
use super::path::readings;
use crate::words::{CategorySet, Day, Host};
use entry::Kind;
use std::fmt;

/// Places in a path at which an entry may end: no page of an origin is this deep, and each costs a look into the filter.
const MAX_CUTS: usize = 64;

/// Every sealed list that is in force, and what was refused when they were read.
#[derive(Default)]
pub struct Locked {
    /// The most serious category first, so that the first hit is the one that counts.
    lists: Vec<Sealed>,
    refused: Vec<String>,
}

impl Locked {
    /// `refused`: why a list that should be here is not, for whoever asks how the gate is.
    pub fn new(mut lists: Vec<Sealed>, refused: Vec<String>) -> Self {
        lists.sort_by(|a, b| (a.category(), a.issuer()).cmp(&(b.category(), b.issuer())));
        Self { lists, refused }
    }

    pub fn lists(&self) -> &[Sealed] {
        &self.lists
    }

    pub fn refused(&self) -> &[String] {
        &self.refused
    }

    /// What the sealed lists say of a host, and of a path on it where one is seen: `""` where none is.
    ///
    /// A host on no list costs one pass over its labels and no SHA-256 (but for about 1 in 700 of its suffixes).
    pub fn find(&self, host: &Host, path: &str) -> Option<LockedEntry> {
        let mut first = 1;
        for list in &self.lists {
            if let Some(index) = in_list(list, host, path) {
                return Some(LockedEntry { category: list.category(), number: first + index });
            }
            // Lists of all categories are numbered on: a number says its list, too.
            first += list.len();
        }
        None
    }

    /// What the numbers mean, for the names of a policy version: `1 to 12: illegal-csam, ISSUER, 2026-11-20`.
    pub fn editions(&self) -> Vec<String> {
        let mut first = 1;
        let line = |list: &Sealed| {
            let last = first + list.len() - 1;
            let line = format!("{first} to {last}: {}, {}, {}", list.category(), list.issuer(), date(list.date()));
            first = last + 1;
            line
        };
        self.lists.iter().map(line).collect()
    }

    /// The lists that are older than their issuer calls fresh.
    pub fn stale(&self, today: Day) -> impl Iterator<Item = &Sealed> {
        self.lists.iter().filter(move |list| list.is_stale(today))
    }

    /// The true state of the tier, for people: of each category whether its list is there, and whether it is old. Never what
    /// is on it.
    pub fn state(&self, today: Day) -> String {
        if self.lists.is_empty() {
            return "NOT PRESENT (IWF and CTIRU lists come from a licensed party)".into();
        }
        let mut said: Vec<String> = self.lists.iter().map(|list| list_state(list, today)).collect();
        let missing = CategorySet::LOCKED.iter().filter(|c| !self.lists.iter().any(|list| list.category() == *c));
        said.extend(missing.map(|category| format!("NOT PRESENT: {category}")));
        said.join("; ")
    }
}

fn list_state(list: &Sealed, today: Day) -> String {
    let entries = if list.len() == 1 { "1 entry".to_owned() } else { format!("{} entries", list.len()) };
    let what = format!("{}: {entries}, {}, {}", list.category(), list.issuer(), date(list.date()));
    if list.is_stale(today) {
        format!("stale ({what}, fresh for {} days)", list.fresh_days())
    } else {
        format!("present ({what})")
    }
}

fn date(day: Day) -> jiff::civil::Date {
    jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(day.0.clamp(-700_000, 2_900_000)))
}

/// The index of the entry that names this host or page: the page before the host, the host before its parents.
fn in_list(list: &Sealed, host: &Host, path: &str) -> Option<u32> {
    if path.len() > 1
        && let Some(index) = page_in(list, host, path)
    {
        return Some(index);
    }
    let mut maybe = list.suffixes_that_may_be(host);
    if maybe == 0 {
        return None;
    }
    let total = host.labels();
    while maybe != 0 {
        let labels = 127 - maybe.leading_zeros() as u8;
        maybe &= !(1 << labels);
        let suffix = if host.is_address() { host.as_str() } else { host.last_labels(labels) };
        let names_host = labels >= total || host.as_str().strip_prefix("www.") == Some(suffix);
        if !may_reach(suffix, host, names_host) {
            continue;
        }
        let exact = || names_host.then(|| list.index_of(Kind::Host, suffix, "")).flatten();
        if let Some(index) = list.index_of(Kind::Below, suffix, "").or_else(exact) {
            return Some(index);
        }
    }
    None
}

/// Whoever sealed the list: a public suffix is nobody's, and a whole platform is closed for itself only.
fn may_reach(suffix: &str, host: &Host, names_host: bool) -> bool {
    if host.is_address() {
        return true;
    }
    // `www.203.0.113.9` is a name, and in no network of that address.
    if suffix.parse::<std::net::Ipv4Addr>().is_ok() {
        return false;
    }
    let public = psl::suffix(suffix.as_bytes()).filter(|s| s.as_bytes() == suffix.as_bytes());
    match public.and_then(|s| s.typ()) {
        Some(psl::Type::Icann) => false,
        Some(psl::Type::Private) => names_host,
        None => true,
    }
}

/// The index of the longest page of this host that the path is, or is below: as it is hashed, and as servers may read it besides.
fn page_in(list: &Sealed, host: &Host, path: &str) -> Option<u32> {
    let mut paths = vec![entry::canonical_path(path)];
    for reading in readings(path) {
        let reading = entry::canonical_path(&reading);
        if !paths.contains(&reading) {
            paths.push(reading);
        }
    }
    // A page is sealed with its host or with `www.` in front of it, and both are one.
    let other = match host.as_str().strip_prefix("www.") {
        Some(bare) => Host::parse(bare).ok().filter(|bare| !bare.is_address()),
        None if host.is_address() => None,
        None => Host::parse(&format!("www.{host}")).ok(),
    };
    let hosts = [Some(*host), other];
    hosts.iter().flatten().find_map(|host| paths.iter().find_map(|path| page_at(list, host, path)))
}

fn page_at(list: &Sealed, host: &Host, path: &str) -> Option<u32> {
    let mut hash = list.hash_of_host(host);
    let (mut cuts, mut from, mut maybe) = ([0; MAX_CUTS], 0, 0u64);
    for (place, cut) in entry::cuts(path).take(MAX_CUTS).enumerate() {
        hash = filter::with(hash, &path.as_bytes()[from..cut]);
        (cuts[place], from) = (cut, cut);
        maybe |= u64::from(list.may_hold(hash)) << place;
    }
    while maybe != 0 {
        let place = 63 - maybe.leading_zeros() as usize;
        maybe &= !(1 << place);
        if let Some(index) = list.index_of(Kind::Page, host.as_str(), &path[..cuts[place]]) {
            return Some(index);
        }
    }
    None
}

impl fmt::Debug for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").field("lists", &self.editions()).field("refused", &self.refused).finish()
    }
}

#[cfg(test)]
mod tests;
