//! A running server, and what it comes to in each turn.

use super::load::{self, Asked, Tally, Target};
use super::peers::Part;
use super::server::Server;
use super::texts::KINDS;
use super::within;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// Clients at once where speed is measured.
const CLIENTS: u32 = 32;

/// Clients at once where pages are scored: so many that a core is never idle.
const READERS: u32 = 8;

/// Pages a second of each kind of text.
pub const TEXTS: [&str; 4] = ["real 10 kB/s", "real 100 kB/s", "dense 10 kB/s", "dense 100 kB/s"];

/// What a turn is.
pub struct Turn<'a> {
    /// Not the first, which only warms.
    pub counts: bool,
    pub length: Duration,
    /// Of a download.
    pub octets: u64,
    /// The origin that goes on with sessions.
    pub resumed: SocketAddr,
    pub hello: &'a [u8],
}

/// A running server, and what it was measured at: in the order of the runs.
pub struct Stand {
    pub server: Option<Rc<Server>>,
    pub name: String,
    pub target: Target,
    pub parts: Vec<Part>,
    /// By column, in the order of the runs.
    pub values: BTreeMap<&'static str, Vec<f64>>,
}

impl Stand {
    pub fn new(name: &str, server: Option<Rc<Server>>, target: Target, parts: &[Part]) -> Self {
        Self { server, name: name.into(), target, parts: parts.to_vec(), values: BTreeMap::new() }
    }

    fn cpu(&self) -> f64 {
        self.server.as_ref().map_or(0.0, |server| server.cpu_seconds())
    }

    /// A load, and the CPU of the server for each that was done, in seconds.
    fn load(&self, asked: Asked, clients: u32, turn: &Turn) -> (Tally, f64) {
        let before = self.cpu();
        let tally = load::load(&self.target, asked, clients, turn.length, turn.hello);
        let each = (self.cpu() - before) / tally.done.max(1) as f64;
        (tally, each)
    }

    fn add(&mut self, turn: &Turn, column: &'static str, value: f64, failed: u64) {
        print!(", {column} {value:.2}");
        if failed > 0 {
            print!(" ({failed} failed)");
        }
        if turn.counts {
            self.values.entry(column).or_default().push(value);
        }
    }

    /// One turn of one server at one thing.
    pub fn turn(&mut self, part: &str, turn: &Turn) {
        match part {
            "connect" => {
                let (tally, cpu) = self.load(Asked::Connect, CLIENTS, turn);
                self.add(turn, "tunnels/s", tally.per_second(), tally.failed);
                self.add(turn, "CPU µs each", cpu * 1e6, 0);
            }
            "hello" => {
                let (tally, _) = self.load(Asked::Hello, CLIENTS, turn);
                self.add(turn, "hellos/s", tally.per_second(), tally.failed);
            }
            "page" => {
                let (tally, _) = self.load(Asked::Page, CLIENTS, turn);
                self.add(turn, "pages/s", tally.per_second(), tally.failed);
            }
            "latency" => {
                let (tally, _) = self.load(Asked::Page, 1, turn);
                self.add(turn, "alone µs", tally.p50_us(), tally.failed);
            }
            "bulk" => match load::bulk(&self.target, turn.octets, turn.hello) {
                Ok(speed) => self.add(turn, "GB/s", speed, 0),
                Err(fault) => print!(", no bulk: {fault}"),
            },
            "within" => {
                let (tally, cpu) = self.load(Asked::Within { resumed: false }, READERS, turn);
                self.add(turn, "new/s", tally.per_second(), tally.failed);
                self.add(turn, "new CPU ms", cpu * 1e3, 0);
                // Both sides may go on with a session here.
                let whole = std::mem::replace(&mut self.target.origin, turn.resumed);
                let (tally, cpu) = self.load(Asked::Within { resumed: true }, READERS, turn);
                self.target.origin = whole;
                print!(", {} of {} resumed", tally.resumed, tally.done);
                self.add(turn, "resumed CPU ms", cpu * 1e3, tally.failed);
                match within::bulk(&self.target, turn.octets / 4) {
                    Ok(speed) => self.add(turn, "within GB/s", speed, 0),
                    Err(fault) => print!(", no bulk: {fault}"),
                }
            }
            "text" => {
                for (kind, column) in TEXTS.into_iter().enumerate().take(KINDS.len()) {
                    let (tally, _) = self.load(Asked::Text(kind), READERS, turn);
                    self.add(turn, column, tally.per_second(), tally.failed);
                }
            }
            _ => {}
        }
    }
}
