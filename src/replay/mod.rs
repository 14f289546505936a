//! What would a changed policy have done? Two policies, judged now on the same lists and the same register, against what happened.
//!
//! Comes in: two snapshots that differ in their configuration, and events of the journal or lines of another filter's log. Goes out:
//! an [`Outcome`]: what would be newly blocked and newly allowed, by group, education first.
//! Always holds: nobody is named in what goes out; what cannot be judged again is counted by its reason and never guessed; memory
//! is bounded, however long the log.
//!
//! What happened at the time does not count, only what either policy says of it now: the lists have changed since, and a difference
//! that comes from them is none of the policy's. Passes, exams, names behind an answer, files and the words on a page are left out,
//! for what they were judged by is not kept.
//!
//! - [`sums`]   what changed, added up

mod sums;

pub use sums::{Host as HostCount, Row};

use crate::gate::{Snapshot, clock};
use crate::journal::Door;
use crate::journal::read::Stored;
use crate::lists::Found;
use crate::policy::{Action, Ask, Step, Surface, Verdict, decide};
use crate::wire::access_log::{Visited, When};
use crate::words::{Category, ClientAddr, DeviceId, Host, PersonId, Url};
use serde::Serialize;
use std::collections::BTreeMap;
use sums::{Change, Sums};

/// Why something was not judged again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unjudged {
    /// Of a visit to help, and of the locked tier, no host is kept.
    NoHost,
    /// A client that asked without end: its names are not kept.
    Sum,
    /// A pass, an exam or a sign-in decided, which are over.
    Session,
    /// A file or the words of a page decided, which are not kept.
    Content,
    /// Somebody the register does not know.
    UnknownPerson,
    /// An address of no network, in one of the two.
    NoNetwork,
    /// A line that is neither squid's nor e2guardian's, or of something that is no page.
    Unreadable,
}

impl Unjudged {
    /// For a person who reads it behind a number.
    pub fn told(self) -> &'static str {
        match self {
            Self::NoHost => "visits to help and hits of the locked lists: their hosts are not kept",
            Self::Sum => "of devices that asked without end: their names are not kept",
            Self::Session => "decided by a pass, an exam or a sign-in",
            Self::Content => "decided by what a file is, or by the words of a page",
            Self::UnknownPerson => "of people whom the register does not know",
            Self::NoNetwork => "from addresses that are in no network of the school",
            Self::Unreadable => "lines that are neither squid's nor e2guardian's, or of no page",
        }
    }
}

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// How often something was judged by both.
    pub judged: u64,
    /// Of these, how often both did the same.
    pub same: u64,
    /// Judged by the host alone, because the path is not kept or cannot be read.
    pub by_host_only: u64,
    /// How often something was not judged, by its reason.
    pub unjudged: BTreeMap<Unjudged, u64>,
    /// Education first; then what is newly blocked, and by how many people it was asked for.
    pub rows: Vec<Row>,
}

/// A replay under way.
pub struct Replay<'a> {
    now: &'a Snapshot,
    changed: &'a Snapshot,
    sums: Sums,
    outcome: Outcome,
}

/// One thing to be judged by both.
struct Asked<'a> {
    /// `None`: a name that is no host, which no list can hold.
    host: Option<&'a Host>,
    path: &'a str,
    surface: Surface,
    client: ClientAddr,
    device: Option<DeviceId>,
    person: Option<PersonId>,
    when_ms: i64,
    count: u64,
}

impl<'a> Replay<'a> {
    /// `changed` against `now`: the same table, sealed lists and register in both, which is the caller's to see to.
    pub fn new(now: &'a Snapshot, changed: &'a Snapshot) -> Self {
        let outcome = Outcome { judged: 0, same: 0, by_host_only: 0, unjudged: BTreeMap::new(), rows: Vec::new() };
        Self { now, changed, sums: Sums::default(), outcome }
    }

    /// An event of the journal. The gate's own questions are nobody's and are passed over.
    pub fn event(&mut self, stored: &Stored) {
        let event = &stored.event;
        let count = u64::from(event.count);
        if event.door == Door::SelfTest {
            return;
        }
        let why = match event.step {
            _ if event.is_sum() => Some(Unjudged::Sum),
            _ if event.host.is_empty() => Some(Unjudged::NoHost),
            Step::Pass | Step::Session => Some(Unjudged::Session),
            Step::Download => Some(Unjudged::Content),
            Step::Category if event.rule.is_some() => Some(Unjudged::Content),
            _ => None,
        };
        let Some(who) = event.who.filter(|_| why.is_none()) else {
            return self.leave(why.unwrap_or(Unjudged::NoHost), count);
        };
        let host = Host::parse(&event.host).ok();
        let is_page = event.door != Door::Dns && !event.method.is_empty() && event.method != "CONNECT";
        if is_page && event.path.is_empty() {
            self.outcome.by_host_only += count;
        }
        self.judge(&Asked {
            host: host.as_ref(),
            path: &event.path,
            surface: if is_page { Surface::Page } else { Surface::NoPage },
            client: who.client,
            device: who.device,
            person: who.person,
            when_ms: event.when_ms,
            count,
        });
    }

    /// A line of another filter's log. Who is at an address now says nothing of then: without a user, its network counts.
    pub fn line(&mut self, line: &[u8]) {
        let Some((visited, url)) = Visited::read(line).and_then(|v| Some((v, Url::parse(v.url).ok()?))) else {
            return self.leave(Unjudged::Unreadable, 1);
        };
        let when_ms = match visited.when {
            When::Unix(ms) => ms,
            When::Local(at) => {
                let zoned = at.to_zoned(self.now.config.school.zone.clone());
                let Ok(zoned) = zoned else { return self.leave(Unjudged::Unreadable, 1) };
                zoned.timestamp().as_millisecond()
            }
        };
        let person = match visited.user.map(|user| self.now.register.person_of_key(user)) {
            Some(None) => return self.leave(Unjudged::UnknownPerson, 1),
            known => known.flatten().map(|person| person.id),
        };
        // `host:port` is a tunnel, of which no page is seen; so is an address of HTTPS without a path.
        let (scheme, rest) = visited.url.split_once("://").unwrap_or(("", visited.url));
        let is_page = scheme.eq_ignore_ascii_case("http") || !scheme.is_empty() && rest.contains('/');
        self.judge(&Asked {
            host: Some(&url.host),
            path: if is_page { &url.path } else { "" },
            surface: if is_page { Surface::Page } else { Surface::NoPage },
            client: ClientAddr::new(visited.client),
            device: None,
            person,
            when_ms,
            count: 1,
        });
    }

    /// A line too long to be read.
    pub fn too_long(&mut self) {
        self.leave(Unjudged::Unreadable, 1);
    }

    pub fn finish(mut self) -> Outcome {
        self.outcome.rows = self.sums.rows();
        self.outcome
    }

    fn leave(&mut self, why: Unjudged, count: u64) {
        *self.outcome.unjudged.entry(why).or_default() += count;
    }

    fn judge(&mut self, asked: &Asked) {
        if asked.person.is_some_and(|person| self.now.register.person(person).is_none()) {
            return self.leave(Unjudged::UnknownPerson, asked.count);
        }
        let found = asked.host.map_or(Found::NOTHING, |host| self.now.find(host, asked.path));
        let [Some(before), Some(after)] = [self.now, self.changed].map(|snapshot| Judged::of(asked, &found, snapshot)) else {
            return self.leave(Unjudged::NoNetwork, asked.count);
        };
        self.outcome.judged += asked.count;
        let change = Change { was: Fate::of(&before.verdict), is: Fate::of(&after.verdict) };
        if change.was == change.is {
            self.outcome.same += asked.count;
            return;
        }
        // The stricter of the two says for whom and why: the other often has nothing to say.
        let (of, snapshot) = if change.is > change.was { (&after, self.changed) } else { (&before, self.now) };
        let group = of.verdict.group.or_else(|| of.groups.iter().next());
        let group = group.and_then(|group| snapshot.config.policy.group(group)).map_or("", |group| group.name.as_str());
        let because = of.verdict.category.map_or_else(|| of.verdict.step.word().to_owned(), |c| snapshot.config.category_id(c));
        let education = found.categories().contains(Category::EDUCATION);
        let whose = sums::Whose::of(asked.person, asked.client);
        let host = asked.host.map_or("", Host::as_str);
        self.sums.add((education, change, group, &because), whose, host, asked.count);
    }
}

/// What one policy says.
struct Judged {
    verdict: Verdict,
    groups: crate::words::Groups,
}

impl Judged {
    fn of(asked: &Asked, found: &Found, snapshot: &Snapshot) -> Option<Self> {
        let policy = &snapshot.config.policy;
        let (network, groups) = snapshot.as_judged(asked.client, asked.device, asked.person)?;
        let nobody = crate::gate::Visit::nobody();
        let ask = Ask {
            host: asked.host.unwrap_or(&nobody),
            found,
            groups,
            moment: clock::moment(asked.when_ms, &snapshot.config.school.zone),
            surface: asked.surface,
            mode: policy.network(network)?.mode,
            lock: None,
            pass: None,
        };
        Some(Self { verdict: decide(&ask, policy), groups })
    }
}

/// What becomes of somebody who asks, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    Allow,
    /// Let through by a network that only watches.
    WouldBlock,
    Warn,
    Block,
}

impl Fate {
    fn of(verdict: &Verdict) -> Self {
        match verdict.action {
            _ if verdict.blocks() => Self::Block,
            Action::WouldBlock => Self::WouldBlock,
            _ if verdict.is_warning() => Self::Warn,
            _ => Self::Allow,
        }
    }

    /// As somebody reads it.
    pub fn told(self) -> &'static str {
        match self {
            Self::Allow => "allowed",
            Self::WouldBlock => "watched",
            Self::Warn => "warned of",
            Self::Block => "blocked",
        }
    }
}
