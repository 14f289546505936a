//! The gate's own record of what a client met in the last ten minutes, read from the journal.

use crate::gate::continued::Whose;
use crate::gate::{Gate, Visit};
use crate::journal::read::ReadFault;
use crate::journal::{Decrypted, Event, Intent};
use crate::policy::{Action, Step};
use crate::words::{Category, ClientAddr, Host};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How far back it goes.
const LASTS_MS: i64 = 10 * 60 * 1000;

/// Most hosts that are shown, and most rows that are looked at for them: a page full of adverts has many of one host.
const MOST: usize = 20;
const MOST_ROWS: usize = 200;

/// A client that asks again sooner is shown what it was shown.
const FRESH_MS: u64 = 2_000;

/// Clients whose list is remembered that long.
const MOST_CLIENTS: usize = 1_024;

/// One reads at a time; who waits longer is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

/// One host that did not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    pub host: Host,
    /// The last time, in milliseconds since 1970.
    pub when_ms: i64,
    /// They were warned of it, and not blocked.
    pub warned: bool,
    pub category: Option<Category>,
    /// Where they wanted to go, as far as a door saw it.
    pub url: String,
}

type Remembered = (Whose, u64, Arc<[Met]>);

/// Reads for one client at a time.
pub struct Reading {
    one: Semaphore,
    last: Mutex<HashMap<ClientAddr, Remembered>>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { one: Semaphore::new(1), last: Mutex::default() }
    }
}

impl Reading {
    /// What this client met, the newest first. `None`: others are reading, or the journal cannot be read.
    pub async fn met(&self, gate: &Arc<Gate>, visit: &Visit) -> Option<Arc<[Met]>> {
        if let Some(met) = self.remembered(visit) {
            return Some(met);
        }
        let _one = timeout(PATIENCE, self.one.acquire()).await.ok()?.ok()?;
        // It may have been this client that was waited for.
        if let Some(met) = self.remembered(visit) {
            return Some(met);
        }
        let (reading, by) = (gate.clone(), visit.clone());
        let read = tokio::task::spawn_blocking(move || read(&reading, &by)).await.ok()?;
        let met: Arc<[Met]> = read.inspect_err(|fault| tracing::error!("what a device met cannot be read: {fault}")).ok()?.into();
        self.remember(visit, met.clone());
        Some(met)
    }

    fn remembered(&self, visit: &Visit) -> Option<Arc<[Met]>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (whose, at, met) = last.get(&visit.who.client)?;
        (*whose == Whose::of(&visit.who) && visit.boot_ms < at + FRESH_MS).then(|| met.clone())
    }

    fn remember(&self, visit: &Visit, met: Arc<[Met]>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= MOST_CLIENTS {
            last.retain(|_, (_, at, _)| visit.boot_ms < *at + FRESH_MS);
        }
        if last.len() < MOST_CLIENTS {
            last.insert(visit.who.client, (Whose::of(&visit.who), visit.boot_ms, met));
        }
    }
}

fn read(gate: &Gate, visit: &Visit) -> Result<Vec<Met>, ReadFault> {
    gate.settle();
    let Some(week) = gate.journal.newest_week()? else { return Ok(Vec::new()) };
    let since = visit.moment.unix_ms - LASTS_MS;
    let mut met: Vec<Met> = Vec::new();
    for stored in week.stopped(visit.who.client.ip(), since, MOST_ROWS)? {
        let Some(one) = of(&stored.event, visit) else { continue };
        let known = met.len();
        match met.iter_mut().find(|there| there.host == one.host) {
            // What came later is what holds, but a browser's own request tells more than a question for its name.
            Some(there) if there.url_is_guessed() && !one.url_is_guessed() && there.warned == one.warned => there.url = one.url,
            Some(_) => {}
            None if known < MOST => met.push(one),
            None => break,
        }
    }
    Ok(met)
}

/// What a person may be shown of an event: nothing of the locked tier and of help, nothing that no person meant.
fn of(event: &Event, visit: &Visit) -> Option<Met> {
    let same_person = event.who.is_some_and(|who| who.person == visit.who.person);
    let unseen = matches!(event.step, Step::Locked | Step::Help);
    let embedded = matches!(event.intent, Intent::SubResource | Intent::Background | Intent::Autocomplete)
        || event.category == Some(Category::ADVERTS);
    if !same_person || unseen || embedded {
        return None;
    }
    let host = Host::parse(&event.host).ok()?;
    Some(Met {
        host,
        when_ms: event.span.map_or(event.when_ms, |span| span.last_ms),
        warned: event.action == Action::Warn,
        category: event.category,
        url: url(event, &host),
    })
}

fn url(event: &Event, host: &Host) -> String {
    let name = if host.as_str().contains(':') { format!("[{host}]") } else { host.to_string() };
    let at = |usual: u16| if matches!(event.port, 0) || event.port == usual { String::new() } else { format!(":{}", event.port) };
    // What is sealed is nobody's but the DSL's, on this page too.
    let path = if event.path.is_empty() { "/" } else { &event.path };
    match event.method.as_ref() {
        "GET" if event.decrypted == Decrypted::Yes => format!("https://{name}{}{path}", at(443)),
        "GET" => format!("http://{name}{}{path}", at(80)),
        "CONNECT" => format!("https://{name}{}/", at(443)),
        _ => format!("http://{name}/"),
    }
}

impl Met {
    /// Whether it is only the host with nothing behind it.
    fn url_is_guessed(&self) -> bool {
        let rest = self.url.strip_prefix("http://").or_else(|| self.url.strip_prefix("https://"));
        rest.and_then(|rest| rest.split_once('/')).is_some_and(|(_, path)| path.is_empty())
    }
}
