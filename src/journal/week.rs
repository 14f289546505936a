//! ISO weeks of the school's local time: which week file an event belongs to.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::fmt;
use std::path::{Path, PathBuf};

/// A week by ISO 8601: Monday to Sunday, written `2026-W47`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IsoWeek {
    monday: Date,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO week such as 2026-W47")]
pub struct BadWeek;

impl IsoWeek {
    /// # Errors
    /// [`BadWeek`]: the year has no week of that number, or is not written in four digits.
    pub fn new(year: i16, week: i8) -> Result<Self, BadWeek> {
        let monday = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| BadWeek)?.date();
        if (0..=9999).contains(&year) { Ok(Self { monday }) } else { Err(BadWeek) }
    }

    /// Reads `2026-W47`.
    ///
    /// # Errors
    /// [`BadWeek`]: anything else.
    pub fn parse(text: &str) -> Result<Self, BadWeek> {
        let (year, week) = text.split_once("-W").ok_or(BadWeek)?;
        let digits = |t: &str, len| t.len() == len && t.bytes().all(|c| c.is_ascii_digit());
        if !digits(year, 4) || !digits(week, 2) {
            return Err(BadWeek);
        }
        Self::new(year.parse().map_err(|_| BadWeek)?, week.parse().map_err(|_| BadWeek)?)
    }

    /// The week of a moment in this zone: from the first of 1970 to the last of 9999.
    pub fn of(when_ms: i64, zone: &TimeZone) -> Self {
        let day = timestamp(when_ms.max(0)).to_zoned(zone.clone()).date();
        Self { monday: day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days()) }
    }

    #[must_use]
    pub fn previous(self) -> Self {
        Self { monday: self.monday.saturating_sub(7.days()) }
    }

    pub fn monday(self) -> Date {
        self.monday
    }

    pub fn sunday(self) -> Date {
        self.monday.saturating_add(6.days())
    }

    /// From its first millisecond up to the first of the next week: 167 or 169 hours when the clocks change.
    pub fn bounds(self, zone: &TimeZone) -> (i64, i64) {
        let midnight = |day: Date| day.to_zoned(zone.clone()).map_or(i64::MAX, |at| at.timestamp().as_millisecond());
        (midnight(self.monday), midnight(self.monday.saturating_add(7.days())))
    }

    /// Where the times of its week file begin: Monday 00:00 UTC, in milliseconds since 1970.
    pub fn base_ms(self) -> i64 {
        self.bounds(&TimeZone::UTC).0
    }

    /// The week file in this folder.
    pub fn file(self, dir: &Path) -> PathBuf {
        dir.join(format!("{self}.db"))
    }
}

impl std::str::FromStr for IsoWeek {
    type Err = BadWeek;
    fn from_str(text: &str) -> Result<Self, BadWeek> {
        Self::parse(text)
    }
}

impl fmt::Display for IsoWeek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.monday.iso_week_date();
        write!(f, "{:04}-W{:02}", week.year(), week.week())
    }
}

/// A moment of an event as a timestamp, the nearest there is.
pub fn timestamp(when_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(when_ms).unwrap_or(if when_ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Weeks of moments, with the last one kept: nearly every event is of the week of the one before.
pub struct Weeks {
    zone: TimeZone,
    last: Option<(i64, i64, IsoWeek)>,
}

impl Weeks {
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, last: None }
    }

    pub fn of(&mut self, when_ms: i64) -> IsoWeek {
        if let Some((from, until, week)) = self.last
            && (from..until).contains(&when_ms)
        {
            return week;
        }
        let week = IsoWeek::of(when_ms, &self.zone);
        let (from, until) = week.bounds(&self.zone);
        self.last = Some((from, until, week));
        week
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(utc: &str) -> i64 {
        utc.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn a_week_begins_on_monday_at_midnight_where_the_school_is() {
        let london = TimeZone::get("Europe/London").expect("a zone");
        let auckland = TimeZone::get("Pacific/Auckland").expect("a zone");
        for (zone, utc, week) in [
            (&london, "2026-11-22T23:59:59.999Z", "2026-W47"),
            (&london, "2026-11-23T00:00:00Z", "2026-W48"),
            (&london, "2026-06-21T22:59:59.999Z", "2026-W25"),
            (&london, "2026-06-21T23:00:00Z", "2026-W26"), // summer time
            (&london, "2026-12-31T12:00:00Z", "2026-W53"),
            (&london, "2027-01-03T23:59:59Z", "2026-W53"),
            (&london, "2027-01-04T00:00:00Z", "2027-W01"),
            (&auckland, "2026-11-22T11:00:00Z", "2026-W48"),
        ] {
            assert_eq!(IsoWeek::of(ms(utc), zone).to_string(), week, "{utc}");
            assert_eq!(Weeks::new(zone.clone()).of(ms(utc)).to_string(), week, "{utc}");
            assert_eq!(IsoWeek::parse(week).map(|w| w.to_string()).as_deref(), Ok(week));
        }
    }

    #[test]
    fn the_kept_week_ends_where_the_next_begins() {
        let london = TimeZone::get("Europe/London").expect("a zone");
        let mut weeks = Weeks::new(london.clone());
        let monday = ms("2026-10-26T00:00:00Z"); // the week after the clocks go back
        for step in -3..3 {
            let at = monday + step;
            assert_eq!(weeks.of(at), IsoWeek::of(at, &london), "{step}");
        }
        let (from, until) = IsoWeek::new(2026, 43).expect("a week").bounds(&london);
        assert_eq!((until - from) / 3_600_000, 7 * 24 + 1);
    }

    #[test]
    fn no_moment_is_without_a_week_and_no_text_makes_it_panic() {
        let mut weeks = Weeks::new(TimeZone::UTC);
        for at in [i64::MIN, -1, 0, i64::MAX] {
            let week = weeks.of(at);
            assert_eq!(IsoWeek::parse(&week.to_string()), Ok(week));
        }
        for text in ["2026-W54", "2026-W00", "2026-W5", "26-W05", "2026W47", "2026-W47.db", "", "-W", "２０２６-W47"] {
            assert_eq!(IsoWeek::parse(text), Err(BadWeek), "{text}");
        }
    }
}
