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
use super::key::Key;
use super::keyed::KeyedMap;
use super::roster::{Crowd, Here, Sitting};
use crate::words::{Confidence, DeviceId, Known, Network, PersonId, PersonSet, Since};
use std::collections::hash_map::Entry;
use std::iter;
use std::net::IpAddr;
use std::sync::OnceLock;
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
    fn merged(seated: Option<Self>, here: &Here, sitting: Option<Sitting>) -> Option<Self> {
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

/// What follows for an address, worked out with the seats of one register when something became known of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// Of which seats; 0: of none.
    pub stamp: u16,
    pub sighting: Option<Sighting>,
}

/// Every device in use, by what it is known by; and whom the register holds.
#[derive(Debug, Default)]
pub(super) struct Seats {
    /// Another one than those of other registers. None: nothing is worked out with them.
    stamp: OnceLock<u16>,
    addresses: KeyedMap<Key, Seat>,
    macs: KeyedMap<Mac, Seat>,
    /// The longest prefix first. Few: `import::MAX_NETWORKS`.
    networks: Vec<(Network, Seat)>,
    people: PersonSet,
}

impl Seats {
    pub fn of(people: PersonSet) -> Self {
        Self { people, ..Self::default() }
    }

    /// From here on what follows may be worked out with these beforehand.
    pub fn take_stamp(&self) {
        static STAMPS: AtomicU16 = AtomicU16::new(1);
        let next = || iter::repeat_with(|| STAMPS.fetch_add(1, Ordering::Relaxed)).find(|stamp| *stamp != 0);
        self.stamp.get_or_init(|| next().unwrap_or(0));
    }

    /// 0: nothing was worked out with them.
    #[inline]
    pub fn stamp(&self) -> u16 {
        self.stamp.get().copied().unwrap_or(0)
    }

    /// What follows for an address of which this is known: whoever is signed in, else whose device it is. Someone withdrawn is there
    /// no less: they are told so. `None`: nobody the register knows, or nobody it can be sure of.
    pub fn sighting(&self, at: Key, here: &Here) -> Option<Sighting> {
        let sitting = here.sitting.filter(|sitting| self.people.contains(sitting.person));
        Sighting::merged(self.seat(at, here), here, sitting)
    }

    /// The same, to be kept.
    pub fn seen(&self, at: Key, here: &Here) -> Seen {
        Seen { stamp: self.stamp(), sighting: self.sighting(at, here) }
    }

    /// Whose device it is, whoever is signed in there.
    pub fn seat(&self, at: Key, here: &Here) -> Option<Sighting> {
        let by_mac = || {
            let mac = here.mac?;
            let sure = if mac.is_randomised() { Confidence::Low } else { Confidence::Medium };
            Some(known_by(self.macs.get(&mac)?, Known::Mac, sure))
        };
        let by_address = || {
            let also = || self.addresses.get(&Key::of(here.only_v4()?.into()));
            let seat = self.addresses.get(&at).or_else(also)?;
            let someone_elses = matches!((seat.mac, here.mac), (Some(its), Some(seen)) if its != seen);
            (!someone_elses).then(|| known_by(seat, Known::Address, Confidence::Medium))
        };
        let by_network = || {
            let address = at.address();
            let (_, seat) = self.networks.iter().find(|(network, _)| network.contains(address))?;
            Some(known_by(&Seat { person: None, ..*seat }, Known::Network, Confidence::Group))
        };
        by_mac().or_else(by_address).or_else(by_network)
    }

    /// # Errors
    /// The device that has the address already.
    pub fn seat_address(&mut self, address: IpAddr, seat: Seat) -> Result<(), DeviceId> {
        put(self.addresses.entry(Key::of(address)), seat)
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
