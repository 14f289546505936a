//! HTTPS and SVCB records: the target, the addresses they hint at, and what is taken out of them (RFC 9460).

use super::u16_at;
use crate::words::{Host, Name};
use std::net::{IpAddr, SocketAddr};

/// SvcParamKeys (RFC 9460 §14.3.2).
const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const NO_DEFAULT_ALPN: u16 = 2;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const ECH: u16 = 5;
const IPV6_HINT: u16 = 6;
const DOHPATH: u16 = 7;

/// One record's data.
pub struct Service<'a> {
    /// The root (`.`) means the owner itself.
    pub target: Name,
    hints4: &'a [u8],
    hints6: &'a [u8],
}

/// Reads the data of a record; `None` if they are malformed. The target is never compressed (RFC 9460 §2.2).
pub fn read(data: &[u8]) -> Option<Service<'_>> {
    let target = Name::from_wire(data.get(2..)?).ok()?;
    let mut rest = data.get(2 + target.wire().len()..)?;
    let (mut hints4, mut hints6): (&[u8], &[u8]) = (&[], &[]);
    while !rest.is_empty() {
        let key = u16_at(rest, 0)?;
        let end = 4 + usize::from(u16_at(rest, 2)?);
        let value = rest.get(4..end)?;
        match key {
            IPV4_HINT => hints4 = value,
            IPV6_HINT => hints6 = value,
            _ => {}
        }
        rest = &rest[end..];
    }
    (hints4.len().is_multiple_of(4) && hints6.len().is_multiple_of(16)).then_some(Service { target, hints4, hints6 })
}

/// Where a resolver is asked over an encrypted connection (RFC 9461, RFC 9462): over TLS first, which costs both sides less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Designated<'a> {
    pub name: &'a Host,
    pub tls: Option<SocketAddr>,
    /// With the path that is asked.
    pub https: Option<(SocketAddr, &'a str)>,
}

impl Designated<'_> {
    /// The data of a record for each.
    pub fn records(&self) -> impl Iterator<Item = Vec<u8>> {
        let tls = self.tls.map(|at| (at, &b"\x03dot"[..], String::new()));
        let https = self.https.map(|(at, path)| (at, &b"\x02h2"[..], format!("{path}{{?dns}}")));
        let name = Name::from(self.name);
        (1u16..).zip(tls.into_iter().chain(https)).map(move |(priority, (at, alpn, path))| {
            let mut data = [&priority.to_be_bytes(), name.wire()].concat();
            put(ALPN, alpn, &mut data);
            put(PORT, &at.port().to_be_bytes(), &mut data);
            match at.ip() {
                IpAddr::V4(ip) => put(IPV4_HINT, &ip.octets(), &mut data),
                IpAddr::V6(ip) => put(IPV6_HINT, &ip.octets(), &mut data),
            }
            if !path.is_empty() {
                put(DOHPATH, path.as_bytes(), &mut data);
            }
            data
        })
    }
}

/// What is left of a record without its encrypted client hello and HTTP/3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It has neither.
    All,
    /// These data instead.
    Some(Vec<u8>),
    /// Nothing: it leads to HTTP/3 only, or what it says cannot be read.
    Nothing,
}

/// Takes `ech` and the HTTP/3 protocols of `alpn` out of a record's data. All else is kept in its order.
///
/// Without any protocol left a record stands for the default one, HTTP over TCP (RFC 9460 §7.1.2), unless it says that there is
/// none; then it goes whole. `mandatory` names only what is left (RFC 9460 §8).
pub fn without_ech(data: &[u8]) -> Left {
    stripped(data).unwrap_or(Left::Nothing)
}

/// `None`: malformed.
fn stripped(data: &[u8]) -> Option<Left> {
    let front = 2 + Name::from_wire(data.get(2..)?).ok()?.wire().len();
    let alpn = match params(&data[front..]).flatten().find(|(key, _)| *key == ALPN) {
        Some((_, value)) => Some(protocols(value)?),
        None => None,
    };
    let no_protocol = alpn.as_ref().is_some_and(Vec::is_empty);
    let mut left = data[..front].to_vec();
    for param in params(&data[front..]) {
        let (key, value) = param?;
        match key {
            ECH => {}
            ALPN if no_protocol => {}
            ALPN => put(key, alpn.as_deref().unwrap_or(value), &mut left),
            NO_DEFAULT_ALPN if no_protocol => return Some(Left::Nothing),
            MANDATORY => {
                let (keys, odd) = value.as_chunks::<2>();
                let gone = |key: u16| key == ECH || key == ALPN && no_protocol;
                let kept = keys.iter().filter(|key| !gone(u16::from_be_bytes(**key))).flatten().copied();
                let kept: Vec<u8> = odd.is_empty().then(|| kept.collect())?;
                if !kept.is_empty() {
                    put(key, &kept, &mut left);
                }
            }
            _ => put(key, value, &mut left),
        }
    }
    Some(if left == data { Left::All } else { Left::Some(left) })
}

/// Keys and values; `None` and the end where they are malformed.
fn params(mut rest: &[u8]) -> impl Iterator<Item = Option<(u16, &[u8])>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let param =
            u16_at(rest, 0).zip(u16_at(rest, 2)).and_then(|(key, length)| Some((key, rest.get(4..)?.get(..length.into())?)));
        rest = param.map_or(&[], |(_, value)| &rest[4 + value.len()..]);
        Some(param)
    })
}

fn put(key: u16, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&key.to_be_bytes());
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
}

/// The value of `alpn` without HTTP/3 and its drafts (`h3`, `h3-29`); `None` if it is malformed.
fn protocols(mut value: &[u8]) -> Option<Vec<u8>> {
    let mut left = Vec::with_capacity(value.len());
    while let Some(&length) = value.first() {
        let (protocol, rest) = value.split_at_checked(1 + usize::from(length))?;
        if !protocol[1..].starts_with(b"h3") {
            left.extend_from_slice(protocol);
        }
        value = rest;
    }
    Some(left)
}

impl Service<'_> {
    pub fn hints(&self) -> impl Iterator<Item = IpAddr> {
        let v4 = self.hints4.as_chunks::<4>().0.iter().map(|&a| IpAddr::from(a));
        v4.chain(self.hints6.as_chunks::<16>().0.iter().map(|&a| IpAddr::from(a)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn target_and_hints_are_read_and_other_keys_stepped_over() {
        let data = b"\x00\x01\x02up\x04test\x00\x00\x01\x00\x03\x02h2\x00\x04\x00\x08\xc0\x00\x02\x01\xc0\x00\x02\x02";
        let service = read(data).expect("a record");
        assert_eq!(service.target.to_string(), "up.test");
        assert_eq!(service.hints().map(|a| a.to_string()).collect::<Vec<_>>(), ["192.0.2.1", "192.0.2.2"]);
        assert!(read(&data[..data.len() - 1]).is_none());
    }

    /// A record of priority 1 for its owner, with these keys and values.
    fn record(params: &[(u16, &[u8])]) -> Vec<u8> {
        let mut data = vec![0, 1, 0];
        params.iter().for_each(|(key, value)| put(*key, value, &mut data));
        data
    }

    #[test]
    fn ech_and_http_3_go_and_the_rest_stays_in_its_order() {
        let (hint, port) = ((IPV4_HINT, &[192, 0, 2, 1][..]), (3, &[1, 187][..]));
        for (before, after) in [
            (vec![(ALPN, &b"\x02h2\x08http/1.1"[..]), port, hint], None),
            (vec![(ALPN, b"\x02h3\x02h2"), hint], Some(vec![(ALPN, &b"\x02h2"[..]), hint])),
            (vec![(ALPN, b"\x02h2\x05h3-29\x02h3"), hint, (ECH, b"key")], Some(vec![(ALPN, b"\x02h2"), hint])),
            // What is left without a protocol is HTTP over TCP.
            (vec![(ALPN, b"\x02h3"), port], Some(vec![port])),
            (vec![(MANDATORY, &[0, 1, 0, 5]), (ALPN, b"\x02h3"), port, (ECH, b"key")], Some(vec![port])),
            (vec![(MANDATORY, &[0, 3, 0, 5]), port, (ECH, b"key")], Some(vec![(MANDATORY, &[0, 3]), port])),
            (vec![(ECH, b"")], Some(vec![])),
            (vec![(999, b"ech=h3")], None),
        ] {
            let left = without_ech(&record(&before));
            assert_eq!(left, after.map_or(Left::All, |params| Left::Some(record(&params))), "{before:?}");
        }
    }

    #[test]
    fn a_record_for_http_3_alone_goes_whole_and_so_does_one_that_cannot_be_read() {
        for (params, what) in [
            (vec![(ALPN, &b"\x02h3"[..]), (NO_DEFAULT_ALPN, b"")], "HTTP/3 and no other"),
            (vec![(ALPN, b"\x09h2")], "an alpn that ends early"),
            (vec![(MANDATORY, &[0]), (ECH, b"key")], "half a key"),
        ] {
            assert_eq!(without_ech(&record(&params)), Left::Nothing, "{what}");
        }
        let whole = record(&[(ECH, b"key")]);
        assert_eq!(without_ech(&whole[..whole.len() - 1]), Left::Nothing);
        assert_eq!(without_ech(&[0, 0, 1, b'a', 0]), Left::All, "an alias");
    }

    proptest! {
        #[test]
        fn what_is_left_has_nothing_more_to_take_out(data in proptest::collection::vec(0u8..8, 0..60)) {
            if let Left::Some(left) = without_ech(&data) {
                prop_assert!(left.len() < data.len());
                prop_assert_eq!(without_ech(&left), Left::All);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(data in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = without_ech(&data);
            if let Some(service) = read(&data) {
                let _ = service.hints().count();
            }
        }
    }
}
