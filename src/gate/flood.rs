//! One client that asks without end: what it asks becomes one sum a second and verdict, so that it fills no disk and hides nobody.
//!
//! Who has asked more than [`MOST`] questions a second for [`FOR_SECONDS`] seconds is judged and answered like anybody; but of its
//! questions the journal has, for each second, how many were allowed, and how many were blocked in each category. Each worker counts by
//! itself, and once a second tells the others of those who ask much, so that it is all the same by which worker a question comes: for
//! who spreads them a second or two later than for who does not. The names are not kept. Nobody else's rows are touched. A process that is killed takes the sums of the present second along.

use crate::journal::{Event, Journal};
use crate::policy::Step;
use crate::words::{CategorySet, ClientAddr};
use std::borrow::Cow;
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError, TryLockError};

/// Questions a second that a client may ask and have a row for each. A device that starts asks for some fifty; a school's own
/// server, which asks for many, is not above it for long.
pub const MOST: u32 = 200;
/// For how many seconds it must ask more than that.
pub const FOR_SECONDS: u8 = 10;

/// Seconds of quiet after which a client that has asked without end has rows again: also who pauses now and then is summed.
const CALM_SECONDS: u8 = 3;

/// How long a client that asks no more keeps its place against another: so many questions.
const MOST_HOLD: u16 = 1_000;

/// How fast a client asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    /// Seconds since the machine started.
    second: u32,
    /// Questions in it.
    count: u32,
    /// Seconds with more than [`MOST`], less those without.
    above: u8,
    /// How often it has been asked more than others who would have its place: of two, the one who asks more keeps it.
    hold: u16,
}

impl Pace {
    /// Counts a question. True: it is one of a flood.
    #[inline]
    pub fn count(&mut self, second: u32) -> bool {
        if second != self.second {
            self.turn(second);
        }
        self.count = self.count.saturating_add(1);
        self.hold = (self.hold + 1).min(MOST_HOLD);
        self.above >= FOR_SECONDS
    }

    fn turn(&mut self, second: u32) {
        let mut passed = second.wrapping_sub(self.second);
        if self.count > MOST {
            self.above = (self.above + 1).min(FOR_SECONDS + CALM_SECONDS - 1);
            passed -= 1;
        }
        self.above = self.above.saturating_sub(u8::try_from(passed).unwrap_or(u8::MAX));
        (self.second, self.count) = (second, 0);
    }

    /// How many questions it has counted in a second; in the present one only as far as this has come.
    pub fn of(&self, second: u32) -> u32 {
        if self.second == second { self.count } else { 0 }
    }

    /// Another client would have the place. True: it may, for this one asks less.
    pub fn yields(&mut self) -> bool {
        self.hold = self.hold.saturating_sub(1);
        self.hold == 0
    }
}

/// Questions in a second of which a worker tells the others: who asks fewer of each, and of as many as there may be, asks no more than
/// [`MOST`].
pub const BUSY: u32 = MOST / 16;

/// How long a worker believes that a client asks without end, in seconds, if it does not come by: who goes from one worker to the next is
/// a flood at all of them.
pub const BELIEVED_SECONDS: u32 = 10;

/// Clients whose pace is counted for all doors together.
const PLACES: usize = 8_192;

/// How fast a client asks, wherever it asks: what each worker has counted of it in a second, which they tell once the second is over, and
/// what comes over connections. A second is looked at when the next one is over too, for then all of it has been told.
#[derive(Debug, Clone, Copy, Default)]
struct Whole {
    second: u32,
    /// Questions in it, and in the one before.
    counts: [u32; 2],
    above: u8,
    hold: u16,
}

impl Whole {
    fn add(&mut self, second: u32, count: u32) -> bool {
        match second.wrapping_sub(self.second).cast_signed() {
            // Too late to be of use.
            ..-1 => {}
            -1 => self.counts[1] = self.counts[1].saturating_add(count),
            0 => self.counts[0] = self.counts[0].saturating_add(count),
            passed => {
                self.settle(self.counts[1]);
                if passed > 1 {
                    self.settle(self.counts[0]);
                    self.above = self.above.saturating_sub(u8::try_from(passed - 2).unwrap_or(u8::MAX));
                }
                let before = if passed == 1 { self.counts[0] } else { 0 };
                (self.second, self.counts) = (second, [count, before]);
            }
        }
        self.hold = self.hold.saturating_add(u16::try_from(count).unwrap_or(u16::MAX)).min(MOST_HOLD);
        self.above >= FOR_SECONDS
    }

    fn settle(&mut self, count: u32) {
        self.above =
            if count > MOST { (self.above + 1).min(FOR_SECONDS + CALM_SECONDS - 1) } else { self.above.saturating_sub(1) };
    }

    /// Somebody else would have the place, who asks so much.
    fn yields(&mut self, count: u32) -> bool {
        self.hold = self.hold.saturating_sub(u16::try_from(count).unwrap_or(u16::MAX));
        self.hold == 0
    }
}

/// The paces of clients, each exact while it matters.
pub struct Paces {
    places: Mutex<Box<[(ClientAddr, Whole)]>>,
    seed: u64,
}

/// What a worker has counted of a client in a second, and at which place of its own.
pub struct Counted {
    pub client: ClientAddr,
    pub place: u32,
    pub count: u32,
}

impl Default for Paces {
    fn default() -> Self {
        let nobody = ClientAddr::new(Ipv4Addr::UNSPECIFIED.into());
        Self { places: Mutex::new(vec![(nobody, Whole::default()); PLACES].into()), seed: seed() }
    }
}

impl Paces {
    /// Counts a question of a client. True: it is one of a flood.
    pub fn count(&self, client: ClientAddr, second: u32) -> bool {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut places[place_of(client, self.seed, PLACES)], client, second, 1)
    }

    /// Takes what a worker has counted in a second, and says of each whether it is a flood. Never waits. False: somebody else is at it,
    /// and nothing was taken.
    pub fn tell(&self, second: u32, counted: &[Counted], mut said: impl FnMut(&Counted, bool)) -> bool {
        let mut places = match self.places.try_lock() {
            Ok(places) => places,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        for one in counted {
            let place = &mut places[place_of(one.client, self.seed, PLACES)];
            said(one, add(place, one.client, second, one.count));
        }
        true
    }
}

fn add((there, pace): &mut (ClientAddr, Whole), client: ClientAddr, second: u32, count: u32) -> bool {
    if *there != client {
        if !pace.yields(count) {
            return false;
        }
        (*there, *pace) = (client, Whole::default());
    }
    pace.add(second, count)
}

/// Nobody outside can know which clients share a place.
pub(super) fn seed() -> u64 {
    RandomState::new().hash_one(0)
}

/// The place of a client among so many, a power of two.
pub(super) fn place_of(client: ClientAddr, seed: u64, places: usize) -> usize {
    let word = match client.ip() {
        IpAddr::V4(ip) => u64::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits() as u64 ^ (ip.to_bits() >> 64) as u64,
    };
    // Fibonacci hashing: the upper bits of the product hang on all of the address.
    ((word ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize & (places - 1)
}

/// How many threads sum beside one another.
const SHARDS: usize = 16;
/// Most sums of one second and shard: a client has one for what is allowed, and one a blocked category.
const SUMS: usize = 64;

thread_local! {
    static MINE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The sums of the present second.
#[derive(Default)]
pub struct Floods([Mutex<Vec<Event<'static>>>; SHARDS]);

impl Floods {
    /// Adds a question of a flood to the sum it belongs to. Never waits: what finds its shard taken has a row of its own.
    pub fn add(&self, event: &Event, journal: &Journal) {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let mine = MINE.get().unwrap_or_else(|| {
            let mine = NEXT.fetch_add(1, Relaxed) % SHARDS;
            MINE.set(Some(mine));
            mine
        });
        let Ok(mut sums) = self.0[mine].try_lock() else { return journal.note(event) };
        write(&mut sums, journal, |sum| second(sum) != second(event) || sum.count == u32::MAX);
        match sums.iter_mut().find(|sum| alike(sum, event)) {
            Some(sum) => {
                sum.count = sum.count.saturating_add(event.count);
                sum.bytes_up = sum.bytes_up.saturating_add(event.bytes_up);
                sum.bytes_down = sum.bytes_down.saturating_add(event.bytes_down);
            }
            None => {
                if sums.len() >= SUMS {
                    write(&mut sums, journal, |_| true);
                }
                sums.push(without_name(event));
            }
        }
    }

    /// Writes down what is of an earlier second than `now_ms`. What another thread is adding to is left to it.
    pub fn write_earlier(&self, now_ms: i64, journal: &Journal) {
        for mut sums in self.0.iter().filter_map(|shard| shard.try_lock().ok()) {
            write(&mut sums, journal, |sum| second(sum) != now_ms.div_euclid(1000));
        }
    }

    /// Writes down all there is.
    pub fn write_all(&self, journal: &Journal) {
        for shard in &self.0 {
            write(&mut shard.lock().unwrap_or_else(PoisonError::into_inner), journal, |_| true);
        }
    }
}

fn write(sums: &mut Vec<Event<'static>>, journal: &Journal, which: impl Fn(&Event) -> bool) {
    sums.retain(|sum| {
        let now = which(sum);
        if now {
            journal.note(sum);
        }
        !now
    });
}

fn second(event: &Event) -> i64 {
    event.when_ms.div_euclid(1000)
}

/// Whether an event is counted in this sum.
fn alike(sum: &Event, event: &Event) -> bool {
    let locked = |event: &Event| event.rule.filter(|_| event.step == Step::Locked);
    sum.who == event.who
        && (sum.action, sum.step, sum.category) == (event.action, event.step, event.category)
        && (sum.policy_version, sum.profile, sum.group) == (event.policy_version, event.profile, event.group)
        && (sum.door, sum.pass, locked(sum)) == (event.door, event.pass, locked(event))
}

/// The first of a sum: who and verdict, and nothing of which name it was.
fn without_name(event: &Event) -> Event<'static> {
    let locked = event.step == Step::Locked;
    let categories = event.categories.and(event.category.into_iter().collect::<CategorySet>());
    Event {
        when_ms: event.when_ms,
        boot_ms: event.boot_ms,
        door: event.door,
        who: event.who,
        method: Cow::Borrowed(""),
        host: Cow::Borrowed(""),
        port: 0,
        path: Cow::Borrowed(""),
        query_type: 0,
        action: event.action,
        step: event.step,
        category: event.category,
        // Of a visit to help it must stay known that it was one.
        categories: if event.who.is_none() { event.categories } else { categories },
        list: None,
        labels: 0,
        rule: event.rule.filter(|_| locked),
        group: event.group,
        cell: None,
        profile: event.profile,
        pass: event.pass,
        intent: event.intent,
        count: event.count,
        span: None,
        status: 0,
        bytes_up: event.bytes_up,
        bytes_down: event.bytes_down,
        sealed: None,
        search: Cow::Borrowed(""),
        theme: None,
        decrypted: event.decrypted,
        duration_ms: 0,
        policy_version: event.policy_version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_more_than_two_hundred_a_second_for_ten_seconds_and_is_over_after_three() {
        let mut pace = Pace::default();
        let mut ask = |second: u32, times: u32| (0..times).map(|_| pace.count(second)).filter(|flood| *flood).count() as u32;
        assert!((100..200).all(|second| ask(second, MOST) == 0), "as many as it may");
        assert!((200..209).all(|second| ask(second, MOST + 1) == 0), "not for long enough");
        assert_eq!((ask(209, 10), ask(210, 5000), ask(300, 5000)), (0, 0, 0), "a pause, and long afterwards");
        assert!((301..310).all(|second| ask(second, 5000) == 0));
        assert!((310..400).all(|second| ask(second, 5000) == 5000));
        assert_eq!([400, 401, 402].map(|second| ask(second, 1)), [1, 1, 1]);
        assert_eq!(ask(403, 1), 0);
        assert!((500..513).all(|second| ask(second, 5000) <= 5000));
        assert_eq!((ask(514, 5000), ask(516, 5000)), (5000, 5000), "who pauses now and then stays one");
    }

    #[test]
    fn a_client_that_shares_its_place_does_not_make_another_one_a_flood_nor_end_it() {
        let paces = Paces::default();
        let flood = ClientAddr::new([10, 0, 0, 1].into());
        let other = (1..u32::MAX).map(|n| ClientAddr::new(Ipv4Addr::from_bits(0x0a01_0000 + n).into()));
        let other = { other }
            .find(|c| place_of(*c, paces.seed, PLACES) == place_of(flood, paces.seed, PLACES))
            .expect("some share a place");
        for second in 0..20 {
            for n in 0..400 {
                assert_eq!(paces.count(flood, second), second >= 11, "{second}");
                assert!(n % 5 > 0 || !paces.count(other, second));
            }
        }
        // It is over, and the other one is counted in its place.
        assert!((30..100).all(|second| (0..60).all(|_| !paces.count(other, second))));
        assert!(!paces.count(flood, 100));
    }
}
