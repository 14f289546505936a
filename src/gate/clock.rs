//! What time it is here.

use crate::words::{Day, Moment};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
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
