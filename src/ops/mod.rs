//! What keeps a gate running on a box.
//!
//! - [`update`]   the public lists, fetched
//! - [`tables`]   list files on disk to one table file, and back to the line an entry stands on
//! - [`files`]    files replaced whole or not at all
//! - [`backup`]   a school's state in one sealed file, and the way back
//! - [`ca`]       the school's own certificate authority on disk
//! - [`firewall`] what the kernel sends to the doors, and what it does while nobody answers there
//! - [`identity`] certificate and key on disk to what clients are shown
//! - [`inside`]   files on disk to what looking into TLS takes
//! - [`limits`]   as many open files as the system allows
//! - [`locked`]   sealed lists on disk, and the copies that are kept of them
//! - [`look_ups`] who looked at whom
//! - [`logging`]  the service log
//! - [`own_gate`] which gate runs by a configuration, and where its data is
//! - [`phrases`]  term files on disk to one matcher
//! - [`self_test`] whether the gate does what it should
//! - [`signals`]  SIGHUP, SIGTERM, SIGINT
//! - [`systemd`]  ready, reloading, stopping, watchdog

pub mod backup;
pub mod ca;
pub mod files;
pub mod firewall;
pub mod identity;
pub mod inside;
pub mod limits;
pub mod locked;
pub mod logging;
pub mod look_ups;
pub mod members;
pub mod own_gate;
pub mod phrases;
pub mod self_test;
pub mod signals;
pub mod systemd;
pub mod tables;
pub mod update;
