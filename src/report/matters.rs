//! What needs a person: one theme of one subject, weighed by the table of `matters.toml`.

use super::calendar::Calendar;
use super::episodes::{Episode, episodes};
use super::noise;
use super::plain::{number, times};
use super::subject::{Ledger, Subject};
use super::themes::{Ranked, Theme};
use super::trace::{Kind, Trace};
use super::week::Counted;
use crate::config::Scoring;
use crate::journal::Intent;
use crate::words::Confidence;
use std::collections::BTreeSet;

/// Rows of the log that a matter names.
const MAX_ROWS: usize = 24;

/// One theme of one subject: all that was not set aside.
pub struct Case<'l> {
    pub theme: Ranked,
    pub scoring: &'l Scoring,
    pub subject: Subject,
    pub ledger: &'l Ledger,
    pub episodes: Vec<Episode<'l>>,
    /// Traces of other themes and categories of the same subject.
    pub(super) others: Vec<&'l Trace>,
    pub(super) names: Vec<Counted>,
    pub(super) attempts: u64,
    /// Attempts that were searches.
    pub(super) searches: u64,
    /// Names among `names` that are no search.
    pub(super) pages: u64,
    /// The most that searched words weigh in the theme.
    pub(super) severity: u8,
    /// Words first, and then a page of the same.
    pub(super) search_then_page: bool,
    /// Every episode was while a pass for this was in use.
    pub(super) under_pass: bool,
    /// The rows of the week file that it rests on, and how many more.
    pub(super) rows_of_log: Vec<u64>,
    pub(super) rows_left_out: u64,
    pub(super) lesson: u64,
    pub(super) let_through: u64,
    pub(super) hits: u64,
    pub(super) days: BTreeSet<u8>,
    pub(super) intent: Intent,
    /// The DSL has them watched more closely: the tier is one up.
    watched: bool,
    /// All of its traces look like nobody's doing.
    pub(super) guessed: Option<noise::Reason>,
}

/// A row of the scoring that a case met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Theme,
    LetThrough,
    UnderPass,
    SearchThenPage,
    /// So often after the first; whether the first was blocked.
    Again(u64, bool),
    Days(u64),
    Meant(Intent),
    Words(u8),
    Several(u64),
    Outside,
    Sure(Confidence),
    Guessed,
    /// The DSL has them watched more closely.
    Watched,
}

impl Row {
    /// What the row weighs.
    fn points(self, theme: Ranked, scoring: &Scoring) -> i32 {
        let up_to = |each: i32, n: u64, most: i32| i32::try_from(n).map_or(most, |n| n.saturating_mul(each)).min(most);
        match self {
            Self::Theme => scoring.begins(theme.tier),
            Self::LetThrough => scoring.let_through,
            Self::UnderPass => scoring.under_pass,
            Self::SearchThenPage => scoring.search_then_page,
            Self::Again(n, _) => up_to(scoring.again_each, n, scoring.again_most),
            Self::Days(n) => up_to(scoring.days_each, n - 1, scoring.days_most),
            Self::Meant(Intent::Search) => scoring.search,
            Self::Meant(Intent::Navigation) => scoring.address,
            Self::Meant(Intent::Link) => scoring.link,
            Self::Meant(Intent::Unknown) => scoring.unknown,
            Self::Meant(Intent::SubResource | Intent::Autocomplete) => scoring.part_of_a_page,
            Self::Meant(Intent::Background) => scoring.background,
            Self::Words(severity) => i32::from(severity.saturating_sub(50)) / 10 * scoring.words_each_ten,
            Self::Several(_) => scoring.names,
            Self::Outside => scoring.outside_lessons,
            Self::Sure(Confidence::High) => scoring.sure_high,
            Self::Sure(Confidence::Medium) => scoring.sure_medium,
            Self::Sure(Confidence::Low) => scoring.sure_low,
            Self::Sure(Confidence::Group) => scoring.sure_nobody,
            Self::Guessed => scoring.perhaps_nobody,
            // It is in the tier.
            Self::Watched => 0,
        }
    }

    /// Why it was chosen, as a part of a list. `None`: no reason by itself.
    pub(super) fn words(self, theme: Ranked) -> Option<String> {
        Some(match self {
            Self::Theme => format!("a {} theme", theme.tier),
            Self::LetThrough => "not blocked: the network only watches".into(),
            Self::UnderPass => "while a pass for this was in use: counted as a lesson's".into(),
            Self::SearchThenPage => "a search, then a page of the same kind".into(),
            Self::Again(n, true) => format!("asked for again {} after the first block", times(n)),
            Self::Again(n, false) => format!("searched for again {}", times(n)),
            Self::Days(n) => format!("on {n} days"),
            Self::Meant(Intent::Search) => "it was searched for".into(),
            Self::Meant(Intent::Navigation) => "an address was typed or chosen".into(),
            Self::Meant(Intent::Link) => "a link was followed".into(),
            Self::Meant(Intent::Unknown) => "asked for by itself, not as a part of a page".into(),
            Self::Words(_) | Self::Meant(_) | Self::Sure(_) | Self::Guessed => return None,
            Self::Several(n) => format!("{} different names", number(n)),
            Self::Outside => "mostly outside lessons".into(),
            Self::Watched => "watched more closely, as the DSL wishes: one tier up".into(),
        })
    }
}

impl<'l> Case<'l> {
    /// The case of a theme, of all traces of a subject that were not set aside. `None`: no trace has the theme.
    pub fn new(
        theme: &'static Theme,
        scoring: &'l Scoring,
        (subject, ledger, watched): (Subject, &'l Ledger, bool),
        meant: &[&'l Trace],
        calendar: &mut Calendar,
    ) -> Option<Self> {
        let (traces, others): (Vec<_>, Vec<_>) = meant.iter().copied().partition(|t| t.theme.is_some_and(|of| of.id == theme.id));
        if traces.is_empty() {
            return None;
        }
        let episodes = episodes(traces.iter().copied());
        let days = traces.iter().flat_map(|t| &t.runs).map(|run| calendar.moment(run.first_ms).weekday()).collect();
        let mut names: Vec<Counted> =
            traces.iter().map(|t| Counted { text: t.name.clone(), count: u64::from(t.attempts) }).collect();
        names.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        let guesses: Vec<_> = traces.iter().map(|t| noise::guess(t)).collect();
        let under_pass = |e: &Episode| e.is_under_pass(&ledger.slots, theme.categories, calendar.start_ms);
        let mut runs: Vec<_> = traces.iter().flat_map(|t| &t.runs).collect();
        runs.sort_by_key(|run| run.first_ms);
        let mut rows: Vec<u64> = runs.iter().flat_map(|run| &run.rows).copied().collect();
        rows.sort_unstable();
        rows.dedup();
        let left_out = rows.len().saturating_sub(MAX_ROWS) as u64 + runs.iter().map(|r| u64::from(r.rows_left_out)).sum::<u64>();
        rows.truncate(MAX_ROWS);
        Some(Self {
            theme: if watched { theme.ranked(scoring).one_up() } else { theme.ranked(scoring) },
            watched,
            scoring,
            searches: traces.iter().filter(|t| t.kind == Kind::Search).map(|t| u64::from(t.attempts)).sum(),
            pages: traces.iter().filter(|t| t.kind != Kind::Search).map(|t| &t.name).collect::<BTreeSet<_>>().len() as u64,
            severity: traces.iter().map(|t| t.severity).max().unwrap_or(0),
            search_then_page: episodes.iter().any(|e| e.search_then_page),
            under_pass: episodes.iter().all(under_pass),
            rows_of_log: rows,
            rows_left_out: left_out,
            subject,
            ledger,
            others,
            attempts: episodes.iter().map(|e| e.attempts).sum(),
            lesson: episodes.iter().map(|e| e.lesson).sum(),
            let_through: episodes.iter().map(|e| e.let_through).sum(),
            hits: traces.iter().map(|t| t.hits).sum(),
            intent: traces.iter().map(|t| t.intent).max_by_key(|intent| intent.weight()).unwrap_or(Intent::Unknown),
            guessed: guesses.iter().all(Option::is_some).then(|| guesses.first().copied().flatten()).flatten(),
            episodes,
            names,
            days,
        })
    }

    /// Whether someone should look.
    pub fn is_matter(&self) -> bool {
        self.score() >= self.scoring.enough
    }

    /// The most pressing is the greatest. What may be nobody's doing comes after its tier.
    pub fn urgency(&self) -> (u8, i32) {
        (self.theme.tier as u8 * 2 - u8::from(self.guessed.is_some() && self.theme.tier > super::themes::Tier::Low), self.score())
    }

    pub fn first_ms(&self) -> i64 {
        self.episodes.first().map_or(0, |e| e.first_ms)
    }

    fn score(&self) -> i32 {
        self.rows().iter().map(|row| row.points(self.theme, self.scoring)).sum()
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![Row::Theme];
        let mut row = |is: bool, row: Row| rows.extend(is.then_some(row));
        row(self.let_through > 0, Row::LetThrough);
        row(self.under_pass, Row::UnderPass);
        row(self.search_then_page, Row::SearchThenPage);
        row(self.attempts > 1, Row::Again(self.attempts.saturating_sub(1), self.searches < self.attempts));
        row(self.days.len() > 1, Row::Days(self.days.len() as u64));
        row(self.guessed.is_none() || self.intent != Intent::Unknown, Row::Meant(self.intent));
        row(self.severity > 0, Row::Words(self.severity));
        let names = self.names.len() as u64;
        row(i32::try_from(names).is_ok_and(|n| n >= self.scoring.names_from), Row::Several(names));
        row(self.lesson * 2 < self.attempts, Row::Outside);
        row(true, Row::Sure(self.ledger.sure));
        row(self.guessed.is_some(), Row::Guessed);
        row(self.watched, Row::Watched);
        rows
    }
}
