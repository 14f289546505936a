//! Asks the upstreams, and remembers.
//!
//! Comes in: a question. Goes out: the upstream's whole message, with the names and addresses behind it read out, so that
//! a door can judge them; or, for the proxy, just the addresses of a host.
//! Always holds: what is remembered is unfiltered, for everyone the same; nobody waits longer than 3.5 s; memory,
//! sockets and questions under way are bounded.
//!
//! - [`routes`]      which upstreams a name is asked of, or nobody
//! - [`local`]       what is answered here: the school's own records, reverse zones of private addresses
//! - [`upstream`]    one upstream: asked by its protocol, and whether it has been answering
//! - [`request`]     one question in hickory's words, and over UDP
//! - [`way`]         the way to one upstream: a datagram each, or a connection
//! - [`validate`]    signatures checked here
//! - [`connection`]  a connection over TCP, TLS or HTTPS that is kept
//! - [`failover`]    several upstreams: which is asked first, when the next one is asked as well
//! - [`rebinding`]   addresses inside the school that somebody outside gives for a name
//! - [`update`]      dynamic updates of the school's own zones
//! - [`behind`]      what the lists know of what stands behind an answer
//! - [`cache`]       what upstreams said, until it is too old; and a day longer, for when nobody answers
//! - [`flight`]      many clients, one question: asked once
//! - [`shares`]      how many open questions one client may have

pub mod behind;
pub mod cache;
pub mod connection;
pub mod failover;
pub mod flight;
pub mod local;
pub mod rebinding;
pub mod request;
pub mod routes;
pub mod shares;
pub mod update;
pub mod upstream;
pub mod validate;
pub mod way;

#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;

pub use failover::{DEADLINE, MAX_OUT};
pub use routes::Plan;
pub use shares::Share;

use crate::config::{Dns, Upstream as Written};
use crate::net::fetch::{Looked, Lookup};
use crate::wire::answer::{self, Age};
use crate::wire::{Message, Query, Rcode, rr};
use crate::words::{ClientAddr, Host, Name};
use arc_swap::{ArcSwap, ArcSwapOption};
use behind::Behind;
use cache::Cache;
use connection::Trust;
use flight::Flights;
use local::Known;
use routes::Routes;
use shares::Shares;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Longest that anybody waits, on whichever flight: a little more than [`DEADLINE`], so that the upstreams' own answer to it
/// comes first and is remembered. A client is told of the failure within 4 s.
const PATIENCE: Duration = DEADLINE.saturating_add(Duration::from_millis(500));

/// How long upstreams may be silent before an old answer is told, if there is one (RFC 8767 §5): before clients ask again.
const STALE_AFTER: Duration = Duration::from_millis(1_800);

/// Asks the upstreams, and remembers.
pub struct Resolver {
    asking: Arc<Asking>,
    shares: Arc<Shares>,
}

/// What questions under way need, also those that nobody waits for any more.
struct Asking {
    routes: ArcSwap<Routes>,
    trust: Arc<Trust>,
    cache: Cache,
    flights: Flights,
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
    behind: ArcSwapOption<Behind>,
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

impl Lookup for Resolver {
    fn addresses<'a>(&'a self, host: &'a Host) -> Looked<'a> {
        Box::pin(async move { Self::addresses(self, host).await.map_err(|fault| fault.to_string()) })
    }
}

impl Resolver {
    /// Asks these for everything.
    pub fn new(upstreams: &[impl Into<Written> + Clone]) -> Self {
        let upstreams = upstreams.iter().cloned().map(Into::into).collect();
        Self::planned(Plan { upstreams, ..Plan::default() }, Arc::default())
    }

    /// Asks as the configuration says.
    pub fn of(dns: &Dns) -> Self {
        Self::planned(dns.into(), Arc::default())
    }

    /// `trust` is whom certificates of upstreams are verified by.
    fn planned(plan: Plan, trust: Arc<Trust>) -> Self {
        let routes = ArcSwap::from_pointee(Routes::new(plan, None, &trust));
        let asking = Asking { routes, trust, cache: Cache::default(), flights: Flights::default(), forgotten: AtomicU64::new(0) };
        Self { asking: Arc::new(asking), shares: Arc::default() }
    }

    /// Asks as this says from now on. If that is something else, what was remembered is forgotten: it may be why it was
    /// changed. Upstreams that stay keep their connections. Returns whether anything changed.
    pub fn follow(&self, plan: impl Into<Plan>) -> bool {
        let plan = plan.into();
        let now = self.asking.routes.load();
        if *now.plan() == plan {
            return false;
        }
        self.asking.routes.store(Arc::new(Routes::new(plan, Some(&now), &self.asking.trust)));
        self.asking.cache.clear();
        self.asking.forgotten.fetch_add(1, Ordering::Release);
        true
    }

    /// A number that grows whenever all that was remembered is forgotten: who has kept an answer beside this must forget it too.
    pub fn forgotten(&self) -> u64 {
        self.asking.forgotten.load(Ordering::Acquire)
    }

    /// A place for one open question of this client, held until it is answered. `None`: it has its share.
    pub fn share(&self, client: ClientAddr) -> Option<Share> {
        self.shares.take(client)
    }

    /// What is answered here, or remembered of this question. Never waits: a worker asks here before it hands the question on.
    pub fn cached(&self, query: &Query) -> Option<Outcome> {
        match self.asking.local(query) {
            Some(Known::Answer(outcome)) => Some(outcome),
            Some(Known::Alias(_)) => None,
            None => self.asking.cache.find(&cache::Key::of(query), Instant::now()),
        }
    }

    /// What is answered here, or the upstream's answer to this question, remembered or fetched; many who ask at once cause one
    /// question. If upstreams fail or are silent, what they said within the last day.
    ///
    /// # Errors
    /// [`ResolveFault::Unanswered`] after at most 3.5 s; [`ResolveFault::Busy`] if there is no room.
    pub async fn answer(&self, query: &Query) -> Outcome {
        match self.asking.local(query) {
            Some(Known::Answer(outcome)) => outcome,
            Some(Known::Alias(alias)) => {
                let target = Query { name: Name::from(&alias.target), ..*query };
                alias.complete(query, &*self.resolved(&target).await?)
            }
            None => self.resolved(query).await,
        }
    }

    async fn resolved(&self, query: &Query) -> Outcome {
        let key = cache::Key::of(query);
        let now = Instant::now();
        if let Some(kept) = self.asking.cache.find(&key, now) {
            return kept;
        }
        let Some(old) = self.asking.cache.stale(&key, now) else { return self.asking.join(&key, query).await };
        // Whoever asks next is to have the new answer, even if this one does not wait for it.
        let (asking, query) = (self.asking.clone(), *query);
        let fetching = tokio::spawn(async move { asking.join(&cache::Key::of(&query), &query).await });
        match tokio::time::timeout(STALE_AFTER, fetching).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            // Its seconds count from now.
            _ => self.asking.cache.stale(&key, Instant::now()).unwrap_or(old),
        }
    }

    /// Where dynamic updates of this zone go. `None`: nowhere.
    pub fn updates(&self, zone: &Name) -> Option<std::net::SocketAddr> {
        self.asking.routes.load().updates(zone)
    }

    /// Where a key of this name for dynamic updates is agreed on. `None`: nowhere.
    pub fn keys(&self, name: &Name) -> Option<std::net::SocketAddr> {
        self.asking.routes.load().keys(name)
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
        if let Some(known) = self.known(host) {
            return known;
        }
        let (a, aaaa) = both_families(host);
        let (v4, v6) = tokio::join!(self.answer(&a), self.answer(&aaaa));
        together(&v4, &v6)
    }

    /// [`Resolver::leads_to`], where nobody has to be asked.
    pub fn known(&self, host: &Host) -> Option<Result<LeadsTo, ResolveFault>> {
        if let Some(address) = host.address() {
            return Some(Ok(LeadsTo { names: Vec::new(), addresses: vec![address] }));
        }
        if host.suffixes().last() == Some("localhost") {
            let addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            return Some(Ok(LeadsTo { names: Vec::new(), addresses }));
        }
        let (a, aaaa) = both_families(host);
        Some(together(&self.cached(&a)?, &self.cached(&aaaa)?))
    }
}

fn both_families(host: &Host) -> (Query, Query) {
    let name = Name::from(host);
    (Query::of(name, rr::A), Query::of(name, rr::AAAA))
}

/// What the answers for both families come to.
fn together(v4: &Outcome, v6: &Outcome) -> Result<LeadsTo, ResolveFault> {
    let answers = || [v4, v6].into_iter().flatten();
    let addresses: Vec<IpAddr> = answers().flat_map(|a| a.addresses().iter().copied()).collect();
    let mut names: Vec<Host> = answers().flat_map(|a| a.names().iter().copied()).collect();
    names.sort();
    names.dedup();
    if addresses.is_empty() { Err(why_none(v4, v6)) } else { Ok(LeadsTo { names, addresses }) }
}

impl Asking {
    fn local(&self, query: &Query) -> Option<Known> {
        let routes = self.routes.load();
        routes.local.find(query, |name| routes.forwards(name))
    }

    async fn join(&self, key: &cache::Key, query: &Query) -> Outcome {
        // Whoever takes a flight over begins anew; it must still hear in time.
        let joined = tokio::time::timeout(PATIENCE, self.flights.join(key, self.fetch(key, query))).await;
        joined.unwrap_or(Err(ResolveFault::Unanswered))
    }

    async fn fetch(&self, key: &cache::Key, query: &Query) -> Outcome {
        // Another flight may have landed between the look into the cache and this one's start.
        if let Some(kept) = self.cache.find(key, Instant::now()) {
            return kept;
        }
        let routes = self.routes.load_full();
        let fetched = routes.ask(query).await.map(|message| Arc::new(WireAnswer::new(message)));
        if !Arc::ptr_eq(&routes, &self.routes.load()) {
            return fetched; // others are asked by now: it is told, and not remembered
        }
        self.cache.keep(key, fetched)
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
        Self { message, received: Instant::now(), without_ech: OnceLock::new(), behind: ArcSwapOption::empty() }
    }

    /// The same, too old to be believed for longer than `ttl` seconds from now.
    fn stale(&self, ttl: u32) -> Self {
        Self::new(self.message.stale(ttl))
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

    /// When it came.
    pub fn received(&self) -> Instant {
        self.received
    }

    /// The message, if it is the same for everybody: nothing in it is kept from some, and nothing is to be said beside it.
    pub fn same_for_all(&self) -> Option<&Message> {
        Some(&self.message).filter(|message| !message.has_services() && message.error().is_none())
    }

    /// Writes the answer for a client that takes `limit` octets, TTLs counted down to `now` and to at most `most`; without what
    /// hides names from the gate, unless `keep_ech`. Gives its response code.
    pub fn write(&self, query: &Query, limit: usize, now: Instant, most: u32, keep_ech: bool, out: &mut Vec<u8>) -> Rcode {
        let message = if keep_ech { &self.message } else { self.without_ech() };
        answer::pass_on(message, query, Age { passed: self.age(now), most }, limit, out);
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
