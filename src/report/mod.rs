//! What happened this week, and what of it needs a person.
//!
//! Comes in: a week's events in order, once, and a [`World`]: what the school is called, who is who, what was changed, how
//! the gate is. Goes out: a [`Week`], which [`text`], [`html`] and [`json`] only write down.
//! Always holds: the same events and the same world give the same week; one pass, with bounded memory a person; a child is
//! named only if we are sure enough; nobody is linked with help; staff are counted for the head, never shown; an address of
//! the illegal lists is in no field of a [`Week`]; every text from outside was made safe before it is in one.
//!
//! What goes in:
//! - [`world`]     what a week is judged and written by, handed in
//! - [`calendar`]  ISO weeks, local times, lesson or not
//!
//! The way of an event, in one pass:
//! - [`tally`](mod@tally)  the pass itself
//! - [`subject`]   whose it is: a person, or a device or address nobody can be named for
//! - [`seen`]      what was seen at all: coverage, networks, quarter hours
//! - [`trace`]     one blocked name of one subject over the week
//! - [`noise`]     which traces nobody meant
//!
//! What becomes of it:
//! - [`themes`]    what matters, how much, and what to do next: one table
//! - [`episodes`]  not hits: what was close together is one
//! - [`matters`]   what needs a person, weighed by one table
//! - [`wording`]   a matter told in words that accuse nobody
//! - [`close`]     everything together: the [`Week`]
//! - [`followed`]  marks, signatures, incidents
//! - [`asked`]     what people asked for on the pages
//! - [`health`]    the parts about the filter itself, and what it cannot see
//! - [`sums`]      the few numbers that later weeks are held against
//! - [`edition`]   who may see what of it
//! - [`week`]      the week as it is handed over
//!
//! How it is written down:
//! - [`plain`]     text from outside made safe to show; numbers and lists in words
//! - [`text`](mod@text), [`html`](mod@html), [`charts`], [`pdf`](mod@pdf), [`csv`](mod@csv)  and JSON by serde

pub mod asked;
pub mod calendar;
pub mod charts;
pub mod close;
pub mod csv;
pub mod edition;
pub mod episodes;
pub mod followed;
pub mod health;
pub mod html;
pub mod matters;
pub mod noise;
pub mod pdf;
pub mod plain;
pub mod seen;
pub mod subject;
pub mod sums;
pub mod tally;
pub mod text;
pub mod themes;
pub mod trace;
pub mod week;
pub mod wording;
pub mod world;

#[cfg(test)]
pub(crate) mod tests;

pub use crate::journal::IsoWeek;
pub use csv::csv;
pub use edition::{Edition, edit};
pub use html::html;
pub use pdf::{PdfFault, pdf};
pub use sums::Sums;
pub use tally::tally;
pub use text::text;
pub use week::Week;
pub use world::{Asked, Audience, Change, Health, ListFact, LookUp, NetworkFact, NetworkState, Retention, StillOpen, World};

/// The week as one JSON object, every field of [`Week`] that its edition shows by its name.
pub fn json(week: &Week) -> String {
    serde_json::to_string_pretty(&edition::json(week)).unwrap_or_default()
}
