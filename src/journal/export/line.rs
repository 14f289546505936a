//! The event object of the contract: what journal, `--json` and export all show.

use crate::journal::event::Door;
use crate::journal::names::Names;
use crate::journal::read::Stored;
use crate::journal::week::timestamp;
use crate::policy::Step;
use crate::words::{DeviceId, Download, GroupId, Host, Mac, PersonId};
use jiff::tz::TimeZone;
use serde::Serialize;

/// What stands for what is sealed.
pub const DOTS: &str = "••••";

/// What the ids of an event are called.
pub struct Resolve<'a> {
    /// Those of the event's policy version.
    pub names: &'a Names,
    /// The school's time zone.
    pub zone: &'a TimeZone,
    pub person: &'a dyn Fn(PersonId) -> Option<String>,
    pub device: &'a dyn Fn(DeviceId) -> Option<String>,
}

/// One event, every id told. A field that does not apply, or that must not be known, is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// UTC, RFC 3339.
    pub when: String,
    /// The school's own time, RFC 3339.
    pub when_local: String,
    /// How the time is known: `clock`, `boot` (dated after the clock was set), `before` (no later than this).
    pub dated: &'static str,
    pub seq: u64,
    pub school: String,
    pub gateway: String,
    pub door: &'static str,
    pub network: Option<String>,
    pub client: Option<String>,
    /// The device's hardware address, where it was known.
    pub mac: Option<String>,
    /// Whether the device made that up.
    pub randomised: Option<bool>,
    pub device: Option<String>,
    pub person: Option<String>,
    pub groups: Vec<String>,
    pub how_known: Option<&'static str>,
    pub how_sure: Option<&'static str>,
    /// Since when that is known: UTC, RFC 3339. `None`: as long as the register says so.
    pub since: Option<String>,
    pub method: Option<String>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub path: Option<String>,
    pub query_type: Option<String>,
    pub action: &'static str,
    pub step: &'static str,
    /// The school's own entry that decided.
    pub rule: Option<String>,
    /// The profile that decided, where one did.
    pub profile: Option<String>,
    /// The group whose profile decided.
    pub group: Option<String>,
    /// The timetable's cell that decided.
    pub cell: Option<String>,
    pub list: Option<String>,
    /// The list's entry that decided: the host or one of its parents; `locked/NUMBER` for the locked tier.
    pub entry: Option<String>,
    /// The category that decided.
    pub category: Option<String>,
    pub categories: Vec<String>,
    pub intent: &'static str,
    /// What was searched for, where it was seen.
    pub search: Option<String>,
    /// What its words are about, if they are of a theme.
    pub theme: Option<&'static str>,
    /// How much they weigh in it, 1 to 100.
    pub severity: Option<u8>,
    /// Whether what went through TLS was seen, or why it was not.
    pub decrypted: &'static str,
    pub count: u32,
    /// Whether it stands for all that a client asked within a second, of which no names are kept: it asked without end.
    pub sum: bool,
    /// When the last of them was, if it stands for several: UTC, RFC 3339.
    pub last: Option<String>,
    /// HTTP status, or DNS response code.
    pub status: u16,
    pub bytes: Bytes,
    /// Milliseconds.
    pub duration: u32,
    pub pass: Option<u16>,
    pub policy_version: u32,
    /// Milliseconds since 1970, for formats that write the time their own way.
    #[serde(skip)]
    pub(super) when_ms: i64,
}

/// Bytes from the client, and to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bytes {
    pub up: u64,
    pub down: u64,
}

/// `downloads: programs`
fn download(kind: u32) -> String {
    format!("downloads: {}", Download::from_number(kind).map_or("of a later version", Download::word))
}

impl Line {
    pub fn of(stored: &Stored, resolve: &Resolve) -> Self {
        let (event, names) = (&stored.event, resolve.names);
        let who = event.who.as_ref();
        let dns = matches!(event.door, Door::Dns | Door::SelfTest);
        let locked = event.step == Step::Locked;
        let utc = timestamp(event.when_ms);
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let group = |id: GroupId| named(&names.groups, id.0, "group");
        Self {
            when: rfc3339(event.when_ms),
            when_local: utc.to_zoned(resolve.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
            dated: stored.dated.word(),
            seq: stored.seq,
            school: names.school.clone(),
            gateway: names.gateway.clone(),
            door: event.door.word(),
            network: who.map(|w| named(&names.networks, w.network.0, "network")),
            client: who.map(|w| w.client.to_string()),
            mac: who.and_then(|w| w.mac).map(|m| m.to_string()),
            randomised: who.and_then(|w| w.mac).map(Mac::is_randomised),
            device: who.and_then(|w| w.device).map(|id| (resolve.device)(id).unwrap_or_else(|| format!("device {}", id.0))),
            person: who.and_then(|w| w.person).map(|id| (resolve.person)(id).unwrap_or_else(|| format!("person {}", id.0))),
            groups: who.map(|w| w.groups.iter().map(group).collect()).unwrap_or_default(),
            how_known: who.map(|w| w.known.word()),
            how_sure: who.map(|w| w.sure.word()),
            since: who.and_then(|w| w.since).map(|s| rfc3339(s.ms())),
            method: text(&event.method),
            host: text(&event.host),
            port: (event.port != 0).then_some(event.port),
            path: text(&event.path).or_else(|| event.has_path().then(|| format!("/{DOTS}"))),
            query_type: dns.then(|| query_type(event.query_type)).flatten(),
            action: event.action.word(),
            step: event.step.word(),
            rule: match event.rule.filter(|_| !locked) {
                Some(kind) if event.step == Step::Download => Some(download(kind)),
                Some(weight) if event.step == Step::Category => Some(format!("phrases: weight {weight}")),
                rule => rule.map(|id| names.rule(id).map_or_else(|| format!("entry {id}"), str::to_owned)),
            },
            profile: event.step.is_a_profile_s().then(|| named(&names.profiles, event.profile.0, "profile")),
            group: event.group.map(group),
            cell: event.cell.map(|id| named(&names.cells, id.0, "cell")),
            list: event.list.map(|id| named(&names.lists, id.0, "list")),
            entry: match event.rule.filter(|_| locked) {
                Some(number) => Some(format!("locked/{number}")),
                None => entry(&event.host, event.labels),
            },
            category: event.category.map(|c| names.category(c)),
            categories: event.categories.iter().map(|c| names.category(c)).collect(),
            intent: event.intent.word(),
            search: text(&event.search).or_else(|| event.has_search().then(|| DOTS.to_owned())),
            theme: event.theme.map(|(theme, _)| theme.word()),
            severity: event.theme.map(|(_, severity)| severity),
            decrypted: event.decrypted.word(),
            count: event.count,
            sum: event.is_sum(),
            last: event.span.map(|s| rfc3339(s.last_ms)),
            status: event.status,
            bytes: Bytes { up: event.bytes_up, down: event.bytes_down },
            duration: event.duration_ms,
            pass: event.pass,
            policy_version: event.policy_version,
            when_ms: event.when_ms,
        }
    }
}

fn rfc3339(ms: i64) -> String {
    timestamp(ms).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The name of an id; the id itself where nobody named it.
fn named(names: &[String], id: u16, what: &str) -> String {
    names.get(usize::from(id)).cloned().unwrap_or_else(|| format!("{what} {id}"))
}

/// The text of the entry that matched, as [`Host::entry`] has it; of a name that is no host, its last labels.
fn entry(host: &str, labels: u8) -> Option<String> {
    if host.is_empty() || labels == 0 {
        return None;
    }
    if let Ok(host) = Host::parse(host) {
        return Some(host.entry(labels).into_owned());
    }
    let dots = host.rmatch_indices('.').nth(usize::from(labels) - 1);
    Some(dots.map_or(host, |(at, _)| &host[at + 1..]).to_owned())
}

/// A DNS type's name where it has one that people know, else `TYPE123` (RFC 3597 §5).
pub fn query_type(number: u16) -> Option<String> {
    let name = match number {
        0 => return None,
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        43 => "DS",
        48 => "DNSKEY",
        52 => "TLSA",
        64 => "SVCB",
        65 => "HTTPS",
        249 => "TKEY",
        255 => "ANY",
        other => return Some(format!("TYPE{other}")),
    };
    Some(name.to_owned())
}
