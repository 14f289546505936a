//! What is not deleted although its time is up: a week, or every week that a person is in, until somebody releases it.
//!
//! For a complaint, a court or the police. Always holds: while the list cannot be read, nothing is deleted.

use super::read::{Filter, Week};
use super::week::IsoWeek;
use crate::words::PersonId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// One hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    pub what: Held,
    /// The login name of whoever asked for it.
    pub by: String,
    pub when_ms: i64,
    pub reason: String,
}

/// What is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Held {
    /// `2026-W47`
    Week(String),
    /// Every week with a row of this person, by their number and as the register called them.
    Person { id: u32, key: String },
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Week(week) => write!(f, "week {week}"),
            Self::Person { key, .. } => write!(f, "every week of {key}"),
        }
    }
}

/// Where the holds of a journal are.
pub fn file(journal: &Path) -> PathBuf {
    journal.join("holds.json")
}

/// The holds of a journal; none if there is no list.
///
/// # Errors
/// The list cannot be read: nothing may be deleted then.
pub fn read(journal: &Path) -> io::Result<Vec<Hold>> {
    let path = file(journal);
    let named = |fault: io::Error| io::Error::new(fault.kind(), format!("{}: {fault}", path.display()));
    match std::fs::read(&path) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => serde_json::from_slice(&read.map_err(named)?).map_err(|fault| named(fault.into())),
    }
}

/// The hold that keeps this file of a week, if one does. A file that cannot be asked whether somebody is in it is held.
pub fn of<'a>(holds: &'a [Hold], week: IsoWeek, path: &Path) -> Option<&'a Hold> {
    let name = week.to_string();
    let is_in = |id: u32| {
        let filter = Filter { person: Some(PersonId(id)), ..Filter::default() };
        let asked = Week::open(path).and_then(|week| week.newest(&filter, 1));
        asked.map_or(true, |newest| newest.count > 0)
    };
    holds.iter().find(|hold| match &hold.what {
        Held::Week(held) => *held == name,
        Held::Person { id, .. } => is_in(*id),
    })
}
