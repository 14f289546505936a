//! The week's report: the journal's events and everything around them, handed to the report's room.

use super::status::Status;
use super::{delivery, followed, requests};
use super::{journal_dir, register_file};
use crate::casebook::{self, Casebook, CasebookFault, Entry, Incident, Record};
use crate::config::Config;
use crate::gate::Gate;
use crate::gate::alerts::{Alert, How};
use crate::gate::requests::{Decision, Kind};
use crate::journal::read::ReadFault;
use crate::journal::tail::{self, Part};
use crate::journal::{Names, deletion, hold};
use crate::ops::{backup as ops_backup, files, locked, look_ups, self_test, tables, update};
use crate::people::{Register, Store, StoreFault};
use crate::policy::Mode;
use crate::report::{
    self, AlertFact, Asked, Audience, Change, Deleted, Health, IsoWeek, ListFact, LookUp, NetworkFact, NetworkState, Retention,
    World,
};
use crate::seal::Keys;
use crate::words::{DeviceId, PersonRole};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

/// Milliseconds of a day, for ages.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum WeeklyFault {
    #[error(transparent)]
    Journal(#[from] ReadFault),
    #[error(transparent)]
    Register(#[from] StoreFault),
    #[error(transparent)]
    Lists(#[from] tables::TablesFault),
    #[error(transparent)]
    Locked(#[from] locked::LockedFault),
    #[error(transparent)]
    Casebook(#[from] CasebookFault),
    #[error("{0}")]
    File(#[from] std::io::Error),
}

/// What the gate that keeps this journal knows of itself; nothing, if none is running.
#[derive(Debug, Clone, Copy, Default)]
pub struct Running {
    pub uptime_s: u64,
    pub dropped: u64,
    pub replayed: u64,
    pub undated: u64,
}

impl Running {
    pub fn of_gate(gate: &Gate, uptime: Duration) -> Self {
        let tally = gate.journal.tally();
        Self { uptime_s: uptime.as_secs(), dropped: tally.dropped, replayed: tally.replayed, undated: tally.undated }
    }

    pub fn of(status: &Status) -> Self {
        Self {
            uptime_s: status.uptime_s,
            dropped: status.events_dropped,
            replayed: status.events_replayed,
            undated: status.events_undated,
        }
    }
}

/// Makes the report of a week.
///
/// # Errors
/// [`WeeklyFault`]: what it is made of cannot be read. A week without events is a report, not a fault.
pub fn make(config: &Config, week: IsoWeek, made_ms: i64, running: Option<Running>) -> Result<report::Week, WeeklyFault> {
    let late = delivery::made(&config.data, week).filter(|made| made.late).map(|made| made.due_ms);
    make_due(config, week, made_ms, running, late)
}

/// [`make`], for a report that was due long before.
///
/// # Errors
/// As [`make`].
pub fn make_due(
    config: &Config,
    week: IsoWeek,
    made_ms: i64,
    running: Option<Running>,
    due_ms: Option<i64>,
) -> Result<report::Week, WeeklyFault> {
    let register = Store::peek(&register_file(config))?;
    let followed = followed::of_week(config, week, made_ms)?;
    let (from_ms, until_ms) = week.bounds(&config.school.zone);
    let shown = week.to_string();
    let parts = tail::held(&journal_dir(config), &config.school.zone, made_ms, Some(week))?;
    let gaps = parts.iter().map(Part::gaps).collect::<Result<Vec<_>, _>>()?.concat();
    let lost = gaps.iter().map(|g| g.lost).sum::<u64>();

    let lists = lists(config, made_ms)?;
    let sealed = locked::load(config, tables::Broken::Endure)?;
    let names = RefCell::new(HashMap::<u32, Names>::new());
    let named = |version: u32| {
        let stored = || parts.iter().find_map(|part| part.names(version).ok().flatten()).unwrap_or_default();
        names.borrow_mut().entry(version).or_insert_with(stored).clone()
    };
    let world = World {
        school: &config.school.name,
        gateway: &config.school.gateway,
        zone: &config.school.zone,
        week,
        made_ms,
        delivery: number(&config.data, &shown)?,
        due_ms,
        past: &delivery::past(&config.data, week),
        head: super::desk::accounts::head(config).and_then(|key| register.person_of_key(&key)).map(|p| p.id),
        names: &named,
        person: &|id| register.person(id).cloned(),
        device: &|id| register.device(id).cloned(),
        is_pupil: &|key| register.person_of_key(key).is_some_and(|p| p.role == PersonRole::Pupil),
        pupil_devices: &pupil_devices(&register),
        audience: &|group| audience(config, group),
        title: &|category| config.title_of(category).map(|t| t.title.clone()),
        school_days: config.policy.timetable.school_days(),
        scoring: &config.scoring,
        networks: networks(config),
        watched: &|id| register.person(id).is_some_and(|p| followed.watched.contains(&p.key)),
        marks: &followed.marks,
        signed: followed.signed.clone(),
        incidents: followed.incidents.iter().filter(|i| is_of_pupils(i, &register)).cloned().collect(),
        casebook: followed.casebook,
        still_open: Some(followed.still_open.clone()),
        alerts: alerts(config, &register, from_ms, until_ms),
        changes: changes(config, from_ms, until_ms)?,
        requests: asked(config, from_ms, until_ms)?,
        health: Health {
            locked_present: !sealed.lists().is_empty(),
            locked_stale: sealed.stale(locked::day(made_ms)).next().is_some(),
            lists,
            started_ms: running.map(|r| made_ms - (r.uptime_s * 1000) as i64),
            events_dropped: lost.max(running.map_or(0, |r| r.dropped)),
            summed: parts.iter().map(Part::summed).sum::<Result<u64, _>>()?,
            gaps: gaps.len() as u64,
            replayed: running.map_or(0, |r| r.replayed),
            undated: running.map_or(0, |r| r.undated),
            clock_set: made_ms >= crate::journal::time::BUILT_MS,
            backup_days: ops_backup::state(&config.data)
                .good
                .and_then(|good| u32::try_from((made_ms - good.when_ms).max(0) / DAY_MS).ok()),
            self_test_days: self_test::days(&config.data, made_ms),
        },
        retention: Some(retention(config, from_ms, until_ms)?),
        look_ups: Some(look_ups(config, from_ms, until_ms)?),
    };

    let made = report::of_parts(&parts, &world)?;
    // For the weeks that come. Where this one may only be read, they do without it.
    let _ = delivery::keep_sums(&config.data, week, &made).and_then(|()| followed::keep_matters(&config.data, week, &made));
    Ok(made)
}

/// What is kept how long, what is kept longer, and what was deleted in a span of time.
fn retention(config: &Config, from_ms: i64, until_ms: i64) -> Result<Retention, WeeklyFault> {
    let journal = journal_dir(config);
    let deleted = deletion::between(&journal, from_ms, until_ms)?;
    let deletion = |d: deletion::Deletion| Deleted { when_ms: d.when_ms, file: d.file, events: d.events, rule: d.rule };
    Ok(Retention {
        sealed: matches!(Keys::read(&config.data), Ok(Some(_))),
        detail_days: config.retention.detail_days,
        rollup_days: config.retention.rollup_days,
        holds: hold::read(&journal)?.len() as u64,
        deleted: deleted.into_iter().map(deletion).collect(),
    })
}

/// The devices of pupils: what the report's coverage is a share of.
fn pupil_devices(register: &Register) -> Vec<DeviceId> {
    let of_pupil = |id| register.person(id).is_some_and(|p| p.role == PersonRole::Pupil && !p.is_withdrawn());
    register.devices().filter(|d| d.retired.is_none() && d.person.is_some_and(of_pupil)).map(|d| d.id).collect()
}

/// Whom a group is for, by its profile.
pub(super) fn audience(config: &Config, group: &str) -> Audience {
    let policy = &config.policy;
    let profile = policy.group_named(group).and_then(|id| policy.group(id)).and_then(|g| policy.profile(g.profile));
    match profile {
        Some(p) if p.name == "things" => Audience::Things,
        Some(p) if !p.pupils => Audience::Adults,
        // A group nobody knows any more may have held pupils.
        _ => Audience::Pupils,
    }
}

fn networks(config: &Config) -> Vec<NetworkFact> {
    let state = |mode| match mode {
        Mode::Enforce => NetworkState::On,
        Mode::Watch => NetworkState::Watching,
        Mode::Off => NetworkState::Off,
    };
    config.policy.networks.iter().map(|n| NetworkFact { name: n.name.clone(), state: state(n.mode) }).collect()
}

/// Whether it names no adult: who reads the report may be the one.
fn is_of_pupils(incident: &Incident, register: &Register) -> bool {
    let is_pupil = |key: &String| register.person_of_key(key).is_none_or(|p| p.role == PersonRole::Pupil);
    incident.fields.people.iter().all(is_pupil)
}

/// Of people's access, what was done to many at once is one line.
fn together(records: Vec<Record>) -> Vec<Record> {
    let mut told: Vec<(Record, u64)> = Vec::new();
    for record in records {
        let of_register = record.entry.kind == casebook::Kind::Register;
        match told.last_mut() {
            Some((first, more))
                if of_register
                    && (first.when_ms, first.entry.kind, &first.entry.who)
                        == (record.when_ms, record.entry.kind, &record.entry.who) =>
            {
                *more += 1;
            }
            _ => told.push((record, 0)),
        }
    }
    let line = |(mut first, more): (Record, u64)| {
        if more > 0 {
            first.entry.what = format!("{}, and {more} more of the kind", first.entry.what);
        }
        first
    };
    told.into_iter().map(line).collect()
}

fn changes(config: &Config, from_ms: i64, until_ms: i64) -> Result<Vec<Change>, WeeklyFault> {
    let Some(casebook) = Casebook::peek(&config.data)? else { return Ok(Vec::new()) };
    let kinds = [casebook::Kind::Change, casebook::Kind::Register];
    let made = together(casebook.read().between(&kinds, from_ms, until_ms)?);
    let change = |Record { when_ms, entry, .. }: Record| {
        let Entry { who, what, why, approved_by, .. } = entry;
        Change { when_ms, who, what, why: why.unwrap_or_default(), approved_by }
    };
    Ok(made.into_iter().map(change).collect())
}

/// What could not wait, of this week. `None`: there is no way to tell anybody.
fn alerts(config: &Config, register: &Register, from_ms: i64, until_ms: i64) -> Option<Vec<AlertFact>> {
    let kept = super::alerts::read(&config.data).unwrap_or_default().alerts;
    if kept.is_empty() && config.mail.is_none() && config.alerts.webhook.is_none() {
        return None;
    }
    let fact = |alert: &Alert| AlertFact {
        number: alert.number,
        critical: alert.critical,
        theme: alert.theme.clone(),
        whose: super::alerts::called(alert.whose, register),
        first_ms: alert.first_ms,
        times: alert.count,
        told_ms: alert.told.first().map(|told| told.when_ms),
        deputy: alert.told.iter().any(|told| told.how == How::Deputy),
        acknowledged: alert.acknowledged.as_ref().map(|a| (a.by.clone(), a.when_ms)),
    };
    Some(kept.iter().filter(|alert| (from_ms..until_ms).contains(&alert.first_ms)).map(fact).collect())
}

fn asked(config: &Config, from_ms: i64, until_ms: i64) -> Result<Vec<Asked>, WeeklyFault> {
    let made = requests::read(&config.data).map_err(std::io::Error::other)?.requests;
    let of_week = made.into_iter().filter(|r| (from_ms..until_ms).contains(&r.made_ms));
    let asked = of_week.map(|r| Asked {
        made_ms: r.made_ms,
        answered_ms: r.answer.as_ref().map(|a| a.when_ms),
        allowed: r.answer.is_some_and(|a| a.decision == Decision::Allowed),
        accident: r.kind == Kind::Accident,
    });
    Ok(asked.collect())
}

fn lists(config: &Config, made_ms: i64) -> Result<Vec<ListFact>, WeeklyFault> {
    let table = tables::current(config, tables::Broken::Endure)?;
    let mut ages: HashMap<String, Option<u32>> =
        tables::list_files(config).into_iter().map(|file| (file.name, age_days(&file.path, made_ms))).collect();
    // A list that its keeper has not changed for a month, and that was compared yesterday, is a day old.
    for list in &config.lists.public {
        if let Some(meta) = update::kept::meta(&config.data, list) {
            ages.insert(list.name.clone(), u32::try_from((made_ms - meta.checked_ms).max(0) / DAY_MS).ok());
        }
    }
    let fact = |list: &crate::lists::Provenance| ListFact {
        name: list.name.clone(),
        category: list.category,
        entries: list.entries,
        age_days: ages.get(&list.name).copied().flatten(),
    };
    Ok(table.lists().iter().map(fact).collect())
}

fn age_days(path: &Path, made_ms: i64) -> Option<u32> {
    let changed = std::fs::metadata(path).ok()?.modified().ok()?;
    let changed_ms = changed.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis() as i64;
    u32::try_from((made_ms - changed_ms).max(0) / DAY_MS).ok()
}

fn look_ups(config: &Config, from_ms: i64, until_ms: i64) -> Result<Vec<LookUp>, WeeklyFault> {
    let seen = look_ups::between(&config.data, from_ms, until_ms)?;
    Ok(seen.into_iter().map(|l| LookUp { when_ms: l.when_ms, who: l.who, whom: l.what, purpose: l.purpose }).collect())
}

/// The delivery number of a week's report: the next one when it is first made, the same ever after.
fn number(data: &Path, week: &str) -> std::io::Result<u32> {
    let path = data.join("deliveries.json");
    let text = files::read_or_empty(&path)?;
    let mut numbers: BTreeMap<String, u32> = if text.is_empty() { BTreeMap::new() } else { serde_json::from_str(&text)? };
    if let Some(number) = numbers.get(week) {
        return Ok(*number);
    }
    let next = numbers.values().max().map_or(1, |last| last + 1);
    numbers.insert(week.to_owned(), next);
    files::replace(&path, &serde_json::to_vec_pretty(&numbers)?)?;
    Ok(next)
}
