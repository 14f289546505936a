//! How long detail is kept: a week's file is deleted as a whole, unless it is held, and that is written down.

use super::deletion::{self, Deletion};
use super::hold;
use super::point::{Point, reach};
use super::read::Week;
use super::week::IsoWeek;
use jiff::ToSpan;
use jiff::civil::Date;
use std::io;
use std::path::{Path, PathBuf};

/// Days that detail is kept after a week's last day, where nothing else is said.
pub const DETAIL_DAYS: u32 = 90;

/// How much longer a data key is kept in the journal's folder than detail, in milliseconds: longer than anything waits there to be
/// moved to the week files, which have copies of their own.
pub const DATA_KEYS_MS: i64 = 7 * DAY_MS;

pub const DAY_MS: i64 = 24 * 3600 * 1000;

/// A week file past its time, broken ones among them: what was set aside is about people too.
#[derive(Debug, PartialEq, Eq)]
pub struct Expired {
    pub week: IsoWeek,
    pub path: PathBuf,
}

impl Expired {
    /// Whether it is the week's own file: what else there is belongs to it, or was set aside.
    fn is_week_file(&self) -> bool {
        self.path.extension().is_some_and(|end| end == "db")
    }

    /// Whether it is one of SQLite's own files beside a week's, and no more than that file.
    fn is_part(&self) -> bool {
        self.path.extension().is_some_and(|end| end == "db-wal" || end == "db-shm")
    }
}

/// The week files whose last day lies more than `days` before `today`, with what belongs to them.
pub fn expired(dir: &Path, today: Date, days: u32) -> Vec<Expired> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let Ok(before) = today.checked_sub(i64::from(days).days()) else { return Vec::new() };
    let past = |path: PathBuf| {
        let (week, rest) = path.file_name()?.to_str()?.split_once(".db")?;
        let week = IsoWeek::parse(week).ok().filter(|_| rest.is_empty() || rest.starts_with(['.', '-']))?;
        (week.sunday() < before).then_some(Expired { week, path })
    };
    let mut found: Vec<_> = entries.filter_map(|e| past(e.ok()?.path())).collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Deletes what is past its time and not held. `close` lets go of a week's file first.
pub fn keep(dir: &Path, (today, now_ms): (Date, i64), days: u32, mut close: impl FnMut(IsoWeek)) {
    let expired = expired(dir, today, days);
    if expired.is_empty() {
        return;
    }
    let holds = match hold::read(dir) {
        Ok(holds) => holds,
        Err(fault) => {
            tracing::error!(%fault, "nothing of the journal is deleted, since nobody can say what is held");
            return;
        }
    };
    // In the order of their names: what belongs to a week's file stays with it.
    let mut held: Option<IsoWeek> = None;
    for gone in &expired {
        if held == Some(gone.week) || !gone.is_part() && hold::of(&holds, gone.week, &gone.path).is_some() {
            held = Some(gone.week);
            continue;
        }
        close(gone.week);
        delete(dir, gone, days, now_ms);
    }
}

/// Deletes one, writes that down and says so.
fn delete(dir: &Path, gone: &Expired, days: u32, now_ms: i64) {
    let file = gone.path.display();
    let week = gone.is_week_file().then(|| Week::open(&gone.path).ok()).flatten();
    let numbers = |week: &Week| {
        let read = |row: &rusqlite::Row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64));
        week.connection().query_row("SELECT min(first), max(last) FROM booked", [], read).ok()
    };
    let name = gone.path.file_name().unwrap_or_default().to_string_lossy();
    let record = Deletion {
        when_ms: now_ms,
        file: format!("journal/{name}"),
        week: gone.week.to_string(),
        events: week.as_ref().and_then(|week| week.total().ok()),
        numbers: week.as_ref().and_then(numbers),
        rule: format!("single visits, {days} days after the end of their week"),
    };
    drop(week);
    let known = gone.is_part() || deletion::is_recorded(dir, &record);
    let recorded = if known { Ok(()) } else { deletion::record(dir, &record) };
    reach(Point::Expiring);
    match recorded.and_then(|()| std::fs::remove_file(&gone.path)) {
        Ok(()) => {
            // Whoever looked into it last may have made these, and not taken them away.
            for end in ["-wal", "-shm"].into_iter().filter(|_| gone.is_week_file()) {
                let _ = std::fs::remove_file(format!("{}{end}", gone.path.display()));
            }
            tracing::info!(%file, days, "a week of the journal has been deleted: it was kept as long as it may be")
        }
        Err(source) if source.kind() == io::ErrorKind::NotFound => {}
        Err(source) => {
            tracing::error!(%file, days, %source, "a week of the journal is past its time and cannot be deleted: delete it by hand")
        }
    }
}

#[cfg(test)]
mod tests;
