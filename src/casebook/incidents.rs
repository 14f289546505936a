//! Incidents: opened by hand or from a matter, numbered, never changed; what comes later is a record of its own.
//!
//! - [`fields`]  what is written of one
//! - [`sealed`]  its words, sealed to the DSL's keys

mod fields;
mod sealed;

pub use fields::{Category, Fields};
pub use sealed::{OF_KEYS, Words, in_the_clear};

use super::chain::{Kind, MAX_DETAIL, Record};
use super::matter::{MatterId, MatterRef};
use super::may::{By, Concerns, may};
use super::review::one;
use super::store::{Casebook, CasebookFault, Reading};
use crate::journal::Taken;
use crate::seal::Opener;
use fields::checked;
use ring::digest::{SHA256, digest};
use sealed::Sealer;
use serde::{Deserialize, Serialize, Serializer};

/// Most rows of the log beside one.
pub const MAX_EVIDENCE: usize = 200;

/// A row of the log that an incident rests on, as it was when it was put there: the log is deleted before the incident is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub week: String,
    pub seq: u64,
    pub policy_version: u32,
    /// The list that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// The row as the export has it, as JSON.
    pub line: String,
    /// SHA-256 of that text.
    pub sha256: String,
    /// What was typed there, if it was sealed: kept with the row, which has dots.
    #[serde(skip)]
    pub taken: Option<Taken>,
    /// The same, opened.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub typed: Option<String>,
}

impl Evidence {
    /// Of a row as the export has it.
    pub fn new(week: &str, seq: u64, policy_version: u32, list: Option<String>, line: String) -> Self {
        let sha256 = digest(&SHA256, line.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect();
        Self { week: week.to_owned(), seq, policy_version, list, line, sha256, taken: None, typed: None }
    }
}

/// What one record holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Detail {
    concerns: String,
    fields: Fields,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<Evidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matter: Option<MatterId>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    closed: bool,
    /// What the dots of the others stand for: see [`sealed`].
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
}

/// An incident that is to be opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct New {
    pub fields: Fields,
    pub evidence: Vec<Evidence>,
}

/// An incident, as all its records have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// From 1, without gaps.
    pub number: u64,
    #[serde(skip)]
    pub concerns: Concerns,
    #[serde(flatten)]
    pub fields: Fields,
    pub matter: Option<MatterId>,
    pub evidence: Vec<Evidence>,
    pub closed: bool,
    pub history: Vec<Step>,
}

/// One record of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Of the casebook.
    pub record: u64,
    /// Milliseconds since 1970.
    pub when_ms: i64,
    pub who: String,
    /// `opened`, `amended: outcome`, `closed`
    pub what: String,
    pub why: String,
    pub hash: String,
    /// What it added.
    pub fields: Fields,
    #[serde(serialize_with = "word")]
    pub words: Words,
}

fn word<S: Serializer>(words: &Words, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(words.word())
}

/// Opens an incident; gives its number. Of a matter, whoever opens it marks that as a concern afterwards.
///
/// # Errors
/// [`CasebookFault::Refused`]: what is missing or wrong, and whose it is.
pub fn open(
    casebook: &mut Casebook,
    by: By,
    new: New,
    (concerns, matter): (Concerns, Option<&MatterRef>),
    now_ms: i64,
) -> Result<u64, CasebookFault> {
    let fields = checked(new.fields, true)?;
    mine(by, concerns, &fields)?;
    if matter.is_some_and(|m| m.concerns != concerns || !may(by, m.concerns, m.person.as_deref())) {
        return Err(CasebookFault::Refused("this matter is not yours to see or mark".into()));
    }
    let detail = Detail {
        concerns: concerns.word().into(),
        fields,
        evidence: enough(new.evidence)?,
        matter: matter.map(|m| m.id.clone()),
        ..Detail::default()
    };
    let sealer = Sealer::of(casebook)?;
    let added = casebook.add_with(now_ms, |reading| {
        let number = numbers(reading)? + 1;
        Ok(vec![sealer.entry(reading, (by.who, OPENED), number, detail, "")?])
    })?;
    let number = one(added)?.entry.about.and_then(|about| about.parse().ok());
    number.ok_or_else(|| CasebookFault::Refused("the incident has no number".into()))
}

const OPENED: &str = "opened";

/// Adds to an incident what came later, or corrects it: the record of before stays.
///
/// # Errors
/// [`CasebookFault::Refused`]: there is no such incident, nothing is said, whose it is.
pub fn amend(
    casebook: &mut Casebook,
    by: By,
    (number, why, close): (u64, &str, bool),
    new: New,
    now_ms: i64,
) -> Result<Record, CasebookFault> {
    let fields = checked(new.fields, false)?;
    let evidence = enough(new.evidence)?;
    if fields == Fields::default() && evidence.is_empty() && !close {
        return Err(CasebookFault::Refused("say what is to be added, or that it is to be closed".into()));
    }
    if why.trim().is_empty() {
        return Err(CasebookFault::Refused("say why it is added or corrected, such as 'the parents rang back'".into()));
    }
    let sealer = Sealer::of(casebook)?;
    let added = casebook.add_with(now_ms, |reading| {
        let there = find(reading, number, None)?.filter(|i| may(by, i.concerns, i.fields.people.iter().map(String::as_str)));
        let there = there.ok_or_else(|| no_such(number))?;
        mine(by, there.concerns, &fields)?;
        if there.closed && close {
            return Err(CasebookFault::Refused(format!("incident {number} is closed already")));
        }
        let mut said: Vec<&str> = fields.named().into_iter().filter(|(_, text)| text.is_some()).map(|(name, _)| name).collect();
        said.extend((!evidence.is_empty()).then_some("evidence"));
        let what = match (close, said.is_empty()) {
            (true, true) => "closed".to_owned(),
            (true, false) => format!("closed; amended: {}", said.join(", ")),
            (false, _) => format!("amended: {}", said.join(", ")),
        };
        let concerns = there.concerns.word().into();
        let detail = Detail { concerns, fields, evidence, closed: close, ..Detail::default() };
        Ok(vec![sealer.entry(reading, (by.who, &what), number, detail, why)?])
    })?;
    one(added)
}

/// One incident, if somebody may see it; its words, where they are sealed, with an opener alone.
///
/// # Errors
/// [`CasebookFault::Refused`]: there is none for them.
pub fn shown(reading: &Reading, by: By, number: u64, with: Option<&Opener>) -> Result<Incident, CasebookFault> {
    let incident = find(reading, number, with)?.filter(|i| may(by, i.concerns, i.fields.people.iter().map(String::as_str)));
    incident.ok_or_else(|| no_such(number))
}

/// All that somebody may see, by number; their words as [`shown`] has them.
///
/// # Errors
/// [`CasebookFault`].
pub fn list(reading: &Reading, by: By, with: Option<&Opener>) -> Result<Vec<Incident>, CasebookFault> {
    let mut all = read(reading, with)?;
    all.retain(|i| may(by, i.concerns, i.fields.people.iter().map(String::as_str)));
    Ok(all)
}

/// All there are, by number: for who has asked [`may`](super::may()) themselves. What is sealed stays so.
///
/// # Errors
/// [`CasebookFault`].
pub fn all(reading: &Reading) -> Result<Vec<Incident>, CasebookFault> {
    read(reading, None)
}

fn read(reading: &Reading, with: Option<&Opener>) -> Result<Vec<Incident>, CasebookFault> {
    let mut incidents: Vec<Incident> = Vec::new();
    for record in reading.of(Kind::Incident)? {
        let Some(number) = record.entry.about.as_deref().and_then(|about| about.parse::<u64>().ok()) else { continue };
        match incidents.iter_mut().find(|i| i.number == number) {
            Some(incident) => incident.add(record, with),
            None => {
                let mut incident = Incident::begun(number);
                incident.add(record, with);
                incidents.push(incident);
            }
        }
    }
    Ok(incidents)
}

fn find(reading: &Reading, number: u64, with: Option<&Opener>) -> Result<Option<Incident>, CasebookFault> {
    let records = reading.about(Kind::Incident, &number.to_string())?;
    if records.is_empty() {
        return Ok(None);
    }
    let mut incident = Incident::begun(number);
    records.into_iter().for_each(|record| incident.add(record, with));
    Ok(Some(incident))
}

/// The highest number that was given.
fn numbers(reading: &Reading) -> Result<u64, CasebookFault> {
    let records = reading.of(Kind::Incident)?;
    Ok(records.iter().filter_map(|r| r.entry.about.as_deref()?.parse().ok()).max().unwrap_or(0))
}

fn no_such(number: u64) -> CasebookFault {
    CasebookFault::Refused(format!("there is no incident {number} that you may see"))
}

fn mine(by: By, concerns: Concerns, fields: &Fields) -> Result<(), CasebookFault> {
    if may(by, concerns, fields.people.iter().map(String::as_str)) {
        return Ok(());
    }
    let whose = match concerns {
        Concerns::Pupil => "the DSL and the deputies record incidents about pupils",
        Concerns::Adult => "the head records incidents about adults",
        Concerns::Head => "the chair of governors records incidents about the head",
    };
    Err(CasebookFault::Refused(format!("{whose}, and nobody one about themselves")))
}

fn enough(evidence: Vec<Evidence>) -> Result<Vec<Evidence>, CasebookFault> {
    if evidence.len() <= MAX_EVIDENCE {
        return Ok(evidence);
    }
    Err(CasebookFault::Refused(format!("at most {MAX_EVIDENCE} rows of the log are put beside an incident at once")))
}

fn fits(detail: String) -> Result<String, CasebookFault> {
    if detail.len() <= MAX_DETAIL {
        return Ok(detail);
    }
    Err(CasebookFault::Refused("this is more than one record holds: open the incident with less, and amend it".into()))
}

impl Incident {
    fn begun(number: u64) -> Self {
        let (fields, evidence, history) = (Fields::default(), Vec::new(), Vec::new());
        Self { number, concerns: Concerns::Pupil, fields, matter: None, evidence, closed: false, history }
    }

    fn add(&mut self, record: Record, with: Option<&Opener>) {
        let Record { number, when_ms, entry, hash } = record;
        // Texts that were deleted leave the step and nothing of what it said.
        let mut detail: Detail = entry.detail.as_deref().and_then(|detail| serde_json::from_str(detail).ok()).unwrap_or_default();
        let mut why = entry.why.unwrap_or_default();
        let words = sealed::open(&mut detail, &mut why, (self.number, number), with);
        if let Some(concerns) = Concerns::from_word(&detail.concerns).filter(|_| self.history.is_empty()) {
            self.concerns = concerns;
        }
        self.history.push(Step {
            record: number,
            when_ms,
            who: entry.who,
            what: entry.what,
            why,
            hash: hash.to_string(),
            fields: detail.fields.clone(),
            words,
        });
        self.fields.amended(detail.fields);
        self.evidence.extend(detail.evidence);
        self.matter = self.matter.take().or(detail.matter);
        self.closed |= detail.closed;
    }

    /// When it was opened: milliseconds since 1970.
    pub fn opened_ms(&self) -> i64 {
        self.history.first().map_or(0, |step| step.when_ms)
    }

    /// The records whose words are shown so.
    pub fn with_words(&self, words: Words) -> impl Iterator<Item = u64> {
        self.history.iter().filter(move |step| step.words == words).map(|step| step.record)
    }

    /// When something was last added.
    pub fn last_ms(&self) -> i64 {
        self.history.last().map_or(0, |step| step.when_ms)
    }
}

#[cfg(test)]
mod tests;
