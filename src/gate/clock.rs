//! What time it is here.

use crate::words::moment::BUILT_MS;
use crate::words::{Day, Moment};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The gate's clock: the system's, or one that a test or the demo moves. An argument of `app::build`; nothing else sets it.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// Milliseconds since 1970, moved by whoever holds the other end.
    Scripted(Arc<AtomicI64>),
}

impl Clock {
    /// Milliseconds since 1970, UTC.
    pub fn unix_ms(&self) -> i64 {
        match self {
            Self::System => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64),
            Self::Scripted(ms) => ms.load(Ordering::Relaxed),
        }
    }

    /// Milliseconds since the machine started (CLOCK_BOOTTIME): goes on when nobody has set the time.
    pub fn boot_ms(&self) -> u64 {
        use nix::time::{ClockId, clock_gettime};
        clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(0, |t| t.tv_sec() as u64 * 1000 + t.tv_nsec() as u64 / 1_000_000)
    }

    /// Turns a moment to now. Local day and minute are worked out only when a minute has begun, or `anew`: no zone's clock jumps
    /// within one.
    pub fn turn(&self, moment: &mut Moment, zone: &TimeZone, anew: bool) {
        const MINUTE_MS: i64 = 60_000;
        let now = self.unix_ms();
        if anew || now.div_euclid(MINUTE_MS) != moment.unix_ms.div_euclid(MINUTE_MS) {
            *moment = self::moment(now, zone);
        }
        moment.unix_ms = now;
    }

    /// Now, with the school's local day and minute of the week.
    pub fn now(&self, zone: &TimeZone) -> Moment {
        moment(self.unix_ms(), zone)
    }
}

/// A jump: somebody, or the network, set the clock while the gate ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// What it said after, in milliseconds since 1970.
    pub to_ms: i64,
    /// Forward, or, below zero, back.
    pub by_ms: i64,
    /// When, since the machine started.
    pub boot_ms: u64,
}

/// Where the clock jumped: what it says is held beside the time since the machine started, which nobody sets.
#[derive(Debug, Default)]
pub struct Jumps(Mutex<Looks>);

#[derive(Debug, Default)]
struct Looks {
    before: Option<(i64, u64)>,
    last: Option<Jump>,
}

impl Jumps {
    /// A step smaller than this between two looks is the clock being kept right.
    const LEAST_MS: u64 = 60_000;

    /// Looks at a clock; at one that a test moves there is nothing to see.
    pub fn look(&self, clock: &Clock) {
        if matches!(clock, Clock::System) {
            self.look_at(clock.unix_ms(), clock.boot_ms());
        }
    }

    fn look_at(&self, unix_ms: i64, boot_ms: u64) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((before_ms, before_boot_ms)) = looks.before.replace((unix_ms, boot_ms)) else { return };
        let by_ms = unix_ms - before_ms - boot_ms.saturating_sub(before_boot_ms) as i64;
        // The first setting of a clock is what everybody waits for.
        if before_ms >= BUILT_MS && by_ms.unsigned_abs() >= Self::LEAST_MS {
            tracing::warn!(by_ms, "the clock jumped");
            looks.last = Some(Jump { to_ms: unix_ms, by_ms, boot_ms });
        }
    }

    /// As if it had jumped.
    #[cfg(test)]
    pub(crate) fn jumped(&self, by_ms: i64, clock: &Clock) {
        self.look_at(clock.unix_ms(), clock.boot_ms());
        self.look_at(clock.unix_ms() + by_ms, clock.boot_ms());
    }

    pub fn last(&self) -> Option<Jump> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last
    }
}

/// `2 h 3 min`
pub fn span(ms: u64) -> String {
    let minutes = ms / 60_000;
    if minutes < 60 { format!("{minutes} min") } else { format!("{} h {} min", minutes / 60, minutes % 60) }
}

/// The moment that is `unix_ms` in this zone.
pub fn moment(unix_ms: i64, zone: &TimeZone) -> Moment {
    let local = Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
    Moment { unix_ms, day: day_of(&local), minute_of_week: minute_of_week(&local) }
}

fn day_of(local: &Zoned) -> Day {
    let midnight = local.date().to_zoned(TimeZone::UTC).map_or(0, |z| z.timestamp().as_second());
    Day(midnight.div_euclid(24 * 60 * 60) as i32)
}

fn minute_of_week(local: &Zoned) -> u16 {
    let day = local.weekday().to_monday_zero_offset() as u16;
    day * 24 * 60 + local.hour() as u16 * 60 + local.minute() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_goes_by_the_school_not_by_utc() {
        let london = TimeZone::get("Europe/London").expect("a zone");
        for (utc, weekday, time) in [
            ("2026-11-22T23:59:00Z", 6, "23:59"),
            ("2026-11-23T00:00:00Z", 0, "00:00"),
            ("2026-06-21T23:00:00Z", 0, "00:00"), // summer time: already Monday
            ("2026-10-25T00:59:00Z", 6, "01:59"),
            ("2026-10-25T01:00:00Z", 6, "01:00"), // the hour that comes twice
        ] {
            let ms = utc.parse::<Timestamp>().expect("a time").as_millisecond();
            let moment = moment(ms, &london);
            assert_eq!((moment.weekday(), moment.to_string().as_str()), (weekday, time), "{utc}");
        }
    }

    #[test]
    fn cells_go_by_the_local_clock_when_it_is_put_forward_and_back() {
        use crate::policy::{Act, Cell, Days, SchoolDays, Times, Timetable};
        use crate::words::Category;
        let london = TimeZone::get("Europe/London").expect("a zone");
        let cell = |days, from, until| Cell {
            name: String::new(),
            category: Category::GAMES,
            act: Act::Allow,
            group: None,
            days,
            times: vec![Times { days: 0x7f, from, until }],
        };
        let cells = vec![cell(Days::Any, 90, 150), cell(Days::School(None), 530, 590)];
        let timetable = Timetable::new(cells, SchoolDays::default());
        for (utc, mask, what) in [
            ("2027-03-28T00:59:00Z", 0, "00:59"),
            ("2027-03-28T01:00:00Z", 1, "02:00: 01:30 was never there"),
            ("2027-03-28T01:29:59Z", 1, "02:29"),
            ("2027-03-28T01:30:00Z", 0, "02:30"),
            ("2027-10-31T00:29:00Z", 0, "01:29, the first time"),
            ("2027-10-31T00:30:00Z", 1, "01:30"),
            ("2027-10-31T01:00:00Z", 0, "01:00, the second time"),
            ("2027-10-31T01:30:00Z", 1, "01:30 again"),
            ("2027-10-31T02:30:00Z", 0, "02:30"),
            ("2027-03-26T08:50:00Z", 2, "Friday's first lesson, in winter time"),
            ("2027-03-29T07:49:00Z", 0, "Monday's, in summer time"),
            ("2027-03-29T07:50:00Z", 2, "Monday's, in summer time"),
            ("2027-03-29T08:50:00Z", 0, "and its end"),
            ("2027-11-01T07:50:00Z", 0, "in winter time again"),
            ("2027-11-01T08:50:00Z", 2, "in winter time again"),
        ] {
            let ms = utc.parse::<Timestamp>().expect("a time").as_millisecond();
            assert_eq!(timetable.at(&moment(ms, &london)) & 3, mask, "{utc}: {what}");
        }
    }

    #[test]
    fn a_jump_is_seen_and_the_first_setting_and_a_slow_clock_are_none() {
        let jumps = Jumps::default();
        let mut boot = 5_000;
        let mut look = |unix_ms| {
            boot += 1000;
            jumps.look_at(unix_ms, boot);
            jumps.last().map(|jump| jump.by_ms)
        };
        assert_eq!(look(1_000), None);
        assert_eq!(look(BUILT_MS), None, "set for the first time");
        assert_eq!(look(BUILT_MS + 31_000), None, "half a minute");
        assert_eq!(look(BUILT_MS + 7_232_000), Some(7_200_000));
        assert_eq!(look(BUILT_MS + 7_233_000), Some(7_200_000));
        assert_eq!(look(BUILT_MS + 34_000), Some(-7_200_000));
        assert_eq!((span(7_380_000), span(180_000)), ("2 h 3 min".into(), "3 min".into()));
    }

    #[test]
    fn a_moment_that_is_turned_is_the_one_worked_out_anew() {
        let london = TimeZone::get("Europe/London").expect("a zone");
        // Over the end of summer time, and back, as a clock that is set does.
        let begin = "2026-10-25T00:58:30Z".parse::<Timestamp>().expect("a time").as_millisecond();
        let at = Arc::new(AtomicI64::new(begin));
        let clock = Clock::Scripted(at.clone());
        let mut turned = clock.now(&london);
        for step in (0..400).map(|i| i * 997).chain([-86_400_000, 0, 1]) {
            at.store(begin + step, Ordering::Relaxed);
            clock.turn(&mut turned, &london, false);
            assert_eq!(turned, clock.now(&london), "{step}");
        }
        let auckland = TimeZone::get("Pacific/Auckland").expect("a zone");
        clock.turn(&mut turned, &auckland, true);
        assert_eq!(turned, clock.now(&auckland));
    }
}
