//! Who is signed in where, told by another system of the school: a logon script, a ChromeOS extension, a management server.
//!
//! A system has a token, of which only the SHA-256 is in the configuration, and networks it may call from. It speaks of the
//! device it calls from; of another device only if the configuration says so. What it says ends with its word, or `minutes`
//! after the last: whoever closes a lid says nothing any more.

use super::roster::{At, Claim, Now, Roster};
use crate::config::System;
use crate::words::{ClientAddr, Known, Mac, PersonId};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use subtle::ConstantTimeEq;

/// Longest message: a user, an address and a MAC.
pub const MAX_MESSAGE: usize = 2048;

/// Longest token that is looked at.
const MAX_TOKEN: usize = 256;

/// What a system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Somebody has signed in, or has come back to a screen that was locked.
    SignIn,
    /// They still are.
    Heartbeat,
    /// They have signed out, or locked the screen.
    SignOut,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    pub event: Event,
    pub user: String,
    /// Not written, and no `mac`: whoever calls.
    pub address: Option<IpAddr>,
    pub mac: Option<String>,
}

/// What was said, and what was made of it.
#[derive(Debug, Default)]
pub struct Tally {
    pub believed: AtomicU64,
    pub refused: AtomicU64,
    /// Believed, of a user the register does not know.
    pub unknown: AtomicU64,
}

/// Why nothing is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the token is not one of this gate's, or not for this address")]
    Token,
    #[error("the token would go in the clear: ask over TLS, or write `in_clear = true` in its [[session]]")]
    Clear,
    #[error("the message is not understood")]
    Message,
    #[error("this system may speak of the device it calls from only; `for_others = true` in its [[session]] lets it")]
    Others,
}

/// What a system is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Heard {
    /// Whether the register knows the user.
    pub known: bool,
    /// After so many seconds it should say so again.
    pub again_s: u64,
}

/// The system whose token this is, at an address it may call from. `private`: nobody on the way has read the token.
///
/// # Errors
/// [`Refused`].
pub fn system<'s>(
    systems: &'s [System],
    token: Option<&str>,
    client: ClientAddr,
    private: bool,
    tally: &Tally,
) -> Result<&'s System, Refused> {
    let refused = |why| {
        tally.refused.fetch_add(1, Relaxed);
        Err(why)
    };
    let Some(token) = token.filter(|token| token.len() <= MAX_TOKEN) else { return refused(Refused::Token) };
    let hash = digest(&SHA256, token.as_bytes());
    // All of them, so that the time does not say which.
    let found = systems
        .iter()
        .fold(None, |found, system| if bool::from(system.token.ct_eq(hash.as_ref())) { Some(system) } else { found });
    match found.filter(|system| system.from.iter().any(|network| network.contains(client.ip()))) {
        Some(system) if private || system.in_clear => Ok(system),
        Some(_) => refused(Refused::Clear),
        None => refused(Refused::Token),
    }
}

/// Takes what a system says.
///
/// # Errors
/// [`Refused`].
pub fn take(system: &System, message: &[u8], client: ClientAddr, roster: &Roster, now: Now) -> Result<Heard, Refused> {
    let tally = &roster.session;
    let refused = |_: &Refused| {
        tally.refused.fetch_add(1, Relaxed);
    };
    let (message, at) = message_of(system, message, client).inspect_err(refused)?;
    tally.believed.fetch_add(1, Relaxed);
    let person = roster.account(&message.user);
    match person {
        Some(person) => apply(system, message.event, person, at, roster, now),
        None => {
            tally.unknown.fetch_add(1, Relaxed);
        }
    }
    Ok(Heard { known: person.is_some(), again_s: system.lasts_ms / 3000 })
}

fn message_of(system: &System, message: &[u8], client: ClientAddr) -> Result<(Message, At), Refused> {
    let bounded = Some(message).filter(|message| message.len() <= MAX_MESSAGE).ok_or(Refused::Message)?;
    let message: Message = serde_json::from_slice(bounded).map_err(|_| Refused::Message)?;
    let mac = message.mac.as_deref().map(Mac::parse).transpose().map_err(|_| Refused::Message)?;
    let address = message.address.map(|a| a.to_canonical());
    if address.is_some_and(|a| a.is_unspecified() || a.is_multicast()) {
        return Err(Refused::Message);
    }
    let itself = address.is_none_or(|address| address == client.ip()) && mac.is_none();
    if !itself && !system.for_others {
        return Err(Refused::Others);
    }
    let at = mac.map(At::Mac).unwrap_or(At::Address(address.unwrap_or(client.ip())));
    Ok((message, at))
}

fn apply(system: &System, event: Event, person: PersonId, at: At, roster: &Roster, now: Now) {
    let mut hasher = DefaultHasher::new();
    (&system.name, person).hash(&mut hasher);
    let session = hasher.finish();
    roster.change(now, |book| {
        if event != Event::Heartbeat {
            book.end(at, Known::Session, Some(session));
        }
        if event != Event::SignOut {
            let claim = Claim::sign_in(person, Known::Session, session, now, system.lasts_ms);
            let since = book.has(at, Known::Session, session).and_then(|before| before.since).or(claim.since);
            book.claim(at, Claim { since, ..claim });
        }
    });
}

#[cfg(test)]
mod tests;
