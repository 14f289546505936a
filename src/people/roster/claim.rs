//! What sources say.

use crate::people::key::Key;
use crate::words::{Confidence, DeviceId, Known, Mac, PersonId, Since};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// The present moment, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since 1970: what people are told.
    pub unix_ms: i64,
    /// Milliseconds since the machine started: what things end by, whoever sets the time.
    pub boot_ms: u64,
}

impl Now {
    /// By the system's clocks.
    pub fn read() -> Self {
        use nix::time::{ClockId, clock_gettime};
        let ms = |clock| clock_gettime(clock).map_or(0, |t| t.tv_sec() * 1000 + t.tv_nsec() / 1_000_000);
        Self { unix_ms: ms(ClockId::CLOCK_REALTIME), boot_ms: ms(ClockId::CLOCK_BOOTTIME).unsigned_abs() }
    }

    pub fn since(self) -> Option<Since> {
        Since::of_ms(self.unix_ms)
    }
}

/// Where somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Address(IpAddr),
    Mac(Mac),
}

/// As what it is hashes in other maps: see [`Keyed`](crate::people::keyed::Keyed).
impl Hash for At {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Address(address) => Key::of(*address).hash(state),
            Self::Mac(mac) => mac.hash(state),
        }
    }
}

/// Whose a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Person(PersonId),
    /// A label: which device of the register it calls itself.
    Device(DeviceId),
}

/// What one source says of one place. Said again, it replaces what the source said before under the same `session`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub whose: Whose,
    pub known: Known,
    /// No more than [`Known::at_best`].
    pub sure: Confidence,
    pub since: Option<Since>,
    /// When it ends if nobody says anything more: milliseconds since the machine started.
    pub until_ms: u64,
    /// It ends before that when nothing was heard of the device for so long: it goes from hand to hand. See [`super::Roster::heard`].
    pub silent_ms: Option<u64>,
    /// The source's own name for it, so that a late end does not end what came after.
    pub session: u64,
}

impl Claim {
    /// Somebody has signed in.
    pub fn sign_in(person: PersonId, known: Known, session: u64, now: Now, lasts_ms: u64) -> Self {
        let (since, until_ms) = (now.since(), now.boot_ms.saturating_add(lasts_ms));
        Self { whose: Whose::Person(person), known, sure: known.at_best(), since, until_ms, silent_ms: None, session }
    }
}

/// Who tells which device has an address; in the order of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Teller {
    /// It was given the address; who uses it is another matter.
    Lease,
    /// Its access point has told.
    Radius,
    /// The kernel has heard it.
    Neighbour,
}

impl Teller {
    pub(super) const COUNT: usize = 3;
}

/// That an address is a device's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    pub mac: Mac,
    /// Which of several of the same kind has told: another's word is not taken back by it.
    pub by: u16,
    /// Milliseconds since the machine started; `None`: until it is taken back.
    pub until_ms: Option<u64>,
}
