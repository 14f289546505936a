//! A host as URLs and lists hold it: an RFC 1123 name in A-label form, or an address literal.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest host name in text form without the trailing dot (RFC 1035 §2.3.4: 255 octets on the wire).
pub const MAX_HOST: usize = 253;

/// In a count of labels: the entry is a page of that part of the host, or, with no label, a pattern.
pub const PAGE: u8 = 0x80;
/// An address has one label; from here on the number is the length of a range: none is wider than /24.
pub const WIDEST_RANGE: u8 = 24;

/// A lower-case host: labels of letters, digits, `-` and `_`, no trailing dot; or the text of an IP address without brackets.
///
/// Underscores are taken because real URLs and lists hold them. Held in place, so that a door can make one without the heap.
#[derive(Clone, Copy)]
pub struct Host {
    len: u8,
    address: bool,
    bytes: [u8; MAX_HOST],
}

/// Why a text is not a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadHost {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than 253 characters")]
    TooLong,
    #[error("a label is empty or longer than 63 characters")]
    BadLabel,
    #[error("it holds a character that no host name may hold")]
    BadCharacter,
    #[error("it is not a valid international name")]
    BadIdna,
}

impl Host {
    /// Reads a host name or an address literal (`[::1]` and `::1` alike); one trailing dot is dropped, Unicode becomes A-labels.
    ///
    /// # Errors
    /// [`BadHost`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, BadHost> {
        if text.is_empty() {
            return Err(BadHost::Empty);
        }
        if let Some(address) = parse_address(text) {
            return Ok(Self::from(address));
        }
        if !text.is_ascii() {
            let ascii = idna::domain_to_ascii(text).map_err(|_| BadHost::BadIdna)?;
            // Digits of full width are digits (WHATWG URL, 'host parser').
            return parse_address(&ascii).map_or_else(|| Self::parse_ascii(ascii.as_bytes()), |address| Ok(Self::from(address)));
        }
        Self::parse_ascii(text.as_bytes())
    }

    /// Reads a name of ASCII bytes. What looks like an address is not made one here: see [`Host::parse`].
    ///
    /// # Errors
    /// [`BadHost`] says what is wrong with the bytes.
    pub fn parse_ascii(text: &[u8]) -> Result<Self, BadHost> {
        let text = text.strip_suffix(b".").unwrap_or(text);
        if text.is_empty() {
            return Err(BadHost::Empty);
        }
        if text.len() > MAX_HOST {
            return Err(BadHost::TooLong);
        }
        let mut host = Self { len: text.len() as u8, address: false, bytes: [0; MAX_HOST] };
        let mut label = 0;
        for (to, &c) in host.bytes.iter_mut().zip(text) {
            label = match c {
                b'.' if label == 0 => return Err(BadHost::BadLabel),
                b'.' => 0,
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => label + 1,
                _ => return Err(BadHost::BadCharacter),
            };
            if label > 63 {
                return Err(BadHost::BadLabel);
            }
            *to = c.to_ascii_lowercase();
        }
        if label == 0 {
            return Err(BadHost::BadLabel);
        }
        Ok(host)
    }

    /// Reads a name as it is on the wire, root label included: for the door of DNS, that does it for every packet. `None`: the name is
    /// no host.
    pub fn of_wire(wire: &[u8]) -> Option<Self> {
        // The first octet is a length, and so is the last: of the root.
        let len = wire.len().checked_sub(2).filter(|len| (1..=MAX_HOST).contains(len))?;
        let mut host = Self { len: len as u8, address: false, bytes: [0; MAX_HOST] };
        let text = &mut host.bytes[..len];
        text.copy_from_slice(&wire[1..=len]);
        let (mut at, mut dots) = (0, 0u8);
        loop {
            match usize::from(*wire.get(at)?) {
                0 => break,
                label if label > 63 => return None,
                label => at += 1 + label,
            }
            // Where the next length stood.
            if at <= len {
                *text.get_mut(at.checked_sub(1)?)? = b'.';
                dots += 1;
            }
        }
        // No branch in it, and whole sixteens with the zeros behind the text, so that sixteen are done at a time. A dot within a label
        // would read as two labels.
        let (mut good, mut seen) = (0u8, 0u8);
        let mut look = |c: &mut u8| {
            *c |= u8::from(c.wrapping_sub(b'A') < 26) << 5;
            let letter = (c.wrapping_sub(b'a') < 26) | (c.wrapping_sub(b'0') < 10) | (*c == b'-') | (*c == b'_');
            seen += u8::from(*c == b'.');
            good += u8::from(letter | (*c == b'.'));
        };
        let (sixteens, rest) = host.bytes[..len.next_multiple_of(16).min(MAX_HOST)].as_chunks_mut::<16>();
        sixteens.iter_mut().for_each(|sixteen| sixteen.iter_mut().for_each(&mut look));
        rest.iter_mut().for_each(look);
        (usize::from(good) == len && seen == dots && at == len + 1).then_some(host)
    }

    pub fn as_str(&self) -> &str {
        // SAFETY: the bytes were checked to be ASCII when they were read, and nothing writes them afterwards. Checked again here,
        // they cost a tenth of a microsecond for each packet: a name is looked at some ten times.
        unsafe { std::str::from_utf8_unchecked(&self.bytes[..usize::from(self.len)]) }
    }

    /// Whether this is the text of an IP address: it has no parents.
    pub fn is_address(&self) -> bool {
        self.address
    }

    /// The address this host is the text of, if it is one.
    pub fn address(&self) -> Option<IpAddr> {
        if self.address { self.as_str().parse().ok() } else { None }
    }

    /// The host itself, then each parent: `a.b.example`, `b.example`, `example`. An address has only itself.
    pub fn suffixes(&self) -> Suffixes<'_> {
        Suffixes { rest: Some(self.as_str()), address: self.address }
    }

    /// How many labels the host has; 1 for an address.
    pub fn labels(&self) -> u8 {
        self.suffixes().count() as u8
    }

    /// The last `labels` labels: what a list's entry of that length says. The whole host if it has no more than that.
    pub fn last_labels(&self, labels: u8) -> &str {
        let total = self.labels();
        self.suffixes().nth(usize::from(total.saturating_sub(labels))).unwrap_or(self.as_str())
    }

    /// The text of the list entry that this many labels of the host stand for: so many of its last labels, `203.0.113.0/24` of an address from 24 upwards, `example.com/…` of a page, or a pattern.
    pub fn entry(&self, labels: u8) -> Cow<'_, str> {
        match (labels & !PAGE, self.address()) {
            (0, _) => Cow::Borrowed("a pattern"),
            (of_host, _) if labels & PAGE != 0 => Cow::Owned(format!("{}/…", self.last_labels(of_host))),
            (length @ WIDEST_RANGE.., Some(address)) => Cow::Owned(format!("{}/{length}", first_of(address, length))),
            (labels, _) => Cow::Borrowed(self.last_labels(labels)),
        }
    }

    /// Whether the host is `parent` or below it.
    pub fn is_within(&self, parent: &Host) -> bool {
        self.suffixes().any(|s| s == parent.as_str())
    }
}

/// The first address of the range of this length that the address lies in.
pub fn first_of(address: IpAddr, length: u8) -> IpAddr {
    let kept = |all: u32| all.saturating_sub(length.into());
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(kept(32)).unwrap_or(0)).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(kept(128)).unwrap_or(0)).into()),
    }
}

fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    // `203.0.113.7.` leads browsers to the address, not to a name.
    if let Ok(v4) = text.strip_suffix('.').unwrap_or(text).parse::<Ipv4Addr>() {
        return Some(v4.into());
    }
    text.parse::<Ipv6Addr>().ok().map(IpAddr::from)
}

impl From<IpAddr> for Host {
    /// The canonical text of an address (RFC 5952); an IPv4-mapped address is its IPv4 address.
    fn from(address: IpAddr) -> Self {
        let text = address.to_canonical().to_string();
        let mut host = Self { len: text.len() as u8, address: true, bytes: [0; MAX_HOST] };
        host.bytes[..text.len()].copy_from_slice(text.as_bytes());
        host
    }
}

impl std::str::FromStr for Host {
    type Err = BadHost;
    fn from_str(text: &str) -> Result<Self, BadHost> {
        Self::parse(text)
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Host {}

impl PartialOrd for Host {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Host {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for Host {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// So that a map of hosts can be asked with one of [`Host::suffixes`].
impl std::borrow::Borrow<str> for Host {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({self})")
    }
}

/// The walk from a host up to its top label: see [`Host::suffixes`].
pub struct Suffixes<'a> {
    rest: Option<&'a str>,
    address: bool,
}

impl<'a> Iterator for Suffixes<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let now = self.rest?;
        self.rest = if self.address { None } else { now.split_once('.').map(|(_, parent)| parent) };
        Some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_however_a_url_may_write_it() {
        for text in ["203.0.113.7", "203.0.113.7.", "[203.0.113.7]", "::ffff:203.0.113.7", "２０３.0.113.7", "203。0。113。7"]
        {
            let host = Host::parse(text).expect("a host");
            assert!(host.is_address() && host.as_str() == "203.0.113.7", "{text} {host}");
        }
        assert_eq!(Host::parse("203.0.113.7.."), Err(BadHost::BadLabel));
    }

    #[test]
    fn what_is_a_host_and_how_it_is_written() {
        for (text, written) in [
            ("Example.COM.", "example.com"),
            ("_dmarc.example.com", "_dmarc.example.com"),
            ("münchen.de", "xn--mnchen-3ya.de"),
            ("192.0.2.7", "192.0.2.7"),
            ("[2001:DB8::1]", "2001:db8::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(Host::parse(text).map(|h| h.to_string()), Ok(written.to_owned()), "{text}");
        }
        for (text, why) in [
            ("", BadHost::Empty),
            (".", BadHost::Empty),
            ("a..b", BadHost::BadLabel),
            ("a b", BadHost::BadCharacter),
            ("a/b", BadHost::BadCharacter),
            (&"a".repeat(64), BadHost::BadLabel),
            (&"a.".repeat(130), BadHost::TooLong),
        ] {
            assert_eq!(Host::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn suffixes_walk_up_names_but_never_addresses() {
        let walk = |text: &str| Host::parse(text).map(|h| h.suffixes().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(walk("a.b.example"), Ok(vec!["a.b.example".into(), "b.example".into(), "example".into()]));
        assert_eq!(walk("192.0.2.7"), Ok(vec!["192.0.2.7".to_owned()]));
        let host = Host::parse("www.shop.example.com");
        assert_eq!(host.map(|h| h.last_labels(2).to_owned()), Ok("example.com".to_owned()));
    }
}
