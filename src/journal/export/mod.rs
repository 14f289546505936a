//! One event, told to people and programs: ids become names, and nothing a client sent can break out of its field.
//!
//! Comes in: a [`Stored`](crate::journal::read::Stored) event, and what its ids are called. Goes out: a [`Line`], and that as JSON, CSV or squid's log line.
//! Always holds: one event is one line, whatever bytes are in a name, a path, a method or a user name.
//!
//! - [`mod@line`] the event object of the contract
//! - [`mod@json`] JSON lines
//! - [`mod@csv`]  a table for a spreadsheet
//! - [`mod@squid`] squid's native access.log, for programs that read that

pub mod csv;
mod json;
pub mod line;
mod squid;

pub use csv::Csv;
pub use json::json;
pub use line::{DOTS, Line, Resolve};
pub use squid::squid;

use crate::words::escaped;
use std::borrow::Cow;

/// `text` with control characters and reversals escaped, and spaces and quotes as they are: for fields that have quotes of
/// their own.
fn tamed(text: &str) -> Cow<'_, str> {
    if matches!(escaped(text), Cow::Borrowed(_)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut bytes = [0; 4];
    for c in text.chars() {
        match c {
            ' ' | '"' | '\'' => out.push(c),
            c => out.push_str(&escaped(c.encode_utf8(&mut bytes))),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
