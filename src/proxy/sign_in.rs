//! Who shows with a request that it is theirs: `Proxy-Authorization` (RFC 9110 §11.7), asked for where the network says so.
//!
//! A password is asked for, and looked at, over TLS only; a Kerberos ticket, which tells nobody a password, in the clear too. What a
//! machine needs for itself, and help, nobody is asked for: whoever needs help may have no name to give. What was shown is of this
//! request, and of a tunnel that it opens; of the device only where the network says that it is one person's. No other field names
//! anybody. What was typed goes nowhere: not to an origin, not into the log, and a fault does not show it.

use super::Proxy;
use super::connection::Ends;
use super::refuse::{self, Body};
use super::request::{Asked, Form};
use super::ticket;
use crate::config::Asks;
use crate::gate::{Noted, Visit};
use crate::people::passwords::{NotSigned, Typed};
use crate::people::roster::Now;
use crate::people::{Signed, Store};
use crate::policy::{Step, Surface};
use crate::wire::credentials::Basic;
use crate::wire::negotiate::Shown;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::{HeaderMap, Response, StatusCode};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long a request waits for another of the same person, whose password is being checked: a browser opens many at once.
const SAME: Duration = Duration::from_secs(10);

/// By what somebody can show who they are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ways {
    pub ticket: bool,
    pub password: bool,
}

/// Names and passwords that are being checked, one at a time each.
#[derive(Default)]
pub struct Checking(Mutex<HashMap<[u8; 32], Arc<tokio::sync::Mutex<()>>>>);

/// The visit of a request, by whoever shows that it is theirs.
///
/// # Errors
/// What is said to who is to show it first, or cannot.
pub async fn by(
    proxy: &Proxy,
    ends: Ends,
    visit: Visit,
    asked: &Asked,
    headers: &HeaderMap,
) -> Result<Visit, Box<Response<Body>>> {
    let asks = visit.snapshot.config.sources.asks_at(visit.who.network);
    let ways = Ways { ticket: asks.negotiate, password: asks.basic && ends.private };
    if ways == Ways::default() || asked.form == Form::Origin || visit.noted == Noted::SelfTest || is_for_all(&visit, asked) {
        return Ok(visit);
    }
    let mut fields = headers.get_all(PROXY_AUTHORIZATION).iter();
    let shown = match (fields.next(), fields.next()) {
        (Some(only), None) => only.as_bytes(),
        _ => b"",
    };
    let again = || Box::new(refuse::sign_in(&visit.snapshot.config.school.name, ways));
    if let Some(shown) = Shown::read(shown).filter(|_| ways.ticket) {
        return match ticket::signed(proxy, &visit, ends.private, shown).await {
            Ok(Some(signed)) => Ok(taken(proxy, asks, visit, signed)),
            Ok(None) => Ok(visit),
            Err(busy @ ticket::NotSigned::Busy) => {
                Err(refuse::later(StatusCode::SERVICE_UNAVAILABLE, 2, &busy.to_string()).into())
            }
            Err(_) => Err(again()),
        };
    }
    let Some(basic) = Basic::read(shown).filter(|_| ways.password) else {
        // Programs that cannot show it are theirs whose device it is.
        let known = asks.one_person_per_device && visit.who.person.is_some() && visit.who.known.is_sign_in();
        return if known { Ok(visit) } else { Err(again()) };
    };
    match proxy.checking.signed(proxy, &visit, basic).await {
        Ok(signed) => Ok(taken(proxy, asks, visit, signed)),
        Err(NotSigned::Wrong) => Err(again()),
        Err(NotSigned::Wait(wait)) => Err(refuse::later(StatusCode::TOO_MANY_REQUESTS, wait.seconds, &wait.to_string()).into()),
        Err(NotSigned::Busy(busy)) => Err(refuse::later(StatusCode::SERVICE_UNAVAILABLE, 2, &busy.to_string()).into()),
        Err(NotSigned::Store(fault)) => {
            tracing::warn!(%fault, "a password cannot be checked");
            Err(refuse::later(StatusCode::SERVICE_UNAVAILABLE, 30, "passwords cannot be checked").into())
        }
    }
}

/// Whether it is let through for everybody, whoever they are.
fn is_for_all(visit: &Visit, asked: &Asked) -> bool {
    let judged = visit.judge_page(&asked.host, &asked.path, Surface::NoPage);
    matches!(judged.verdict.step, Step::Help | Step::Platform)
}

fn taken(proxy: &Proxy, asks: Asks, visit: Visit, signed: Signed) -> Visit {
    if asks.one_person_per_device {
        let roster = visit.snapshot.register.roster();
        proxy.gate.passwords.at_device(signed, visit.who.client.ip(), roster, now(&visit));
    }
    visit.of(signed)
}

fn now(visit: &Visit) -> Now {
    Now { unix_ms: visit.moment.unix_ms, boot_ms: visit.boot_ms }
}

impl Checking {
    async fn signed(&self, proxy: &Proxy, visit: &Visit, basic: Basic) -> Result<Signed, NotSigned> {
        let (passwords, register, now) = (&proxy.gate.passwords, &visit.snapshot.register, now(visit));
        let client = visit.who.client.ip();
        let print = passwords.print(Typed { name: &basic.name, password: &basic.password, client });
        if let Some(known) = passwords.known(&print, register, now) {
            return known;
        }
        let turn = self.turn(print);
        let mine = timeout(SAME, turn.0.lock()).await;
        let Ok(_mine) = mine else { return Err(crate::people::password::Busy.into()) };
        let (passwords, register) = (passwords.clone(), register.clone());
        let file = Store::file_in(&visit.snapshot.config.data);
        let checked = tokio::task::spawn_blocking(move || {
            passwords.check(Typed { name: &basic.name, password: &basic.password, client }, &register, &file, now)
        });
        checked.await.unwrap_or(Err(crate::people::password::Busy.into()))
    }

    fn turn(&self, print: [u8; 32]) -> Turn<'_> {
        let mut checking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Turn(checking.entry(print).or_default().clone(), self, print)
    }
}

/// A place among those who wait for the same check.
struct Turn<'a>(Arc<tokio::sync::Mutex<()>>, &'a Checking, [u8; 32]);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut checking = self.1.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The table's and this one: nobody else waits.
        if Arc::strong_count(&self.0) == 2 {
            checking.remove(&self.2);
        }
    }
}
