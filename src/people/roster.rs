//! Address → who is there, how known, how sure.
//!
//! | what speaks | known | how sure |
//! |---|---|---|
//! | the MAC the kernel sees behind the address, bound to a device | `mac` | medium; low if the device made it up |
//! | the address itself, fixed to a device | `address` | medium |
//! | the network, given to a trolley or to what is behind a NAT | `network` | group: a device, never a person |
//!
//! The first that speaks decides. A fixed address is not believed when the kernel sees another MAC behind it than the one
//! its device has: somebody typed in somebody else's address. A device that is nobody's says no more than `group`.

use super::Mac;
use crate::words::{Confidence, DeviceId, Known, Network, PersonId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

/// What an address says about who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    pub device: DeviceId,
    pub person: Option<PersonId>,
    pub known: Known,
    pub sure: Confidence,
    /// Known by a MAC that the device made up, and may change any day.
    pub randomised: bool,
}

/// A device with whoever sits at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub device: DeviceId,
    /// Someone withdrawn is told so, and gets no further.
    pub person: Option<PersonId>,
    pub mac: Option<Mac>,
}

/// Every device in use, by what it is known by.
#[derive(Debug, Default)]
pub(super) struct Roster {
    addresses: HashMap<IpAddr, Seat>,
    macs: HashMap<Mac, Seat>,
    /// The longest prefix first. Few: `import::MAX_NETWORKS`.
    networks: Vec<(Network, Seat)>,
}

impl Roster {
    pub fn sighting(&self, address: IpAddr, seen: Option<Mac>) -> Option<Sighting> {
        let by_mac = || {
            let mac = seen?;
            let sure = if mac.is_randomised() { Confidence::Low } else { Confidence::Medium };
            Some(Sighting { randomised: mac.is_randomised(), ..known_by(self.macs.get(&mac)?, Known::Mac, sure) })
        };
        let by_address = || {
            let seat = self.addresses.get(&address)?;
            let someone_elses = matches!((seat.mac, seen), (Some(its), Some(seen)) if its != seen);
            (!someone_elses).then(|| known_by(seat, Known::Address, Confidence::Medium))
        };
        let by_network = || {
            let (_, seat) = self.networks.iter().find(|(network, _)| network.contains(address))?;
            Some(known_by(&Seat { person: None, ..*seat }, Known::Network, Confidence::Group))
        };
        by_mac().or_else(by_address).or_else(by_network)
    }

    /// Whether a MAC would say anything here.
    pub fn asks_for_macs(&self) -> bool {
        !self.macs.is_empty()
    }

    /// # Errors
    /// The device that has the address already.
    pub fn seat_address(&mut self, address: IpAddr, seat: Seat) -> Result<(), DeviceId> {
        put(self.addresses.entry(address.to_canonical()), seat)
    }

    /// # Errors
    /// The device that has the MAC already.
    pub fn seat_mac(&mut self, mac: Mac, seat: Seat) -> Result<(), DeviceId> {
        put(self.macs.entry(mac), seat)
    }

    /// # Errors
    /// The device that has the network already.
    pub fn seat_network(&mut self, network: Network, seat: Seat) -> Result<(), DeviceId> {
        if let Some((_, other)) = self.networks.iter().find(|(n, _)| *n == network) {
            return Err(other.device);
        }
        let place = self.networks.partition_point(|(n, _)| n.prefix() >= network.prefix());
        self.networks.insert(place, (network, seat));
        Ok(())
    }
}

fn put<K>(entry: Entry<K, Seat>, seat: Seat) -> Result<(), DeviceId> {
    match entry {
        Entry::Occupied(other) => Err(other.get().device),
        Entry::Vacant(place) => {
            place.insert(seat);
            Ok(())
        }
    }
}

fn known_by(seat: &Seat, known: Known, sure: Confidence) -> Sighting {
    let sure = if seat.person.is_some() { sure } else { Confidence::Group };
    Sighting { device: seat.device, person: seat.person, known, sure, randomised: false }
}
