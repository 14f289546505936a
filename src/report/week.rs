//! The week as it is handed over: numbers and finished sentences, safe to show, in the order of the report.
//!
//! Every field is in the JSON by its name. What a report must never hold has no field here: no score, no address of the
//! illegal lists, no member of staff, no link between anybody and help.

use super::asked::Requests;
use super::plain::{capital, count, list, number};
use serde::Serialize;

/// Most matters on page one.
pub const PAGE_ONE: usize = 5;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Week {
    pub school: String,
    pub gateway: String,
    /// `2026-W47`
    pub week: String,
    /// `Monday 16 to Sunday 22 November 2026`
    pub dates: String,
    pub made: String,
    /// Made before the week was over.
    pub unfinished: bool,
    pub delivery: u32,
    pub policy_versions: Vec<u32>,
    pub verdict: String,
    pub coverage: Coverage,
    /// The most pressing first; page one shows [`PAGE_ONE`].
    pub matters: Vec<Matter>,
    /// Matters past the most that one report holds.
    pub matters_left_out: u64,
    /// Matters about adults: their number and nothing else.
    pub for_head: u64,
    pub still_open: Option<Vec<Open>>,
    pub networks: Vec<NetworkLine>,
    pub totals: Totals,
    pub themes: Vec<ThemeLine>,
    pub categories: Vec<CategoryLine>,
    pub illegal: Illegal,
    pub bypass: Bypass,
    pub set_aside: Vec<SetAside>,
    pub teaching: Teaching,
    /// Look-ups of help services. Nobody is recorded with them.
    pub help: u64,
    pub changes: Vec<ChangeLine>,
    pub health: Vec<Fact>,
    pub lists: Vec<ListLine>,
    pub limits: Vec<String>,
    pub retention: String,
    pub look_ups: Option<Vec<LookUpLine>>,
}

/// How much could be seen, in pupils' devices of the register.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub pupil_devices: u64,
    pub searches: u64,
    pub names: u64,
    pub nothing: u64,
    /// Addresses seen that the register does not know.
    pub strangers: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matter {
    /// A name may be put to it. If not, `account`, `name` and `year` are empty in every format.
    pub named: bool,
    pub account: Option<String>,
    pub name: Option<String>,
    pub year: Option<String>,
    pub devices: Vec<String>,
    pub networks: Vec<String>,
    pub how_sure: String,
    pub tier: &'static str,
    pub theme: &'static str,
    pub title: &'static str,
    /// What happened, in one sentence.
    pub line: String,
    pub why: String,
    pub next: String,
    pub first: String,
    pub last: String,
    /// Attempts in lesson time, and outside.
    pub in_lesson: u64,
    pub outside: u64,
    /// Attempts after the first.
    pub repeats: u64,
    /// Hits that a watching network let through.
    pub let_through: u64,
    /// What was asked for, by attempts. Text, never links.
    pub names: Vec<Counted>,
    pub episodes: Vec<EpisodeLine>,
    pub episodes_left_out: u64,
    /// What else was asked for within half an hour of it, by category.
    pub around: Vec<String>,
    /// Every row of the scoring that made it.
    pub chosen: Vec<String>,
    /// What speaks against it.
    pub cautions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EpisodeLine {
    /// `Tuesday 10:42 to 10:58`
    pub when: String,
    pub lesson: String,
    pub device: String,
    pub attempts: u64,
    pub names: Vec<String>,
    /// Names asked for in the half hours before and after, and how many of them were blocked.
    pub before: Around,
    pub after: Around,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Around {
    pub names: u64,
    pub blocked: u64,
}

/// A text and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    pub text: String,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    pub matter: String,
    pub owner: String,
    pub last_action: String,
    pub days: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkLine {
    pub name: String,
    /// `on`, `watching`, `off`; empty if it is no longer in the configuration.
    pub state: &'static str,
    /// Let through what it would have blocked, at least for a part of the week.
    pub watched: u64,
    pub clients: u64,
    pub events: u64,
    pub by_name_only: u64,
    pub whole: u64,
    /// Of these, those within TLS that was looked into.
    pub decrypted: u64,
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
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CategoryLine {
    pub title: String,
    pub episodes: u64,
    pub events: u64,
    pub people: u64,
    pub unnamed: u64,
    pub by_day: [u64; 7],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Illegal {
    /// Whether the slot for licensed lists is filled.
    pub present: bool,
    pub hits: u64,
    pub times: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Teaching {
    pub blocks: u64,
    pub hosts: Vec<Counted>,
    pub own_allowed: Vec<Counted>,
    pub passes: u64,
    pub asked: Requests,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeLine {
    pub when: String,
    pub who: String,
    pub what: String,
    pub why: String,
    pub approved_by: String,
}

/// One fact of health; `good` is false where it needs someone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    pub what: &'static str,
    pub is: String,
    pub good: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListLine {
    pub name: String,
    pub category: String,
    pub entries: u64,
    pub age_days: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookUpLine {
    pub when: String,
    pub who: String,
    pub whom: String,
    pub purpose: String,
}

impl Week {
    /// The matters of page one.
    pub fn page_one(&self) -> &[Matter] {
        self.matters.get(..PAGE_ONE).unwrap_or(&self.matters)
    }

    /// Matters that are in the pages behind only.
    pub fn behind(&self) -> u64 {
        self.matters.len().saturating_sub(PAGE_ONE) as u64 + self.matters_left_out
    }

    /// `4 more matters are in the pages behind: Gambling (3), Weapons (1).`
    pub fn behind_line(&self) -> String {
        let mut themes: Vec<(&str, u64)> = Vec::new();
        for matter in self.matters.iter().skip(PAGE_ONE) {
            match themes.iter_mut().find(|(title, _)| *title == matter.title) {
                Some((_, n)) => *n += 1,
                None => themes.push((matter.title, 1)),
            }
        }
        let themes: Vec<String> = themes.iter().map(|(title, n)| format!("{title} ({})", number(*n))).collect();
        let more = count(self.behind(), "more matter is", "more matters are");
        format!("{more} in the pages behind: {}.", themes.join("; "))
    }

    pub fn theme(&self, id: &str) -> Option<&ThemeLine> {
        self.themes.iter().find(|t| t.theme == id)
    }

    /// Networks that are not simply on, or were not all week.
    pub fn not_simply_on(&self) -> impl Iterator<Item = &NetworkLine> {
        self.networks.iter().filter(|n| n.state != "on" || n.watched > 0)
    }

    /// What the filter did, in a line.
    pub fn filter_line(&self) -> String {
        let named = |state: &str| self.networks.iter().filter(|n| n.state == state).map(|n| n.name.clone()).collect::<Vec<_>>();
        let now = self.networks.iter().filter(|n| !n.state.is_empty()).count();
        let mut parts = Vec::new();
        for (state, word, note) in [
            ("off", "OFF", " (nothing but the illegal lists is blocked there)"),
            ("watching", "WATCHING", " (nothing but harmful code and the illegal lists is blocked there)"),
            ("on", "on", ""),
        ] {
            let names = named(state);
            if !names.is_empty() {
                let place = if names.len() == now && now > 1 { "all networks".into() } else { list(&names) };
                parts.push(format!("{word} in {place}{note}"));
            }
        }
        if parts.is_empty() {
            return "No network is configured.".into();
        }
        let mut line = capital(&format!("{}.", parts.join("; ")));
        let watched = |n: &&NetworkLine| n.state == "on" && n.watched > 0;
        let since: Vec<String> = self.networks.iter().filter(watched).map(|n| n.name.clone()).collect();
        if !since.is_empty() {
            line.push_str(&format!(" For a part of this week it only watched in {}.", list(&since)));
        }
        if self.totals.events == 0 && self.totals.strays == 0 {
            line.push_str(" So it is set; nothing was seen that shows it was running.");
        }
        line
    }
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

impl Coverage {
    /// Whether 'none' may be said: both what was typed and where it went was seen on at least half of the devices.
    pub fn is_enough(&self) -> bool {
        self.pupil_devices > 0 && self.searches * 2 >= self.pupil_devices && self.names * 2 >= self.pupil_devices
    }

    /// `Search words seen on 0 of 412 pupil devices, host names on 398, nothing on 14.`
    pub fn sentence(&self) -> String {
        let strangers = match self.strangers {
            0 => String::new(),
            n => format!(" The register does not know {}.", count(n, "address that was seen", "addresses that were seen")),
        };
        if self.pupil_devices == 0 {
            return format!("The register holds no pupil device, so nobody can say how much was not seen.{strangers}");
        }
        format!(
            "Search words seen on {} of {}, host names on {}, nothing on {}.{strangers}",
            number(self.searches),
            count(self.pupil_devices, "pupil device", "pupil devices"),
            number(self.names),
            number(self.nothing),
        )
    }
}

/// The first sentence of the report. 'None' is never said of what was not seen.
/// `episodes`: of what was blocked, and is no matter.
pub fn verdict(matters: u64, episodes: u64, events: u64, coverage: &Coverage) -> String {
    match matters {
        0 if events == 0 => "Nothing was seen this week: no device asked this gateway for anything.".into(),
        0 if coverage.is_enough() => "No matter needs a person this week.".into(),
        0 if episodes == 0 => "Nothing found in what we could see.".into(),
        0 => format!(
            "No matter needs a person in what we could see. {} of blocked requests: section 2.",
            count(episodes, "episode", "episodes")
        ),
        1 => "1 matter needs a person.".into(),
        n => format!("{} matters need a person.", number(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_half_coverage_it_never_says_none() {
        for (searches, names, devices, none) in
            [(0, 398, 412, false), (205, 398, 412, false), (206, 206, 412, true), (412, 205, 412, false), (0, 0, 0, false)]
        {
            let coverage = Coverage { pupil_devices: devices, searches, names, nothing: devices - names, strangers: 0 };
            let line = verdict(0, 0, 1000, &coverage);
            assert_eq!(line.starts_with("No matter"), none, "{searches} {names} {devices}: {line}");
            let line = verdict(0, 1, 1000, &coverage);
            assert!(!line.contains("Nothing found") && line.contains("what we could see") != none, "{line}");
        }
    }

    #[test]
    fn coverage_is_one_sentence() {
        let coverage = Coverage { pupil_devices: 412, searches: 0, names: 398, nothing: 14, strangers: 0 };
        assert_eq!(coverage.sentence(), "Search words seen on 0 of 412 pupil devices, host names on 398, nothing on 14.");
    }
}
