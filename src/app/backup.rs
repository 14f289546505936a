//! The nightly backup, and what `status` says of the last good one.

use crate::config::{Backup, Config};
use crate::gate::Clock;
use crate::gate::snapshot::local_time;
use crate::net::Drain;
use crate::ops::{backup, limits};
use jiff::Span;
use jiff::tz::TimeZone;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Between two looks at the clock.
const TICK: Duration = Duration::from_secs(20);

const HOUR_MS: i64 = 60 * 60 * 1000;

/// From when on a backup is old: a night was missed, and the next has not made up for it.
const OLD_MS: i64 = 36 * HOUR_MS;

/// When the last backup should have been made.
fn due(backup: &Backup, zone: &TimeZone, now_ms: i64) -> i64 {
    let today = crate::journal::week::timestamp(now_ms).to_zoned(zone.clone()).date();
    let (hour, minute) = ((backup.minute / 60).min(23) as i8, (backup.minute % 60) as i8);
    let at = |day: jiff::civil::Date| {
        let zoned = day.at(hour, minute, 0, 0).to_zoned(zone.clone());
        zoned.map_or(now_ms, |at| at.timestamp().as_millisecond())
    };
    match at(today) {
        due if due <= now_ms => due,
        _ => at(today.saturating_sub(Span::new().days(1))),
    }
}

/// Whether one is to be made now: none is there since it was due, and the last try is an hour ago.
fn is_due(config: &Config, now_ms: i64) -> bool {
    let Some(wanted) = &config.backup else { return false };
    let state = backup::state(&config.data);
    let due_ms = due(wanted, &config.school.zone, now_ms);
    // A clock that was ahead must not stop it.
    let done = state.good.is_some_and(|good| good.when_ms >= due_ms && good.when_ms <= now_ms + HOUR_MS);
    let tried = state.failed.is_some_and(|failed| (0..HOUR_MS).contains(&(now_ms - failed.when_ms)));
    !done && !tried
}

/// What `status` says: the last good one.
pub fn line(config: &Config) -> Option<String> {
    let good = backup::state(&config.data).good?;
    let (when, size) = (local_time(config, good.when_ms), good.bytes as f64 / f64::from(1 << 20));
    Some(format!("{when}, {size:.1} MiB: {}", good.file.display()))
}

/// What of it needs somebody.
pub fn needs_you(config: &Config, now_ms: i64) -> Option<String> {
    let wanted = config.backup.as_ref()?;
    let state = backup::state(&config.data);
    let last = match &state.good {
        Some(good) => format!("the last good one is of {}", local_time(config, good.when_ms)),
        None => "there is none yet".into(),
    };
    let failed =
        state.failed.map(|failed| format!("the backup of {} failed: {}", local_time(config, failed.when_ms), failed.why));
    let old = match &state.good {
        Some(good) => now_ms - good.when_ms > OLD_MS,
        None => true,
    };
    match failed {
        Some(failed) => Some(format!("{failed}; {last}")),
        None if old => Some(format!("no backup was made to {}: {last}", wanted.to.display())),
        None => None,
    }
}

/// What the schedule needs of the gate.
pub struct Around {
    pub clock: Clock,
    /// The configuration in force now.
    pub config: Box<dyn Fn() -> Config + Send>,
    /// Its main file.
    pub main: PathBuf,
    /// Puts what was noted into week files.
    pub settle: Box<dyn Fn() + Send>,
}

/// Starts the thread that makes what is due. It ends soon after `drain` begins, or with the process.
///
/// # Errors
/// If the system gives no thread.
pub fn start(around: Around, drain: Drain) -> io::Result<()> {
    std::thread::Builder::new().name("backup".into()).spawn(move || run(&around, drain)).map(drop)
}

fn run(around: &Around, mut drain: Drain) {
    limits::give_way();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => return tracing::error!("no backup is made by itself: {fault}"),
    };
    runtime.block_on(async {
        loop {
            tokio::select! {
                () = drain.begun() => return,
                () = tokio::time::sleep(TICK) => {}
            }
            let now_ms = around.clock.unix_ms();
            let config = (around.config)();
            // A clock that is not set makes no night.
            if now_ms < crate::journal::time::BUILT_MS || !is_due(&config, now_ms) {
                continue;
            }
            (around.settle)();
            match nightly(&config, &around.main, now_ms) {
                Ok(good) => {
                    tracing::info!(file = %good.file.display(), bytes = good.bytes, "the backup is made and was read again")
                }
                Err(fault) => tracing::error!(%fault, "the backup was not made"),
            }
        }
    });
}

fn nightly(config: &Config, main: &std::path::Path, now_ms: i64) -> Result<backup::Good, backup::Fault> {
    let Some(wanted) = &config.backup else { return Err(backup::Fault::Short) };
    let made = |passphrase: Result<String, backup::Fault>| {
        let passphrase = passphrase?;
        let place = backup::Place { to: &wanted.to, passphrase: &passphrase, keep: wanted.keep as usize };
        backup::make(config, main, place, now_ms, &mut |_| {})
    };
    let outcome = made(backup::passphrase(&wanted.passphrase_file));
    if let Err(fault) = &outcome {
        backup::failed(&config.data, fault, now_ms);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_once_a_night_by_the_clock_on_the_wall() {
        let zone = TimeZone::get("Europe/London").expect("a zone");
        let ms = |text: &str| text.parse::<jiff::Timestamp>().expect("a time").as_millisecond();
        let backup = Backup { to: "to".into(), passphrase_file: "file".into(), minute: 150, keep: 14 };
        for (now, at) in [
            ("2026-11-23T02:30:00Z", "2026-11-23T02:30:00Z"),
            ("2026-11-23T02:29:59Z", "2026-11-22T02:30:00Z"),
            ("2026-11-23T23:00:00Z", "2026-11-23T02:30:00Z"),
            // Summer time: half past two is half past one in UTC.
            ("2026-07-01T03:00:00Z", "2026-07-01T01:30:00Z"),
        ] {
            assert_eq!(due(&backup, &zone, ms(now)), ms(at), "{now}");
        }
    }
}
