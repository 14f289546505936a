//! Access switched off and on while the gate runs: written into the register first, then in force.

use super::entries::{Hand, not_empty};
use super::register_file;
use crate::config::Config;
use crate::gate::clock::moment;
use crate::people::details::day_of;
use crate::people::{Register, Store, StoreFault};
use crate::words::{Day, Moment};

/// Withdraws people, and gives the register as it then is.
///
/// # Errors
/// Why nothing was changed.
pub fn withdraw(config: &Config, people: &[String], reason: &str, hand: Hand) -> Result<Register, String> {
    let reason = one_line(reason)?;
    open(config)?.withdraw(people, &reason, hand.by, hand.now_ms).map_err(text)
}

/// Gives people access again, until the last day that is said, a date or `today`, or the one they have.
///
/// # Errors
/// As [`withdraw`].
pub fn restore(config: &Config, people: &[String], until: Option<&str>, reason: &str, hand: Hand) -> Result<Register, String> {
    let reason = one_line(reason)?;
    let today = moment(hand.now_ms, &config.school.zone).day;
    let until = until.map(|text| last_day(text, today)).transpose()?;
    open(config)?.restore(people, (until, today), &reason, hand.by, hand.now_ms).map_err(text)
}

/// A date that is not over, or `today`.
///
/// # Errors
/// It is neither.
pub fn last_day(text: &str, today: Day) -> Result<Day, String> {
    let day = match text {
        "today" => today,
        _ => {
            let date = text.parse::<jiff::civil::Date>();
            day_of(date.map_err(|_| format!("'{}' is not a day: write today, or 2026-12-18", text.escape_debug()))?)
        }
    };
    if day < today { Err(format!("{text} is over already")) } else { Ok(day) }
}

/// Withdraws those whose last day is over. `None`: nobody's is.
///
/// # Errors
/// The register cannot be changed.
pub fn expire(config: &Config, now: Moment) -> Result<Option<Register>, String> {
    open(config)?.expire(now.day, now.unix_ms).map_err(text)
}

fn open(config: &Config) -> Result<Store, String> {
    Store::open(&register_file(config)).map_err(text)
}

fn one_line(reason: &str) -> Result<String, String> {
    super::passes::one_line("--reason", not_empty(reason)?)
}

fn text(fault: StoreFault) -> String {
    fault.to_string()
}
