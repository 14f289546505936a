//! Dynamic updates through the door.

use super::*;
use crate::config::Forward;
use crate::resolve::Plan;
use crate::words::Host;
use std::net::{TcpListener, UdpSocket};
use std::sync::mpsc;

/// An update that adds an address: RFC 2136 §2, by hand.
fn update(zone: &str) -> Vec<u8> {
    let mut bytes = query(zone, rr::SOA, 0, false);
    bytes[2..4].copy_from_slice(&[Query::UPDATE << 3, 0]);
    bytes[9] = 1; // one record to add
    bytes.extend_from_slice(b"\x03pc7\xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\x0a\x14\x00\x07");
    bytes
}

/// A server of the zone, which says REFUSED (nothing an open hand would say) and shows what it got.
fn server() -> (SocketAddr, mpsc::Receiver<Vec<u8>>) {
    let (tell, told) = mpsc::channel();
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("an address")) {
            break (udp, tcp);
        }
    };
    let at = udp.local_addr().expect("an address");
    let say = |got: &[u8]| {
        let mut said = got[..12].to_vec();
        (said[2], said[3]) = (said[2] | 0x80, 5);
        said[4..12].fill(0);
        said
    };
    let tell_too = tell.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = udp.recv_from(&mut buffer) {
            let _ = tell.send(buffer[..length].to_vec());
            let mut other = say(&buffer[..length]);
            other[0] ^= 1; // an answer to something else is passed over
            let _ = udp.send_to(&other, from);
            let _ = udp.send_to(&say(&buffer[..length]), from);
        }
    });
    std::thread::spawn(move || {
        for mut stream in tcp.incoming().flatten() {
            let mut length = [0; 2];
            let _ = stream.read_exact(&mut length);
            let mut got = vec![0; u16::from_be_bytes(length).into()];
            let _ = stream.read_exact(&mut got);
            let said = say(&got);
            let _ = tell_too.send(got);
            let _ = stream.write_all(&[&(said.len() as u16).to_be_bytes()[..], &said].concat());
        }
    });
    (at, told)
}

fn forward(school: &School, to: SocketAddr) {
    forward_all(school, &[("school.example", to)]);
}

fn forward_all(school: &School, zones: &[(&str, SocketAddr)]) {
    let host = |zone| vec![Host::parse(zone).expect("a host")];
    let forwards = zones.iter().map(|(zone, to)| Forward { zones: host(zone), upstreams: vec![(*to).into()] }).collect();
    school.door.resolver.follow(Plan { upstreams: vec![school.stub.address.into()], forwards, ..Plan::default() });
}

#[tokio::test]
async fn an_update_of_the_school_s_zone_reaches_its_server_as_it_is_and_the_answer_comes_back() {
    let (school, (at, told)) = (school(""), server());
    forward(&school, at);
    for (transport, zone) in [(Transport::Udp, "school.example"), (Transport::Tcp, "labs.school.example")] {
        let sent = update(zone);
        let asker = Asker { client: ClientAddr::new(PUPIL.into()), local: LOCAL.into(), transport };
        let mut out = Vec::new();
        assert!(school.door.answer(&sent, asker, &mut out).await);
        assert_eq!(told.recv().expect("the server got it"), sent, "{transport:?}");
        assert_eq!((&out[..2], out[2], out[3]), (&sent[..2], 0x80 | Query::UPDATE << 3, 5), "{transport:?}");
    }
    let events: Vec<_> = school.events().iter().map(|e| (e.host.to_string(), e.query_type, e.status)).collect();
    assert_eq!(events, [("school.example".into(), rr::SOA, 5), ("labs.school.example".to_owned(), rr::SOA, 5)]);
}

#[tokio::test]
async fn an_update_of_any_other_zone_or_by_a_stranger_goes_nowhere() {
    let (school, (at, told)) = (school(""), server());
    forward(&school, at);
    let code = |said: Option<Vec<u8>>| said.map(|s| s[3] & 0x0f);
    assert_eq!(code(school.say(PUPIL, &update("other.example")).await), Some(4));
    assert_eq!(code(school.say(PUPIL, &update("example")).await), Some(4));
    assert_eq!(code(school.say(STRANGER, &update("school.example")).await), None);
    let mut two_zones = update("school.example");
    two_zones[5] = 2;
    assert_eq!(code(school.say(PUPIL, &two_zones).await), Some(4));
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_servfail() {
    let school = school("");
    let held = UdpSocket::bind("127.0.0.1:0").expect("a port");
    forward(&school, held.local_addr().expect("an address"));
    let said = school.say(PUPIL, &update("school.example")).await.expect("an answer");
    assert_eq!((said[2], said[3] & 0x0f), (0x80 | Query::UPDATE << 3, 2));
    assert_eq!(school.door.gate.counters.upstream_failures.get(), 1);
}

/// A client's first word to agree on a key by GSS (RFC 3645): class ANY, and a record with its token.
fn key(name: &str) -> Vec<u8> {
    let mut bytes = query(name, rr::TKEY, 0, false);
    let class = bytes.len() - 1;
    bytes[class] = 255;
    bytes[11] = 1; // one record behind the question
    bytes.extend_from_slice(b"\xc0\x0c\x00\xf9\x00\xff\x00\x00\x00\x00\x00\x1e\x08gss-tsig\x00");
    bytes.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 2, 0, 3, 0, 0, 0, 4, 1, 2, 3, 4, 0, 0]);
    bytes
}

#[tokio::test]
async fn a_key_is_agreed_on_with_the_zone_s_server_through_us_and_with_nobody_else() {
    let (school, (at, told), (other, other_told)) = (school(""), server(), server());
    let refused = |out: &[u8]| out[3] & 0x0f == 5 && out[2] & 0x80 != 0;
    let say = async |sent: &[u8], transport| {
        let asker = Asker { client: ClientAddr::new(PUPIL.into()), local: LOCAL.into(), transport };
        let mut out = Vec::new();
        assert!(school.door.answer(sent, asker, &mut out).await);
        assert!(refused(&out), "this server refuses all, and so do we");
    };
    // A name in the zone goes to the zone's; one that is nobody's to the one server there is, if there is one.
    let (in_zone, of_windows) = (key("1.sig-dc1.school.example"), key("1234-ms-7.1-7ab.2f"));
    let zones = [("school.example", at), ("20.10.in-addr.arpa", at), ("trust.example", other)];
    for (zones, sent, transport, reaches) in [
        (&zones[..2], &in_zone, Transport::Tcp, true),
        (&zones[..2], &in_zone, Transport::Udp, true),
        (&zones[..2], &of_windows, Transport::Tcp, true),
        (&zones[..], &in_zone, Transport::Tcp, true),
        (&zones[..], &of_windows, Transport::Tcp, false),
        (&[], &in_zone, Transport::Tcp, false),
    ] {
        forward_all(&school, zones);
        say(sent, transport).await;
        let got = told.try_recv().ok();
        assert_eq!(got.as_ref(), reaches.then_some(sent), "{zones:?} {transport:?}");
        assert!(other_told.try_recv().is_err());
    }
    let events: Vec<_> = school.events().iter().map(|e| (e.host.to_string(), e.query_type, e.status)).collect();
    assert_eq!(events.len(), 6);
    assert!(
        events
            .iter()
            .all(|(host, kind, status)| host.contains("sig-dc1") | host.contains("ms-7") && (*kind, *status) == (249, 5))
    );
}
