//! Upstreams that are silent, slow, lying, or come and go; and what of a question nobody can guess.

use super::scripted::{Scripted, good, soon};
use super::*;
use crate::wire::HEADER;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

const FALSE: [u8; 4] = [203, 0, 113, 66];

fn lie(query: &Query) -> Vec<u8> {
    rows(query, &[(0, ASKED, rr::A, 300, &FALSE)])
}

#[tokio::test]
async fn what_a_liar_says_is_not_taken_and_the_truth_that_follows_is() {
    type Lie = fn(&Query) -> Vec<u8>;
    let lies: [(&str, Lie); 6] = [
        ("another id", |q| {
            let mut bytes = lie(q);
            bytes[0] ^= 0x55;
            bytes
        }),
        ("another name", |q| lie(&Query { name: asked("evil.test", rr::A, false).name, ..*q })),
        ("another type", |q| {
            let mut bytes = lie(q);
            bytes[HEADER + q.name.wire().len() + 1] = rr::AAAA as u8;
            bytes
        }),
        ("too short for a header", |q| lie(q)[..7].to_vec()),
        ("an id and noise", |q| [&q.id.to_be_bytes()[..], &[0xff; 3]].concat()),
        ("nothing at all", |_| Vec::new()),
    ];
    for (what, lie) in lies {
        let upstream =
            Scripted::start(move |_, query| vec![(Duration::ZERO, lie(query)), (Duration::from_millis(30), good(query))]);
        let resolver = Resolver::new(&[upstream.await.address]);
        let said = resolver.answer(&asked("www.a.test", rr::A, false)).await;
        // A datagram with the right id that is no message ends the wait: then it is a failure, never the lie.
        match said {
            Ok(answer) => assert_eq!(answer.addresses(), [IpAddr::from(A)], "{what}"),
            Err(fault) => {
                assert_eq!(fault, ResolveFault::Unanswered, "{what}");
                assert!(["too short for a header", "an id and noise"].contains(&what), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_in_another_case_is_asked_again_over_tcp() {
    // A forger off the path knows the name and not its case. Over TCP he is nobody.
    let stub = Stub::start(|query, tcp| {
        let mut bytes = if tcp { rows(query, &[(0, ASKED, rr::A, 300, &A)]) } else { lie(query) };
        if !tcp {
            bytes[HEADER + 1] ^= 0x20;
        }
        Some(bytes)
    });
    let answer = Resolver::new(&[stub.address]).answer(&asked("www.a.test", rr::A, false)).await.expect("an answer");
    assert_eq!(answer.addresses(), [IpAddr::from(A)]);
}

#[tokio::test]
async fn case_id_and_port_of_every_question_differ() {
    let upstream = Scripted::start(|_, query| soon(good(query))).await;
    let resolver = Resolver::new(&[upstream.address]);
    for i in 0..64 {
        // A client's own case is not what goes out.
        let query = asked(&format!("abcdefghijklmnopqrstuvwxyz{i:02}.test"), rr::A, false);
        assert!(resolver.answer(&query).await.is_ok());
    }
    let seen = upstream.seen.lock().expect("a lock");
    let ports: HashSet<u16> = seen.iter().map(|s| s.from.port()).collect();
    let ids: HashSet<&[u8]> = seen.iter().map(|s| &s.bytes[..2]).collect();
    let cases: HashSet<&[u8]> = seen.iter().map(|s| &s.bytes[HEADER + 1..HEADER + 27]).collect();
    assert!(ports.len() >= 60 && ids.len() >= 60, "{} ports, {} ids", ports.len(), ids.len());
    assert!(cases.len() >= 60, "{} ways to write 26 letters", cases.len());
    let spread = ports.iter().max().expect("a port") - ports.iter().min().expect("a port");
    assert!(spread > 2_000, "ports within {spread}");
}

#[tokio::test]
async fn an_upstream_that_comes_and_goes_loses_no_question() {
    // It is away for the first and the second datagram of each name.
    let times: Mutex<HashMap<String, usize>> = Mutex::default();
    let upstream = Scripted::start(move |_, query| {
        let mut times = times.lock().expect("a lock");
        let before = times.entry(query.name.to_string()).or_default();
        *before += 1;
        if *before < 3 { Vec::new() } else { soon(good(query)) }
    });
    let resolver = Arc::new(Resolver::new(&[upstream.await.address]));
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..100 {
        let resolver = resolver.clone();
        tasks.spawn(async move { resolver.answer(&asked(&format!("n{i}.test"), rr::A, false)).await.is_ok() });
    }
    while let Some(answered) = tasks.join_next().await {
        assert!(answered.expect("no panic"));
    }
}

#[tokio::test]
async fn a_slow_upstream_is_waited_for_and_a_quicker_one_asked_meanwhile() {
    let slow = Scripted::start(|_, query| vec![(Duration::from_millis(900), good(query))]).await;
    let alone = Resolver::new(&[slow.address]);
    assert!(alone.answer(&asked("a.test", rr::A, false)).await.is_ok());
    let quick = Stub::with_address([192, 0, 2, 2], 300);
    let both = Resolver::new(&[slow.address, quick.address]);
    let since = Instant::now();
    let said = both.answer(&asked("b.test", rr::A, false)).await.expect("an answer");
    assert_eq!(said.addresses(), [IpAddr::from([192, 0, 2, 2])]);
    assert!(since.elapsed() < Duration::from_millis(890), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_datagram_cut_short_with_nobody_on_tcp_is_a_failure_and_not_half_an_answer() {
    let upstream = Scripted::start(|_, query| {
        let mut bytes = good(query);
        bytes[2] |= 0x02;
        soon(bytes)
    });
    let resolver = Resolver::new(&[upstream.await.address]);
    assert_eq!(resolver.answer(&asked("a.test", rr::A, false)).await.err(), Some(ResolveFault::Unanswered));
}
