//! The gate a school's machines go through to reach the internet.
//!
//! ```text
//!  packet ─▶ door ──────▶ people ─────▶ lists ────────▶ policy ─────▶ door ─▶ answer
//!           dns, proxy    who is it?    what is it?     may they?      │
//!                                                                      ▼
//!           web ◀────── report ◀─────── journal: ring ─▶ segment ─▶ one SQLite file a week
//!           pupil, DSL,  episodes,      what happened?
//!           IT           the week
//! ```
//!
//! A client's packet comes to a door ([`dns`], [`proxy`]). The door asks the [`gate`]: who is it ([`people`]), what is it
//! ([`lists`]), may they ([`policy`]). The gate writes the event into the [`journal`] before the door answers. Once a week the
//! [`report`] reads the journal. The door only translates: bytes into an ask, a verdict into bytes.
//!
//! A room imports from lower storeys and its own folder; never upwards, never sideways. Storeys 0–3 do no I/O and ask no
//! clock. `tests/storeys.rs` keeps this true.

// 0: the words everything else is said in
pub mod words;

// 1: bytes in, meaning out
pub mod lists;
pub mod wire;

// 2: the decision
pub mod policy;

// 3: what the network manager wrote
pub mod config;

// 4: how bytes come and go, and are kept; what is written for the DSL alone
pub mod database;
pub mod net;
pub mod seal;

// 5: what is asked, kept and known
pub mod journal;
pub mod people;
pub mod resolve;

// 6: the one door everything goes through; what people did about what happened
pub mod casebook;
pub mod gate;

// 7: what people read
pub mod pages;
pub mod replay;
pub mod report;

// 8: the doors
pub mod dns;
pub mod proxy;
pub mod web;

// 9: the box: files, signals, systemd; the configuration from disk
pub mod ops;
pub mod reload;

// 10: the house put together
pub mod app;

// 11: a made-up school that tries it
pub mod demo;

// 12: what a person types
pub mod cli;
