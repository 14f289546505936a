//! What the doors' side of a journal and its writer both see.

use super::Tally;
use super::event::Event;
use super::gap::Gap;
use super::retention::DETAIL_DAYS;
use super::rings::Rings;
use super::room::Room;
use super::sealing::Sealing;
use arc_swap::ArcSwap;
use rusqlite::InterruptHandle;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counters, requests to the writer, and what no ring could take.
pub struct Shared {
    pub rings: Rings,
    /// What the doors do with what was typed.
    pub sealing: ArcSwap<Sealing>,
    pub written: AtomicU64,
    pub dropped: AtomicU64,
    pub replayed: AtomicU64,
    pub undated: AtomicU64,
    pub broken: AtomicU64,
    /// Week files whose pages have not been looked through since the start.
    pub unchecked: AtomicU64,
    /// Files in which something broken was found since.
    broken_files: Mutex<Vec<(PathBuf, rusqlite::Error)>>,
    /// Ends the look at a file that is under way.
    look: Mutex<Option<InterruptHandle>>,
    /// How long single visits are kept.
    pub detail_days: AtomicU32,
    pub stalled: AtomicBool,
    /// How much room there is on the disk: see [`Room::of_u8`].
    room: AtomicU8,
    /// Nothing more is noted.
    pub stopped: AtomicBool,
    /// The writer has ended: nobody will write down what was lost when.
    ended: AtomicBool,
    /// What was lost because its thread had no ring. A lock: there is nothing else for such a thread to wait for.
    ringless: Mutex<Option<Gap>>,
    asked: Mutex<Asked>,
    /// Wakes the writer.
    bell: Condvar,
    /// Wakes who waits for the writer.
    answer: Condvar,
}

/// What the writer has been asked to do, besides what it does of itself.
#[derive(Debug, Default)]
struct Asked {
    /// That everything be in week files; and that it be in segments.
    settle: Answers,
    flush: Answers,
    stop: bool,
    ended: bool,
}

/// How many times something was asked for, and how many of these have been done.
#[derive(Debug, Default)]
struct Answers {
    asked: u64,
    done: u64,
    /// Whether the last one succeeded.
    whole: bool,
}

/// What the writer is woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    Tick,
    /// To settle, or to flush; answered with this number.
    Settle(u64),
    Flush(u64),
    Stop,
}

impl Shared {
    pub fn new(rings: Rings) -> Self {
        Self {
            rings,
            sealing: ArcSwap::from_pointee(Sealing::Clear),
            written: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            replayed: AtomicU64::new(0),
            undated: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            unchecked: AtomicU64::new(0),
            broken_files: Mutex::default(),
            look: Mutex::default(),
            detail_days: AtomicU32::new(DETAIL_DAYS),
            stalled: AtomicBool::new(false),
            room: AtomicU8::new(0),
            stopped: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            ringless: Mutex::new(None),
            asked: Mutex::default(),
            bell: Condvar::new(),
            answer: Condvar::new(),
        }
    }

    pub fn tally(&self) -> Tally {
        Tally {
            written: self.written.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            replayed: self.replayed.load(Relaxed),
            undated: self.undated.load(Relaxed),
            broken: self.broken.load(Relaxed),
            unchecked: self.unchecked.load(Relaxed),
            stalled: self.stalled.load(Relaxed),
            left_out: self.room() >= Room::Little,
            summed: self.room() == Room::Scarce,
            detail: self.sealing.load().kept(),
        }
    }

    pub fn room(&self) -> Room {
        Room::of_u8(self.room.load(Relaxed))
    }

    /// Writer only.
    pub fn set_room(&self, room: Room) {
        self.room.store(room.to_u8(), Relaxed);
    }

    /// Counts an event whose thread has no ring.
    pub fn lose(&self, event: &Event) {
        let count = u64::from(event.count);
        self.dropped.fetch_add(count, Relaxed);
        if self.ended.load(Relaxed) {
            return;
        }
        let mut gap = self.ringless.lock().unwrap_or_else(PoisonError::into_inner);
        let first = Gap { from_ms: event.when_ms, from_boot: event.boot_ms, ..Gap::default() };
        let gap = gap.get_or_insert(first);
        gap.lost += count;
        (gap.until_ms, gap.until_boot) = (event.when_ms, event.boot_ms);
    }

    /// What was lost without a ring since the last call.
    pub fn take_ringless(&self) -> Option<Gap> {
        self.ringless.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A look at a file begins, which this ends; or it is over. False: the journal has stopped.
    pub fn looks_at(&self, look: Option<InterruptHandle>) -> bool {
        *self.look.lock().unwrap_or_else(PoisonError::into_inner) = look;
        !self.stopped.load(Relaxed)
    }

    pub fn found_broken(&self, path: PathBuf, fault: rusqlite::Error) {
        self.broken_files.lock().unwrap_or_else(PoisonError::into_inner).push((path, fault));
    }

    /// What was found broken since the last call. Writer only.
    pub fn take_broken(&self) -> Vec<(PathBuf, rusqlite::Error)> {
        std::mem::take(&mut *self.broken_files.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the writer to settle and waits for it. Whether everything is in week files now.
    pub fn settle(&self) -> bool {
        self.ask(|asked| &mut asked.settle)
    }

    /// Asks the writer to flush and waits for it. Whether everything is in segments or week files now.
    pub fn flush(&self) -> bool {
        self.ask(|asked| &mut asked.flush)
    }

    fn ask(&self, what: impl Fn(&mut Asked) -> &mut Answers) -> bool {
        let mut asked = self.asked();
        what(&mut asked).asked += 1;
        let mine = what(&mut asked).asked;
        self.bell.notify_one();
        while what(&mut asked).done < mine && !asked.ended {
            asked = self.answer.wait(asked).unwrap_or_else(PoisonError::into_inner);
        }
        let answers = what(&mut asked);
        answers.whole && answers.done >= mine
    }

    /// Asks the writer to end and waits for it.
    pub fn stop(&self) {
        let mut asked = self.asked();
        asked.stop = true;
        self.bell.notify_one();
        while !asked.ended {
            asked = self.answer.wait(asked).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for a request, `tick` long at most. Writer only.
    pub fn wait(&self, tick: Duration) -> Wake {
        let asked = self.asked();
        let quiet = |a: &mut Asked| !a.stop && a.settle.asked == a.settle.done && a.flush.asked == a.flush.done;
        let asked = match self.bell.wait_timeout_while(asked, tick, quiet) {
            Ok((asked, _)) => asked,
            Err(poisoned) => poisoned.into_inner().0,
        };
        match &*asked {
            Asked { stop: true, .. } => Wake::Stop,
            Asked { settle, .. } if settle.asked > settle.done => Wake::Settle(settle.asked),
            Asked { flush, .. } if flush.asked > flush.done => Wake::Flush(flush.asked),
            _ => Wake::Tick,
        }
    }

    /// Answers a request to settle or to flush. Writer only.
    pub fn answer(&self, what: Wake, number: u64, whole: bool) {
        let mut asked = self.asked();
        let answers = if matches!(what, Wake::Settle(_)) { &mut asked.settle } else { &mut asked.flush };
        (answers.done, answers.whole) = (number, whole);
        self.answer.notify_all();
    }

    /// The writer has ended: nobody waits for it any more.
    pub fn end(&self) {
        self.stopped.store(true, Relaxed);
        self.ended.store(true, Relaxed);
        if let Some(look) = &*self.look.lock().unwrap_or_else(PoisonError::into_inner) {
            look.interrupt();
        }
        self.asked().ended = true;
        self.answer.notify_all();
    }
}
