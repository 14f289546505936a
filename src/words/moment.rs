//! When: UTC, and the school's own local time, worked out once by the clock.

use std::fmt;

/// Minutes in a week.
pub const WEEK_MINUTES: u16 = 7 * 24 * 60;

/// A local calendar day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// A moment as a decision sees it. Made by the clock, so that nothing that decides needs time zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: i64,
    /// The local calendar day.
    pub day: Day,
    /// Local minutes since Monday 00:00: 0 to 10,079.
    pub minute_of_week: u16,
}

impl Moment {
    /// Local minutes since midnight: 0 to 1,439.
    pub fn minute_of_day(self) -> u16 {
        self.minute_of_week % (24 * 60)
    }

    /// 0 is Monday.
    pub fn weekday(self) -> u8 {
        (self.minute_of_week / (24 * 60)) as u8
    }
}

impl fmt::Display for Moment {
    /// The local time of day, `HH:MM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minute_of_day() / 60, self.minute_of_day() % 60)
    }
}
