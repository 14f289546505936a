//! What is kept longer than its time, because somebody said so; and the reports and sums whose time is up.

use super::{delivery, journal_dir};
use crate::casebook::{self, CasebookFault, Entry, Kind};
use crate::config::Config;
use crate::gate::snapshot::local_time;
use crate::journal::deletion::{self, Deletion};
use crate::journal::hold::{self, Held, Hold};
use crate::ops::files;
use crate::report::IsoWeek;
use jiff::ToSpan;
use std::io;
use std::path::Path;
use std::slice;

/// Most holds: each is asked of every week whose time is up.
const MOST: usize = 200;
const LONGEST_REASON: usize = 500;

/// Why nothing was held or let go.
#[derive(Debug, thiserror::Error)]
pub enum NotHeld {
    #[error("{0} is held already")]
    Already(Held),
    #[error("{0} is not held")]
    Not(Held),
    #[error("{MOST} holds are the most there may be: release what is over")]
    Full,
    #[error("say why: --reason 'the police asked'. The report shows it")]
    NoReason,
    #[error(transparent)]
    Record(#[from] CasebookFault),
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// Who holds or releases, and why.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    pub by: &'a str,
    pub reason: &'a str,
    pub now_ms: i64,
}

/// Keeps this from being deleted until it is released. Of what is held already the reason stays as it was.
///
/// # Errors
/// No reason, too many holds, or the disk.
pub fn hold(config: &Config, what: Held, said: Said) -> Result<(), NotHeld> {
    change(config, said, &format!("held: {what}"), |holds, reason| {
        if holds.iter().any(|hold| hold.what == what) {
            return Err(NotHeld::Already(what.clone()));
        }
        if holds.len() >= MOST {
            return Err(NotHeld::Full);
        }
        holds.push(Hold { what: what.clone(), by: said.by.to_owned(), when_ms: said.now_ms, reason });
        Ok(())
    })
}

/// Lets it go: what of it is past its time is deleted within a day.
///
/// # Errors
/// It is not held, no reason, or the disk.
pub fn release(config: &Config, what: &Held, said: Said) -> Result<(), NotHeld> {
    change(config, said, &format!("released: {what}"), |holds, _| {
        let before = holds.len();
        holds.retain(|hold| hold.what != *what);
        if holds.len() < before { Ok(()) } else { Err(NotHeld::Not(what.clone())) }
    })
}

/// Alone, recorded, and whole or not at all.
fn change(
    config: &Config,
    said: Said,
    what: &str,
    change: impl FnOnce(&mut Vec<Hold>, String) -> Result<(), NotHeld>,
) -> Result<(), NotHeld> {
    let reason: String = said.reason.trim().chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect();
    if reason.is_empty() {
        return Err(NotHeld::NoReason);
    }
    let journal = journal_dir(config);
    let path = hold::file(&journal);
    let _alone = files::alone(&path)?;
    let mut holds = hold::read(&journal)?;
    change(&mut holds, reason.clone())?;
    let text = serde_json::to_vec_pretty(&holds).map_err(io::Error::from)?;
    let made = Entry::new(Kind::Change, said.by, what).why(&reason);
    let begun = casebook::begin(&config.data, said.now_ms, slice::from_ref(&made))?;
    files::replace_private(&path, &text)?;
    begun.done(vec![made])?;
    Ok(())
}

/// What `status` shows: a line a hold.
pub fn lines(config: &Config) -> Vec<String> {
    match hold::read(&journal_dir(config)) {
        Ok(holds) => holds
            .iter()
            .map(|h| format!("{}, by {} since {}: {}", h.what, h.by, local_time(config, h.when_ms), h.reason))
            .collect(),
        Err(fault) => vec![format!("nothing is deleted, since nobody can say what is held: {fault}")],
    }
}

/// Deletes the reports and sums of weeks whose time is up and that nobody holds, and writes that down.
///
/// # Errors
/// The disk, or nobody can say what is held.
pub fn sweep(config: &Config, now_ms: i64) -> io::Result<()> {
    let (journal, days) = (journal_dir(config), config.retention.rollup_days);
    let today = crate::journal::week::timestamp(now_ms).to_zoned(config.school.zone.clone()).date();
    let Ok(before) = today.checked_sub(i64::from(days).days()) else { return Ok(()) };
    let Ok(folders) = std::fs::read_dir(config.data.join("reports")) else { return Ok(()) };
    let weeks = folders.filter_map(|entry| IsoWeek::parse(entry.ok()?.file_name().to_str()?).ok());
    let past: Vec<_> = weeks.filter(|week| week.sunday() < before).collect();
    if past.is_empty() {
        return Ok(());
    }
    let holds = hold::read(&journal)?;
    for week in past {
        // Whom it is about nobody can ask a report: with its week's file held, it is.
        let file = week.file(&journal);
        let of_week = holds.iter().any(|hold| matches!(&hold.what, Held::Week(held) if *held == week.to_string()));
        if of_week || file.exists() && hold::of(&holds, week, &file).is_some() {
            continue;
        }
        delete(&journal, &config.data, week, days, now_ms)?;
    }
    Ok(())
}

fn delete(journal: &Path, data: &Path, week: IsoWeek, days: u32, now_ms: i64) -> io::Result<()> {
    let record = Deletion {
        when_ms: now_ms,
        file: format!("reports/{week}"),
        week: week.to_string(),
        events: None,
        numbers: None,
        rule: format!("sums and reports, {days} days after the end of their week"),
    };
    deletion::record(journal, &record)?;
    std::fs::remove_dir_all(delivery::folder(data, week))?;
    tracing::info!(%week, days, "the reports and sums of a week have been deleted: they were kept as long as they may be");
    Ok(())
}

#[cfg(test)]
mod tests;
