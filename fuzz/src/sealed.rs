//! The sealed file of the locked tier.

use crate::table::changed;
use ring::digest::{SHA256, digest};
use schoolgate::lists::Known;
use schoolgate::lists::locked::entry::{Entry, Kind, canonical_path, cuts};
use schoolgate::lists::locked::{Locked, Sealed, Sealing, seal};
use schoolgate::words::{Category, Day, Host, Url};
use std::sync::LazyLock;

const PLAIN: &[u8] = b"bad.example\n=worse.example\nhttp://pages.example/a/b\n203.0.113.9\n*.x.example\n";

fn sealed(plain: &[u8]) -> Option<Vec<u8>> {
    let (category, date) = (Category::ILLEGAL_CSAM, Day(20_000));
    let sealing = Sealing { category, issuer: "An issuer", date, fresh_days: 30, salt: [7; 32] };
    seal(plain, &Known::default(), &sealing).ok().map(|made| made.bytes)
}

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| sealed(PLAIN).expect("a good list"));

/// Reads bytes as a sealed list and asks it, if it is one.
pub fn open(bytes: Vec<u8>) {
    let Ok(list) = Sealed::read(bytes, None) else { return };
    let list = Locked::new(vec![list], Vec::new());
    for url in ["bad.example", "a.www.bad.example/x", "pages.example/a/b/c?d", "203.0.113.9", "[2001:db8::1]/a"] {
        let url = Url::parse(url).expect("a URL");
        let _ = list.find(&url.host, &url.path);
    }
    let _ = (list.state(Day(20_001)), list.editions(), list.stale(Day(i32::MAX)).count(), list.stale(Day(i32::MIN)).count());
}

/// A good list with bytes changed, its checksum right.
pub fn forged(changes: &[u8]) -> Vec<u8> {
    let mut file = changed(&GOOD, 12, changes);
    let end = file.len() - 32;
    let sum = digest(&SHA256, &file[..end]);
    file[end..].copy_from_slice(sum.as_ref());
    file
}

/// A list that was only cut or changed is refused, or it is the good one.
pub fn damaged(changes: &[u8]) {
    let (cut, changes) = changes.split_at(changes.len().min(1));
    let mut file = changed(&GOOD, 0, changes);
    file.truncate(file.len().saturating_sub(cut.first().map_or(0, |cut| usize::from(*cut) / 2)));
    let same = file == *GOOD;
    assert_eq!(Sealed::read(file, None).is_ok(), same, "a list that is cut or flipped is refused");
}

/// Seals a plain list, and finds what stands in it and nothing else.
pub fn found(plain: &[u8]) {
    let Some(bytes) = sealed(plain) else { return };
    let list = Locked::new(vec![Sealed::read(bytes, None).expect("what is sealed reads")], Vec::new());
    let lines = plain.split(|&c| c == b'\n');
    let read = |line| Entry::read(line, Category::ILLEGAL_CSAM, &Known::default()).expect("it was sealed");
    let entries: Vec<Entry> = lines.filter_map(read).take(64).collect();
    for entry in &entries {
        let name = entry.host.as_str();
        let near = [name.to_owned(), format!("www.{name}"), format!("x.www.{name}"), format!("x{name}"), format!("x.{name}")];
        for host in near.iter().filter_map(|name| Host::parse(name).ok()) {
            for path in ["/", entry.path.as_str(), &format!("{}/x", entry.path), &format!("{}?x", entry.path), "/x"] {
                // What is asked of a long path is bounded.
                let canonical = canonical_path(path);
                if cuts(&canonical).count() < 60 {
                    let expected = entries.iter().any(|entry| names(entry, &host, &canonical));
                    assert_eq!(list.find(&host, path).is_some(), expected, "{host} {path}");
                }
            }
        }
    }
}

fn names(entry: &Entry, host: &Host, path: &str) -> bool {
    let itself = *host == entry.host
        || (!host.is_address() && !entry.host.is_address() && host.as_str().strip_prefix("www.") == Some(entry.host.as_str()));
    match entry.kind {
        Kind::Below if host.is_address() || entry.host.is_address() => *host == entry.host,
        Kind::Below => host.is_within(&entry.host),
        Kind::Host => itself,
        Kind::Page => {
            let rest = path.strip_prefix(entry.path.as_str());
            itself && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '&']))
        }
    }
}
