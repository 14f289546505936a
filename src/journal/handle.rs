//! The doors' side: [`Journal`], and the calling thread's ring.

use super::book::Book;
use super::check;
use super::event::Event;
use super::fault::JournalFault;
use super::names::{self, Names, Stored};
use super::read::{self, ReadFault};
use super::ring::Producer;
use super::rings::Rings;
use super::sealing::Sealer;
use super::segment::Segments;
use super::shared::Shared;
use super::tail;
use super::time::BootId;
use super::writer::{Timing, Which, Writer};
use super::{Settings, Tally};
use std::cell::RefCell;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The doors' side of the journal.
///
/// Shared by reference; what a thread notes goes into a ring of its own.
pub struct Journal {
    dir: PathBuf,
    shared: Arc<Shared>,
    /// Held as long as the journal: two writers would give the same seq twice.
    lock: File,
    /// The last version whose names were stored, so that an entry among thousands does not wait until they are read again.
    named: Mutex<Option<Arc<Stored>>>,
}

thread_local! {
    /// This thread's rings, one a journal. In the gate there is one journal; in tests there are several.
    static MINE: RefCell<Vec<Mine>> = const { RefCell::new(Vec::new()) };
}

/// A thread's ring of one journal.
struct Mine {
    journal: Arc<Shared>,
    producer: Option<Producer>,
    /// When a ring that could not be made is tried again.
    retry: Instant,
}

/// How long a thread without a ring waits before it asks for one again: asking opens files.
const RETRY_EVERY: Duration = Duration::from_secs(1);

impl Journal {
    /// Opens the journal's folder, replays what a killed process left, and starts the writer.
    ///
    /// # Errors
    /// [`JournalFault`]: the folders cannot be used, another gate uses them, or a newer one wrote a week file.
    pub fn start(settings: Settings) -> Result<Self, JournalFault> {
        let dir = settings.dir;
        for folder in [&dir, &dir.join("segments"), &dir.join("names"), &settings.run] {
            make(folder).map_err(|source| JournalFault::Folder { path: folder.clone(), source })?;
        }
        let dir = dir.canonicalize().map_err(|source| JournalFault::Folder { path: dir, source })?;
        let lock = lock(&dir)?;
        let at = |path: PathBuf| move |source| JournalFault::Folder { path, source };

        let mut book = Book::new(&dir, settings.zone.clone());
        let survey = book.survey(settings.check_at_start)?;
        let boot = BootId::present();
        let found = Segments::recover(&dir.join("segments"), boot).map_err(at(dir.join("segments")))?;
        let (mut segments, mut marks) = (found.segments, found.marks);
        segments.next_seq = segments.next_seq.max(survey.next_seq);

        let shared = Arc::new(Shared::new(Rings::new(&settings.run, &dir, boot, settings.ring_bytes)));
        shared.broken.store(survey.broken, Relaxed);
        shared.unchecked.store(survey.unchecked.len() as u64, Relaxed);
        shared.detail_days.store(settings.detail_days, Relaxed);
        let left = shared.rings.adopt().map_err(at(settings.run.clone()))?;
        for ring in left {
            let mark = marks.entry(ring).or_default();
            *mark = mark.or(book.mark(ring));
        }
        let (zone, now) = (settings.zone, settings.now);
        let mut sealer = Sealer::new(settings.seal, &dir);
        sealer.tend(&shared, now());
        let (gaps, timing) = (Vec::new(), Timing::default());
        let mut writer =
            Writer { dir: dir.clone(), zone, now, boot, shared: shared.clone(), segments, book, sealer, marks, gaps, timing };
        writer.gaps = found.torn.into_iter().map(|last| writer.uncounted(last)).collect();
        if let Err(fault) = writer.drain(Which::All) {
            // The rings keep it; the writer tries again and says so.
            tracing::warn!(%fault, "what the last run left in its rings cannot be written yet");
        }
        let thread = std::thread::Builder::new().name("journal".into());
        thread.spawn(move || writer.run()).map_err(JournalFault::Writer)?;
        check::later(survey.unchecked, shared.clone()).map_err(JournalFault::Writer)?;
        Ok(Self { dir, shared, lock, named: Mutex::default() })
    }

    /// Makes the calling thread's ring now, so that its first note has no file to make.
    pub fn enrol(&self) {
        let _ = MINE.try_with(|mine| {
            if let Ok(mut mine) = mine.try_borrow_mut() {
                self.mine(&mut mine);
            }
        });
    }

    /// Writes the event to the calling thread's ring. Never blocks, never fails: what finds no room is counted.
    pub fn note(&self, event: &Event) {
        if event.path.is_empty() && event.search.is_empty() {
            self.write(event);
        } else {
            self.write(&self.shared.sealing.load().apply(event));
        }
    }

    fn write(&self, event: &Event) {
        let noted = MINE.try_with(|mine| {
            let mut mine = mine.try_borrow_mut().ok()?;
            let producer = self.mine(&mut mine)?;
            if !producer.push(event) {
                self.shared.dropped.fetch_add(u64::from(event.count), Relaxed);
            }
            Some(())
        });
        // No ring, no more of the journal, or a thread that is ending.
        if noted.ok().flatten().is_none() {
            self.shared.lose(event);
        }
    }

    fn mine<'a>(&self, all: &'a mut Vec<Mine>) -> Option<&'a mut Producer> {
        if self.shared.stopped.load(Relaxed) {
            return None;
        }
        let place = all.iter().position(|m| Arc::ptr_eq(&m.journal, &self.shared));
        let place = place.unwrap_or_else(|| {
            all.retain(|m| !m.journal.stopped.load(Relaxed));
            all.push(Mine { journal: self.shared.clone(), producer: None, retry: Instant::now() });
            all.len() - 1
        });
        let mine = all.get_mut(place)?;
        if mine.producer.is_none() {
            if Instant::now() < mine.retry {
                return None;
            }
            match self.shared.rings.open() {
                Ok(producer) => mine.producer = Some(producer),
                Err(fault) => {
                    tracing::error!(%fault, "a thread has no ring: what it notes is counted as dropped");
                    mine.retry = Instant::now() + RETRY_EVERY;
                }
            }
        }
        mine.producer.as_mut()
    }

    /// Stores what the ids of a version are called, before the first event of that version.
    ///
    /// # Errors
    /// [`JournalFault::Names`]: the disk.
    pub fn name(&self, version: u32, names: &Names) -> Result<(), JournalFault> {
        let last = self.named().clone();
        let stored =
            names::store(&self.dir, version, names, last.as_ref()).map_err(|source| self.names_fault(version, source))?;
        let mut named = self.named();
        if named.as_ref().is_none_or(|last| last.version <= version) {
            *named = Some(Arc::new(stored));
        }
        Ok(())
    }

    /// The version these names have: the last one's if nothing changed, else the next.
    ///
    /// # Errors
    /// [`JournalFault::Names`]: the names of the last version cannot be looked up.
    pub fn version_of(&self, names: &Names) -> Result<u32, JournalFault> {
        if let Some(last) = &*self.named() {
            return Ok(if last.names == *names { last.version } else { last.version + 1 });
        }
        names::version_of(&self.dir, names).map_err(|source| self.names_fault(0, source))
    }

    fn named(&self) -> MutexGuard<'_, Option<Arc<Stored>>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names_fault(&self, version: u32, source: io::Error) -> JournalFault {
        JournalFault::Names { version, path: self.dir.join("names"), source }
    }

    /// The newest events of a client that were blocked or warned of and reach to this moment, the newest first: of what was noted
    /// before the call.
    ///
    /// # Errors
    /// [`ReadFault`]: they cannot be read.
    pub fn stopped(&self, client: IpAddr, since_ms: i64, now_ms: i64, limit: usize) -> Result<Vec<read::Stored>, ReadFault> {
        self.flush();
        let mut found = Vec::new();
        for part in tail::newest(&self.dir, now_ms)? {
            found.extend(part.stopped(client, since_ms, limit)?);
        }
        found.sort_by_key(|stored| std::cmp::Reverse(stored.seq));
        found.truncate(limit);
        Ok(found)
    }

    /// Keeps single visits so many days after the end of their week, from the next day on.
    pub fn keep_detail(&self, days: u32) {
        self.shared.detail_days.store(days, Relaxed);
    }

    pub fn tally(&self) -> Tally {
        self.shared.tally()
    }

    /// Waits until everything noted before the call is in a week file, but for what waits for the clock.
    /// False: the disk refuses; it is in segments or rings.
    pub fn settle(&self) -> bool {
        self.shared.settle()
    }

    /// Waits until everything noted before the call is in a segment or a week file: where [`super::read::parts`] finds it.
    /// False: the disk refuses.
    pub fn flush(&self) -> bool {
        self.shared.flush()
    }

    /// Moves everything to week files and ends the writer. What is noted afterwards is counted as dropped.
    pub fn stop(&self) {
        self.shared.stop();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.stop();
        // Said, not left to the close: a process that is being started at this moment holds a copy of the file for a while.
        let _ = self.lock.unlock();
    }
}

/// Makes a folder that only we may read, if it is not there.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Takes the folder for this process alone; the kernel gives it back when the process ends, however it does.
fn lock(dir: &Path) -> Result<File, JournalFault> {
    let path = dir.join("lock");
    let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    // A disk that has become read-only still lets the doors open.
    let file = open.or_else(|_| File::open(&path)).map_err(|source| JournalFault::Folder { path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalFault::InUse { path: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(JournalFault::Folder { path, source }),
    }
}
