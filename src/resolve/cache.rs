//! What upstreams said, until it is too old: one copy for all clients, unfiltered.
//!
//! What is too old is kept a day longer, for when nobody answers (RFC 8767): a page that loads from where it was yesterday is
//! better than none.

use super::{Outcome, ResolveFault, WireAnswer};
use crate::wire::message::FAILURE_TTL;
use crate::wire::{Ede, Query, Rcode};
use crate::words::name::MAX_NAME;
use quick_cache::Weighter;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an answer is kept after its time (RFC 8767 §5: one to three days).
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// What clients are told of such an answer's age, in seconds (RFC 8767 §4).
const STALE_TTL: u32 = 30;

/// How long after a failure the upstreams are not asked again for what there is an old answer to (RFC 8767 §5).
const RECHECK: Duration = Duration::from_secs(30);

/// Memory of the cache. A school of 1,000 asks for some 20,000 names a day at about 500 octets each; a Pi has 1 GiB.
const MAX_BYTES: u64 = 32 << 20;

/// Most entries, whatever they weigh.
const MAX_ENTRIES: u64 = 65_536;

/// What an entry takes beside its key and message: the shard's slot, the `Arc`, the times.
const OVERHEAD: u64 = 128;

/// The question as far as it changes the answer: name without case, type, class, DO and CD.
pub struct Key {
    len: usize,
    octets: [u8; MAX_NAME + 5],
}

impl Key {
    pub fn of(query: &Query) -> Self {
        let name = query.name.wire();
        let mut key = Self { len: name.len() + 5, octets: [0; MAX_NAME + 5] };
        let (front, back) = key.octets[..key.len].split_at_mut(name.len());
        front.copy_from_slice(name);
        front.make_ascii_lowercase();
        back[..2].copy_from_slice(&query.kind.to_be_bytes());
        back[2..4].copy_from_slice(&query.class.to_be_bytes());
        back[4] = u8::from(query.dnssec_ok()) | u8::from(query.checking_disabled) << 1;
        key
    }

    pub fn octets(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

#[derive(Clone)]
struct Kept {
    outcome: Outcome,
    until: Instant,
    /// When not even nobody's silence brings it back.
    gone: Instant,
}

impl Kept {
    /// The answer, if it may be told after its time: it says something about the name, and it is the upstreams' own.
    fn old(&self, now: Instant) -> Option<&Arc<WireAnswer>> {
        let answer = self.outcome.as_ref().ok().filter(|_| now < self.gone)?;
        says_something(answer).then_some(answer)
    }
}

/// Whether nobody could say, so that an old answer is better than none. What has been found false is no such thing.
fn is_failure(outcome: &Outcome) -> bool {
    let bogus = |answer: &WireAnswer| answer.message.error().is_some_and(|(code, _)| code == Ede::DNSSEC_BOGUS);
    !outcome.as_ref().is_ok_and(|answer| says_something(answer) || bogus(answer))
}

fn says_something(answer: &WireAnswer) -> bool {
    matches!(answer.rcode(), Rcode::NOERROR | Rcode::NXDOMAIN)
}

#[derive(Clone)]
struct Weight;

impl Weighter<Box<[u8]>, Kept> for Weight {
    fn weight(&self, key: &Box<[u8]>, kept: &Kept) -> u64 {
        let message = kept.outcome.as_ref().map_or(0, |a| a.message.weight());
        ((key.len() + message) as u64 + OVERHEAD).max(MAX_BYTES / MAX_ENTRIES)
    }
}

/// Sharded, so that workers seldom meet; when full, what is asked once goes before what is asked often.
pub struct Cache(quick_cache::sync::Cache<Box<[u8]>, Kept, Weight>);

impl Default for Cache {
    fn default() -> Self {
        Self(quick_cache::sync::Cache::with_weighter(MAX_ENTRIES as usize, MAX_BYTES, Weight))
    }
}

impl Cache {
    pub fn find(&self, key: &Key, now: Instant) -> Option<Outcome> {
        self.0.get(key.octets()).filter(|kept| now < kept.until).map(|kept| kept.outcome)
    }

    /// What was said of it, too old to be told unless nobody answers.
    pub fn stale(&self, key: &Key, now: Instant) -> Option<Outcome> {
        let kept = self.0.get(key.octets())?;
        kept.old(now).map(|answer| Ok(Arc::new(answer.stale(STALE_TTL))))
    }

    /// Keeps an outcome as long as it says; a failure for [`FAILURE_TTL`], so that a dead upstream is not asked for every
    /// repetition of a question, and one that comes back is noticed. Goes out: what to answer, which is the old answer if
    /// there is one and this is a failure.
    pub fn keep(&self, key: &Key, outcome: Outcome) -> Outcome {
        let now = Instant::now();
        if is_failure(&outcome)
            && let Some(kept) = self.0.get(key.octets())
            && let Some(old) = kept.old(now)
        {
            let outcome = Ok(Arc::new(old.stale(STALE_TTL)));
            self.0.insert(key.octets().into(), Kept { outcome: outcome.clone(), until: now + RECHECK, gone: kept.gone });
            return outcome;
        }
        let (seconds, since) = match &outcome {
            Ok(answer) => (answer.message.lifetime(), answer.received),
            Err(ResolveFault::Busy) => return outcome,
            Err(_) => (FAILURE_TTL, now),
        };
        if seconds > 0 {
            let until = since + Duration::from_secs(seconds.into());
            self.0.insert(key.octets().into(), Kept { outcome: outcome.clone(), until, gone: until + STALE });
        }
        outcome
    }

    pub fn clear(&self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::WireAnswer;
    use crate::wire::message::tests::{ASKED, answer};
    use crate::wire::question::tests::query;
    use crate::wire::{Message, rr};
    use std::sync::Arc;

    fn key(name: &str, kind: u16, udp_size: u16, dnssec_ok: bool) -> Key {
        Key::of(&Query::read(&query(name, kind, udp_size, dnssec_ok)).expect("a query"))
    }

    fn kept(name: &str, text: &[u8]) -> Outcome {
        let bytes = answer(name, rr::A, 0, &[(0, ASKED, rr::A, 300, &[192, 0, 2, 1]), (2, ASKED, 16, 300, text)]);
        Ok(Arc::new(WireAnswer::new(Message::read(bytes).expect("a message"))))
    }

    #[test]
    fn what_changes_the_answer_is_in_the_key_and_nothing_else() {
        let plain = key("a.test", rr::A, 0, false);
        for (other, same) in [
            (key("A.TEST", rr::A, 0, false), true),
            (key("a.test", rr::A, 1232, false), true),
            (key("b.test", rr::A, 0, false), false),
            (key("a.test", rr::AAAA, 0, false), false),
            (key("a.test", rr::A, 1232, true), false),
        ] {
            assert_eq!(plain.octets() == other.octets(), same, "{:02x?}", other.octets());
        }
    }

    #[test]
    fn an_answer_is_kept_until_its_ttl_is_over() {
        let (cache, key, now) = (Cache::default(), key("a.test", rr::A, 0, false), Instant::now());
        cache.keep(&key, kept("a.test", b"")).expect("an answer");
        assert!(cache.find(&key, now + Duration::from_secs(299)).is_some());
        assert!(cache.find(&key, now + Duration::from_secs(301)).is_none());
        cache.clear();
        assert!(cache.find(&key, now).is_none());
    }

    #[test]
    fn an_old_answer_is_told_when_there_is_no_other_and_never_after_a_day() {
        let (cache, key, now) = (Cache::default(), key("a.test", rr::A, 0, false), Instant::now());
        let silence = || Err(ResolveFault::Unanswered);
        cache.keep(&key, kept("a.test", b"")).expect("an answer");
        let late = now + Duration::from_secs(301);
        assert!(cache.find(&key, late).is_none(), "its time is over");
        let old = cache.stale(&key, late).expect("still there").expect("an answer");
        assert_eq!((old.addresses().len(), old.left(Instant::now())), (1, STALE_TTL));
        assert!(cache.stale(&key, late + STALE).is_none(), "a day later it is nothing");

        // A failure brings it back, and is not tried again for a while.
        let told = cache.keep(&key, silence()).expect("the old answer");
        assert_eq!(told.addresses().len(), 1);
        assert!(cache.find(&key, Instant::now() + RECHECK / 2).is_some_and(|o| o.is_ok()));
        assert!(cache.find(&key, Instant::now() + RECHECK).is_none());
        assert!(cache.stale(&key, late + STALE).is_none(), "however often it was told");
    }

    #[test]
    fn failures_are_kept_for_a_second_and_being_busy_not_at_all() {
        let (cache, key, now) = (Cache::default(), key("a.test", rr::A, 0, false), Instant::now());
        assert!(cache.keep(&key, Err(ResolveFault::Busy)).is_err());
        assert!(cache.find(&key, now).is_none());
        assert!(cache.keep(&key, Err(ResolveFault::Unanswered)).is_err());
        assert!(cache.find(&key, now).is_some());
        assert!(cache.find(&key, now + Duration::from_secs(2)).is_none());
    }

    #[test]
    fn the_cache_is_bounded_in_entries_and_in_bytes() {
        let cache = Cache::default();
        let large = vec![b'x'; 8_000];
        for i in 0..10_000 {
            let name = format!("n{i}.test");
            assert!(cache.keep(&key(&name, rr::A, 0, false), kept(&name, &large)).is_ok());
        }
        assert!(cache.0.weight() <= MAX_BYTES, "{}", cache.0.weight());
        assert!(cache.0.len() < 4_300, "{} entries of 8,000 octets", cache.0.len());
        for i in 0..100_000u32 {
            let key = key(&format!("m{i}.test"), rr::A, 0, false);
            assert!(cache.keep(&key, Err(ResolveFault::Unanswered)).is_err());
        }
        assert!(cache.0.len() as u64 <= MAX_ENTRIES, "{}", cache.0.len());
    }
}
