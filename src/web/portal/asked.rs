//! A name and a password, and what became of them.

use super::Guest;
use crate::config::Way;
use crate::people::password::MAX_PASSWORD;
use crate::people::passwords::{NotSigned, Typed};
use crate::people::portal::Lasts;
use crate::people::{Source, Store};
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

pub(super) async fn sign_in(guest: &Guest, name: &str, password: &str, notice: &str) -> Outcome {
    let Some(ways) = guest.ways() else { return Outcome::NotHere };
    if name.trim().is_empty() || name.len() > MAX_NAME || password.is_empty() || password.len() > MAX_PASSWORD {
        return Outcome::Wrong;
    }
    match found(guest, name, password, notice, ways).await {
        Ok((person, source)) => signed_in(guest, person, source),
        Err(NotSigned::Wrong) => Outcome::Wrong,
        Err(NotSigned::Wait(wait)) => Outcome::Wait(wait.seconds),
        Err(NotSigned::Busy(_)) => Outcome::Busy,
        Err(NotSigned::Store(fault)) => {
            tracing::error!(%fault, "nobody can sign in");
            Outcome::Fault
        }
    }
}

/// Somebody has shown who they are: they are signed in on this device, and hear what follows from it.
pub(super) fn signed_in(guest: &Guest, person: PersonId, source: Source) -> Outcome {
    let (hall, roster) = (&guest.hall, guest.roster());
    // What travels in the clear may have been read on the way: it is good for one device at a time.
    if !guest.peer.secure
        && source == Source::Voucher
        && hall.portal.sessions.is_elsewhere(person, guest.place, roster, guest.now())
    {
        return Outcome::Taken;
    }
    let (portal, register) = (&guest.visit.snapshot.config.portal, &guest.visit.snapshot.register);
    // A device of the school's that is nobody's own: whoever has it after the break may sign in, and may not.
    let of_many = register.seat(guest.peer.client).is_some_and(|seat| seat.device.is_some() && seat.person.is_none());
    let lasts = Lasts { ms: portal.lasts_ms, silent_ms: of_many.then_some(portal.silent_ms) };
    match hall.portal.sessions.begin(person, guest.place, roster, guest.now(), lasts) {
        Ok(token) => match hall.gate.visit(guest.peer.client) {
            Some(visit) if matches!(visit.lock(), Some(Lock::Withdrawn)) => Outcome::Withdrawn,
            _ => Outcome::In(token),
        },
        Err(fault) => {
            tracing::error!(%fault, "nobody can sign in");
            Outcome::Fault
        }
    }
}

/// Whose name and password it is, and who gave it to them; that they have read the notice they were shown is written down.
async fn found(guest: &Guest, name: &str, password: &str, notice: &str, ways: Vec<Way>) -> Result<(PersonId, Source), NotSigned> {
    let (passwords, snapshot, client) = (guest.hall.gate.passwords.clone(), guest.visit.snapshot.clone(), guest.peer.client.ip());
    let (name, password, notice, now) = (name.to_owned(), password.to_owned(), notice.to_owned(), guest.now());
    // It takes tens of milliseconds, and waits for its turn: not on a thread that serves anybody.
    let work = move || {
        let file = Store::file_in(&snapshot.config.data);
        let person = passwords.check(Typed { name: &name, password: &password, client }, &snapshot.register, &file, now)?.person;
        let source = snapshot.register.person(person).map_or(Source::Import, |person| person.source);
        let way = if source == Source::Voucher { Way::Voucher } else { Way::Password };
        if !ways.contains(&way) {
            return Err(NotSigned::Wrong);
        }
        // What they were shown, if it is what is in force.
        if notice == snapshot.config.portal.notice.version {
            Store::open(&file)?.acknowledge(person, &notice, now.unix_ms)?;
        }
        Ok((person, source))
    };
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(NotSigned::Wrong))
}
