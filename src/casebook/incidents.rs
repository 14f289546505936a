//! Incidents: opened by hand or from a matter, numbered, never changed; what comes later is a record of its own.

use super::chain::{Entry, Kind, MAX_DETAIL, Record};
use super::matter::{MatterId, MatterRef};
use super::may::{By, Concerns, may};
use super::review::{json, one};
use super::store::{Casebook, CasebookFault, Reading};
use crate::words::person::words;
use jiff::civil::{Date, Time};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// Longest text of a field, in characters: some pages.
const MAX_FIELD: usize = 20_000;

/// Longest text of one line.
const MAX_LINE: usize = 200;

/// Most people that one is about, and rows of the log beside it.
const MAX_PEOPLE: usize = 50;
pub const MAX_EVIDENCE: usize = 200;

words! {
    /// What kind of incident.
    Category {
        CyberBullying "cyber-bullying",
        Bullying "bullying",
        SelfHarm "self-harm",
        Grooming "grooming",
        Exploitation "exploitation",
        Images "nudes and semi-nudes",
        Harassment "sexual harassment",
        Pornography "pornography",
        Radicalisation "radicalisation",
        Hate "hate",
        Violence "violence or threat",
        Drugs "drugs, alcohol or tobacco",
        Gambling "gambling",
        Illegal "illegal content",
        Bypass "getting round the filter",
        Security "accounts, hacking or malware",
        PersonalData "personal data",
        Staff "conduct of an adult",
        Other "other",
    }
}

/// What is written of an incident. In an amendment, what is `None` or empty stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    /// The day it happened: `2026-11-18`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// `10:42`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Where it took place: the school, a bus, at home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Whom it is about, by their ids in the register.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// Others, in words: who is in no register.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_taken: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parents_told: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referred_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The member of staff who records it, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_by: Option<String>,
}

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
}

impl Evidence {
    /// Of a row as the export has it.
    pub fn new(week: &str, seq: u64, policy_version: u32, list: Option<String>, line: String) -> Self {
        let sha256 = digest(&SHA256, line.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect();
        Self { week: week.to_owned(), seq, policy_version, list, line, sha256 }
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
        closed: false,
    };
    let detail = fits(json(&detail)?)?;
    let added = casebook.add_with(now_ms, |reading| {
        let number = numbers(reading)? + 1;
        let entry = Entry::new(Kind::Incident, by.who, OPENED).about(&number.to_string());
        Ok(vec![entry.detail(detail)])
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
        return Err(CasebookFault::Refused("say what is to be added: --outcome, --action-taken, …, or --close".into()));
    }
    if why.trim().is_empty() {
        return Err(CasebookFault::Refused("say why it is amended, --reason 'the parents rang back'".into()));
    }
    let added = casebook.add_with(now_ms, |reading| {
        let there = find(reading, number)?.filter(|i| may(by, i.concerns, i.fields.people.iter().map(String::as_str)));
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
        let detail = Detail { concerns: there.concerns.word().into(), fields, evidence, matter: None, closed: close };
        let entry = Entry::new(Kind::Incident, by.who, what).about(&number.to_string()).why(why);
        Ok(vec![entry.detail(fits(json(&detail)?)?)])
    })?;
    one(added)
}

/// One incident, if somebody may see it.
///
/// # Errors
/// [`CasebookFault::Refused`]: there is none for them.
pub fn shown(reading: &Reading, by: By, number: u64) -> Result<Incident, CasebookFault> {
    let incident = find(reading, number)?.filter(|i| may(by, i.concerns, i.fields.people.iter().map(String::as_str)));
    incident.ok_or_else(|| no_such(number))
}

/// All that somebody may see, by number.
///
/// # Errors
/// [`CasebookFault`].
pub fn list(reading: &Reading, by: By) -> Result<Vec<Incident>, CasebookFault> {
    let mut all = all(reading)?;
    all.retain(|i| may(by, i.concerns, i.fields.people.iter().map(String::as_str)));
    Ok(all)
}

/// All there are, by number: for who has asked [`may`] themselves.
///
/// # Errors
/// [`CasebookFault`].
pub fn all(reading: &Reading) -> Result<Vec<Incident>, CasebookFault> {
    let mut incidents: Vec<Incident> = Vec::new();
    for record in reading.of(Kind::Incident)? {
        let Some(number) = record.entry.about.as_deref().and_then(|about| about.parse::<u64>().ok()) else { continue };
        match incidents.iter_mut().find(|i| i.number == number) {
            Some(incident) => incident.add(record),
            None => {
                let mut incident = Incident::begun(number);
                incident.add(record);
                incidents.push(incident);
            }
        }
    }
    Ok(incidents)
}

fn find(reading: &Reading, number: u64) -> Result<Option<Incident>, CasebookFault> {
    let records = reading.about(Kind::Incident, &number.to_string())?;
    if records.is_empty() {
        return Ok(None);
    }
    let mut incident = Incident::begun(number);
    records.into_iter().for_each(|record| incident.add(record));
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

/// The fields trimmed and bounded; `whole` asks for what every incident has.
fn checked(mut fields: Fields, whole: bool) -> Result<Fields, CasebookFault> {
    let refused = |why: String| CasebookFault::Refused(why);
    fields.people.iter_mut().for_each(|key| *key = key.trim().to_owned());
    fields.people.retain(|key| !key.is_empty());
    if fields.people.len() > MAX_PEOPLE {
        return Err(refused(format!("an incident is about at most {MAX_PEOPLE} people")));
    }
    for (name, text, most) in fields.texts() {
        let clean: String =
            text.iter().flat_map(|t| t.trim().chars()).filter(|c| *c == '\n' && most > MAX_LINE || !c.is_control()).collect();
        if clean.chars().count() > most {
            return Err(refused(format!("{name} has at most {most} characters")));
        }
        *text = Some(clean).filter(|t| !t.is_empty());
    }
    if let Some(date) = fields.date.as_ref().filter(|d| d.parse::<Date>().is_err()) {
        return Err(refused(format!("'{date}' is not a date such as 2026-11-18")));
    }
    if let Some(time) = fields.time.as_ref().filter(|t| t.len() != 5 || t.parse::<Time>().is_err()) {
        return Err(refused(format!("'{time}' is not a time such as 10:42")));
    }
    if let Some(category) = fields.category.as_ref().filter(|c| Category::from_word(c).is_none()) {
        let words: Vec<_> = Category::ALL.iter().map(|c| c.word()).collect();
        return Err(refused(format!("'{category}' is no category; there are {}", words.join("; "))));
    }
    let needed = [
        ("date", &fields.date),
        ("place", &fields.place),
        ("category", &fields.category),
        ("description", &fields.description),
        ("recorded by", &fields.recorded_by),
    ];
    match needed.iter().find(|(_, text)| whole && text.is_none()) {
        Some((name, _)) => Err(refused(format!(
            "{name} is missing: an incident has date, place, category, description and the name of who records it"
        ))),
        None => Ok(fields),
    }
}

impl Fields {
    /// Every field with what people call it, in the order of an export; lists as text.
    pub fn named(&self) -> Vec<(&'static str, Option<String>)> {
        let people = (!self.people.is_empty()).then(|| self.people.join(", "));
        let text = |text: &Option<String>| text.clone();
        vec![
            ("date", text(&self.date)),
            ("time", text(&self.time)),
            ("place", text(&self.place)),
            ("room", text(&self.room)),
            ("category", text(&self.category)),
            ("people", people),
            ("others", text(&self.others)),
            ("description", text(&self.description)),
            ("action taken", text(&self.action_taken)),
            ("parents told", text(&self.parents_told)),
            ("referred to", text(&self.referred_to)),
            ("outcome", text(&self.outcome)),
            ("recorded by", text(&self.recorded_by)),
        ]
    }

    fn texts(&mut self) -> [(&'static str, &mut Option<String>, usize); 12] {
        [
            ("date", &mut self.date, MAX_LINE),
            ("time", &mut self.time, MAX_LINE),
            ("place", &mut self.place, MAX_LINE),
            ("room", &mut self.room, MAX_LINE),
            ("category", &mut self.category, MAX_LINE),
            ("others", &mut self.others, MAX_FIELD),
            ("description", &mut self.description, MAX_FIELD),
            ("action taken", &mut self.action_taken, MAX_FIELD),
            ("parents told", &mut self.parents_told, MAX_FIELD),
            ("referred to", &mut self.referred_to, MAX_FIELD),
            ("outcome", &mut self.outcome, MAX_FIELD),
            ("recorded by", &mut self.recorded_by, MAX_LINE),
        ]
    }

    /// With what a later record says.
    fn amended(&mut self, mut later: Self) {
        for ((_, text, _), (_, new, _)) in self.texts().into_iter().zip(later.texts()) {
            if new.is_some() {
                *text = new.take();
            }
        }
        // Whom it was about once, it is about: nobody is taken out of sight of `may`.
        for key in later.people {
            if !self.people.contains(&key) {
                self.people.push(key);
            }
        }
    }
}

impl Incident {
    fn begun(number: u64) -> Self {
        let (fields, evidence, history) = (Fields::default(), Vec::new(), Vec::new());
        Self { number, concerns: Concerns::Pupil, fields, matter: None, evidence, closed: false, history }
    }

    fn add(&mut self, record: Record) {
        let Record { number, when_ms, entry, hash } = record;
        // Texts that were deleted leave the step and nothing of what it said.
        let detail: Detail = entry.detail.as_deref().and_then(|detail| serde_json::from_str(detail).ok()).unwrap_or_default();
        if let Some(concerns) = Concerns::from_word(&detail.concerns).filter(|_| self.history.is_empty()) {
            self.concerns = concerns;
        }
        self.history.push(Step {
            record: number,
            when_ms,
            who: entry.who,
            what: entry.what,
            why: entry.why.unwrap_or_default(),
            hash: hash.to_string(),
            fields: detail.fields.clone(),
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

    /// When something was last added.
    pub fn last_ms(&self) -> i64 {
        self.history.last().map_or(0, |step| step.when_ms)
    }
}

#[cfg(test)]
mod tests;
