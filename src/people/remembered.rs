//! Passwords that were found right or wrong of late, so that Argon2id is not asked again for every request.
//!
//! Neither name nor password is kept: a keyed hash of both, under a key that is made when the gate starts and is nowhere else.
//! What was right holds for [`RIGHT_MS`], a school day; what was wrong for [`WRONG_MS`]. When the register has changed, the kept
//! hash of the password is held against the one that was right: a new password, or access that was withdrawn, ends it.

use super::password::folded;
use crate::words::{PersonId, Since};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::SystemRandom;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a right password is remembered.
const RIGHT_MS: u64 = 10 * 60 * 60 * 1000;

/// How long a wrong one is: a program that sends the same again and again guesses once.
const WRONG_MS: u64 = 60 * 1000;

/// Most that are remembered: every pupil and teacher of a large trust.
const MOST: usize = 20_000;

/// A name and a password, as nobody can read them.
pub type Print = [u8; 32];

#[derive(Debug)]
pub struct Remembered {
    key: hmac::Key,
    entries: Mutex<HashMap<Print, Entry>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    right: Option<Right>,
    /// Of the register by which this was found.
    revision: i64,
    until_ms: u64,
}

/// Whose password it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    pub person: PersonId,
    pub since: Option<Since>,
    /// Of what the register keeps of the password.
    kept: [u8; 32],
}

/// What is remembered of a name and a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Right(Right),
    Wrong,
    /// It was right by an earlier register.
    Once(Right),
    Nothing,
}

impl Default for Remembered {
    fn default() -> Self {
        // Without randomness there is no TLS either, and nobody comes as far as this.
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).expect("the system gives random numbers");
        Self { key, entries: Mutex::default() }
    }
}

impl Right {
    pub fn new(person: PersonId, since: Option<Since>, kept: &str) -> Self {
        Self { person, since, kept: print_of_kept(kept) }
    }

    /// Whether the register still keeps the same password.
    pub fn is_still(&self, kept: Option<&str>) -> bool {
        kept.is_some_and(|kept| print_of_kept(kept) == self.kept)
    }
}

fn print_of_kept(kept: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, kept.as_bytes()).as_ref());
    out
}

impl Remembered {
    pub fn print(&self, name: &str, password: &str) -> Print {
        let name = name.trim().to_lowercase();
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&name.len().to_be_bytes());
        context.update(name.as_bytes());
        context.update(folded(password).as_bytes());
        let mut print = [0; 32];
        print.copy_from_slice(context.sign().as_ref());
        print
    }

    pub fn find(&self, print: &Print, revision: i64, now_ms: u64) -> Found {
        let entries = self.entries();
        let Some(entry) = entries.get(print).filter(|entry| now_ms < entry.until_ms) else { return Found::Nothing };
        match (entry.right, entry.revision == revision) {
            (Some(right), true) => Found::Right(right),
            (Some(right), false) => Found::Once(right),
            (None, true) => Found::Wrong,
            (None, false) => Found::Nothing,
        }
    }

    pub fn right(&self, print: Print, right: Right, revision: i64, now_ms: u64) {
        self.keep(print, Entry { right: Some(right), revision, until_ms: now_ms.saturating_add(RIGHT_MS) }, now_ms);
    }

    /// It is right by this register, too; its time goes on.
    pub fn still(&self, print: &Print, revision: i64) {
        if let Some(entry) = self.entries().get_mut(print) {
            entry.revision = revision;
        }
    }

    pub fn wrong(&self, print: Print, revision: i64, now_ms: u64) {
        self.keep(print, Entry { right: None, revision, until_ms: now_ms.saturating_add(WRONG_MS) }, now_ms);
    }

    pub fn forget(&self, print: &Print) {
        self.entries().remove(print);
    }

    fn keep(&self, print: Print, entry: Entry, now_ms: u64) {
        let mut entries = self.entries();
        if entries.len() >= MOST && !entries.contains_key(&print) {
            entries.retain(|_, entry| now_ms < entry.until_ms && entry.right.is_some());
            if entries.len() >= MOST {
                entries.clear();
            }
        }
        entries.insert(print, entry);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Print, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_right_is_right_for_a_day_and_asked_again_when_the_register_has_changed() {
        let remembered = Remembered::default();
        let print = remembered.print("P0412 ", "Blue-Fish 12");
        assert_eq!(print, remembered.print("p0412", "bluefish12"));
        assert_ne!(print, remembered.print("p041", "2bluefish12"));
        assert_ne!(print, Remembered::default().print("p0412", "bluefish12"), "each gate has a key of its own");
        assert_eq!(remembered.find(&print, 1, 0), Found::Nothing);
        let right = Right::new(PersonId(7), None, "argon2id$1");
        remembered.right(print, right, 1, 0);
        assert_eq!(remembered.find(&print, 1, RIGHT_MS - 1), Found::Right(right));
        assert_eq!(remembered.find(&print, 1, RIGHT_MS), Found::Nothing);
        assert_eq!(remembered.find(&print, 2, 5), Found::Once(right));
        assert!(right.is_still(Some("argon2id$1")) && !right.is_still(Some("argon2id$2")) && !right.is_still(None));
        remembered.still(&print, 2);
        assert_eq!(remembered.find(&print, 2, 5), Found::Right(right));
        remembered.forget(&print);
        assert_eq!(remembered.find(&print, 2, 5), Found::Nothing);
    }

    #[test]
    fn what_was_wrong_is_wrong_for_a_minute_and_no_crowd_fills_the_memory() {
        let remembered = Remembered::default();
        let print = remembered.print("p0412", "guess");
        remembered.wrong(print, 1, 0);
        let at = |revision, ms| remembered.find(&print, revision, ms);
        assert_eq!((at(1, 59_999), at(1, 60_000), at(2, 5)), (Found::Wrong, Found::Nothing, Found::Nothing));
        let right = remembered.print("p0413", "right");
        remembered.right(right, Right::new(PersonId(1), None, ""), 1, 0);
        for n in 0..2 * MOST {
            remembered.wrong(remembered.print("p0412", &n.to_string()), 1, 0);
        }
        assert!(remembered.entries().len() <= MOST);
        assert!(matches!(remembered.find(&right, 1, 0), Found::Right(_)), "guesses do not push out what is right");
    }
}
