//! The journal as a whole, in this process and in ones that are killed.

mod disk;
mod kill;
mod sealed;
mod tail;

use super::read::{Filter, Stored, StoredGap, Week, weeks};
use super::samples::{WEDNESDAY, event};
use super::*;
use jiff::tz::TimeZone;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

/// Settings below a folder: London, and a Wednesday in term that stands still.
fn settings(folder: &Path) -> Settings {
    let zone = TimeZone::get("Europe/London").expect("a zone");
    Settings::new(folder.join("journal"), folder.join("run"), zone).with_clock(Arc::new(|| WEDNESDAY)).sealed_by(folder)
}

/// Everything in the week files, in the order of weeks and seqs.
fn stored(folder: &Path) -> Vec<Stored> {
    let all = |path: &Path| {
        let week = Week::open(path).expect("opened");
        week.events(&Filter::default()).map(|e| e.expect("a row")).collect::<Vec<_>>()
    };
    weeks(&folder.join("journal")).expect("listed").iter().flat_map(|w| all(&w.path)).collect()
}

/// An event as a week file has it: what dates it is no more needed.
fn kept(event: Event<'static>) -> Event<'static> {
    Event { boot_ms: 0, ..event }
}

fn gaps(folder: &Path) -> Vec<StoredGap> {
    let weeks = weeks(&folder.join("journal")).expect("listed");
    weeks.iter().flat_map(|w| Week::open(&w.path).expect("opened").gaps().expect("read")).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    names.sort();
    names.into_iter().map(|n| n.into_string().expect("plain")).collect()
}

#[test]
fn what_is_noted_is_in_the_week_file_in_order_and_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(settings(folder.path())).expect("started");
    (0..3000).for_each(|n| journal.note(&event(n)));
    assert!(journal.settle());
    let found = stored(folder.path());
    assert_eq!(found.len(), 3000);
    for (n, stored) in (0..).zip(&found) {
        assert_eq!((stored.seq, &stored.event), (n + 1, &kept(event(n))));
    }
    assert_eq!(journal.tally(), Tally { written: 3000, ..Tally::default() });
}

/// The same question again, so many milliseconds later.
fn again(ms: i64) -> Event<'static> {
    Event { when_ms: WEDNESDAY + ms, boot_ms: 5_000 + ms as u64, bytes_up: 40, bytes_down: 100, duration_ms: 2, ..event(7) }
}

#[test]
fn a_question_asked_again_within_a_minute_is_one_row_that_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(settings(folder.path())).expect("started");
    // As two threads hand them over: not quite in order. What goes to the file later has a row of its own.
    for batch in [&[5, 0, 4_000, 16_000, 15_990, 59_999, 60_004, 60_005][..], &[70_000]] {
        batch.iter().for_each(|ms| journal.note(&again(*ms)));
        assert!(journal.settle());
    }
    let rows: Vec<_> = stored(folder.path()).into_iter().map(|s| (s.seq, s.event)).collect();
    let several = |from: i64, count: u32, last: i64, attempts| Event {
        count,
        span: Some(Span { last_ms: WEDNESDAY + last, attempts }),
        bytes_up: u64::from(count) * 40,
        bytes_down: u64::from(count) * 100,
        ..kept(again(from))
    };
    assert_eq!(rows, [(1, several(0, 6, 59_999, 3)), (7, several(60_004, 2, 60_005, 1)), (9, kept(again(70_000)))]);
    journal.stop();
    drop(journal);
    // What a row counts is not given a seq again.
    let journal = Journal::start(settings(folder.path())).expect("started");
    journal.note(&again(70_001));
    journal.stop();
    assert_eq!(stored(folder.path()).last().map(|s| s.seq), Some(10));
    let of_late = Filter { since_ms: Some(WEDNESDAY + 59_999), until_ms: Some(WEDNESDAY + 60_000), ..Filter::default() };
    let week = Week::open(&weeks(&folder.path().join("journal")).expect("listed")[0].path).expect("opened");
    assert_eq!(week.events(&of_late).map(|e| e.expect("a row").seq).collect::<Vec<_>>(), [1], "it reaches into that moment");
}

#[test]
fn what_is_not_alike_has_a_row_of_its_own_and_the_counts_add_up() {
    use crate::policy::{Action, Step};
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(settings(folder.path())).expect("started");
    let same = event(7);
    let others = [
        Event { query_type: 28, ..same.clone() },
        Event { host: "host-8.example".into(), ..same.clone() },
        Event { who: event(8).who, ..same.clone() },
        Event { who: None, ..same.clone() },
        Event { action: Action::Block, ..same.clone() },
        Event { step: Step::Own, ..same.clone() },
        Event { rule: Some(3), ..same.clone() },
        Event { pass: Some(3), ..same.clone() },
        Event { list: Some(crate::lists::ListId(3)), ..same.clone() },
        Event { category: Some(crate::words::Category::GAMES), ..same.clone() },
        Event { policy_version: 2, ..same.clone() },
        Event { status: 2, ..same.clone() },
        same.clone(),
    ];
    for _ in 0..50 {
        others.iter().for_each(|event| journal.note(event));
    }
    // What a proxy saw is of one request each.
    (0..50).for_each(|_| journal.note(&Event { door: Door::Proxy, ..same.clone() }));
    assert!(journal.settle());
    let found = stored(folder.path());
    assert_eq!(found.len(), others.len() + 50);
    assert_eq!(found.iter().map(|s| u64::from(s.event.count)).sum::<u64>(), 50 * others.len() as u64 + 50);
    assert!(found.iter().all(|s| s.event.count == if s.event.door == Door::Dns { 50 } else { 1 }));
}

#[test]
fn threads_note_at_once_and_each_ones_events_stay_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(settings(folder.path())).expect("started");
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let journal = &journal;
            scope.spawn(move || (0..1000).for_each(|n| journal.note(&event(thread * 10_000 + n))));
        }
    });
    journal.settle();
    let found = stored(folder.path());
    let of = |thread: i64| found.iter().map(|s| s.event.when_ms - WEDNESDAY).filter(|n| n / 10_000 == thread).collect::<Vec<_>>();
    for thread in 0..4 {
        assert_eq!(of(thread), (0..1000).map(|n| thread * 10_000 + n).collect::<Vec<_>>());
    }
    assert!(found.iter().map(|s| s.seq).eq(1..=4000));
}

#[test]
fn rings_of_threads_that_have_ended_are_used_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(settings(folder.path())).expect("started");
    for n in 0..100 {
        std::thread::scope(|scope| scope.spawn(|| journal.note(&event(n))).join()).expect("noted");
        journal.settle();
    }
    assert_eq!(stored(folder.path()).len(), 100);
    assert!(files(&folder.path().join("run")).len() <= 5);
}

#[test]
fn after_a_stop_nothing_is_left_but_week_files_and_seq_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..3u64 {
        let journal = Journal::start(settings(folder.path())).expect("started");
        (0..10).for_each(|n| journal.note(&event(round * 10 + n)));
        journal.stop();
        journal.note(&event(99));
        assert_eq!(journal.tally().dropped, 1);
        assert_eq!(files(&folder.path().join("run")), Vec::<String>::new());
        assert_eq!(files(&folder.path().join("journal/segments")), [format!("{:016x}.seg", round * 10 + 11)]);
    }
    assert!(stored(folder.path()).iter().map(|s| s.seq).eq(1..=30));
    // Also when the week files have gone.
    for week in weeks(&folder.path().join("journal")).expect("listed") {
        std::fs::remove_file(week.path).expect("removed");
    }
    let journal = Journal::start(settings(folder.path())).expect("started");
    journal.note(&event(1));
    journal.stop();
    assert_eq!(stored(folder.path())[0].seq, 31);
}

#[test]
fn a_full_ring_drops_counts_and_leaves_a_gap() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = Settings { ring_bytes: Some(16 << 10), ..settings(folder.path()) };
    let journal = Journal::start(small).expect("started");
    // Faster than the writer looks, fifty times a second.
    (0..100_000).for_each(|n| journal.note(&event(n)));
    journal.settle();
    let (kept, lost) = (stored(folder.path()).len() as u64, gaps(folder.path()).iter().map(|g| g.lost).sum::<u64>());
    assert_eq!((kept + lost, journal.tally().dropped), (100_000, lost));
    assert!(lost > 0);
    for gap in gaps(folder.path()) {
        assert!(WEDNESDAY <= gap.from_ms && gap.from_ms <= gap.until_ms && gap.until_ms < WEDNESDAY + 100_000);
    }
    // Not like one of those: it would be counted in its row.
    journal.note(&event(200_000));
    journal.settle();
    assert_eq!(stored(folder.path()).len() as u64, kept + 1);
}

#[test]
fn two_gates_cannot_write_one_journal_and_the_second_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(settings(folder.path())).expect("started");
    let fault = Journal::start(settings(folder.path())).err().expect("refused").to_string();
    assert!(fault.contains("another Schoolgate") && fault.contains("journal"), "{fault}");
    drop(journal);
    Journal::start(settings(folder.path())).expect("free again");
}

#[test]
fn two_journals_share_a_run_folder_and_leave_each_others_rings_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = Settings { dir: folder.path().join("other/journal"), ..settings(folder.path()) };
    let one = Journal::start(settings(folder.path())).expect("started");
    one.note(&event(1));
    let two = Journal::start(other).expect("started");
    two.note(&event(2));
    one.note(&event(3));
    drop((one, two));
    let times = |folder: &Path| stored(folder).iter().map(|s| s.event.when_ms - WEDNESDAY).collect::<Vec<_>>();
    assert_eq!((times(folder.path()), times(&folder.path().join("other"))), (vec![1, 3], vec![2]));
}

#[test]
fn a_copy_of_rings_and_segments_put_back_changes_nothing() {
    // As after a power cut, when a disk brings back files that were deleted.
    let folder = tempfile::tempdir().expect("a folder");
    let keep = tempfile::tempdir().expect("a folder");
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).expect("made");
        for file in files(from) {
            std::fs::copy(from.join(&file), to.join(&file)).expect("copied");
        }
    };
    let places = [folder.path().join("run"), folder.path().join("journal/segments")];
    let journal = Journal::start(settings(folder.path())).expect("started");
    (0..500).for_each(|n| journal.note(&event(n)));
    journal.settle();
    (500..800).for_each(|n| journal.note(&event(n)));
    // At this moment the ring holds some that no segment has, or both have them.
    places.iter().for_each(|p| copy(p, &keep.path().join(p.file_name().expect("a name"))));
    journal.stop();
    drop(journal);
    for _ in 0..3 {
        places.iter().for_each(|p| copy(&keep.path().join(p.file_name().expect("a name")), p));
        Journal::start(settings(folder.path())).expect("started").stop();
        let times: Vec<_> = stored(folder.path()).iter().map(|s| s.event.when_ms - WEDNESDAY).collect();
        assert_eq!(times, (0..800).collect::<Vec<_>>());
    }
}

#[test]
fn events_before_the_clock_was_set_wait_and_are_dated_when_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let time = Arc::new(AtomicI64::new(60_000));
    let now = time.clone();
    let clock = move || {
        settings(folder.path()).with_clock(Arc::new({
            let now = now.clone();
            move || now.load(Ordering::Relaxed)
        }))
    };
    let folder = clock().dir.parent().expect("a parent").to_owned();
    let undated = |n: u64| Event { when_ms: 50_000 + n as i64, boot_ms: time::boot_ms() - 10_000 + n, ..event(n) };
    let journal = Journal::start(clock()).expect("started");
    (0..20).for_each(|n| journal.note(&undated(n)));
    assert!(journal.settle());
    assert_eq!((journal.tally().undated, stored(&folder).len()), (20, 0));
    // They wait over a restart of the gate too, and what is dated does not wait for them.
    drop(journal);
    let journal = Journal::start(clock()).expect("started");
    journal.note(&event(1000));
    journal.note(&undated(20));
    journal.settle();
    assert_eq!((journal.tally().undated, stored(&folder).len()), (21, 1));
    time.store(WEDNESDAY, Ordering::Relaxed);
    journal.settle();
    assert_eq!(journal.tally().undated, 0);
    let found = stored(&folder);
    assert_eq!(found.len(), 22);
    let (dated, clocked): (Vec<_>, Vec<_>) = found.into_iter().partition(|s| s.dated == Dated::Boot);
    assert_eq!((dated.len(), clocked.len()), (21, 1));
    for stored in &dated {
        let ago = WEDNESDAY - stored.event.when_ms;
        assert!((5_000..60_000).contains(&ago), "{ago} ms before the clock was set");
    }
    assert!(dated.windows(2).all(|pair| pair[0].event.when_ms <= pair[1].event.when_ms));
    drop(journal);
    assert_eq!(files(&folder.join("journal/segments")).len(), 1);
}

#[test]
fn a_week_past_its_time_is_deleted_at_the_start_and_when_the_day_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let time = Arc::new(AtomicI64::new(WEDNESDAY));
    let now = time.clone();
    let settings = settings(folder.path()).with_clock(Arc::new(move || now.load(Ordering::Relaxed)));
    let day = 24 * 60 * 60 * 1000;
    let journal = Journal::start(settings.clone()).expect("started");
    journal.note(&event(1));
    journal.settle();
    time.store(WEDNESDAY + 94 * day, Ordering::Relaxed);
    journal.settle();
    assert_eq!(stored(folder.path()).len(), 1);
    time.store(WEDNESDAY + 95 * day, Ordering::Relaxed);
    journal.settle();
    assert_eq!(weeks(&settings.dir).expect("listed"), []);
    // The gate was off meanwhile.
    time.store(WEDNESDAY, Ordering::Relaxed);
    journal.note(&event(2));
    drop(journal);
    time.store(WEDNESDAY + 95 * day, Ordering::Relaxed);
    let journal = Journal::start(settings.clone()).expect("started");
    journal.settle();
    assert_eq!(weeks(&settings.dir).expect("listed"), []);
}

#[test]
fn names_get_a_version_and_old_rows_go_on_meaning_what_they_meant() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(settings(folder.path())).expect("started");
    let of = |group: &str| Names { groups: vec![group.into()], ..Names::default() };
    for (seq, names) in [(1, of("year 7")), (2, of("year 7")), (3, of("year 8"))] {
        let policy_version = journal.version_of(&names).expect("a version");
        journal.name(policy_version, &names).expect("named");
        journal.note(&Event { policy_version, ..event(seq) });
    }
    journal.settle();
    let week = Week::open(&weeks(&folder.path().join("journal")).expect("listed")[0].path).expect("opened");
    let groups = |s: &Stored| week.names(s.event.policy_version).expect("read").expect("named").groups;
    assert_eq!(stored(folder.path()).iter().map(groups).collect::<Vec<_>>(), [["year 7"], ["year 7"], ["year 8"]]);
}

#[test]
fn files_of_the_journal_are_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(settings(folder.path())).expect("started");
    journal.name(1, &Names::default()).expect("named");
    journal.note(&event(1));
    journal.settle();
    let mut seen = 0;
    for place in ["journal", "journal/segments", "journal/names", "run"] {
        for entry in std::fs::read_dir(folder.path().join(place)).expect("a folder") {
            let entry = entry.expect("an entry");
            let mode = entry.metadata().expect("looked at").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
            seen += 1;
        }
    }
    assert!(seen >= 7);
}

#[test]
fn every_number_is_in_a_row_its_count_or_a_gap_and_one_that_is_not_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("journal");
    let zone = TimeZone::get("Europe/London").expect("a zone");
    assert_eq!(verify::verify(&dir, &zone).expect("none yet"), verify::Numbers::default());
    let journal = Journal::start(settings(folder.path())).expect("started");
    (0..50).for_each(|n| journal.note(&event(n)));
    (0..5).for_each(|n| journal.note(&again(600_000 + n * 1000)));
    assert!(journal.settle());
    journal.stop();
    drop(journal);
    let whole = verify::verify(&dir, &zone).expect("read");
    assert_eq!(whole.wrong, Vec::<String>::new());
    let of = |of: &verify::OfWeek| (of.week.clone(), of.events, of.gaps, of.lost);
    assert_eq!(whole.weeks.iter().map(of).collect::<Vec<_>>(), [("2026-W47".into(), 55, 0, 0)]);

    let file = weeks(&dir).expect("listed")[0].path.clone();
    let change = |sql: &str| {
        let copy = std::fs::read(&file).expect("the file");
        rusqlite::Connection::open(&file).expect("opened").execute_batch(sql).expect(sql);
        let wrong = verify::verify(&dir, &zone).expect("read").wrong;
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
        std::fs::write(&file, copy).expect("put back");
        wrong.join("; ")
    };
    assert_eq!(change("DELETE FROM events WHERE seq = 9"), "2026-W47: 1 events were given numbers and are in no row");
    let numbers = "DELETE FROM events WHERE seq IN (20, 21); UPDATE booked SET last = 19; INSERT INTO booked VALUES (22, 55)";
    assert_eq!(change(numbers), "numbers 20 to 21 are in no week file");
    assert_eq!(
        change("UPDATE booked SET last = 50"),
        "2026-W47: 1 rows have numbers that were never given in this week; numbers 51 to 55 are in no week file"
    );
    assert_eq!(
        change("UPDATE events SET seq = 99 WHERE seq = 30"),
        "2026-W47: 1 rows have numbers that were never given in this week"
    );
    assert!(change("UPDATE events SET count = 1").contains("events were given numbers and are in no row"));
    assert_eq!(change("DELETE FROM gaps"), "", "put back as it was");
}

#[test]
fn lines_of_two_threads_stand_in_the_order_in_which_they_happened() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(settings(folder.path())).expect("started");
    // In turns: whenever the writer looks, what it finds is the beginning of what there will be.
    let turn = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (journal, turn) = (&journal, &turn);
            scope.spawn(move || {
                for n in (thread..1000).step_by(2) {
                    while turn.load(Ordering::Acquire) < n {
                        std::thread::yield_now();
                    }
                    journal.note(&event(n));
                    turn.store(n + 1, Ordering::Release);
                }
            });
        }
    });
    assert!(journal.settle());
    assert!(stored(folder.path()).iter().map(|s| (s.seq, s.event.when_ms - WEDNESDAY)).eq((1..=1000).map(|n| (n, n as i64 - 1))));
}

#[test]
fn a_week_file_that_the_start_had_no_time_for_is_looked_through_later_and_set_aside_if_it_is_broken() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(settings(folder.path())).expect("started");
    let week_before = |n: u64| Event { when_ms: WEDNESDAY - 7 * retention::DAY_MS + n as i64, ..event(n) };
    (0..2000).for_each(|n| journal.note(&week_before(n)));
    (0..20).for_each(|n| journal.note(&event(n)));
    journal.stop();
    drop(journal);
    let broken = folder.path().join("journal/2026-W46.db");
    let mut bytes = std::fs::read(&broken).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 3000].fill(0xa5);
    std::fs::write(&broken, &bytes).expect("written");

    let unlooked = Settings { check_at_start: std::time::Duration::ZERO, ..settings(folder.path()) };
    let journal = Journal::start(unlooked).expect("started, and nobody waited");
    while journal.tally().unchecked > 0 || journal.tally().broken == 0 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert_eq!(journal.tally().broken, 1);
    assert_eq!(std::fs::read(folder.path().join("journal/2026-W46.db.broken")).expect("kept"), bytes);
    journal.note(&event(100));
    assert!(journal.settle());
    assert_eq!(stored(folder.path()).last().map(|s| s.seq), Some(2021), "numbers go on");
}
