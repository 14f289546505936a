use crate::words::{ClientAddr, Confidence, DeviceId, Known, PersonId, PersonRole};

/// One person of the register.
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
}

/// One device of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub id: DeviceId,
    /// The tag on its lid, or its address.
    pub name: String,
    pub person: Option<PersonId>,
}

/// Everyone and everything the school knows, as read from `register.db`.
pub struct Register;

/// What an address says about who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    pub device: DeviceId,
    pub person: Option<PersonId>,
    pub known: Known,
    pub sure: Confidence,
}

impl Register {
    pub fn empty() -> Self {
        todo!()
    }
    /// Whom the register gives this address to: by fixed address, by MAC (from the neighbour table), by network.
    pub fn sighting(&self, _client: ClientAddr) -> Option<Sighting> {
        todo!()
    }
    pub fn person(&self, _id: PersonId) -> Option<&Person> {
        todo!()
    }
    pub fn device(&self, _id: DeviceId) -> Option<&Device> {
        todo!()
    }
    pub fn persons(&self) -> impl Iterator<Item = &Person> {
        std::iter::empty()
    }
}
