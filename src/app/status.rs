//! What is running, and what needs somebody.

use super::inspected::inspected;
use super::off::{Left, Off};
use super::ready::{self, Missing};
use super::sources::sources;
use super::{Doors, calendar, exams, holds, passes};
use crate::config::{Config, PublicList};
use crate::gate::snapshot::Shown;
use crate::gate::{Gate, Snapshot};
use crate::ops::{locked, tables, update};
use crate::policy::Mode;
use crate::words::Host;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

/// Everything `status` shows. `needs_you` is empty when nothing is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub school: String,
    pub version: String,
    pub policy_version: u32,
    pub uptime_s: u64,
    pub doors: Doors,
    /// Of DNS over TLS and HTTPS: for which name, and until when; or why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Of the web door over TLS, as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_certificate: Option<String>,
    /// The school's certificate authority: until when, and where it is used; `None`: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    pub networks: Vec<NetworkStatus>,
    pub people: usize,
    /// Who is known, and where nobody can be: a heading and a line each.
    #[serde(default)]
    pub sources: Vec<(String, String)>,
    /// What a teacher has opened, with whom it is for and until when.
    pub passes: Vec<String>,
    /// Who is held to a short list, and until when; what is to come among them.
    #[serde(default)]
    pub exams: Vec<String>,
    pub lists: usize,
    pub names_on_lists: u64,
    /// Whether the filter is held in memory.
    pub filter: String,
    /// Categories that are blocked and have no real list.
    pub not_ready: Vec<Missing>,
    /// Always said: no licensed list can be shipped, and what is not there must not be believed in.
    pub locked_tier: String,
    /// What is kept longer than its time, by whom and why.
    #[serde(default)]
    pub held: Vec<String>,
    pub decisions: Vec<(String, String, u64)>,
    pub events_written: u64,
    pub events_dropped: u64,
    /// Brought back from the rings after a stop without warning.
    pub events_replayed: u64,
    pub events_undated: u64,
    pub strangers: u64,
    /// Tunnels of the proxy that are open.
    #[serde(default)]
    pub tunnels: u64,
    /// Connections the proxy holds at most: what open files are there for.
    #[serde(default)]
    pub most_connections: u64,
    pub upstream_failures: u64,
    /// Free bytes where the data is.
    pub disk_free: u64,
    /// The last good one: when, how large, where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    pub clock: String,
    /// The last reload, if it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload_refused: Option<Refused>,
    pub needs_you: Vec<String>,
}

/// A reload that was refused: what was in force before it still is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub when_ms: i64,
    /// The first fault with its place, on one line.
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkStatus {
    pub name: String,
    pub ranges: Vec<String>,
    pub unknown_devices_are: String,
    pub watching: bool,
    /// Since somebody switched it off for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Left>,
}

/// The public lists whose last fetch failed: each in a line, or, if they are many, what is wrong with the first.
fn not_fetched(config: &Config, local: impl Fn(i64) -> String) -> Vec<String> {
    let failed: Vec<_> = config.lists.public.iter().filter_map(|l| Some((l, update::kept::failed(&config.data, l)?))).collect();
    let kept = |list: &PublicList| match update::kept::meta(&config.data, list) {
        Some(meta) => format!("what was fetched on {} is still used", local(meta.fetched_ms)),
        None => "nothing was ever fetched of it".to_owned(),
    };
    let line = |(list, fault): &(&PublicList, update::kept::Failed)| {
        let why: String = fault.why.chars().filter(|c| !c.is_control()).collect();
        format!("list {} could not be fetched on {} ({why}): {}", list.name, local(fault.when_ms), kept(list))
    };
    let lines: Vec<String> = failed.iter().take(LISTS_SHOWN).map(line).collect();
    match failed.len() {
        n if n > LISTS_SHOWN => vec![format!(
            "{n} lists could not be fetched; `schoolgate lists update` tries again and says why of each. The first: {}",
            lines[0]
        )],
        _ => lines,
    }
}

/// What `status` says of the certificate, and what of it needs somebody.
fn certificate(
    snapshot: &Snapshot,
    (name, identity): (&Host, Option<&Shown>),
    what: &str,
    now_ms: i64,
    needs_you: &mut Vec<String>,
) -> Option<String> {
    match identity? {
        Ok(identity) => {
            let until = crate::gate::snapshot::local_time(&snapshot.config, identity.ends.saturating_mul(1000));
            let left = identity.ends.saturating_sub(now_ms.div_euclid(1000));
            let renew = "renew it; the file is read again when it has changed";
            if left < 0 {
                needs_you.push(format!("the certificate of {name} ended on {until}, and clients turn away from it: {renew}"));
            } else if left < CERTIFICATE_AHEAD {
                needs_you.push(format!("the certificate of {name} ends on {until}: {renew}"));
            }
            Some(format!("{name}, until {until}"))
        }
        Err(why) => {
            needs_you.push(format!("{what} not served: {why}; {HOW_TO_CERTIFY}"));
            Some("none that can be used".into())
        }
    }
}

fn filter(snapshot: &Snapshot) -> String {
    match &snapshot.condition.not_held {
        Some(why) => format!("NOT HELD: {why}"),
        None => format!("{} KiB held in memory", snapshot.table.stats().filter_bytes.div_ceil(1024)),
    }
}

/// Most lists that could not be fetched and have a line each: if there are more, it is the school's line and not the lists.
const LISTS_SHOWN: usize = 3;

/// What is said with a certificate that is not there.
pub(super) const HOW_TO_CERTIFY: &str =
    "how certbot fetches and renews one stands in /usr/share/doc/schoolgate/public-certificate.md";

/// Seconds before a certificate ends from which `status` says so: 30 days, as its authority's own letters do.
const CERTIFICATE_AHEAD: i64 = 30 * 24 * 60 * 60;

/// Less free space than this needs somebody: a week of a large school is some hundreds of megabytes.
const LOW_DISK: u64 = 1 << 30;

/// A report that lies in a folder is a report nobody reads.
const NO_MAIL: &str = "nobody is told that the weekly report is there: name the DSL and a server of mail under [mail]";

pub fn status(gate: &Gate, doors: &Doors, uptime: Duration, refused: Option<Refused>, off: &Off) -> Status {
    let snapshot = gate.snapshot();
    let policy = &snapshot.config.policy;
    let tally = gate.journal.tally();
    let networks: Vec<_> = policy
        .networks
        .iter()
        .map(|n| NetworkStatus {
            name: n.name.clone(),
            ranges: n.ranges.iter().map(ToString::to_string).collect(),
            unknown_devices_are: policy
                .group(n.group)
                .and_then(|g| policy.profile(g.profile))
                .map_or_else(String::new, |p| p.name.clone()),
            watching: n.mode == Mode::Watch,
            off: off.of(&n.name),
        })
        .collect();
    let disk_free = nix::sys::statvfs::statvfs(&snapshot.config.data).map_or(0, |s| s.blocks_available() * s.fragment_size());
    let now = gate.clock.now(&snapshot.config.school.zone);
    let mut needs_you = Vec::new();
    let local = |ms| crate::gate::snapshot::local_time(&snapshot.config, ms);
    if let Some(Refused { when_ms, why }) = &refused {
        let when = local(*when_ms);
        needs_you.push(format!("the reload of {when} was refused, and what was in force before it stays so: {why}"));
    }
    needs_you.extend(not_fetched(&snapshot.config, local));
    for Left { network, until, by, reason, .. } in networks.iter().filter_map(|n| n.off.as_ref()) {
        needs_you.push(format!(
            "network {network} is OFF until {until} ({by}: {reason}): nothing is blocked there but the locked tier; \
             `schoolgate on --network '{network}'` ends that"
        ));
    }
    for network in networks.iter().filter(|n| n.watching) {
        needs_you.push(format!("network {} is WATCHING: nothing is blocked there but harmful code", network.name));
    }
    if tally.dropped > 0 {
        needs_you.push(format!("{} events were dropped: is the disk full or too slow?", tally.dropped));
    }
    if tally.stalled {
        needs_you.push("the journal cannot be written: events wait in memory and are dropped when it is full".into());
    }
    needs_you.extend(super::sealed::needs_you(tally.detail).map(str::to_owned));
    if tally.summed {
        needs_you.push(
            "the disk is ALL BUT FULL: what was allowed is kept as sums alone, and only what was blocked, warned of or searched \
             for of a theme is kept line by line"
                .into(),
        );
    } else if tally.left_out {
        needs_you.push("the disk is nearly full: paths and searches of what was allowed are left out of the log".into());
    }
    if tally.broken > 0 {
        needs_you.push(format!("{} week files are broken and were set aside", tally.broken));
    }
    if disk_free < LOW_DISK {
        needs_you.push(format!("only {} MiB are free under {}", disk_free >> 20, snapshot.config.data.display()));
    }
    let clock = calendar::clock(gate, &snapshot, &now, &mut needs_you);
    match gate.requests.open_count() {
        0 => {}
        1 => needs_you.push("1 request of a page waits for an answer: `schoolgate requests list`".into()),
        n => needs_you.push(format!("{n} requests of pages wait for an answer: `schoolgate requests list`")),
    }
    if now.is_set() {
        needs_you.extend(super::delivery::needs_you(&snapshot.config, gate.clock.unix_ms()));
        needs_you.extend(super::alerts::needs_you(gate, &snapshot.config));
        needs_you.extend(super::followed::told::needs_you(&snapshot.config, gate.clock.unix_ms()));
        needs_you.extend(super::backup::needs_you(&snapshot.config, gate.clock.unix_ms()));
        match super::mail::Post::of(&snapshot.config) {
            Some(post) => needs_you.extend(post.needs_you(local)),
            None => needs_you.push(NO_MAIL.into()),
        }
    }
    let [certificate, web_certificate] = [
        (snapshot.config.dns.encrypted.as_ref().map(|e| &e.by.name), &snapshot.identity, "DNS over TLS and HTTPS are"),
        (snapshot.config.web.by.as_ref().map(|by| &by.name), &snapshot.web_identity, "the web door over TLS is"),
    ]
    .map(|(name, identity, what)| certificate(&snapshot, (name?, identity.as_ref()), what, gate.clock.unix_ms(), &mut needs_you));
    let sources = sources(gate, &snapshot, gate.clock.unix_ms(), &mut needs_you);
    let authority = inspected(gate, &snapshot, gate.clock.unix_ms(), &mut needs_you);
    needs_you.extend(snapshot.condition.damaged.as_deref().map(str::to_owned));
    let in_table: HashSet<&str> = snapshot.table.lists().iter().filter(|l| l.broken.is_none()).map(|l| l.name.as_str()).collect();
    for list in tables::list_files(&snapshot.config).iter().filter(|l| !in_table.contains(l.name.as_str())) {
        needs_you.push(format!("list {} is not used: `schoolgate lists compile` says why", list.name));
    }
    let today = locked::day(gate.clock.unix_ms());
    for list in snapshot.locked.stale(today) {
        needs_you.push(format!(
            "the locked list {} by {} is stale: ask its issuer for a new one",
            list.category(),
            list.issuer()
        ));
    }
    for why in snapshot.locked.refused() {
        needs_you.push(format!("a locked list is not used, and the last good one is: {why}"));
    }
    let not_ready = ready::missing(&snapshot.config, snapshot.table.lists());
    needs_you.extend(ready::in_a_line(&not_ready));
    for (list, why) in snapshot.table.lists().iter().filter_map(|l| Some((l, l.refused.as_ref()?))) {
        needs_you.push(format!("list {} is not used as it is now, but as it last was good: {why}", list.name));
    }
    needs_you.extend(calendar::term_dates(&snapshot, &now));
    if snapshot.register.present().next().is_none() {
        needs_you.push("the register is empty: everyone is judged by their network. `schoolgate people import FILE.csv`".into());
    }
    Status {
        school: snapshot.config.school.name.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        policy_version: snapshot.version,
        uptime_s: uptime.as_secs(),
        doors: doors.clone(),
        certificate,
        web_certificate,
        authority,
        networks,
        people: snapshot.register.present().count(),
        sources,
        passes: passes::in_force(&snapshot.config, now.unix_ms),
        exams: exams::on(&snapshot.config, now.unix_ms),
        lists: snapshot.table.lists().len(),
        names_on_lists: snapshot.table.stats().names,
        filter: filter(&snapshot),
        not_ready,
        locked_tier: snapshot.locked.state(today),
        held: holds::lines(&snapshot.config),
        decisions: gate.counters.by_door_and_action(),
        events_written: tally.written,
        events_dropped: tally.dropped,
        events_replayed: tally.replayed,
        events_undated: tally.undated,
        strangers: gate.counters.strangers.get(),
        tunnels: gate.counters.tunnels.get().max(0) as u64,
        most_connections: gate.counters.most_connections.get().max(0) as u64,
        upstream_failures: gate.counters.upstream_failures.get(),
        disk_free,
        backup: super::backup::line(&snapshot.config),
        reload_refused: refused,
        clock,
        needs_you,
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |addresses: &[std::net::SocketAddr]| match addresses {
            [] => "shut".to_owned(),
            some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        writeln!(
            f,
            "Schoolgate {} for {}, up {} h {} min",
            self.version,
            self.school,
            self.uptime_s / 3600,
            self.uptime_s / 60 % 60
        )?;
        writeln!(f, "  DNS           {}", list(&self.doors.dns))?;
        for (over, addresses) in [("over TLS", &self.doors.dns_tls), ("over HTTPS", &self.doors.dns_https)] {
            if !addresses.is_empty() {
                writeln!(f, "  {over:<13} {}", list(addresses))?;
            }
        }
        if let Some(certificate) = &self.certificate {
            writeln!(f, "  certificate   {certificate}")?;
        }
        if let Some(authority) = &self.authority {
            writeln!(f, "  authority     {authority}")?;
        }
        writeln!(f, "  proxy         {}", list(&self.doors.proxy))?;
        if !self.doors.proxy_tls.is_empty() {
            writeln!(f, "  over TLS      {}", list(&self.doors.proxy_tls))?;
        }
        if self.most_connections > 0 {
            writeln!(f, "  tunnels       {} open, of at most {} connections", self.tunnels, self.most_connections)?;
        }
        writeln!(f, "  web           {}", list(&self.doors.web))?;
        if !self.doors.web_tls.is_empty() {
            writeln!(f, "  over TLS      {}", list(&self.doors.web_tls))?;
        }
        if let Some(certificate) = &self.web_certificate {
            writeln!(f, "  certificate   {certificate}")?;
        }
        for network in &self.networks {
            let mode = match (&network.off, network.watching) {
                (Some(_), _) => "OFF",
                (None, true) => "WATCHING",
                (None, false) => "enforcing",
            };
            let ranges = network.ranges.join(", ");
            writeln!(
                f,
                "  network       {} ({ranges}): {mode}, unknown devices are {}",
                network.name, network.unknown_devices_are
            )?;
        }
        writeln!(f, "  people        {}", self.people)?;
        for (heading, line) in &self.sources {
            writeln!(f, "  {heading:<13} {line}")?;
        }
        for pass in &self.passes {
            writeln!(f, "  open          {pass}")?;
        }
        for exam in &self.exams {
            writeln!(f, "  exam          {exam}")?;
        }
        for held in &self.held {
            writeln!(f, "  held          {held}")?;
        }
        let ready = if self.not_ready.is_empty() { "" } else { ": NOT READY" };
        writeln!(f, "  lists         {} with {} names{ready}", self.lists, self.names_on_lists)?;
        writeln!(f, "  filter        {}", self.filter)?;
        writeln!(f, "  locked tier   {}", self.locked_tier)?;
        let mut doors: Vec<_> = self.decisions.iter().map(|(door, ..)| door).collect();
        doors.sort_unstable();
        doors.dedup();
        for door in doors {
            let of_door = self.decisions.iter().filter(|(d, ..)| d == door);
            let counts: Vec<_> = of_door.map(|(_, action, count)| format!("{count} {action}")).collect();
            writeln!(f, "  {:<13} {}", format!("by {door}"), counts.join(", "))?;
        }
        writeln!(
            f,
            "  journal       {} written, {} dropped, {} undated",
            self.events_written, self.events_dropped, self.events_undated
        )?;
        writeln!(f, "  turned away   {} requests of strangers", self.strangers)?;
        writeln!(f, "  upstreams     {} questions unanswered", self.upstream_failures)?;
        writeln!(f, "  policy        version {}", self.policy_version)?;
        writeln!(f, "  disk          {} MiB free", self.disk_free >> 20)?;
        if let Some(backup) = &self.backup {
            writeln!(f, "  backup        {backup}")?;
        }
        writeln!(f, "  clock         {}", self.clock)?;
        if self.needs_you.is_empty() {
            return write!(f, "nothing needs you");
        }
        write!(f, "needs you:")?;
        self.needs_you.iter().try_for_each(|what| write!(f, "\n  - {what}"))
    }
}
