//! One matter: what happened, and what speaks for and against it.

use super::Counted;
use crate::casebook::{MarkOf, MatterRef};
use crate::report::plain::{count, list, number, shown};
use serde::Serialize;

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
    pub(in crate::report) settled: bool,
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
