//! Does the gate do what it should? Questions to its own doors, for every network and profile; a dated record of what came.
//!
//! Comes in: a running gate and where its DNS and proxy doors are. Goes out: a [`Report`]. What it asks goes through the real doors as packets and
//! connections, and is judged as the network's or the group's ([`crate::gate::testing`]); in the log it is the gate's own.

mod asking;
mod canaries;
mod proxy;

use super::{files, locked, tables, update};
use crate::gate::{Gate, Snapshot, snapshot};
use crate::policy::{Action, Mode, Surface};
use crate::words::{Category, CategorySet, Confidence, GroupId, Groups, Host, Known, NetworkId, Role, Who};
use asking::{Answer, Asker};
use canaries::Canaries;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// All of it must be told before who asked for it stops waiting (`gate::control`: 30 s).
const AT_MOST: Duration = Duration::from_secs(20);

/// A public list older than this needs someone: they are renewed between daily and weekly.
const OLD_LIST_DAYS: i64 = 14;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Resolvers over HTTPS that browsers and systems have built in, and Mozilla's and Apple's own questions whether a network wants
/// them: names that must not be answered, each with its type.
const NO_ANSWER: &[(&str, &str)] = &[
    ("DNS over HTTPS", "use-application-dns.net"),
    ("Private Relay", "mask.icloud.com"),
    ("Private Relay", "mask-h2.icloud.com"),
];
/// Names of resolvers over HTTPS, blocked where `bypass` is.
const RESOLVERS: &[&str] = &["dns.google", "cloudflare-dns.com", "dns.quad9.net"];

/// Asked for to see whether searches are safe.
const SEARCH: &str = "www.google.com";

/// What became of it all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Milliseconds since 1970.
    pub when_ms: i64,
    /// Local time.
    pub when: String,
    pub school: String,
    pub policy_version: u32,
    pub failed: usize,
    pub checks: Vec<Check>,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// For whom: a network or a group, with its profile; empty for the gate as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// `proxy`; not said: the DNS door, or the gate as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<String>,
    /// A category's id, or what it is about: `safe search`.
    pub what: String,
    /// The name that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub outcome: Outcome,
    pub said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Ok,
    Failed,
    /// Neither: it is how the school has it, and somebody should know.
    Said,
}

/// Whom the gate asks as.
struct Subject {
    network: Option<String>,
    group: Option<String>,
    profile: String,
    who: Who,
    blocked: CategorySet,
}

/// Tries everything. One at a time, for the doors know the gate by the socket it asks from.
pub fn run(gate: &Gate, dns: &[SocketAddr], proxy: &[SocketAddr]) -> Report {
    let snapshot = gate.snapshot();
    let mut tried = Tried { gate, snapshot: &snapshot, until: Instant::now() + AT_MOST, checks: Vec::new() };
    tried.lists();
    tried.locked();
    let subjects = subjects(&snapshot);
    match dns.first().map(|door| Asker::new(gate, *door)) {
        None => tried.say("DNS door", None, Outcome::Said, "it is shut".into()),
        Some(Err(fault)) => tried.say("DNS door", None, Outcome::Failed, format!("nothing can be sent to it: {fault}")),
        Some(Ok(mut asker)) => tried.door(&mut asker, &subjects),
    }
    match proxy.first() {
        None => tried.say("proxy door", None, Outcome::Said, "it is shut".into()),
        Some(door) => tried.proxy(*door, &subjects),
    }
    let when_ms = gate.clock.unix_ms();
    let report = Report {
        when_ms,
        when: snapshot::local_time(&snapshot.config, when_ms),
        school: snapshot.config.school.name.clone(),
        policy_version: snapshot.version,
        failed: tried.checks.iter().filter(|c| c.outcome == Outcome::Failed).count(),
        checks: tried.checks,
    };
    if let Err(fault) = record(&snapshot.config.data, &report) {
        tracing::error!(%fault, "the record of a self-test could not be written");
    }
    report
}

struct Tried<'a> {
    gate: &'a Gate,
    snapshot: &'a Snapshot,
    until: Instant,
    checks: Vec<Check>,
}

impl Tried<'_> {
    fn say(&mut self, what: &str, name: Option<&str>, outcome: Outcome, said: String) {
        let (what, name) = (what.to_owned(), name.map(str::to_owned));
        self.checks.push(Check { network: None, group: None, profile: None, door: None, what, name, outcome, said });
    }

    fn say_of(&mut self, subject: &Subject, what: &str, name: &str, outcome: Outcome, said: String) {
        self.checks.push(Check {
            network: subject.network.clone(),
            group: subject.group.clone(),
            profile: Some(subject.profile.clone()),
            door: None,
            what: what.to_owned(),
            name: (!name.is_empty()).then(|| name.to_owned()),
            outcome,
            said,
        });
    }

    /// Whether every list is used, and how old the public ones are.
    fn lists(&mut self) {
        let (config, now) = (&self.snapshot.config, self.gate.clock.unix_ms());
        let table = &self.snapshot.table;
        let mut faults = Vec::new();
        for file in tables::list_files(config) {
            if !table.lists().iter().any(|l| l.name == file.name && l.broken.is_none()) {
                faults.push(format!("list {} is not used: `schoolgate lists compile` says why", file.name));
            }
        }
        faults.extend(
            table
                .lists()
                .iter()
                .filter_map(|l| Some(format!("list {} is used as it last was good: {}", l.name, l.refused.as_ref()?))),
        );
        let mut notes = Vec::new();
        for list in &config.lists.public {
            match (update::kept::meta(&config.data, list), update::kept::failed(&config.data, list)) {
                (None, None) => notes.push(format!("list {} has not been fetched yet: `schoolgate lists update`", list.name)),
                (None, Some(_)) => faults.push(format!("list {} could not be fetched: `schoolgate lists update`", list.name)),
                (Some(meta), _) if now - meta.checked_ms > OLD_LIST_DAYS * DAY_MS => {
                    faults.push(format!("list {} is {} days old", list.name, (now - meta.checked_ms) / DAY_MS));
                }
                (Some(_), _) => {}
            }
        }
        if faults.is_empty() {
            let said =
                format!("{} lists are used, none of the fetched ones older than {OLD_LIST_DAYS} days", table.lists().len());
            self.say("list ages", None, Outcome::Ok, said);
        }
        faults.into_iter().for_each(|fault| self.say("list ages", None, Outcome::Failed, fault));
        notes.into_iter().for_each(|note| self.say("list ages", None, Outcome::Said, note));
    }

    fn locked(&mut self) {
        let today = locked::day(self.gate.clock.unix_ms());
        let locked = &self.snapshot.locked;
        let bad = locked.stale(today).next().is_some() || !locked.refused().is_empty();
        let outcome = match (locked.lists().is_empty(), bad) {
            (_, true) => Outcome::Failed,
            (true, false) => Outcome::Said,
            (false, false) => Outcome::Ok,
        };
        self.say("locked tier", None, outcome, locked.state(today));
    }

    /// Everything that is asked of the DNS door.
    fn door(&mut self, asker: &mut Asker, subjects: &[Subject]) {
        let Some(first) = subjects.first() else {
            return self.say("DNS door", None, Outcome::Failed, "there is no network: nobody is answered".into());
        };
        let there = self.upstream(asker, first);
        let canaries = Canaries::find(self.snapshot, &subjects.iter().fold(CategorySet::EMPTY, |all, s| all.or(s.blocked)));
        for subject in subjects {
            for category in subject.blocked.iter().filter(|c| c.role() != Role::Locked) {
                self.category(asker, subject, category, canaries.of(category));
            }
            self.ways_round(asker, subject);
            self.search(asker, subject, there);
        }
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }

    fn ask(&self, asker: &mut Asker, subject: &Subject, name: &str) -> Result<Answer, String> {
        if self.is_late() {
            return Err("it was not asked: there was no time left".into());
        }
        asker.ask(subject.who, name).map_err(|fault| format!("no answer: {fault}"))
    }

    /// Whether what is allowed is answered. True: it is.
    fn upstream(&mut self, asker: &mut Asker, subject: &Subject) -> bool {
        let name = "example.com";
        let (outcome, said) = match self.ask(asker, subject, name) {
            Ok(answer) if answer.came_from_outside() => (Outcome::Ok, format!("an upstream answers: {answer}")),
            Ok(answer) => (Outcome::Failed, format!("no upstream answers: {answer}")),
            Err(why) => (Outcome::Failed, why),
        };
        self.say("upstreams", Some(name), outcome, said);
        outcome == Outcome::Ok
    }

    /// One name of a category that is blocked for somebody.
    fn category(&mut self, asker: &mut Asker, subject: &Subject, category: Category, names: &[Host]) {
        let id = self.snapshot.config.category_id(category);
        if names.is_empty() {
            let said = "no list names anything of it that could be tried";
            return self.say_of(subject, &id, "", Outcome::Said, said.into());
        }
        let visit = self.gate.visit_as(subject.who);
        let judged = |host: &Host| visit.judge(host, Surface::NoPage).verdict;
        let chosen = names.iter().find(|host| judged(host).blocks() && judged(host).category == Some(category));
        let chosen = chosen.or_else(|| names.iter().find(|host| judged(host).blocks())).unwrap_or(&names[0]);
        let (verdict, name) = (judged(chosen), chosen.as_str());
        if !verdict.blocks() {
            // Nothing is asked outside to learn that it is open.
            let by = verdict.step.title();
            let said = match verdict.action {
                Action::WouldBlock => "WATCHING: it is let through and written down".into(),
                _ => format!("open at this moment, by {by}"),
            };
            let fails = verdict.action != Action::WouldBlock
                && verdict.cell.is_none()
                && verdict.pass.is_none()
                && verdict.rule.is_none();
            return self.say_of(subject, &id, name, if fails { Outcome::Failed } else { Outcome::Said }, said);
        }
        match self.ask(asker, subject, name) {
            Ok(answer) if answer.is_blocked() => self.say_of(subject, &id, name, Outcome::Ok, format!("blocked: {answer}")),
            Ok(answer) => self.say_of(subject, &id, name, Outcome::Failed, format!("NOT BLOCKED: {answer}")),
            Err(why) => self.say_of(subject, &id, name, Outcome::Failed, why),
        }
    }

    /// Encrypted resolvers and relays, from which nothing would be seen here.
    fn ways_round(&mut self, asker: &mut Asker, subject: &Subject) {
        for (what, name) in NO_ANSWER {
            let (outcome, said) = match self.ask(asker, subject, name) {
                Ok(answer) if answer.is_no_such_name() => (Outcome::Ok, format!("switched off: {answer}")),
                Ok(answer) => (Outcome::Failed, format!("NOT switched off: {answer}")),
                Err(why) => (Outcome::Failed, why),
            };
            self.say_of(subject, what, name, outcome, said);
        }
        if !subject.blocked.contains(Category::BYPASS) {
            return;
        }
        for name in RESOLVERS {
            let Ok(host) = Host::parse(name) else { continue };
            self.category_of_resolver(asker, subject, &host);
        }
    }

    fn category_of_resolver(&mut self, asker: &mut Asker, subject: &Subject, host: &Host) {
        let found = self.snapshot.find(host, "");
        if found.categories().contains(Category::BYPASS) {
            self.category(asker, subject, Category::BYPASS, std::slice::from_ref(host));
        } else {
            self.say_of(subject, "DNS over HTTPS", host.as_str(), Outcome::Failed, "no list of `bypass` names it".into());
        }
    }

    /// Whether a search is answered as the safe one, where the profile has it so.
    fn search(&mut self, asker: &mut Asker, subject: &Subject, there: bool) {
        let Ok(host) = Host::parse(SEARCH) else { return };
        let visit = self.gate.visit_as(subject.who);
        let safe = visit.rewrite(&host, &visit.judge(&host, Surface::NoPage)).map(|target| target.host());
        let (outcome, said) = match (safe, self.ask(asker, subject, SEARCH)) {
            (_, Err(why)) => (Outcome::Failed, why),
            (None, Ok(answer)) => (Outcome::Said, format!("not made safe here: {answer}")),
            (Some(safe), Ok(answer)) if answer.leads_to(safe.as_str()) => (Outcome::Ok, format!("searches are safe: {answer}")),
            (Some(_), Ok(answer)) if !there => (Outcome::Said, format!("not known, as no upstream answers: {answer}")),
            (Some(safe), Ok(answer)) => (Outcome::Failed, format!("NOT answered as {safe}: {answer}")),
        };
        self.say_of(subject, "safe search", SEARCH, outcome, said);
    }
}

/// An unknown device of each network; and of each profile that none of these has, somebody of its first group.
fn subjects(snapshot: &Snapshot) -> Vec<Subject> {
    let policy = &snapshot.config.policy;
    let mut subjects = Vec::new();
    let mut profiles = Vec::new();
    let mut add = |network: (NetworkId, Option<&str>), group: (GroupId, Option<&str>), address| {
        let Some(rule) = policy.group(group.0) else { return };
        let Some(profile) = policy.profile(rule.profile) else { return };
        if network.1.is_none() && profiles.contains(&rule.profile) {
            return;
        }
        profiles.push(rule.profile);
        let client = crate::words::ClientAddr::new(address);
        subjects.push(Subject {
            network: network.1.map(str::to_owned),
            group: group.1.map(str::to_owned),
            profile: profile.name.clone(),
            who: Who {
                client,
                network: network.0,
                device: None,
                person: None,
                groups: Groups::one(group.0),
                known: Known::Network,
                sure: Confidence::Group,
                since: None,
                mac: None,
            },
            blocked: profile.block.or(CategorySet::HARMFUL_CODE),
        });
    };
    for (id, network) in (0..).map(NetworkId).zip(&policy.networks) {
        let Some(range) = network.ranges.first() else { continue };
        add((id, Some(&network.name)), (network.group, None), range.base());
    }
    // A group is tried where it matters: a network that only watches, or is off, shows nothing of it.
    let numbered = (0..).map(NetworkId).zip(&policy.networks);
    let there = numbered.min_by_key(|(id, n)| (n.mode != Mode::Enforce, id.0));
    let Some((network, address)) = there.and_then(|(id, n)| Some((id, n.ranges.first()?.base()))) else { return subjects };
    for (id, group) in (0..).map(GroupId).zip(&policy.groups) {
        add((network, None), (id, Some(&group.name)), address);
    }
    subjects
}

/// Where the last one is recorded.
fn file(data: &Path) -> PathBuf {
    data.join("self-test.json")
}

fn record(data: &Path, report: &Report) -> io::Result<()> {
    files::replace(&file(data), &serde_json::to_vec_pretty(report)?)
}

/// Whole days since the last one that met no failure at all; `None`: there is no record of one.
pub fn days(data: &Path, now_ms: i64) -> Option<u32> {
    let report: Report = serde_json::from_slice(&std::fs::read(file(data)).ok()?).ok()?;
    u32::try_from((now_ms - report.when_ms).max(0) / DAY_MS).ok().filter(|_| report.failed == 0)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Self-test of {} on {}, policy version {}", self.school, self.when, self.policy_version)?;
        let mut whose = None;
        for check in &self.checks {
            let present = (&check.network, &check.group, &check.profile, &check.door);
            if whose.replace(present) != Some(present) {
                let by = check.door.as_ref().map_or_else(String::new, |door| format!(", by the {door}"));
                match present {
                    (Some(network), _, Some(profile), _) => writeln!(f, "\nnetwork {network}, profile {profile}{by}")?,
                    (None, Some(group), Some(profile), _) => writeln!(f, "\ngroup {group}, profile {profile}{by}")?,
                    _ => writeln!(f)?,
                }
            }
            let outcome = match check.outcome {
                Outcome::Ok => "ok    ",
                Outcome::Failed => "FAILED",
                Outcome::Said => "note  ",
            };
            let name = check.name.as_deref().map_or_else(String::new, |name| format!(" {name}"));
            writeln!(f, "  {outcome} {:<18}{name}: {}", check.what, check.said)?;
        }
        write!(f, "\n{} checks, {} failed", self.checks.len(), self.failed)
    }
}
