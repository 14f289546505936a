//! A name and a password, and what became of them.

use super::Guest;
use crate::config::Way;
use crate::people::password::MAX_PASSWORD;
use crate::people::{SignIn, SignInFault, Source, Store, sign_in as checked};
use crate::policy::Lock;
use crate::words::PersonId;

/// Longest name that is looked at.
const MAX_NAME: usize = 64;

/// When to try again where everybody signs in at once: by then those who wait have had their turn.
pub const BUSY_SECONDS: u64 = 3;

/// What became of somebody who would sign in.
pub enum Outcome {
    /// They are, by this token.
    In(String),
    /// They are, and it opens nothing for them.
    Withdrawn,
    /// The name or the password is wrong, or they may not sign in so here.
    Wrong,
    /// Too many were wrong: after so many seconds.
    Wait(u64),
    /// The voucher is in use on another device.
    Taken,
    /// Nobody signs in on this network.
    NotHere,
    Busy,
    Fault,
}

/// What the register says of a name and a password.
enum Found {
    Person(PersonId, Source),
    Wrong,
    Busy,
    Fault,
}

pub(super) async fn sign_in(guest: &Guest, name: &str, password: &str, notice: &str) -> Outcome {
    let Some(ways) = guest.ways() else { return Outcome::NotHere };
    if name.trim().is_empty() || name.len() > MAX_NAME || password.is_empty() || password.len() > MAX_PASSWORD {
        return Outcome::Wrong;
    }
    let now = guest.now();
    let attempt = match guest.desk.portal.attempts.begin(name, guest.peer.client.ip(), now.boot_ms) {
        Ok(attempt) => attempt,
        Err(wait) => return Outcome::Wait(wait.seconds),
    };
    let (person, source) = match found(guest, name, password, notice, &ways).await {
        Found::Person(person, source) => {
            attempt.right();
            (person, source)
        }
        // What is dropped counts as wrong.
        Found::Wrong => return Outcome::Wrong,
        Found::Busy => {
            attempt.not_made();
            return Outcome::Busy;
        }
        Found::Fault => {
            attempt.not_made();
            return Outcome::Fault;
        }
    };
    signed_in(guest, person, source)
}

/// Somebody has shown who they are: they are signed in on this device, and hear what follows from it.
pub(super) fn signed_in(guest: &Guest, person: PersonId, source: Source) -> Outcome {
    let (desk, roster) = (&guest.desk, guest.roster());
    // What travels in the clear may have been read on the way: it is good for one device at a time.
    if !guest.peer.secure
        && source == Source::Voucher
        && desk.portal.sessions.is_elsewhere(person, guest.place, guest.visit.boot_ms)
    {
        return Outcome::Taken;
    }
    let lasts_ms = guest.visit.snapshot.config.portal.lasts_ms;
    match desk.portal.sessions.begin(person, guest.place, roster, guest.now(), lasts_ms) {
        Ok(token) => match desk.gate.visit(guest.peer.client) {
            Some(visit) if matches!(visit.lock(), Some(Lock::Withdrawn)) => Outcome::Withdrawn,
            _ => Outcome::In(token),
        },
        Err(fault) => {
            tracing::error!(%fault, "nobody can sign in");
            Outcome::Fault
        }
    }
}

async fn found(guest: &Guest, name: &str, password: &str, notice: &str, ways: &[Way]) -> Found {
    let (desk, snapshot) = (guest.desk.clone(), guest.visit.snapshot.clone());
    let (name, password, notice) = (name.to_owned(), password.to_owned(), notice.to_owned());
    let (ways, now_ms) = (ways.to_vec(), guest.now().unix_ms);
    // It takes tens of milliseconds, and waits for its turn: not on a thread that serves anybody.
    let work = move || -> Result<Found, SignInFault> {
        let store = Store::open(&Store::file_in(&snapshot.config.data))?;
        let person = match checked(&store, &snapshot.register, &desk.portal.checks, &name, &password)? {
            SignIn::Known(person) | SignIn::Withdrawn(person) => person,
            SignIn::Wrong => return Ok(Found::Wrong),
        };
        let source = snapshot.register.person(person).map_or(Source::Import, |person| person.source);
        let way = if source == Source::Voucher { Way::Voucher } else { Way::Password };
        if !ways.contains(&way) {
            return Ok(Found::Wrong);
        }
        // What they were shown, if it is what is in force.
        if notice == snapshot.config.portal.notice.version {
            store.acknowledge(person, &notice, now_ms)?;
        }
        Ok(Found::Person(person, source))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(found)) => found,
        Ok(Err(SignInFault::Busy(_))) => Found::Busy,
        Ok(Err(fault)) => {
            tracing::error!(%fault, "nobody can sign in");
            Found::Fault
        }
        Err(_) => Found::Fault,
    }
}
