//! The journal's one writer: rings to segments once a second, with an fsync, or as soon as one fills; segments to week files every
//! five minutes, or when 20,000 events wait. Who reads adds what waits in the segments (see [`super::tail`]).
//!
//! A burst waits in the segments: while many events come, no more than some 20,000 a second are moved, so that the doors keep their
//! cores, and of a flood of more than 50,000 next to none; what waits is caught up with afterwards, or when somebody asks for
//! all of it.
//!
//! Whatever fails here is tried again; the doors do not hear of it. They go on until their rings are full, and count then.

use super::Clock;
use super::book::{Book, BookFault, Row};
use super::fault::Complaint;
use super::gap::Gap;
use super::gathered::Gathered;
use super::point::{Point, reach};
use super::retention;
use super::ring::{Damaged, Ring, RingId};
use super::room::Room;
use super::sealing::{self, Sealer};
use super::segment::{Batch, MAX_RUN, Mark, Noted, Segments, Slice, Waiting, What, records};
use super::shared::{Shared, Wake};
use super::time::{BootId, Clocks, Dated, boot_ms};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// How often rings are looked at: a ring has room for seconds. At 300,000 questions a second it is a tenth full by then, and still
/// in the core's own cache.
const TICK: Duration = Duration::from_millis(20);
/// What a power cut may take. What came in between goes to the segment together: the fewer and longer its pieces, the less is written.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// One part in so many of a ring: fuller ones do not wait for that.
const FILLING: u64 = 16;
/// How long events wait for their week file while few do: each transaction writes pages again, and SD cards wear out by that. As long
/// as a slot of the roll-up, whose cells are then written about once.
const BOOK_EVERY: Duration = Duration::from_secs(300);
/// Events that do not wait for that.
const BOOK_AT: u64 = 20_000;
/// How long it waits between two transactions while more than one waits in the segments; when few events come; and in a flood.
const BOOK_BUSY: Duration = Duration::from_millis(1000);
const BOOK_QUIET: Duration = Duration::from_millis(250);
const BOOK_FLOOD: Duration = Duration::from_secs(5);
/// Events that a reader is left to read from the segments: with more, they are moved to the week file when one asks.
const MAX_TAIL: u64 = 5 * BOOK_AT;
/// Events a second up to which it is quiet.
const QUIET: f64 = 2_000.0;
/// Events a second from which on they are moved no more often than when few wait: what waits grows, moved or not.
const FLOOD: f64 = 50_000.0;
/// Bytes of segments that may wait: with more, it is moved as fast as it can be, so that the disk is not filled. Half a minute of
/// 100,000 questions a second.
const MAX_WAITING: u64 = 512 << 20;
/// How often a disk that refused is tried again.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Why something is still where it was.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error("segments cannot be written: {0}")]
    Segment(#[from] io::Error),
    #[error(transparent)]
    Book(#[from] BookFault),
}

/// The writer and what it holds.
pub struct Writer {
    pub dir: PathBuf,
    pub zone: jiff::tz::TimeZone,
    pub now: Clock,
    pub boot: BootId,
    pub shared: Arc<Shared>,
    pub segments: Segments,
    pub book: Book,
    pub sealer: Sealer,
    /// Up to where the rings that were left are in segments or week files already.
    pub marks: HashMap<RingId, Mark>,
    /// What was lost, not yet in a segment.
    pub gaps: Vec<Gap>,
    pub timing: Timing,
}

/// Which rings are drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    /// Those that will not have room for long.
    Filling,
}

/// When what is due.
pub struct Timing {
    synced: Instant,
    booked: Instant,
    /// How many records had been written then.
    written: u64,
    /// Nothing is tried before this, after the disk refused.
    not_before: Option<Instant>,
    complaint: Complaint,
    /// Events that had been dropped when that was last said.
    said_dropped: u64,
    /// The local day on which retention was last done.
    kept: Option<jiff::civil::Date>,
    clock_was_set: bool,
}

impl Default for Timing {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            synced: now,
            booked: now,
            written: 0,
            not_before: None,
            complaint: Complaint::default(),
            said_dropped: 0,
            kept: None,
            clock_was_set: true,
        }
    }
}

impl Writer {
    /// Works until it is asked to stop.
    pub fn run(mut self) {
        /// Also when this thread panics: who waits for it must not wait for ever.
        struct End(Arc<Shared>);
        impl Drop for End {
            fn drop(&mut self) {
                self.0.end();
            }
        }
        let end = End(self.shared.clone());
        loop {
            let wake = self.shared.wait(TICK);
            let begun = Instant::now();
            if wake == Wake::Tick && self.timing.not_before.is_some_and(|t| begun < t) {
                continue;
            }
            let done = self.round(wake, begun);
            self.report(&done, begun);
            match wake {
                Wake::Tick => {}
                Wake::Settle(number) | Wake::Flush(number) => self.shared.answer(wake, number, done.is_ok()),
                Wake::Stop => break,
            }
        }
        self.close();
        // The week files are closed before anyone hears that the journal has ended.
        drop(self);
        drop(end);
    }

    /// One round: drain, and what else is due.
    fn round(&mut self, wake: Wake, now: Instant) -> Result<(), Stuck> {
        let all = wake != Wake::Tick;
        if wake == Wake::Stop {
            self.shared.stopped.store(true, Relaxed);
        }
        self.note_clock();
        self.keep();
        for (path, fault) in self.shared.take_broken() {
            self.book.is_broken(&path, fault);
            self.shared.broken.store(self.book.broken, Relaxed);
        }
        if all || now.duration_since(self.timing.synced) >= SYNC_EVERY {
            self.drain(Which::All)?;
            self.segments.sync()?;
            self.timing.synced = now;
            self.sealer.tend(&self.shared, (self.now)());
            self.look_at_the_room();
        } else {
            self.drain(Which::Filling)?;
        }
        let settles = matches!(wake, Wake::Settle(_) | Wake::Stop);
        let settles = settles || (wake != Wake::Tick && self.segments.waiting().records > MAX_TAIL);
        if settles || self.book_due(now) {
            self.segments.sync()?;
            self.book(if settles { usize::MAX } else { 1 })?;
            (self.timing.booked, self.timing.written) = (now, self.shared.written.load(Relaxed));
        }
        Ok(())
    }

    /// Whether a transaction's worth is to go to week files now.
    fn book_due(&self, now: Instant) -> bool {
        let came = self.shared.written.load(Relaxed).saturating_sub(self.timing.written);
        book_due(self.segments.waiting(), came, now.duration_since(self.timing.booked))
    }

    /// Copies what is in the rings to segments: while there is time for it, in the order in which it happened.
    pub fn drain(&mut self, which: Which) -> io::Result<()> {
        self.gaps.extend(self.shared.take_ringless());
        self.write_gaps()?;
        // Whether they are closed is asked before what they hold: what was noted before the end is then seen.
        let live = self.shared.rings.live().into_iter().map(|ring| (ring.is_closed(), ring));
        let due: Vec<_> = live.filter(|(closed, ring)| which == Which::All || *closed || ring.is_filling(FILLING)).collect();
        let in_order = !due.iter().any(|(_, ring)| ring.is_filling(FILLING));
        if in_order {
            let running: Vec<_> = due.iter().filter(|(_, ring)| !ring.leftover).map(|(_, ring)| ring.clone()).collect();
            self.drain_in_order(&running)?;
        }
        for (closed, ring) in due {
            if ring.leftover {
                let mark = self.marks.get(&ring.id).copied().unwrap_or_default();
                self.replay(&ring, mark)?;
            } else if !in_order {
                self.drain_runs(&ring)?;
            }
            self.drain_gap(&ring)?;
            if closed && ring.is_drained() {
                self.marks.remove(&ring.id);
                self.shared.rings.retire(&ring);
            }
        }
        Ok(())
    }

    fn drain_gap(&mut self, ring: &Ring) -> io::Result<()> {
        let Some(gap) = ring.gap() else { return Ok(()) };
        let known = self.marks.get(&ring.id).map_or(0, |mark| mark.lost);
        if gap.total > known {
            let lost = gap.lost.min(gap.total - known);
            let mut batch = Batch::default();
            batch.gap(self.segments.next_seq, ring.id, &Gap { lost, ..gap });
            self.append(&batch, ring.boot, false)?;
            reach(Point::Appended);
        }
        ring.take_gap(gap.total);
        Ok(())
    }

    /// Copies what these rings of running threads hold, together.
    fn drain_in_order(&mut self, rings: &[Arc<Ring>]) -> io::Result<()> {
        let mut gathered = Gathered::default();
        // All at one moment: what comes after what is left for the next time is left too.
        let heads: Vec<_> = rings.iter().map(|ring| ring.head()).collect();
        for (nth, (ring, head)) in rings.iter().zip(heads).enumerate() {
            if gathered.take(nth, ring, head).is_err() {
                // Each by itself: what comes before the damage is kept.
                self.replay(ring, Mark::default())?;
            }
        }
        gathered.sort();
        let (noted, mut done) = (gathered.noted(rings), 0);
        while done < noted.len() {
            let fit = Noted::fit(&noted[done..]);
            self.segments.append_together(&noted[done..done + fit], self.boot)?;
            self.shared.written.fetch_add(fit as u64, Relaxed);
            reach(Point::Appended);
            gathered.ends(done..done + fit).for_each(|(nth, next)| rings[nth].release(next));
            reach(Point::Released);
            done += fit;
        }
        Ok(())
    }

    /// Copies what a running thread's ring holds, in pieces as they stand there: while many events come, the time goes to the doors.
    /// Nothing is looked at but where each record ends; whoever reads the segment asks each for its checksum.
    fn drain_runs(&mut self, ring: &Ring) -> io::Result<()> {
        let (mut at, head) = (ring.tail(), ring.head());
        while at != head {
            match ring.run(at, head, MAX_RUN) {
                Ok(None) => at = head,
                Ok(Some(run)) => {
                    self.segments.append_run(ring.id, &run, ring.boot)?;
                    self.shared.written.fetch_add(run.records, Relaxed);
                    at = run.next();
                }
                Err(damaged) => {
                    self.lose_ring(ring, damaged);
                    at = head;
                }
            }
            reach(Point::Appended);
            ring.release(at);
            reach(Point::Released);
        }
        Ok(())
    }

    /// Copies what a ring holds, each record by itself: of the ring of a process that is gone, a segment may have some.
    fn replay(&mut self, ring: &Ring, mark: Mark) -> io::Result<()> {
        let (mut at, head) = (ring.tail(), ring.head());
        let (mut batch, mut body) = (Batch::default(), Vec::new());
        while at != head {
            batch.clear();
            while !batch.is_full() && at != head {
                body.clear();
                match ring.read(at, head, &mut body) {
                    Ok(None) => at = head,
                    Ok(Some((position, next))) => {
                        if mark.position.is_none_or(|known| position > known) {
                            batch.event(self.segments.next_seq + batch.records, ring.id, position, &body);
                        }
                        at = next;
                    }
                    Err(damaged) => {
                        self.lose_ring(ring, damaged);
                        at = head;
                    }
                }
            }
            self.append(&batch, ring.boot, ring.leftover)?;
            reach(Point::Appended);
            ring.release(at);
            reach(Point::Released);
        }
        Ok(())
    }

    /// What a ring holds cannot be read.
    fn lose_ring(&mut self, ring: &Ring, damaged: Damaged) {
        tracing::error!(%damaged, file = %ring.path.display(), "events of a ring are lost");
        self.gaps.push(self.uncounted(self.last_moment()));
    }

    fn append(&mut self, batch: &Batch, boot: BootId, replayed: bool) -> io::Result<()> {
        if batch.records == 0 {
            return Ok(());
        }
        self.segments.append(batch, boot)?;
        self.shared.written.fetch_add(batch.records, Relaxed);
        if replayed {
            self.shared.replayed.fetch_add(batch.records, Relaxed);
        }
        Ok(())
    }

    fn write_gaps(&mut self) -> io::Result<()> {
        while let Some(gap) = self.gaps.first() {
            let mut batch = Batch::default();
            batch.gap(self.segments.next_seq, 0, gap);
            self.segments.append(&batch, self.boot)?;
            self.shared.written.fetch_add(1, Relaxed);
            self.gaps.remove(0);
        }
        Ok(())
    }

    /// A gap of events that nobody has counted, from a moment until now.
    pub fn uncounted(&self, (from_ms, from_boot): (i64, u64)) -> Gap {
        let (until_ms, until_boot) = self.last_moment();
        Gap { lost: 0, from_ms, from_boot, until_ms, until_boot, total: 0 }
    }

    fn last_moment(&self) -> (i64, u64) {
        ((self.now)(), boot_ms())
    }

    fn clocks(&self) -> Clocks {
        Clocks { now_ms: (self.now)(), boot_ms: boot_ms(), boot: self.boot }
    }

    /// Once the clock is set, what waited for that is dated.
    fn note_clock(&mut self) {
        let set = self.clocks().are_set();
        if set && !self.timing.clock_was_set {
            let waited = self.segments.undated();
            tracing::info!(
                events = waited,
                "the clock has been set; what happened before is dated by the time since the machine started"
            );
            self.segments.unhold();
        }
        self.timing.clock_was_set = set;
    }

    /// Moves to week files what the segments hold now, in so many transactions at most. What comes meanwhile is drained, and waits
    /// for the next time.
    fn book(&mut self, most: usize) -> Result<(), Stuck> {
        self.look_at_the_room();
        let mut left = most;
        for (nth, end) in self.segments.ends().into_iter().enumerate() {
            while left > 0
                && let Some(slice) = self.segments.slice(nth, end)?
            {
                left -= 1;
                let held = match self.book_slice(&slice) {
                    Ok(held) => held,
                    Err(fault) => {
                        self.segments.doubt(nth);
                        return Err(fault.into());
                    }
                };
                if slice.records.taken == 0 {
                    tracing::error!("a part of a segment cannot be read any more; its events are lost");
                    self.gaps.push(self.uncounted(self.last_moment()));
                    self.segments.give_up(nth);
                    break;
                }
                self.segments.booked(nth, &slice.records, held);
                self.shared.undated.store(self.segments.undated(), Relaxed);
                self.drain(Which::Filling)?;
            }
        }
        self.segments.sweep(false);
        reach(Point::Swept);
        self.shared.undated.store(self.segments.undated(), Relaxed);
        self.shared.broken.store(self.book.broken, Relaxed);
        Ok(())
    }

    /// Says it when the disk is nearly full, and when it no longer is.
    fn look_at_the_room(&mut self) {
        let before = self.book.room;
        self.book.room = Room::on(&self.dir, before);
        self.shared.set_room(self.book.room);
        match self.book.room {
            room if room == before => {}
            Room::Little => tracing::error!(
                "the disk is nearly full: paths and searches of what was allowed are left out of the journal; free some space"
            ),
            Room::Scarce => tracing::error!(
                "the disk is all but full: the journal keeps what was allowed as sums alone, and only what was blocked, warned of or searched for of a theme line by line; free some space now"
            ),
            Room::Enough => tracing::info!("there is room on the disk again: the journal keeps everything"),
        }
    }

    /// Puts the records of a slice into week files. Goes out: how many events wait to be dated.
    fn book_slice(&mut self, slice: &Slice) -> Result<u64, BookFault> {
        let (mut rows, held) = rows(&slice.records.bytes, slice.boot, &self.clocks());
        if slice.doubtful
            && let (Some(first), Some(last)) = (rows.first(), rows.last())
        {
            let there = self.book.having(first.seq, last.seq);
            rows.retain(|row| !there.contains(&row.seq));
        }
        self.book.put(&rows)?;
        Ok(held)
    }

    /// Deletes week files past their time, at the start and when the day changes.
    fn keep(&mut self) {
        let now = (self.now)();
        if now < super::time::BUILT_MS {
            return;
        }
        let today = super::week::timestamp(now).to_zoned(self.zone.clone()).date();
        if self.timing.kept != Some(today) {
            self.timing.kept = Some(today);
            let days = self.shared.detail_days.load(Relaxed);
            retention::keep(&self.dir, (today, now), days, |week| self.book.close(week));
            sealing::forget(&self.dir, now - i64::from(days) * retention::DAY_MS - retention::DATA_KEYS_MS);
        }
    }

    /// Says what went wrong, and that it goes on again; each at most once a minute. No host, no person.
    fn report(&mut self, done: &Result<(), Stuck>, now: Instant) {
        let dropped = self.shared.dropped.load(Relaxed);
        let stalled = self.shared.stalled.swap(done.is_err(), Relaxed);
        self.timing.not_before = done.is_err().then_some(now + RETRY_EVERY);
        match done {
            Err(fault) if self.timing.complaint.may(now) => {
                tracing::error!(%fault, dropped, "the journal cannot write: the doors go on, and what finds no room is counted as dropped; free some space or make the disk writable");
                self.timing.said_dropped = dropped;
            }
            Ok(()) if stalled => {
                tracing::info!(dropped, "the journal writes again");
                (self.timing.said_dropped, self.timing.complaint) = (dropped, Complaint::default());
            }
            Ok(()) if dropped > self.timing.said_dropped && self.timing.complaint.may(now) => {
                tracing::error!(dropped, "events came faster than the journal could write, and some are not in it");
                self.timing.said_dropped = dropped;
            }
            _ => {}
        }
    }

    /// Leaves nothing behind that is in a week file, but for the seq to go on from.
    fn close(&mut self) {
        // What was noted between the last round and now.
        let last = self.drain(Which::All).map_err(Stuck::from).and_then(|()| {
            self.segments.sync()?;
            self.book(usize::MAX)?;
            self.segments.sweep(true);
            reach(Point::Closing);
            self.segments.begin(self.boot)?;
            self.segments.sync()?;
            Ok(())
        });
        if let Err(fault) = last {
            tracing::error!(%fault, "the journal stops with events in segments or rings; the next start takes them from there");
        }
        self.shared.rings.delete_drained();
    }
}

/// Whether a transaction is due, with so much waiting, when so many records have come since the last, which was so long ago.
fn book_due(waiting: Waiting, came: u64, since: Duration) -> bool {
    let above = |rate: f64| came as f64 > rate * since.as_secs_f64();
    match waiting {
        Waiting { records: 0, .. } => false,
        Waiting { bytes: MAX_WAITING.., .. } => true,
        Waiting { records: ..BOOK_AT, .. } => since >= BOOK_EVERY,
        _ if above(FLOOD) => since >= BOOK_FLOOD,
        _ => since >= if above(QUIET) { BOOK_BUSY } else { BOOK_QUIET },
    }
}

/// The records of a part of a segment, dated; and how many wait for the clock.
pub fn rows<'a>(bytes: &'a [u8], boot: BootId, clocks: &Clocks) -> (Vec<Row<'a>>, u64) {
    let (mut rows, mut held) = (Vec::new(), 0);
    for record in records(bytes) {
        let what = match record.what() {
            Ok(what) => what,
            Err(fault) => {
                tracing::error!(seq = record.seq, %fault, "a record of a segment is left out");
                continue;
            }
        };
        match dated(what, clocks, boot) {
            Some((what, dated)) => {
                let question = record.question();
                rows.push(Row { seq: record.seq, ring: record.ring, position: record.position, dated, what, question })
            }
            None => held += 1,
        }
    }
    (rows, held)
}

/// A record's content with its time on the calendar. `None`: it waits for the clock.
fn dated<'a>(what: What<'a>, clocks: &Clocks, boot: BootId) -> Option<(What<'a>, Dated)> {
    match what {
        What::Event(mut event) => {
            let (when, dated) = clocks.date(event.when_ms, event.boot_ms, boot)?;
            event.when_ms = when;
            Some((What::Event(event), dated))
        }
        What::Gap(mut gap) => {
            let (from, dated) = clocks.date(gap.from_ms, gap.from_boot, boot)?;
            let (until, later) = clocks.date(gap.until_ms, gap.until_boot, boot)?;
            (gap.from_ms, gap.until_ms) = (from, until.max(from));
            Some((What::Gap(gap), dated.max(later)))
        }
    }
}

#[cfg(test)]
mod tests;
