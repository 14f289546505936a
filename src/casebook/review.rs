//! What became of a matter: marked by the DSL, kept from report to report; and who has signed a week.

use super::chain::{Entry, Kind, Record};
use super::matter::{Gravity, MatterId, MatterRef};
use super::may::{By, Concerns, Role, may};
use super::store::{Casebook, CasebookFault, Reading};
use crate::journal::IsoWeek;
use crate::lists::phrases::Tier;
use crate::words::person::words;
use serde::{Deserialize, Serialize};

/// Longest reason, in characters.
const MAX_BECAUSE: usize = 1000;

words! {
    /// What somebody says of a matter.
    Said {
        /// They have seen it; it stays open.
        Seen "seen",
        /// It is a concern: an incident was opened.
        Concern "concern",
        /// It is none, because of something.
        NotAConcern "not a concern",
        /// Known, and in hand.
        InHand "known and in hand",
    }
}

impl Said {
    /// Whether the same theme of the same person does not come to page one again, unless it grows graver.
    pub fn settles(self) -> bool {
        matches!(self, Self::NotAConcern | Self::InHand)
    }
}

/// One mark of a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkOf {
    pub matter: MatterId,
    pub said: Said,
    /// How grave it was then.
    pub gravity: Gravity,
    pub title: String,
    pub because: String,
    /// The incident that was opened.
    pub incident: Option<u64>,
    pub who: String,
    pub role: Role,
    pub when_ms: i64,
    /// Of its record.
    pub number: u64,
}

/// One signature of a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOff {
    pub week: IsoWeek,
    pub role: Role,
    pub who: String,
    pub when_ms: i64,
    pub number: u64,
}

/// What of it stands in [`Entry::detail`].
#[derive(Serialize, Deserialize)]
struct Detail {
    said: String,
    role: String,
    tier: u8,
    searched: bool,
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    incident: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    role: String,
}

/// Says something of a matter.
///
/// # Errors
/// [`CasebookFault::Refused`]: whose matter it is, a reason that is missing, an incident that is not there.
pub fn mark(
    casebook: &mut Casebook,
    by: By,
    matter: &MatterRef,
    (said, because): (Said, &str),
    incident: Option<u64>,
    now_ms: i64,
) -> Result<Record, CasebookFault> {
    let refused = |why: &str| Err(CasebookFault::Refused(why.to_owned()));
    if !may(by, matter.concerns, matter.person.as_deref()) {
        // Nobody learns what it is about from why they may not.
        return refused("this matter is not yours to see or mark");
    }
    let because = because.trim();
    if because.is_empty() && matches!(said, Said::NotAConcern | Said::InHand) {
        return refused("say why: `because` stands in the report and decides whether this comes back");
    }
    if because.chars().count() > MAX_BECAUSE {
        return refused("a reason has at most 1,000 characters: what is longer is an incident's");
    }
    if said == Said::Concern && incident.is_none() {
        return refused("a concern is an incident: `schoolgate incident add --matter` opens one and marks it");
    }
    let MatterRef { id, concerns, gravity, title, .. } = matter;
    let detail = Detail {
        said: said.word().into(),
        role: by.role.word().into(),
        tier: gravity.tier as u8,
        searched: gravity.searched,
        title: title.clone(),
        incident,
    };
    casebook
        .add_with(now_ms, |reading| {
            let before = reading.about(Kind::Mark, &id.to_string())?;
            let mut before = before.iter().rev().filter_map(MarkOf::of);
            let before = before.find(|mark| mark.is_of(*concerns)).map_or("", |mark| mark.said.word());
            let what = incident.map_or_else(|| said.word().to_owned(), |n| format!("{said}: incident {n}"));
            let entry = Entry::new(Kind::Mark, by.who, what).about(&id.to_string()).from_to(before, said.word());
            Ok(vec![entry.why(because).detail(json(&detail)?)])
        })
        .and_then(one)
}

/// Signs a week in a role: the DSL or a deputy, and the ICT coordinator.
///
/// # Errors
/// [`CasebookFault::Refused`]: no role that signs, signed already.
pub fn sign_off(casebook: &mut Casebook, by: By, week: IsoWeek, now_ms: i64) -> Result<Record, CasebookFault> {
    if !matches!(by.role, Role::Dsl | Role::Deputy | Role::Ict) {
        return Err(CasebookFault::Refused("the DSL, a deputy and the ICT coordinator sign the weekly report".into()));
    }
    let added = casebook.add_with(now_ms, |reading| {
        let box_of = |role| if role == Role::Deputy { Role::Dsl } else { role };
        if let Some(there) = sign_offs(reading, week)?.into_iter().find(|s| box_of(s.role) == box_of(by.role)) {
            return Err(CasebookFault::Refused(format!(
                "{} has signed the report of {week} already, as {}",
                there.who, there.role
            )));
        }
        let signed = Signed { role: by.role.word().into() };
        let what = format!("signed the report of {week} as {}", by.role.title());
        Ok(vec![Entry::new(Kind::SignOff, by.who, what).about(&week.to_string()).detail(json(&signed)?)])
    })?;
    one(added)
}

/// Who has signed a week.
///
/// # Errors
/// [`CasebookFault`].
pub fn sign_offs(reading: &Reading, week: IsoWeek) -> Result<Vec<SignOff>, CasebookFault> {
    let records = reading.about(Kind::SignOff, &week.to_string())?;
    let sign_off = |Record { number, when_ms, entry, .. }: Record| {
        let Signed { role } = serde_json::from_str(entry.detail.as_deref()?).ok()?;
        Some(SignOff { week, role: Role::from_word(&role)?, who: entry.who, when_ms, number })
    };
    Ok(records.into_iter().filter_map(sign_off).collect())
}

/// Every mark there is, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks(Vec<MarkOf>);

impl Marks {
    /// # Errors
    /// [`CasebookFault`].
    pub fn read(reading: &Reading) -> Result<Self, CasebookFault> {
        Ok(Self(reading.of(Kind::Mark)?.iter().filter_map(MarkOf::of).collect()))
    }

    /// All, in the order in which they were made.
    pub fn all(&self) -> &[MarkOf] {
        &self.0
    }

    /// The last word on a matter, of whoever such matters are for: an address may have one of pupils and one of adults, of one theme, and
    /// the head's word on the one must not close the other.
    pub fn of(&self, matter: &MatterId, concerns: Concerns) -> Option<&MarkOf> {
        self.0.iter().rev().find(|mark| mark.matter == *matter && mark.is_of(concerns))
    }

    /// The last word on the same theme of the same subject in an earlier week, if it settles a matter as grave as this one.
    pub fn settled(&self, matter: &MatterId, concerns: Concerns, gravity: Gravity) -> Option<&MarkOf> {
        let earlier = |mark: &&MarkOf| mark.matter.is_alike(matter) && mark.matter.week.monday() < matter.week.monday();
        let last = self.0.iter().rev().find(|mark| earlier(mark) && mark.is_of(concerns))?;
        (last.said.settles() && !gravity.is_graver_than(last.gravity)).then_some(last)
    }
}

impl MarkOf {
    /// Whether it was made by somebody whom such matters are for.
    fn is_of(&self, concerns: Concerns) -> bool {
        self.role.concerns() == concerns
    }

    fn of(record: &Record) -> Option<Self> {
        let Entry { who, about, why, detail, .. } = &record.entry;
        let Detail { said, role, tier, searched, title, incident } = serde_json::from_str(detail.as_deref()?).ok()?;
        Some(Self {
            matter: about.as_deref()?.parse().ok()?,
            said: Said::from_word(&said)?,
            gravity: Gravity { tier: *Tier::ALL.get(usize::from(tier))?, searched },
            title,
            because: why.clone().unwrap_or_default(),
            incident,
            who: who.clone(),
            role: Role::from_word(&role)?,
            when_ms: record.when_ms,
            number: record.number,
        })
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<String, CasebookFault> {
    serde_json::to_string(value).map_err(|fault| CasebookFault::Refused(fault.to_string()))
}

pub(super) fn one(records: Vec<Record>) -> Result<Record, CasebookFault> {
    records.into_iter().next().ok_or_else(|| CasebookFault::Refused("nothing was to be recorded".into()))
}

#[cfg(test)]
mod tests;
