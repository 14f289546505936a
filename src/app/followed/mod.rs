//! What follows a report: who has a part in it, the matters of earlier weeks, marks and signatures of this one.
//!
//! - [`evidence`]  rows of the log beside an incident
//! - [`handed`]    incidents as they are handed on
//! - [`told`]      who is told of a report that nobody has looked at
//! - [`watched`]   which pupils are watched more closely

pub mod evidence;
pub mod handed;
pub mod told;
pub mod watched;

use super::delivery;
use super::weekly::{self, WeeklyFault};
use crate::casebook::incidents::{self, Incident};
use crate::casebook::review::{self, Marks, Said, SignOff};
use crate::casebook::{Anchor, By, Casebook, CasebookFault, Concerns, MatterId, Role, may, watch};
use crate::config::{self, Config};
use crate::ops::files;
use crate::people::Register;
use crate::report::week::Matter;
use crate::report::{self, Edition, IsoWeek, StillOpen, Week};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::Path;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Weeks back in which something may still be open: a term.
const MOST_WEEKS: usize = 16;

/// Lines of what is still open; page one has room for so many.
const MOST_OPEN: usize = 6;

/// What the casebook says of a week, for its report.
#[derive(Debug, Default)]
pub struct Followed {
    pub marks: Marks,
    pub signed: Vec<SignOff>,
    pub incidents: Vec<Incident>,
    /// Ids in the register of whom the DSL watches more closely.
    pub watched: HashSet<String>,
    pub still_open: Vec<StillOpen>,
    pub casebook: Option<Anchor>,
}

/// # Errors
/// [`CasebookFault`]: a report never leaves out what it could not read.
pub fn of_week(config: &Config, week: IsoWeek, made_ms: i64) -> Result<Followed, CasebookFault> {
    let (from_ms, until_ms) = week.bounds(&config.school.zone);
    let Some(casebook) = Casebook::peek(&config.data)? else {
        let still_open = still_open(config, week, made_ms, &Marks::default(), &[]);
        return Ok(Followed { still_open, ..Followed::default() });
    };
    let reading = casebook.read();
    let marks = Marks::read(&reading)?;
    let all = incidents::all(&reading)?;
    let still_open = still_open(config, week, made_ms, &marks, &all);
    let shown = |i: &Incident| {
        let of_week = i.history.iter().any(|step| (from_ms..until_ms).contains(&step.when_ms));
        i.concerns == Concerns::Pupil && i.opened_ms() < made_ms && (of_week || !i.closed)
    };
    Ok(Followed {
        marks,
        signed: review::sign_offs(&reading, week)?,
        watched: watch::at(&reading, from_ms, until_ms)?.into_iter().map(|w| w.person).collect(),
        incidents: all.into_iter().filter(shown).collect(),
        still_open,
        casebook: reading.last()?,
    })
}

/// A matter as it is kept for the weeks that come.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    id: MatterId,
    title: String,
}

/// Keeps what needs a person of a whole week, for those that come.
///
/// # Errors
/// As the file system says.
pub fn keep_matters(data: &Path, week: IsoWeek, made: &Week) -> std::io::Result<()> {
    if made.unfinished {
        return Ok(());
    }
    let kept: Vec<Kept> = made
        .matters
        .iter()
        .map(|Matter { reference, .. }| Kept { id: reference.id.clone(), title: reference.title.clone() })
        .collect();
    files::replace_private(&delivery::folder(data, week).join("matters.json"), &serde_json::to_vec(&kept)?)
}

/// Matters of the weeks before that nobody has closed, the oldest first.
fn still_open(config: &Config, week: IsoWeek, now_ms: i64, marks: &Marks, incidents: &[Incident]) -> Vec<StillOpen> {
    let days = |ms: i64| u32::try_from((now_ms - ms).max(0) / DAY_MS).unwrap_or(u32::MAX);
    let weeks = std::iter::successors(Some(week.previous()), |week| Some(week.previous())).take(MOST_WEEKS);
    let mut open = Vec::new();
    for week in weeks {
        let path = delivery::folder(&config.data, week).join("matters.json");
        let Some(kept) = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Vec<Kept>>(&bytes).ok()) else {
            continue;
        };
        for Kept { id, title } in kept {
            let matter = format!("{title} ({week})");
            let line = |owner: &str, last_action: String, since_ms: i64| StillOpen {
                matter: matter.clone(),
                owner: owner.to_owned(),
                last_action,
                days: days(since_ms),
            };
            let Some(mark) = marks.of(&id, Concerns::Pupil) else {
                let since_ms = delivery::made(&config.data, week).map_or(week.bounds(&config.school.zone).1, |made| made.made_ms);
                open.push(line("the DSL", "nobody has said anything of it yet".into(), since_ms));
                continue;
            };
            match (mark.said, mark.incident.and_then(|number| incidents.iter().find(|i| i.number == number))) {
                (Said::NotAConcern | Said::InHand, _) => {}
                (_, Some(incident)) if incident.closed => {}
                (_, Some(incident)) => {
                    let who = incident.history.last().map_or("the DSL", |step| step.who.as_str());
                    open.push(line(who, format!("incident {}", incident.number), incident.last_ms()));
                }
                (said, None) => open.push(line(&mark.who, said.word().to_owned(), mark.when_ms)),
            }
        }
    }
    open.sort_by_key(|line| std::cmp::Reverse(line.days));
    let more = open.len().saturating_sub(MOST_OPEN);
    if more > 0 {
        let days = open.get(MOST_OPEN).map_or(0, |line| line.days);
        open.truncate(MOST_OPEN);
        let last_action = "`schoolgate report review --week` shows each week's".to_owned();
        open.push(StillOpen { matter: format!("{more} more"), owner: "the DSL".into(), last_action, days });
    }
    open
}

/// Somebody at the command line who has a part in what follows a report, as the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Somebody {
    pub who: String,
    pub role: Role,
    /// Their id in the register.
    pub person: Option<String>,
}

impl Somebody {
    /// Which part an account of this machine has; `wanted` where it has several.
    ///
    /// # Errors
    /// It has none, or not that one: what would be right.
    pub fn at(config: &Config, register: &Register, account: &str, wanted: Option<Role>) -> Result<Self, String> {
        let roles = roles_of(&config.report, account);
        let role = match wanted {
            Some(wanted) => roles.into_iter().find(|role| *role == wanted),
            None => roles.into_iter().next(),
        };
        let Some(role) = role else {
            let part = wanted.map_or_else(|| "no part in this".into(), |role| format!("not the part of the {}", role.title()));
            return Err(format!(
                "the account '{}' has {part}: `dsl`, `deputies`, `ict`, `head` and `chair` under [report] name the accounts of this \
                 machine that have",
                account.escape_debug()
            ));
        };
        let person = register.persons().find(|p| p.key.eq_ignore_ascii_case(account)).map(|p| p.key.clone());
        Ok(Self { who: account.to_owned(), role, person })
    }

    pub fn by(&self) -> By<'_> {
        By { who: &self.who, role: self.role, person: self.person.as_deref() }
    }
}

/// Who has which part by the configuration, with the key that says so.
pub fn parts(report: &config::Report) -> [(&'static str, Role, &[String]); 5] {
    [
        ("dsl", Role::Dsl, &report.dsl[..]),
        ("deputies", Role::Deputy, &report.deputies),
        ("ict", Role::Ict, &report.ict),
        ("head", Role::Head, report.head.as_slice()),
        ("chair", Role::Chair, &report.chair),
    ]
}

/// The parts that an account of this machine has.
fn roles_of(report: &config::Report, account: &str) -> Vec<Role> {
    let named = parts(report).into_iter().filter(|(_, _, names)| names.iter().any(|name| name == account));
    named.map(|(_, role, _)| role).collect()
}

/// The week as somebody may see it: their edition, without what is about themselves.
///
/// # Errors
/// As [`weekly::make`].
pub fn shown_to(config: &Config, week: IsoWeek, by: By, now_ms: i64) -> Result<Week, WeeklyFault> {
    let whole = weekly::make(config, week, now_ms, None)?;
    let mut shown = report::edit(&whole, Edition::of(by.role)[0]);
    let theirs = |matter: &Matter| may(by, matter.reference.concerns, matter.reference.person.as_deref());
    shown.matters.retain(theirs);
    shown.known.retain(theirs);
    Ok(shown)
}

/// The matter that somebody means: by its place in the report, or by its id.
///
/// # Errors
/// There is none; which there are.
pub fn meant<'w>(week: &'w Week, text: &str) -> Result<&'w Matter, String> {
    let by_place = text.parse::<usize>().ok().and_then(|place| week.matters.get(place.checked_sub(1)?));
    let by_id = || week.matters.iter().chain(&week.known).find(|matter| matter.id == text.trim());
    by_place.or_else(by_id).ok_or_else(|| {
        let places = match week.matters.len() {
            0 => "it has none that you may see".to_owned(),
            n => format!("`schoolgate report review --week {}` shows its matters, 1 to {n}", week.week),
        };
        format!("the report of {} has no matter '{}': {places}", week.week, text.escape_debug())
    })
}

#[cfg(test)]
mod tests;
