//! What the register itself says of an address: whose device it is, how known, how sure.
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
use super::keyed::KeyedMap;
use super::roster::{Crowd, Here, Sitting};
use crate::words::{Confidence, DeviceId, Known, Network, PersonId, Since};
use std::collections::hash_map::Entry;
use std::iter;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU16, Ordering};

/// What an address says about who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// `None`: one that the register does not know.
    pub device: Option<DeviceId>,
    pub person: Option<PersonId>,
    pub known: Known,
    pub sure: Confidence,
    /// Since when. `None`: for as long as the register says so.
    pub since: Option<Since>,
}

impl Sighting {
    /// What follows from the register's word and from what sources say of the address. `sitting` is of somebody the register knows.
    pub(super) fn merged(seated: Option<Self>, here: &Here, sitting: Option<Sitting>) -> Option<Self> {
        let device = seated.and_then(|s| s.device).or(here.label);
        let crowd = match here.crowd {
            Some(Crowd::SignedIn) => true,
            // Who asks for the right names must not become nobody by that.
            Some(Crowd::Names) => seated.is_none_or(|seated| seated.person.is_none()),
            None => false,
        };
        if crowd {
            return Some(Self { device, person: None, known: Known::Shared, sure: Confidence::Group, since: None });
        }
        if let Some(Sitting { person, known, sure, since }) = sitting
            && seated.is_none_or(|seated| seated.known.trust() < known.trust())
        {
            return Some(Self { device, person: Some(person), known, sure, since });
        }
        let label = || {
            let device = Some(here.label?);
            Some(Self { device, person: None, known: Known::HostName, sure: Confidence::Low, since: here.since })
        };
        match seated {
            // Of a trolley's network the label says which of its devices it is.
            Some(seated) if seated.known == Known::Network => label().or(Some(seated)),
            Some(seated) if seated.known == Known::Mac => Some(Self { since: here.since, ..seated }),
            seated => seated.or_else(label),
        }
    }
}

/// A device with whoever sits at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub device: DeviceId,
    /// Someone withdrawn is told so, and gets no further.
    pub person: Option<PersonId>,
    pub mac: Option<Mac>,
}

/// What the seats of one register say of an address, worked out when something became known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seated {
    /// Of which seats; 0: of none.
    stamp: u16,
    sighting: Option<Sighting>,
}

impl Seated {
    /// As two numbers, of 56 and 32 bits.
    pub fn packed(&self) -> (u64, u32) {
        let Some(Sighting { device, person, known, sure, .. }) = self.sighting else { return (u64::from(self.stamp) << 8, 0) };
        // Each of them is less than 16; of those that are seated is nothing 0.
        let how = (known as u8 + 1) << 4 | (sure as u8) << 1 | u8::from(person.is_some());
        let device = device.map_or(0, |device| device.0);
        (u64::from(how) | u64::from(self.stamp) << 8 | u64::from(device) << 24, person.map_or(0, |person| person.0))
    }

    pub fn unpacked((rest, person): (u64, u32)) -> Self {
        let (how, device) = (rest as u8, DeviceId((rest >> 24) as u32));
        let known = (how >> 4).checked_sub(1).and_then(Known::from_u8);
        let sighting = known.zip(Confidence::from_u8(how >> 1 & 7)).map(|(known, sure)| Sighting {
            device: Some(device),
            person: (how & 1 == 1).then_some(PersonId(person)),
            known,
            sure,
            since: None,
        });
        Self { stamp: (rest >> 8) as u16, sighting }
    }
}

/// Every device in use, by what it is known by.
#[derive(Debug, Default)]
pub(super) struct Seats {
    /// Another one than those of other registers. 0: nothing is worked out with them.
    stamp: u16,
    addresses: KeyedMap<IpAddr, Seat>,
    macs: KeyedMap<Mac, Seat>,
    /// The longest prefix first. Few: `import::MAX_NETWORKS`.
    networks: Vec<(Network, Seat)>,
}

impl Seats {
    pub fn new() -> Self {
        static STAMPS: AtomicU16 = AtomicU16::new(1);
        let stamp = iter::repeat_with(|| STAMPS.fetch_add(1, Ordering::Relaxed)).find(|stamp| *stamp != 0);
        Self { stamp: stamp.unwrap_or(0), ..Self::default() }
    }

    /// Works out what is said of an address of which this is known.
    pub fn seat(&self, address: IpAddr, here: &Here) -> Seated {
        Seated { stamp: self.stamp, sighting: self.sighting(address, here.mac, here.only_v4()) }
    }

    /// The same, as it was worked out if it was with these.
    pub fn seated(&self, address: IpAddr, here: &Here, seated: &Seated) -> Option<Sighting> {
        if self.stamp != 0 && self.stamp == seated.stamp { seated.sighting } else { self.seat(address, here).sighting }
    }

    /// `also`: the IPv4 address of the same device.
    pub fn sighting(&self, address: IpAddr, seen: Option<Mac>, also: Option<Ipv4Addr>) -> Option<Sighting> {
        let by_mac = || {
            let mac = seen?;
            let sure = if mac.is_randomised() { Confidence::Low } else { Confidence::Medium };
            Some(known_by(self.macs.get(&mac)?, Known::Mac, sure))
        };
        let by_address = || {
            let seat = self.addresses.get(&address).or_else(|| self.addresses.get(&IpAddr::V4(also?)))?;
            let someone_elses = matches!((seat.mac, seen), (Some(its), Some(seen)) if its != seen);
            (!someone_elses).then(|| known_by(seat, Known::Address, Confidence::Medium))
        };
        let by_network = || {
            let (_, seat) = self.networks.iter().find(|(network, _)| network.contains(address))?;
            Some(known_by(&Seat { person: None, ..*seat }, Known::Network, Confidence::Group))
        };
        by_mac().or_else(by_address).or_else(by_network)
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
    Sighting { device: Some(seat.device), person: seat.person, known, sure, since: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::option::of;
    use proptest::prelude::*;
    use proptest::sample::select;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(
            stamp in any::<u16>(), device in any::<u32>(), person in of(any::<u32>()), is in any::<bool>(),
            known in select(Known::ALL), sure in select(Confidence::ALL),
        ) {
            let (device, person) = (Some(DeviceId(device)), person.map(PersonId));
            let sighting = is.then_some(Sighting { device, person, known, sure, since: None });
            let seated = Seated { stamp, sighting };
            prop_assert!(seated.packed().0 < 1 << 56);
            prop_assert_eq!(Seated::unpacked(seated.packed()), seated);
        }
    }
}
