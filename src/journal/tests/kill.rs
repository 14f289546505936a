//! kill -9 and a disk that is full, each in a process of its own: this test program, run again as a child.

use super::super::point::Point;
use super::*;
use memmap2::MmapRaw;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicU64;

/// Threads that note, in the child.
pub const THREADS: u64 = 3;

/// What each thread of the child has had answered: counters in a file, so that they outlive it.
struct Answered(MmapRaw);

impl Answered {
    fn open(folder: &Path) -> Self {
        let path = folder.join("answered");
        let file = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).expect("opened");
        file.set_len(4096).expect("sized");
        Self(MmapRaw::map_raw(&file).expect("mapped"))
    }

    fn of(&self, thread: u64) -> &AtomicU64 {
        assert!(thread < THREADS);
        // SAFETY: aligned, within the page, and only ever used as this atomic.
        unsafe { AtomicU64::from_ptr(self.0.as_mut_ptr().cast::<u64>().add(thread as usize)) }
    }

    fn all(&self) -> Vec<u64> {
        (0..THREADS).map(|t| self.of(t).load(Ordering::Acquire)).collect()
    }
}

/// A name of which every event is the same question: they share rows.
const ALIKE: &str = "the-same.example";

/// The nth event of a thread; every fourth is the same question as the fourth before. Its path makes segments grow quickly past their end.
fn nth(thread: u64, n: u64) -> Event<'static> {
    let own = Event { when_ms: WEDNESDAY + n as i64, port: thread as u16, path: "/x".repeat(100).into(), ..event(n) };
    if n.is_multiple_of(4) { Event { host: ALIKE.into(), who: event(0).who, ..own } } else { own }
}

/// Runs one of the children below.
fn child(name: &str, folder: &Path, die_at: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", &format!("journal::tests::kill::{name}"), "--ignored", "--test-threads=1"]);
    command.env("JOURNAL_FOLDER", folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.envs(die_at.map(|at| ("DIE_AT", at)));
    command.spawn().expect("a child")
}

/// The folder, in a child.
fn folder_of_child() -> Option<std::path::PathBuf> {
    std::env::var_os("JOURNAL_FOLDER").map(Into::into)
}

#[test]
#[ignore = "the child of other tests"]
fn child_notes_until_it_is_killed() {
    let Some(folder) = folder_of_child() else { return };
    let answered = Answered::open(&folder);
    // Small rings, so that they go round. All threads note a hundred events each, then wait until the rings are empty: there
    // is always room, however slow the machine.
    let journal = Journal::start(Settings { ring_bytes: Some(128 << 10), ..settings(&folder) }).expect("started");
    let before = journal.tally().written;
    let together = std::sync::Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (journal, answered, together) = (&journal, answered.of(thread), &together);
            scope.spawn(move || {
                // Killed long before the last round, or the test fails.
                for round in 1..10_000 {
                    for _ in 0..100 {
                        let n = answered.load(Ordering::Acquire);
                        journal.note(&nth(thread, n));
                        answered.store(n + 1, Ordering::Release);
                    }
                    together.wait();
                    while journal.tally().written < before + round * 100 * THREADS {
                        std::thread::sleep(std::time::Duration::from_millis(1));
                    }
                    together.wait();
                }
            });
        }
        // Every path of the writer, also under settle.
        scope.spawn(|| {
            while answered.of(0).load(Ordering::Acquire) < 1_000_000 {
                journal.settle();
            }
        });
    });
}

/// Kills the child for good and says whether it was alive until then or ended itself by SIGKILL.
fn killed(mut child: Child) {
    let _ = child.kill();
    let status = child.wait().expect("waited");
    assert_eq!(status.signal(), Some(9), "{status}");
}

/// What was answered is in the log once; at most one event a thread and a kill was noted and not yet answered.
fn nothing_is_lost_and_nothing_twice(folder: &Path, answered: &Answered, kills: u64, what: &str) {
    let journal = Journal::start(settings(folder)).expect("started");
    assert!(journal.settle());
    let found = stored(folder);
    let mut seqs: Vec<_> = found.iter().map(|s| s.seq).collect();
    let rows = seqs.len();
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), rows, "{what}: a seq was given twice");
    assert_eq!(gaps(folder), [], "{what}");
    for thread in 0..THREADS {
        let of_thread: Vec<_> = found.iter().filter(|s| u64::from(s.event.port) == thread).collect();
        let alike = of_thread.iter().filter(|s| s.event.host == ALIKE).map(|s| u64::from(s.event.count)).sum::<u64>();
        let asked = answered.of(thread).load(Ordering::Acquire).div_ceil(4);
        assert!((asked..=asked + kills).contains(&alike), "{what}: {alike} of {asked} that are alike");
        let mut seen = vec![0u64; answered.of(thread).load(Ordering::Acquire) as usize + 1];
        for stored in of_thread.iter().filter(|s| s.event.host != ALIKE) {
            let n = stored.event.when_ms - WEDNESDAY;
            *seen.get_mut(n as usize).unwrap_or_else(|| panic!("{what}: {n} was never noted")) += 1;
        }
        let answered = &seen[..seen.len() - 1];
        let lost: Vec<_> = (0..answered.len()).filter(|n| n % 4 != 0 && answered[*n] == 0).collect();
        assert!(lost.is_empty(), "{what}: answered by thread {thread} and not in the log: {lost:?} of {}", answered.len());
        // One that was noted and not answered is asked again after the kill: the client asks twice, the log has both.
        let again: u64 = seen.iter().map(|times| times.saturating_sub(1)).sum();
        assert!(again <= kills, "{what}: {again} events are in the log twice");
    }
}

/// Kills the child at each of these points; afterwards everything answered is in the log, once. How much that is.
pub fn child_until(folder: &Path, points: &[&str]) -> u64 {
    let answered = Answered::open(folder);
    for (kills, at) in (1..).zip(points) {
        let mut child = child("child_notes_until_it_is_killed", folder, Some(at));
        let status = child.wait().expect("waited");
        assert_eq!(status.signal(), Some(9), "{at}: {status}");
        nothing_is_lost_and_nothing_twice(folder, &answered, kills, at);
    }
    answered.all().iter().sum()
}

#[test]
fn kill_9_at_any_moment_loses_nothing_that_was_answered_and_writes_nothing_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let answered = Answered::open(folder.path());
    for kill in 1..=6u64 {
        let child = child("child_notes_until_it_is_killed", folder.path(), None);
        // Each time at another place: nothing here goes by the clock.
        let goal = answered.all()[0] + 150 + 371 * kill % 700;
        while answered.all()[0] < goal {
            std::thread::sleep(std::time::Duration::from_micros(100));
        }
        killed(child);
        if kill % 2 == 0 {
            nothing_is_lost_and_nothing_twice(folder.path(), &answered, kill, &format!("kill {kill}"));
        }
    }
    assert!(answered.all().iter().sum::<u64>() > 2000);
}

#[test]
fn kill_9_between_any_two_steps_of_the_writer_loses_nothing_and_writes_nothing_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let answered = Answered::open(folder.path());
    let mut kills = 0;
    for point in Point::RUNNING {
        // At the first time and, where there is more than one, later, when rings, segments and week files hold something.
        let times: &[u32] = match point {
            Point::WeekMade => &[1],
            Point::RingMade => &[1, 3],
            _ => &[1, 4],
        };
        for times in times {
            if point == Point::WeekMade {
                // Only a week without a file makes one.
                let _ = std::fs::remove_file(folder.path().join("journal/2026-W47.db"));
                let _ = std::fs::remove_dir_all(folder.path().join("journal"));
                answered.all().iter().enumerate().for_each(|(t, _)| answered.of(t as u64).store(0, Ordering::Release));
            }
            let at = format!("{point:?}:{times}");
            let mut child = child("child_notes_until_it_is_killed", folder.path(), Some(&at));
            let status = child.wait().expect("waited");
            assert_eq!(status.signal(), Some(9), "{at}: {status}");
            kills += 1;
            nothing_is_lost_and_nothing_twice(folder.path(), &answered, kills, &at);
        }
    }
}

#[test]
#[ignore = "the child of other tests"]
fn child_that_ends() {
    let Some(folder) = folder_of_child() else { return };
    let answered = Answered::open(&folder);
    let journal = Journal::start(settings(&folder)).expect("started");
    for n in 0..100 {
        journal.note(&nth(0, n));
        answered.of(0).store(n + 1, Ordering::Release);
    }
    journal.stop();
}

#[test]
fn kill_9_while_the_journal_ends_loses_no_event_and_no_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let answered = Answered::open(folder.path());
    let status = child("child_that_ends", folder.path(), Some("Closing:1")).wait().expect("waited");
    assert_eq!(status.signal(), Some(9), "{status}");
    assert_eq!(files(&folder.path().join("journal/segments")), Vec::<String>::new());
    nothing_is_lost_and_nothing_twice(folder.path(), &answered, 0, "Closing");
    let journal = Journal::start(settings(folder.path())).expect("started");
    journal.note(&event(9_000));
    assert!(journal.settle());
    assert_eq!(stored(folder.path()).last().map(|s| s.seq), Some(101));
}

/// So long after the events that their week is past its time.
fn late(folder: &Path) -> Settings {
    settings(folder).with_clock(Arc::new(|| WEDNESDAY + 95 * retention::DAY_MS))
}

#[test]
#[ignore = "the child of other tests"]
fn child_past_its_time() {
    let Some(folder) = folder_of_child() else { return };
    Journal::start(late(&folder)).expect("started").settle();
}

#[test]
fn kill_9_between_the_record_of_a_deletion_and_the_deletion_leaves_one_record_and_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("journal");
    let journal = Journal::start(settings(folder.path())).expect("started");
    journal.note(&event(1));
    journal.stop();
    drop(journal);
    let status = child("child_past_its_time", folder.path(), Some("Expiring:1")).wait().expect("waited");
    assert_eq!(status.signal(), Some(9), "{status}");
    assert_eq!((weeks(&dir).expect("listed").len(), deletion::all(&dir).expect("read").len()), (1, 1));
    // As a power cut leaves it: half of a line more.
    let record = std::fs::read(dir.join("deleted.jsonl")).expect("read");
    std::fs::write(dir.join("deleted.jsonl"), [&record[..], &record[..20]].concat()).expect("written");
    Journal::start(late(folder.path())).expect("started").settle();
    assert_eq!(weeks(&dir).expect("listed"), []);
    assert_eq!(deletion::all(&dir).expect("read").len(), 1);
    let other = deletion::Deletion { file: "journal/2026-W01.db".into(), ..deletion::all(&dir).expect("read").remove(0) };
    deletion::record(&dir, &other).expect("recorded");
    assert_eq!(deletion::all(&dir).expect("read").len(), 2, "half of a line spoils no other");
}

#[test]
#[ignore = "the child of other tests"]
fn child_on_a_full_disk() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    use nix::sys::signal::{SigHandler, Signal, signal};
    let Some(folder) = folder_of_child() else { return };
    // A write past the limit fails with EFBIG instead of a signal: as a disk fails, and without one.
    // SAFETY: ignoring a signal runs nothing.
    unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) }.expect("ignored");
    let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).expect("a limit");
    let journal = Journal::start(Settings { ring_bytes: Some(64 << 10), ..settings(&folder) }).expect("started");
    let note = |range: std::ops::Range<u64>| range.for_each(|n| journal.note(&nth(0, n)));
    note(0..100);
    assert!(journal.settle());
    assert!(!journal.tally().stalled);

    setrlimit(Resource::RLIMIT_FSIZE, 48 << 10, hard).expect("limited");
    // The doors go on: this returns, whatever the disk says.
    note(100..2000);
    assert!(!journal.settle());
    let full = journal.tally();
    assert!(full.stalled && full.dropped > 500, "{full:?}");
    note(2000..2010);
    assert_eq!(journal.tally().dropped, full.dropped + 10);

    setrlimit(Resource::RLIMIT_FSIZE, hard, hard).expect("unlimited");
    assert!(journal.settle());
    note(3000..3100);
    assert!(journal.settle());
    let after = journal.tally();
    assert!(!after.stalled);
    assert_eq!(after.dropped, full.dropped + 10);
    let kept = stored(&folder).iter().map(|s| u64::from(s.event.count)).sum::<u64>();
    assert_eq!(kept + after.dropped, 100 + 1900 + 10 + 100);
    let gaps = gaps(&folder);
    assert_eq!(gaps.iter().map(|g| g.lost).sum::<u64>(), after.dropped);
    assert!(gaps.iter().all(|g| g.from_ms >= WEDNESDAY + 100 && g.until_ms <= WEDNESDAY + 2009));
    let (rows, mut seqs) = (stored(&folder).len(), stored(&folder).iter().map(|s| s.seq).collect::<Vec<_>>());
    seqs.dedup();
    assert_eq!(seqs.len(), rows);
    std::fs::write(folder.join("done"), "").expect("written");
}

#[test]
fn a_full_disk_stops_no_door_is_counted_and_heals_without_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let status = child("child_on_a_full_disk", folder.path(), None).wait().expect("waited");
    assert!(status.success(), "{status}");
    assert!(folder.path().join("done").exists());
}
