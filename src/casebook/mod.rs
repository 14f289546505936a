//! What people did about what happened: one chain of records that only grows, in `DATA/casebook.db`.
//!
//! Comes in: an [`Entry`]: who did or saw what, about whom or what, and why. Goes out: [`Record`]s, numbered without gaps, each with
//! the hash of the one before it, and what follows from them. Always holds: a record is never changed; what cannot be recorded is
//! neither shown nor done by whoever asks first; whoever changes, takes out or puts in a record afterwards is found by
//! [`Casebook::verify`], and whoever cuts off the end by a number and hash that were printed before.
//!
//! - [`chain`]     a record and its hash
//! - [`store`]     the file: records put at the end, read, proved
//! - [`begun`]     what is being changed, and what was cut off
//! - [`proof`]     whether it holds
//! - [`earlier`]   the files of before there was a casebook, read in once
//! - [`look_ups`]  who looked at whom
//!
//! What follows a report:
//! - [`may`](mod@may)  who may see and mark a matter
//! - [`matter`]    what a matter is called from week to week, and how grave it was
//! - [`review`]    marks of matters, and who has signed a week
//! - [`incidents`] what was opened, and what became of it
//! - [`watch`]     pupils who are watched more closely for a while

pub mod begun;
pub mod chain;
mod earlier;
pub mod incidents;
pub mod look_ups;
pub mod matter;
pub mod may;
pub mod proof;
pub mod review;
pub mod store;
pub mod watch;

pub use begun::{Begun, begin};
pub use chain::{Anchor, Entry, Hash, Kind, Record};
pub use incidents::Incident;
pub use matter::{BadMatter, Gravity, MatterId, MatterRef};
pub use may::{By, Concerns, Role, may, may_open};
pub use proof::{Proof, Wrong};
pub use review::{MarkOf, Marks, Said, SignOff};
pub use store::{Casebook, CasebookFault, Reading, add, add_all};
