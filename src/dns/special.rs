//! Names that are never asked upstream, whoever asks and whatever the lists say of them.
//!
//! They are journalled by the step that judged them, as any other name: most devices ask for them by themselves.

use crate::config::{Encrypted, HTTPS_PATH};
use crate::gate::Snapshot;
use crate::wire::svcb::Designated;
use crate::wire::{Body, Made, Rcode, rr};
use crate::words::Host;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

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
    // RFC 9462 §6.4: the upstream's encrypted resolvers are not to be told of; ours are, below.
    ("resolver.arpa", Say::Nothing),
];

/// What a client asks that looks for an encrypted way to the resolver it has (RFC 9462 §4), and below the name of a resolver it
/// knows (§5).
const DISCOVERY: &str = "_dns.resolver.arpa";
const DISCOVERY_LABEL: &str = "_dns.";

/// How long clients may keep these answers. They never change: an hour, as RFC 2308 has for negative ones.
const TTL: u32 = 3_600;

/// How long clients may keep where we are, and where we are asked over TLS and HTTPS: until somebody has changed it.
const OURS_TTL: u32 = 300;

/// The answer, if the name is one of these, or one of our own in a zone of the school's. `local` is the address that was asked.
pub fn answer<'a>(host: &Host, kind: u16, snapshot: &'a Snapshot, local: IpAddr) -> Option<Made<'a>> {
    // Without a certificate that can be used nobody is served there, whatever is written.
    let served = snapshot.config.dns.encrypted.as_ref().filter(|_| matches!(snapshot.identity, Some(Ok(_))));
    if kind == rr::SVCB
        && let Some(ours) = ours(served, local, host)
    {
        return Some(Made { body: Body::Designated { ours, ttl: OURS_TTL }, ..Made::bare(Rcode::NOERROR) });
    }
    if snapshot.config.is_own_name(host, local) {
        return Some(Made::address(kind, local, OURS_TTL));
    }
    fixed(host, kind)
}

/// Our encrypted resolvers, if that is what a name asks for. Where they listen on every address, the one that was asked is told.
fn ours<'a>(encrypted: Option<&'a Encrypted>, local: IpAddr, host: &Host) -> Option<Designated<'a>> {
    let encrypted = encrypted?;
    let name = host.as_str();
    if name != DISCOVERY && name.strip_prefix(DISCOVERY_LABEL) != Some(encrypted.by.name.as_str()) {
        return None;
    }
    let at = |listen: &[SocketAddr]| {
        let first = listen.first()?;
        Some(if first.ip().is_unspecified() { SocketAddr::new(local, first.port()) } else { *first })
    };
    let https = at(&encrypted.https_listen).map(|at| (at, HTTPS_PATH));
    Some(Designated { name: &encrypted.by.name, tls: at(&encrypted.tls_listen), https })
}

fn fixed(host: &Host, kind: u16) -> Option<Made<'static>> {
    let text = host.as_str();
    let at_or_below = |name: &str| text.strip_suffix(name).is_some_and(|above| above.is_empty() || above.ends_with('.'));
    // Of nearly every host eight octets are enough to tell that it is none of them.
    let end = |name: &str| name.as_bytes().last_chunk::<8>().copied();
    let (_, say) = NAMES.iter().find(|(name, _)| end(name) == end(text) && at_or_below(name))?;
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
    use crate::config::{Certified, PemFile, Spot};
    use crate::wire::Query;
    use crate::wire::question::tests::query;

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
            let made = fixed(&Host::parse(name).expect("a host"), kind);
            assert_eq!(made.map(|m| (m.rcode, m.body)), said, "{name}");
        }
    }

    #[test]
    fn our_encrypted_resolvers_are_told_to_who_looks_for_them() {
        let file = |name: &str| PemFile { path: name.into(), at: Spot { path: "schoolgate.toml".into(), line: 1, column: 1 } };
        let encrypted = Encrypted {
            by: Certified {
                name: Host::parse("dns.school.example").expect("a host"),
                certificate: file("dns.pem"),
                key: file("dns.key"),
            },
            tls_listen: vec!["0.0.0.0:853".parse().expect("an address")],
            https_listen: vec!["[2001:db8::1]:8443".parse().expect("an address")],
        };
        let said = |name: &str, encrypted: Option<&Encrypted>| {
            let local = [10, 20, 0, 1].into();
            let ours = ours(encrypted, local, &Host::parse(name).expect("a host"))?;
            let query = query(name, rr::SVCB, 1232, false);
            let mut out = Vec::new();
            let made = Made { body: Body::Designated { ours, ttl: OURS_TTL }, ..Made::bare(Rcode::NOERROR) };
            made.write(&Query::read(&query).expect("a query"), &mut out);
            let parsed = hickory_proto::op::Message::from_vec(&out).expect("an answer that others can read");
            Some(parsed.answers.iter().map(|r| r.data.to_string()).collect::<Vec<_>>())
        };
        for name in ["_dns.resolver.arpa", "_dns.dns.school.example"] {
            let records = said(name, Some(&encrypted)).expect("an answer");
            assert_eq!(
                records,
                [
                    "1 dns.school.example. alpn=dot, port=853 ipv4hint=10.20.0.1,",
                    "2 dns.school.example. alpn=h2, port=8443 ipv6hint=2001:db8::1, unknown7=\"/dns-query{?dns}\",",
                ],
                "{name}"
            );
        }
        assert_eq!(said("dns.school.example", Some(&encrypted)), None);
        assert_eq!(said("_dns.resolver.arpa", None), None);
    }
}
