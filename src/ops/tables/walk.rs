//! The file of the table in force, read again now and then: a card goes bad without a word, and says so only to who reads.
//!
//! Comes in: the table in force. Goes out: the fault, if its file no longer has the checksums it was opened with. Always holds:
//! it takes only what the doors leave, reads little at a time, and a piece is bad only when it was read bad twice.

use super::pace::step_back;
use crate::lists::{Table, TableFault};
use crate::net::Drain;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The times of a walk; others in tests.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// From the end of a walk to the beginning of the next.
    pub every: Duration,
    /// Between two pieces of 64 KiB.
    pub pause: Duration,
    /// Before a piece that was bad is read again.
    pub again: Duration,
}

impl Default for Timing {
    /// Ten million names are 2,500 pieces: less than a minute, at 3 MB a second, which the slowest card gives beside the doors.
    fn default() -> Self {
        Self { every: Duration::from_secs(60 * 60), pause: Duration::from_millis(20), again: Duration::from_secs(1) }
    }
}

/// What a walk needs of the gate.
pub struct Around {
    /// The table in force now.
    pub table: Box<dyn Fn() -> Arc<Table> + Send>,
    pub found: Box<Found>,
}

/// Takes what a walk found in that table's file: a fault, or that all is well.
pub type Found = dyn Fn(&Arc<Table>, Option<TableFault>) + Send;

/// Starts the thread. It ends soon after `drain` begins.
///
/// # Errors
/// If the system gives no thread.
pub fn start(around: Around, timing: Timing, drain: Drain) -> std::io::Result<()> {
    std::thread::Builder::new().name("lists-walk".into()).spawn(move || run(&around, timing, &drain)).map(drop)
}

fn run(around: &Around, timing: Timing, drain: &Drain) {
    step_back();
    while sleep(timing.every, drain).is_some() {
        let table = (around.table)();
        match walk(&table, timing, drain) {
            Some(found) => (around.found)(&table, found),
            None => return,
        }
    }
}

/// The first fault of a table's file. `None`: the gate stops.
fn walk(table: &Table, timing: Timing, drain: &Drain) -> Option<Option<TableFault>> {
    let mut buffer = Vec::new();
    for piece in 0..table.pieces() {
        if let Err(first) = table.check_piece(piece, &mut buffer) {
            tracing::warn!("{first}: it is read again");
            sleep(timing.again, drain)?;
            if let Err(fault) = table.check_piece(piece, &mut buffer) {
                return Some(Some(fault));
            }
        }
        sleep(timing.pause, drain)?;
    }
    Some(None)
}

/// Sleeps. `None`: the gate stops.
fn sleep(time: Duration, drain: &Drain) -> Option<()> {
    /// How soon the thread hears the word to stop.
    const LOOK_EVERY: Duration = Duration::from_millis(200);
    let until = Instant::now() + time;
    loop {
        if drain.has_begun() {
            return None;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Some(());
        }
        std::thread::sleep(left.min(LOOK_EVERY));
    }
}
