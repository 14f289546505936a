//! The week as it is handed over: numbers and finished sentences, safe to show, in the order of the report.
//!
//! Every field is in the JSON by its name. What a report must never hold has no field here: no score, no address of the
//! illegal lists, no member of staff, no link between anybody and help.

use super::asked::Requests;
use super::edition::{Edition, Part};
use super::plain::{capital, count, list, number, shown};
use super::sums::Mean;
use crate::casebook::{MarkOf, MatterRef};
use serde::{Serialize, Serializer};

/// The boxes to sign.
pub const BOXES: [&str; 2] = ["Designated Safeguarding Lead", "ICT coordinator"];

/// Most matters on page one.
pub const PAGE_ONE: usize = 5;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Week {
    #[serde(serialize_with = "word")]
    pub edition: Edition,
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
    /// No day of it was a school day.
    pub holiday: bool,
    /// When it was due, if it was made later than that because nobody was there to make it.
    pub late: Option<String>,
    pub policy_versions: Vec<u32>,
    pub verdict: String,
    pub coverage: Coverage,
    /// The most pressing first; page one shows [`PAGE_ONE`].
    pub matters: Vec<Matter>,
    /// Matters past the most that one report holds.
    pub matters_left_out: u64,
    /// Those that are known and in hand or were found no concern, and have not grown graver since.
    pub known: Vec<Matter>,
    /// Matters about adults: their number and nothing else.
    pub for_head: u64,
    /// What they are about, for the head's edition only; and what concerns the head, for the chair's.
    #[serde(skip)]
    pub adults: Vec<Matter>,
    #[serde(skip)]
    pub about_head: Vec<Matter>,
    pub still_open: Option<Vec<Open>>,
    pub incidents: Vec<IncidentLine>,
    /// Who has signed the week at the gateway.
    pub signed: Vec<SignedLine>,
    pub networks: Vec<NetworkLine>,
    pub totals: Totals,
    pub themes: Vec<ThemeLine>,
    pub categories: Vec<CategoryLine>,
    /// The weeks of this term up to this one; empty if none before it is known.
    pub trend: Vec<TrendLine>,
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
    /// The same without small numbers, for governors.
    #[serde(skip)]
    pub coarse_limits: Vec<String>,
    pub retention: String,
    pub look_ups: Option<Vec<LookUpLine>>,
    /// The end of the casebook when this was made, `NUMBER:HASH`: what proves it later. Empty if there is none.
    pub casebook: String,
    /// What governors are told.
    pub assurance: Vec<Assured>,
}

fn word<S: Serializer>(edition: &Edition, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(edition.word())
}

/// One line of what governors are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assured {
    pub what: String,
    pub is: String,
}

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
    /// The same however often the report is made: `2026-W47.person-12.self-harm`.
    pub id: String,
    /// For whoever marks it.
    #[serde(skip)]
    pub reference: MatterRef,
    /// The last word on it; of one that is known, the word of an earlier week.
    pub mark: Option<MarkLine>,
    #[serde(skip)]
    pub(super) settled: bool,
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
    /// Attempts that were searches. What was typed is in the log, which opens with a purpose; it is in no report.
    pub searches: u64,
    /// All of it while a pass for just this was in use.
    pub under_pass: bool,
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
    /// The rows of the week's log it rests on, by their number (`seq`), and how many more there are.
    pub rows: Vec<u64>,
    pub rows_left_out: u64,
    /// What speaks against it.
    pub cautions: Vec<String>,
    /// Another matter of the same theme stands on page one for this one: many did the like.
    pub gathered: bool,
}

/// What somebody said of a matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarkLine {
    pub said: &'static str,
    pub because: String,
    pub incident: Option<u64>,
    pub who: String,
    pub when: String,
}

impl MarkLine {
    /// `known and in hand, by j.smith, Tuesday 24 November 2026 10:42: the form tutor talks to them`
    pub fn in_words(&self) -> String {
        let incident = self.incident.map_or_else(String::new, |n| format!(", incident {n}"));
        let because = if self.because.is_empty() { String::new() } else { format!(": {}", self.because) };
        format!("{}{incident}, by {}, {}{because}", self.said, self.who, self.when)
    }

    pub fn of(mark: &MarkOf, when: String) -> Self {
        let (because, who) = (shown(&mark.because), shown(&mark.who));
        Self { said: mark.said.word(), because, incident: mark.incident, who, when }
    }
}

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
pub struct EpisodeLine {
    /// `Tuesday 10:42 to 10:58`
    pub when: String,
    pub lesson: String,
    pub device: String,
    pub attempts: u64,
    pub searches: u64,
    pub names: Vec<String>,
    /// Names asked for in the half hours before and after, and how many of them were blocked.
    pub before: Around,
    pub after: Around,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Around {
    pub names: u64,
    /// Searches among them.
    pub searches: u64,
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

impl Around {
    /// `12 names, 1 search, 2 else blocked`
    pub fn in_words(&self) -> String {
        let mut said = count(self.names, "name", "names");
        if self.searches > 0 {
            said.push_str(&format!(", {}", count(self.searches, "search", "searches")));
        }
        if self.blocked > 0 {
            said.push_str(&format!(", {} else blocked", number(self.blocked)));
        }
        said
    }
}

impl Matter {
    /// Whether it is known from an earlier week, and no graver than it was.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// `Rows 12, 15 and 18 of the week's log, and 3 more.` Empty if none are known.
    pub fn rows_line(&self) -> String {
        let rows: Vec<String> = self.rows.iter().map(u64::to_string).collect();
        match (rows.len(), self.rows_left_out) {
            (0, _) => String::new(),
            (1, 0) => format!("Row {} of the week's log.", list(&rows)),
            (_, 0) => format!("Rows {} of the week's log.", list(&rows)),
            (_, more) => format!("Rows {} of the week's log, and {} more.", rows.join(", "), number(more)),
        }
    }

    /// `13 in lessons, 2 outside; 14 after the first`
    pub fn attempts_line(&self) -> String {
        let searches = match self.searches {
            0 => String::new(),
            n if n == self.in_lesson + self.outside => ", all by searching".to_owned(),
            n => format!(", {} by searching", number(n)),
        };
        let (lesson, outside, repeats) = (number(self.in_lesson), number(self.outside), number(self.repeats));
        let after = if self.searches == self.in_lesson + self.outside { "the first" } else { "the first block" };
        format!("{lesson} in lessons, {outside} outside{searches}; {repeats} after {after}")
    }
}

impl Week {
    /// The matters of page one.
    pub fn page_one(&self) -> Vec<&Matter> {
        self.matters.iter().filter(|matter| !matter.gathered).take(PAGE_ONE).collect()
    }

    pub fn shows(&self, part: Part) -> bool {
        self.edition.shows(part)
    }

    /// A week without school in which nothing needs a person, in one line. `None`: there is more to say.
    pub fn in_one_line(&self) -> Option<String> {
        if !self.holiday || self.unfinished || !self.matters.is_empty() || self.for_head > 0 || self.edition == Edition::Governor
        {
            return None;
        }
        let faults: Vec<&str> = self.health.iter().filter(|f| !f.good).map(|f| f.what).collect();
        let needs = match faults.len() {
            0 => String::new(),
            _ => format!(" About the filter itself somebody should see to: {}.", faults.join("; ").to_lowercase()),
        };
        let seen = match self.totals.events {
            0 => "nothing was seen".to_owned(),
            n => format!("{} of machines in school seen", count(n, "request", "requests")),
        };
        Some(format!("No school this week: {seen}, and nothing in it that needs a person.{needs}"))
    }

    /// `2 more are known and in hand or were found no concern, and have not grown graver: part 1.` Empty if there are none.
    pub fn known_line(&self) -> String {
        match self.known.len() as u64 {
            0 => String::new(),
            n => {
                let more = count(n, "more is", "more are");
                let (were, have) = if n == 1 { ("was", "has") } else { ("were", "have") };
                format!("{more} known and in hand or {were} found no concern, and {have} not grown graver: part 1.")
            }
        }
    }

    /// The signature in a box: `Designated Safeguarding Lead`, `ICT coordinator`.
    pub fn signature(&self, box_of: &str) -> Option<&SignedLine> {
        self.signed.iter().find(|signed| signed.who_signs == box_of)
    }

    /// What proves the casebook up to this report. Empty if there is none.
    pub fn casebook_line(&self) -> String {
        if self.casebook.is_empty() {
            return String::new();
        }
        format!(
            "What people did is kept in a chain of records that ended, when this was made, with {}. `schoolgate log verify --report`, with \
             that behind it, proves that nothing before was changed since or taken out.",
            self.casebook
        )
    }

    /// Matters that are in the pages behind only.
    pub fn behind(&self) -> u64 {
        (self.matters.len() - self.page_one().len()) as u64 + self.matters_left_out
    }

    /// `4 more matters are in the pages behind: Gambling (3), Weapons (1).`
    pub fn behind_line(&self) -> String {
        let mut themes: Vec<(&str, u64)> = Vec::new();
        let page_one = self.page_one();
        for matter in self.matters.iter().filter(|matter| !page_one.iter().any(|shown| std::ptr::eq(*shown, *matter))) {
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
