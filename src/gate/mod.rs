//! The one door everything goes through: who is it, what is it, may they, write it down.
//!
//! Comes in: a client's address and a host from a door. Goes out: a [`Judged`] with the verdict and its why; and an event
//! in the journal. Always holds: one visit sees one snapshot; nobody is written down who must not be.
//!
//! - [`alerts`]    what cannot wait for the weekly report
//! - [`clock`]     what time it is here
//! - [`snapshot`]  configuration, policy, table and register, swapped as one
//! - [`visit`]     one request: [`Gate::visit`], [`Visit::judge`], [`Gate::note`]
//! - [`continued`] who was warned and went on
//! - [`requests`]  what people asked for on the pages
//! - [`watch`]     what a worker keeps from one batch of packets to the next
//! - [`flood`]     one client that asks without end
//! - [`crowds`]    addresses that many machines are behind
//! - [`ledger`]    what each client was told
//! - [`rejections`] where devices turned the gate's own certificate away
//! - [`locks`]     who is held to less than their profile
//! - [`staffroom`] what staff open for a class on a page of ours
//! - [`testing`]   questions of the gate's own, to see whether its doors do what they should
//! - [`counters`]  what the doors have done, for `/metrics` and `status`
//! - [`inside`]    whether TLS to a host is looked into for somebody
//! - [`explain`]   a verdict in words
//! - [`control`]   the control socket: one request a line, one answer a line

pub mod alerts;
pub mod clock;
pub mod continued;
pub mod control;
pub mod counters;
pub mod crowds;
pub mod explain;
pub mod flood;
pub mod inside;
pub mod ledger;
pub mod locks;
mod pages;
pub mod rejections;
pub mod requests;
#[cfg(test)]
pub(crate) mod school;
pub mod snapshot;
pub mod staffroom;
pub mod testing;
pub mod visit;
pub mod watch;

pub use alerts::Alerts;
pub use clock::{Clock, Jumps};
pub use continued::Continued;
pub use counters::Counters;
use flood::{Floods, Paces};
pub use ledger::Ledger;
pub use pages::on_large_pages;
use rejections::Rejections;
pub use requests::Requests;
pub use snapshot::{Condition, Snapshot};
pub use testing::Testing;
pub use visit::{Heard, Judged, Noted, Visit, Within};
pub use watch::{Changed, Watch};

use crate::journal::Journal;
use crate::journal::time::BUILT_MS;
use crate::net::listen::Standing;
use crate::people::{Passwords, Signed, kerberos};
use crate::words::{ClientAddr, Who};
use arc_swap::ArcSwap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The gate: what every door holds.
pub struct Gate {
    snapshot: ArcSwap<Snapshot>,
    pub journal: Journal,
    pub clock: Clock,
    pub jumps: Jumps,
    pub counters: Counters,
    /// Of clients whose questions come over connections.
    pub paces: Paces,
    floods: Floods,
    pub testing: Testing,
    crowds: crowds::Crowds,
    /// Where devices turned the gate's own certificate away.
    pub rejections: Rejections,
    /// What each client was told by the DNS door.
    pub ledger: Ledger,
    /// Where the web door listens, for pages that lead there; nowhere, if it is shut.
    pub web: Vec<SocketAddr>,
    /// And where over TLS.
    pub web_tls: Vec<SocketAddr>,
    pub requests: Requests,
    pub alerts: Alerts,
    /// Names and passwords, for every door that takes them.
    pub passwords: Arc<Passwords>,
    /// What was made of Kerberos tickets.
    pub tickets: kerberos::Tally,
    /// When the gate first answered anybody, in milliseconds since 1970; and this process.
    first_ms: i64,
    started: Instant,
}

impl Gate {
    pub fn new(snapshot: Snapshot, journal: Journal, clock: Clock) -> Self {
        snapshot.register.tell_roster();
        let (jumps, counters, paces, floods, testing, rejections) = Default::default();
        let crowds = crowds::Crowds::default();
        let ledger = Ledger::open(None, clock.clone());
        let (snapshot, web, requests) = (ArcSwap::from_pointee(snapshot), Vec::new(), Requests::default());
        let (first_ms, started) = (clock.unix_ms(), Instant::now());
        let (passwords, tickets) = Default::default();
        Self {
            snapshot,
            journal,
            clock,
            jumps,
            counters,
            paces,
            floods,
            testing,
            crowds,
            rejections,
            ledger,
            web,
            web_tls: Vec::new(),
            requests,
            alerts: Alerts::default(),
            passwords,
            tickets,
            first_ms,
            started,
        }
    }

    /// One that first answered at this moment.
    #[must_use]
    pub fn first_at(self, first_ms: i64) -> Self {
        Self { first_ms, ..self }
    }

    /// How long the school has had this gate. If the clock was not set when it first answered, how long this process has run.
    pub fn age(&self) -> Duration {
        let since = self.clock.unix_ms().saturating_sub(self.first_ms);
        let since = Duration::from_millis(u64::try_from(since).unwrap_or(0));
        let running = self.started.elapsed();
        if self.first_ms < BUILT_MS { running } else { since.max(running) }
    }

    /// With a ledger that is kept in a file.
    #[must_use]
    pub fn with_ledger(self, ledger: Ledger) -> Self {
        Self { ledger, ..self }
    }

    /// With the requests of earlier, and those to come kept with them.
    #[must_use]
    pub fn with_requests(self, requests: Requests) -> Self {
        Self { requests, ..self }
    }

    /// With the alerts of earlier, and those to come kept with them.
    #[must_use]
    pub fn with_alerts(self, alerts: Alerts) -> Self {
        Self { alerts, ..self }
    }

    /// With a web door, bound there.
    #[must_use]
    pub fn with_web(self, at: Vec<SocketAddr>) -> Self {
        Self { web: at, ..self }
    }

    /// With a web door over TLS, bound there.
    #[must_use]
    pub fn with_web_tls(self, at: Vec<SocketAddr>) -> Self {
        Self { web_tls: at, ..self }
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Puts another snapshot in force, and tells its roster of its register if that is another one. Visits that have begun keep the one
    /// they saw.
    ///
    /// The last of them would take the old one down: with a table, that is a mapping of many megabytes to be undone, while a client
    /// waits. So it is kept until they have ended, and goes on a thread of its own.
    pub fn swap(&self, mut next: Snapshot) -> Arc<Snapshot> {
        let now = self.snapshot.load();
        next.continued = now.continued.clone();
        if !Arc::ptr_eq(&now.register, &next.register) {
            next.register.tell_roster();
        }
        let next = Arc::new(next);
        let old = self.snapshot.swap(next.clone());
        let spawned = std::thread::Builder::new().name("old-snapshot".into()).spawn(move || outlive_visits(old));
        if let Err(fault) = spawned {
            tracing::debug!(%fault, "the old snapshot goes with its last visit");
        }
        next
    }

    /// Whose address it is, for doors that share their seats out.
    pub fn standing(&self, client: ClientAddr) -> Standing {
        match self.snapshot.load().who(client) {
            None => Standing::Stranger,
            Some(who) if who.is_many() => Standing::Many,
            Some(_) => Standing::One,
        }
    }

    /// Begins a visit. `None`: the address is in no network of the school, and is not answered.
    pub fn visit(&self, client: ClientAddr) -> Option<Visit> {
        self.visit_of(client, None)
    }

    /// The same, of a request that itself says whose it is, if `signed` does.
    pub fn visit_of(&self, client: ClientAddr, signed: Option<Signed>) -> Option<Visit> {
        let snapshot = self.snapshot();
        let moment = self.clock.now(&snapshot.config.school.zone);
        let who = snapshot.who_signed(client, signed)?;
        let boot_ms = self.clock.boot_ms();
        snapshot.heard(&who, boot_ms);
        Some(Visit { snapshot, who, signed, moment, boot_ms, noted: Noted::Row })
    }

    /// Begins a visit of the gate's own, as if it were somebody's.
    pub fn visit_as(&self, who: Who) -> Visit {
        let snapshot = self.snapshot();
        let moment = self.clock.now(&snapshot.config.school.zone);
        Visit { snapshot, who, signed: None, moment, boot_ms: self.clock.boot_ms(), noted: Noted::SelfTest }
    }

    /// Waits until everything noted before the call is in a week file: see [`Journal::settle`].
    pub fn settle(&self) -> bool {
        self.floods.write_all(&self.journal);
        self.journal.settle()
    }

    /// Waits until everything noted before the call is where a reader of the journal finds it: see [`Journal::flush`].
    pub fn flush(&self) -> bool {
        self.floods.write_all(&self.journal);
        self.journal.flush()
    }

    /// Moves everything to week files, and what clients were told to its file; what is noted afterwards is counted as dropped.
    pub fn stop(&self) {
        self.floods.write_all(&self.journal);
        self.journal.stop();
        self.ledger.stop();
    }
}

/// Holds a snapshot until its visits have ended. A visit lasts as long as its request; one that does not end soon (a tunnel, a
/// download) takes the snapshot down itself: by then nobody waits for it.
fn outlive_visits(old: Arc<Snapshot>) {
    const LOOK_EVERY: Duration = Duration::from_millis(20);
    const AT_MOST: u32 = 500;
    for _ in 0..AT_MOST {
        if Arc::strong_count(&old) == 1 {
            break;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
