//! The kernel's part: what it sends to the doors, what it refuses at once, and what it does while nobody answers there.
//!
//! Comes in: a [`Config`]. Goes out: one table of nftables, `inet schoolgate`, and nothing else of the machine's rules.
//! Always holds: what the gate itself sends is not touched, or it would be sent to itself.
//!
//! A network that is `closed` while the gate is down is sent to the doors whether they answer or not: what finds no door is
//! refused by the kernel. One that is `open` is sent there only while [`watch`] says that they answer.
//!
//! - [`rules`]  from the configuration to the table, as text
//! - [`nft`]    the table in the kernel
//! - [`apply`]  put there, and taken back unless somebody says that it is good
//! - [`watch`]  whether the doors answer, said to the kernel with a time that runs out by itself

pub mod apply;
pub mod nft;
pub mod rules;
pub mod watch;

pub use apply::{Kept, apply};
pub use rules::rules;

#[cfg(doc)]
use crate::config::Config;

/// Why the table is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum FirewallFault {
    #[error("{0}")]
    Config(String),
    #[error("`nft` could not be run: {0}. Install nftables (apt-get install nftables), and become root")]
    NoNft(std::io::Error),
    #[error("`nft` refused: {0}")]
    Refused(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}
