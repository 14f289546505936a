//! What upstreams said, until it is too old: one copy for all clients, unfiltered.

use super::{Outcome, ResolveFault};
use crate::wire::Query;
use crate::wire::message::FAILURE_TTL;
use crate::words::name::MAX_NAME;
use quick_cache::Weighter;
use std::time::{Duration, Instant};

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

    /// Keeps an outcome as long as it says; a failure for [`FAILURE_TTL`], so that a dead upstream is not asked for every
    /// repetition of a question, and one that comes back is noticed.
    pub fn keep(&self, key: &Key, outcome: &Outcome) {
        let (seconds, since) = match outcome {
            Ok(answer) => (answer.message.lifetime(), answer.received),
            Err(ResolveFault::Busy) => return,
            Err(_) => (FAILURE_TTL, Instant::now()),
        };
        if seconds > 0 {
            let until = since + Duration::from_secs(seconds.into());
            self.0.insert(key.octets().into(), Kept { outcome: outcome.clone(), until });
        }
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
        cache.keep(&key, &kept("a.test", b""));
        assert!(cache.find(&key, now + Duration::from_secs(299)).is_some());
        assert!(cache.find(&key, now + Duration::from_secs(301)).is_none());
        cache.clear();
        assert!(cache.find(&key, now).is_none());
    }

    #[test]
    fn failures_are_kept_for_a_second_and_being_busy_not_at_all() {
        let (cache, key, now) = (Cache::default(), key("a.test", rr::A, 0, false), Instant::now());
        cache.keep(&key, &Err(ResolveFault::Busy));
        assert!(cache.find(&key, now).is_none());
        cache.keep(&key, &Err(ResolveFault::Unanswered));
        assert!(cache.find(&key, now).is_some());
        assert!(cache.find(&key, now + Duration::from_secs(2)).is_none());
    }

    #[test]
    fn the_cache_is_bounded_in_entries_and_in_bytes() {
        let cache = Cache::default();
        let large = vec![b'x'; 8_000];
        for i in 0..10_000 {
            let name = format!("n{i}.test");
            cache.keep(&key(&name, rr::A, 0, false), &kept(&name, &large));
        }
        assert!(cache.0.weight() <= MAX_BYTES, "{}", cache.0.weight());
        assert!(cache.0.len() < 4_300, "{} entries of 8,000 octets", cache.0.len());
        for i in 0..100_000u32 {
            cache.keep(&key(&format!("m{i}.test"), rr::A, 0, false), &Err(ResolveFault::Unanswered));
        }
        assert!(cache.0.len() as u64 <= MAX_ENTRIES, "{}", cache.0.len());
    }
}
