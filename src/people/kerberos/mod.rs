//! Who shows a ticket of the school's domain (Kerberos, RFC 4120): which person of the register it is.
//!
//! Comes in: a ticket as a client showed it, and whose tickets the configuration takes. Goes out: a person, or why there is none.
//! Always holds: nobody is asked over the network. The domain has sealed the ticket for this gate, and the gate opens it with its own
//! key, so a domain controller that is down keeps nobody out. A ticket that was shown before is not taken again, over a restart
//! either: MIT's library writes down which were (`kerberos.replays` among the data). Without the feature `kerberos` no ticket is
//! taken.
//!
//! - [`gss`]  the calls of MIT's library that open a ticket

#[cfg(feature = "kerberos")]
mod gss;

#[cfg(not(feature = "kerberos"))]
mod gss {
    use super::NotOpened;
    use crate::config::Kerberos;
    use std::path::Path;

    const NOT_BUILT: &str = "this build has no Kerberos";

    pub fn ready(_: &Kerberos, _: &Path) -> Result<(), NotOpened> {
        Err(NotOpened(NOT_BUILT.into()))
    }

    pub fn open(_: &Kerberos, _: &Path, _: &[u8]) -> Result<String, NotOpened> {
        Err(NotOpened(NOT_BUILT.into()))
    }
}

use super::Register;
use super::sign_in::named;
use crate::config::Config;
use crate::wire::negotiate::Shown;
use crate::words::PersonId;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Which tickets were shown before, under DATA.
const REPLAYS: &str = "kerberos.replays";

/// Why a ticket, or the gate's own key, cannot be opened; in the library's words, which name services and never people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotOpened(String);

/// Whose ticket it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    Person(PersonId),
    /// The domain knows them, and the register does not: a machine's own account, or somebody who came today.
    Nobody,
}

/// What was made of tickets since the start; for `status`.
#[derive(Debug, Default)]
pub struct Tally {
    pub believed: AtomicU64,
    /// Of the domain, and of nobody in the register.
    pub unknown: AtomicU64,
    pub refused: AtomicU64,
    /// Too many at once.
    pub busy: AtomicU64,
    /// Why the last one was refused.
    why: Mutex<String>,
}

impl Tally {
    pub fn refuse(&self, why: &impl ToString) {
        self.refused.fetch_add(1, Relaxed);
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = why.to_string();
    }

    /// Why the last one was refused; nothing if none was.
    pub fn why(&self) -> String {
        self.why.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the gate needs to open tickets, if a network of this configuration asks for them.
///
/// # Errors
/// One line: the place in the configuration, the file and what is wrong with it.
pub fn ready(config: &Config) -> Result<(), String> {
    let asked = config.sources.asks.iter().any(|asks| asks.negotiate);
    let Some(kerberos) = config.proxy.kerberos.as_ref().filter(|_| asked) else { return Ok(()) };
    gss::ready(kerberos, &replays(config))
        .map_err(|fault| format!("{}: {}: no ticket can be opened: {fault}", kerberos.at, kerberos.keytab.display()))
}

/// Opens a ticket. It reads and writes files: not for a thread that serves anybody.
///
/// # Errors
/// [`NotOpened`]: it is no ticket for this gate, is of another domain, is too old or too new, or was shown before.
pub fn open(config: &Config, shown: &Shown, register: &Register) -> Result<Opened, NotOpened> {
    let Some(kerberos) = &config.proxy.kerberos else { return Err(NotOpened("no keytab is configured".into())) };
    let principal = gss::open(kerberos, &replays(config), shown.octets())?;
    person(&principal, &kerberos.realms, register)
}

fn replays(config: &Config) -> PathBuf {
    config.data.join(REPLAYS)
}

/// `name@REALM`, as the domain says it. What has more parts than one is a service or a machine; a name that only looks like one of
/// the realm, by `\`, is none.
fn person(principal: &str, realms: &[String], register: &Register) -> Result<Opened, NotOpened> {
    let whole = principal.rsplit_once('@');
    let Some((name, _)) = whole.filter(|(_, of)| realms.iter().any(|realm| realm == of)) else {
        return Err(NotOpened("it is of a realm that is not in `realms`".into()));
    };
    let plain = !name.contains(['/', '\\', '@']);
    Ok(named(register, name).filter(|_| plain).map_or(Opened::Nobody, |person| Opened::Person(person.id)))
}

#[cfg(test)]
mod tests;
