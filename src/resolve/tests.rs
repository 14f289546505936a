mod encrypted;
mod hostile;
mod load;
mod scripted;
mod signed;
mod stale;
mod zones;

use super::stub::{Stub, rows, with_code};
use super::*;
use crate::wire::message::tests::{ASKED, soa};
use crate::wire::question::tests::query;
use std::net::{SocketAddr, UdpSocket};

const A: [u8; 4] = [192, 0, 2, 1];

fn asked(name: &str, kind: u16, dnssec_ok: bool) -> Query {
    Query::read(&query(name, kind, 1232, dnssec_ok)).expect("a query")
}

fn host(name: &str) -> Host {
    Host::parse(name).expect("a host")
}

/// An address where nobody listens, held so that nobody comes.
fn silent() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    (socket, address)
}

#[tokio::test]
async fn many_who_ask_at_once_cause_one_question_and_the_next_none() {
    let stub = Stub::with_address(A, 300);
    let resolver = Arc::new(Resolver::new(&[stub.address]));
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..50 {
        let resolver = resolver.clone();
        // The case is the client's own and makes no other question.
        let name = if i % 2 == 0 { "www.a.test" } else { "WWW.a.test" };
        tasks.spawn(async move { resolver.answer(&asked(name, rr::A, false)).await.map(|a| a.addresses().to_vec()) });
    }
    while let Some(outcome) = tasks.join_next().await {
        assert_eq!(outcome.expect("no panic"), Ok(vec![A.into()]));
    }
    assert!(resolver.cached(&asked("www.a.test", rr::A, false)).is_some());
    assert_eq!(stub.asked(), 1);
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_fetched_over_tcp() {
    let stub = Stub::start(|query, tcp| {
        let mut bytes = rows(query, if tcp { &[(0, ASKED, rr::A, 300, &A)] } else { &[] });
        bytes[2] |= if tcp { 0 } else { 0x02 };
        Some(bytes)
    });
    let answer = Resolver::new(&[stub.address]).answer(&asked("a.test", rr::A, false)).await.expect("an answer");
    assert_eq!(answer.addresses(), [IpAddr::from(A)]);
    assert_eq!(stub.asked(), 2);
}

#[tokio::test]
async fn a_message_comes_through_whole() {
    let minimum = soa(60);
    let stub = Stub::start(move |query, _| {
        let mut bytes = rows(query, &[(1, ASKED, rr::SOA, 60, &minimum), (1, ASKED, 47, 60, b"\0\0\x01\x40")]);
        bytes[3] |= 0x20; // AD
        Some(bytes)
    });
    let query = asked("a.test", rr::AAAA, true);
    for (trusted_ad, flags) in [(true, 0x20), (false, 0)] {
        let resolver = Resolver::new(&[Written { trusted_ad, ..stub.address.into() }]);
        let mut out = Vec::new();
        resolver.answer(&query).await.expect("an answer").write(&query, 1232, Instant::now(), u32::MAX, true, &mut out);
        assert_eq!((out[3] & 0x2f, out[9]), (flags, 2), "AD from whom we trust, no error, two records of authority");
    }
}

#[tokio::test]
async fn the_next_upstream_answers_when_the_first_is_silent_or_fails() {
    let (held, dead) = silent();
    held.set_nonblocking(true).expect("a socket");
    let failing = Stub::start(|query, _| Some(with_code(query, 2, &[])));
    let good = Stub::with_address(A, 300);
    let resolver = Resolver::new(&[dead, failing.address, good.address]);
    for i in 0..6 {
        let answer = resolver.answer(&asked(&format!("n{i}.test"), rr::A, false)).await.expect("an answer");
        assert_eq!(answer.rcode(), Rcode::NOERROR);
    }
    // After three silences it is asked last, so the others answer before it is asked at all.
    let heard = || std::iter::from_fn(|| held.recv(&mut [0; 512]).ok()).count();
    assert!(heard() >= 3);
    assert!(resolver.answer(&asked("quick.test", rr::A, false)).await.is_ok());
    assert_eq!(heard(), 0);
}

#[tokio::test]
async fn the_only_answer_there_is_is_passed_on_even_if_it_is_servfail() {
    let stub = Stub::start(|query, _| Some(with_code(query, 2, &[])));
    let answer = Resolver::new(&[stub.address]).answer(&asked("a.test", rr::A, false)).await.expect("an answer");
    assert_eq!(answer.rcode(), Rcode::SERVFAIL);
}

#[tokio::test]
async fn a_dead_upstream_is_reported_in_time_and_its_return_noticed() {
    let (held, dead) = silent();
    let resolver = Resolver::new(&[dead]);
    const { assert!(PATIENCE.as_secs() < 4) };
    assert_eq!(resolver.answer(&asked("a.test", rr::A, false)).await.err(), Some(ResolveFault::Unanswered));
    drop(held);
    let _stub = Stub::start_at(dead, |query, _| Some(rows(query, &[(0, ASKED, rr::A, 300, &A)])));
    assert!(resolver.answer(&asked("b.test", rr::A, false)).await.is_ok());
}

#[tokio::test]
async fn an_old_upstream_is_asked_again_without_edns() {
    let stub = Stub::start(|query, _| {
        Some(if query.edns.is_some() { with_code(query, 1, &[]) } else { rows(query, &[(0, ASKED, rr::A, 300, &A)]) })
    });
    assert_eq!(Resolver::new(&[stub.address]).addresses(&host("a.test")).await, Ok(vec![A.into()]));
}

#[tokio::test]
async fn other_upstreams_are_asked_from_then_on_and_old_answers_forgotten() {
    let (old, new) = (Stub::with_address(A, 300), Stub::with_address([192, 0, 2, 2], 300));
    let resolver = Resolver::new(&[old.address]);
    let ask = async || resolver.addresses(&host("a.test")).await;
    assert_eq!(ask().await, Ok(vec![A.into()]));
    let plan = |stub: &Stub| Plan { upstreams: vec![stub.address.into()], ..Plan::default() };
    assert!(!resolver.follow(plan(&old)));
    assert!(resolver.cached(&asked("a.test", rr::A, false)).is_some(), "nothing changed");
    assert!(resolver.follow(plan(&new)));
    assert_eq!(ask().await, Ok(vec![[192, 0, 2, 2].into()]));
}

#[tokio::test]
async fn addresses_of_both_families_or_why_there_are_none() {
    let six = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let minimum = soa(60);
    let stub = Stub::start(move |query, _| match &query.name.to_string()[..] {
        "both.test" => Some(rows(query, &[(0, ASKED, rr::A, 60, &A), (0, ASKED, rr::AAAA, 60, &six)])),
        "six.test" => Some(rows(query, &[(0, ASKED, rr::AAAA, 60, &six)])),
        "none.test" => Some(rows(query, &[(1, ASKED, rr::SOA, 60, &minimum)])),
        "fails.test" => Some(with_code(query, 2, &[])),
        _ => Some(with_code(query, 3, &[(1, ASKED, rr::SOA, 60, &minimum)])),
    });
    let resolver = Resolver::new(&[stub.address]);
    let (v4, v6) = (IpAddr::from(A), IpAddr::from(six));
    for (name, said) in [
        ("both.test", Ok(vec![v4, v6])),
        ("six.test", Ok(vec![v6])),
        ("none.test", Err(ResolveFault::NoAddress)),
        ("missing.test", Err(ResolveFault::NoSuchName)),
        ("fails.test", Err(ResolveFault::Failed(2))),
        ("192.0.2.9", Ok(vec![[192, 0, 2, 9].into()])),
        ("www.localhost", Ok(vec![[127, 0, 0, 1].into(), Ipv6Addr::LOCALHOST.into()])),
    ] {
        assert_eq!(resolver.addresses(&host(name)).await, said, "{name}");
    }
}
