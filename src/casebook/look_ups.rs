//! Who looked at whom: a record a look-up, shown in the report.

use super::chain::{Entry, Kind, Record};
use super::store::{self, Casebook, CasebookFault};
use std::path::Path;

/// Longest purpose that is kept, in characters: a sentence or two.
const MAX_PURPOSE: usize = 500;

/// One look-up of what shows a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    pub when_ms: i64,
    /// The login name of whoever looked.
    pub who: String,
    /// What was asked for: `log search of p0904`, `people list`.
    pub what: String,
    /// Whose it was, by their id in the register, if one person's alone.
    pub whom: Option<String>,
    pub purpose: String,
}

/// Writes down a look-up before anything is shown. `what` of one person ends with `of` and their id.
///
/// # Errors
/// An empty purpose, or [`CasebookFault`]: what cannot be recorded is not shown.
pub fn record_of(data: &Path, who: &str, what: &str, purpose: &str, now_ms: i64) -> Result<(), CasebookFault> {
    record(data, Kind::LookUp, (who, what, purpose), now_ms)
}

/// Writes down that somebody opens what is sealed, before they do.
///
/// # Errors
/// As [`record_of`].
pub fn record_opening(data: &Path, who: &str, what: &str, purpose: &str, now_ms: i64) -> Result<(), CasebookFault> {
    record(data, Kind::Opening, (who, what, purpose), now_ms)
}

fn record(data: &Path, kind: Kind, (who, what, purpose): (&str, &str, &str), now_ms: i64) -> Result<(), CasebookFault> {
    let purpose: String = purpose.trim().chars().filter(|c| !c.is_control()).take(MAX_PURPOSE).collect();
    if purpose.is_empty() {
        let said = "this shows people: say in a few words why you look, --purpose 'a parent asked'. The report shows it";
        return Err(CasebookFault::Refused(said.into()));
    }
    store::add(data, now_ms, Entry { kind, ..entry(who, what, &purpose) }).map(drop)
}

pub(super) fn entry(who: &str, what: &str, purpose: &str) -> Entry {
    let entry = Entry::new(Kind::LookUp, who, what).why(purpose);
    match what.rsplit_once(" of ") {
        Some((_, whom)) => entry.about(whom),
        None => entry,
    }
}

/// The look-ups of a span of time, openings among them.
///
/// # Errors
/// [`CasebookFault`].
pub fn between(data: &Path, from_ms: i64, until_ms: i64) -> Result<Vec<LookUp>, CasebookFault> {
    let Some(casebook) = Casebook::peek(data)? else { return Ok(Vec::new()) };
    let records = casebook.read().between(&[Kind::LookUp, Kind::Opening], from_ms, until_ms)?;
    Ok(records.into_iter().map(LookUp::from).collect())
}

impl From<Record> for LookUp {
    fn from(Record { when_ms, entry, .. }: Record) -> Self {
        let Entry { who, what, about, why, .. } = entry;
        Self { when_ms, who, what, whom: about, purpose: why.unwrap_or_default() }
    }
}
