//! What people did about what happened: one chain of records that only grows, in `DATA/casebook.db`.
//!
//! Comes in: an [`Entry`]: who did or saw what, about whom or what, and why. Goes out: [`Record`]s, numbered without gaps, each with
//! the hash of the one before it, and what follows from them. Always holds: a record is never changed; what cannot be recorded is
//! neither shown nor done by whoever asks first; whoever changes, takes out or puts in a record afterwards is found by
//! [`Casebook::verify`], and whoever cuts off the end by a number and hash that were printed before.
//!
//! - [`chain`]     a record and its hash
//! - [`store`]     the file: records put at the end, read, proved
//! - [`proof`]     whether it holds
//! - [`earlier`]   the files of before there was a casebook, read in once
//! - [`look_ups`]  who looked at whom

pub mod chain;
mod earlier;
pub mod look_ups;
pub mod proof;
pub mod store;

pub use chain::{Anchor, Entry, Hash, Kind, Record};
pub use proof::{Proof, Wrong};
pub use store::{Casebook, CasebookFault, Reading, add, add_all};
