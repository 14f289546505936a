//! What people did about it: alerts, incidents, signatures, changes, look-ups.

use crate::report::plain::count;
use serde::Serialize;

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedLine {
    /// Whose box it stands in.
    pub who_signs: &'static str,
    pub who: String,
    pub role: &'static str,
    pub when: String,
    /// Its record of the casebook.
    pub record: u64,
}

/// An incident by number and date: what it is about stands in the casebook alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncidentLine {
    pub number: u64,
    pub happened: String,
    pub category: String,
    pub opened: String,
    pub last: String,
    pub closed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    pub matter: String,
    pub owner: String,
    pub last_action: String,
    pub days: u32,
}

/// One alert of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertLine {
    pub number: u32,
    pub tier: &'static str,
    pub title: String,
    /// The account or the device.
    pub whose: String,
    /// `Tue 17 Nov 10:42`
    pub first: String,
    /// 0: the journal has not told yet; once, at least.
    pub times: u64,
    /// When somebody was first told; and if the deputy was, too.
    pub told: Option<String>,
    /// By whom, and when.
    pub acknowledged: Option<String>,
}

impl AlertLine {
    /// All of it in a line.
    pub fn line(&self) -> String {
        let Self { number, tier, title, whose, first, times, told, acknowledged } = self;
        let told = told.as_ref().map_or_else(|| "nobody was told yet".to_owned(), |told| format!("told {told}"));
        let seen = acknowledged.as_ref().map_or_else(|| "NOT ACKNOWLEDGED".to_owned(), |by| format!("acknowledged {by}"));
        let times = if *times == 0 { "at least once".to_owned() } else { count(*times, "time", "times") };
        format!("{number}: {tier}, {title}; {whose}, {first}, {times}; {told}; {seen}.")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeLine {
    pub when: String,
    pub who: String,
    pub what: String,
    /// The same without any pupil's account, for all but the DSL.
    #[serde(skip)]
    pub unnamed: String,
    pub why: String,
    pub approved_by: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookUpLine {
    pub when: String,
    pub who: String,
    pub whom: String,
    pub purpose: String,
}
