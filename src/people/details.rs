//! What goes with someone's access: their form, its last day, the rules they accepted, a parent's consent.

use crate::config::PeopleRules;
use crate::words::{Day, PersonRole};
use jiff::civil::{Date, date};

/// What goes with someone's access.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The class or tutor group they are registered in; empty: none.
    pub form: String,
    /// The last day on which they have access.
    pub until: Option<Day>,
    pub agreement: Option<Agreement>,
    pub consent: Option<Consent>,
}

/// The school's rules for using the internet, accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Of the rules; empty: not written down.
    pub version: String,
    pub on: Option<Day>,
}

/// A parent's consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    pub on: Option<Day>,
}

/// Where a person of the register comes from: an import withdraws only whom an import brought. Whoever is in a file of the school's
/// own system was brought by it from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    #[default]
    Import,
    Hand,
    Voucher,
    Directory,
}

impl Source {
    pub const ALL: [(&'static str, Self); 4] =
        [("import", Self::Import), ("hand", Self::Hand), ("voucher", Self::Voucher), ("directory", Self::Directory)];

    /// Whether somebody else's list brought them: the one that has them now is the one that withdraws them.
    pub fn is_list(self) -> bool {
        matches!(self, Self::Import | Self::Directory)
    }

    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, s)| *s == self).map_or("import", |(word, _)| word)
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(w, _)| *w == word).map(|(_, source)| source)
    }
}

impl Details {
    /// What the rules require of someone in this role and they do not have, in words.
    pub fn missing(&self, role: PersonRole, rules: &PeopleRules) -> Vec<&'static str> {
        let in_force = |a: &Agreement| rules.agreement.as_ref().is_none_or(|version| *version == a.version);
        let mut missing = Vec::new();
        if !self.agreement.as_ref().is_some_and(in_force) {
            missing.push("agreement");
        }
        if role == PersonRole::Pupil && self.consent.is_none() {
            missing.push("consent");
        }
        missing
    }

    /// What is missing without which they have no access.
    pub fn short_of(&self, role: PersonRole, rules: &PeopleRules) -> Vec<&'static str> {
        let mut missing = self.missing(role, rules);
        missing.retain(|what| if *what == "agreement" { rules.required.agreement } else { rules.required.consent });
        missing
    }
}

/// `2026-12-18`, or as school systems in the United Kingdom write it, `18/12/2026`.
pub(super) fn day(text: &str) -> Option<Day> {
    let iso = text.parse::<Date>().ok();
    let date = iso.or_else(|| {
        let mut parts = text.split('/');
        let (day, month, year) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        if parts.next().is_some() || !(1970..=2200).contains(&year) { None } else { Date::new(year, month, day).ok() }
    })?;
    Some(day_of(date))
}

pub fn day_of(day: Date) -> Day {
    let since = date(1970, 1, 1).until((jiff::Unit::Day, day));
    Day(since.map_or(0, |span| span.get_days()))
}

/// `2026-12-18`
pub fn day_text(day: Day) -> String {
    date(1970, 1, 1).saturating_add(jiff::Span::new().days(day.0.clamp(-700_000, 2_900_000))).to_string()
}

/// `2026, 2026-09-03`; either may be missing.
pub(super) fn agreement_text(agreement: Option<&Agreement>) -> String {
    let Some(Agreement { version, on }) = agreement else { return String::new() };
    let on = on.map(day_text);
    let parts = [Some(version.clone()).filter(|v| !v.is_empty()), on];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "yes".into() } else { parts.join(", ") }
}

pub(super) fn consent_text(consent: Option<&Consent>) -> String {
    consent.map_or_else(String::new, |c| c.on.map_or_else(|| "yes".into(), day_text))
}

/// The rules accepted in this version, today: as they are written down by hand.
///
/// # Errors
/// The version is longer than 40 characters.
pub fn agreed(version: &str, today: Day) -> Result<Agreement, String> {
    match agreement(version.trim()) {
        Ok(Some(agreed)) => Ok(Agreement { on: agreed.on.or(Some(today)), ..agreed }),
        Ok(None) => Err("whoever accepts no rules is added without --agreement".into()),
        Err((what, fix)) => Err(format!("{what}: {fix}")),
    }
}

/// What a field about something accepted says: nothing, `no`, `yes`, a version, a day, or a version and a day.
///
/// # Errors
/// It is none of these.
pub(super) fn agreement(text: &str) -> Result<Option<Agreement>, (String, String)> {
    let word = text.to_lowercase();
    if matches!(word.as_str(), "no" | "n" | "false" | "0") {
        return Ok(None);
    }
    if matches!(word.as_str(), "yes" | "y" | "true" | "1") {
        return Ok(Some(Agreement { version: String::new(), on: None }));
    }
    let (version, last) = text.rsplit_once([' ', ',']).unwrap_or(("", text));
    let agreement = match day(last) {
        Some(on) => Agreement { version: version.trim_end_matches([' ', ',']).to_owned(), on: Some(on) },
        None => Agreement { version: text.to_owned(), on: None },
    };
    if agreement.version.chars().count() > 40 {
        let what = "this version of the school's rules is longer than 40 characters".to_owned();
        return Err((what, "write its name and the day, such as `2026 2026-09-03`".into()));
    }
    Ok(Some(agreement))
}

/// The same of a parent's consent, which has no version.
///
/// # Errors
/// It is neither yes or no nor a day.
pub(super) fn consent(text: &str) -> Result<Option<Consent>, (String, String)> {
    match agreement(text)? {
        None => Ok(None),
        Some(Agreement { version, on }) if version.is_empty() => Ok(Some(Consent { on })),
        Some(_) => Err((format!("`{text}` is no consent"), "write yes, no, or the day such as 2026-09-03".into())),
    }
}
