//! Connections that outlive their verdict: each says what it was judged by, and is judged again while it lasts.
//!
//! Once a second a part of them is judged by what is in force then, and all of them when the snapshot has changed. So a
//! connection that would be blocked now is closed within [`PARTS`] seconds, whatever has changed: the policy, an entry, a
//! pass or a cell of the timetable that ended, or who is at the address. The same look ends what is idle or too old, so a
//! connection has no timer of its own.
//!
//! What moves bytes takes no lock: it counts in a number of its own.

use super::named;
use crate::gate::{Gate, Noted, Snapshot, Visit};
use crate::net::splice::Moved;
use crate::people::Signed;
use crate::policy::Surface;
use crate::words::{ClientAddr, Host, Moment};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How often they are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Into how many parts they fall, of which one is judged at each look: each is judged every four seconds.
const PARTS: usize = 4;

/// Connections looked at before others get their turn: a verdict takes a microsecond.
const AT_ONCE: usize = 256;

/// A tunnel on which nothing moves: push services of Google and Apple say something every 28 minutes at the slowest.
const IDLE: u32 = 30 * 60;

/// Longest that a tunnel lasts: a machine that is never switched off begins anew once a day.
const LIFETIME: u32 = 24 * 60 * 60;

/// Every long-lived connection of one door.
pub struct Open {
    places: Mutex<Places>,
    began: Instant,
}

#[derive(Default)]
struct Places {
    entries: Vec<Option<Arc<Entry>>>,
    free: Vec<usize>,
}

/// What a connection was judged by.
struct Subject {
    host: Host,
    /// Path and query, where the door sees them.
    path: String,
    /// Who showed that it is theirs.
    signed: Option<Signed>,
    /// Where it leads.
    address: IpAddr,
}

/// What is not known of where a tunnel leads. It was let through nevertheless, and may not be once the network wants it known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unknown {
    /// What is wanted is hidden: another name, or a protocol that shows none.
    pub hidden: bool,
    /// It leads to an address that this client was told of under no name.
    pub nameless: bool,
}

struct Entry {
    client: ClientAddr,
    unknown: Unknown,
    /// `None`: nothing was asked for yet.
    subject: Mutex<Option<Subject>>,
    moved: Moved,
    ends: Notify,
    /// Of a tunnel idleness and age are looked at; what speaks HTTP has limits of its own.
    tunnel: bool,
    placed: AtomicBool,
    /// Seconds since the door opened.
    since: u32,
    last_moved: AtomicU32,
    seen: AtomicU64,
}

/// A connection's place among those that are open, for as long as it is held.
pub struct Held {
    open: Arc<Open>,
    gate: Arc<Gate>,
    entry: Arc<Entry>,
    place: Mutex<Option<usize>>,
}

impl Default for Open {
    fn default() -> Self {
        Self { places: Mutex::default(), began: Instant::now() }
    }
}

impl Open {
    /// For a connection that speaks HTTP. It is looked at once it was [`Held::judged`].
    pub fn hold(self: &Arc<Self>, gate: &Arc<Gate>, client: ClientAddr) -> Held {
        self.held(gate, client, Unknown::default(), false)
    }

    /// For a tunnel, which was judged by this.
    pub fn tunnel(
        self: &Arc<Self>,
        gate: &Arc<Gate>,
        (client, signed): (ClientAddr, Option<Signed>),
        host: &Host,
        address: IpAddr,
        unknown: Unknown,
    ) -> Held {
        let held = self.held(gate, client, unknown, true);
        held.judged(signed, host, "", address);
        gate.counters.tunnels.inc();
        held
    }

    fn held(self: &Arc<Self>, gate: &Arc<Gate>, client: ClientAddr, unknown: Unknown, tunnel: bool) -> Held {
        let since = self.second();
        let entry = Entry {
            client,
            unknown,
            subject: Mutex::default(),
            moved: Moved::default(),
            ends: Notify::new(),
            tunnel,
            placed: AtomicBool::new(false),
            since,
            last_moved: AtomicU32::new(since),
            seen: AtomicU64::new(0),
        };
        Held { open: self.clone(), gate: gate.clone(), entry: Arc::new(entry), place: Mutex::default() }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn second(&self) -> u32 {
        u32::try_from(self.began.elapsed().as_secs()).unwrap_or(u32::MAX)
    }

    /// Looks at all of them for ever.
    pub async fn watch(self: Arc<Self>, gate: Arc<Gate>) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut before = gate.snapshot();
        for part in (0..PARTS).cycle() {
            tick.tick().await;
            let snapshot = gate.snapshot();
            let all = !Arc::ptr_eq(&snapshot, &before);
            before = snapshot;
            self.look(&gate, &before, |place| all || place % PARTS == part).await;
        }
    }

    async fn look(&self, gate: &Gate, snapshot: &Arc<Snapshot>, is_due: impl Fn(usize) -> bool) {
        let (moment, now) = (gate.clock.now(&snapshot.config.school.zone), self.second());
        let mut from = 0;
        loop {
            let (some, until): (Vec<_>, usize) = {
                let places = self.places();
                let until = places.entries.len().min(from + AT_ONCE);
                let entries = places.entries[from.min(until)..until].iter().enumerate();
                (entries.filter_map(|(i, entry)| Some((from + i, entry.clone()?))).collect(), until)
            };
            for (place, entry) in &some {
                gate.counters.tunnel_bytes.inc_by(entry.count(now));
                if entry.is_over(now) {
                    entry.ends.notify_one();
                } else if is_due(*place) && !entry.may_stay(snapshot, moment, gate) {
                    gate.counters.closed_anew.inc();
                    entry.ends.notify_one();
                }
            }
            if until <= from {
                return;
            }
            from = until;
            tokio::task::yield_now().await;
        }
    }
}

impl Held {
    /// What it is judged by from now on.
    pub fn judged(&self, signed: Option<Signed>, host: &Host, path: &str, address: IpAddr) {
        {
            let mut subject = self.entry.subject.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *subject {
                Some(subject) => {
                    (subject.host, subject.address, subject.signed) = (*host, address, signed);
                    subject.path.clear();
                    subject.path.push_str(path);
                }
                none => *none = Some(Subject { host: *host, path: path.to_owned(), signed, address }),
            }
        }
        if !self.entry.placed.swap(true, Relaxed) {
            let mut places = self.open.places();
            let place = places.free.pop().unwrap_or(places.entries.len());
            if place == places.entries.len() {
                places.entries.push(None);
            }
            places.entries[place] = Some(self.entry.clone());
            *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        }
    }

    /// Returns once it is to be closed.
    pub async fn ended(&self) {
        self.entry.ends.notified().await;
    }

    /// Where its bytes are counted.
    pub fn moved(&self) -> &Moved {
        &self.entry.moved
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(place) = self.place.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let mut places = self.open.places();
            places.entries[place] = None;
            places.free.push(place);
        }
        self.gate.counters.tunnel_bytes.inc_by(self.entry.count(0));
        if self.entry.tunnel {
            self.gate.counters.tunnels.dec();
        }
    }
}

impl Entry {
    /// Octets that have moved since the last count.
    fn count(&self, now: u32) -> u64 {
        let all = self.moved.up() + self.moved.down();
        let new = all.saturating_sub(self.seen.swap(all, Relaxed));
        if new > 0 {
            self.last_moved.store(now, Relaxed);
        }
        new
    }

    fn is_over(&self, now: u32) -> bool {
        let idle = now.saturating_sub(self.last_moved.load(Relaxed));
        self.tunnel && (idle >= IDLE || now.saturating_sub(self.since) >= LIFETIME)
    }

    /// Whether it would be let through now.
    fn may_stay(&self, snapshot: &Arc<Snapshot>, moment: Moment, gate: &Gate) -> bool {
        let subject = self.subject.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(subject) = &*subject else { return true };
        let signed = subject.signed;
        let Some(who) = snapshot.who_signed(self.client, signed) else { return false };
        let visit = Visit { snapshot: snapshot.clone(), who, signed, moment, boot_ms: gate.clock.boot_ms(), noted: Noted::Row };
        let judged = visit.judge_page(&subject.host, &subject.path, Surface::NoPage);
        if self.unknown.hidden && visit.judge_hidden(&subject.host).verdict.blocks() {
            return false;
        }
        let nameless = || named::without_a_name(gate, &visit, &subject.host, subject.address, &judged);
        if self.unknown.nameless && nameless().is_some_and(|nameless| nameless.verdict.blocks()) {
            return false;
        }
        let behind = || visit.judge_behind(&judged, &Host::from(subject.address), Surface::NoPage);
        !judged.verdict.blocks() && !behind().is_some_and(|behind| behind.verdict.blocks())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::school::School;
    use crate::policy::Mode;

    fn client(last: [u8; 4]) -> ClientAddr {
        ClientAddr::new(last.into())
    }

    fn host(name: &str) -> Host {
        Host::parse(name).expect("a host")
    }

    fn is_ended(held: &Held) -> bool {
        use std::task::{Context, Waker};
        std::pin::pin!(held.ended()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[tokio::test]
    async fn a_connection_ends_when_its_verdict_is_another_and_the_others_stay() {
        let school = School::with("");
        let (gate, open) = (school.gate.clone(), Arc::new(Open::default()));
        let address: IpAddr = [192, 0, 2, 1].into();
        let held: Vec<Held> = [
            ([127, 0, 0, 1], "page.example"),
            ([127, 0, 0, 1], "www.adult.example"),
            ([127, 9, 0, 1], "www.adult.example"),
            ([192, 0, 2, 9], "page.example"),
        ]
        .map(|(from, name)| open.tunnel(&gate, (client(from), None), &host(name), address, Unknown::default()))
        .into();
        let speaks = open.hold(&gate, client([127, 0, 0, 1]));
        assert_eq!(gate.counters.tunnels.get(), 4);
        open.look(&gate, &gate.snapshot(), |_| true).await;
        let ended: Vec<bool> = held.iter().map(is_ended).collect();
        let staff = gate.visit(client([127, 9, 0, 1])).expect("ours").judge(&host("adult.example"), Surface::NoPage);
        assert_eq!(ended, [false, true, staff.verdict.blocks(), true]);
        assert!(!is_ended(&speaks));
        speaks.judged(None, &host("shared.example"), "/other", address);
        open.look(&gate, &gate.snapshot(), |_| true).await;
        assert!(!is_ended(&speaks));
        speaks.judged(None, &host("shared.example"), "/locked/page", address);
        open.look(&gate, &gate.snapshot(), |_| true).await;
        assert!(is_ended(&speaks) && gate.counters.closed_anew.get() >= 3);
        drop((held, speaks));
        assert_eq!((gate.counters.tunnels.get(), open.places().free.len()), (0, 5));
        assert!(open.places().entries.iter().all(Option::is_none));
    }

    #[tokio::test]
    async fn what_hides_or_has_no_name_ends_when_its_network_wants_it_known() {
        let school = School::with("");
        let (gate, open) = (school.gate.clone(), Arc::new(Open::default()));
        let swap = |mode, only_resolved| {
            let mut next = Snapshot::clone(&gate.snapshot());
            (next.config.policy.networks[0].mode, next.config.policy.networks[0].only_resolved) = (mode, only_resolved);
            gate.swap(next);
        };
        let address: IpAddr = [203, 0, 113, 9].into();
        let tunnel = |name: &str, hidden, nameless| {
            open.tunnel(&gate, (client([127, 0, 0, 1]), None), &host(name), address, Unknown { hidden, nameless })
        };
        swap(Mode::Watch, false);
        let held = [
            tunnel("page.example", false, false),
            tunnel("page.example", true, false),
            tunnel("203.0.113.9", false, true),
            tunnel("203.0.113.9", false, false),
        ];
        for (mode, only_resolved, expected) in [
            (Mode::Watch, true, [false; 4]),
            (Mode::Enforce, false, [false, true, false, false]),
            (Mode::Enforce, true, [false, true, true, false]),
        ] {
            swap(mode, only_resolved);
            open.look(&gate, &gate.snapshot(), |_| true).await;
            assert_eq!(held.each_ref().map(is_ended), expected, "{mode:?} {only_resolved}");
        }
    }

    #[tokio::test]
    async fn a_tunnel_that_is_idle_or_old_is_over() {
        let school = School::with("");
        let open = Arc::new(Open::default());
        let held = open.tunnel(
            &school.gate,
            (client([127, 0, 0, 1]), None),
            &host("page.example"),
            [192, 0, 2, 1].into(),
            Unknown::default(),
        );
        let entry = &held.entry;
        entry.last_moved.store(100, Relaxed);
        assert!(!entry.is_over(100 + IDLE - 1) && entry.is_over(100 + IDLE));
        entry.last_moved.store(LIFETIME, Relaxed);
        assert!(entry.is_over(entry.since + LIFETIME));
    }
}
