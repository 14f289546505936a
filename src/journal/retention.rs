//! How long detail is kept: a week's file is deleted as a whole.

use super::week::IsoWeek;
use jiff::ToSpan;
use jiff::civil::Date;
use std::path::{Path, PathBuf};

/// Days that detail is kept after a week's last day: a term, and time to look back at its end. What a school must say in its
/// privacy notice.
pub const DETAIL_DAYS: i64 = 90;

/// How long a data key is kept in the journal's folder, in milliseconds: longer than anything waits there to be moved to the week
/// files, which have their own copies.
pub const DATA_KEYS_MS: i64 = (DETAIL_DAYS + 7) * 24 * 3600 * 1000;

/// A week file past its time, broken ones among them: what was set aside is about people too.
#[derive(Debug, PartialEq, Eq)]
pub struct Expired {
    pub week: IsoWeek,
    pub path: PathBuf,
}

/// The week files whose last day lies more than [`DETAIL_DAYS`] before `today`, with what belongs to them.
pub fn expired(dir: &Path, today: Date) -> Vec<Expired> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let Ok(before) = today.checked_sub(DETAIL_DAYS.days()) else { return Vec::new() };
    let past = |path: PathBuf| {
        let (week, rest) = path.file_name()?.to_str()?.split_once(".db")?;
        let week = IsoWeek::parse(week).ok().filter(|_| rest.is_empty() || rest.starts_with(['.', '-']))?;
        (week.sunday() < before).then_some(Expired { week, path })
    };
    let mut found: Vec<_> = entries.filter_map(|e| past(e.ok()?.path())).collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Deletes one and says so.
pub fn delete(expired: &Expired) {
    let (file, days) = (expired.path.display(), DETAIL_DAYS);
    match std::fs::remove_file(&expired.path) {
        Ok(()) => tracing::info!(%file, days, "a week of the journal has been deleted: it was kept as long as it may be"),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => {
            tracing::error!(%file, days, %source, "a week of the journal is past its time and cannot be deleted: delete it by hand")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_week_goes_ninety_days_after_its_sunday_and_not_a_day_before() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in
            ["2026-W47.db", "2026-W47.db-wal", "2026-W47.db.broken", "2026-W48.db", "2026-W47.txt", "notes.db", "2026-W47.dbx"]
        {
            std::fs::write(dir.path().join(name), "x").expect("written");
        }
        let names =
            |today| expired(dir.path(), today).iter().map(|e| e.path.file_name().expect("a name").to_owned()).collect::<Vec<_>>();
        // Sunday of week 47 is 22 November 2026; ninety days later is 20 February 2027.
        assert_eq!(names(date(2027, 2, 20)), Vec::<std::ffi::OsString>::new());
        assert_eq!(names(date(2027, 2, 21)), ["2026-W47.db", "2026-W47.db-wal", "2026-W47.db.broken"]);
        expired(dir.path(), date(2027, 2, 21)).iter().for_each(delete);
        assert!(!dir.path().join("2026-W47.db").exists() && dir.path().join("2026-W48.db").exists());
        assert_eq!(names(date(2027, 2, 28)), ["2026-W48.db"]);
    }
}
