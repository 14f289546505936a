//! What is deleted when, what is held, and what is written down of it.

use super::super::book::{Book, Row};
use super::super::hold::{Held, Hold};
use super::super::samples::event;
use super::super::segment::What;
use super::super::time::Dated;
use super::*;
use crate::journal::Event;
use crate::words::{PersonId, Who};
use jiff::civil::date;

/// Sunday of week 47 of 2026 is 22 November; ninety days later is 20 February 2027.
const LAST: Date = date(2027, 2, 20);
const PAST: Date = date(2027, 2, 21);

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .expect("a folder")
        .map(|e| e.expect("an entry").file_name().into_string().expect("plain"))
        .collect();
    names.retain(|name| name.contains(".db") && !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    names
}

fn keep_at(dir: &Path, today: Date) {
    keep(dir, (today, 7), 90, |_| {});
}

fn hold(dir: &Path, what: Held) {
    let hold = Hold { what, by: "dsl".into(), when_ms: 5, reason: "the police asked".into() };
    std::fs::write(super::super::hold::file(dir), serde_json::to_vec(&[hold]).expect("JSON")).expect("written");
}

/// A journal with week 47 of 2026, of persons 1 to 3.
fn journal() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("a zone");
    let row = |n| Row { seq: n, ring: 1, position: n * 8, dated: Dated::Clock, what: What::Event(event(n)), question: None };
    Book::new(dir.path(), zone).put(&(1..=3).map(row).collect::<Vec<_>>()).expect("put");
    dir
}

#[test]
fn a_week_goes_ninety_days_after_its_sunday_and_not_a_day_before() {
    let dir = tempfile::tempdir().expect("a folder");
    for name in
        ["2026-W47.db", "2026-W47.db-wal", "2026-W47.db.broken", "2026-W48.db", "2026-W47.txt", "notes.db", "2026-W47.dbx"]
    {
        std::fs::write(dir.path().join(name), "x").expect("written");
    }
    keep_at(dir.path(), LAST);
    assert_eq!(names(dir.path()).len(), 5);
    keep_at(dir.path(), PAST);
    assert_eq!(names(dir.path()), ["2026-W47.dbx", "2026-W48.db", "notes.db"]);
    let told = deletion::between(dir.path(), 0, 10).expect("read");
    assert_eq!(told.iter().map(|d| d.file.as_str()).collect::<Vec<_>>(), ["journal/2026-W47.db", "journal/2026-W47.db.broken"]);
    keep(dir.path(), (date(2026, 12, 10), 8), 7, |_| {});
    assert_eq!(names(dir.path()), ["2026-W47.dbx", "notes.db"], "a school that keeps less");
}

#[test]
fn what_was_deleted_is_written_down_with_its_events_and_the_rule() {
    let dir = journal();
    let mut closed = Vec::new();
    keep(dir.path(), (PAST, 7), 90, |week| closed.push(week.to_string()));
    assert_eq!(names(dir.path()), Vec::<String>::new());
    assert!(closed.contains(&"2026-W47".to_owned()));
    let left = std::fs::read_dir(dir.path()).expect("a folder").map(|e| e.expect("an entry").file_name()).collect::<Vec<_>>();
    assert_eq!(left, ["deleted.jsonl"], "nothing of it is left, SQLite's own files neither");
    let told = deletion::between(dir.path(), 0, 10).expect("read");
    let rule = "single visits, 90 days after the end of their week".to_owned();
    let (file, week) = ("journal/2026-W47.db".to_owned(), "2026-W47".to_owned());
    assert_eq!(told, [Deletion { when_ms: 7, file, week, events: Some(3), numbers: Some((1, 3)), rule }]);
    assert_eq!(deletion::between(dir.path(), 8, 10).expect("read"), []);
}

#[test]
fn a_held_week_and_every_week_of_a_held_person_stay_until_they_are_released() {
    let held = [
        (Held::Week("2026-W47".into()), true),
        (Held::Week("2026-W46".into()), false),
        (Held::Person { id: 2, key: "p2".into() }, true),
        (Held::Person { id: 9, key: "p9".into() }, false),
    ];
    for (what, stays) in held {
        let dir = journal();
        hold(dir.path(), what.clone());
        keep_at(dir.path(), PAST);
        assert_eq!(names(dir.path()).iter().any(|name| name == "2026-W47.db"), stays, "{what}");
        std::fs::remove_file(super::super::hold::file(dir.path())).expect("released");
        keep_at(dir.path(), PAST);
        assert_eq!(names(dir.path()), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn a_file_that_cannot_be_asked_is_held_with_a_person_and_a_list_that_cannot_be_read_holds_everything() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("2026-W47.db.broken"), "x").expect("written");
    hold(dir.path(), Held::Person { id: 2, key: "p2".into() });
    keep_at(dir.path(), PAST);
    assert_eq!(names(dir.path()), ["2026-W47.db.broken"]);
    std::fs::write(super::super::hold::file(dir.path()), "[{").expect("written");
    keep_at(dir.path(), PAST);
    assert_eq!(names(dir.path()), ["2026-W47.db.broken"]);
}

#[test]
fn what_was_deleted_beside_a_held_week_is_no_hole_in_the_numbers() {
    let dir = tempfile::tempdir().expect("a folder");
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("a zone");
    let week_ms = 7 * DAY_MS;
    let at = |n: u64, weeks: i64| Event { when_ms: event(n).when_ms + weeks * week_ms, ..event(n) };
    let row =
        |n, weeks| Row { seq: n, ring: 1, position: n * 8, dated: Dated::Clock, what: What::Event(at(n, weeks)), question: None };
    Book::new(dir.path(), zone.clone()).put(&[row(1, 0), row(2, 1), row(3, 2)]).expect("put");
    let wrong = || super::super::verify::verify(dir.path(), &zone).expect("read").wrong;
    assert_eq!(wrong(), Vec::<String>::new());
    hold(dir.path(), Held::Week("2026-W47".into()));
    keep_at(dir.path(), date(2027, 2, 28));
    assert_eq!(names(dir.path()), ["2026-W47.db", "2026-W49.db"]);
    assert_eq!(wrong(), Vec::<String>::new());
    std::fs::remove_file(dir.path().join("deleted.jsonl")).expect("removed");
    assert_eq!(wrong().len(), 1, "nobody wrote down that it went");
}

#[test]
fn nobody_s_events_are_no_person_s() {
    let dir = tempfile::tempdir().expect("a folder");
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("a zone");
    let nobody = Event { who: event(2).who.map(|who| Who { person: None, ..who }), ..event(2) };
    assert_ne!(event(2).who.and_then(|who| who.person), Some(PersonId(0)));
    let row = Row { seq: 1, ring: 1, position: 8, dated: Dated::Clock, what: What::Event(nobody), question: None };
    Book::new(dir.path(), zone).put(&[row]).expect("put");
    hold(dir.path(), Held::Person { id: 2, key: "p2".into() });
    keep_at(dir.path(), PAST);
    assert_eq!(names(dir.path()), Vec::<String>::new());
}
