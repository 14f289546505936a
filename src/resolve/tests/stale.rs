//! Old answers when upstreams are silent or fail (RFC 8767).

use super::scripted::{Scripted, good, soon};
use super::*;
use std::sync::atomic::{AtomicU8, Ordering};

const SAYS: u8 = 0;
const SILENT: u8 = 1;
const FAILS: u8 = 2;
const SLOW: u8 = 3;

/// An upstream whose answers live a second, and what it does.
async fn upstream() -> (Scripted, Arc<AtomicU8>) {
    let mood = Arc::new(AtomicU8::new(SAYS));
    let seen = mood.clone();
    let upstream = Scripted::start(move |_, query| match (seen.load(Ordering::Relaxed), &query.name.to_string()[..]) {
        (SILENT, _) => Vec::new(),
        (FAILS, _) => soon(with_code(query, 2, &[])),
        (SLOW, _) => vec![(Duration::from_millis(2_300), good(query))],
        (_, "missing.test") => soon(with_code(query, 3, &[(1, ASKED, rr::SOA, 1, &soa(1))])),
        _ => soon(rows(query, &[(0, ASKED, rr::A, 1, &A)])),
    });
    (upstream.await, mood)
}

fn ttl_of(answer: &WireAnswer, query: &Query) -> (u32, Option<u16>) {
    let mut out = Vec::new();
    answer.write(query, 1232, Instant::now(), u32::MAX, true, &mut out);
    let parsed = hickory_proto::op::Message::from_vec(&out).expect("a message");
    let ttl = parsed.answers.iter().chain(&parsed.authorities).map(|r| r.ttl).min().expect("a record");
    let error = parsed.edns.as_ref().and_then(|e| {
        e.options().as_ref().iter().find_map(|(_, option)| match option {
            hickory_proto::rr::rdata::opt::EdnsOption::Unknown(15, data) => Some(u16::from_be_bytes([data[0], data[1]])),
            _ => None,
        })
    });
    (ttl, error)
}

#[tokio::test]
async fn an_old_answer_is_told_when_upstreams_fail_or_are_silent_and_says_so() {
    for (mood, least, most) in [(FAILS, 0, 1_000), (SILENT, 1_800, 2_500)] {
        let (upstream, set) = upstream().await;
        let resolver = Resolver::new(&[upstream.address]);
        for (name, code) in [("a.test", Rcode::NOERROR), ("missing.test", Rcode::NXDOMAIN)] {
            set.store(SAYS, Ordering::Relaxed);
            let query = asked(name, rr::A, false);
            let fresh = resolver.answer(&query).await.expect("an answer");
            assert_eq!(ttl_of(&fresh, &query), (1, None));
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            set.store(mood, Ordering::Relaxed);
            let since = Instant::now();
            let old = resolver.answer(&query).await.expect("the old answer");
            let waited = since.elapsed().as_millis();
            assert!((least..most).contains(&waited), "{name}: {waited} ms");
            assert_eq!((old.rcode(), ttl_of(&old, &query)), (code, (30, Some(3))), "{name}");
        }
    }
}

#[tokio::test]
async fn after_a_failure_the_old_answer_is_told_at_once_for_a_while() {
    let (upstream, set) = upstream().await;
    let (resolver, query) = (Resolver::new(&[upstream.address]), asked("a.test", rr::A, false));
    resolver.answer(&query).await.expect("an answer");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    set.store(FAILS, Ordering::Relaxed);
    resolver.answer(&query).await.expect("the old answer");
    let asked = upstream.asked();
    for _ in 0..10 {
        assert!(resolver.cached(&query).is_some_and(|o| o.is_ok()));
    }
    assert_eq!(upstream.asked(), asked);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_for_one_is_there_for_the_next() {
    let (upstream, set) = upstream().await;
    let (resolver, query) = (Resolver::new(&[upstream.address]), asked("a.test", rr::A, false));
    resolver.answer(&query).await.expect("an answer");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    set.store(SLOW, Ordering::Relaxed);
    let old = resolver.answer(&query).await.expect("the old answer");
    assert_eq!(ttl_of(&old, &query), (30, Some(3)));
    tokio::time::sleep(Duration::from_millis(700)).await;
    let fresh = resolver.cached(&query).expect("remembered").expect("an answer");
    assert!(ttl_of(&fresh, &query).0 > 290, "{:?}", ttl_of(&fresh, &query));
}

#[tokio::test]
async fn what_was_never_answered_is_a_failure_as_ever() {
    let (upstream, set) = upstream().await;
    set.store(SILENT, Ordering::Relaxed);
    let resolver = Resolver::new(&[upstream.address]);
    assert_eq!(resolver.answer(&asked("a.test", rr::A, false)).await.err(), Some(ResolveFault::Unanswered));
}
