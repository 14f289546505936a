//! What a week is judged and written by: everything the report does not read from events, handed in by whoever makes it.

use super::IsoWeek;
use super::sums::Sums;
use crate::casebook::{Anchor, Incident, Marks, SignOff};
use crate::config::Scoring;
use crate::journal::Names;
use crate::people::{Device, Person};
use crate::policy::SchoolDays;
use crate::words::{Category, DeviceId, PersonId, PersonRole, Who};
use jiff::tz::TimeZone;

/// Everything but the events.
pub struct World<'a> {
    pub school: &'a str,
    pub gateway: &'a str,
    pub zone: &'a TimeZone,
    pub week: IsoWeek,
    /// When this report is made: milliseconds since 1970. Before the end of the week, the report says so.
    pub made_ms: i64,
    /// Counts up by one a report: a gap means one was missed.
    pub delivery: u32,
    /// When it was due, if it is made later because nobody was there to make it.
    pub due_ms: Option<i64>,
    /// Weeks before this one, in any order, as far as their numbers were kept.
    pub past: &'a [Sums],
    /// The head: what concerns them is not the head's to see.
    pub head: Option<PersonId>,
    /// What the ids of a policy version were called.
    pub names: &'a dyn Fn(u32) -> Names,
    pub person: &'a dyn Fn(PersonId) -> Option<Person>,
    pub device: &'a dyn Fn(DeviceId) -> Option<Device>,
    /// Whether this is the key of a pupil's account.
    pub is_pupil: &'a dyn Fn(&str) -> bool,
    /// The register's devices that pupils use: what coverage is a share of.
    pub pupil_devices: &'a [DeviceId],
    /// Whom a group of this name is for; asked for devices nobody is known on.
    pub audience: &'a dyn Fn(&str) -> Audience,
    /// A category's title as people read it. `None`: its id is shown.
    pub title: &'a dyn Fn(Category) -> Option<String>,
    pub school_days: &'a SchoolDays,
    /// What needs a person: how it is weighed.
    pub scoring: &'a Scoring,
    /// Every network and how it is judged now.
    pub networks: Vec<NetworkFact>,
    /// Whom the DSL watches more closely in this week.
    pub watched: &'a dyn Fn(PersonId) -> bool,
    /// What was said of matters, in whatever week.
    pub marks: &'a Marks,
    /// Who has signed this week.
    pub signed: Vec<SignOff>,
    /// Incidents about pupils that are open, or to which something was added in this week.
    pub incidents: Vec<Incident>,
    /// The end of the casebook. `None`: there is none yet.
    pub casebook: Option<Anchor>,
    /// Matters of earlier weeks that are open. `None`: nobody keeps them here yet.
    pub still_open: Option<Vec<StillOpen>>,
    /// What could not wait, of this week, in the order of their numbers. `None`: nothing is sent.
    pub alerts: Option<Vec<AlertFact>>,
    /// Changes to filtering in this week.
    pub changes: Vec<Change>,
    /// What people asked for on the pages in this week.
    pub requests: Vec<Asked>,
    pub health: Health,
    /// When detail is deleted. `None`: nothing deletes it.
    pub retention: Option<Retention>,
    /// Who looked at whom. `None`: not recorded.
    pub look_ups: Option<Vec<LookUp>>,
}

/// An alert, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFact {
    pub number: u32,
    pub critical: bool,
    /// A theme's id.
    pub theme: String,
    /// The account or the device, as the register calls it.
    pub whose: String,
    pub first_ms: i64,
    pub times: u64,
    pub told_ms: Option<i64>,
    /// Somebody else was told, because nobody had acknowledged it.
    pub deputy: bool,
    pub acknowledged: Option<(String, i64)>,
}

/// Whom a group is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Pupils, or anyone who may be one: they are in the report.
    Pupils,
    /// Staff and other adults: counted for the head, never shown.
    Adults,
    /// Printers, tills, doors: not in reports.
    Things,
}

impl Audience {
    /// Whose an event is: by whom it names or whose its device is, and else by the groups it was judged by.
    pub fn of(
        who: &Who,
        owner: impl Fn(DeviceId) -> Option<PersonId>,
        role: impl Fn(PersonId) -> Option<PersonRole>,
        mut groups: impl Iterator<Item = Self>,
    ) -> Self {
        let named = who.person.filter(|_| who.sure.may_name()).or_else(|| owner(who.device?));
        if let Some(role) = named.and_then(role) {
            return if role == PersonRole::Pupil { Self::Pupils } else { Self::Adults };
        }
        // Someone in no group we know may be a pupil.
        let Some(first) = groups.next() else { return Self::Pupils };
        if groups.any(|a| a == Self::Pupils) { Self::Pupils } else { first }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkFact {
    pub name: String,
    pub state: NetworkState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkState {
    On,
    Watching,
    Off,
}

impl NetworkState {
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Watching => "watching",
            Self::Off => "off",
        }
    }
}

/// A matter of an earlier week that nobody has closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StillOpen {
    pub matter: String,
    pub owner: String,
    pub last_action: String,
    pub days: u32,
}

/// One change to filtering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub when_ms: i64,
    pub who: String,
    /// `allow example.com for sixth-form until 2026-12-01`
    pub what: String,
    pub why: String,
    pub approved_by: Option<String>,
}

/// One request of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub made_ms: i64,
    /// `None`: nobody has answered.
    pub answered_ms: Option<i64>,
    pub allowed: bool,
    /// They only said that they came there by accident.
    pub accident: bool,
}

/// How the gate is. A fact nobody has is `None`, and the report says that nobody has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    pub lists: Vec<ListFact>,
    /// Whether a licensed party has filled the slot of the locked tier.
    pub locked_present: bool,
    /// Whether a list in it is older than its issuer calls fresh.
    pub locked_stale: bool,
    /// When the gate was last started: milliseconds since 1970.
    pub started_ms: Option<i64>,
    pub events_dropped: u64,
    /// Allowed events that the disk had room for as sums alone.
    pub summed: u64,
    /// Times the journal's numbers jump.
    pub gaps: u64,
    /// Events brought back from the rings after a stop without warning.
    pub replayed: u64,
    /// Events that wait for the clock to be set.
    pub undated: u64,
    pub clock_set: bool,
    pub backup_days: Option<u32>,
    pub self_test_days: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFact {
    pub name: String,
    pub category: Category,
    pub entries: u64,
    /// Since its source was last read as new. `None`: not known.
    pub age_days: Option<u32>,
}

/// One file that was deleted because its time was up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    pub when_ms: i64,
    pub file: String,
    /// How many events it had, if that is known.
    pub events: Option<u64>,
    pub rule: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Whether what was typed is sealed for the DSL from now on.
    pub sealed: bool,
    /// After a week's last day.
    pub detail_days: u32,
    /// Of sums and reports, after theirs.
    pub rollup_days: u32,
    /// How many weeks and people are held from deletion.
    pub holds: u64,
    /// What was deleted in the week.
    pub deleted: Vec<Deleted>,
}

/// Someone looked at a person's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    pub when_ms: i64,
    pub who: String,
    pub whom: String,
    pub purpose: String,
}
