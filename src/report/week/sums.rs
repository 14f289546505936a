//! What was counted.

use super::Counted;
use crate::report::asked::Requests;
use crate::report::plain::{count, list};
use crate::report::sums::Mean;
use serde::Serialize;

/// One week of the term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrendLine {
    pub week: String,
    /// It had a school day.
    pub school: bool,
    pub matters: u64,
    /// Of all themes.
    pub episodes: u64,
    pub blocked: u64,
    pub set_aside: u64,
    /// Pupil devices on which host names were seen, of how many.
    pub names: u64,
    pub pupil_devices: u64,
}

/// Sums. `blocked` and what follows are pupils' only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub events: u64,
    pub strays: u64,
    pub blocked: u64,
    pub warned: u64,
    pub set_aside: u64,
    pub adverts: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ThemeLine {
    pub theme: &'static str,
    pub title: &'static str,
    pub tier: &'static str,
    pub episodes: u64,
    pub events: u64,
    /// Persons we are sure of, and devices or addresses without one.
    pub people: u64,
    pub unnamed: u64,
    /// Episodes that began on each day, Monday first.
    pub by_day: [u64; 7],
    /// Episodes in the four weeks before.
    pub mean: Option<Mean>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CategoryLine {
    pub title: String,
    pub episodes: u64,
    pub events: u64,
    pub people: u64,
    pub unnamed: u64,
    pub by_day: [u64; 7],
    pub mean: Option<Mean>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Illegal {
    /// Whether the slot for licensed lists is filled.
    pub present: bool,
    pub hits: u64,
    pub times: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Bypass {
    pub episodes: u64,
    pub events: u64,
    pub people: u64,
    pub unnamed: u64,
    pub names: Vec<Counted>,
    /// What devices ask for by themselves: no misconduct.
    pub defaults: u64,
    pub default_names: Vec<Counted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetAside {
    pub reason: &'static str,
    pub title: &'static str,
    pub events: u64,
    pub samples: Vec<Counted>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Teaching {
    pub blocks: u64,
    pub hosts: Vec<Counted>,
    pub own_allowed: Vec<Counted>,
    pub passes: u64,
    /// The passes that were used, each with how often: what, for whom, until when and why.
    pub lessons: Vec<Counted>,
    pub asked: Requests,
}

impl Illegal {
    /// Whether the lists are there, and what met them.
    pub fn line(&self) -> String {
        let met =
            count(self.hits, "request of pupils or unknown devices met them", "requests of pupils or unknown devices met them");
        match (self.present, self.hits) {
            (true, 0) => "The lists are present. No request of a pupil or an unknown device met them.".into(),
            (true, _) => format!("The lists are present. {met}: {}.", list(&self.times)),
            (false, 0) => "The lists are NOT PRESENT, so nothing could meet them.".into(),
            (false, _) => format!("The lists are NOT PRESENT now. {met}: {}.", list(&self.times)),
        }
    }
}
