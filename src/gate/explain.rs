//! Why: a verdict in words, for `explain`.

use super::{Clock, Noted, Snapshot, Visit, clock, inside, snapshot};
use crate::config::Config;
use crate::journal::Decrypted;
use crate::net::destination::{self, Port, Rules, Why};
use crate::net::own::OwnAddresses;
use crate::policy::{Act, Action, Cell, Mode, Opened, Rewrite, Step, Surface, Verdict, rewrite};
use crate::wire::file::Name;
use crate::words::{Category, ClientAddr, Confidence, DeviceId, Download, Groups, Host, Known, NetworkId, Role, Url, Who};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// What is asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Question {
    /// A name or a URL.
    pub what: String,
    /// A person's key in the register, or an address.
    pub who: Option<String>,
    /// A group, instead of a person.
    pub group: Option<String>,
    /// Local time `2026-11-23T12:45`; now, if not given.
    pub at: Option<String>,
    /// As if there were no sealed lists: for who must not be told by the way what is on them.
    #[serde(default)]
    pub unsealed: bool,
}

/// The verdict in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub host: String,
    pub who: String,
    pub groups: Vec<String>,
    pub network: Option<String>,
    /// Local time.
    pub at: String,
    pub action: String,
    pub step: String,
    /// One sentence: what decided.
    pub because: String,
    /// Of somebody in several groups: which counts, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<String>,
    /// What holds them to less than their profile: an exam, access withdrawn, nobody signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// The cell of the timetable that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    pub profile: Option<String>,
    pub category: Option<String>,
    pub entry: Option<String>,
    pub found: Vec<FoundEntry>,
    /// Of an HTTPS address: `yes` if its pages are seen, else why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_into: Option<String>,
    /// What it is answered as, by safe search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_as: Option<String>,
    /// Why the proxy does not go there though nothing blocks it: what kind of address it is, or its port. Of a name it is not
    /// known here where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_refuses: Option<String>,
    /// The smallest change that would turn the verdict round; `None` if nothing may.
    pub to_change: Option<String>,
    /// If the URL is a search. Filled in by who can read the term files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Searched>,
    /// The terms in its host and path, if it is no search. Filled in by who can read the term files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<FoundTerm>,
}

/// What was searched for, and the terms in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Searched {
    pub engine: String,
    pub words: String,
    pub terms: Vec<FoundTerm>,
}

/// A term that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundTerm {
    /// Language, theme and words: `en/bypass/free vpn`.
    pub term: String,
    pub theme: String,
    pub tier: String,
    pub severity: u8,
    /// Bytes from the start of the words that were searched for; of the host, if it was no search.
    pub offset: u64,
}

/// One entry of the lists that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundEntry {
    pub entry: String,
    pub category: String,
    pub list: String,
    /// Where it stands: `file:line`. Filled in by who can read the files; empty for the locked tier.
    pub places: Vec<String>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    #[error("'{0}' is not a name or a URL: {1}")]
    What(String, crate::words::BadUrl),
    #[error("nobody in the register has the id '{0}', and it is not an address")]
    Who(String),
    #[error("there is no group '{0}'; there is {1}")]
    Group(String, String),
    #[error("'{0}' is not a local time such as 2026-11-23T12:45")]
    At(String),
    #[error("{0} is in no network of the configuration: the doors do not answer it")]
    Stranger(IpAddr),
}

/// Judges as the doors would, and says why.
///
/// # Errors
/// [`NoAnswer`] if the question names something that is not there.
pub fn explain(question: &Question, snapshot: &Arc<Snapshot>, clock: &Clock) -> Result<Explanation, NoAnswer> {
    if question.unsealed {
        let mut snapshot = Snapshot::clone(snapshot);
        snapshot.locked = Arc::default();
        return explain(&Question { unsealed: false, ..question.clone() }, &Arc::new(snapshot), clock);
    }
    let url = Url::parse(&question.what).map_err(|e| NoAnswer::What(question.what.clone(), e))?;
    let zone = &snapshot.config.school.zone;
    let moment = match &question.at {
        None => clock.now(zone),
        Some(text) => {
            let local: jiff::civil::DateTime = text.parse().map_err(|_| NoAnswer::At(text.clone()))?;
            let at = local.to_zoned(zone.clone()).map_err(|_| NoAnswer::At(text.clone()))?;
            clock::moment(at.timestamp().as_millisecond(), zone)
        }
    };
    let (who, shown) = who_is_meant(question, snapshot)?;
    let visit = Visit { snapshot: snapshot.clone(), who, signed: None, moment, boot_ms: clock.boot_ms(), noted: Noted::Row };
    // A bare name asks what becomes of the host, as DNS and a tunnel ask; only with a path is it a page, and of HTTPS no door sees
    // more than the host, unless it is looked into.
    let (scheme, rest) = question.what.split_once("://").map_or(("", question.what.as_str()), |(scheme, rest)| (scheme, rest));
    let https = scheme.eq_ignore_ascii_case("https");
    let looked_into = https.then(|| inside::chosen(&visit, &visit.judge(&url.host, Surface::NoPage), &url.host));
    let seen = looked_into.is_none_or(|said| said == Decrypted::Yes);
    let path = if rest.contains('/') && seen { url.path.as_str() } else { "" };
    // Only what begins so is a page that the proxy can put another in the place of.
    let surface = if seen && (https || scheme.eq_ignore_ascii_case("http")) { Surface::Page } else { Surface::NoPage };
    let mut judged = visit.judge_page(&url.host, path, surface);
    // Of what is seen as it is downloaded, the name tells before it comes.
    if let Some(kind) = Name::of(None, path).expected().filter(|_| surface == Surface::Page && judged.verdict.act == Act::Allow)
        && let Some(refused) = visit.judge_download(&judged, kind)
    {
        judged = refused;
    }
    let rewritten = visit.rewrite(&url.host, &judged);
    if rewritten.is_some() {
        judged.verdict = judged.verdict.rewritten();
    }
    let watches = visit.mode() != Mode::Enforce && !judged.verdict.blocks();
    let rewrite = rewritten.or_else(|| rewrite(&url.host, &who.groups, &snapshot.config.policy).filter(|_| watches));
    let held = standing::held(&visit);
    // A pass for a page or a video, where only the host is seen.
    let page = if rest.contains('/') { url.path.as_str() } else { "" };
    let is_after_passes = matches!(judged.verdict.step, Step::Own | Step::Category | Step::Default) && judged.verdict.blocks();
    let unseen = is_after_passes && path.is_empty();
    let unseen = unseen.then(|| visit.unseen_pass(&url.host, page, judged.found.categories())).flatten();
    let words = Words { snapshot, host: &url.host, path, verdict: &judged.verdict, rewrite, held: held.as_deref(), unseen };
    let refused = if judged.verdict.blocks() { None } else { not_reached(&url, scheme, snapshot) };
    let local = jiff::Timestamp::from_millisecond(moment.unix_ms).unwrap_or_default().to_zoned(zone.clone());
    Ok(Explanation {
        host: url.host.to_string(),
        who: shown,
        groups: who.groups.iter().filter_map(|g| Some(snapshot.config.policy.group(g)?.name.clone())).collect(),
        network: snapshot.config.policy.network(who.network).map(|n| n.name.clone()),
        at: local.strftime("%a %Y-%m-%d %H:%M").to_string(),
        action: judged.verdict.action.to_string(),
        step: judged.verdict.step.to_string(),
        because: words.because(),
        counts: standing::counting(&who.groups, &snapshot.config.policy, words.group()),
        cell: words.cell().map(|cell| cell.name.clone()),
        profile: words.profile(),
        category: judged.verdict.category.map(|c| snapshot.config.category_id(c)),
        entry: words.entry(),
        found: words.found(&judged.found),
        looked_into: looked_into.map(|said| said.to_string()),
        answered_as: rewritten.map(|r| r.target.to_owned()),
        to_change: refused.map_or_else(|| words.to_change(), to_reach),
        proxy_refuses: refused.map(|why| why.to_string()),
        held,
        search: None,
        terms: Vec::new(),
    })
}

/// Why the proxy would not go there, as far as that is known without asking where a name leads.
fn not_reached(url: &Url, scheme: &str, snapshot: &Snapshot) -> Option<Why> {
    let rules = Rules { config: &snapshot.config, own: &OwnAddresses::read() };
    let usual: &[u16] = if scheme.eq_ignore_ascii_case("https") { &[443] } else { &[80, 443] };
    let port = rules.port(url.port, usual);
    // RFC 6761 §6.3: wherever it is asked.
    let loopback = url.host.suffixes().any(|suffix| suffix == "localhost").then_some(Ipv4Addr::LOCALHOST.into());
    match url.host.address().or(loopback) {
        Some(ip) => destination::refused((ip, url.port).into(), &url.host, port, &rules),
        None => (port == Port::Shut).then_some(Why::Port),
    }
}

/// What opens it.
fn to_reach(why: Why) -> Option<String> {
    match why {
        Why::Port => Some("the port in `ports` under [proxy], then a reload".into()),
        Why::Private | Why::Shared => Some("its network in `internal` under [proxy], then a reload".into()),
        Why::Loopback | Why::Own => Some("the address with its port in `destinations` under [proxy], then a reload".into()),
        _ => None,
    }
}

fn who_is_meant(question: &Question, snapshot: &Snapshot) -> Result<(Who, String), NoAnswer> {
    let policy = &snapshot.config.policy;
    if let Some(name) = &question.group {
        let group = policy.group_named(name).ok_or_else(|| {
            let known: Vec<_> = policy.groups.iter().map(|g| g.name.as_str()).collect();
            NoAnswer::Group(name.clone(), known.join(", "))
        })?;
        let who = Who { groups: Groups::one(group), ..nobody() };
        return Ok((who, format!("anyone in {name}")));
    }
    let Some(text) = &question.who else {
        let address = policy.networks.first().and_then(|n| n.ranges.first()).map_or(Ipv4Addr::LOCALHOST.into(), |r| r.base());
        let network = policy.network_of(address).ok_or(NoAnswer::Stranger(address))?;
        let group = policy.network(network).map(|n| n.group).into_iter().collect();
        return Ok((Who { network, groups: group, ..nobody() }, "an unknown device of the first network".into()));
    };
    if let Ok(address) = text.parse::<IpAddr>() {
        let who = snapshot.who(ClientAddr::new(address)).ok_or(NoAnswer::Stranger(address))?;
        let shown = match who.person.and_then(|p| snapshot.register.person(p)) {
            Some(person) => format!("{} at {address} (known by {}, {} confidence)", person.key, who.known, who.sure),
            None => format!("an unknown device at {address}"),
        };
        return Ok((who, shown));
    }
    let person = snapshot.register.persons().find(|p| p.key == *text).ok_or_else(|| NoAnswer::Who(text.clone()))?;
    let groups = snapshot.groups_of(person.id);
    if groups.is_empty() {
        let (who, _) = who_is_meant(&Question::default(), snapshot)?;
        return Ok((Who { person: Some(person.id), ..who }, format!("{} (in no group: judged by the network)", person.key)));
    }
    Ok((Who { person: Some(person.id), groups, ..nobody() }, person.key.clone()))
}

fn nobody() -> Who {
    Who {
        client: ClientAddr::new(Ipv4Addr::UNSPECIFIED.into()),
        network: NetworkId(0),
        device: None::<DeviceId>,
        person: None,
        groups: Groups::default(),
        known: Known::Network,
        sure: Confidence::Group,
        since: None,
        mac: None,
    }
}

/// Turns the ids of a verdict into words.
struct Words<'a> {
    snapshot: &'a Snapshot,
    host: &'a Host,
    path: &'a str,
    verdict: &'a Verdict,
    rewrite: Option<Rewrite>,
    held: Option<&'a str>,
    /// A pass that would open it if its page were seen, and why it is not.
    unseen: Option<(&'a Opened, Decrypted)>,
}

impl Words<'_> {
    fn because(&self) -> String {
        let Verdict { step, action, .. } = self.verdict;
        let category = self.category();
        let entry = self.entry().unwrap_or_default();
        let profile = self.profile().unwrap_or_default();
        let group = self.group().unwrap_or_default();
        let does = match self.verdict.action {
            Action::Block | Action::WouldBlock => "blocks",
            Action::Warn => "warns of",
            Action::Allow | Action::Rewrite => "allows",
        };
        let said = match step {
            Step::Locked => "it is on a locked list, which nobody can turn off".into(),
            Step::Platform => format!("machines need it to work ({entry})"),
            Step::Session => self.held.unwrap_or("the session is held to less than its profile").into(),
            Step::Help => "it is a help service: always open, and a visit is never stored with a person".into(),
            Step::Rshe => format!("the profile leaves health and relationships education open ({entry})"),
            Step::HarmfulCode if *action == Action::Allow => format!("{} stands against {category}", self.rule()),
            Step::HarmfulCode => format!("{entry} is listed as {category}, which harms machines"),
            Step::Firm => format!("{} is a firm block", self.rule()),
            Step::Pass => self.pass(),
            Step::Own => format!("{} says so", self.rule()),
            Step::Education => format!("{entry} is education"),
            Step::Category => match self.cell() {
                Some(cell) => format!("{entry} is {category}, which the timetable cell '{}' {does} for {group}", cell.name),
                None => format!("{entry} is {category}, which profile {profile} {does} for {group}"),
            },
            Step::Default => format!("no list names it, and that is the default of profile {profile}"),
            Step::Download => format!(
                "what is called so is taken for one of the `{}` that profile {profile} refuses as downloads for {group}; the proxy \
                 goes by what the file is, and a page about it opens",
                self.verdict.download().map_or("files", Download::word)
            ),
        };
        let said = match &self.rewrite {
            Some(rewrite) => format!("{said}; {}", self.safe_search(rewrite)),
            None => said,
        };
        let said = match &self.unseen {
            Some((opened, why)) => format!(
                "{said}; {}, but only where the page is seen, and here it is not: HTTPS to it is not looked into ({why})",
                pass_text(&self.snapshot.config, opened)
            ),
            None => said,
        };
        match action {
            Action::WouldBlock => format!("{said}; the network only watches or is switched off, so it was let through"),
            Action::Warn => format!("{said}; {}", self.warning()),
            _ => said,
        }
    }

    /// What becomes of a warning.
    fn warning(&self) -> String {
        let policy = &self.snapshot.config.policy;
        let unseen = policy.profile(self.verdict.profile).map_or(Act::Block, |profile| profile.warn_unseen);
        match self.verdict.act {
            Act::Warn => format!(
                "a browser that comes through the proxy is shown a page from which a person may go on for a quarter of an hour; \
                 elsewhere (DNS, HTTPS that is not looked into, what is no page) no page can be shown, and it is done as `warn_unseen` says: {unseen}"
            ),
            Act::Allow if unseen == Act::Block => "nobody is held up by it here and now: they have read it and went on, or the \
                                                   network only watches or is switched off"
                .into(),
            _ => format!("a warning cannot be shown here, so it is done as `warn_unseen` says: {unseen}"),
        }
    }

    fn safe_search(&self, rewrite: &Rewrite) -> String {
        let policy = &self.snapshot.config.policy;
        let profile = policy.profile(rewrite.profile).map_or("", |p| p.name.as_str());
        let group = policy.group(rewrite.group).map_or("", |g| g.name.as_str());
        let Rewrite { engine, target, .. } = rewrite;
        let does = match self.verdict.action {
            Action::Allow | Action::WouldBlock => "would be answered, if this network did more than watch,",
            _ => "is answered",
        };
        format!("{engine} {does} as {target}, its safe mode, which profile {profile} has for {group}")
    }

    /// The group whose profile decided.
    fn group(&self) -> Option<&str> {
        self.verdict.group.and_then(|g| self.snapshot.config.policy.group(g)).map(|g| g.name.as_str())
    }

    fn cell(&self) -> Option<&Cell> {
        self.verdict.cell.and_then(|c| self.snapshot.config.policy.timetable.cells().get(usize::from(c.0)))
    }

    fn category(&self) -> String {
        self.verdict.category.map(|c| self.snapshot.config.category_id(c)).unwrap_or_default()
    }

    fn profile(&self) -> Option<String> {
        self.verdict.group.filter(|_| self.verdict.step.is_a_profile_s())?;
        self.snapshot.config.policy.profile(self.verdict.profile).map(|p| p.name.clone())
    }

    fn rule(&self) -> String {
        let own = &self.snapshot.config.policy.own;
        match own.iter().find(|e| Some(e.id) == self.verdict.rule) {
            Some(e) => format!("the school's own entry {} ({} {}: {})", e.id, e.act, e.host, e.reason),
            None => "the school's own entry".into(),
        }
    }

    fn pass(&self) -> String {
        let Snapshot { config, .. } = self.snapshot;
        match config.policy.passes.iter().find(|o| Some(o.pass.id) == self.verdict.pass) {
            Some(opened) => pass_text(config, opened),
            None => "a pass is in force".into(),
        }
    }

    fn entry(&self) -> Option<String> {
        let shown = self.verdict.labels > 0 && self.verdict.step != Step::Locked;
        shown.then(|| self.host.entry(self.verdict.labels).into_owned())
    }

    fn found(&self, found: &crate::lists::Found) -> Vec<FoundEntry> {
        let mut entries = Vec::new();
        for hit in found.matches() {
            let entry = self.snapshot.table.entry_text(self.host, self.path, hit);
            for source in self.snapshot.table.kind_sources(hit.kind) {
                let Some(list) = self.snapshot.table.list(source.list) else { continue };
                if hit.categories.contains(list.category) && list.category.role() != Role::Locked {
                    entries.push(FoundEntry {
                        entry: entry.clone(),
                        category: self.snapshot.config.category_id(list.category),
                        list: list.name.clone(),
                        places: Vec::new(),
                    });
                }
            }
        }
        entries
    }

    /// The smallest change that turns the verdict round, as a command where there is one.
    fn to_change(&self) -> Option<String> {
        let host = self.host;
        if let (Action::Rewrite, Some(rewrite)) = (self.verdict.action, &self.rewrite) {
            let profile = self.snapshot.config.policy.profile(rewrite.profile).map_or("", |p| p.name.as_str());
            return Some(format!("{} under [profile.{profile}] in profiles.toml", rewrite.off()));
        }
        match (self.verdict.step, self.verdict.act) {
            (Step::Locked, _) => None,
            (Step::Platform | Step::Help | Step::Session, _) => None,
            (Step::Pass, _) => Some(format!("schoolgate pass revoke {} --reason '…'", self.verdict.pass.unwrap_or(0))),
            (Step::HarmfulCode, Act::Block) => {
                let category = self.verdict.category.unwrap_or(Category::MALWARE);
                Some(format!("schoolgate allow {host} --despite {category} --until DATE --reason '…' (at most 30 days)"))
            }
            (Step::Own | Step::Firm, _) | (Step::HarmfulCode, _) => {
                Some(format!("schoolgate entries remove {} --reason '…'", self.verdict.rule.unwrap_or(0)))
            }
            (_, Act::Block) => Some(format!("schoolgate allow {host}{} --reason '…'", self.for_group())),
            (_, _) => Some(format!("schoolgate block {host}{} --reason '…'", self.for_group())),
        }
    }

    /// Only for the group whose profile decided: the smallest change does not open a name for the little ones, too.
    fn for_group(&self) -> String {
        let group = self.verdict.group.filter(|_| self.verdict.step.is_a_profile_s());
        let group = group.and_then(|g| self.snapshot.config.policy.group(g)).map(|g| g.name.as_str());
        match group {
            // The unknown devices of a network: who asks about nobody in particular means everyone.
            Some(name) if name.starts_with("network:") => String::new(),
            Some(name) if name.contains([' ', '\'', '"']) => format!(" --group {name:?}"),
            Some(name) => format!(" --group {name}"),
            None => String::new(),
        }
    }
}

fn pass_text(config: &Config, opened: &Opened) -> String {
    let (what, until) = (snapshot::opened(config, opened), snapshot::local_time(config, opened.until_ms));
    format!("pass {} opens {what} until {until} ({}: {})", opened.pass.id, opened.by, opened.reason)
}

mod standing;

#[cfg(test)]
mod tests;
