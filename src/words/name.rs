//! A domain name as the DNS carries it: any labels of any octets (RFC 1035 §3.1).

use super::Host;
use std::fmt;

/// Longest name on the wire, root label included (RFC 1035 §2.3.4).
pub const MAX_NAME: usize = 255;

/// An uncompressed wire-format name, case kept as it came. Compared without case (RFC 4343).
#[derive(Clone, Copy)]
pub struct Name {
    len: u8,
    wire: [u8; MAX_NAME],
}

/// Why bytes are not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error("the name runs past the end of the message")]
    Truncated,
    #[error("the name is longer than 255 octets")]
    TooLong,
    #[error("the name holds a compression pointer or an unknown label type")]
    BadLabel,
}

impl Name {
    /// Reads an uncompressed name at the start of `bytes`; its length on the wire is [`Name::wire`]`.len()`.
    ///
    /// # Errors
    /// [`BadName`]: truncated, too long, or with a compression pointer (a question has nothing to point back to).
    pub fn from_wire(bytes: &[u8]) -> Result<Self, BadName> {
        let wire = Self::on_wire(bytes)?;
        let mut name = Self { len: wire.len() as u8, wire: [0; MAX_NAME] };
        name.wire[..wire.len()].copy_from_slice(wire);
        Ok(name)
    }

    /// The octets of the uncompressed name at the start of `bytes`, where they stand.
    ///
    /// # Errors
    /// As [`Name::from_wire`].
    pub fn on_wire(bytes: &[u8]) -> Result<&[u8], BadName> {
        let mut at = 0;
        loop {
            let label = usize::from(*bytes.get(at).ok_or(BadName::Truncated)?);
            if label > 63 {
                return Err(BadName::BadLabel);
            }
            at += 1 + label;
            if at > MAX_NAME {
                return Err(BadName::TooLong);
            }
            if label == 0 {
                break;
            }
        }
        bytes.get(..at).ok_or(BadName::Truncated)
    }

    /// The octets on the wire, root label included.
    pub fn wire(&self) -> &[u8] {
        &self.wire[..usize::from(self.len)]
    }

    /// The labels, without the root.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.wire();
        std::iter::from_fn(move || {
            let (&len, tail) = rest.split_first()?;
            if len == 0 {
                return None;
            }
            let (label, tail) = tail.split_at(usize::from(len));
            rest = tail;
            Some(label)
        })
    }

    /// The host this name says, if all its labels are host labels. `None` for the root and for names of other octets.
    pub fn host(&self) -> Option<Host> {
        Host::of_wire(self.wire())
    }
}

impl Name {
    /// The host by which this name is judged: itself, or, where labels hold octets that no host has, the part behind the last
    /// of these with one label `-` before it. So `a!b.example` is below `example` for every list, as it is for the DNS: a
    /// browser asks for such names, and a zone with a wildcard answers them. `None` for the root, and where nothing of the
    /// name is a host.
    pub fn nearest_host(&self) -> Option<Host> {
        if let Some(host) = self.host() {
            return Some(host);
        }
        let is_odd = |label: &[u8]| !label.iter().all(|&c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
        let odd = self.labels().enumerate().filter(|(_, label)| is_odd(label)).last()?.0;
        let mut text = b"-".to_vec();
        for label in self.labels().skip(odd + 1) {
            text.push(b'.');
            text.extend_from_slice(label);
        }
        if text.len() > 1 { Host::parse_ascii(&text).ok() } else { None }
    }
}

impl From<&Host> for Name {
    /// The wire form of a host. An address has no wire form of its own; its text is written as labels.
    fn from(host: &Host) -> Self {
        let mut name = Self { len: 0, wire: [0; MAX_NAME] };
        let mut at = 0;
        for label in host.as_str().split(['.', ':']) {
            let label = &label.as_bytes()[..label.len().min(63)];
            name.wire[at] = label.len() as u8;
            name.wire[at + 1..at + 1 + label.len()].copy_from_slice(label);
            at += 1 + label.len();
        }
        name.len = at as u8 + 1;
        name
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.wire().eq_ignore_ascii_case(other.wire())
    }
}

impl Eq for Name {}

/// Labels as text, octets outside `!`–`~` and the dot and backslash as `\DDD` (RFC 1035 §5.1); the root is `.`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for label in self.labels() {
            if !first {
                f.write_str(".")?;
            }
            first = false;
            for &c in label {
                match c {
                    b'.' | b'\\' | b'"' | b'\'' => write!(f, "\\{:03}", c)?,
                    b'!'..=b'~' => write!(f, "{}", c.to_ascii_lowercase() as char)?,
                    c => write!(f, "\\{c:03}")?,
                }
            }
        }
        if first { f.write_str(".") } else { Ok(()) }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn octets_that_are_no_letters_are_printed_as_ddd() {
        let name = Name::from_wire(b"\x03a\nb\x05e.\x1bil\x00rest").expect("a good name");
        assert_eq!(name.to_string(), "a\\010b.e\\046\\027il");
        assert_eq!(name.wire().len(), 11);
        assert_eq!(name.host(), None);
    }

    #[test]
    fn a_label_no_host_has_hides_nothing_of_what_it_is_below() {
        for (wire, judged) in [
            (&b"\x03a!b\x05Adult\x07example\0"[..], Some("-.adult.example")),
            (b"\x01w\x02\xff.\x05adult\x07example\0", Some("-.adult.example")),
            (b"\x0dadult.example\x03com\0", Some("-.com")),
            (b"\x03www\x05adult\x07example\0", Some("www.adult.example")),
            (b"\x07example\x01!\0", None),
            (b"\0", None),
        ] {
            let name = Name::from_wire(wire).expect("a good name");
            assert_eq!(name.nearest_host().map(|h| h.to_string()).as_deref(), judged, "{name}");
        }
    }

    #[test]
    fn a_host_and_its_name_say_the_same() {
        let host = Host::parse("www.example.com").expect("a host");
        let name = Name::from(&host);
        assert_eq!(name.wire(), b"\x03www\x07example\x03com\x00");
        assert_eq!(name.host(), Some(host));
        assert_eq!(Name::from_wire(b"\x00").map(|n| n.to_string()), Ok(".".into()));
    }

    proptest! {
        #[test]
        fn a_name_is_the_host_that_its_text_is(labels in proptest::collection::vec("[a-zA-Z0-9_.!-]{1,20}", 0..8)) {
            let mut wire: Vec<u8> = labels.iter().flat_map(|l| [&[l.len() as u8], l.as_bytes()].concat()).collect();
            wire.push(0);
            let plain = labels.iter().all(|l| !l.contains('.'));
            let text = Host::parse_ascii(labels.join(".").as_bytes()).ok().filter(|_| plain);
            prop_assert_eq!(Name::from_wire(&wire).expect("a name").host(), text);
        }

        #[test]
        fn no_octets_make_a_host_of_what_is_no_name(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(host) = Host::of_wire(&bytes) {
                prop_assert_eq!(Name::from_wire(&bytes).ok().and_then(|name| Host::parse(&name.to_string()).ok()), Some(host));
            }
        }
    }

    #[test]
    fn bad_names_are_refused() {
        assert_eq!(Name::from_wire(b""), Err(BadName::Truncated));
        assert_eq!(Name::from_wire(b"\x05abc"), Err(BadName::Truncated));
        assert_eq!(Name::from_wire(b"\xc0\x0c"), Err(BadName::BadLabel));
        let long: Vec<u8> = std::iter::repeat_n(b"\x3f".iter().chain(&[b'a'; 63]), 4).flatten().copied().chain([0]).collect();
        assert_eq!(Name::from_wire(&long), Err(BadName::TooLong));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(name) = Name::from_wire(&bytes) {
                let _ = (name.to_string(), name.host(), name.nearest_host());
            }
        }
    }
}
