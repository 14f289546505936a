//! Names and passwords, checked for every door: what is remembered, who is slowed, and one Argon2id after the other.

use super::attempts::{Attempts, Wait};
use super::password::{Busy, Checks, at_once};
use super::remembered::{Found, Print, Remembered, Right};
use super::roster::{At, Claim, Now, Roster};
use super::sign_in::{SignIn, SignInFault, checked};
use super::{Register, Store, StoreFault};
use crate::words::{Confidence, Known, PersonId, Since};
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// How long a device is somebody's after their last request, where a network has one person a device.
const DEVICE_MS: u64 = 30 * 60 * 1000;

/// How often that is said again.
const AGAIN_MS: u64 = 60 * 1000;

/// Devices of which it is remembered when it was said.
const MOST_SAID: usize = 65_536;

/// Somebody who showed who they are by what they sent, whatever is known of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    pub person: PersonId,
    pub known: Known,
    pub sure: Confidence,
    pub since: Option<Since>,
}

/// What was made of passwords since the start; for `status`.
#[derive(Debug, Default)]
pub struct Tally {
    pub right: AtomicU64,
    pub wrong: AtomicU64,
    /// Too soon after others that were wrong.
    pub slowed: AtomicU64,
    /// Too many at once.
    pub busy: AtomicU64,
}

/// Why somebody is not known by a name and a password.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// Which of the two it is, is told nobody.
    #[error("the name or the password is wrong")]
    Wrong,
    #[error(transparent)]
    Wait(#[from] Wait),
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// A name and a password, from an address.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    pub name: &'a str,
    pub password: &'a str,
    pub client: IpAddr,
}

/// One for all doors of a gate.
#[derive(Debug)]
pub struct Passwords {
    pub checks: Checks,
    pub attempts: Attempts,
    remembered: Remembered,
    pub tally: Tally,
    /// Whose devices were said to be, and when.
    said: Mutex<HashMap<IpAddr, (PersonId, u64)>>,
}

impl Default for Passwords {
    /// As many at once as this machine has memory and cores for.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        let (attempts, remembered, tally, said) = Default::default();
        Self { checks: Checks::new(at_once(memory_bytes(), cores)), attempts, remembered, tally, said }
    }
}

/// What this machine has; 0 if it does not say.
fn memory_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<u64>().ok());
    total.unwrap_or(0) * 1024
}

impl Passwords {
    /// What stands for a name and a password here.
    pub fn print(&self, typed: Typed) -> Print {
        self.remembered.print(typed.name, typed.password)
    }

    /// What is known already, without waiting for anything. `None`: [`Passwords::check`].
    pub fn known(&self, print: &Print, register: &Register, now: Now) -> Option<Result<Signed, NotSigned>> {
        match self.remembered.find(print, register.revision(), now.boot_ms) {
            Found::Right(right) => Some(Ok(signed(right))),
            Found::Wrong => Some(Err(NotSigned::Wrong)),
            Found::Once(_) | Found::Nothing => None,
        }
    }

    /// Checks a name and a password against the register in this file. It blocks for tens of milliseconds, and longer while others
    /// sign in: not for a thread that serves anybody. Who was withdrawn is known, too: they are told so where they go.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn check(&self, typed: Typed, register: &Register, file: &Path, now: Now) -> Result<Signed, NotSigned> {
        let (print, revision) = (self.print(typed), register.revision());
        if let Some(known) = self.known(&print, register, now) {
            return known;
        }
        let store = Store::open(file)?;
        if let Found::Once(right) = self.remembered.find(&print, revision, now.boot_ms) {
            if register.person(right.person).is_some() && right.is_still(store.password(right.person)?.as_deref()) {
                self.remembered.still(&print, revision);
                return Ok(signed(right));
            }
            self.remembered.forget(&print);
        }
        let attempt = self.attempts.begin(typed.name, typed.client, now.boot_ms).inspect_err(|_| {
            self.tally.slowed.fetch_add(1, Relaxed);
        })?;
        match checked(&store, register, &self.checks, typed.name, typed.password) {
            Ok((SignIn::Known(person) | SignIn::Withdrawn(person), kept)) => {
                attempt.right();
                self.tally.right.fetch_add(1, Relaxed);
                let right = Right::new(person, now.since(), kept.as_deref().unwrap_or_default());
                self.remembered.right(print, right, revision, now.boot_ms);
                Ok(signed(right))
            }
            Ok((SignIn::Wrong, _)) => {
                drop(attempt);
                self.tally.wrong.fetch_add(1, Relaxed);
                self.remembered.wrong(print, revision, now.boot_ms);
                Err(NotSigned::Wrong)
            }
            Err(fault) => {
                attempt.not_made();
                match fault {
                    SignInFault::Busy(busy) => {
                        self.tally.busy.fetch_add(1, Relaxed);
                        Err(busy.into())
                    }
                    SignInFault::Store(fault) => Err(fault.into()),
                }
            }
        }
    }

    /// Their requests were at this address: where it is one person's device, it is theirs for a while.
    pub fn at_device(&self, signed: Signed, client: IpAddr, roster: &Roster, now: Now) {
        {
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            let lately = |at: &u64| now.boot_ms.saturating_sub(*at) < AGAIN_MS;
            if said.get(&client).is_some_and(|(person, at)| *person == signed.person && lately(at)) {
                return;
            }
            if said.len() >= MOST_SAID {
                said.clear();
            }
            said.insert(client, (signed.person, now.boot_ms));
        }
        // One session a person, however often they type it.
        let (at, session) = (At::Address(client), u64::from(signed.person.0));
        roster.change(now, |book| {
            book.end(at, signed.known, None);
            let claim = Claim::sign_in(signed.person, signed.known, session, now, DEVICE_MS);
            book.claim(at, Claim { since: signed.since.or(claim.since), sure: signed.sure, ..claim });
        });
    }
}

fn signed(right: Right) -> Signed {
    Signed { person: right.person, known: Known::Basic, sure: Known::Basic.at_best(), since: right.since }
}

#[cfg(test)]
mod tests;
