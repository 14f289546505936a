//! ISO weeks, local times, and whether a moment is in lesson time.

use crate::gate::clock;
use crate::journal::IsoWeek;
use crate::policy::SchoolDays;
use crate::words::{Day, Moment};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Local times go by blocks of a quarter of an hour: every zone's offset today is a whole number of them.
const BLOCK_MS: i64 = 15 * 60 * 1000;

pub const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub const DAYS_SHORT: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// `Monday 16 to Sunday 22 November 2026`.
pub fn in_words(week: IsoWeek) -> String {
    let (from, to) = (week.monday(), week.sunday());
    let month = |d: Date| MONTHS.get(d.month() as usize - 1).copied().unwrap_or_default();
    let first = match () {
        () if from.year() != to.year() => format!("Monday {} {} {}", from.day(), month(from), from.year()),
        () if from.month() != to.month() => format!("Monday {} {}", from.day(), month(from)),
        () => format!("Monday {}", from.day()),
    };
    format!("{first} to Sunday {} {} {}", to.day(), month(to), to.year())
}

/// Local times of one week, worked out once a quarter of an hour of events.
pub struct Calendar<'a> {
    pub start_ms: i64,
    pub end_ms: i64,
    zone: &'a TimeZone,
    school_days: &'a SchoolDays,
    block: Option<(i64, Moment)>,
    /// When the clocks go back in this week, and by how much: that span of local time comes twice.
    back: Option<(i64, i64)>,
}

impl<'a> Calendar<'a> {
    pub fn new(week: IsoWeek, zone: &'a TimeZone, school_days: &'a SchoolDays) -> Self {
        let (start_ms, end_ms) = week.bounds(zone);
        Self { start_ms, end_ms, zone, school_days, block: None, back: back(zone, start_ms, end_ms) }
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

    /// Lesson time: before and after it a device in school is likely with a child and no adult.
    pub fn is_lesson(&self, moment: &Moment) -> bool {
        self.school_days.is_lesson(moment)
    }

    /// `Tuesday 10:42`.
    pub fn day_and_time(&mut self, unix_ms: i64) -> String {
        let moment = self.moment(unix_ms);
        format!("{} {moment}{}", day(&moment), self.which(unix_ms))
    }

    /// `10:42`.
    pub fn time(&mut self, unix_ms: i64) -> String {
        format!("{}{}", self.moment(unix_ms), self.which(unix_ms))
    }

    /// Which of the two, for a time that comes twice.
    fn which(&self, unix_ms: i64) -> &'static str {
        match self.back {
            Some((at, by)) if (at - by..at).contains(&unix_ms) => " before the clocks went back",
            Some((at, by)) if (at..at + by).contains(&unix_ms) => " after the clocks went back",
            _ => "",
        }
    }
}

fn back(zone: &TimeZone, start_ms: i64, end_ms: i64) -> Option<(i64, i64)> {
    let start = Timestamp::from_millisecond(start_ms).ok()?;
    let change = zone.following(start).next()?;
    let at = change.timestamp().as_millisecond();
    let by = i64::from(zone.to_offset(start).seconds() - change.offset().seconds()) * 1000;
    (at < end_ms && by > 0).then_some((at, by))
}

/// The Monday of a week.
pub fn monday(week: IsoWeek, zone: &TimeZone) -> Day {
    clock::moment(week.bounds(zone).0, zone).day
}

/// Days between the halves of a term, at most: a longer break begins another.
const HALF_TERM: i32 = 16;

/// The first day of the term that this week is in, both its halves taken as one. `None`: it is in none that is written.
pub fn term_begins(week: IsoWeek, zone: &TimeZone, school_days: &SchoolDays) -> Option<Day> {
    let monday = monday(week, zone);
    let mut begins = school_days.terms.iter().find(|(first, last)| first.0 <= monday.0 + 6 && last.0 >= monday.0)?.0;
    while let Some((first, _)) =
        school_days.terms.iter().find(|(first, last)| *first < begins && *last < begins && begins.0 - last.0 <= HALF_TERM)
    {
        begins = *first;
    }
    Some(begins)
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
            assert_eq!(in_words(read), words);
            assert_eq!(IsoWeek::of(ms(from), &london()), read);
            assert_eq!(IsoWeek::of(ms(to) - 1, &london()), read);
            assert_eq!(IsoWeek::of(ms(from) - 1, &london()), read.previous());
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
