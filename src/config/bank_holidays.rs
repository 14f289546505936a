//! The bank holidays of a part of the United Kingdom, by the rules they have had since 1978 (gov.uk/bank-holidays). What is
//! proclaimed for one year is a day off like any other.

use jiff::Span;
use jiff::civil::{Date, Weekday, date};

/// Where the school is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nation {
    EnglandAndWales,
    Scotland,
    NorthernIreland,
}

/// What they are called in a file.
pub(super) const NATIONS: &[(&str, Nation)] = &[
    ("england-and-wales", Nation::EnglandAndWales),
    ("scotland", Nation::Scotland),
    ("northern-ireland", Nation::NorthernIreland),
];

/// Those of one year. A holiday of a fixed date that falls on a weekend, or on another, is on the next weekday that is none.
pub(super) fn bank_holidays(nation: Nation, year: i16) -> Vec<Date> {
    use Nation::*;
    let fixed: &[(i8, i8)] = match nation {
        EnglandAndWales => &[(1, 1), (12, 25), (12, 26)],
        Scotland => &[(1, 1), (1, 2), (11, 30), (12, 25), (12, 26)],
        NorthernIreland => &[(1, 1), (3, 17), (7, 12), (12, 25), (12, 26)],
    };
    let mut days = vec![after(easter(year), -2), nth_monday(year, 5, 1), nth_monday(year, 5, -1)];
    days.push(nth_monday(year, 8, if nation == Scotland { 1 } else { -1 }));
    if nation != Scotland {
        days.push(after(easter(year), 1));
    }
    for (month, day) in fixed {
        let mut day = date(year, *month, *day);
        while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) || days.contains(&day) {
            day = after(day, 1);
        }
        days.push(day);
    }
    days.sort_unstable();
    days
}

fn nth_monday(year: i16, month: i8, nth: i8) -> Date {
    let first = date(year, month, 1);
    first.nth_weekday_of_month(nth, Weekday::Monday).unwrap_or(first)
}

/// Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher).
fn easter(year: i16) -> Date {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    date(year as i16, (sum / 31) as i8, (sum % 31 + 1) as i8)
}

fn after(day: Date, days: i32) -> Date {
    day.saturating_add(Span::new().days(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As gov.uk/bank-holidays lists them.
    #[test]
    fn the_days_are_those_that_the_government_lists() {
        for (nation, year, days) in [
            (Nation::EnglandAndWales, 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
            (Nation::EnglandAndWales, 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
            (Nation::EnglandAndWales, 2028, "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26"),
            (Nation::EnglandAndWales, 2022, "01-03 04-15 04-18 05-02 05-30 08-29 12-26 12-27"),
            (Nation::Scotland, 2026, "01-01 01-02 04-03 05-04 05-25 08-03 11-30 12-25 12-28"),
            (Nation::Scotland, 2027, "01-01 01-04 03-26 05-03 05-31 08-02 11-30 12-27 12-28"),
            (Nation::NorthernIreland, 2026, "01-01 03-17 04-03 04-06 05-04 05-25 07-13 08-31 12-25 12-28"),
        ] {
            let said: Vec<_> = bank_holidays(nation, year).iter().map(|d| format!("{:02}-{:02}", d.month(), d.day())).collect();
            assert_eq!(said.join(" "), days, "{nation:?} {year}");
        }
    }
}
