//! A host with its labels turned round: how a table is sorted.
//!
//! `www.example.com` is kept as `com.example.www`, so that a parent is the beginning of its children, neighbours share
//! their beginnings, and the entries that a host can match lie close together.

use crate::words::Host;
use std::net::IpAddr;

/// Longest key: its length is one byte. A host's is at most 253, a page's is cut off here.
const MAX_KEY: usize = 255;

/// A host's key, in place: a look-up makes one without the heap.
pub(super) struct Key {
    len: u8,
    bytes: [u8; MAX_KEY],
}

impl Key {
    pub(super) fn of(host: &Host) -> Self {
        let mut key = Self { len: host.as_str().len() as u8, bytes: [0; MAX_KEY] };
        let mut at = 0;
        for label in host.as_str().as_bytes().rsplit(|&c| c == b'.') {
            key.bytes[at..at + label.len()].copy_from_slice(label);
            at += label.len();
            if at < usize::from(key.len) {
                key.bytes[at] = b'.';
                at += 1;
            }
        }
        key
    }

    /// The key of a page: its host's, `/`, and the rest of the path; `None` if it is longer than a key, or no ASCII.
    pub(super) fn of_url(host: &Host, path: &str) -> Option<Self> {
        let path = path.trim_start_matches('/');
        let mut key = Self::of(host);
        let at = usize::from(key.len);
        let place = key.bytes.get_mut(at..at + 1 + path.len()).filter(|_| path.bytes().all(|c| c.is_ascii_graphic()))?;
        place[0] = b'/';
        place[1..].copy_from_slice(path.as_bytes());
        key.len += 1 + path.len() as u8;
        Some(key)
    }

    /// The key of a range of addresses.
    pub(super) fn of_range(first: IpAddr, length: u8) -> Self {
        let text = format!("{first}/{length}");
        let mut key = Self { len: text.len() as u8, bytes: [0; MAX_KEY] };
        key.bytes[..text.len()].copy_from_slice(text.as_bytes());
        key
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The key of the parent that has so many labels; the whole key if there are no more.
    pub(super) fn of_labels(&self, labels: u8) -> &[u8] {
        let key = self.as_bytes();
        let dots = key.iter().enumerate().filter(|(_, c)| **c == b'.');
        let end = dots.map(|(at, _)| at).nth(usize::from(labels.max(1)) - 1);
        &key[..end.unwrap_or(key.len())]
    }
}

/// How many labels a key has.
pub(super) fn labels_of(key: &[u8]) -> u8 {
    key.iter().filter(|&&c| c == b'.').count() as u8 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_the_beginning_of_its_children() {
        let key = |text: &str| Key::of(&Host::parse(text).expect("a host"));
        let child = key("www.a-b.example.com");
        assert_eq!(child.as_bytes(), b"com.example.a-b.www");
        for (labels, parent) in [(1, "com"), (2, "example.com"), (3, "a-b.example.com"), (4, "www.a-b.example.com")] {
            assert_eq!(child.of_labels(labels), key(parent).as_bytes(), "{labels}");
            assert_eq!(labels_of(child.of_labels(labels)), labels);
        }
        assert_eq!(child.of_labels(9), child.as_bytes());
        assert_eq!(key("2001:db8::1").as_bytes(), b"2001:db8::1");
    }
}
