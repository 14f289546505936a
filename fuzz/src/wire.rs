//! DNS as it comes from clients and upstreams.

use schoolgate::wire::answer::{LONGEST, PAD_TO, header_only, pass_on};
use schoolgate::wire::{Made, Message, Path, Query, Rcode, certificate, rr, svcb};

/// A query, answered; and a message, passed on to whoever asked.
pub fn packet(bytes: &[u8]) {
    let query = Query::read(bytes);
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
        Made::minimal().write(&query, &mut out);
        assert!(Message::read(out.clone()).is_ok(), "what we answer is a message");
        if query.edns.is_some_and(|edns| edns.padded) {
            assert!(out.len() % PAD_TO == 0 && path != Path::Stream { private: false }, "{}", out.len());
        }
        if let Ok(message) = Message::read(bytes.to_vec()) {
            pass_on(&message, &query, 0, LONGEST, &mut out);
            assert!(out.len() <= LONGEST, "{}", out.len());
        }
    }
    let _ = certificate::ends(bytes);
    let _ = svcb::read(bytes).map(|service| service.hints().count());
    let Ok(message) = Message::read(bytes.to_vec()) else { return };
    let _ = (message.names().len(), message.addresses().len(), message.lifetime(), message.rcode(), message.weight());
    let Ok(name) = schoolgate::words::Name::from_wire(&message.bytes()[12..]) else { return };
    let query = Query::of(name, rr::A);
    for (age, limit) in [(0, 512), (3600, 1232), (u32::MAX, 65_535)] {
        pass_on(&message, &query, age, limit, &mut out);
        assert!(out.len() <= limit.max(12 + message.question_len() + 11), "{} of {limit}", out.len());
    }
}
