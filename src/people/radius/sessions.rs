//! Which packets are believed, and what follows.

use crate::people::roster::{At, Book, Bound, Claim, Now, Roster, Teller};
use crate::wire::radius::{Bad, Request, Status, read};
use crate::words::{Known, Network};
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Most sessions that are remembered: a large trust's devices. One that is too many is believed, and ends by its time alone.
const MOST: usize = 131_072;

/// How long a session that has ended is remembered: a Start that comes after its Stop was held up on the way.
pub(super) const ENDED_MS: u64 = 10 * 60 * 1000;

/// Requests of one sender that are known again if they come twice. A sender repeats one after some seconds.
const REPEATS: usize = 512;

/// By how much a sender's own clock may say that a request is older than the newest of it: more is a packet that somebody has
/// recorded. Records that were held back while the line was down come within it.
pub(super) const STALE_S: u32 = 60 * 60;

/// Who may tell.
#[derive(Debug, Clone)]
pub struct Client {
    pub name: String,
    pub from: Vec<Network>,
    pub secret: Vec<u8>,
    /// After so long without a word a session has ended.
    pub silent_ms: u64,
}

/// What came, and what was made of it.
#[derive(Debug, Default)]
pub struct Tally {
    pub believed: AtomicU64,
    /// Not signed as it must be.
    pub forged: AtomicU64,
    /// From an address that is not in the configuration.
    pub foreign: AtomicU64,
    /// No accounting request, or one of long ago.
    pub dropped: AtomicU64,
    /// Believed, of a user the register does not know.
    pub unknown: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Sessions {
    clients: Vec<Peer>,
    sessions: HashMap<u64, Session>,
    /// The session that a place was last told to be in.
    current: HashMap<At, u64>,
}

#[derive(Debug)]
struct Peer {
    client: Client,
    repeats: VecDeque<(u8, [u8; 16])>,
    /// The newest of its own times.
    newest_s: u32,
}

#[derive(Debug)]
struct Session {
    client: usize,
    at: Vec<At>,
    /// When it is forgotten.
    until_ms: u64,
    ended: bool,
}

impl Sessions {
    pub fn new(clients: Vec<Client>) -> Self {
        let peer = |client| Peer { client, repeats: VecDeque::new(), newest_s: 0 };
        Self { clients: clients.into_iter().map(peer).collect(), sessions: HashMap::new(), current: HashMap::new() }
    }

    /// Goes on where another left off, after the configuration was read again: an Accounting-Off ends what was begun before it.
    /// Of a sender that is no more nothing is kept; what it said ends in its own time.
    pub fn take_over(&mut self, before: Self) {
        let mut now = Vec::with_capacity(before.clients.len());
        for Peer { client, repeats, newest_s } in before.clients {
            let place = self.clients.iter().position(|peer| peer.client.name == client.name);
            if let Some(place) = place {
                (self.clients[place].repeats, self.clients[place].newest_s) = (repeats, newest_s);
            }
            now.push(place);
        }
        let kept = |(id, session): (u64, Session)| Some((id, Session { client: now[session.client]?, ..session }));
        self.sessions = before.sessions.into_iter().filter_map(kept).collect();
        self.current = before.current;
    }

    /// The same with its senders in another order.
    #[cfg(test)]
    pub fn swap(&mut self) {
        self.clients.reverse();
        let last = self.clients.len() - 1;
        self.sessions.values_mut().for_each(|session| session.client = last - session.client);
    }

    /// Takes a datagram. Goes out: what is answered; nothing to what is not believed.
    pub fn take(&mut self, datagram: &[u8], from: IpAddr, roster: &Roster, now: Now) -> Option<Vec<u8>> {
        let tally = &roster.radius;
        let of = |peer: &Peer| peer.client.from.iter().any(|network| network.contains(from));
        let Some(client) = self.clients.iter().position(of) else {
            tally.foreign.fetch_add(1, Relaxed);
            return None;
        };
        let peer = &mut self.clients[client];
        let request = match read(datagram, &peer.client.secret) {
            Ok(request) => request,
            Err(bad) => {
                let count = if bad == Bad::Forged { &tally.forged } else { &tally.dropped };
                count.fetch_add(1, Relaxed);
                return None;
            }
        };
        if let Some(event) = request.event_s {
            if event.saturating_add(STALE_S) < peer.newest_s {
                tally.dropped.fetch_add(1, Relaxed);
                return None;
            }
            peer.newest_s = peer.newest_s.max(event);
        }
        let answer = request.answer(&peer.client.secret);
        if peer.repeats.contains(&request.fingerprint()) {
            return Some(answer);
        }
        if peer.repeats.len() >= REPEATS {
            peer.repeats.pop_front();
        }
        peer.repeats.push_back(request.fingerprint());
        tally.believed.fetch_add(1, Relaxed);
        self.apply(client, &request, roster, now);
        Some(answer)
    }

    fn apply(&mut self, client: usize, request: &Request, roster: &Roster, now: Now) {
        // The same after a reload: a Stop must find what the Start began.
        let mut hasher = DefaultHasher::new();
        (&self.clients[client].client.name, request.session).hash(&mut hasher);
        let session = hasher.finish();
        match request.status {
            Status::Start | Status::Interim => self.goes_on(client, session, request, roster, now),
            Status::Stop => {
                let known = self.sessions.remove(&session).map(|s| s.at).unwrap_or_default();
                roster.change(now, |book| {
                    let told = places(request).into_iter();
                    known.into_iter().chain(told).for_each(|at| book.end(at, Known::Radius, Some(session)));
                });
                self.keep(session, Session { client, at: vec![], until_ms: now.boot_ms + ENDED_MS, ended: true }, now);
            }
            Status::On | Status::Off => {
                let mut ended = Vec::new();
                self.sessions.retain(|id, session| {
                    let its = session.client == client;
                    if its {
                        ended.extend(session.at.iter().map(|at| (*id, *at)));
                    }
                    !its
                });
                roster.change(now, |book| {
                    ended.into_iter().for_each(|(id, at)| book.end(at, Known::Radius, Some(id)));
                });
            }
            Status::Other(_) => {}
        }
    }

    fn goes_on(&mut self, client: usize, session: u64, request: &Request, roster: &Roster, now: Now) {
        if self.sessions.get(&session).is_some_and(|s| s.ended && s.until_ms > now.boot_ms) {
            return;
        }
        let Some(user) = request.user else { return };
        let person = roster.account(user);
        if person.is_none() {
            roster.radius.unknown.fetch_add(1, Relaxed);
        }
        let silent_ms = self.clients[client].client.silent_ms;
        let (until_ms, at) = (now.boot_ms.saturating_add(silent_ms), places(request));
        if request.status == Status::Start {
            at.iter().for_each(|at| self.succeed(*at, session, until_ms));
        }
        roster.change(now, |book| {
            if let Some(mac) = request.mac {
                let bound = Bound { mac, by: client as u16, until_ms: Some(until_ms) };
                request.addresses.iter().for_each(|address| book.bind(*address, Teller::Radius, bound));
            }
            if request.status == Status::Start {
                at.iter().for_each(|at| end_others(book, *at, session));
            }
            let Some(person) = person else { return };
            let began = Now { unix_ms: now.unix_ms - i64::from(request.delay_s) * 1000, ..now };
            let claim = Claim { until_ms, ..Claim::sign_in(person, Known::Radius, session, began, silent_ms) };
            for at in &at {
                // It began when it was first told of, not when it was told of again.
                let since = book.has(*at, Known::Radius, session).and_then(|before| before.since).or(claim.since);
                book.claim(*at, Claim { since, ..claim });
            }
        });
        self.keep(session, Session { client, at, until_ms, ended: false }, now);
    }

    /// A place is in another session now: what was before it has ended, whoever goes on speaking of it.
    fn succeed(&mut self, at: At, session: u64, until_ms: u64) {
        if self.current.len() >= MOST {
            self.current.retain(|_, session| self.sessions.contains_key(session));
        }
        let before = self.current.insert(at, session).filter(|before| *before != session);
        if let Some(before) = before.and_then(|before| self.sessions.get_mut(&before)) {
            (before.ended, before.until_ms) = (true, until_ms);
        }
    }

    fn keep(&mut self, id: u64, session: Session, now: Now) {
        if self.sessions.len() >= MOST {
            self.sessions.retain(|_, session| session.until_ms > now.boot_ms);
        }
        if self.sessions.len() < MOST || self.sessions.contains_key(&id) {
            self.sessions.insert(id, session);
        }
    }
}

/// Where a session is: at its device, or, where that is not told, at its addresses.
fn places(request: &Request) -> Vec<At> {
    match request.mac {
        Some(mac) => vec![At::Mac(mac)],
        None => request.addresses.iter().copied().map(At::Address).collect(),
    }
}

/// A device is in one session at a time.
fn end_others(book: &mut Book, at: At, session: u64) {
    let kept = book.has(at, Known::Radius, session);
    book.end(at, Known::Radius, None);
    if let Some(kept) = kept {
        book.claim(at, kept);
    }
}
