//! What needs a person: one theme of one subject, weighed by one readable table.

use super::calendar::Calendar;
use super::episodes::{Episode, episodes};
use super::noise;
use super::plain::{number, times};
use super::subject::{Ledger, Subject};
use super::themes::{Theme, Tier};
use super::trace::Trace;
use super::week::Counted;
use crate::journal::Intent;
use crate::words::Confidence;
use std::collections::BTreeSet;

/// From this many points on, someone should look. A high theme always reaches it; a medium one when it was asked for
/// again, a low one when it went on for days.
const ENOUGH: i32 = 42;

/// One theme of one subject: all that was not set aside.
pub struct Case<'l> {
    pub theme: &'static Theme,
    pub subject: Subject,
    pub ledger: &'l Ledger,
    pub episodes: Vec<Episode<'l>>,
    /// Traces of other themes and categories of the same subject.
    pub(super) others: Vec<&'l Trace>,
    pub(super) names: Vec<Counted>,
    pub(super) attempts: u64,
    pub(super) lesson: u64,
    pub(super) let_through: u64,
    pub(super) hits: u64,
    pub(super) days: BTreeSet<u8>,
    pub(super) intent: Intent,
    /// All of its traces look like nobody's doing.
    pub(super) guessed: Option<noise::Reason>,
}

/// A row of the scoring that a case met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Theme,
    Meant(Intent),
    Again(u64),
    Days(u64),
    Outside,
    Several(u64),
    LetThrough,
    Sure(Confidence),
    Guessed(noise::Reason),
}

impl Row {
    /// The table: what each row weighs.
    fn points(self, theme: &Theme) -> i32 {
        let up_to = |each: i32, n: u64, most: i32| i32::try_from(n).map_or(most, |n| n.saturating_mul(each)).min(most);
        match self {
            Self::Theme => match theme.tier {
                Tier::Critical => 100,
                Tier::High => 60,
                Tier::Medium => 26,
                Tier::Low => 14,
            },
            Self::Meant(Intent::Search) => 14,
            Self::Meant(Intent::Navigation) => 8,
            Self::Meant(Intent::Link) => 5,
            Self::Meant(Intent::Unknown) => 4,
            Self::Meant(Intent::SubResource | Intent::Background) => 0,
            Self::Again(n) => up_to(3, n, 18),
            Self::Days(n) => up_to(5, n - 1, 15),
            // No adult was in the room.
            Self::Outside => 2,
            Self::Several(_) => 4,
            Self::LetThrough => 8,
            Self::Sure(Confidence::High) => 4,
            Self::Sure(Confidence::Medium) => 2,
            Self::Sure(Confidence::Low | Confidence::Group) => 0,
            Self::Guessed(_) => -15,
        }
    }

    /// Why it was chosen, as a part of a list. `None`: no reason by itself.
    pub(super) fn words(self, theme: &Theme) -> Option<String> {
        Some(match self {
            Self::Theme => format!("a {} theme", theme.tier),
            Self::Meant(Intent::Search) => "it was searched for".into(),
            Self::Meant(Intent::Navigation) => "an address was typed or chosen".into(),
            Self::Meant(Intent::Link) => "a link was followed".into(),
            Self::Meant(Intent::Unknown) => "asked for by itself, not as a part of a page".into(),
            Self::Meant(_) | Self::Sure(_) | Self::Guessed(_) => return None,
            Self::Again(n) => format!("asked for again {} after the first block", times(n)),
            Self::Days(n) => format!("on {n} days"),
            Self::Outside => "mostly outside lessons".into(),
            Self::Several(n) => format!("{} different names", number(n)),
            Self::LetThrough => "not blocked: the network only watches".into(),
        })
    }
}

impl<'l> Case<'l> {
    /// The case of a theme, of all traces of a subject that were not set aside. `None`: no trace has the theme.
    pub fn new(
        theme: &'static Theme,
        subject: Subject,
        ledger: &'l Ledger,
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
        Some(Self {
            theme,
            subject,
            ledger,
            others,
            attempts: episodes.iter().map(|e| e.attempts).sum(),
            lesson: episodes.iter().map(|e| e.lesson).sum(),
            let_through: episodes.iter().map(|e| e.let_through).sum(),
            hits: traces.iter().map(|t| t.hits).sum(),
            intent: traces.iter().map(|t| t.intent).max().unwrap_or(Intent::Unknown),
            guessed: guesses.iter().all(Option::is_some).then(|| guesses.first().copied().flatten()).flatten(),
            episodes,
            names,
            days,
        })
    }

    /// Whether someone should look.
    pub fn is_matter(&self) -> bool {
        self.score() >= ENOUGH
    }

    /// The most pressing is the greatest. What may be nobody's doing comes after its tier.
    pub fn urgency(&self) -> (u8, i32) {
        (self.theme.tier as u8 * 2 - u8::from(self.guessed.is_some() && self.theme.tier > Tier::Low), self.score())
    }

    pub fn first_ms(&self) -> i64 {
        self.episodes.first().map_or(0, |e| e.first_ms)
    }

    fn score(&self) -> i32 {
        self.rows().iter().map(|row| row.points(self.theme)).sum()
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![Row::Theme];
        if self.let_through > 0 {
            rows.push(Row::LetThrough);
        }
        if self.attempts > 1 {
            rows.push(Row::Again(self.attempts - 1));
        }
        if self.days.len() > 1 {
            rows.push(Row::Days(self.days.len() as u64));
        }
        if self.guessed.is_none() || self.intent != Intent::Unknown {
            rows.push(Row::Meant(self.intent));
        }
        if self.names.len() >= 3 {
            rows.push(Row::Several(self.names.len() as u64));
        }
        if self.lesson * 2 < self.attempts {
            rows.push(Row::Outside);
        }
        rows.push(Row::Sure(self.ledger.sure));
        rows.extend(self.guessed.map(Row::Guessed));
        rows
    }
}
