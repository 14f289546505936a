//! What is written of an incident: its fields, bounded and checked.

use super::super::store::CasebookFault;
use crate::words::person::words;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

/// Longest text of a field, in characters: some pages.
pub(super) const MAX_FIELD: usize = 20_000;

/// Longest text of one line.
const MAX_LINE: usize = 200;

/// Most people that one is about.
pub(super) const MAX_PEOPLE: usize = 50;

/// What is no text about anybody: days, times and a word of a list. Everything else that is written is sealed.
const PLAIN: [&str; 3] = ["date", "time", "category"];

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

/// The fields trimmed and bounded; `whole` asks for what every incident has.
///
/// # Errors
/// [`CasebookFault::Refused`]: what is missing or wrong.
pub(super) fn checked(mut fields: Fields, whole: bool) -> Result<Fields, CasebookFault> {
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

    /// What somebody wrote in their own words.
    pub(super) fn words(&mut self) -> impl Iterator<Item = &mut Option<String>> {
        self.texts().into_iter().filter(|(name, ..)| !PLAIN.contains(name)).map(|(_, text, _)| text)
    }

    /// With what a later record says.
    pub(super) fn amended(&mut self, mut later: Self) {
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
