//! Names that are never asked upstream, whoever asks and whatever the lists say of them.
//!
//! They are journalled by the step that judged them, as any other name: most devices ask for them by themselves.

use crate::wire::{Body, Made, Rcode, rr};
use crate::words::Host;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What such a name is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Say {
    Loopback,
    NoSuchName,
    /// It exists, with nothing of any type.
    Nothing,
}

/// Each with everything below it.
const NAMES: &[(&str, Say)] = &[
    // RFC 6761 §6.3: never leaves the box.
    ("localhost", Say::Loopback),
    // Mozilla's canary: with NXDOMAIN, Firefox does not turn DNS over HTTPS on by itself.
    ("use-application-dns.net", Say::NoSuchName),
    // Apple: a network without Private Relay says so by NXDOMAIN, never by an address, which would make devices wait.
    ("mask.icloud.com", Say::NoSuchName),
    ("mask-h2.icloud.com", Say::NoSuchName),
    // RFC 9462 §6.4: we have no encrypted resolver to tell of, and must not pass on the upstream's.
    ("resolver.arpa", Say::Nothing),
];

/// How long clients may keep these answers. They never change: an hour, as RFC 2308 has for negative ones.
const TTL: u32 = 3_600;

/// The answer, if the name is one of these.
pub fn answer(host: &Host, kind: u16) -> Option<Made<'static>> {
    let text = host.as_str();
    let at_or_below = |name: &str| text.strip_suffix(name).is_some_and(|above| above.is_empty() || above.ends_with('.'));
    let (_, say) = NAMES.iter().find(|(name, _)| at_or_below(name))?;
    let empty = |rcode| Made { rcode, body: Body::Soa { ttl: TTL }, error: None };
    Some(match say {
        Say::Loopback => {
            let v6 = kind == rr::AAAA;
            Made::address(kind, if v6 { IpAddr::from(Ipv6Addr::LOCALHOST) } else { Ipv4Addr::LOCALHOST.into() }, TTL)
        }
        Say::NoSuchName => empty(Rcode::NXDOMAIN),
        Say::Nothing => empty(Rcode::NOERROR),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_names_and_those_below_them_are_answered_here() {
        let soa = Body::Soa { ttl: TTL };
        for (name, kind, said) in [
            ("localhost", rr::A, Some((Rcode::NOERROR, Body::Address { address: [127, 0, 0, 1].into(), ttl: TTL }))),
            ("a.localhost", rr::AAAA, Some((Rcode::NOERROR, Body::Address { address: Ipv6Addr::LOCALHOST.into(), ttl: TTL }))),
            ("localhost", rr::HTTPS, Some((Rcode::NOERROR, soa))),
            ("use-application-dns.net", rr::A, Some((Rcode::NXDOMAIN, soa))),
            ("mask.icloud.com", rr::AAAA, Some((Rcode::NXDOMAIN, soa))),
            ("mask-h2.icloud.com", rr::HTTPS, Some((Rcode::NXDOMAIN, soa))),
            ("_dns.resolver.arpa", rr::SVCB, Some((Rcode::NOERROR, soa))),
            ("icloud.com", rr::A, None),
            ("notlocalhost", rr::A, None),
        ] {
            let made = answer(&Host::parse(name).expect("a host"), kind);
            assert_eq!(made.map(|m| (m.rcode, m.body)), said, "{name}");
        }
    }
}
