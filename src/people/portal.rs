//! Who has signed in on the portal, and on which device: sessions of browsers, each bound to the device it was begun on.
//!
//! What names somebody to the doors is the roster's claim, which belongs to the device. A browser has a token beside it, of which only
//! the SHA-256 is kept here: by it the portal knows the browser again, on that device and on no other. A device has one session;
//! whoever signs in ends the one before.

use super::roster::{At, Claim, Now, Roster};
use crate::words::{ClientAddr, Known, Mac, PersonId};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most sessions: every pupil of a large trust. Of more, the one that ends first goes.
const MOST: usize = 20_000;

/// How much later than a sign-in the device behind an address may be heard of, and be the one it was made on; as in the roster.
const SOON_MS: u64 = 30_000;

const TOKEN: usize = 32;

/// A device, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    address: IpAddr,
    mac: Option<Mac>,
}

impl Place {
    pub fn of(client: ClientAddr, roster: &Roster) -> Self {
        Self { address: client.ip(), mac: roster.look_up(client.ip()).and_then(|here| here.mac) }
    }

    /// Whether this device, where a session began at `begun_ms`, is the one that calls from `place` now.
    pub fn is(&self, place: Self, begun_ms: u64, now_ms: u64) -> bool {
        match (self.mac, place.mac) {
            (Some(its), Some(mac)) => its == mac,
            // A device that was known by its MAC and is not any more may be another one with its address.
            (Some(_), None) => false,
            (None, Some(_)) => self.address == place.address && now_ms.saturating_sub(begun_ms) <= SOON_MS,
            (None, None) => self.address == place.address,
        }
    }

    /// The same, by the MAC that is known now: from here on it is no other.
    #[must_use]
    pub fn known_by(self, place: Self) -> Self {
        Self { mac: self.mac.or(place.mac), ..self }
    }
}

/// Somebody, on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub person: PersonId,
    /// Milliseconds since the machine started.
    pub until_ms: u64,
    place: Place,
    begun_ms: u64,
    /// Its claim in the roster.
    claim: u64,
}

/// How long somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasts {
    pub ms: u64,
    /// On a device that goes from hand to hand: until nothing was heard of it for so long.
    pub silent_ms: Option<u64>,
}

impl Session {
    /// Whether the roster has it still: a device that was silent for too long has nobody.
    fn is_in(&self, roster: &Roster, now: Now) -> bool {
        let at = self.place.mac.map_or(At::Address(self.place.address), At::Mac);
        let claimed = || roster.change(now, |book| book.has(at, Known::Portal, self.claim));
        self.until_ms > now.boot_ms && claimed().is_some()
    }

    fn is_at(&self, place: Place, now_ms: u64) -> bool {
        self.place.is(place, self.begun_ms, now_ms)
    }
}

/// The system gives no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoToken;

/// Sessions by the SHA-256 of their tokens.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

impl Sessions {
    /// Somebody has signed in on a device: a session of theirs, in the place of the one before, and a claim in the roster. The
    /// token is for their browser alone.
    ///
    /// # Errors
    /// [`NoToken`]: nobody is signed in then.
    pub fn begin(&self, person: PersonId, place: Place, roster: &Roster, now: Now, lasts: Lasts) -> Result<String, NoToken> {
        let token = token()?;
        let key = hashed(&token);
        let until_ms = now.boot_ms.saturating_add(lasts.ms);
        let mut id = [0; 8];
        id.copy_from_slice(&key[..8]);
        let claim = u64::from_le_bytes(id);
        let mut all = self.all();
        all.retain(|_, session| session.until_ms > now.boot_ms && !session.is_at(place, now.boot_ms));
        if all.len() >= MOST
            && let Some(first) = all.iter().min_by_key(|(_, session)| session.until_ms).map(|(key, _)| *key)
        {
            all.remove(&first);
        }
        all.insert(key, Session { person, until_ms, place, begun_ms: now.boot_ms, claim });
        drop(all);
        roster.change(now, |book| {
            book.end(At::Address(place.address), Known::Portal, None);
            let signed = Claim::sign_in(person, Known::Portal, claim, now, lasts.ms);
            book.claim(At::Address(place.address), Claim { silent_ms: lasts.silent_ms, ..signed });
        });
        Ok(token)
    }

    /// The session of a browser's token, if this is the device it was begun on.
    pub fn of(&self, token: &str, place: Place, roster: &Roster, now: Now) -> Option<Session> {
        if token.len() != 2 * TOKEN {
            return None;
        }
        let mut all = self.all();
        let session = all.get_mut(&hashed(token)).filter(|s| s.is_at(place, now.boot_ms) && s.is_in(roster, now))?;
        session.place = session.place.known_by(place);
        Some(*session)
    }

    /// The session on a device, whichever browser began it.
    pub fn at(&self, place: Place, roster: &Roster, now: Now) -> Option<Session> {
        self.all().values().find(|session| session.is_at(place, now.boot_ms) && session.is_in(roster, now)).copied()
    }

    /// Whether somebody is signed in on another device.
    pub fn is_elsewhere(&self, person: PersonId, place: Place, roster: &Roster, now: Now) -> bool {
        let all = self.all();
        let mut theirs = all.values().filter(|session| session.person == person && session.is_in(roster, now));
        theirs.any(|session| !session.is_at(place, now.boot_ms))
    }

    /// Nobody is signed in on a device any more.
    pub fn end(&self, place: Place, roster: &Roster, now: Now) {
        self.all().retain(|_, session| session.until_ms > now.boot_ms && !session.is_at(place, now.boot_ms));
        roster.change(now, |book| book.end(At::Address(place.address), Known::Portal, None));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a browser is given.
pub(super) fn token() -> Result<String, NoToken> {
    let mut token = [0; TOKEN];
    SystemRandom::new().fill(&mut token).map_err(|_| NoToken)?;
    Ok(token.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What is kept of it.
pub(super) fn hashed(token: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::roster::{Bound, Teller};

    fn now(boot_ms: u64) -> Now {
        Now { unix_ms: 1_795_000_000_000, boot_ms }
    }

    fn lasts(ms: u64) -> Lasts {
        Lasts { ms, silent_ms: None }
    }

    fn place(last: u8, roster: &Roster) -> Place {
        Place::of(ClientAddr::new([10, 0, 0, last].into()), roster)
    }

    fn is_device(roster: &Roster, last: u8, mac: &str, at_ms: u64) {
        let bound = Bound { mac: Mac::parse(mac).expect("a MAC"), by: 0, until_ms: None };
        roster.change(now(at_ms), |book| book.bind([10, 0, 0, last].into(), Teller::Neighbour, bound));
    }

    fn person(roster: &Roster, last: u8) -> Option<u32> {
        roster.look_up([10, 0, 0, last].into())?.sitting.map(|sitting| sitting.person.0)
    }

    #[test]
    fn a_token_is_believed_on_the_device_it_was_given_to_and_on_no_other() {
        let (sessions, roster) = (Sessions::default(), Roster::default());
        is_device(&roster, 1, "3c:22:fb:00:00:01", 0);
        let token = sessions.begin(PersonId(7), place(1, &roster), &roster, now(0), lasts(60_000)).expect("random");
        assert_eq!(person(&roster, 1), Some(7));
        let of = |token: &str, last, at_ms| sessions.of(token, place(last, &roster), &roster, now(at_ms)).map(|s| s.person.0);
        assert_eq!(
            (of(&token, 1, 10), of(&token, 2, 10), of("x", 1, 10), of(&"0".repeat(64), 1, 10)),
            (Some(7), None, None, None)
        );
        // It has another address now, and its own is another's.
        is_device(&roster, 3, "3c:22:fb:00:00:01", 20);
        is_device(&roster, 1, "3c:22:fb:00:00:99", 20);
        assert_eq!((of(&token, 3, 30), of(&token, 1, 30)), (Some(7), None));
        assert_eq!((of(&token, 3, 59_999), of(&token, 3, 60_000)), (Some(7), None), "it ends by itself");
        assert!(!sessions.all().keys().any(|key| token.contains(&String::from_utf8_lossy(key)[..])), "the token is nowhere");
    }

    #[test]
    fn a_device_that_is_heard_of_at_once_is_the_one_and_a_later_one_is_not() {
        let (sessions, roster) = (Sessions::default(), Roster::default());
        let soon = sessions.begin(PersonId(7), place(1, &roster), &roster, now(0), lasts(600_000)).expect("random");
        let late = sessions.begin(PersonId(8), place(2, &roster), &roster, now(0), lasts(600_000)).expect("random");
        is_device(&roster, 1, "3c:22:fb:00:00:01", 10_000);
        assert!(sessions.of(&soon, place(1, &roster), &roster, now(10_000)).is_some());
        assert!(sessions.of(&soon, place(1, &roster), &roster, now(500_000)).is_some());
        is_device(&roster, 2, "3c:22:fb:00:00:02", 40_000);
        assert!(sessions.of(&late, place(2, &roster), &roster, now(40_000)).is_none());
        assert_eq!((person(&roster, 1), person(&roster, 2)), (Some(7), None));
    }

    #[test]
    fn a_device_has_one_session_and_signing_out_ends_it_for_the_doors() {
        let (sessions, roster) = (Sessions::default(), Roster::default());
        let at = place(1, &roster);
        let first = sessions.begin(PersonId(7), at, &roster, now(0), lasts(60_000)).expect("random");
        let second = sessions.begin(PersonId(8), at, &roster, now(5), lasts(60_000)).expect("random");
        assert!(sessions.of(&first, at, &roster, now(10)).is_none() && sessions.of(&second, at, &roster, now(10)).is_some());
        assert_eq!((person(&roster, 1), sessions.at(at, &roster, now(10)).map(|s| s.person.0)), (Some(8), Some(8)));
        assert!(
            sessions.is_elsewhere(PersonId(8), place(2, &roster), &roster, now(10))
                && !sessions.is_elsewhere(PersonId(8), at, &roster, now(10))
        );
        sessions.end(at, &roster, now(20));
        assert_eq!((person(&roster, 1), sessions.at(at, &roster, now(20))), (None, None));
        assert!(sessions.of(&second, at, &roster, now(20)).is_none());
    }

    #[test]
    fn a_device_that_goes_from_hand_to_hand_and_was_silent_has_nobody() {
        let (sessions, roster) = (Sessions::default(), Roster::default());
        is_device(&roster, 1, "3c:22:fb:00:00:01", 0);
        let lasts = Lasts { ms: 600_000, silent_ms: Some(10_000) };
        let token = sessions.begin(PersonId(7), place(1, &roster), &roster, now(0), lasts).expect("random");
        let at = |ms: u64| {
            roster.sweep(now(ms));
            let known = sessions.of(&token, place(1, &roster), &roster, now(ms)).map(|s| s.person.0);
            assert_eq!(known, person(&roster, 1));
            known
        };
        // It is used, from either of its addresses, and stays theirs.
        roster.heard([10, 0, 0, 1].into(), 8_000);
        assert_eq!(at(17_999), Some(7));
        is_device(&roster, 2, "3c:22:fb:00:00:01", 18_000 - 1);
        roster.heard([10, 0, 0, 2].into(), 17_999);
        // What another device asks does not count.
        is_device(&roster, 3, "3c:22:fb:00:00:03", 20_000);
        roster.heard([10, 0, 0, 3].into(), 27_000);
        assert_eq!((at(27_998), at(27_999)), (Some(7), None), "the lid was shut");
        roster.heard([10, 0, 0, 1].into(), 28_000);
        assert_eq!((at(28_000), person(&roster, 2)), (None, None), "whoever opens it is not known by it");
        assert!(sessions.at(place(1, &roster), &roster, now(28_000)).is_none());
    }
}
