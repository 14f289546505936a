use super::*;
use crate::words::Day;
use crate::words::moment::BUILT_MS;

/// A date as a day. 1970-01-01 is 0.
fn day(text: &str) -> Day {
    let date: jiff::civil::Date = text.parse().expect("a date");
    Day(jiff::civil::date(1970, 1, 1).until((jiff::Unit::Day, date)).expect("a span").get_days())
}

fn at(date: &str, hour: u16, minute: u16) -> Moment {
    let day = day(date);
    let weekday = (day.0 + 3).rem_euclid(7) as u16;
    Moment { unix_ms: BUILT_MS, day, minute_of_week: weekday * 1440 + hour * 60 + minute }
}

fn lunch(days: Days, weekdays: u8) -> Cell {
    let times = vec![Times { days: weekdays, from: 12 * 60 + 30, until: 13 * 60 + 30 }];
    let name = "lunch".into();
    Cell { name, category: Category::SOCIAL_NETWORKING, act: Act::Allow, group: None, days, times }
}

/// Two half-terms with a week between, an inset day, and a Monday of week A.
fn school() -> SchoolDays {
    SchoolDays {
        terms: vec![(day("2026-09-02"), day("2026-10-23")), (day("2026-11-02"), day("2026-12-18"))],
        off: vec![day("2026-11-20")],
        days_off: 1,
        weeks: vec![(day("2026-09-07"), Fortnight::A)],
        periods: vec![],
    }
}

#[test]
fn a_cell_holds_from_its_first_minute_up_to_its_last() {
    let timetable = Timetable::new(vec![lunch(Days::Any, 0b100_0001)], SchoolDays::default());
    for (date, hour, minute, holds) in [
        ("2026-11-16", 12, 29, false), // a Monday
        ("2026-11-16", 12, 30, true),
        ("2026-11-16", 13, 29, true),
        ("2026-11-16", 13, 30, false),
        ("2026-11-17", 12, 30, false),
        ("2026-11-22", 12, 30, true),
    ] {
        assert_eq!(timetable.at(&at(date, hour, minute)) == 1, holds, "{date} {hour}:{minute}");
    }
}

#[test]
fn a_school_day_is_a_weekday_in_term_and_not_off() {
    let timetable = Timetable::new(vec![lunch(Days::School(None), 0x1f)], school());
    for (date, holds) in [
        ("2026-11-16", true),
        ("2026-11-20", false), // inset
        ("2026-11-21", false), // a Saturday
        ("2026-10-23", true),
        ("2026-10-26", false), // half-term
        ("2026-12-18", true),
        ("2026-12-21", false),
        ("2027-07-01", false), // of a year with dates: they were left out on purpose
        ("2027-08-31", false),
    ] {
        assert_eq!(timetable.at(&at(date, 12, 45)) == 1, holds, "{date}");
        assert_eq!(school().contains(&at(date, 12, 45)), holds, "{date}");
    }
}

#[test]
fn where_the_term_dates_are_missing_monday_to_friday_eight_to_half_past_four_is_school() {
    let evening = Cell { times: vec![Times { days: 0x1f, from: 6 * 60, until: 22 * 60 }], ..lunch(Days::School(None), 0x1f) };
    for days in [school(), SchoolDays::default()] {
        let timetable = Timetable::new(vec![evening.clone()], days.clone());
        for (date, hour, minute, holds) in [
            ("2027-09-01", 7, 59, false), // a Wednesday of a year without dates
            ("2027-09-01", 8, 0, true),
            ("2027-09-01", 16, 29, true),
            ("2027-09-01", 16, 30, false),
            ("2027-09-04", 12, 0, false),
            ("2031-03-03", 12, 0, true),
            ("2031-03-02", 12, 0, false),
            ("2012-03-05", 12, 0, true),
        ] {
            assert_eq!(timetable.at(&at(date, hour, minute)) == 1, holds, "{date} {hour}:{minute} {:?}", days.terms);
        }
        assert!(days.is_unknown(day("2027-09-01")) && days.is_unknown(day("2012-03-05")));
    }
    // Written dates hold all day: a boarding school's evening is one.
    assert_eq!(Timetable::new(vec![evening], school()).at(&at("2026-11-16", 19, 0)), 1);
    assert!(!school().is_unknown(day("2027-08-31")));
    assert_eq!((school_year(day("2027-08-31")), september(2027)), (2026, day("2027-09-01")));
}

#[test]
fn weeks_a_and_b_take_turns_and_rest_in_the_holidays() {
    let mut days = school();
    let of = |days: &SchoolDays, date: &str| {
        let cells = vec![lunch(Days::School(Some(Fortnight::A)), 0x1f), lunch(Days::School(Some(Fortnight::B)), 0x1f)];
        Timetable::new(cells, days.clone()).at(&at(date, 12, 45))
    };
    for (date, mask) in [
        ("2026-09-02", 2), // the week before the one that is written
        ("2026-09-07", 1),
        ("2026-09-11", 1),
        ("2026-09-14", 2),
        ("2026-10-19", 1),
        ("2026-10-26", 0), // half-term counts for nobody
        ("2026-11-02", 2),
        ("2026-11-09", 1),
    ] {
        assert_eq!(of(&days, date), mask, "{date}");
    }
    // The second half-term begins anew.
    days.weeks.push((day("2026-11-02"), Fortnight::A));
    for (date, mask) in [("2026-10-19", 1), ("2026-11-02", 1), ("2026-11-09", 2)] {
        assert_eq!(of(&days, date), mask, "{date}");
    }
    // Past what is written they go on taking turns.
    let weeks: Vec<u64> = (0..4).map(|i| of(&days, ["2040-03-05", "2040-03-12", "2040-03-19", "2040-03-26"][i])).collect();
    assert!(weeks == [1, 2, 1, 2] || weeks == [2, 1, 2, 1], "{weeks:?}");
}

#[test]
fn the_bell_that_ends_a_lesson_is_the_next_one_that_is_meant() {
    let period = |name: &str, days, from, until, lesson| Period { name: name.into(), days, from, until, lesson };
    let days = SchoolDays {
        periods: vec![
            period("1", 0x1f, 530, 590, true),
            period("2", 0x1f, 590, 650, true),
            period("break", 0x1f, 650, 670, false),
            period("3", 0xf, 670, 730, true),
        ],
        ..school()
    };
    let timetable = Timetable::new(vec![], days.clone());
    for (date, hour, minute, bell) in [
        ("2026-11-16", 9, 0, Some(590)),
        ("2026-11-16", 9, 39, Some(590)),
        ("2026-11-16", 9, 40, Some(650)), // ready for the next lesson
        ("2026-11-16", 10, 45, Some(670)),
        ("2026-11-16", 8, 0, Some(590)),
        ("2026-11-16", 12, 15, None),
        ("2026-11-20", 9, 0, None),   // inset
        ("2026-12-18", 11, 30, None), // Friday has no third lesson
    ] {
        assert_eq!(timetable.bell(&at(date, hour, minute)), bell, "{date} {hour}:{minute}");
    }
    for (hour, minute, lesson) in [(9, 0, true), (10, 55, false), (16, 0, false)] {
        assert_eq!(days.is_lesson(&at("2026-11-16", hour, minute)), lesson, "{hour}:{minute}");
    }
    assert!(!days.is_lesson(&at("2026-11-20", 9, 0)));
}

#[test]
fn the_table_says_of_every_day_what_the_rule_says() {
    let days = school();
    let timetable = Timetable::new(vec![lunch(Days::School(None), 0x1f)], days.clone());
    for n in day("2026-08-01").0..day("2028-10-01").0 {
        let noon = Moment { unix_ms: BUILT_MS, day: Day(n), minute_of_week: ((n + 3).rem_euclid(7) as u16) * 1440 + 765 };
        assert_eq!(timetable.at(&noon) == 1, days.contains(&noon), "{n}");
        assert_eq!(timetable.kind(&noon).is_assumed(), days.contains(&noon) && days.is_unknown(Day(n)), "{n}");
    }
}
