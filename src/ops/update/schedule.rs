//! Each day at the school's time, and soon after a start that finds nothing or something old.
//!
//! A thread of its own, with a runtime of its own: fetching and compiling never take a thread from the doors.

use super::{How, Outcome, UpdateFault, kept, update};
use crate::config::{Config, Update};
use crate::gate::{Clock, clock};
use crate::net::Drain;
use crate::net::fetch::{chance, jittered};
use crate::ops::tables;
use jiff::tz::TimeZone;
use std::sync::Arc;
use std::time::Duration;

/// When what is there counts as old: a day and the jitter of two.
const OLD_MS: i64 = 26 * 60 * 60 * 1000;

/// Longest wait after a failure.
const LONGEST_AGAIN: Duration = Duration::from_secs(12 * 60 * 60);

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// 2026-01-01: a clock that says less is not set, for this was not written then.
const NOT_SET_BEFORE_MS: i64 = 1_767_225_600_000;

/// The times that are not the school's to set; another in tests.
#[derive(Debug, Clone)]
pub struct Timing {
    /// After a start, before anything is fetched: the doors and the line come first. Half of it is chance.
    pub first: Duration,
    /// Added to the school's time, as chance has it: a list's keeper is not asked by every school at 03:30:00.
    pub spread: Duration,
    /// After an update in which something failed, before the next try; doubled each time, up to half a day: a list that has
    /// moved stays away until somebody writes its new address.
    pub again: Duration,
    /// Between two looks at the clock.
    pub tick: Duration,
    pub how: How,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(3 * 60),
            spread: Duration::from_secs(20 * 60),
            again: Duration::from_secs(60 * 60),
            tick: Duration::from_secs(20),
            how: How::default(),
        }
    }
}

/// What the schedule needs of the gate.
pub struct Around {
    pub clock: Clock,
    /// The configuration in force now.
    pub config: Box<dyn Fn() -> Config + Send>,
    /// Makes a table of the lists as they are and puts it in force, or says why not.
    pub take: Box<dyn Fn() -> Result<String, String> + Send>,
}

/// Starts the thread. It ends soon after `drain` begins; an update under way is left where it is, and a table that is being made
/// is finished or never seen.
///
/// # Errors
/// If the system gives no thread.
pub fn start(around: Around, timing: Timing, drain: Drain) -> std::io::Result<()> {
    std::thread::Builder::new().name("lists".into()).spawn(move || run(&around, &timing, drain)).map(drop)
}

fn run(around: &Around, timing: &Timing, mut drain: Drain) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => return tracing::error!("the lists are not fetched by themselves: {fault}"),
    };
    runtime.block_on(async {
        let mut plan = Plan::new(around.clock.boot_ms(), timing);
        loop {
            tokio::select! {
                () = drain.begun() => return,
                () = tokio::time::sleep(timing.tick) => {}
            }
            let config = (around.config)();
            let now = Now { unix_ms: around.clock.unix_ms(), boot_ms: around.clock.boot_ms() };
            if !plan.is_due(now, config.lists.update, &config.school.zone, || state(&config)) {
                continue;
            }
            let went = tokio::select! {
                () = drain.begun() => return,
                went = once(&config, timing) => went,
            };
            let whole = match went {
                Ok(whole) => whole,
                Err(fault) => {
                    tracing::warn!("the lists were not fetched: {fault}");
                    false
                }
            };
            if !tables::is_current(&config) {
                match (around.take)() {
                    Ok(said) => tracing::info!("the fetched lists: {said}"),
                    Err(fault) => tracing::error!("the fetched lists were refused, what was in force stays in force\n{fault}"),
                }
            }
            plan.went(Now { unix_ms: around.clock.unix_ms(), boot_ms: around.clock.boot_ms() }, whole, timing);
        }
    });
}

/// Fetches once; whether nothing failed.
async fn once(config: &Config, timing: &Timing) -> Result<bool, UpdateFault> {
    let report = update(config, &config.lists.public, &timing.how, Arc::new(())).await?;
    for row in report.rows.iter().filter(|row| row.result == Outcome::Failed) {
        tracing::warn!(list = row.list, "was not fetched, what was there stays: {}", row.why.as_deref().unwrap_or(""));
    }
    let new = report.rows.iter().filter(|row| row.result == Outcome::New).count();
    let (lists, failed) = (report.rows.len(), report.rows.iter().filter(|row| row.result == Outcome::Failed).count());
    match failed {
        0 => tracing::info!(new, lists, "the public lists were fetched"),
        _ => tracing::warn!(new, failed, lists, "not every public list was fetched: `schoolgate lists update` tries again now"),
    }
    Ok(!report.any(Outcome::Failed))
}

/// What is there of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No list is to be fetched.
    Nothing,
    /// One of them was never fetched.
    Missing,
    /// The oldest was last compared with its keeper's then.
    Checked(i64),
}

fn state(config: &Config) -> State {
    let lists = &config.lists.public;
    if lists.is_empty() {
        return State::Nothing;
    }
    let checked: Option<Vec<i64>> = lists.iter().map(|list| kept::meta(&config.data, list).map(|m| m.checked_ms)).collect();
    match checked.and_then(|all| all.into_iter().min()) {
        Some(oldest) => State::Checked(oldest),
        None => State::Missing,
    }
}

#[derive(Debug, Clone, Copy)]
struct Now {
    unix_ms: i64,
    /// Goes on when nobody has set the time.
    boot_ms: u64,
}

/// When the next update is due.
#[derive(Debug)]
struct Plan {
    /// By the machine's own time: not before.
    not_before: u64,
    /// After the school's time of day.
    spread_ms: i64,
    /// The last update of this run.
    last: Option<Last>,
    /// Updates in a row in which something failed.
    failed: u32,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    at: Now,
    whole: bool,
}

impl Plan {
    fn new(boot_ms: u64, timing: &Timing) -> Self {
        Self { not_before: boot_ms + ms(jittered(timing.first)), spread_ms: spread(timing), last: None, failed: 0 }
    }

    /// An update has ended.
    fn went(&mut self, now: Now, whole: bool, timing: &Timing) {
        self.last = Some(Last { at: now, whole });
        self.failed = if whole { 0 } else { self.failed.saturating_add(1) };
        let again = timing.again.saturating_mul(1 << self.failed.saturating_sub(1).min(16)).min(LONGEST_AGAIN);
        self.not_before = now.boot_ms + ms(jittered(again));
        self.spread_ms = spread(timing);
    }

    fn is_due(&self, now: Now, update: Update, zone: &TimeZone, state: impl FnOnce() -> State) -> bool {
        let Update::Daily(minute) = update else { return false };
        if now.boot_ms < self.not_before {
            return false;
        }
        let checked = match (state(), self.last) {
            (State::Nothing, _) => return false,
            // Something failed, and the time for another try has come.
            (_, Some(Last { whole: false, .. })) | (State::Missing, _) => return true,
            (State::Checked(checked), _) => checked,
        };
        if now.unix_ms < NOT_SET_BEFORE_MS {
            // Nobody knows what time it is: once after the start, then a day later by the machine's own time.
            return self.last.is_none_or(|last| now.boot_ms.saturating_sub(last.at.boot_ms) as i64 >= DAY_MS);
        }
        // A time that is still to come was written by a clock that was wrong.
        let checked = if checked > now.unix_ms { i64::MIN } else { checked };
        let age = now.unix_ms.saturating_sub(checked);
        age > OLD_MS || checked < latest(minute, self.spread_ms, now.unix_ms, zone)
    }
}

/// The last moment at or before now that was the school's time of day and the spread after it.
fn latest(minute: u16, spread_ms: i64, now_ms: i64, zone: &TimeZone) -> i64 {
    let of_day = |days_ago: i64| {
        let day = clock::moment(now_ms - spread_ms - days_ago * DAY_MS, zone).day;
        let date = jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(i64::from(day.0)));
        let at = date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
        // In the night the clocks go forward there is no 01:30: it is then an hour later.
        at.to_zoned(zone.clone()).map_or(i64::MIN, |at| at.timestamp().as_millisecond() + spread_ms)
    };
    let today = of_day(0);
    if today <= now_ms { today } else { of_day(1) }
}

fn spread(timing: &Timing) -> i64 {
    ms(timing.spread.mul_f64(chance())) as i64
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * 60 * 1000;

    fn london() -> TimeZone {
        TimeZone::get("Europe/London").expect("a zone")
    }

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().expect("a time").as_millisecond()
    }

    /// A plan that has been up for an hour and added ten minutes.
    fn plan() -> Plan {
        Plan { not_before: 0, spread_ms: 10 * 60 * 1000, last: None, failed: 0 }
    }

    fn is_due(plan: &Plan, now: &str, state: State) -> bool {
        let now = Now { unix_ms: at(now), boot_ms: HOUR as u64 };
        plan.is_due(now, Update::Daily(3 * 60 + 30), &london(), || state)
    }

    #[test]
    fn lists_are_fetched_once_a_day_after_the_school_s_time() {
        for (now, checked, due) in [
            ("2026-11-22T03:39:59Z", "2026-11-21T03:41:00Z", false),
            ("2026-11-22T03:40:00Z", "2026-11-21T03:41:00Z", true),
            ("2026-11-22T03:42:00Z", "2026-11-22T03:41:00Z", false),
            // Off in the night: when it comes up again.
            ("2026-11-22T08:00:00Z", "2026-11-21T20:00:00Z", true),
            // By the school's clock, not by UTC.
            ("2026-06-22T02:39:00Z", "2026-06-21T02:41:00Z", false),
            ("2026-06-22T02:41:00Z", "2026-06-21T02:41:00Z", true),
            // Old, whatever the time of day.
            ("2026-11-22T02:00:00Z", "2026-11-20T03:41:00Z", true),
            // A time still to come is no time.
            ("2026-11-22T02:00:00Z", "2027-01-01T00:00:00Z", true),
        ] {
            assert_eq!(is_due(&plan(), now, State::Checked(at(checked))), due, "{now}, checked {checked}");
        }
    }

    #[test]
    fn a_start_that_finds_a_list_missing_fetches_soon_but_not_at_once() {
        let timing = Timing::default();
        for _ in 0..100 {
            let plan = Plan::new(0, &timing);
            assert!((90_000..=180_000).contains(&plan.not_before), "{}", plan.not_before);
            let due = |boot_ms: i64| {
                let now = Now { unix_ms: at("2026-11-22T12:00:00Z"), boot_ms: boot_ms as u64 };
                plan.is_due(now, Update::Daily(210), &london(), || State::Missing)
            };
            assert!(!due(60_000) && due(180_000));
        }
        assert!(!is_due(&plan(), "2026-11-22T12:00:00Z", State::Nothing));
        let never = Now { unix_ms: at("2026-11-22T12:00:00Z"), boot_ms: HOUR as u64 };
        assert!(!plan().is_due(never, Update::Never, &london(), || State::Missing));
    }

    #[test]
    fn a_clock_that_is_not_set_does_not_stop_it() {
        let mut plan = plan();
        let due = |plan: &Plan, boot_ms: i64| {
            let now = Now { unix_ms: boot_ms, boot_ms: boot_ms as u64 };
            plan.is_due(now, Update::Daily(210), &london(), || State::Checked(at("2026-11-20T03:41:00Z")))
        };
        assert!(due(&plan, HOUR));
        plan.went(Now { unix_ms: HOUR, boot_ms: HOUR as u64 }, true, &Timing::default());
        assert!(!due(&plan, 20 * HOUR) && due(&plan, 25 * HOUR));
    }

    #[test]
    fn what_failed_is_tried_again_after_an_hour_and_what_did_not_is_not() {
        let mut plan = plan();
        let now = |hours: i64| Now { unix_ms: at("2026-11-22T04:00:00Z") + hours * HOUR, boot_ms: (hours * HOUR) as u64 };
        let fresh = State::Checked(now(0).unix_ms);
        for (whole, due) in [(false, true), (true, false)] {
            plan.went(now(0), whole, &Timing::default());
            assert!(!plan.is_due(Now { boot_ms: 29 * 60 * 1000, ..now(0) }, Update::Daily(210), &london(), || fresh));
            assert_eq!(plan.is_due(now(2), Update::Daily(210), &london(), || fresh), due, "{whole}");
        }
    }

    #[test]
    fn a_list_that_stays_away_is_asked_for_less_and_less() {
        let mut plan = plan();
        let waits: Vec<u64> = (0..8)
            .map(|_| {
                plan.went(Now { unix_ms: 0, boot_ms: 0 }, false, &Timing::default());
                plan.not_before / HOUR as u64
            })
            .collect();
        assert!(waits[0] <= 1 && waits[7] >= 6 && waits.iter().all(|&w| w <= 12), "{waits:?}");
    }

    #[test]
    fn the_night_the_clocks_change_has_its_fetch() {
        // 01:30 does not exist on 29 March 2026 in London, and exists twice on 25 October.
        for (now, expected) in [
            ("2026-03-29T12:00:00Z", "2026-03-29T01:30:00Z"),
            ("2026-10-25T12:00:00Z", "2026-10-25T00:30:00Z"),
            ("2026-11-22T01:00:00Z", "2026-11-21T01:30:00Z"),
        ] {
            assert_eq!(latest(90, 0, at(now), &london()), at(expected), "{now}");
        }
    }
}
