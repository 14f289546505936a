//! The few numbers of a week that later weeks are held against. No person, device, address or host is in them.

use super::calendar::{self, Calendar};
use super::plain::number;
use super::week::{TrendLine, Week};
use super::world::World;
use crate::journal::IsoWeek;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Weeks that a mean is of.
const MEAN_OF: usize = 4;
/// Weeks of a trend: the longest term there is.
pub const MOST_WEEKS: usize = 16;

/// One week, summed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub week: String,
    /// It had a school day.
    pub school: bool,
    pub events: u64,
    pub matters: u64,
    pub blocked: u64,
    pub set_aside: u64,
    pub pupil_devices: u64,
    pub names: u64,
    pub searches: u64,
    /// Blocked requests to hosts of education.
    pub teaching: u64,
    /// Episodes by the id of the theme.
    pub themes: BTreeMap<String, u64>,
    /// Episodes by the title of the category.
    pub categories: BTreeMap<String, u64>,
}

impl Sums {
    pub fn of(week: &Week) -> Self {
        Self {
            week: week.week.clone(),
            school: !week.holiday,
            events: week.totals.events,
            matters: week.matters.len() as u64 + week.matters_left_out,
            blocked: week.totals.blocked,
            set_aside: week.totals.set_aside,
            pupil_devices: week.coverage.pupil_devices,
            names: week.coverage.names,
            searches: week.coverage.searches,
            teaching: week.teaching.blocks,
            themes: week.themes.iter().map(|t| (t.theme.to_owned(), t.episodes)).collect(),
            categories: week.categories.iter().map(|c| (c.title.clone(), c.episodes)).collect(),
        }
    }

    fn iso(&self) -> Option<IsoWeek> {
        IsoWeek::parse(&self.week).ok()
    }

    fn line(&self) -> TrendLine {
        TrendLine {
            week: self.week.clone(),
            school: self.school,
            matters: self.matters,
            episodes: self.themes.values().sum(),
            blocked: self.blocked,
            set_aside: self.set_aside,
            names: self.names,
            pupil_devices: self.pupil_devices,
        }
    }
}

/// A mean, in tenths, so that it stays a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Mean {
    pub tenths: u64,
    /// Of how many weeks.
    pub weeks: u64,
}

impl Mean {
    /// `2.5`
    pub fn in_words(self) -> String {
        format!("{}.{}", number(self.tenths / 10), self.tenths % 10)
    }
}

/// The mean of the last four school weeks before this one in which anything was seen. `None`: no such week is known.
pub fn mean(world: &World, count: impl Fn(&Sums) -> u64) -> Option<Mean> {
    let mut before: Vec<_> = before(world).filter(|(_, sums)| sums.school && sums.events > 0).collect();
    before.sort_by_key(|(week, _)| std::cmp::Reverse(week.monday()));
    before.truncate(MEAN_OF);
    let weeks = before.len() as u64;
    let sum: u64 = before.iter().map(|(_, sums)| count(sums)).sum();
    (weeks > 0).then(|| Mean { tenths: (sum * 10 + weeks / 2) / weeks, weeks })
}

/// The weeks of this term up to this one, as far as they are known; without term dates the last ones.
pub fn trend(world: &World, this: &Sums) -> Vec<TrendLine> {
    let from = calendar::term_begins(world.week, world.zone, world.school_days);
    let of_term = |week: &IsoWeek| from.is_none_or(|from| calendar::monday(*week, world.zone).0 + 6 >= from.0);
    let mut weeks: Vec<_> = before(world).filter(|(week, _)| of_term(week)).collect();
    weeks.sort_by_key(|(week, _)| week.monday());
    weeks.dedup_by_key(|(week, _)| week.monday());
    let first = weeks.len().saturating_sub(MOST_WEEKS - 1);
    let lines: Vec<_> = weeks.get(first..).unwrap_or_default().iter().map(|(_, sums)| sums.line()).collect();
    if lines.is_empty() { lines } else { lines.into_iter().chain([this.line()]).collect() }
}

fn before<'w>(world: &'w World) -> impl Iterator<Item = (IsoWeek, &'w Sums)> {
    let monday = world.week.monday();
    world.past.iter().filter_map(|sums| Some((sums.iso()?, sums))).filter(move |(week, _)| week.monday() < monday)
}

/// Whether no moment of the week is in lesson time.
pub fn is_holiday(calendar: &mut Calendar) -> bool {
    !super::seen::quarters().any(|(_, since_ms)| {
        let at_ms = calendar.start_ms + since_ms;
        let moment = calendar.moment(at_ms);
        at_ms < calendar.end_ms && calendar.is_lesson(&moment)
    })
}
