//! Browsers that have signed in at the desk: each on the device it did so on, until nobody touches it for a quarter of an hour, and
//! never for longer than a day's work.

use super::Account;
use crate::people::portal::{NoToken, Place, hashed, token};
use crate::people::roster::Now;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// After so long without a request it is over.
pub const IDLE_MS: u64 = 15 * 60 * 1000;

/// Longest session.
pub const LONGEST_MS: u64 = 8 * 60 * 60 * 1000;

/// Most sessions: a desk has a handful of people.
const MOST: usize = 64;

/// Most pages and reasons that are remembered of a session.
const MOST_REMEMBERED: usize = 1_000;

#[derive(Debug)]
struct Session {
    account: String,
    /// Of which making of the account.
    since_ms: i64,
    place: Place,
    begun_ms: u64,
    touched_ms: u64,
    /// Why somebody looks at a matter, by what stands for it.
    purposes: HashMap<String, String>,
    /// What was written down as looked at.
    looked: HashSet<String>,
}

impl Session {
    fn is_on(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.touched_ms) < IDLE_MS && now_ms.saturating_sub(self.begun_ms) < LONGEST_MS
    }
}

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub account: String,
    pub since_ms: i64,
}

/// Sessions by the SHA-256 of their tokens.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

impl Sessions {
    /// Somebody has signed in: a session in the place of the one they had. The token is for their browser alone.
    ///
    /// # Errors
    /// [`NoToken`]: nobody is signed in then.
    pub fn begin(&self, account: &Account, place: Place, now: Now) -> Result<String, NoToken> {
        let token = token()?;
        let mut all = self.all();
        all.retain(|_, session| session.is_on(now.boot_ms) && session.account != account.name);
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, session)| session.touched_ms).map(|(key, _)| *key)
        {
            all.remove(&oldest);
        }
        let (purposes, looked) = Default::default();
        let (begun_ms, touched_ms) = (now.boot_ms, now.boot_ms);
        let (since_ms, account) = (account.since_ms, account.name.clone());
        all.insert(hashed(&token), Session { account, since_ms, place, begun_ms, touched_ms, purposes, looked });
        Ok(token)
    }

    /// The session of a browser's token, if this is the device it was begun on; it is touched by that.
    pub fn of(&self, token: &str, place: Place, now: Now) -> Option<Signed> {
        let mut all = self.all();
        let session = all.get_mut(&hashed(token)).filter(|session| session.is_on(now.boot_ms))?;
        if !session.place.is(place, session.begun_ms, now.boot_ms) {
            return None;
        }
        session.place = session.place.known_by(place);
        session.touched_ms = now.boot_ms;
        Some(Signed { account: session.account.clone(), since_ms: session.since_ms })
    }

    /// It is over.
    pub fn end(&self, token: &str) {
        self.all().remove(&hashed(token));
    }

    /// Whether it is written down that this was looked at in a session.
    pub fn has_looked(&self, token: &str, what: &str) -> bool {
        self.all().get(&hashed(token)).is_some_and(|session| session.looked.contains(what))
    }

    /// It is, from here on.
    pub fn looked(&self, token: &str, what: &str) {
        if let Some(session) = self.all().get_mut(&hashed(token)) {
            if session.looked.len() >= MOST_REMEMBERED {
                session.looked.clear();
            }
            session.looked.insert(what.to_owned());
        }
    }

    /// Why they look at a matter, as they said in this session.
    pub fn purpose(&self, token: &str, matter: &str) -> Option<String> {
        self.all().get(&hashed(token))?.purposes.get(matter).cloned()
    }

    /// They have said why.
    pub fn set_purpose(&self, token: &str, matter: &str, purpose: &str) {
        if let Some(session) = self.all().get_mut(&hashed(token)) {
            if session.purposes.len() >= MOST_REMEMBERED {
                session.purposes.clear();
            }
            session.purposes.insert(matter.to_owned(), purpose.to_owned());
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Role, totp::Secret};
    use super::*;
    use crate::people::Roster;
    use crate::words::ClientAddr;

    fn account(name: &str) -> Account {
        let (password, by) = (String::new(), String::new());
        let (role, person, secret) = (Role::Dsl, None, Secret::made().expect("random"));
        Account { name: name.into(), role, person, password, own: true, secret, step: 0, since_ms: 5, by, seen_ms: None }
    }

    fn place(last: u8) -> Place {
        Place::of(ClientAddr::new([10, 0, 0, last].into()), &Roster::default())
    }

    fn now(boot_ms: u64) -> Now {
        Now { unix_ms: 1_795_000_000_000, boot_ms }
    }

    #[test]
    fn a_session_is_its_devices_ends_when_nobody_touches_it_and_after_a_day() {
        let sessions = Sessions::default();
        let token = sessions.begin(&account("a.jones"), place(1), now(0)).expect("random");
        let is_on = |token: &str, last, at| sessions.of(token, place(last), now(at)).is_some();
        assert!(is_on(&token, 1, IDLE_MS - 1) && !is_on(&token, 2, IDLE_MS - 1) && !is_on("x", 1, 5) && !is_on("", 1, 5));
        assert!(is_on(&token, 1, 2 * IDLE_MS - 2), "it was touched");
        assert!(!is_on(&token, 1, 3 * IDLE_MS), "and then for too long not");
        let token = sessions.begin(&account("a.jones"), place(1), now(0)).expect("random");
        assert!((1..LONGEST_MS / 60_000).all(|minute| is_on(&token, 1, minute * 60_000)));
        assert!(!is_on(&token, 1, LONGEST_MS));
    }

    #[test]
    fn one_account_has_one_session_and_what_was_said_in_it_goes_with_it() {
        let sessions = Sessions::default();
        let first = sessions.begin(&account("a.jones"), place(1), now(0)).expect("random");
        let other = sessions.begin(&account("head"), place(2), now(0)).expect("random");
        sessions.set_purpose(&first, "m1", "a parent asked");
        assert_eq!(sessions.purpose(&first, "m1").as_deref(), Some("a parent asked"));
        assert_eq!((sessions.purpose(&first, "m2"), sessions.purpose(&other, "m1")), (None, None));
        sessions.looked(&first, "week");
        assert!(
            sessions.has_looked(&first, "week") && !sessions.has_looked(&first, "file") && !sessions.has_looked(&other, "week")
        );
        let second = sessions.begin(&account("a.jones"), place(3), now(5)).expect("random");
        assert!(sessions.of(&first, place(1), now(6)).is_none() && sessions.of(&second, place(3), now(6)).is_some());
        assert_eq!(sessions.purpose(&second, "m1"), None);
        sessions.end(&second);
        assert!(sessions.of(&second, place(3), now(7)).is_none() && sessions.of(&other, place(2), now(7)).is_some());
    }
}
