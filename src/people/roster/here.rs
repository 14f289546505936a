//! What is known of one address.

use crate::words::{Confidence, DeviceId, Known, Mac, PersonId, Since};
use std::net::Ipv4Addr;

/// What is known of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Here {
    /// The device's, where it is one.
    pub mac: Option<Mac>,
    /// Of an IPv6 address: the IPv4 addresses that the device has as well, the newest first; of more than two those.
    pub v4: [Option<Ipv4Addr>; 2],
    /// Since when it has been at this address.
    pub since: Option<Since>,
    /// Who is signed in.
    pub sitting: Option<Sitting>,
    /// Which device of the register it calls itself.
    pub label: Option<DeviceId>,
    /// Many are behind it.
    pub crowd: Option<Crowd>,
}

/// By what it is seen that many are behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crowd {
    /// Several people are signed in at once.
    SignedIn,
    /// It asks for what many machines ask for.
    Names,
}

/// Who is signed in somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sitting {
    pub person: PersonId,
    pub known: Known,
    pub sure: Confidence,
    pub since: Option<Since>,
}

impl Here {
    /// The IPv4 address of the same device, if it has one and no more.
    pub fn only_v4(&self) -> Option<Ipv4Addr> {
        let [one, another] = self.v4;
        one.filter(|_| another.is_none())
    }
}
