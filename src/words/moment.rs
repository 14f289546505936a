//! When: UTC, and the school's own local time, worked out once by the clock.

use std::fmt;

/// Minutes in a week.
pub const WEEK_MINUTES: u16 = 7 * 24 * 60;

/// The day this version was made, in milliseconds since 1970: nothing happens earlier, so a clock that says less has not
/// been set. Packagers set SOURCE_DATE_EPOCH (reproducible-builds.org); else the day of the release, 1 November 2026.
pub const BUILT_MS: i64 = match option_env!("SOURCE_DATE_EPOCH") {
    Some(seconds) => 1000 * decimal(seconds.as_bytes()),
    None => 1_793_491_200_000,
};

const fn decimal(digits: &[u8]) -> i64 {
    let (mut number, mut i) = (0, 0);
    while i < digits.len() {
        assert!(digits[i].is_ascii_digit(), "SOURCE_DATE_EPOCH is a number of seconds");
        number = number * 10 + (digits[i] - b'0') as i64;
        i += 1;
    }
    number
}

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

    /// Whether the clock that made it had been set.
    pub fn is_set(self) -> bool {
        self.unix_ms >= BUILT_MS
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
