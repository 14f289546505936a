//! Of several claims, the one that is believed.

use super::claim::{Claim, Whose};
use super::here::Sitting;
use crate::words::{Confidence, DeviceId, PersonId};

/// So many people at once are signed in on a machine of many, not on a device that one of them left without signing out: those
/// end by themselves.
pub const CROWD: usize = 3;

/// A claim, with when its source began to say so and when it last did: milliseconds since the machine started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub claim: Claim,
    pub begun_ms: u64,
    pub heard_ms: u64,
    /// When the device itself was heard of last.
    pub used_ms: u64,
}

impl Said {
    pub fn until_ms(&self) -> u64 {
        let silent = self.claim.silent_ms.map_or(u64::MAX, |silent| self.used_ms.saturating_add(silent));
        self.claim.until_ms.min(silent)
    }
}

/// What follows from the claims on one place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Merged {
    pub sitting: Option<Sitting>,
    pub label: Option<DeviceId>,
    pub crowd: bool,
}

/// Of claims that are in force.
pub(super) fn merge<'a>(said: impl Iterator<Item = &'a Said> + Clone) -> Merged {
    let device = |said: &&Said| matches!(said.claim.whose, Whose::Device(_));
    let label = said.clone().filter(device).max_by_key(|s| (s.claim.known.trust(), s.begun_ms));
    let label = label.and_then(|said| match said.claim.whose {
        Whose::Device(device) => Some(device),
        Whose::Person(_) => None,
    });
    let people = || said.clone().filter_map(|said| person(said).map(|person| (person, said)));
    let Some((believed, by)) = people().max_by_key(|(_, s)| (s.claim.known.trust(), s.begun_ms)) else {
        return Merged { label, ..Merged::default() };
    };
    let mut all: Vec<PersonId> = people().map(|(person, _)| person).collect();
    all.sort_unstable();
    all.dedup();
    if all.len() >= CROWD {
        return Merged { sitting: None, label, crowd: true };
    }
    let others = || people().filter(|(person, _)| *person != believed);
    // Somebody else has shown who they are since: whoever is trusted less may still be the one who sits there now.
    let later = others().filter(|(_, s)| s.begun_ms > by.begun_ms).max_by_key(|(_, s)| s.begun_ms);
    let (person, by, contested) = match later {
        Some((person, later)) => (person, later, true),
        None => (believed, by, others().any(|(_, s)| s.heard_ms > by.begun_ms)),
    };
    let sure = if contested { Confidence::Low } else { by.claim.sure.min(by.claim.known.at_best()) };
    Merged { sitting: Some(Sitting { person, known: by.claim.known, sure, since: by.claim.since }), label, crowd: false }
}

fn person(said: &Said) -> Option<PersonId> {
    match said.claim.whose {
        Whose::Person(person) => Some(person),
        Whose::Device(_) => None,
    }
}
