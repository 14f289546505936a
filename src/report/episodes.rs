//! Episodes, not hits: what one subject asked for without a pause of half an hour is one.

use super::subject::{SLOT_MS, Slot};
use super::tally::SHOWN_AROUND;
use super::trace::{Kind, PAUSE_MS, Run, Trace};
use super::week::Around;
use crate::words::{CategorySet, DeviceId};

/// Hits of one subject, of one theme or category, without a long pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode<'t> {
    pub first_ms: i64,
    pub last_ms: i64,
    pub attempts: u64,
    /// Attempts that were searches.
    pub searches: u64,
    /// Attempts in lesson time.
    pub lesson: u64,
    /// Words first, and then a page of the same.
    pub search_then_page: bool,
    pub let_through: u64,
    /// Names and attempts, in the order they were first asked for.
    pub names: Vec<(&'t str, u64)>,
    pub devices: Vec<DeviceId>,
    pub networks: Vec<u16>,
}

/// The episodes of these traces of one subject, in order.
pub fn episodes<'t>(traces: impl IntoIterator<Item = &'t Trace>) -> Vec<Episode<'t>> {
    let mut runs: Vec<(&Trace, &Run)> = traces.into_iter().flat_map(|t| t.runs.iter().map(move |run| (t, run))).collect();
    runs.sort_by_key(|(trace, run)| (run.first_ms, &trace.name));
    let mut episodes: Vec<Episode> = Vec::new();
    for (trace, run) in runs {
        match episodes.last_mut().filter(|e| run.first_ms - e.last_ms <= PAUSE_MS) {
            Some(episode) => episode.add(trace, run),
            None => {
                let mut episode = Episode {
                    first_ms: run.first_ms,
                    last_ms: run.last_ms,
                    attempts: 0,
                    searches: 0,
                    lesson: 0,
                    search_then_page: false,
                    let_through: 0,
                    names: Vec::new(),
                    devices: Vec::new(),
                    networks: Vec::new(),
                };
                episode.add(trace, run);
                episodes.push(episode);
            }
        }
    }
    episodes
}

impl<'t> Episode<'t> {
    fn add(&mut self, trace: &'t Trace, run: &Run) {
        let name = trace.name.as_str();
        if trace.kind == Kind::Search {
            self.searches += u64::from(run.attempts);
        } else {
            self.search_then_page |= self.searches > 0;
        }
        self.last_ms = self.last_ms.max(run.last_ms);
        self.attempts += u64::from(run.attempts);
        self.lesson += u64::from(run.lesson);
        self.let_through += run.let_through;
        match self.names.iter_mut().find(|(n, _)| *n == name) {
            Some((_, attempts)) => *attempts += u64::from(run.attempts),
            None => self.names.push((name, u64::from(run.attempts))),
        }
        if let Some(device) = run.device
            && !self.devices.contains(&device)
        {
            self.devices.push(device);
        }
        if !self.networks.contains(&run.network) {
            self.networks.push(run.network);
        }
    }

    /// Whether a pass for these categories was in use, in it or in the half hours before and after.
    pub fn is_under_pass(&self, slots: &[Slot], categories: CategorySet, start_ms: i64) -> bool {
        let slot = |ms: i64| (ms - start_ms).div_euclid(SLOT_MS);
        let (first, last) = (slot(self.first_ms - PAUSE_MS), slot(self.last_ms + PAUSE_MS));
        slots.iter().any(|s| (first..=last).contains(&i64::from(s.number)) && !s.passed.and(categories).is_empty())
    }

    /// What the subject did in the half hours before and after: names to five minutes, and attempts at other blocked names
    /// that were not set aside; and of which categories all that was.
    pub fn around(&self, slots: &[Slot], others: &[&Trace], start_ms: i64) -> (Around, Around, CategorySet) {
        let slot = |ms: i64| (ms - start_ms).div_euclid(SLOT_MS);
        let (first, last, half_hour) = (slot(self.first_ms), slot(self.last_ms), PAUSE_MS / SLOT_MS);
        let within = |from: i64, until: i64| slots.iter().filter(move |s| (from..until).contains(&i64::from(s.number)));
        let mut categories =
            within(first - half_hour, last + half_hour + 1).fold(CategorySet::EMPTY, |all, s| all.or(s.categories));
        let around = |from, until| Around {
            names: within(from, until).map(|s| u64::from(s.names)).sum(),
            searches: within(from, until).map(|s| u64::from(s.searches)).sum(),
            blocked: 0,
        };
        let mut before = around(first - half_hour, first);
        let mut after = around(last + 1, last + 1 + half_hour);
        for (trace, run) in others.iter().flat_map(|t| t.runs.iter().map(move |run| (t, run))) {
            let far = run.last_ms < self.first_ms - PAUSE_MS || run.first_ms > self.last_ms + PAUSE_MS;
            // A search is looked at, not blocked.
            if far || trace.kind == Kind::Search {
                continue;
            }
            if let Kind::Category(category) = trace.kind {
                categories.insert(category);
            }
            if run.first_ms < self.first_ms {
                before.blocked += u64::from(run.attempts);
            } else if run.first_ms > self.last_ms {
                after.blocked += u64::from(run.attempts);
            }
        }
        (before, after, categories.and(SHOWN_AROUND))
    }
}
