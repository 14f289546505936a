//! What people asked for on the pages: open this one, block that one, or that they came somewhere by accident.
//!
//! Held in memory and kept whole by whoever opens them: the gate knows no files of the school. What is answered stays for the
//! report of its week; nothing here grows without end.

use super::continued::Whose;
use crate::words::by_word;
use crate::words::person::words;
use crate::words::{ClientAddr, Day, DeviceId, PersonId, Who};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most that wait for an answer: of a school of 1,000, one each.
pub const MOST_OPEN: usize = 1_000;

/// Most of one client in a day.
pub const MOST_A_DAY: u32 = 20;

/// Most that are kept, answered ones among them; of those the oldest go first. Each is some 700 bytes.
const MOST_KEPT: usize = 4_000;

/// Clients whose day is counted.
const MOST_CLIENTS: usize = 16_384;

/// Longest text, in characters.
pub const MAX_WHY: usize = 300;

words! {
    /// What is asked for.
    Kind {
        /// That a page be open.
        Open "open",
        /// That a page be blocked.
        Block "block",
        /// Nothing: they say that they did not mean to go there.
        Accident "accident",
    }
}

words! {
    /// What was answered.
    Decision {
        Allowed "allowed",
        Blocked "blocked",
        Refused "refused",
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageRequest {
    pub id: u32,
    #[serde(with = "by_word")]
    pub kind: Kind,
    pub host: String,
    pub why: String,
    /// Milliseconds since 1970.
    pub made_ms: i64,
    /// As they were called at that time; both empty where nobody said who they are.
    pub network: String,
    pub groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub when_ms: i64,
    /// The login name of whoever answered.
    pub by: String,
    #[serde(with = "by_word")]
    pub decision: Decision,
    pub reason: String,
    /// The entry that was made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u32>,
}

impl PageRequest {
    /// Whether somebody waits for an answer.
    pub fn is_open(&self) -> bool {
        self.answer.is_none() && self.kind != Kind::Accident
    }

    /// Whether it is this client's own. One without a name is nobody's.
    pub fn is_of(&self, who: &Who) -> bool {
        let Some(client) = self.client else { return false };
        let as_then =
            Who { client: ClientAddr::new(client), device: self.device.map(DeviceId), person: self.person.map(PersonId), ..*who };
        Whose::of(&as_then) == Whose::of(who)
    }
}

/// A request as a page sends it.
#[derive(Debug, Clone)]
pub struct NewRequest {
    pub kind: Kind,
    pub host: String,
    /// Cut to [`MAX_WHY`], without control characters.
    pub why: String,
    pub who: Who,
    pub network: String,
    pub groups: Vec<String>,
    /// They would rather not say who they are.
    pub nameless: bool,
    pub now_ms: i64,
    pub today: Day,
}

/// Why a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    #[error("this client has asked {MOST_A_DAY} times today")]
    EnoughToday,
    #[error("{MOST_OPEN} requests wait for an answer")]
    Full,
    #[error("it could not be kept: {0}")]
    Disk(String),
}

/// All of them as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    pub last_id: u32,
    pub requests: Vec<PageRequest>,
}

/// Writes all of them down.
pub type Keep = Box<dyn Fn(&Kept) -> Result<(), String> + Send + Sync>;

/// The requests of a gate.
#[derive(Default)]
pub struct Requests {
    inner: Mutex<Inner>,
    keep: Option<Keep>,
}

#[derive(Default)]
struct Inner {
    kept: Kept,
    /// How often each client has asked on this day.
    today: Option<Day>,
    asked: HashMap<ClientAddr, u32>,
}

impl Requests {
    pub fn open(kept: Kept, keep: Keep) -> Self {
        Self { inner: Mutex::new(Inner { kept, ..Inner::default() }), keep: Some(keep) }
    }

    /// Takes one, once it is written down. Who asks for the same again while it waits has asked once.
    ///
    /// # Errors
    /// [`NotTaken`]; nothing is changed then.
    pub fn make(&self, new: NewRequest) -> Result<u32, NotTaken> {
        let mut inner = self.inner();
        let same = |r: &&PageRequest| r.kind == new.kind && r.host == new.host && r.answer.is_none() && r.is_of(&new.who);
        if let Some(there) = inner.kept.requests.iter().rev().find(same).filter(|_| !new.nameless) {
            return Ok(there.id);
        }
        if inner.today.replace(new.today) != Some(new.today) {
            inner.asked.clear();
        }
        let asked = inner.asked.get(&new.who.client).copied().unwrap_or(0);
        if asked >= MOST_A_DAY || asked == 0 && inner.asked.len() >= MOST_CLIENTS {
            return Err(NotTaken::EnoughToday);
        }
        if inner.kept.requests.iter().filter(|r| r.is_open()).count() >= MOST_OPEN {
            return Err(NotTaken::Full);
        }
        let mut next = inner.kept.clone();
        next.last_id = next.last_id.checked_add(1).unwrap_or(1);
        let said = |number: Option<u32>| number.filter(|_| !new.nameless);
        next.requests.push(PageRequest {
            id: next.last_id,
            kind: new.kind,
            host: new.host,
            why: one_line(&new.why),
            made_ms: new.now_ms,
            network: if new.nameless { String::new() } else { new.network },
            groups: if new.nameless { Vec::new() } else { new.groups },
            person: said(new.who.person.map(|p| p.0)),
            device: said(new.who.device.map(|d| d.0)),
            client: Some(new.who.client.ip()).filter(|_| !new.nameless),
            answer: None,
        });
        let id = next.last_id;
        self.put(&mut inner, next).map_err(NotTaken::Disk)?;
        *inner.asked.entry(new.who.client).or_default() += 1;
        Ok(id)
    }

    /// Answers one that waits.
    ///
    /// # Errors
    /// There is no such request, it is answered already, or the disk refuses; nothing is changed then.
    pub fn answer(&self, id: u32, answer: Answer) -> Result<PageRequest, String> {
        let mut inner = self.inner();
        let mut next = inner.kept.clone();
        let place = next.requests.iter().position(|r| r.id == id).ok_or_else(|| none(id))?;
        waits(&next.requests[place])?;
        next.requests[place].answer = Some(answer);
        let answered = next.requests[place].clone();
        self.put(&mut inner, next)?;
        Ok(answered)
    }

    /// The one of this number, if it waits for an answer.
    ///
    /// # Errors
    /// There is none, or it does not wait: which of both.
    pub fn waiting(&self, id: u32) -> Result<PageRequest, String> {
        let inner = self.inner();
        let request = inner.kept.requests.iter().find(|r| r.id == id).ok_or_else(|| none(id))?;
        waits(request)?;
        Ok(request.clone())
    }

    /// All of them, the oldest first.
    pub fn all(&self) -> Vec<PageRequest> {
        self.inner().kept.requests.clone()
    }

    /// How many wait for an answer.
    pub fn open_count(&self) -> usize {
        self.inner().kept.requests.iter().filter(|r| r.is_open()).count()
    }

    /// A client's last request about each host.
    pub fn of(&self, who: &Who) -> HashMap<String, PageRequest> {
        let inner = self.inner();
        inner.kept.requests.iter().filter(|r| r.is_of(who)).map(|r| (r.host.clone(), r.clone())).collect()
    }

    fn put(&self, inner: &mut Inner, mut next: Kept) -> Result<(), String> {
        while next.requests.len() > MOST_KEPT
            && let Some(oldest) = next.requests.iter().position(|r| !r.is_open())
        {
            next.requests.remove(oldest);
        }
        if let Some(keep) = &self.keep {
            keep(&next)?;
        }
        inner.kept = next;
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn none(id: u32) -> String {
    format!("there is no request {id}; `schoolgate requests list` shows them")
}

fn waits(request: &PageRequest) -> Result<(), String> {
    let PageRequest { id, kind, answer, .. } = request;
    match answer {
        Some(Answer { decision, by, .. }) => Err(format!("request {id} is answered already: {decision} by {by}")),
        None if *kind == Kind::Accident => {
            Err(format!("request {id} says that somebody came there by accident: it asks nothing"))
        }
        None => Ok(()),
    }
}

/// What somebody wrote, on one line and no longer than it may be.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.trim().chars().take(MAX_WHY).collect()
}

#[cfg(test)]
mod tests;
