//! One blocked name of one subject over the week: how often, when, in what company, at what beat.

use super::themes::Ranked;
use crate::journal::{ATTEMPT_MS, Intent};
use crate::words::{Category, DeviceId};

/// A longer pause begins another run: the same half hour that parts episodes.
pub const PAUSE_MS: i64 = 30 * 60 * 1000;

/// What a block counts under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Category(Category),
    /// Words that were searched for: looked at, not blocked.
    Search,
    /// An entry of the school's own.
    School,
    /// An exam, or a session that is withdrawn.
    Session,
    /// The profile allows only what it names.
    Default,
    /// A file that the profile refuses for what it is.
    Download,
}

/// One event, as far as a trace needs it.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    pub at_ms: i64,
    /// Its row in the week file.
    pub seq: u64,
    /// What the words of a search weigh, 1 to 100; else 0.
    pub severity: u8,
    pub count: u32,
    pub intent: Intent,
    pub lesson: bool,
    pub device: Option<DeviceId>,
    /// Index into the week's networks.
    pub network: u16,
    /// Written down as a block, but the network only watches.
    pub let_through: bool,
}

/// Hits of one name without a long pause, on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub first_ms: i64,
    pub last_ms: i64,
    pub hits: u64,
    pub attempts: u32,
    /// Attempts in lesson time.
    pub lesson: u32,
    pub let_through: u64,
    pub device: Option<DeviceId>,
    pub network: u16,
    /// The first rows of the week file that it rests on, and how many more.
    pub rows: Vec<u64>,
    pub rows_left_out: u32,
    last_row: u64,
}

/// Rows that one run names.
const MAX_ROWS: usize = 16;

impl Run {
    /// A row that stands for several attempts is one.
    fn row(&mut self, seq: u64) {
        if seq == self.last_row && !self.rows.is_empty() {
            return;
        }
        self.last_row = seq;
        if self.rows.len() < MAX_ROWS {
            self.rows.push(seq);
        } else {
            self.rows_left_out = self.rows_left_out.saturating_add(1);
        }
    }
}

/// See the file's head.
#[derive(Debug)]
pub struct Trace {
    /// The list's entry that matched, else the registrable name: safe to show.
    pub name: String,
    pub kind: Kind,
    pub theme: Option<Ranked>,
    pub runs: Vec<Run>,
    pub hits: u64,
    pub attempts: u32,
    /// Attempts that came in the same moment as other names.
    pub companioned: u32,
    /// Attempts that the browser itself said were parts of a page, or sent by no person.
    pub told: u32,
    /// The most that any of them was meant.
    pub intent: Intent,
    /// The most that the words of any of it weigh.
    pub severity: u8,
    /// Pauses between attempts, and how many of them were as long as the one before.
    pub pauses: u32,
    pub regular: u32,
    last_hit_ms: i64,
    last_attempt_ms: i64,
    last_pause_ms: i64,
    /// Whether the attempt that is going on has company already.
    has_company: bool,
}

impl Trace {
    pub fn new(name: String, kind: Kind, theme: Option<Ranked>) -> Self {
        Self {
            name,
            kind,
            theme,
            runs: Vec::new(),
            hits: 0,
            attempts: 0,
            companioned: 0,
            told: 0,
            intent: Intent::Unknown,
            severity: 0,
            pauses: 0,
            regular: 0,
            last_hit_ms: i64::MIN / 2,
            last_attempt_ms: 0,
            last_pause_ms: 0,
            has_company: false,
        }
    }

    /// Whether a hit at this time begins another attempt.
    pub fn begins_attempt(&self, at_ms: i64) -> bool {
        at_ms - self.last_hit_ms > ATTEMPT_MS
    }

    /// Writes down a hit. Without `room` for another run, the last one goes on over the pause. Returns whether a run was added.
    pub fn hit(&mut self, hit: &Hit, room: bool) -> bool {
        let attempt = self.begins_attempt(hit.at_ms);
        if attempt {
            self.attempt(hit);
        }
        self.hits += u64::from(hit.count);
        self.intent = std::cmp::max_by_key(self.intent, hit.intent, |intent| intent.weight());
        self.severity = self.severity.max(hit.severity);
        let goes_on = self
            .runs
            .last()
            .is_some_and(|run| hit.at_ms - run.last_ms <= PAUSE_MS && run.device == hit.device && run.network == hit.network);
        let added = !goes_on && (room || self.runs.is_empty());
        if added {
            self.runs.push(Run {
                first_ms: hit.at_ms,
                last_ms: hit.at_ms,
                hits: 0,
                attempts: 0,
                lesson: 0,
                let_through: 0,
                device: hit.device,
                network: hit.network,
                rows: Vec::new(),
                rows_left_out: 0,
                last_row: 0,
            });
        }
        if let Some(run) = self.runs.last_mut() {
            run.last_ms = run.last_ms.max(hit.at_ms);
            run.row(hit.seq);
            run.hits += u64::from(hit.count);
            run.attempts += u32::from(attempt || added);
            run.lesson += u32::from((attempt || added) && hit.lesson);
            run.let_through += if hit.let_through { u64::from(hit.count) } else { 0 };
        }
        self.last_hit_ms = hit.at_ms;
        added
    }

    /// The attempt that is going on came with other names.
    pub fn in_company(&mut self) {
        if !self.has_company {
            self.has_company = true;
            self.companioned += 1;
        }
    }

    fn attempt(&mut self, hit: &Hit) {
        if self.attempts > 0 {
            let pause = hit.at_ms - self.last_attempt_ms;
            // As long as the one before, within a tenth: people are not that even, timers are.
            self.regular += u32::from(self.pauses > 0 && (pause - self.last_pause_ms).abs() * 10 <= pause);
            self.pauses += 1;
            self.last_pause_ms = pause;
        }
        self.attempts += 1;
        self.told += u32::from(matches!(hit.intent, Intent::Background | Intent::SubResource | Intent::Autocomplete));
        self.last_attempt_ms = hit.at_ms;
        self.has_company = false;
    }
}
