//! A made-up school plays a week through the real doors.
//!
//! Comes in: nothing but the shipped lists. Goes out: a folder with a journal, a register and the weekly report.
//! Always holds: nothing leaves this machine (the internet is a stub on loopback), and nothing is written outside the folder;
//! the clock is scripted, the doors, the judging, the journal and the report are the real ones.
//!
//! - [`school`]    sixty pupils, ten staff, their devices, and the configuration
//! - [`week`]      what each of them does, from Monday to Friday
//! - [`internet`]  the stub: DNS that knows every name, and an origin that answers every page
//! - [`client`]    a machine of the school: asks and browses from its own address
//! - [`play`]      the week through the doors, in order of its times

pub mod client;
pub mod internet;
pub mod play;
pub mod school;
pub mod week;

pub use play::{Played, play};
