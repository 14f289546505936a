//! One request: who it is from, what the lists say, the verdict, and the line in the journal.

use super::counters::Decision;
use super::{Gate, Snapshot};
use crate::journal::{Door, Event, Intent};
use crate::lists::Found;
use crate::policy::{Ask, Mode, Step, Surface, Verdict, decide, decide_answer};
use crate::words::{Category, Host, Moment, Who};
use std::borrow::Cow;
use std::sync::Arc;

/// One request, held to one snapshot and one moment.
#[derive(Clone)]
pub struct Visit {
    pub snapshot: Arc<Snapshot>,
    pub who: Who,
    pub moment: Moment,
}

/// A verdict with what was found.
#[derive(Debug, Clone, Copy)]
pub struct Judged {
    pub verdict: Verdict,
    pub found: Found,
}

/// What a door heard, for the journal. Borrowed: it is written before the answer leaves.
#[derive(Debug, Clone)]
pub struct Heard<'a> {
    pub door: Door,
    /// HTTP method; empty for DNS.
    pub method: &'a str,
    /// The host, or the DNS name as printed.
    pub host: Cow<'a, str>,
    pub port: u16,
    /// Path and query, where seen.
    pub path: &'a str,
    /// DNS type number.
    pub query_type: u16,
    pub intent: Intent,
    /// HTTP status sent to the client, or the DNS response code.
    pub status: u16,
    pub bytes_up: u64,
    pub bytes_down: u64,
    pub duration_ms: u32,
}

impl Visit {
    /// Judges a host for whoever this visit is from.
    pub fn judge(&self, host: &Host, surface: Surface) -> Judged {
        let found = self.snapshot.table.lookup(host);
        Judged { verdict: decide(&self.ask(host, &found, surface), &self.snapshot.config.policy), found }
    }

    /// Judges a page, where a door sees one: by what is said of its host and of the page. `path` is path and query.
    pub fn judge_url(&self, host: &Host, path: &str, surface: Surface) -> Judged {
        let found = self.snapshot.table.lookup_url(host, path);
        Judged { verdict: decide(&self.ask(host, &found, surface), &self.snapshot.config.policy), found }
    }

    /// Judges a name that no list can hold, because it is no host: by the default of the profile.
    pub fn judge_unlisted(&self, surface: Surface) -> Judged {
        // A single label that no list and no school entry can name.
        let nobody = Host::from(std::net::IpAddr::from([0, 0, 0, 0]));
        Judged {
            verdict: decide(&self.ask(&nobody, &Found::NOTHING, surface), &self.snapshot.config.policy),
            found: Found::NOTHING,
        }
    }

    /// Judges a name or address behind an answer to an allowed question. `None`: it adds nothing.
    pub fn judge_behind(&self, question: &Judged, behind: &Host, surface: Surface) -> Option<Judged> {
        let found = self.snapshot.table.lookup(behind);
        if found.categories().is_empty() {
            return None;
        }
        let verdict = decide_answer(&question.verdict, &self.ask(behind, &found, surface), &self.snapshot.config.policy)?;
        Some(Judged { verdict, found })
    }

    fn ask<'a>(&self, host: &'a Host, found: &'a Found, surface: Surface) -> Ask<'a> {
        let watch = self.snapshot.config.policy.network(self.who.network).is_some_and(|n| n.mode == Mode::Watch);
        Ask { host, found, groups: self.who.groups, moment: self.moment, surface, watch, lock: None, pass: None }
    }

    /// The event of a verdict, with nobody in it who must not be.
    ///
    /// A visit to help is counted, never stored with person, device, address or host. The locked tier keeps the person, never the address.
    pub fn event<'a>(&self, judged: &Judged, heard: Heard<'a>, boot_ms: u64) -> Event<'a> {
        let Judged { verdict, found } = judged;
        let help = verdict.step == Step::Help || found.categories().contains(Category::HELP);
        let locked = verdict.step == Step::Locked;
        let bare = help || locked;
        Event {
            when_ms: self.moment.unix_ms,
            boot_ms,
            method: if help { "" } else { heard.method }.into(),
            host: if bare { "".into() } else { heard.host },
            port: if bare { 0 } else { heard.port },
            path: if bare { "" } else { heard.path }.into(),
            query_type: heard.query_type,
            categories: found.categories(),
            list: verdict.kind.zip(verdict.category).and_then(|(kind, category)| self.snapshot.table.list_of(kind, category)),
            labels: if bare { 0 } else { verdict.labels },
            group: if help { None } else { verdict.group },
            intent: heard.intent,
            status: heard.status,
            bytes_up: if help { 0 } else { heard.bytes_up },
            bytes_down: if help { 0 } else { heard.bytes_down },
            duration_ms: if help { 0 } else { heard.duration_ms },
            policy_version: self.snapshot.version,
            ..Event::of(verdict, heard.door, (!help).then_some(self.who))
        }
    }
}

impl Gate {
    /// Writes down what happened. Returns once the event would survive the end of this process.
    pub fn note(&self, visit: &Visit, judged: &Judged, heard: Heard) {
        let decision = Decision { door: heard.door.word(), action: judged.verdict.action.word() };
        self.journal.note(&visit.event(judged, heard, self.clock.boot_ms()));
        self.counters.decisions.get_or_create(&decision).inc();
    }
}
