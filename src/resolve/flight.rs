//! Many clients, one question: asked once, answered to all.

use super::cache::Key;
use super::{Outcome, ResolveFault};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Most different questions under way: what a fast line answers within a second, far above what a school asks.
const MAX_FLIGHTS: usize = 4_096;

type Cell = Arc<OnceCell<Outcome>>;

/// The questions under way.
#[derive(Default)]
pub struct Flights(Mutex<HashMap<Box<[u8]>, Cell>>);

impl Flights {
    /// Runs `fetch` unless it is already being run for this key; then waits for that one.
    ///
    /// If the one who runs it goes away, another of those who wait takes over.
    pub async fn join(&self, key: &Key, fetch: impl Future<Output = Outcome>) -> Outcome {
        let Some(seat) = self.seat(key) else { return Err(ResolveFault::Busy) };
        seat.cell.get_or_init(|| fetch).await.clone()
    }

    fn seat<'a>(&'a self, key: &'a Key) -> Option<Seat<'a>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = flights.get(key.octets()) {
            return Some(Seat { flights: self, key, cell: cell.clone() });
        }
        if flights.len() == MAX_FLIGHTS {
            return None;
        }
        let cell = Cell::default();
        flights.insert(key.octets().into(), cell.clone());
        Some(Seat { flights: self, key, cell })
    }
}

/// One who waits. The last to leave, and the first to leave with an answer, take the flight off the map.
struct Seat<'a> {
    flights: &'a Flights,
    key: &'a Key,
    cell: Cell,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = flights.get(self.key.octets()).is_some_and(|cell| Arc::ptr_eq(cell, &self.cell));
        // Two hold it if nobody else waits: the map and this seat.
        if ours && (self.cell.initialized() || Arc::strong_count(&self.cell) == 2) {
            flights.remove(self.key.octets());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Query;
    use crate::words::{Host, Name};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn key(name: &str) -> Key {
        Key::of(&Query::of(Name::from(&Host::parse(name).expect("a host")), 1))
    }

    #[tokio::test]
    async fn whoever_asks_meanwhile_gets_the_same_answer_and_nothing_stays_behind() {
        let (flights, runs) = (Flights::default(), AtomicUsize::new(0));
        let key = key("a.test");
        let fetch = || async {
            runs.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Err(ResolveFault::Unanswered)
        };
        let (one, two, three) =
            tokio::join!(flights.join(&key, fetch()), flights.join(&key, fetch()), flights.join(&key, fetch()));
        assert_eq!([one, two, three].map(|o| o.err()), [Some(ResolveFault::Unanswered); 3]);
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        assert!(flights.0.lock().expect("a lock").is_empty());
    }

    #[tokio::test]
    async fn when_the_one_who_asks_goes_away_another_takes_over() {
        let (flights, key) = (Flights::default(), key("a.test"));
        let never = flights.join(&key, std::future::pending());
        tokio::pin!(never);
        let waiting = flights.join(&key, async { Err(ResolveFault::NoAddress) });
        tokio::pin!(waiting);
        tokio::select! {
            biased;
            _ = &mut never => panic!("it never ends"),
            _ = &mut waiting => panic!("it waits for the first"),
            () = std::future::ready(()) => {}
        }
        never.set(flights.join(&key, std::future::pending())); // the first goes away
        assert_eq!(waiting.await.err(), Some(ResolveFault::NoAddress));
    }

    #[tokio::test]
    async fn questions_under_way_are_bounded() {
        let flights = Flights::default();
        let keys: Vec<_> = (0..MAX_FLIGHTS).map(|i| key(&format!("n{i}.test"))).collect();
        let seats: Vec<_> = keys.iter().map(|k| flights.seat(k)).collect();
        let one_more = flights.join(&key("more.test"), async { Err(ResolveFault::Unanswered) }).await;
        assert_eq!(one_more.err(), Some(ResolveFault::Busy));
        drop(seats);
        assert!(flights.0.lock().expect("a lock").is_empty());
    }
}
