//! DNS as it comes from clients and upstreams.

use schoolgate::wire::answer::{Age, LONGEST, PAD_TO, cut, header_only, pass_on, structured_room};
use schoolgate::wire::svcb::{Designated, Left};
use schoolgate::wire::{Body, Ede, Made, Message, Path, Query, Rcode, certificate, rr, svcb};
use schoolgate::words::{Host, Name};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// A query, answered; and a message, passed on to whoever asked.
pub fn packet(bytes: &[u8]) {
    let query = Query::read(bytes);
    let _ = Query::read_update(bytes);
    let mut out = Vec::new();
    if let Ok(query) = &query {
        Made::bare(Rcode::NXDOMAIN).write(query, &mut out);
        assert!(Message::read(out.clone()).is_ok(), "what we answer is a message");
        Made::address(rr::A, std::net::Ipv4Addr::LOCALHOST.into(), 60).write(query, &mut out);
    } else if bytes.len() >= 12 {
        header_only(bytes, Rcode::FORMERR, &mut out);
    }
    for path in [Path::Stream { private: false }, Path::Stream { private: true }, Path::Https] {
        let Ok(query) = Query::read_by(path, bytes) else { continue };
        Made::minimal(15).write(&query, &mut out);
        assert!(Message::read(out.clone()).is_ok(), "what we answer is a message");
        if query.edns.is_some_and(|edns| edns.padded) {
            assert!(out.len() % PAD_TO == 0 && path != Path::Stream { private: false }, "{}", out.len());
        }
        if let Ok(message) = Message::read(bytes.to_vec()) {
            pass_on(&message, &query, Age::of(0), LONGEST, &mut out);
            assert!(out.len() <= LONGEST, "{}", out.len());
        }
    }
    let _ = certificate::ends(bytes);
    let _ = svcb::read(bytes).map(|service| service.hints().count());
    let Ok(message) = Message::read(bytes.to_vec()) else { return };
    let _ = (message.names().len(), message.addresses().len(), message.lifetime(), message.rcode(), message.weight());
    let _ = message.stale(30).lifetime();
    if let Ok(bare) = message.without_signatures() {
        assert!(Message::read(bare.bytes().to_vec()).is_ok(), "what we write anew is a message");
    }
    let Ok(name) = schoolgate::words::Name::from_wire(&message.bytes()[12..]) else { return };
    let query = Query::of(name, rr::A);
    for (age, limit) in [(0, 512), (3600, 1232), (u32::MAX, 65_535)] {
        pass_on(&message, &query, Age { passed: age, most: 15 }, limit, &mut out);
        let cut = out[2] & 0x02 != 0;
        let told = Message::read(out.clone());
        assert!(cut || told.is_ok_and(|told| told.lifetime() <= 15), "kept for longer than it may be");
        assert!(out.len() <= limit.max(12 + message.question_len() + 11), "{} of {limit}", out.len());
    }
}

/// Everything that we answer ourselves, to a query made of the bytes: what comes out is a message that repeats the question.
pub fn answer(bytes: &[u8]) {
    let (text, rest) = bytes.split_at(bytes.len().min(40));
    let Ok(query) = Query::read(rest) else { return };
    let text = String::from_utf8_lossy(text);
    let host = Host::parse("dns.school.example").expect("a host");
    let v6 = text.bytes().map(|octet| IpAddr::from(Ipv6Addr::from([octet; 16])));
    let addresses: Vec<IpAddr> =
        if query.kind == rr::A { text.bytes().map(|o| IpAddr::from([o; 4])).collect() } else { v6.collect() };
    let at = SocketAddr::new([10, 20, 0, 1].into(), 853);
    let bodies = [
        Body::Nothing,
        Body::Soa { ttl: 15 },
        Body::Address { address: [0; 4].into(), ttl: 15 },
        Body::Alias { target: &query.name, addresses: &addresses, ttl: 15 },
        Body::Alias { target: &Name::from(&host), addresses: &[], ttl: 15 },
        Body::Designated { ours: Designated { name: &host, tls: Some(at), https: Some((at, "/dns-query")) }, ttl: 300 },
    ];
    let mut out = Vec::new();
    for (body, error) in bodies.iter().flat_map(|body| [(body, None), (body, Some((Ede::FILTERED, &*text)))]) {
        for rcode in [Rcode::NOERROR, Rcode::NXDOMAIN, Rcode::SERVFAIL] {
            Made { rcode, body: *body, error }.write(&query, &mut out);
            repeats(&query, &out);
            if matches!(body, Body::Soa { .. }) {
                assert!(out.len() <= query.udp_limit(), "{} of {}", out.len(), query.udp_limit());
            }
            let message = Message::read(out.clone()).expect("what we answer is a message");
            assert_eq!(message.rcode(), rcode);
            if let Body::Alias { addresses, .. } = body {
                assert_eq!(message.addresses(), *addresses);
            }
            // Cut, it fits whoever asked.
            cut(&query, rcode, None, &mut out);
            repeats(&query, &out);
            assert!(out[2] & 2 != 0 && out.len() <= query.udp_limit());
        }
    }
    assert!(structured_room(&query) <= query.udp_limit());
}

fn repeats(query: &Query, out: &[u8]) {
    let name = query.name.wire();
    assert_eq!(out[..2], query.id.to_be_bytes());
    assert_eq!(&out[12..12 + name.len()], name, "the question in its case");
}

/// An upstream's answer on its way to a client: passed on, and with ECH taken out.
pub fn patched(bytes: &[u8]) {
    let Ok(message) = Message::read(bytes.to_vec()) else { return };
    passes(&message);
    match message.without_ech() {
        Ok(Some(edit)) => {
            assert_eq!(edit.rcode(), message.rcode());
            assert_eq!(edit.bytes()[3] & 0x20, 0, "it is not what was signed");
            assert!(edit.ttls().len() <= message.ttls().len());
            assert!(edit.names().iter().all(|name| message.names().contains(name)));
            assert!(edit.addresses().iter().all(|address| message.addresses().contains(address)));
            assert_eq!(edit.without_ech(), Ok(None), "nothing is left to take out");
            passes(&edit);
        }
        Ok(None) => {}
        Err(_) => passes(&message.failed()),
    }
    if let Left::Some(left) = svcb::without_ech(bytes) {
        assert!(left.len() < bytes.len() && svcb::without_ech(&left) == Left::All);
    }
}

/// A message passed on differs from itself in id, flags, the case of the question and the TTLs alone, which only fall.
fn passes(message: &Message) {
    let bytes = message.bytes();
    let Ok(name) = Name::from_wire(&bytes[12..]) else { return };
    let query = Query { id: 0x1234, ..Query::of(name, rr::A) };
    let mut out = Vec::new();
    for age in [0, 3_600, u32::MAX] {
        pass_on(message, &query, Age::of(age), 65_535, &mut out);
        assert_eq!(out[..2], [0x12, 0x34]);
        let mut same = bytes.to_vec();
        same[..4].copy_from_slice(&out[..4]);
        for &at in message.ttls() {
            let at = at as usize..at as usize + 4;
            let left = u32::from_be_bytes(out[at.clone()].try_into().expect("four octets"));
            assert!(left <= 86_400u32.saturating_sub(age), "{left} of a day after {age}");
            same[at.clone()].copy_from_slice(&out[at]);
        }
        assert_eq!(out, same);
    }
}
