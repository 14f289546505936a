//! ISO weeks, local times, and whether a moment is in lesson time.

use crate::gate::clock;
use crate::policy::SchoolDays;
use crate::words::Moment;
use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::fmt;

/// Lesson time, local minutes of the day: from the first up to the second, on school days. Before and after it a device in
/// school is likely with a child and no adult.
pub const LESSONS: std::ops::Range<u16> = 8 * 60..16 * 60 + 30;

/// Local times go by blocks of a quarter of an hour: every zone's offset today is a whole number of them.
const BLOCK_MS: i64 = 15 * 60 * 1000;

pub const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub const DAYS_SHORT: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

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
    /// [`BadWeek`]: the year has no week of that number.
    pub fn new(year: i16, week: i8) -> Result<Self, BadWeek> {
        let monday = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| BadWeek)?.date();
        // The first and the last weeks that the calendar knows have no neighbours to be bounded by.
        if (1900..=9000).contains(&year) { Ok(Self { monday }) } else { Err(BadWeek) }
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

    /// The week a moment is in, by the school's own time.
    pub fn of(unix_ms: i64, zone: &TimeZone) -> Self {
        let date = date_of(unix_ms, zone);
        let monday = date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days());
        Self { monday }
    }

    #[must_use]
    pub fn previous(self) -> Self {
        Self { monday: self.monday.saturating_sub(7.days()) }
    }

    /// The first millisecond of the week, and the first after it: 167 or 169 hours when the clocks change.
    pub fn bounds(self, zone: &TimeZone) -> (i64, i64) {
        let midnight = |date: Date| date.to_zoned(zone.clone()).map_or(0, |z| z.timestamp().as_millisecond());
        (midnight(self.monday), midnight(self.monday.saturating_add(7.days())))
    }

    /// `Monday 16 to Sunday 22 November 2026`.
    pub fn in_words(self) -> String {
        let (from, to) = (self.monday, self.monday.saturating_add(6.days()));
        let month = |d: Date| MONTHS.get(d.month() as usize - 1).copied().unwrap_or_default();
        let first = match () {
            () if from.year() != to.year() => format!("Monday {} {} {}", from.day(), month(from), from.year()),
            () if from.month() != to.month() => format!("Monday {} {}", from.day(), month(from)),
            () => format!("Monday {}", from.day()),
        };
        format!("{first} to Sunday {} {} {}", to.day(), month(to), to.year())
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

/// Local times of one week, worked out once a quarter of an hour of events.
pub struct Calendar<'a> {
    pub start_ms: i64,
    pub end_ms: i64,
    zone: &'a TimeZone,
    school_days: &'a SchoolDays,
    block: Option<(i64, Moment)>,
}

impl<'a> Calendar<'a> {
    pub fn new(week: IsoWeek, zone: &'a TimeZone, school_days: &'a SchoolDays) -> Self {
        let (start_ms, end_ms) = week.bounds(zone);
        Self { start_ms, end_ms, zone, school_days, block: None }
    }

    pub fn contains(&self, unix_ms: i64) -> bool {
        (self.start_ms..self.end_ms).contains(&unix_ms)
    }

    pub fn moment(&mut self, unix_ms: i64) -> Moment {
        let number = unix_ms.div_euclid(BLOCK_MS);
        let first = match self.block {
            Some((n, first)) if n == number => first,
            _ => clock::moment(number * BLOCK_MS, self.zone),
        };
        self.block = Some((number, first));
        let minutes = (unix_ms.rem_euclid(BLOCK_MS) / 60_000) as u16;
        Moment { unix_ms, day: first.day, minute_of_week: first.minute_of_week + minutes }
    }

    pub fn is_lesson(&self, moment: &Moment) -> bool {
        LESSONS.contains(&moment.minute_of_day()) && self.school_days.contains(moment)
    }

    /// `Tuesday 10:42`.
    pub fn day_and_time(&mut self, unix_ms: i64) -> String {
        let moment = self.moment(unix_ms);
        format!("{} {moment}", day(&moment))
    }

    /// `10:42`.
    pub fn time(&mut self, unix_ms: i64) -> String {
        self.moment(unix_ms).to_string()
    }
}

/// The name of a moment's day.
pub fn day(moment: &Moment) -> &'static str {
    DAYS.get(usize::from(moment.weekday())).copied().unwrap_or_default()
}

/// `Monday 23 November 2026, 07:00`.
pub fn date_and_time(unix_ms: i64, zone: &TimeZone) -> String {
    let date = date_of(unix_ms, zone);
    let moment = clock::moment(unix_ms, zone);
    let month = MONTHS.get(date.month() as usize - 1).copied().unwrap_or_default();
    format!("{} {} {month} {}, {moment}", day(&moment), date.day(), date.year())
}

fn date_of(unix_ms: i64, zone: &TimeZone) -> Date {
    Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone()).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn london() -> TimeZone {
        TimeZone::get("Europe/London").expect("a zone")
    }

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn a_week_is_monday_to_sunday_in_local_time() {
        for (week, from, to, words) in [
            ("2026-W47", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z", "Monday 16 to Sunday 22 November 2026"),
            ("2026-W43", "2026-10-18T23:00:00Z", "2026-10-26T00:00:00Z", "Monday 19 to Sunday 25 October 2026"),
            ("2026-W53", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z", "Monday 28 December 2026 to Sunday 3 January 2027"),
        ] {
            let read = IsoWeek::parse(week).expect(week);
            assert_eq!(read.to_string(), week);
            assert_eq!(read.bounds(&london()), (ms(from), ms(to)), "{week}");
            assert_eq!(read.in_words(), words);
            assert_eq!(IsoWeek::of(ms(from), &london()), read);
            assert_eq!(IsoWeek::of(ms(to) - 1, &london()), read);
            assert_eq!(IsoWeek::of(ms(from) - 1, &london()), read.previous());
        }
        for bad in ["2026-W54", "2026W47", "2026-W4", "W47", "", "2026-W00", "2025-W53"] {
            assert_eq!(IsoWeek::parse(bad), Err(BadWeek), "{bad}");
        }
    }

    #[test]
    fn lesson_time_is_a_school_days_eight_to_half_past_four() {
        let (zone, days) = (london(), SchoolDays::default());
        let mut calendar = Calendar::new(IsoWeek::parse("2026-W47").expect("a week"), &zone, &days);
        for (at, lesson) in [
            ("2026-11-16T07:59:59Z", false),
            ("2026-11-16T08:00:00Z", true),
            ("2026-11-16T16:29:59Z", true),
            ("2026-11-16T16:30:00Z", false),
            ("2026-11-21T10:00:00Z", false),
        ] {
            let moment = calendar.moment(ms(at));
            assert_eq!(calendar.is_lesson(&moment), lesson, "{at}");
        }
    }

    proptest! {
        #[test]
        fn a_quarter_at_a_time_is_the_same_as_each_alone(at in 1_700_000_000_000i64..1_900_000_000_000) {
            let (zone, days) = (london(), SchoolDays::default());
            let mut calendar = Calendar::new(IsoWeek::of(at, &zone), &zone, &days);
            prop_assert!(calendar.contains(at));
            prop_assert_eq!(calendar.moment(at), clock::moment(at, &zone));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,12}") {
            let _ = IsoWeek::parse(&text);
        }
    }
}
