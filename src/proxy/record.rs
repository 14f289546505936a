//! The one line that each judged request leaves in the journal.
//!
//! It is written when the status is known and before the head leaves, so that nothing answered is lost whatever happens
//! during the transfer. Bytes are what the heads say (Content-Length), 0 where they do not; the duration is the time to the
//! answer's head. See docs/decisions/0006-the-proxy-notes-before-the-head-leaves.md.
//!
//! A request that was judged and then dropped, because the client went away while the origin was being reached, leaves its
//! line too, with status 0: it did go out.

use super::headers;
use super::inside;
use super::request::{Asked, Form};
use super::search::{self, Search};
use crate::gate::{self, Gate, Judged, Visit, Within};
use crate::journal::{Decrypted, Door, Intent};
use crate::lists::phrases::searched::is_autocomplete;
use crate::pages::Reader;
use crate::words::Host;
use hyper::{Method, Request, StatusCode};
use std::sync::Arc;
use std::time::Instant;

/// A line not yet written. Dropping it writes it.
pub struct Record<'a> {
    gate: &'a Gate,
    pub visit: &'a Visit,
    pub judged: Judged,
    /// Who would read a page in answer.
    pub reader: Reader,
    asked: &'a Asked,
    method: Method,
    intent: Intent,
    /// Which door it came to.
    pub door: Door,
    /// Whether it was within TLS that was looked into, or why not.
    pub decrypted: Option<Decrypted>,
    /// What it searches for, and what that is about.
    search: Option<Search>,
    bytes_up: u64,
    began: Instant,
    noted: bool,
}

impl<'a> Record<'a> {
    pub fn open<B>(
        gate: &'a Gate,
        visit: &'a Visit,
        judged: Judged,
        asked: &'a Asked,
        request: &Request<B>,
        intent: Intent,
    ) -> Self {
        let bytes_up = headers::length(request.headers()).unwrap_or(0);
        let method = request.method().clone();
        let search = search::of(visit, asked, request);
        let intent = match search {
            Some(_) => Intent::Search,
            None if asked.form != Form::Tunnel && is_autocomplete(asked.host.as_str(), &asked.path) => Intent::Autocomplete,
            None => intent,
        };
        let (door, decrypted) = (asked.form.door(), None);
        Self {
            gate,
            visit,
            judged,
            reader: Reader::default(),
            asked,
            method,
            intent,
            door,
            decrypted,
            search,
            bytes_up,
            began: Instant::now(),
            noted: false,
        }
    }

    pub fn host(&self) -> &Host {
        &self.asked.host
    }

    pub fn port(&self) -> u16 {
        self.asked.port
    }

    pub fn is_tunnel(&self) -> bool {
        self.asked.form == Form::Tunnel
    }

    /// Writes the line. What is noted again is not written twice.
    pub fn note(&mut self, status: StatusCode, bytes_down: u64) {
        self.write(status.as_u16(), bytes_down);
    }

    /// It searches for this, by a form.
    pub fn searched(&mut self, search: Search) {
        (self.search, self.intent) = (Some(search), Intent::Search);
    }

    pub fn path(&self) -> &str {
        &self.asked.path
    }

    /// For a line more, should the transfer end otherwise than the head said.
    pub fn later(&self, gate: &Arc<Gate>, status: StatusCode) -> Later {
        Later {
            gate: gate.clone(),
            visit: self.visit.clone(),
            judged: self.judged,
            asked: self.asked.clone(),
            method: self.method.clone(),
            intent: self.intent,
            door: self.door,
            decrypted: self.decrypted,
            status,
            began: self.began,
        }
    }

    /// Leaves the line to whoever answers in its place.
    pub fn leave(mut self) {
        self.noted = true;
    }

    fn write(&mut self, status: u16, bytes_down: u64) {
        if std::mem::replace(&mut self.noted, true) {
            return;
        }
        let within = Within {
            decrypted: self.decrypted,
            search: self.search.as_ref().map_or("", |(words, _)| words),
            theme: self.search.as_ref().and_then(|(_, theme)| *theme),
        };
        let request = of_request(self.asked, &self.method, self.door, self.intent, self.began);
        let heard = gate::Heard { status, bytes_up: self.bytes_up, bytes_down, within, ..request };
        self.gate.note(self.visit, &self.judged, heard);
    }
}

/// An answer of which the head has left.
pub struct Later {
    gate: Arc<Gate>,
    pub visit: Visit,
    /// By what it was let through.
    pub judged: Judged,
    asked: Asked,
    method: Method,
    intent: Intent,
    door: Door,
    decrypted: Option<Decrypted>,
    status: StatusCode,
    began: Instant,
}

impl Later {
    pub fn host(&self) -> &Host {
        &self.asked.host
    }

    /// Writes down what came out while it was passed on, and how much of it had passed.
    pub fn note(&self, judged: &Judged, bytes_down: u64) {
        let within = Within { decrypted: self.decrypted, ..Within::default() };
        let request = of_request(&self.asked, &self.method, self.door, self.intent, self.began);
        let heard = gate::Heard { status: self.status.as_u16(), bytes_down, within, ..request };
        self.gate.note(&self.visit, judged, heard);
    }
}

/// What was heard of a request so far: who writes the line adds what came of it.
fn of_request<'h>(asked: &'h Asked, method: &'h Method, door: Door, intent: Intent, began: Instant) -> gate::Heard<'h> {
    gate::Heard {
        door,
        method: method.as_str(),
        host: asked.host.as_str().into(),
        port: asked.port,
        path: &asked.path,
        query_type: 0,
        intent,
        status: 0,
        bytes_up: 0,
        bytes_down: 0,
        duration_ms: u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX),
        within: Within::default(),
    }
}

/// What was heard of a connection of which bytes are carried as they come.
pub struct Heard<'h> {
    pub door: Door,
    pub host: &'h Host,
    pub port: u16,
    /// What the client said beside the host.
    pub path: &'h str,
    pub status: StatusCode,
    pub duration_ms: u32,
}

/// Writes a line of such a connection, as of the CONNECT that it is or stands for.
pub fn note(gate: &Gate, visit: &Visit, judged: &Judged, heard: &Heard) {
    let through = heard.status == StatusCode::OK;
    note_as(gate, visit, judged, heard, through.then(|| inside::why_not(visit, judged, heard.host)).flatten());
}

/// [`note`], of which is known whether it is looked into.
pub fn note_as(gate: &Gate, visit: &Visit, judged: &Judged, heard: &Heard, decrypted: Option<Decrypted>) {
    let heard = gate::Heard {
        door: heard.door,
        method: "CONNECT",
        host: heard.host.as_str().into(),
        port: heard.port,
        path: heard.path,
        query_type: 0,
        intent: Intent::Unknown,
        status: heard.status.as_u16(),
        bytes_up: 0,
        bytes_down: 0,
        duration_ms: heard.duration_ms,
        within: Within { decrypted, ..Within::default() },
    };
    gate.note(visit, judged, heard);
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        self.write(0, 0);
    }
}
