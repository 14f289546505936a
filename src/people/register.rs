//! Persons and devices, as one immutable reading of `register.db`.

use super::key::Key;
use super::roster::Roster;
use super::seats::{Seat, Seats};
use super::{Details, Mac, Sighting, Source};
use crate::config::PeopleRules;
use crate::words::{ClientAddr, Day, DeviceId, Network, PersonId, PersonRole};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

/// When something was done, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Milliseconds since 1970, UTC.
    pub at_ms: i64,
    /// A name as given on the command line, or of the account it was done from.
    pub by: String,
}

/// One person of the register: someone who has access, or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// The school's own id for them, as the MIS exports it (`p0412`, `j.smith`).
    pub key: String,
    pub name: String,
    pub role: PersonRole,
    /// 1 to 13; 0 is reception.
    pub year: Option<u8>,
    /// Names of groups they are put in by hand, beside those that year and role give.
    pub groups: Vec<String>,
    /// Since when they have access, and who gave it.
    pub granted: Stamp,
    pub details: Details,
    pub source: Source,
    /// Withdrawn by hand: no import gives them access again.
    pub held: bool,
    /// When access was withdrawn, and by whom. They stay in the register, so that old log lines go on meaning them.
    pub withdrawn: Option<Stamp>,
}

impl Person {
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some()
    }
}

/// One device of the register: someone's, or a trolley's, or a whole network that is one thing to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub id: DeviceId,
    /// The tag on its lid, or its address.
    pub name: String,
    pub person: Option<PersonId>,
    /// The address it always has.
    pub address: Option<IpAddr>,
    pub mac: Option<Mac>,
    /// Where what it stands for is seen: a trolley's own network, everything behind a NAT.
    pub network: Option<Network>,
    /// When it was taken out of the register, and by whom. Its id is never given again.
    pub retired: Option<Stamp>,
}

/// Two rows that cannot both be right, or one that cannot be at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Clash {
    #[error("{what} {claim} belongs to the devices `{one}` and `{other}`; one of them must go")]
    Doubled { what: &'static str, claim: String, one: String, other: String },
    #[error("the device `{device}` belongs to person number {person}, whom the register does not hold")]
    NoSuchPerson { device: String, person: u32 },
    #[error("the id `{key}` is given to two persons")]
    DoubledKey { key: String },
}

/// Everyone and everything the school knows, as read from `register.db`. Immutable: an import makes another.
#[derive(Debug)]
pub struct Register {
    /// Both in the order of their ids.
    persons: Vec<Person>,
    devices: Vec<Device>,
    seats: Arc<Seats>,
    roster: Arc<Roster>,
    /// A number that every change of the register makes larger.
    revision: i64,
}

impl Register {
    pub fn empty() -> Self {
        Self { persons: vec![], devices: vec![], seats: Arc::default(), roster: Arc::default(), revision: 0 }
    }

    /// # Errors
    /// [`Clash`]: a key, an address, a MAC or a network that two have; a device of somebody unknown.
    pub(crate) fn new(mut persons: Vec<Person>, mut devices: Vec<Device>, revision: i64) -> Result<Self, Clash> {
        persons.sort_by_key(|p| p.id);
        devices.sort_by_key(|d| d.id);
        let mut keys = HashSet::new();
        if let Some(doubled) = persons.iter().find(|p| !keys.insert(p.key.as_str())) {
            return Err(Clash::DoubledKey { key: doubled.key.clone() });
        }
        let mut register = Self { persons, devices, revision, ..Self::empty() };
        register.seats = Arc::new(register.seats()?);
        Ok(register)
    }

    /// The same register, asking this roster who is where.
    #[must_use]
    pub fn with_roster(self, roster: Arc<Roster>) -> Self {
        Self { roster, ..self }
    }

    /// Who is where, as sources say.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// What sources say of an address, and what follows from that and the register: its device's MAC, and whoever is signed in, else
    /// whose device it is by MAC, by fixed address, by network. Someone withdrawn is there no less: they are told so. `None`: nobody
    /// it knows, or nobody it can be sure of.
    #[inline]
    pub fn sighting(&self, client: ClientAddr) -> (Option<Mac>, Option<Sighting>) {
        let address = client.ip();
        match &self.roster.find(address) {
            Some(front) if front.is_seen_by(self.seats.stamp()) => (front.mac(), front.sighting()),
            _ => {
                let here = self.roster.look_up(address).unwrap_or_default();
                (here.mac, self.seats.sighting(Key::of(address), &here))
            }
        }
    }

    /// Whose device it is, whoever is signed in there.
    pub fn seat(&self, client: ClientAddr) -> Option<Sighting> {
        let address = client.ip();
        self.seats.seat(Key::of(address), &self.roster.look_up(address).unwrap_or_default())
    }

    /// Tells the roster whom the names of its sources mean, and whose each device is.
    pub fn tell_roster(&self) {
        self.roster.seat(self.seats.clone());
        let devices = self.devices.iter().filter(|d| d.retired.is_none());
        self.roster.know(self.persons().map(|p| (p.key.as_str(), p.id)), devices.map(|d| (d.name.as_str(), d.id)));
    }

    /// The person of this id, withdrawn or not.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.persons.binary_search_by_key(&id, |p| p.id).ok().map(|i| &self.persons[i])
    }

    /// The device of this id, retired or not.
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.binary_search_by_key(&id, |d| d.id).ok().map(|i| &self.devices[i])
    }

    /// Everyone who was ever given access, those withdrawn among them, in the order of their ids.
    pub fn persons(&self) -> impl Iterator<Item = &Person> {
        self.persons.iter()
    }

    /// Every device there ever was, those retired among them, in the order of their ids.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter()
    }

    /// Those who have access now.
    pub fn present(&self) -> impl Iterator<Item = &Person> {
        self.persons.iter().filter(|p| !p.is_withdrawn())
    }

    /// Whose access is switched off: those withdrawn, and those short of what the school requires.
    pub fn withheld<'a>(&'a self, rules: &'a PeopleRules) -> impl Iterator<Item = PersonId> + 'a {
        self.persons.iter().filter(|p| p.is_withdrawn() || !p.details.short_of(p.role, rules).is_empty()).map(|p| p.id)
    }

    /// Whose last day is over.
    pub fn expired(&self, today: Day) -> impl Iterator<Item = &Person> {
        self.present().filter(move |p| p.details.until.is_some_and(|last| last < today))
    }

    /// The person the school calls by this id, withdrawn or not.
    pub fn person_of_key(&self, key: &str) -> Option<&Person> {
        self.persons.iter().find(|p| p.key == key)
    }

    /// What the devices that people have now are called.
    pub(super) fn devices_by_person(&self) -> HashMap<PersonId, Vec<String>> {
        let mut devices: HashMap<_, Vec<_>> = HashMap::new();
        for device in self.devices.iter().filter(|d| d.retired.is_none()) {
            if let Some(person) = device.person {
                devices.entry(person).or_default().push(device.name.clone());
            }
        }
        devices
    }

    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Seats every device that is in use. One whose person was withdrawn stays theirs: it is told so.
    fn seats(&self) -> Result<Seats, Clash> {
        let mut seats = Seats::of(self.persons().map(|p| p.id).collect());
        for device in self.devices.iter().filter(|d| d.retired.is_none()) {
            let person = match device.person {
                Some(id) => {
                    Some(self.person(id).ok_or_else(|| Clash::NoSuchPerson { device: device.name.clone(), person: id.0 })?)
                }
                None => None,
            };
            let person = person.map(|p| p.id);
            let seat = Seat { device: device.id, person, mac: device.mac };
            let clash = |what, claim: &dyn std::fmt::Display, other: DeviceId| Clash::Doubled {
                what,
                claim: claim.to_string(),
                one: self.device(other).map(|d| d.name.clone()).unwrap_or_default(),
                other: device.name.clone(),
            };
            if let Some(address) = device.address
                && let Err(other) = seats.seat_address(address, seat)
            {
                return Err(clash("the address", &address, other));
            }
            if let Some(mac) = device.mac
                && let Err(other) = seats.seat_mac(mac, seat)
            {
                return Err(clash("the MAC", &mac, other));
            }
            if let Some(network) = device.network
                && let Err(other) = seats.seat_network(network, seat)
            {
                return Err(clash("the network", &network, other));
            }
        }
        Ok(seats)
    }
}

#[cfg(test)]
mod tests;
