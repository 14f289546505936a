use super::super::gap::Gap;
use super::super::names::{self, Names};
use super::super::read::{Filter, Week, weeks};
use super::super::samples::{WEDNESDAY, event};
use super::*;
use crate::journal::Event;
use crate::words::Who;
use jiff::tz::TimeZone;

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
    assert_eq!(again.survey().expect("surveyed"), Survey { next_seq: 31, broken: 0 });
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
        prop_assert_eq!((read.seq, read.dated, read.event), (7, Dated::Clock, event));
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
    assert_eq!(book.survey().expect("surveyed").next_seq, 4);
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
        assert_eq!(book.survey().expect("surveyed").broken, 1, "{what}");
        assert_eq!(std::fs::read(dir.path().join("2026-W47.db.broken")).expect("kept"), bytes, "{what}");
        book.put(&[row(5, event(5))]).expect("a new file");
        assert_eq!(stored(dir.path())[0].1, [5], "{what}");
    }
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
    let fault = book(dir.path()).survey().expect_err("refused").to_string();
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
    assert_eq!(book.survey().expect("surveyed"), Survey { next_seq: 1, broken: 0 });
    book.put(&[row(1, event(1))]).expect("put");
    assert_eq!(stored(dir.path())[0].1, [1]);
}

#[test]
fn a_week_file_of_rows_that_stand_for_one_event_each_is_read_and_written_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let rows: Vec<_> = (1..5).map(|n| row(n, event(n))).collect();
    book(dir.path()).put(&rows).expect("put");
    let path = dir.path().join("2026-W47.db");
    let db = Connection::open(&path).expect("opened");
    let first = "ALTER TABLE events DROP COLUMN last_ms; ALTER TABLE events DROP COLUMN attempts; DROP TABLE booked;
                 ALTER TABLE events DROP COLUMN search; ALTER TABLE events DROP COLUMN theme;
                 ALTER TABLE events DROP COLUMN severity; ALTER TABLE events DROP COLUMN decrypted;
                 ALTER TABLE events DROP COLUMN since_s; ALTER TABLE events DROP COLUMN mac;
                 ALTER TABLE events DROP COLUMN sealed; DROP TABLE data_keys;
                 PRAGMA user_version = 1;";
    db.execute_batch(first).expect("as the first version made it");
    drop(db);
    let week = Week::open(&path).expect("opened");
    let since = Filter { since_ms: Some(WEDNESDAY + 3), ..Filter::default() };
    let read: Vec<_> = week.events(&since).map(|e| e.expect("a row").event).collect();
    // Since when it was known who it was nobody wrote down then, nor which device by its MAC.
    let before = |n| Event { who: event(n).who.map(|who| Who { since: None, mac: None, ..who }), ..event(n) };
    assert_eq!(read, [before(3), before(4)]);
    assert_eq!(week.newest(&since, 1).expect("read").count, 1);
    assert_eq!(schema::identity(week.connection()).expect("read").1, 1, "a reader changes nothing");
    let mut book = book(dir.path());
    assert_eq!(book.survey().expect("surveyed").next_seq, 5);
    assert_eq!(book.having(2, 9).len(), 3);
    book.put(&[row(5, event(5))]).expect("put");
    assert_eq!(stored(dir.path())[0].1, [1, 2, 3, 4, 5]);
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
