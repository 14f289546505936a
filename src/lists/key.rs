//! What a table is sorted by: a host with its labels turned round, and what may follow it.
//!
//! `www.example.com` is kept as `com.example.www`, so that a parent is the beginning of its children, neighbours share
//! their beginnings, and the entries that a host can match lie close together. An address is kept as it is written. A page is
//! its host's key and the path from its `/`; a range of addresses is the first of them, `#` and the length of the prefix: no
//! path holds a `#`, so that no range is ever taken for a page.

use super::path;
use crate::words::Host;
use crate::words::host::first_of;
use std::net::IpAddr;

/// Longest key: how much two neighbours share is one byte in the table.
pub(super) const MAX_KEY: usize = 255;

/// A key, in place: a look-up makes one without the heap.
#[derive(Clone, Copy)]
pub(super) struct Key {
    len: u8,
    bytes: [u8; MAX_KEY],
}

impl Key {
    const EMPTY: Self = Self { len: 0, bytes: [0; MAX_KEY] };

    pub(super) fn of(host: &Host) -> Self {
        let text = host.as_str().as_bytes();
        let mut key = Self { len: text.len() as u8, ..Self::EMPTY };
        if host.is_address() {
            key.bytes[..text.len()].copy_from_slice(text);
            return key;
        }
        let mut at = 0;
        for label in text.rsplit(|&c| c == b'.') {
            key.bytes[at..at + label.len()].copy_from_slice(label);
            at += label.len();
            if at < usize::from(key.len) {
                key.bytes[at] = b'.';
                at += 1;
            }
        }
        key
    }

    /// The range of this length that the address lies in. Of a whole address's length, the address itself.
    pub(super) fn of_range(address: IpAddr, length: u8) -> Self {
        let first = Host::from(first_of(address, length));
        let mut key = Self::of(&first);
        if length < whole(address) {
            key.push(b'#');
            [100, 10, 1].into_iter().filter(|&digit| length >= digit).for_each(|digit| key.push(b'0' + length / digit % 10));
        }
        key
    }

    /// The pages of a host below a path: `www.` makes no difference, nor do slashes at the end. `None`: it is longer than a key
    /// can be.
    pub(super) fn of_url(host: &Host, path: &str) -> Option<Self> {
        let path = path::normal(path);
        // Both are boundaries behind which an entry may end: at its end they say nothing.
        let path = Some(path.trim_end_matches(['/', '?'])).filter(|path| !path.is_empty()).unwrap_or("/");
        let mut key = Self::of_page(host);
        if usize::from(key.len) + path.len() > MAX_KEY {
            return None;
        }
        path.bytes().for_each(|c| key.push(c));
        Some(key)
    }

    /// The host of a page: without `www.`, as squidGuard has it.
    pub(super) fn of_page(host: &Host) -> Self {
        let mut key = Self::of(host);
        if let Some(parent) = key.as_bytes().strip_suffix(b".www").filter(|parent| parent.contains(&b'.')) {
            key.len = parent.len() as u8;
        }
        key
    }

    /// How many labels the host of the key has; 1 of an address.
    pub(super) fn labels(&self) -> u8 {
        let key = self.as_bytes();
        let address = std::str::from_utf8(key).is_ok_and(|text| text.parse::<IpAddr>().is_ok());
        if address { 1 } else { labels_of(&key[..host_of(key)]) }
    }

    /// Adds a byte; what is past the longest key is left out.
    fn push(&mut self, byte: u8) {
        if let Some(free) = self.bytes.get_mut(usize::from(self.len)) {
            *free = byte;
            self.len += 1;
        }
    }

    /// Adds the beginning of a path, if there is room for it.
    pub(super) fn with_path(mut self, path: &[u8]) -> Option<Self> {
        let from = usize::from(self.len);
        self.bytes.get_mut(from..from + path.len())?.copy_from_slice(path);
        self.len += path.len() as u8;
        Some(self)
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

/// What a key is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A name of so many labels, or an address.
    Host(u8),
    Page,
    RangeV4(u8),
    RangeV6(u8),
}

impl Form {
    pub(super) fn of(key: &[u8]) -> Self {
        let (host, tail) = key.split_at(host_of(key));
        match tail.split_first() {
            None => Self::Host(labels_of(host)),
            Some((b'#', length)) => {
                let length = length.iter().fold(0u8, |n, c| n.wrapping_mul(10).wrapping_add(c.wrapping_sub(b'0')));
                if host.contains(&b':') { Self::RangeV6(length) } else { Self::RangeV4(length) }
            }
            Some(_) => Self::Page,
        }
    }
}

/// How many labels a key has.
pub(super) fn labels_of(key: &[u8]) -> u8 {
    key.iter().filter(|&&c| c == b'.').count() as u8 + 1
}

/// Where the host of a key ends: at a path, at a range's length, or at its end.
pub(super) fn host_of(key: &[u8]) -> usize {
    key.iter().position(|&c| c == b'/' || c == b'#').unwrap_or(key.len())
}

/// How many bits an address has.
pub(super) fn whole(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
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
        assert_eq!(key("203.0.113.7").as_bytes(), b"203.0.113.7");
    }

    #[test]
    fn a_range_is_its_first_address_and_its_length() {
        for (address, length, expected) in [
            ("203.0.113.77", 24, "203.0.113.0#24"),
            ("203.0.113.77", 31, "203.0.113.76#31"),
            ("203.0.113.77", 32, "203.0.113.77"),
            ("2001:db8:1:2::9", 48, "2001:db8:1::#48"),
            ("2001:db8:1:2::9", 127, "2001:db8:1:2::8#127"),
            ("2001:db8:1:2::9", 128, "2001:db8:1:2::9"),
        ] {
            let key = Key::of_range(address.parse().expect("an address"), length);
            assert_eq!(std::str::from_utf8(key.as_bytes()), Ok(expected));
            match Form::of(key.as_bytes()) {
                Form::RangeV4(n) | Form::RangeV6(n) => assert_eq!(n, length),
                form => assert_eq!((form, length % 32), (Form::Host(labels_of(key.as_bytes())), 0)),
            }
        }
    }

    #[test]
    fn a_page_is_a_host_without_www_and_a_normal_path() {
        let page = |host: &str, path: &str| {
            Key::of_url(&Host::parse(host).expect("a host"), path).map(|k| String::from_utf8_lossy(k.as_bytes()).into_owned())
        };
        for (host, path, expected) in [
            ("www.example.com", "/%7euser//a/./b/../", "com.example/~user/a"),
            ("www.com", "/", "com.www/"),
            ("203.0.113.7", "/24", "203.0.113.7/24"),
            ("a.example", "/x#y", "example.a/x"),
        ] {
            assert_eq!(page(host, path).as_deref(), Some(expected));
            assert_eq!(Form::of(expected.as_bytes()), Form::Page);
        }
        assert_eq!(page("a.example", &format!("/{}", "x".repeat(245))).map(|k| k.len()), Some(255));
        assert_eq!(page("a.example", &format!("/{}", "x".repeat(246))), None);
    }
}
