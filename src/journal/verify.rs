//! Whether the week files hold everything that was given a number: each in a row, in the count of one, or in a gap.

use super::book::week_files;
use super::deletion;
use super::read::{Filter, ReadFault, Week};
use super::schema;
use super::week::IsoWeek;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use serde::Serialize;
use std::path::Path;

/// Where weeks meet, their numbers mix: doors hand over in turns, and a clock may be set. After so long of a week they do no more.
const MIXED_MS: i64 = 60 * 60 * 1000;

/// Places that are named; of more, how many.
const MOST_NAMED: usize = 20;

/// What the week files hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Numbers {
    pub weeks: Vec<OfWeek>,
    /// Numbers that wait in segments for their week file.
    pub waiting: u64,
    /// What is not as it should be, for people. Empty: nothing.
    pub wrong: Vec<String>,
}

/// One week's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfWeek {
    pub week: String,
    /// The sum of the rows' counts, and those that are kept as sums alone.
    pub events: u64,
    pub rows: u64,
    /// Times that something was lost, and how many events that were, as far as somebody could count them.
    pub gaps: u64,
    pub lost: u64,
}

/// Looks at every week file of a journal's folder. Nothing is changed.
///
/// # Errors
/// [`ReadFault`]: the folder cannot be read. A file that cannot be is told in [`Numbers::wrong`].
pub fn verify(dir: &Path, zone: &TimeZone) -> Result<Numbers, ReadFault> {
    let files = match week_files(dir) {
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Numbers::default()),
        read => read.map_err(|source| ReadFault::Folder { path: dir.to_owned(), source })?,
    };
    let mut numbers = Numbers::default();
    let mut ranges: Vec<(u64, u64, IsoWeek)> = Vec::new();
    let mut mixed = 0;
    for (week, path) in files {
        let looked = Week::open(&path).and_then(|file| {
            let fault = |source| ReadFault::Sqlite { path: path.clone(), source };
            let held = held(file.connection()).map_err(fault)?;
            // The weeks before the first that is kept are gone, with the numbers that mixed with its own.
            if ranges.is_empty() {
                let until_ms = Some(week.bounds(zone).0 + MIXED_MS);
                for stored in file.events(&Filter { until_ms, ..Filter::default() }) {
                    mixed = mixed.max(stored?.seq);
                }
            }
            Ok(held)
        });
        match looked {
            Err(fault) => numbers.wrong.push(fault.to_string()),
            Ok(held) => {
                numbers.wrong.extend(held.wrong.into_iter().map(|what| format!("{week}: {what}")));
                ranges.extend(held.ranges.into_iter().map(|(first, last)| (first, last, week)));
                let (events, rows, gaps, lost) = (held.events, held.rows, held.gaps, held.lost);
                numbers.weeks.push(OfWeek { week: week.to_string(), events, rows, gaps, lost });
            }
        }
    }
    ranges.sort_unstable();
    // What was deleted beside a week that is held has gone as it should.
    let mut deleted: Vec<(u64, u64)> = deletion::all(dir).unwrap_or_default().into_iter().filter_map(|d| d.numbers).collect();
    deleted.sort_unstable();
    let begun = ranges.first().map_or(1, |(first, ..)| *first);
    let moved = oldest_segment(dir);
    let whole = moved.unwrap_or(u64::MAX);
    let mut next = begun;
    for (first, last, week) in &ranges {
        if *first < next {
            numbers.wrong.push(format!("{week}: numbers {first} to {} are in two weeks", last.min(&(next - 1))));
        }
        next = deleted.iter().fold(next, |next, (from, to)| if *from <= next { next.max(to + 1) } else { next });
        if *first > next {
            numbers.hole(next, first - 1, if begun > 1 { mixed } else { 0 }, whole);
        }
        next = next.max(last + 1);
    }
    if let Some(moved) = moved.filter(|moved| *moved > next && !ranges.is_empty()) {
        numbers.hole(next, moved - 1, 0, whole);
    }
    let more = numbers.wrong.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        numbers.wrong.truncate(MOST_NAMED);
        numbers.wrong.push(format!("and {more} places more"));
    }
    Ok(numbers)
}

impl Numbers {
    /// Numbers that are in no week file: of a week before the first that is kept, not moved there yet, or gone.
    fn hole(&mut self, first: u64, last: u64, mixed: u64, whole: u64) {
        let first = if first <= mixed { mixed.min(last) + 1 } else { first };
        self.waiting += (last + 1).saturating_sub(first.max(whole));
        let last = last.min(whole.saturating_sub(1));
        match (first, last) {
            (first, last) if first > last => {}
            (first, last) if first == last => self.wrong.push(format!("number {first} is in no week file")),
            (first, last) => self.wrong.push(format!("numbers {first} to {last} are in no week file")),
        }
    }
}

/// What one file holds.
struct Held {
    events: u64,
    rows: u64,
    gaps: u64,
    lost: u64,
    ranges: Vec<(u64, u64)>,
    wrong: Vec<String>,
}

fn held(db: &Connection) -> rusqlite::Result<Held> {
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|n| n as u64);
    // Before there were counts, a row was an event.
    let ranges = match number("SELECT count(*) FROM sqlite_schema WHERE name = 'booked'")? {
        0 => {
            "SELECT min(seq), max(seq) FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS run FROM
             (SELECT seq FROM events UNION SELECT seq FROM gaps)) GROUP BY run ORDER BY 1"
        }
        _ => "SELECT first, last FROM booked ORDER BY first",
    };
    let mut statement = db.prepare(ranges)?;
    let read = |row: &rusqlite::Row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64));
    let ranges: Vec<(u64, u64)> = statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
    let mut held = Held {
        events: number("SELECT ifnull(sum(ifnull(count, 1)), 0) FROM events")?
            + schema::summed(db)?.iter().map(|summed| summed.events).sum::<u64>(),
        rows: number("SELECT count(*) FROM events")?,
        gaps: number("SELECT count(*) FROM gaps")?,
        lost: number("SELECT ifnull(sum(lost), 0) FROM gaps")?,
        ranges,
        wrong: Vec::new(),
    };
    let mut within = db.prepare(
        "SELECT (SELECT count(*) FROM events WHERE seq BETWEEN ?1 AND ?2), (SELECT count(*) FROM gaps WHERE seq BETWEEN ?1 AND ?2)",
    )?;
    let (mut rows, mut gaps, mut booked) = (0, 0, 0);
    for (first, last) in &held.ranges {
        let (of_rows, of_gaps) = within.query_row([*first as i64, *last as i64], read)?;
        (rows, gaps, booked) = (rows + of_rows, gaps + of_gaps, booked + (last + 1).saturating_sub(*first));
    }
    if rows < held.rows || gaps < held.gaps {
        held.wrong.push(format!("{} rows have numbers that were never given in this week", held.rows - rows + held.gaps - gaps));
    }
    // Every number that was given is a gap's, a row's, or one that a row counts. A row may count more: a sum of many questions.
    if held.events + held.gaps < booked {
        held.wrong.push(format!("{} events were given numbers and are in no row", booked - held.events - held.gaps));
    }
    Ok(held)
}

/// The first number of the oldest segment: what is before it has its place in a week file.
fn oldest_segment(dir: &Path) -> Option<u64> {
    let names = std::fs::read_dir(dir.join("segments")).ok()?;
    let first = |name: std::ffi::OsString| u64::from_str_radix(name.to_str()?.strip_suffix(".seg")?, 16).ok();
    names.filter_map(|entry| first(entry.ok()?.file_name())).min()
}
