//! A change that is a record of the casebook: written down as begun before it is made, as done after. See [`casebook::begun`].

use crate::casebook::{self, Begun, Entry};
use crate::config::Config;

/// Makes a change, and records it. What fails is not recorded; what a kill or a power cut leaves half done is, as that.
///
/// # Errors
/// What `change` says; or, in words, that it was not made because it cannot be written down, or is made and could not be.
pub fn recorded<T, E: From<String>>(
    config: &Config,
    now_ms: i64,
    entries: Vec<Entry>,
    change: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let begun = begin(config, now_ms, &entries)?;
    let made = change()?;
    done(begun, entries)?;
    Ok(made)
}

/// The same for the end of somebody's access: nobody keeps it because that cannot be written down, which the service log says then.
///
/// # Errors
/// What `change` says.
pub fn all_the_same<T>(
    config: &Config,
    now_ms: i64,
    entries: Vec<Entry>,
    change: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    let unwritten = |fault: &String| tracing::error!("{fault}");
    let begun = begin(config, now_ms, &entries).inspect_err(unwritten).ok();
    let made = change()?;
    let _ = begun.map(|begun| done(begun, entries).inspect_err(unwritten));
    Ok(made)
}

/// The first half of [`recorded`], where what is to be recorded is known only once it is done.
///
/// # Errors
/// In words: it is not to be done.
pub fn begin(config: &Config, now_ms: i64, entries: &[Entry]) -> Result<Begun, String> {
    let fault = |fault| format!("it cannot be written down in the casebook before it is done: {fault}");
    casebook::begin(&config.data, now_ms, entries).map_err(fault)
}

/// The second half.
///
/// # Errors
/// In words: it is done, and not written down.
pub fn done(begun: Begun, entries: Vec<Entry>) -> Result<(), String> {
    let fault = |fault| format!("it is done, but could not be written down in the casebook: {fault}");
    begun.done(entries).map(drop).map_err(fault)
}

/// Writes down what is done already, where nothing is kept of it that a kill could leave behind.
///
/// # Errors
/// As [`done`].
pub fn record(config: &Config, now_ms: i64, entry: Entry) -> Result<(), String> {
    let fault = |fault| format!("it is done, but could not be written down in the casebook: {fault}");
    casebook::add(&config.data, now_ms, entry).map(drop).map_err(fault)
}
