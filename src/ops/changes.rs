//! A change of the school's own that has no more to it than what and why: a record of the casebook.

use crate::casebook::{self, CasebookFault, Entry, Kind};
use std::path::Path;

/// One change that came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub when_ms: i64,
    /// The login name of whoever did it.
    pub who: String,
    /// `allow quiz.example for secondary`.
    pub what: String,
    pub why: String,
}

/// Writes down a change.
///
/// # Errors
/// [`CasebookFault`].
pub fn record(data: &Path, change: &Change) -> Result<(), CasebookFault> {
    let Change { when_ms, who, what, why } = change;
    casebook::add(data, *when_ms, Entry::new(Kind::Change, who, what.as_str()).why(why)).map(drop)
}
