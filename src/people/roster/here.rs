//! What is known of one address, and how it lies in the table: six numbers.

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

/// [`Here`] as numbers: MAC, how the sitting is known, how sure it is; the IPv4 addresses; since when, label; person, since when;
/// in the lowest octet of the last, which of them there are. A MAC of zeros and a second 0 are none.
pub(super) type Packed = [u64; 5];

const V4: [u64; 2] = [1, 2];
const LABEL: u64 = 4;
const SITTING: u64 = 8;
const SIGNED_IN: u64 = 16;
const NAMES: u64 = 32;

impl Here {
    /// The IPv4 address of the same device, if it has one and no more.
    pub fn only_v4(&self) -> Option<Ipv4Addr> {
        let [one, another] = self.v4;
        one.filter(|_| another.is_none())
    }

    pub(super) fn packed(&self) -> Packed {
        let [a, b, c, d, e, f] = self.mac.map_or([0; 6], Mac::octets);
        let seconds = |since: Option<Since>| since.map_or(0, Since::seconds);
        let (known, sure) = self.sitting.map_or((0, 0), |s| (s.known as u8, s.sure as u8));
        let (person, sat) = self.sitting.map_or((0, 0), |s| (s.person.0, seconds(s.since)));
        let [one, another] = self.v4.map(|v4| v4.map_or(0, Ipv4Addr::to_bits));
        let flag = |is: bool, flag: u64| if is { flag } else { 0 };
        let flags = flag(self.v4[0].is_some(), V4[0])
            | flag(self.v4[1].is_some(), V4[1])
            | flag(self.label.is_some(), LABEL)
            | flag(self.sitting.is_some(), SITTING)
            | flag(self.crowd == Some(Crowd::SignedIn), SIGNED_IN)
            | flag(self.crowd == Some(Crowd::Names), NAMES);
        [
            u64::from_le_bytes([a, b, c, d, e, f, known, sure]),
            pair(one, another),
            pair(seconds(self.since), self.label.map_or(0, |label| label.0)),
            pair(person, sat),
            flags,
        ]
    }

    pub(super) fn unpacked([mac, v4, at, sat, flags]: Packed) -> Self {
        let has = |flag: u64| flags & flag != 0;
        let [a, b, c, d, e, f, known, sure] = mac.to_le_bytes();
        let ((one, another), (since, label), (person, sat)) = (halves(v4), halves(at), halves(sat));
        let sitting = has(SITTING).then(|| Known::from_u8(known).zip(Confidence::from_u8(sure))).flatten();
        Self {
            mac: Mac::of([a, b, c, d, e, f]).ok(),
            v4: [has(V4[0]).then(|| Ipv4Addr::from_bits(one)), has(V4[1]).then(|| Ipv4Addr::from_bits(another))],
            since: Since::of_seconds(since),
            sitting: sitting.map(|(known, sure)| Sitting {
                person: PersonId(person),
                known,
                sure,
                since: Since::of_seconds(sat),
            }),
            label: has(LABEL).then_some(DeviceId(label)),
            crowd: match (has(SIGNED_IN), has(NAMES)) {
                (true, _) => Some(Crowd::SignedIn),
                (_, true) => Some(Crowd::Names),
                _ => None,
            },
        }
    }
}

fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn halves(pair: u64) -> (u32, u32) {
    (pair as u32, (pair >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::option::of;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn since() -> impl Strategy<Value = Option<Since>> {
        any::<u32>().prop_map(Since::of_seconds)
    }

    fn sitting() -> impl Strategy<Value = Sitting> {
        let (known, sure) = (select(Known::ALL), select(Confidence::ALL));
        (any::<u32>(), known, sure, since()).prop_map(|(n, known, sure, since)| Sitting {
            person: PersonId(n),
            known,
            sure,
            since,
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(
            octets in of(any::<[u8; 6]>()),
            v4 in any::<[Option<Ipv4Addr>; 2]>(),
            since in since(),
            sitting in of(sitting()),
            label in of(any::<u32>()),
            crowd in of(select(&[Crowd::SignedIn, Crowd::Names][..])),
        ) {
            let mac = octets.and_then(|octets| Mac::of(octets).ok());
            let here = Here { mac, v4, since, sitting, label: label.map(DeviceId), crowd };
            prop_assert_eq!(Here::unpacked(here.packed()), here);
        }
    }
}
