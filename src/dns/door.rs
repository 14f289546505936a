//! One query to one answer, for every transport: judged, resolved, judged behind, written down.
//!
//! ```text
//! bytes ─▶ read ─▶ who? ─▶ judge ─▶ blocked? ── yes ─▶ block answer ─▶ note ─▶ bytes
//!                  │                  no
//!                  ▼                  ▼
//!               REFUSED       safe search: another name?
//!                                     ▼
//!                                  cache ── miss ─▶ upstream ─▶ judge behind ─▶ note ─▶ bytes
//! ```

use super::blocked::{self, PERSONAL_TTL};
use super::update::Update;
use super::{captive, safe, special};
use crate::gate::{Gate, Heard, Judged, Noted, Visit};
use crate::journal::{Door as Doorway, Intent};
use crate::policy::{Action, Step, Surface, Verdict};
use crate::resolve::{Outcome, ResolveFault, Resolver, Share, WireAnswer};
use crate::wire::{Asking, BadQuery, Ede, Made, Path, Query, Rcode, answer, rr};
use crate::words::{Category, CategorySet, ClientAddr, Host};
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What answers queries: the gate that judges, the resolver that asks.
pub struct Door {
    pub gate: Arc<Gate>,
    pub resolver: Arc<Resolver>,
}

/// Who asks, and by which way the answer goes back.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    pub client: ClientAddr,
    /// The address of ours that was asked.
    pub local: IpAddr,
    pub transport: Transport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
    /// DNS over TLS (RFC 7858).
    Tls,
    /// DNS over HTTPS (RFC 8484).
    Https,
}

impl From<Transport> for Path {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Udp => Self::Datagram,
            Transport::Tcp => Self::Stream { private: false },
            Transport::Tls => Self::Stream { private: true },
            Transport::Https => Self::Https,
        }
    }
}

/// What the first look came to.
pub enum First {
    /// Nothing is sent.
    Silence,
    /// The answer is written, and written down.
    Answered,
    /// An upstream must be asked: [`Door::finish`].
    Open(Box<Open>),
}

/// A question that is allowed, and not yet answered.
pub struct Open {
    pub(super) visit: Visit,
    pub(super) judged: Judged,
    pub(super) personal: bool,
    pub(super) query: Query,
    pub(super) asker: Asker,
    pub(super) length: usize,
    pub(super) since: Instant,
    pub(super) alias: Option<safe::Alias>,
    /// `None`: the client has its share.
    pub(super) share: Option<Share>,
    /// It is no question that is answered here, but passed through to a zone's server.
    pub(super) update: Option<Update>,
}

/// One question on its way: everything that its event needs.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub visit: &'a Visit,
    /// Of the question itself.
    pub judged: &'a Judged,
    /// Somebody else, or the same person later, may be told otherwise: see [`Visit::is_personal`].
    pub personal: bool,
    pub query: &'a Query,
    /// The name as it is printed, if that is known already.
    pub printed: Option<&'a str>,
    pub asker: Asker,
    /// Octets of the query.
    pub length: usize,
    pub since: Instant,
    /// It is answered within its batch, if no upstream is asked: no time is looked up for how long that took.
    pub at_once: bool,
    /// What it is answered as, by safe search.
    pub alias: Option<&'a safe::Alias>,
}

impl Open {
    pub(super) fn asked(&self) -> Asked<'_> {
        let Self { visit, judged, query, alias, .. } = self;
        let (personal, asker, length, since) = (self.personal, self.asker, self.length, self.since);
        Asked { visit, judged, personal, query, printed: None, asker, length, since, at_once: false, alias: alias.as_ref() }
    }
}

impl Asked<'_> {
    /// The same, held until it is answered.
    pub(super) fn open(&self, share: Option<Share>, update: Option<Update>) -> Box<Open> {
        let Self { personal, asker, length, since, .. } = *self;
        let (visit, judged, query, alias) = (self.visit.clone(), *self.judged, *self.query, self.alias.copied());
        Box::new(Open { visit, judged, personal, query, asker, length, since, alias, share, update })
    }

    /// What the upstreams are asked.
    fn wanted(&self) -> &Query {
        self.alias.map_or(self.query, |alias| &alias.query)
    }

    /// How long the answer may be kept at most, in seconds.
    pub(super) fn most(&self) -> u32 {
        if self.personal { PERSONAL_TTL } else { u32::MAX }
    }

    /// Longest answer that the client can take.
    pub(super) fn limit(&self) -> usize {
        match self.asker.transport {
            Transport::Udp => self.query.udp_limit(),
            Transport::Tcp | Transport::Tls | Transport::Https => answer::LONGEST,
        }
    }
}

impl Door {
    pub fn new(gate: Arc<Gate>, resolver: Arc<Resolver>) -> Self {
        Self { gate, resolver }
    }

    /// Answers one query. `false`: nothing is to be sent.
    ///
    /// The event is written before this returns, so before the answer leaves.
    pub async fn answer(&self, bytes: &[u8], asker: Asker, out: &mut Vec<u8>) -> bool {
        match self.first(bytes, asker, out) {
            First::Silence => false,
            First::Answered => true,
            First::Open(open) => {
                self.finish(*open, out).await;
                true
            }
        }
    }

    /// Answers what can be answered without waiting: what is blocked, refused, special or remembered.
    pub fn first(&self, bytes: &[u8], asker: Asker, out: &mut Vec<u8>) -> First {
        let mut visit = self.gate.visit(asker.client);
        if let Some(visit) = &mut visit {
            let flood = self.gate.paces.count(asker.client, (visit.boot_ms / 1000) as u32);
            visit.noted = if flood && !visit.who.is_many() { Noted::Sum } else { Noted::Row };
        }
        self.first_of(visit, bytes, asker, out)
    }

    /// The same for a visit that has begun; `None`: it is a stranger's.
    pub(super) fn first_of(&self, visit: Option<Visit>, bytes: &[u8], asker: Asker, out: &mut Vec<u8>) -> First {
        let since = Instant::now();
        let counters = &self.gate.counters;
        let ours = visit.is_some();
        let query = match Query::read_by(asker.transport.into(), bytes) {
            Ok(query) => query,
            Err(bad) => {
                let update = visit.filter(|_| bad == BadQuery::Opcode(Query::UPDATE));
                if let Some(first) = update.and_then(|visit| self.update(bytes, visit, asker, since, out)) {
                    return first;
                }
                counters.malformed.inc();
                return refuse_header(bad, bytes, ours, out);
            }
        };
        let Some(visit) = visit else {
            counters.strangers.inc();
            let error = Some((Ede::PROHIBITED, "this address is in no network of the school"));
            Made { error, ..Made::bare(Rcode::REFUSED) }.write(&query, out);
            return First::Answered;
        };
        if query.edns.is_some_and(|e| e.version != 0) {
            // The client asks again with version 0 (RFC 6891 §6.1.3): that is the query that is judged and written down.
            counters.malformed.inc();
            Made::bare(Rcode::BADVERS).write(&query, out);
            return First::Answered;
        }
        let host = query.name.nearest_host();
        let judged = match &host {
            Some(host) => visit.judge(host, Surface::NoPage),
            None => visit.judge_unlisted(Surface::NoPage),
        };
        let personal = visit.is_personal(&host.unwrap_or_else(Visit::nobody), &judged.found);
        let length = bytes.len();
        let (visit, judged, query) = (&visit, &judged, &query);
        let asked = Asked { visit, judged, personal, query, printed: None, asker, length, since, at_once: false, alias: None };
        if query.kind == rr::TKEY
            && let Some(first) = self.key(bytes, &asked, out)
        {
            return first;
        }
        self.judged(&asked, host.as_ref(), out)
    }

    /// Answers a question that has been judged, if nobody must be asked. `host` is what it was judged by.
    pub(super) fn judged(&self, asked: &Asked, host: Option<&Host>, out: &mut Vec<u8>) -> First {
        let instead = host.and_then(|host| safe::instead(asked, host));
        let rewritten = instead.as_ref().map(|_| asked.judged.rewritten());
        let followed = instead.as_ref().and_then(safe::Instead::followed);
        let asked = &Asked { judged: rewritten.as_ref().unwrap_or(asked.judged), alias: followed, ..*asked };
        let told = instead.as_ref().and_then(safe::Instead::told).filter(|_| !asked.judged.verdict.blocks());
        let Asked { visit, judged, query, asker, .. } = *asked;
        if !is_plain(&query.asking()) {
            self.say(asked, Made::bare(Rcode::REFUSED), judged, out);
        } else if let Some(made) = host.and_then(|h| special::answer(h, query.kind, &visit.snapshot, asker.local)) {
            self.say(asked, made, judged, out);
        } else if let Some(made) = told {
            self.say(asked, made, judged, out);
        } else if let Some(made) = host.and_then(|h| captive::answer(h, query.kind, visit, asker.local)) {
            self.say(asked, made, judged, out);
        } else {
            return self.ordinary(asked, out);
        }
        First::Answered
    }

    /// [`Door::judged`] for a question that is plain, of a name that we have nothing of our own to say of.
    pub(super) fn ordinary(&self, asked: &Asked, out: &mut Vec<u8>) -> First {
        let Asked { judged, query, asker, .. } = *asked;
        if judged.verdict.blocks() {
            self.block(asked, judged, out);
        } else if query.kind == rr::ANY {
            self.say(asked, Made::minimal(asked.most()), judged, out);
        } else if let Some(kept) = self.resolver.cached(asked.wanted()) {
            self.settle(asked, kept, out);
        } else {
            return First::Open(asked.open(self.resolver.share(asker.client), None));
        }
        First::Answered
    }

    /// Asks the upstreams, and answers.
    pub async fn finish(&self, open: Open, out: &mut Vec<u8>) {
        let Some(_share) = &open.share else { return self.too_busy(&open, out) };
        if let Some(update) = &open.update {
            return self.finish_update(&open, update, out).await;
        }
        let outcome = self.resolver.answer(open.asked().wanted()).await;
        self.settle(&open.asked(), outcome, out);
    }

    /// Answers a question for which there is no room: SERVFAIL, so that the client tries again or elsewhere.
    pub fn too_busy(&self, open: &Open, out: &mut Vec<u8>) {
        match &open.update {
            Some(update) => self.too_busy_update(open, update, out),
            None => self.settle(&open.asked(), Err(ResolveFault::Busy), out),
        }
    }

    /// Answers an allowed question, unless what stands behind it is blocked.
    fn settle(&self, asked: &Asked, outcome: Outcome, out: &mut Vec<u8>) {
        match outcome {
            Ok(found) => {
                let (judged, personal) = behind(asked, &found);
                let asked = &Asked { personal: asked.personal || personal, ..*asked };
                if judged.verdict.blocks() {
                    return self.block(asked, &judged, out);
                }
                self.pass_on(asked, &judged, &found, out);
            }
            Err(fault) => {
                let code = match fault {
                    ResolveFault::Busy => {
                        self.gate.counters.overloads.inc();
                        Ede::OTHER
                    }
                    _ => {
                        self.gate.counters.upstream_failures.inc();
                        Ede::NO_REACHABLE_AUTHORITY
                    }
                };
                let text = fault.to_string();
                let made = Made { error: Some((code, &text)), ..Made::bare(Rcode::SERVFAIL) };
                self.say(asked, made, asked.judged, out);
            }
        }
    }

    /// Answers what may be known as the upstream said it.
    fn pass_on(&self, asked: &Asked, judged: &Judged, found: &WireAnswer, out: &mut Vec<u8>) {
        if let Some(alias) = asked.alias {
            let ttl = found.left(asked.since).min(safe::TTL);
            self.say(asked, alias.answer(found.rcode(), found.addresses(), ttl), judged, out);
        } else {
            let rcode = found.write(asked.query, asked.limit(), asked.since, asked.most(), asked.visit.keeps_ech(), out);
            self.note(asked, judged, rcode, out);
        }
        let addresses = found.addresses();
        if !addresses.is_empty()
            && let Some(host) = asked.query.name.host()
        {
            let mark = self.gate.ledger.mark(host.as_str(), addresses);
            self.tell(asked.visit, &judged.verdict, judged.found.categories(), mark, || (host.as_str(), addresses));
            if !asked.at_once {
                self.gate.ledger.hand_over();
            }
        }
    }

    /// Remembers for which name this client was given these addresses, known by their mark. Not of help: who asked for it is kept
    /// nowhere. Who does this for a batch owes a [`Ledger::hand_over`](crate::gate::Ledger::hand_over) at its end.
    #[inline]
    pub(super) fn tell<'a>(
        &self,
        visit: &Visit,
        verdict: &Verdict,
        found: CategorySet,
        mark: u64,
        told: impl FnOnce() -> (&'a str, &'a [IpAddr]),
    ) {
        let nobody = visit.noted == Noted::SelfTest;
        let help = verdict.step == Step::Help || found.contains(Category::HELP);
        if mark != 0 && !help && !nobody {
            self.gate.ledger.tell(visit.who.client, mark, visit.boot_ms, told);
        }
    }

    pub(super) fn block(&self, asked: &Asked, judged: &Judged, out: &mut Vec<u8>) {
        let config = &asked.visit.snapshot.config;
        let text = blocked::text(config, &judged.verdict, asked.query);
        let made = blocked::answer(config, &judged.verdict, asked.query, asked.asker.local, asked.most(), &text);
        self.say(asked, made, judged, out);
    }

    fn say(&self, asked: &Asked, made: Made, judged: &Judged, out: &mut Vec<u8>) {
        made.write(asked.query, out);
        if out.len() > asked.limit() {
            answer::cut(asked.query, made.rcode, None, out);
        }
        self.note(asked, judged, made.rcode, out);
    }

    /// Writes the event. `judged` is the verdict that was acted upon: the question's, or that on what stands behind it.
    pub(super) fn note(&self, asked: &Asked, judged: &Judged, rcode: Rcode, out: &[u8]) {
        let host = asked.printed.map_or_else(|| asked.query.name.to_string().into(), Into::into);
        let after = if asked.at_once { Duration::ZERO } else { asked.since.elapsed() };
        let said = Said { kind: asked.query.kind, rcode, up: asked.length, down: out.len(), after };
        self.note_said(asked.visit, &judged.verdict, judged.found.categories(), host, &said);
    }

    /// Writes the event of an answer to a question for this name.
    #[inline]
    pub(super) fn note_said(&self, visit: &Visit, verdict: &Verdict, found: CategorySet, host: Cow<str>, said: &Said) {
        let heard = Heard {
            door: Doorway::Dns,
            method: "",
            host,
            port: 0,
            path: "",
            query_type: said.kind,
            intent: Intent::Unknown,
            status: said.rcode.0,
            bytes_up: said.up as u64,
            bytes_down: said.down as u64,
            duration_ms: said.after.as_millis().try_into().unwrap_or(u32::MAX),
            within: Default::default(),
        };
        self.gate.note_of(visit, verdict, found, heard);
    }
}

/// What was said to a question.
pub(super) struct Said {
    pub kind: u16,
    pub rcode: Rcode,
    /// Octets of question and answer.
    pub up: usize,
    pub down: usize,
    /// How long it took.
    pub after: Duration,
}

/// Answers what could not be read by its header, if there is one, and only to the school's own.
fn refuse_header(bad: BadQuery, bytes: &[u8], ours: bool, out: &mut Vec<u8>) -> First {
    let rcode = match bad {
        BadQuery::TooShort | BadQuery::NotAQuery => return First::Silence,
        BadQuery::Opcode(_) => Rcode::NOTIMP,
        BadQuery::Malformed(_) => Rcode::FORMERR,
    };
    if !ours {
        return First::Silence;
    }
    answer::header_only(bytes, rcode, out);
    First::Answered
}

/// Whether a question is one for data of a name in the internet, in words that we know.
pub(super) fn is_plain(query: &Asking) -> bool {
    query.class == rr::CLASS_IN && !never_asked(query.kind) && query.edns.is_none_or(|edns| edns.version == 0)
}

/// Types that are no data of a name: OPT, the transaction types (TKEY, TSIG) and zone transfers, which nobody may have here.
fn never_asked(kind: u16) -> bool {
    matches!(kind, rr::OPT | rr::TKEY..=rr::AXFR)
}

/// The verdict on an allowed question once its answer is known: that on the first name or address behind it that is blocked,
/// else the first that was worth writing down (a warning, a `would-block`), else the question's own; and whether it goes by the
/// person because of what stands behind it.
fn behind(asked: &Asked, found: &WireAnswer) -> (Judged, bool) {
    let Asked { visit, judged: question, .. } = asked;
    let (mut said, mut personal): (Option<Judged>, bool) = (None, false);
    let own = asked.query.name.nearest_host();
    let target = asked.alias.map(|alias| (alias.target, visit.snapshot.find(&alias.target, "")));
    let behind = visit.snapshot.behind(found);
    for (host, found) in target.iter().chain(behind.known()).filter(|(host, _)| Some(host) != own.as_ref()) {
        personal |= visit.is_personal(host, found);
        let Some(judged) = visit.judge_behind_found(question, host, *found, Surface::NoPage) else { continue };
        if judged.verdict.blocks() {
            said = Some(judged);
            break;
        }
        said.get_or_insert(judged);
    }
    let judged = match said {
        Some(judged) if judged.verdict.blocks() || question.verdict.action == Action::Allow => Judged {
            // The entry that matched is one of the name behind, the event's host is the question: it has no labels of it.
            verdict: Verdict { labels: 0, ..judged.verdict },
            // What the question itself is counts too: a visit to help stays nobody's.
            found: question.found.or(&judged.found),
        },
        _ => **question,
    };
    (judged, personal)
}
