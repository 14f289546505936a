//! The report on its day, whether anything happened or not: each edition, kept under DATA/reports.
//!
//! Always holds: every whole week since the first one with a journal has its number and its files; one that nobody was there to
//! make is made at the next start and says so; `status` says which one is not there.

use super::followed::told;
use super::journal_dir;
use super::mail::Post;
use super::mail::letter::Letter;
use super::weekly::{self, Running};
use crate::config::{Config, Report};
use crate::gate::Clock;
use crate::journal::read;
use crate::net::Drain;
use crate::ops::files;
use crate::report::{self, Edition, IsoWeek, Sums};
use jiff::Span;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks at the clock.
const TICK: Duration = Duration::from_secs(20);

/// From so long after it was due, a report says that it is late: a slow box needs some minutes, a reboot some more.
const LATE_MS: i64 = 60 * 60 * 1000;

/// After a failure, before the next try.
const AGAIN_MS: i64 = 10 * 60 * 1000;

/// Weeks that are caught up on: what is older is past its retention.
const MOST_MISSED: usize = 13;

/// What is written down of a report that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    pub made_ms: i64,
    pub due_ms: i64,
    pub late: bool,
    pub delivery: u32,
}

/// Why the last try failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    pub week: String,
    pub when_ms: i64,
    pub why: String,
}

/// The folder of a week's report.
pub fn folder(data: &Path, week: IsoWeek) -> PathBuf {
    data.join("reports").join(week.to_string())
}

/// What is known of the report of a week, if it was made on its day or after.
pub fn made(data: &Path, week: IsoWeek) -> Option<Made> {
    read_json(&folder(data, week).join("made.json"))
}

/// The sums of the weeks before this one, as far as they are there.
pub fn past(data: &Path, week: IsoWeek) -> Vec<Sums> {
    let before = std::iter::successors(Some(week.previous()), |week| Some(week.previous()));
    before.take(report::sums::MOST_WEEKS + 8).filter_map(|week| read_json(&folder(data, week).join("sums.json"))).collect()
}

/// Keeps the sums of a whole week for those that come.
///
/// # Errors
/// As the file system says.
pub fn keep_sums(data: &Path, week: IsoWeek, made: &report::Week) -> io::Result<()> {
    if made.unfinished {
        return Ok(());
    }
    files::replace_private(&folder(data, week).join("sums.json"), &serde_json::to_vec(&Sums::of(made))?)
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The last report that is due by now: of which week, and since when.
pub fn due(report: &Report, zone: &TimeZone, now_ms: i64) -> (IsoWeek, i64) {
    let this = IsoWeek::of(now_ms, zone);
    match due_in(report, zone, this) {
        at if at <= now_ms => (this.previous(), at),
        _ => (this.previous().previous(), due_in(report, zone, this.previous())),
    }
}

/// When, in this week, the report of the week before is due.
fn due_in(report: &Report, zone: &TimeZone, week: IsoWeek) -> i64 {
    let date = week.monday().saturating_add(Span::new().days(i64::from(report.day)));
    let (hour, minute) = ((report.minute / 60) as i8, (report.minute % 60) as i8);
    // A time that the clocks jump over is the one after the jump.
    date.at(hour.min(23), minute, 0, 0)
        .to_zoned(zone.clone())
        .map_or_else(|_| week.bounds(zone).0, |at| at.timestamp().as_millisecond())
}

/// The reports that should be there and are not, the oldest first, each with the time it was due.
pub fn missing(config: &Config, now_ms: i64) -> Vec<(IsoWeek, i64)> {
    let zone = &config.school.zone;
    let Some(first) = read::weeks(&journal_dir(config)).ok().and_then(|weeks| weeks.first().map(|w| w.week)) else {
        return Vec::new();
    };
    let (last, _) = due(&config.report, zone, now_ms);
    let weeks = std::iter::successors(Some(last), |week| Some(week.previous()));
    let mut missing: Vec<_> = weeks
        .take(MOST_MISSED)
        .take_while(|week| week.monday() >= first.monday())
        .filter(|week| made(&config.data, *week).is_none())
        .map(|week| (week, due_in(&config.report, zone, next(week, zone))))
        .collect();
    missing.reverse();
    missing
}

fn next(week: IsoWeek, zone: &TimeZone) -> IsoWeek {
    // The end of a week is the first moment of the next.
    IsoWeek::of(week.bounds(zone).1, zone)
}

/// Makes the report of a week in every edition and keeps it. Returns the folder.
///
/// # Errors
/// Why it is not made, in words; `status` says so, too.
pub fn deliver(config: &Config, week: IsoWeek, due_ms: i64, now_ms: i64, running: Option<Running>) -> Result<PathBuf, String> {
    let late = now_ms - due_ms > LATE_MS;
    let outcome = (|| -> Result<PathBuf, String> {
        let whole = weekly::make_due(config, week, now_ms, running, late.then_some(due_ms)).map_err(|e| e.to_string())?;
        let folder = folder(&config.data, week);
        let keep = |name: String, written: &[u8]| {
            let path = folder.join(name);
            files::replace_private(&path, written).map_err(|e| format!("{}: {e}", path.display()))
        };
        for edition in Edition::ALL {
            let shown = report::edit(&whole, *edition);
            keep(format!("{edition}.html"), report::html(&shown).as_bytes())?;
            keep(format!("{edition}.pdf"), &report::pdf(&shown).map_err(|e| e.to_string())?)?;
            keep(format!("{edition}.csv"), report::csv(&shown).as_bytes())?;
        }
        // Before it is written down as made: a letter of the same id replaces it, one that was never written does not come.
        if let Some(post) = Post::of(config) {
            post.post(&Letter::report(&whole, &post, now_ms)).map_err(|e| format!("the mail of it cannot be kept: {e}"))?;
        }
        let made = Made { made_ms: now_ms, due_ms, late, delivery: whole.delivery };
        keep("made.json".into(), &serde_json::to_vec(&made).map_err(|e| e.to_string())?)?;
        Ok(folder)
    })();
    let failed = config.data.join("reports/failed.json");
    match &outcome {
        Ok(_) => drop(std::fs::remove_file(failed)),
        Err(why) => {
            let fault = Failed { week: week.to_string(), when_ms: now_ms, why: why.clone() };
            let _ = files::replace_private(&failed, &serde_json::to_vec(&fault).unwrap_or_default());
        }
    }
    outcome
}

/// What `status` says of reports that are not there. A report that has just come due is being made.
pub fn needs_you(config: &Config, now_ms: i64) -> Vec<String> {
    let missing: Vec<_> = missing(config, now_ms).into_iter().filter(|(_, due_ms)| now_ms - due_ms > AGAIN_MS).collect();
    let failed: Option<Failed> = read_json(&config.data.join("reports/failed.json"));
    let line = |(week, due_ms): &(IsoWeek, i64)| {
        let due = crate::gate::snapshot::local_time(config, *due_ms);
        let why = failed.as_ref().filter(|f| f.week == week.to_string()).map_or_else(String::new, |f| format!(" ({})", f.why));
        format!("the report of {week}, due {due}, was not made{why}: `schoolgate report week --week {week}` says what is wrong")
    };
    missing.iter().map(line).collect()
}

/// What the schedule needs of the gate.
pub struct Around {
    pub clock: Clock,
    /// The configuration in force now.
    pub config: Box<dyn Fn() -> Config + Send>,
    /// What the gate knows of itself.
    pub running: Box<dyn Fn() -> Running + Send>,
}

/// Starts the thread that makes what is due. It ends soon after `drain` begins.
///
/// # Errors
/// If the system gives no thread.
pub fn start(around: Around, drain: Drain) -> io::Result<()> {
    std::thread::Builder::new().name("reports".into()).spawn(move || run(&around, drain)).map(drop)
}

fn run(around: &Around, mut drain: Drain) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => return tracing::error!("no report is made by itself: {fault}"),
    };
    runtime.block_on(async {
        let mut again_ms = i64::MIN;
        loop {
            tokio::select! {
                () = drain.begun() => return,
                () = tokio::time::sleep(TICK) => {}
            }
            let now_ms = around.clock.unix_ms();
            // A clock that is not set makes no week.
            if now_ms < crate::journal::time::BUILT_MS {
                continue;
            }
            let config = (around.config)();
            if let Some(post) = Post::of(&config) {
                tokio::select! {
                    () = drain.begun() => return,
                    swept = post.sweep(now_ms) => if let Err(fault) = swept {
                        tracing::error!("the mail cannot be kept: {fault}");
                    }
                }
            }
            if now_ms < again_ms {
                continue;
            }
            if let Err(fault) = told::sweep(&config, now_ms) {
                tracing::error!("who comes next cannot be told of a report that nobody has signed: {fault}");
                again_ms = now_ms + AGAIN_MS;
            }
            for (week, due_ms) in missing(&config, now_ms) {
                match deliver(&config, week, due_ms, around.clock.unix_ms(), Some((around.running)())) {
                    Ok(folder) => tracing::info!("the report of {week} is in {}", folder.display()),
                    Err(why) => {
                        tracing::error!("the report of {week} was not made: {why}");
                        again_ms = now_ms + AGAIN_MS;
                        break;
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn a_report_is_due_on_its_day_in_local_time_also_when_the_clocks_change() {
        let zone = TimeZone::get("Europe/London").expect("a zone");
        let monday = Report { day: 0, minute: 360, ..Report::default() };
        let tuesday = Report { day: 1, minute: 450, ..Report::default() };
        for (report, now, week, at) in [
            (&monday, "2026-11-23T06:00:00Z", "2026-W47", "2026-11-23T06:00:00Z"),
            (&monday, "2026-11-23T05:59:59Z", "2026-W46", "2026-11-16T06:00:00Z"),
            (&monday, "2026-11-29T23:00:00Z", "2026-W47", "2026-11-23T06:00:00Z"),
            (&tuesday, "2026-11-24T07:29:00Z", "2026-W46", "2026-11-17T07:30:00Z"),
            // 25 October 2026: the clocks went back, and six is six by the new time; before, it was five in UTC.
            (&monday, "2026-10-26T06:00:00Z", "2026-W43", "2026-10-26T06:00:00Z"),
            (&monday, "2026-10-26T05:30:00Z", "2026-W42", "2026-10-19T05:00:00Z"),
        ] {
            let (due_week, due_ms) = due(report, &zone, ms(now));
            assert_eq!((due_week.to_string(), due_ms), (week.to_owned(), ms(at)), "{now}");
        }
    }
}
