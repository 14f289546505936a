//! The week as it is handed over: numbers and finished sentences, safe to show, in the order of the report.
//!
//! Every field is in the JSON by its name. What a report must never hold has no field here: no score, no address of the
//! illegal lists, no member of staff, no link between anybody and help.

mod coverage;
mod done;
mod filter;
mod matter;
mod sums;

pub use coverage::{Coverage, verdict};
pub use done::{AlertLine, ChangeLine, IncidentLine, LookUpLine, Open, SignedLine};
pub use filter::{Assured, Fact, ListLine, NetworkLine};
pub use matter::{Around, EpisodeLine, MarkLine, Matter};
pub use sums::{Bypass, CategoryLine, Illegal, SetAside, Teaching, ThemeLine, Totals, TrendLine};

use super::edition::{Edition, Part};
use super::plain::{capital, count, list, number};
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
    /// What could not wait for this report; `None`: nothing is sent between reports.
    pub alerts: Option<Vec<AlertLine>>,
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

/// A text and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    pub text: String,
    pub count: u64,
}

impl Week {
    /// What page one says of alerts.
    pub fn alerts_line(&self) -> String {
        match self.alerts.as_deref() {
            None => "none are sent between reports.".into(),
            Some([]) => "none this week.".into(),
            Some(alerts) => {
                let open = alerts.iter().filter(|alert| alert.acknowledged.is_none()).count() as u64;
                let all = count(alerts.len() as u64, "alert", "alerts");
                let seen = if open == 0 { "all acknowledged".into() } else { format!("{} NOT ACKNOWLEDGED", number(open)) };
                format!("{all}, {seen}.")
            }
        }
    }

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
