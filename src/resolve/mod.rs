//! Asks the upstreams, and remembers.
//!
//! Comes in: a question. Goes out: the upstream's whole message, with the names and addresses behind it read out, so that
//! a door can judge them; or, for the proxy, just the addresses of a host.
//! Always holds: what is remembered is unfiltered, for everyone the same; nobody waits longer than 3.5 s; memory,
//! sockets and questions under way are bounded.
//!
//! - [`upstream`]  one upstream: over UDP, over TCP if the answer does not fit, and whether it has been answering
//! - [`failover`]  several upstreams: which is asked first, when the next one is asked as well
//! - [`cache`]     what upstreams said, until it is too old
//! - [`flight`]    many clients, one question: asked once
//! - [`shares`]    how many open questions one client may have

pub mod cache;
pub mod failover;
pub mod flight;
pub mod shares;
pub mod upstream;

#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;

pub use failover::DEADLINE;
pub use shares::Share;

use crate::wire::{Message, Query, Rcode, answer, rr};
use crate::words::{ClientAddr, Host, Name};
use cache::Cache;
use failover::Upstreams;
use flight::Flights;
use shares::Shares;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Longest that anybody waits, on whichever flight: a little more than [`DEADLINE`], so that the upstreams' own answer to it
/// comes first and is remembered. A client is told of the failure within 4 s.
const PATIENCE: Duration = DEADLINE.saturating_add(Duration::from_millis(500));

/// Asks the upstreams, and remembers.
pub struct Resolver {
    upstreams: Upstreams,
    cache: Cache,
    flights: Flights,
    shares: Arc<Shares>,
    /// How often all that was remembered has been forgotten.
    forgotten: AtomicU64,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResolveFault {
    #[error("no such name")]
    NoSuchName,
    #[error("the name has no address")]
    NoAddress,
    #[error("no upstream answered in time")]
    Unanswered,
    #[error("the upstream could not resolve the name (response code {0})")]
    Failed(u16),
    #[error("too many questions are under way")]
    Busy,
}

/// What an upstream said, and when.
#[derive(Debug)]
pub struct WireAnswer {
    message: Message,
    received: Instant,
    /// The message without ECH, once somebody was to have it so; `None`: it is the same.
    without_ech: OnceLock<Option<Box<Message>>>,
}

/// What a host leads to: what a door that connects must judge beside the host itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadsTo {
    /// The names of its chain (CNAME), without itself.
    pub names: Vec<Host>,
    pub addresses: Vec<IpAddr>,
}

/// What came of a question: shared by everyone who asked it.
pub type Outcome = Result<Arc<WireAnswer>, ResolveFault>;

impl Resolver {
    pub fn new(upstreams: &[SocketAddr]) -> Self {
        Self {
            upstreams: Upstreams::new(upstreams),
            cache: Cache::default(),
            flights: Flights::default(),
            shares: Arc::default(),
            forgotten: AtomicU64::new(0),
        }
    }

    /// Asks others from now on. If they are others, what was remembered is forgotten: it may be why they were changed.
    pub fn set_upstreams(&self, upstreams: &[SocketAddr]) {
        if self.upstreams.set(upstreams) {
            self.cache.clear();
            self.forgotten.fetch_add(1, Ordering::Release);
        }
    }

    /// A number that grows whenever all that was remembered is forgotten: who has kept an answer beside this must forget it too.
    pub fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Acquire)
    }

    /// A place for one open question of this client, held until it is answered. `None`: room is short and it has its share.
    pub fn share(&self, client: ClientAddr) -> Option<Share> {
        self.shares.take(client)
    }

    /// What is remembered of this question. Never waits: a worker asks here before it hands the question on.
    pub fn cached(&self, query: &Query) -> Option<Outcome> {
        self.cache.find(&cache::Key::of(query), Instant::now())
    }

    /// The upstream's answer to this question, remembered or fetched; many who ask at once cause one question.
    ///
    /// # Errors
    /// [`ResolveFault::Unanswered`] after at most 3.5 s; [`ResolveFault::Busy`] if there is no room.
    pub async fn answer(&self, query: &Query) -> Outcome {
        let key = cache::Key::of(query);
        if let Some(kept) = self.cache.find(&key, Instant::now()) {
            return kept;
        }
        // Whoever takes a flight over begins anew; it must still hear in time.
        let joined = tokio::time::timeout(PATIENCE, self.flights.join(&key, self.fetch(&key, query))).await;
        joined.unwrap_or(Err(ResolveFault::Unanswered))
    }

    async fn fetch(&self, key: &cache::Key, query: &Query) -> Outcome {
        // Another flight may have landed between the look into the cache and this one's start.
        if let Some(kept) = self.cache.find(key, Instant::now()) {
            return kept;
        }
        let fetched = self.upstreams.ask(query).await.map(|message| Arc::new(WireAnswer::new(message)));
        self.cache.keep(key, &fetched);
        fetched
    }

    /// The addresses of a host, unfiltered, in the order to try them.
    ///
    /// # Errors
    /// As [`Resolver::leads_to`].
    pub async fn addresses(&self, host: &Host) -> Result<Vec<IpAddr>, ResolveFault> {
        self.leads_to(host).await.map(|found| found.addresses)
    }

    /// Everything a host leads to, unfiltered; addresses in the order to try them: IPv4 first, because a school's line may
    /// have no IPv6. An address is its own; `localhost` never leaves the machine (RFC 6761 §6.3).
    ///
    /// # Errors
    /// [`ResolveFault`]: there are no addresses, or nobody could say.
    pub async fn leads_to(&self, host: &Host) -> Result<LeadsTo, ResolveFault> {
        if let Some(address) = host.address() {
            return Ok(LeadsTo { names: Vec::new(), addresses: vec![address] });
        }
        if host.suffixes().last() == Some("localhost") {
            return Ok(LeadsTo { names: Vec::new(), addresses: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] });
        }
        let name = Name::from(host);
        let (a, aaaa) = (Query::of(name, rr::A), Query::of(name, rr::AAAA));
        let (v4, v6) = tokio::join!(self.answer(&a), self.answer(&aaaa));
        let answers = || [&v4, &v6].into_iter().flatten();
        let addresses: Vec<IpAddr> = answers().flat_map(|a| a.addresses().iter().copied()).collect();
        let mut names: Vec<Host> = answers().flat_map(|a| a.names().iter().copied()).collect();
        names.sort();
        names.dedup();
        if addresses.is_empty() { Err(why_none(&v4, &v6)) } else { Ok(LeadsTo { names, addresses }) }
    }
}

/// Why two answers hold no address. A name that does not exist has neither kind (RFC 8020).
fn why_none(v4: &Outcome, v6: &Outcome) -> ResolveFault {
    let why = |outcome: &Outcome| match outcome {
        Ok(answer) => match answer.rcode() {
            Rcode::NXDOMAIN => ResolveFault::NoSuchName,
            Rcode::NOERROR => ResolveFault::NoAddress,
            Rcode(code) => ResolveFault::Failed(code),
        },
        Err(fault) => *fault,
    };
    match (why(v4), why(v6)) {
        (ResolveFault::NoAddress, other) => other,
        (one, _) => one,
    }
}

impl WireAnswer {
    fn new(message: Message) -> Self {
        Self { message, received: Instant::now(), without_ech: OnceLock::new() }
    }

    pub fn rcode(&self) -> Rcode {
        self.message.rcode()
    }

    /// Until when it may be given to others. `None`: to nobody but those who asked for it.
    pub fn fresh_until(&self) -> Option<Instant> {
        let seconds = self.message.lifetime();
        (seconds > 0).then(|| self.received + Duration::from_secs(seconds.into()))
    }

    /// The names the question leads to, at most [`crate::wire::message::MAX_CHAIN`].
    pub fn names(&self) -> &[Host] {
        self.message.names()
    }

    /// The addresses the question leads to, at most [`crate::wire::message::MAX_ADDRESSES`].
    pub fn addresses(&self) -> &[IpAddr] {
        self.message.addresses()
    }

    /// Seconds of its lifetime that are left.
    pub fn left(&self, now: Instant) -> u32 {
        self.message.lifetime().saturating_sub(self.age(now))
    }

    fn age(&self, now: Instant) -> u32 {
        now.saturating_duration_since(self.received).as_secs().min(u64::from(u32::MAX)) as u32
    }

    /// Writes the answer for a client that takes `limit` octets, TTLs counted down to `now`; without what hides names from the
    /// gate, unless `keep_ech`. Gives its response code.
    pub fn write(&self, query: &Query, limit: usize, now: Instant, keep_ech: bool, out: &mut Vec<u8>) -> Rcode {
        let message = if keep_ech { &self.message } else { self.without_ech() };
        answer::pass_on(message, query, self.age(now), limit, out);
        message.rcode()
    }

    fn without_ech(&self) -> &Message {
        let edit = || match self.message.without_ech() {
            Ok(edited) => edited.map(Box::new),
            Err(_) => Some(Box::new(self.message.failed())),
        };
        self.without_ech.get_or_init(edit).as_deref().unwrap_or(&self.message)
    }
}
