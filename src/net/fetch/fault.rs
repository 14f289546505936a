//! Why a fetch failed, and whether trying again may help.

use super::body::BodyFault;
use crate::words::Url;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum FetchFault {
    #[error("plain HTTP is not taken, for anyone on the way could change what comes")]
    Plain,
    #[error("the address of {host} is not known: {why}")]
    Unknown { host: String, why: String },
    #[error("{host} cannot be reached: {why}")]
    Unreached { host: String, why: String },
    #[error("{host} cannot show that it is {host}: {why}")]
    Tls { host: String, why: String },
    #[error("{0} {time}", time = told(*.1))]
    Slow(&'static str, Duration),
    #[error("the connection broke off: {0}")]
    Broken(String),
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("it is redirected more than {} times", super::MAX_REDIRECTS)]
    Redirects,
    #[error("it is redirected to plain HTTP ({0})")]
    ToPlain(Box<Url>),
    #[error(
        "it leads to {host}, which is {address}: not an address of the internet (a mirror in the school is a [[list]] of its own)"
    )]
    Inwards { host: String, address: IpAddr },
    #[error("it is redirected to nowhere that can be understood")]
    Nowhere,
    #[error("it is larger than {} MB", .0 >> 20)]
    TooLarge(u64),
    #[error("it came packed in a way that was not asked for ({0})")]
    OddPacking(String),
    #[error("it cannot be unpacked: {0}")]
    Unpacked(io::Error),
    #[error("it cannot be stored: {0}")]
    Stored(io::Error),
    #[error("its address cannot be asked for")]
    Unaskable,
}

impl FetchFault {
    /// Whether it may go better in a moment.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unknown { .. } | Self::Unreached { .. } | Self::Slow(..) | Self::Broken(_) => true,
            // Too many requests, and whatever is the server's own trouble.
            Self::Status(code) => *code == 429 || (500..600).contains(code),
            _ => false,
        }
    }

    pub(super) fn of_body(fault: BodyFault, max_bytes: u64) -> Self {
        match fault {
            BodyFault::TooLarge => Self::TooLarge(max_bytes),
            BodyFault::Unpacked(fault) => Self::Unpacked(fault),
            BodyFault::Stored(fault) => Self::Stored(fault),
        }
    }
}

fn told(time: Duration) -> String {
    if time >= Duration::from_secs(120) { format!("{} min", time.as_secs() / 60) } else { format!("{} s", time.as_secs_f64()) }
}
