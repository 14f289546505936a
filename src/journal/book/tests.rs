use super::super::gap::Gap;
use super::super::names::{self, Names};
use super::super::read::{Filter, Week, weeks};
use super::super::samples::{WEDNESDAY, event};
use super::*;
use crate::journal::Event;
use jiff::tz::TimeZone;

/// Time enough to look through everything.
const LONG: Duration = Duration::from_secs(600);

fn london() -> TimeZone {
    TimeZone::get("Europe/London").expect("a zone")
}

fn book(dir: &Path) -> Book {
    Book::new(dir, london())
}

fn row(seq: u64, event: Event<'static>) -> Row<'static> {
    Row { seq, ring: 1, position: seq * 8, dated: Dated::Clock, what: What::Event(event), question: None }
}

fn stored(dir: &Path) -> Vec<(String, Vec<u64>)> {
    let seqs =
        |path: &Path| Week::open(path).expect("opened").events(&Filter::default()).map(|e| e.expect("a row").seq).collect();
    weeks(dir).expect("listed").iter().map(|w| (w.week.to_string(), seqs(&w.path))).collect()
}

#[test]
fn a_week_file_is_cut_at_monday_midnight_of_the_school() {
    let dir = tempfile::tempdir().expect("a folder");
    let monday: i64 = "2026-11-23T00:00:00Z".parse::<jiff::Timestamp>().expect("a time").as_millisecond();
    let at = |n, when_ms| row(n, Event { when_ms, ..event(n) });
    // An event of last week that arrives on Monday goes to last week's file.
    let rows = [at(1, monday - 1), at(2, monday), at(3, monday - 2), at(4, monday + 1)];
    book(dir.path()).put(&rows).expect("put");
    assert_eq!(stored(dir.path()), [("2026-W47".to_owned(), vec![1, 3]), ("2026-W48".to_owned(), vec![2, 4])]);
}

#[test]
fn rows_that_are_there_already_are_not_there_twice() {
    let dir = tempfile::tempdir().expect("a folder");
    let rows: Vec<_> = (1..50).map(|n| row(n, event(n))).collect();
    let mut first = book(dir.path());
    first.put(&rows[..30]).expect("put");
    drop(first);
    let mut again = book(dir.path());
    assert_eq!(again.survey(LONG).expect("surveyed"), Survey { next_seq: 31, ..Survey::default() });
    again.put(&rows).expect("put");
    assert_eq!(stored(dir.path())[0].1, (1..50).collect::<Vec<_>>());
    assert_eq!(again.mark(1), Mark { position: Some(49 * 8), lost: 0 });
    assert_eq!(again.mark(2), Mark::default());
    assert_eq!(again.having(40, 60).len(), 10);
}

#[test]
fn a_row_comes_back_as_it_was() {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    let mut runner = TestRunner::new(Config::with_cases(64));
    let ran = runner.run(&crate::journal::samples::any_event(), |event| {
        let dir = tempfile::tempdir().expect("a folder");
        book(dir.path()).put(&[row(7, event.clone())]).expect("put");
        let file = weeks(dir.path()).expect("listed").remove(0);
        let week = Week::open(&file.path).expect("opened");
        let read = week.events(&Filter::default()).next().expect("one").expect("a row");
        prop_assert_eq!((read.seq, read.dated, read.event), (7, Dated::Clock, Event { boot_ms: 0, ..event }));
        Ok(())
    });
    ran.expect("every event");
}

#[test]
fn names_are_kept_by_version_in_the_week_that_uses_them() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("names")).expect("made");
    let of = |school: &str| Names { school: school.into(), ..Names::default() };
    let mut book = book(dir.path());
    let at = |seq, policy_version| row(seq, Event { policy_version, ..event(seq) });
    names::store(dir.path(), 1, &of("Hill"), None).expect("stored");
    book.put(&[at(1, 1), at(2, 2)]).expect("put");
    // Version 2 is named late: the next event of it brings the names along.
    names::store(dir.path(), 2, &of("Hill and Vale"), None).expect("stored");
    book.put(&[at(3, 2)]).expect("put");
    // What week files have no longer needs the folder.
    std::fs::remove_dir_all(dir.path().join("names")).expect("removed");
    let week = Week::open(&weeks(dir.path()).expect("listed")[0].path).expect("opened");
    assert_eq!(week.names(1).expect("read"), Some(of("Hill")));
    assert_eq!(week.names(2).expect("read"), Some(of("Hill and Vale")));
    assert_eq!(week.names(3).expect("read"), None);
}

#[test]
fn a_gap_is_in_the_week_in_which_it_ended() {
    let dir = tempfile::tempdir().expect("a folder");
    let gap = Gap { lost: 12, from_ms: WEDNESDAY, until_ms: WEDNESDAY + 5000, total: 12, ..Gap::default() };
    let row = Row { seq: 3, ring: 9, position: 0, dated: Dated::Clock, what: What::Gap(gap), question: None };
    let mut book = book(dir.path());
    book.put(&[row]).expect("put");
    let week = Week::open(&weeks(dir.path()).expect("listed")[0].path).expect("opened");
    let gaps = week.gaps().expect("read");
    assert_eq!(
        gaps.iter().map(|g| (g.seq, g.lost, g.from_ms, g.until_ms)).collect::<Vec<_>>(),
        [(3, 12, WEDNESDAY, WEDNESDAY + 5000)]
    );
    assert_eq!(book.mark(9), Mark { position: None, lost: 12 });
    assert_eq!(book.survey(LONG).expect("surveyed").next_seq, 4);
}

#[test]
fn a_broken_week_file_is_set_aside_and_kept() {
    let whole = {
        let dir = tempfile::tempdir().expect("a folder");
        let rows: Vec<_> = (1..2000).map(|n| row(n, event(n))).collect();
        book(dir.path()).put(&rows).expect("put");
        std::fs::read(dir.path().join("2026-W47.db")).expect("read")
    };
    let garbled = |from: usize| {
        let mut bytes = whole.clone();
        bytes[from..from + 3000].fill(0xa5);
        bytes
    };
    for (what, bytes) in [
        ("no database", b"what is this?".repeat(100)),
        ("empty", Vec::new()),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("garbled at the start", garbled(100)),
        ("garbled within", garbled(whole.len() / 2)),
    ] {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("2026-W47.db"), &bytes).expect("written");
        let mut book = book(dir.path());
        assert_eq!(book.survey(LONG).expect("surveyed").broken, 1, "{what}");
        assert_eq!(std::fs::read(dir.path().join("2026-W47.db.broken")).expect("kept"), bytes, "{what}");
        book.put(&[row(5, event(5))]).expect("a new file");
        assert_eq!(stored(dir.path())[0].1, [5], "{what}");
    }
}

#[test]
fn a_start_looks_through_the_newest_files_first_and_says_what_it_had_no_time_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let before = |n: u64| Event { when_ms: WEDNESDAY - 7 * 24 * 3_600_000, ..event(n) };
    book(dir.path()).put(&[row(1, before(1)), row(2, event(2))]).expect("put");
    let files = ["2026-W47.db", "2026-W46.db"].map(|name| dir.path().join(name)).to_vec();
    let survey = book(dir.path()).survey(Duration::ZERO).expect("surveyed");
    assert_eq!(survey, Survey { next_seq: 3, unchecked: files, ..Survey::default() });
    assert_eq!(book(dir.path()).survey(LONG).expect("surveyed").unchecked, Vec::<PathBuf>::new());
}

#[test]
fn a_week_file_that_breaks_while_it_is_written_is_set_aside_then() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("2026-W47.db"), b"what is this?".repeat(100)).expect("written");
    let mut book = book(dir.path());
    assert!(book.put(&[row(5, event(5))]).is_err());
    book.put(&[row(5, event(5))]).expect("a new file");
    assert_eq!((book.broken, stored(dir.path())[0].1.clone()), (1, vec![5]));
}

#[test]
fn a_newer_week_file_is_refused_with_what_to_do_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    book(dir.path()).put(&[row(1, event(1))]).expect("put");
    let path = dir.path().join("2026-W47.db");
    Connection::open(&path).expect("opened").pragma_update(None, "user_version", 99).expect("set");
    let before = std::fs::read(&path).expect("read");
    let fault = book(dir.path()).survey(LONG).expect_err("refused").to_string();
    assert!(fault.contains("2026-W47.db") && fault.contains("newer Schoolgate") && fault.contains("99"), "{fault}");
    assert!(matches!(Week::open(&path), Err(crate::journal::read::ReadFault::Newer { found: 99, .. })));
    assert_eq!(std::fs::read(&path).expect("read"), before);
}

#[test]
fn an_older_week_file_is_migrated() {
    // Version 0 of ours: what a migration finds that was not finished.
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("2026-W47.db");
    let db = Connection::open(&path).expect("opened");
    db.pragma_update(None, "application_id", schema::APPLICATION).expect("set");
    drop(db);
    let mut book = book(dir.path());
    assert_eq!(book.survey(LONG).expect("surveyed"), Survey { next_seq: 1, ..Survey::default() });
    book.put(&[row(1, event(1))]).expect("put");
    assert_eq!(stored(dir.path())[0].1, [1]);
}

/// Week files as the versions before these tables made them, each with what was new in it.
const EARLIER_TABLES: [&str; 5] = [
    "CREATE TABLE hosts (id INTEGER PRIMARY KEY, host TEXT NOT NULL UNIQUE);
     CREATE TABLE events (
        seq INTEGER PRIMARY KEY, when_ms INTEGER NOT NULL, boot_ms INTEGER NOT NULL, dated INTEGER NOT NULL,
        door INTEGER NOT NULL, client TEXT, network INTEGER, device INTEGER, person INTEGER, groups TEXT, known INTEGER,
        sure INTEGER, method TEXT, host INTEGER REFERENCES hosts, port INTEGER NOT NULL, path TEXT, query_type INTEGER NOT NULL,
        action INTEGER NOT NULL, step INTEGER NOT NULL, category INTEGER, categories INTEGER NOT NULL, list INTEGER,
        labels INTEGER NOT NULL, rule INTEGER, grp INTEGER, cell INTEGER, profile INTEGER NOT NULL, pass INTEGER,
        intent INTEGER NOT NULL, count INTEGER NOT NULL, status INTEGER NOT NULL, bytes_up INTEGER NOT NULL,
        bytes_down INTEGER NOT NULL, duration_ms INTEGER NOT NULL, policy_version INTEGER NOT NULL);
     CREATE INDEX events_of_person ON events (person, seq) WHERE person IS NOT NULL;
     CREATE INDEX events_not_allowed ON events (action, seq) WHERE action <> 0;
     CREATE TABLE gaps (
        seq INTEGER PRIMARY KEY, lost INTEGER NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, dated INTEGER NOT NULL);
     CREATE TABLE names (version INTEGER PRIMARY KEY, names TEXT NOT NULL);
     CREATE TABLE rings (ring INTEGER PRIMARY KEY, position INTEGER, lost INTEGER NOT NULL);
     INSERT INTO hosts (host) VALUES ('one.example'), ('two.example');
     INSERT INTO events VALUES
        (1, 1794996000001, 5001, 0, 0, '10.20.0.1', 0, 1001, 1, ' 1 3 ', 1, 3, NULL, 1, 0, NULL, 1, 0, 11, NULL, 0, NULL, 0, NULL,
         NULL, NULL, 0, NULL, 0, 1, 0, 0, 0, 3, 1),
        (2, 1794996000002, 5002, 0, 1, '10.20.0.2', 0, 1002, 2, ' 1 3 ', 1, 3, 'GET', 2, 443, '/x', 0, 1, 10, 9, 512, 3, 2, NULL,
         NULL, NULL, 0, NULL, 4, 1, 200, 7, 8, 3, 1);
     INSERT INTO rings VALUES (1, 16, 0);",
    "ALTER TABLE events ADD COLUMN last_ms INTEGER; ALTER TABLE events ADD COLUMN attempts INTEGER;
     CREATE TABLE booked (first INTEGER PRIMARY KEY, last INTEGER NOT NULL); INSERT INTO booked VALUES (1, 4);
     UPDATE events SET count = 3, last_ms = when_ms + 20000, attempts = 2 WHERE seq = 1;",
    "ALTER TABLE events ADD COLUMN search TEXT; ALTER TABLE events ADD COLUMN theme INTEGER;
     ALTER TABLE events ADD COLUMN severity INTEGER; ALTER TABLE events ADD COLUMN decrypted INTEGER;
     UPDATE events SET search = 'words', theme = 2, severity = 40, decrypted = 1 WHERE seq = 2;",
    "ALTER TABLE events ADD COLUMN since_s INTEGER; ALTER TABLE events ADD COLUMN mac TEXT;
     UPDATE events SET since_s = 1794995000, mac = '3c:22:fb:00:00:02' WHERE seq = 2;",
    "ALTER TABLE events ADD COLUMN sealed BLOB; CREATE TABLE data_keys (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
     UPDATE events SET sealed = x'03010203040100000000000000000000000000000000000000000000000000000000000000000000' WHERE seq = 2;",
];

#[test]
fn a_week_file_of_an_earlier_version_is_read_and_the_week_goes_on_in_one_of_this() {
    use crate::policy::Action;
    use crate::words::{Category, PersonId};
    for version in 1..=5 {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("2026-W47.db");
        let db = Connection::open(&path).expect("opened");
        EARLIER_TABLES[..version].iter().for_each(|step| db.execute_batch(step).expect("as it was made then"));
        db.pragma_update(None, "application_id", schema::APPLICATION).expect("set");
        db.pragma_update(None, "user_version", version as i32).expect("set");
        db.pragma_update(None, "journal_mode", "wal").expect("set");
        drop(db);
        let before = std::fs::read(&path).expect("read");

        let week = Week::open(&path).expect("opened");
        let read: Vec<_> = week.events(&Filter::default()).map(|e| e.expect("a row").event).collect();
        let span = (version >= 2).then_some(crate::journal::Span { last_ms: WEDNESDAY + 20_001, attempts: 2 });
        assert_eq!((read[0].span, read[0].count), (span, if version >= 2 { 3 } else { 1 }), "{version}");
        assert_eq!((&*read[1].path, read[1].category), ("/x", Category::from_bit(9)));
        assert_eq!((&*read[1].search, read[1].theme.is_some()), if version >= 3 { ("words", true) } else { ("", false) });
        assert_eq!(read[1].sealed.is_some(), version >= 5);
        let who = read[1].who.expect("somebody");
        assert_eq!((who.since.is_some(), who.mac.is_some()), (version >= 4, version >= 4));
        let of_two =
            Filter { person: Some(PersonId(2)), action: Some(Action::Block), since_ms: Some(WEDNESDAY), ..Filter::default() };
        assert_eq!(week.events(&of_two).map(|e| e.expect("a row").seq).collect::<Vec<_>>(), [2]);
        assert_eq!((week.newest(&of_two, 1).expect("read").count, week.last_seq().expect("read")), (1, 2));
        assert_eq!(week.stopped([10, 20, 0, 2].into(), WEDNESDAY, 9).expect("read").len(), 1);
        assert!(!week.each_cell(&mut |_, _, _, _| panic!("it has none")).expect("read"));
        drop(week);

        let mut book = book(dir.path());
        let next = if version >= 2 { 5 } else { 3 };
        assert_eq!(book.survey(LONG).expect("surveyed"), Survey { next_seq: next, ..Survey::default() });
        assert_eq!(std::fs::read(&path).expect("read"), before, "it is left as it is");
        assert_eq!(book.having(2, 9).len() as u64, next - 2);
        assert_eq!(book.mark(1).position, Some(16));
        book.put(&[row(5, event(5)), row(6, event(6))]).expect("put");
        let all: Vec<_> = stored(dir.path()).into_iter().map(|(week, seqs)| (week == "2026-W47", seqs)).collect();
        assert_eq!(all, [(true, vec![1, 2]), (true, vec![5, 6])], "{version}");
        assert_eq!((book.mark(1).position, book.having(1, 9).len() as u64), (Some(48), next + 1));
        assert_eq!(book.survey(LONG).expect("surveyed").next_seq, 7);
        assert_eq!(
            crate::journal::retention::expired(dir.path(), jiff::civil::date(2027, 3, 1), 90).len(),
            2 + usize::from(path.with_extension("db-wal").exists()) * 2
        );
    }
}

#[test]
fn what_a_filter_finds_in_the_tables_is_what_meets_it() {
    use crate::policy::Action;
    use crate::words::{Category, DeviceId, PersonId};
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    // Few persons and times, so that filters meet some and miss some.
    let some = (crate::journal::samples::any_event(), 0..6u32, 0..40_000i64).prop_map(|(event, person, ms)| Event {
        when_ms: WEDNESDAY + ms * 20,
        host: format!("{}.example.com", ["a.b", "b", "c"][person as usize % 3]).into(),
        who: (person > 0).then(|| crate::journal::samples::who(person)),
        ..event
    });
    let filter = (0..4u8, 0..6u8, 0..6u8, 0..64u8, 0..40_000i64, 0..40_000i64, 0..40u64).prop_map(
        |(of, n, action, bit, since, until, after)| Filter {
            person: (of == 0).then_some(PersonId(n.into())),
            device: (of == 1).then_some(DeviceId(u32::from(n) + 1000)),
            client: (of == 2).then_some([10, 20, 0, n].into()),
            host: (n % 2 == 0).then(|| "B.example.com.".into()),
            action: Action::from_u8(action),
            category: Category::from_bit(bit).filter(|_| bit % 3 == 0),
            since_ms: (since % 2 == 0).then_some(WEDNESDAY + since * 20),
            until_ms: (until % 3 == 0).then_some(WEDNESDAY + until * 20),
            after: (after % 4 == 0).then_some(after),
            upto: (after % 5 == 0).then_some(after + 10),
        },
    );
    let mut runner = TestRunner::new(Config::with_cases(48));
    let events = proptest::collection::vec(some, 1..40);
    let ran = runner.run(&(events, proptest::collection::vec(filter, 8)), |(events, filters)| {
        let dir = tempfile::tempdir().expect("a folder");
        let rows: Vec<_> = (1..).zip(events.clone()).map(|(seq, event)| row(seq, event)).collect();
        let mut book = book(dir.path());
        rows.chunks(7).for_each(|chunk| book.put(chunk).expect("put"));
        let week = Week::open(&weeks(dir.path()).expect("listed")[0].path).expect("opened");
        for filter in filters {
            let found: Vec<_> = week.events(&filter).map(|e| e.expect("a row").seq).collect();
            let met: Vec<u64> =
                (1..).zip(&events).filter(|(seq, event)| filter.matches(*seq, event)).map(|(seq, _)| seq).collect();
            prop_assert_eq!(&found, &met, "{:?}", filter);
            let newest = week.newest(&filter, 3).expect("read");
            prop_assert_eq!((newest.count, newest.more), (met.len().min(3), met.len() > 3));
            let after = Filter { after: newest.after, ..filter };
            prop_assert_eq!(week.events(&after).count(), newest.count);
        }
        Ok(())
    });
    ran.expect("every filter");
}

#[test]
fn a_reader_sees_what_is_committed_while_the_writer_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut book = book(dir.path());
    book.put(&(1..=1500).map(|n| row(n, event(n))).collect::<Vec<_>>()).expect("put");
    let week = Week::open(&weeks(dir.path()).expect("listed")[0].path).expect("opened");
    let all = Filter::default();
    let mut events = week.events(&all);
    assert_eq!(events.next().expect("one").expect("a row").seq, 1);
    book.put(&(1501..=1600).map(|n| row(n, event(n))).collect::<Vec<_>>()).expect("put while being read");
    assert_eq!(events.count() + 1, 1600);
    assert_eq!(week.events(&Filter { after: Some(1590), ..all }).count(), 10);
    assert_eq!(week.total().expect("summed"), 1600);
}

#[test]
fn a_filter_finds_what_it_says() {
    use crate::policy::Action;
    use crate::words::{Category, CategorySet, DeviceId, PersonId};
    let dir = tempfile::tempdir().expect("a folder");
    let of = |n: u64, host: &'static str| Event { host: host.into(), ..event(n) };
    let nobody = Event { who: None, host: "".into(), categories: CategorySet::of(&[Category::HELP]), ..event(7) };
    let rows = [
        row(1, of(1, "www.example.com")),
        row(2, of(2, "notexample.com")),
        row(3, Event { action: Action::Block, category: Some(Category::ADULT), ..of(3, "example.com") }),
        row(4, Event { categories: CategorySet::of(&[Category::GAMES, Category::ADULT]), ..of(4, "a.b.example.com") }),
        row(5, of(5, "münchen.example")),
        row(6, of(6, "x.münchen.example")),
        row(7, nobody),
    ];
    book(dir.path()).put(&rows).expect("put");
    let week = Week::open(&weeks(dir.path()).expect("listed")[0].path).expect("opened");
    let none = Filter::default();
    for (filter, seqs) in [
        (none.clone(), vec![1, 2, 3, 4, 5, 6, 7]),
        (Filter { host: Some("Example.com.".into()), ..none.clone() }, vec![1, 3, 4]),
        (Filter { host: Some("münchen.example".into()), ..none.clone() }, vec![5, 6]),
        (Filter { host: Some("%".into()), ..none.clone() }, vec![]),
        (Filter { person: Some(PersonId(3)), ..none.clone() }, vec![3]),
        (Filter { device: Some(DeviceId(1002)), ..none.clone() }, vec![2]),
        (Filter { client: Some([10, 20, 0, 4].into()), ..none.clone() }, vec![4]),
        (Filter { action: Some(Action::Block), ..none.clone() }, vec![3]),
        (Filter { category: Some(Category::ADULT), ..none.clone() }, vec![3, 4]),
        (Filter { category: Some(Category::HELP), ..none.clone() }, vec![7]),
        (Filter { since_ms: Some(WEDNESDAY + 2), until_ms: Some(WEDNESDAY + 5), ..none.clone() }, vec![2, 3, 4]),
        (Filter { since_ms: Some(WEDNESDAY + 2), host: Some("example.com".into()), after: Some(3), ..none }, vec![4]),
    ] {
        let found: Vec<_> = week.events(&filter).map(|e| e.expect("a row").seq).collect();
        assert_eq!(found, seqs, "{filter:?}");
    }
}

#[test]
fn a_folder_that_is_not_there_has_no_weeks() {
    let dir = tempfile::tempdir().expect("a folder");
    assert_eq!(weeks(&dir.path().join("none")).expect("listed"), []);
}
