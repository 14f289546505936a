//! Who looked at whom, from the command line: in the name of who runs it.

pub use crate::casebook::look_ups::{LookUp, between, record_of, record_opening};

use crate::casebook::CasebookFault;
use std::path::Path;

/// Writes down a look-up before anything is shown.
///
/// # Errors
/// As [`record_of`].
pub fn record(data: &Path, what: &str, purpose: &str, now_ms: i64) -> Result<(), CasebookFault> {
    record_of(data, &super::files::own_name(), what, purpose, now_ms)
}
