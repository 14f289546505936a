//! One address as it lies in memory, in two parts. The front has what a door asks for, and is half a line of the processor's cache;
//! the back has all that is known, for whoever works out something else from it. See decision 0033.
//!
//! | front | from its lowest bit on |
//! |---|---|
//! | 0 | the end of the address, 32 bits: of IPv4 all of it; what follows from what is known: since when, 32 |
//! | 1 | the device's MAC, 48; the stamp of the seats that what follows was worked out with, 16 |
//! | 2 | what follows: device, 32; person, 32 |
//! | 3 | flags, 12; where the chain goes on, 21; how often it was changed, 31 |
//!
//! | back | |
//! |---|---|
//! | 0, 1 | the address |
//! | 2 | its device's IPv4 addresses |
//! | 3 | since when it is there; which device it calls itself |
//! | 4 | who is signed in; since when |
//! | 5 | flags |

use super::here::{Crowd, Here, Sitting};
use crate::people::key::Key;
use crate::people::seats::{Seen, Sighting};
use crate::words::{Confidence, DeviceId, Known, Mac, PersonId, Since};
use std::net::Ipv4Addr;

/// Where a chain goes on, from one on; 0 is its end.
pub(super) type Place = u32;

/// Each [`Place`] is less.
pub(super) const PLACES: usize = 1 << (COUNT - NEXT);

/// What a door asks for. An empty one is of no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::people) struct Front(pub(super) [u64; 4]);

// Flags of the last word.
const USED: u64 = 1;
const V6: u64 = 1 << 1;
const SEEN: u64 = 1 << 2;
const DEVICE: u64 = 1 << 3;
const PERSON: u64 = 1 << 4;
// And from which bit on: how what follows is known and how sure, the next place, the count.
const HOW: u32 = 5;
const NEXT: u32 = 12;
const COUNT: u32 = 33;

/// All that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Back(pub(super) [u64; 6]);

// Flags of its last word; in the next octet is how the sitting is known and how sure.
const V4: [u64; 2] = [1, 1 << 1];
const LABEL: u64 = 1 << 2;
const SITTING: u64 = 1 << 3;
const SIGNED_IN: u64 = 1 << 4;
const NAMES: u64 = 1 << 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Line {
    pub front: Front,
    pub back: Back,
}

impl Front {
    fn of(key: Key, mac: Option<Mac>, seen: &Seen) -> Self {
        let [a, b, c, d, e, f] = mac.map_or([0; 6], Mac::octets);
        let sighting = seen.sighting;
        let (device, person) = (sighting.and_then(|s| s.device), sighting.and_then(|s| s.person));
        let flags = USED
            | flag(key.is_v6(), V6)
            | flag(sighting.is_some(), SEEN)
            | flag(device.is_some(), DEVICE)
            | flag(person.is_some(), PERSON)
            | sighting.map_or(0, |s| how(s.known, s.sure)) << HOW;
        Self([
            pair(key.end(), seconds(sighting.and_then(|s| s.since))),
            u64::from_le_bytes([a, b, c, d, e, f, 0, 0]) | u64::from(seen.stamp) << 48,
            pair(device.map_or(0, |device| device.0), person.map_or(0, |person| person.0)),
            flags,
        ])
    }

    #[inline]
    fn has(&self, flag: u64) -> bool {
        self.0[3] & flag != 0
    }

    #[inline]
    pub(super) fn is_used(&self) -> bool {
        self.has(USED)
    }

    /// Whether it is of this address. Of IPv6 there is no more than the end of it: `key` says what lies in the back.
    #[inline]
    pub(super) fn is_of(&self, key: Key, back: impl FnOnce() -> Key) -> bool {
        let v6 = key.is_v6();
        let same = self.0[3] & (USED | V6) == USED | flag(v6, V6) && self.0[0] as u32 == key.end();
        same && (!v6 || back() == key)
    }

    #[inline]
    pub fn mac(&self) -> Option<Mac> {
        let [a, b, c, d, e, f, ..] = self.0[1].to_le_bytes();
        Mac::of([a, b, c, d, e, f]).ok()
    }

    /// Whether what follows was worked out with the seats of this stamp.
    #[inline]
    pub fn is_seen_by(&self, stamp: u16) -> bool {
        stamp != 0 && (self.0[1] >> 48) as u16 == stamp
    }

    /// What follows from what is known, for whom it [was worked out](Front::is_seen_by).
    #[inline]
    pub fn sighting(&self) -> Option<Sighting> {
        if !self.has(SEEN) {
            return None;
        }
        let (known, sure) = how_of(self.0[3] >> HOW)?;
        let ((_, since), (device, person)) = (halves(self.0[0]), halves(self.0[2]));
        Some(Sighting {
            device: self.has(DEVICE).then_some(DeviceId(device)),
            person: self.has(PERSON).then_some(PersonId(person)),
            known,
            sure,
            since: Since::of_seconds(since),
        })
    }

    #[inline]
    pub(super) fn next(&self) -> Place {
        (self.0[3] >> NEXT) as Place & (PLACES - 1) as Place
    }

    /// How often its chain was changed, twice over, if it is the first of it: odd while that is being written.
    #[inline]
    pub(super) fn count(last: u64) -> u32 {
        (last >> COUNT) as u32
    }

    /// The word with the count.
    pub(super) fn last(&self) -> u64 {
        self.0[3]
    }

    /// The same in a chain that goes on at `next` and was changed so often.
    #[must_use]
    pub(super) fn linked(mut self, next: Place, count: u32) -> Self {
        self.0[3] = self.0[3] & ((1 << NEXT) - 1) | u64::from(next) << NEXT | u64::from(count) << COUNT;
        self
    }
}

impl Back {
    fn of(key: Key, here: &Here) -> Self {
        let [one, another] = here.v4.map(|v4| v4.map_or(0, Ipv4Addr::to_bits));
        let sitting = here.sitting;
        let (person, sat) = sitting.map_or((0, 0), |s| (s.person.0, seconds(s.since)));
        let flags = flag(here.v4[0].is_some(), V4[0])
            | flag(here.v4[1].is_some(), V4[1])
            | flag(here.label.is_some(), LABEL)
            | flag(sitting.is_some(), SITTING)
            | flag(here.crowd == Some(Crowd::SignedIn), SIGNED_IN)
            | flag(here.crowd == Some(Crowd::Names), NAMES)
            | sitting.map_or(0, |s| how(s.known, s.sure)) << 8;
        let label = here.label.map_or(0, |label| label.0);
        let (first, second) = key.halves();
        Self([first, second, pair(one, another), pair(seconds(here.since), label), pair(person, sat), flags])
    }

    fn has(&self, flag: u64) -> bool {
        self.0[5] & flag != 0
    }

    pub fn key(&self) -> Key {
        Key::of_halves((self.0[0], self.0[1]))
    }
}

impl Line {
    pub fn of(key: Key, here: &Here, seen: &Seen) -> Self {
        Self { front: Front::of(key, here.mac, seen), back: Back::of(key, here) }
    }

    pub fn key(&self) -> Key {
        self.back.key()
    }

    pub fn here(&self) -> Here {
        let Back([_, _, v4, at, sat, flags]) = self.back;
        let ((one, another), (since, label), (person, sat)) = (halves(v4), halves(at), halves(sat));
        let has = |flag| self.back.has(flag);
        let sitting = how_of(flags >> 8).filter(|_| has(SITTING));
        Here {
            mac: self.front.mac(),
            v4: [(V4[0], one), (V4[1], another)].map(|(flag, v4)| has(flag).then(|| Ipv4Addr::from_bits(v4))),
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

/// How something is known and how sure it is, in seven bits.
fn how(known: Known, sure: Confidence) -> u64 {
    const { assert!(Known::ALL.len() <= 16 && Confidence::ALL.len() <= 8) }
    (known as u64) << 3 | sure as u64
}

#[inline]
fn how_of(bits: u64) -> Option<(Known, Confidence)> {
    Known::from_u8((bits >> 3) as u8 & 15).zip(Confidence::from_u8(bits as u8 & 7))
}

#[inline]
fn flag(is: bool, flag: u64) -> u64 {
    if is { flag } else { 0 }
}

fn seconds(since: Option<Since>) -> u32 {
    since.map_or(0, Since::seconds)
}

fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

#[inline]
fn halves(pair: u64) -> (u32, u32) {
    (pair as u32, (pair >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::option::of;
    use proptest::prelude::*;
    use proptest::sample::select;
    use std::net::IpAddr;

    fn since() -> impl Strategy<Value = Option<Since>> {
        any::<u32>().prop_map(Since::of_seconds)
    }

    fn how() -> impl Strategy<Value = (Known, Confidence)> {
        (select(Known::ALL), select(Confidence::ALL))
    }

    fn here() -> impl Strategy<Value = Here> {
        let sitting = (any::<u32>(), how(), since()).prop_map(|(n, (known, sure), since)| Sitting {
            person: PersonId(n),
            known,
            sure,
            since,
        });
        let mac = of(any::<[u8; 6]>()).prop_map(|octets| octets.and_then(|octets| Mac::of(octets).ok()));
        let crowd = of(select(&[Crowd::SignedIn, Crowd::Names][..]));
        (mac, any::<[Option<Ipv4Addr>; 2]>(), since(), of(sitting), of(any::<u32>()), crowd).prop_map(
            |(mac, v4, since, sitting, label, crowd)| Here { mac, v4, since, sitting, label: label.map(DeviceId), crowd },
        )
    }

    fn address() -> impl Strategy<Value = Key> {
        any::<IpAddr>().prop_map(Key::of)
    }

    proptest! {
        #[test]
        fn what_lies_in_a_line_is_what_was_laid_there(
            key in address(), here in here(), stamp in 1..u16::MAX, (known, sure) in how(), is in any::<bool>(), since in since(),
            device in of(any::<u32>()), person in of(any::<u32>()), next in 0..PLACES as Place, count in 0..1u32 << 31,
        ) {
            let (device, person) = (device.map(DeviceId), person.map(PersonId));
            let seen = Seen { stamp, sighting: is.then_some(Sighting { device, person, known, sure, since }) };
            let line = Line::of(key, &here, &seen);
            let linked = line.front.linked(next, count);
            for front in [line.front, linked] {
                let line = Line { front, ..line };
                prop_assert!(front.is_used() && front.is_of(key, || key));
                prop_assert_eq!((line.key(), line.here(), front.mac()), (key, here, here.mac));
                prop_assert!(front.is_seen_by(stamp) && !front.is_seen_by(stamp ^ 1 << 15));
                prop_assert_eq!(front.sighting(), seen.sighting);
            }
            prop_assert_eq!((linked.next(), Front::count(linked.last())), (next, count));
            prop_assert_eq!(linked.linked(0, 0), line.front);
        }

        #[test]
        fn a_line_is_of_no_address_but_its_own(key in address(), bit in 0..128u32, end in any::<u32>()) {
            let front = Line::of(key, &Here::default(), &Seen::default()).front;
            let (first, second) = key.halves();
            let flipped = (u128::from(first) << 64 | u128::from(second)) ^ 1 << bit;
            let others = [(first, second >> 32 << 32 | u64::from(end)), ((flipped >> 64) as u64, flipped as u64)].map(Key::of_halves);
            for other in others.into_iter().chain([Key::of(Ipv4Addr::from_bits(key.end()).into())]) {
                prop_assert_eq!(front.is_of(other, || key), other == key);
            }
        }
    }

    #[test]
    fn an_empty_line_is_of_no_address_not_even_of_the_one_of_zeros() {
        let (none, zeros) = (Front::default(), Key::of_halves((0, 0)));
        assert!(!none.is_used() && !none.is_of(zeros, || zeros));
        let zeros = Line::of(zeros, &Here::default(), &Seen::default()).front;
        assert!(zeros.is_used() && zeros != none);
        assert!(!zeros.is_seen_by(0), "worked out with nobody's seats");
    }
}
