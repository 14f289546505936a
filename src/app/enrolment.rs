//! Access switched off and on while the gate runs: written into the register first, then in force.

use super::entries::{Hand, not_empty};
use super::register_file;
use crate::config::Config;
use crate::people::{Register, Store, StoreFault};
use crate::words::Moment;

/// Withdraws people, and gives the register as it then is.
///
/// # Errors
/// Why nothing was changed.
pub fn withdraw(config: &Config, people: &[String], reason: &str, hand: Hand) -> Result<Register, String> {
    let reason = one_line(reason)?;
    open(config)?.withdraw(people, &reason, hand.by, hand.now_ms).map_err(text)
}

/// Gives people access again.
///
/// # Errors
/// As [`withdraw`].
pub fn restore(config: &Config, people: &[String], reason: &str, hand: Hand) -> Result<Register, String> {
    let reason = one_line(reason)?;
    open(config)?.restore(people, &reason, hand.by, hand.now_ms).map_err(text)
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
