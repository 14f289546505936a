//! Addresses that many machines are behind, seen by what they ask for: a domain controller that passes on questions, a router that
//! translates addresses.
//!
//! One machine, however busy, asks as one: of the names by which systems look whether they are online, each asks for its maker's.
//! An address that asks for those of [`FAMILIES`] makers within [`WINDOW_S`], and for [`NAMES`] different names, is many machines. It
//! is told to the roster, which names nobody there unless somebody is known: asking for three names must not be a way to
//! become nobody.
//!
//! One question in [`SAMPLED`] is looked at: who asks for many is seen in it all the same.

use crate::people::Roster;
use crate::people::roster::Now;
use crate::words::ClientAddr;
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, TryLockError};

/// Of how many questions one is looked at.
const SAMPLED: u32 = 16;
/// In how many seconds it must come together.
const WINDOW_S: u32 = 10 * 60;
/// How long it is believed.
const LASTS_MS: u64 = 60 * 60 * 1000;
/// Different names, of those that are looked at.
const NAMES: u32 = 150;
/// Makers whose systems ask.
const FAMILIES: u32 = 3;
/// Addresses that are looked at at once; who asks more keeps the place.
const PLACES: usize = 256;
/// Bits of a sketch: by it up to some 2,000 names are counted (linear counting).
const WORDS: usize = 16;

/// By what systems look whether they are online, by maker: each asks for its own all day.
const ONLINE: [(&str, u8); 10] = [
    ("captive.apple.com", 0),
    ("www.apple.com", 0),
    ("gsp-ssl.ls.apple.com", 0),
    ("connectivitycheck.gstatic.com", 1),
    ("clients3.google.com", 1),
    ("www.msftconnecttest.com", 2),
    ("dns.msftncsi.com", 2),
    ("www.msftncsi.com", 2),
    ("detectportal.firefox.com", 3),
    ("connectivity-check.ubuntu.com", 4),
];

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    client: Option<ClientAddr>,
    began_s: u32,
    asked: u32,
    names: [u64; WORDS],
    families: u8,
}

#[derive(Debug)]
pub struct Crowds {
    places: Mutex<Box<[Place]>>,
    keys: RandomState,
}

impl Default for Crowds {
    fn default() -> Self {
        Self { places: Mutex::new(vec![Place::default(); PLACES].into()), keys: RandomState::new() }
    }
}

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

impl Crowds {
    /// Sees a question. Never waits.
    #[inline]
    pub fn see(&self, client: ClientAddr, name: &str, roster: &Roster, now: Now) {
        let count = COUNT.get().wrapping_add(1);
        COUNT.set(count);
        if count.is_multiple_of(SAMPLED) {
            self.look_at(client, name, roster, now);
        }
    }

    fn look_at(&self, client: ClientAddr, name: &str, roster: &Roster, now: Now) {
        let mut places = match self.places.try_lock() {
            Ok(places) => places,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let place = &mut places[self.keys.hash_one(client) as usize % PLACES];
        let second = (now.boot_ms / 1000) as u32;
        let over = second.wrapping_sub(place.began_s) > WINDOW_S;
        if place.client != Some(client) {
            place.asked = place.asked.saturating_sub(1);
            if place.asked > 0 && !over {
                return;
            }
        }
        if place.client != Some(client) || over {
            *place = Place { client: Some(client), began_s: second, ..Place::default() };
        }
        place.asked = place.asked.saturating_add(1);
        let bit = self.keys.hash_one(name) as usize % (WORDS * 64);
        place.names[bit / 64] |= 1 << (bit % 64);
        if let Some((_, family)) = ONLINE.iter().find(|(online, _)| *online == name) {
            place.families |= 1 << family;
        }
        if place.families.count_ones() >= FAMILIES && names(&place.names) >= NAMES {
            *place = Place::default();
            drop(places);
            let address: IpAddr = client.ip();
            roster.change(now, |book| book.crowd(address, LASTS_MS));
        }
    }
}

/// How many different names have set these bits.
fn names(bits: &[u64; WORDS]) -> u32 {
    let all = (WORDS * 64) as f64;
    let empty = bits.iter().map(|word| word.count_zeros()).sum::<u32>().max(1);
    (-all * (f64::from(empty) / all).ln()).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::roster::Crowd;

    fn asks(crowds: &Crowds, roster: &Roster, client: ClientAddr, different: u32, families: &[&str]) {
        for n in 0..different {
            let now = Now { unix_ms: 1_795_000_000_000, boot_ms: 1_000_000 + u64::from(n) };
            crowds.look_at(client, &format!("n{n}.example"), roster, now);
            families.iter().filter(|_| n % 50 == 0).for_each(|name| crowds.look_at(client, name, roster, now));
        }
    }

    #[test]
    fn a_controller_that_passes_questions_on_is_seen_and_a_busy_machine_is_not() {
        let (crowds, roster) = (Crowds::default(), Roster::default());
        let client = |last| ClientAddr::new([10, 20, 0, last].into());
        let all = ["captive.apple.com", "www.msftconnecttest.com", "connectivitycheck.gstatic.com"];
        asks(&crowds, &roster, client(1), 5_000, &all[..2]);
        asks(&crowds, &roster, client(2), NAMES / 2, &all);
        asks(&crowds, &roster, client(3), 5_000, &[]);
        assert!(roster.crowded().is_empty());
        asks(&crowds, &roster, client(4), 2 * NAMES, &all);
        assert_eq!(roster.crowded(), [(client(4).ip(), Crowd::Names)]);
        let later = Now { unix_ms: 1_795_003_600_000, boot_ms: 2_000_000 + LASTS_MS };
        roster.sweep(later);
        assert!(roster.crowded().is_empty(), "it ends if it is not seen again");
    }
}
