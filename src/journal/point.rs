//! Places between two steps of the writer, where the tests of this room kill it.

/// Where a kill -9 has something to get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// A ring's file is made, its header is not yet believed by anyone.
    RingMade,
    /// A batch is in the segment; the ring still has it.
    Appended,
    /// The ring has given the room back.
    Released,
    /// Rows are in the transaction, which is not committed.
    Inserted,
    /// The week file has them; the segment still has them too.
    Committed,
    /// Some segments are deleted, others not.
    Swept,
    /// A new week file is made, and not yet at its place.
    WeekMade,
    /// A deletion is written down; the file is still there.
    Expiring,
    /// All segments are deleted at the end; the one whose name keeps the seq is not begun.
    Closing,
}

#[cfg(test)]
impl Point {
    /// Those that a running writer passes again and again.
    pub const RUNNING: [Self; 7] =
        [Self::RingMade, Self::Appended, Self::Released, Self::Inserted, Self::Committed, Self::Swept, Self::WeekMade];
}

/// Ends the process with SIGKILL if a test asked for that here: `DIE_AT=Committed:3` at the third time.
#[cfg(test)]
pub fn reach(point: Point) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static LEFT: std::sync::LazyLock<Option<(String, AtomicU32)>> = std::sync::LazyLock::new(|| {
        let asked = std::env::var("DIE_AT").ok()?;
        let (name, times) = asked.split_once(':')?;
        Some((name.to_owned(), AtomicU32::new(times.parse().ok()?)))
    });
    if let Some((name, left)) = &*LEFT
        && *name == format!("{point:?}")
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
    }
}

#[cfg(not(test))]
#[inline(always)]
pub fn reach(_: Point) {}
