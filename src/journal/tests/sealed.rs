//! What was typed, on its way through rings, segments and week files: nowhere in the clear, and there for whoever may open it.

use super::kill::{THREADS, child_until};
use super::*;
use crate::seal::{self, Keys, Opener};
use std::path::PathBuf;

const PASSPHRASE: &str = "four words that fit";
const PATH: &str = "/watch?private-path-7";
const SEARCH: &str = "how to tell somebody";

/// Makes the keys of a data folder.
pub fn sealed(folder: &Path) -> Keys {
    let (keys, _) = Keys::make("mrs-khan", PASSPHRASE, 5).expect("made");
    keep(folder, &keys);
    keys
}

fn keep(folder: &Path, keys: &Keys) {
    let file = seal::file(folder);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    std::fs::write(file, keys.text()).expect("written");
}

pub fn opener(folder: &Path) -> Arc<Opener> {
    let keys = Keys::read(folder).expect("read").expect("keys");
    Arc::new(keys.open("mrs-khan", PASSPHRASE).expect("opened"))
}

fn typed(n: u64) -> Event<'static> {
    let (path, search) = (format!("{PATH}{n}").into(), SEARCH.into());
    Event { door: Door::Proxy, intent: Intent::Search, path, search, method: "GET".into(), port: 443, ..event(n) }
}

fn week(folder: &Path) -> Week {
    Week::open(&weeks(&folder.join("journal")).expect("listed")[0].path).expect("opened")
}

/// Every event of the first week, and what stayed sealed.
pub fn open(folder: &Path, opener: &Arc<Opener>) -> (Vec<Stored>, Unopened) {
    let mut week = week(folder);
    week.open_with(opener.clone());
    let found = week.events(&Filter::default()).map(|e| e.expect("a row")).collect();
    (found, week.unopened())
}

/// The files below a folder in which these bytes are.
pub fn holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if memchr::memmem::find(&std::fs::read(&path).expect("read"), bytes).is_some() {
            found.push(path);
        }
    }
    found
}

#[test]
fn what_was_typed_is_in_no_file_and_opens_for_a_reader_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    sealed(folder);
    let journal = Journal::start(settings(folder)).expect("started");
    assert_eq!(journal.tally().detail, Kept::Sealed);
    (0..300).for_each(|n| journal.note(&typed(n)));
    let nowhere = |when: &str| {
        for bytes in [&PATH.as_bytes()[1..], SEARCH.as_bytes(), b"somebody"] {
            assert_eq!(holding(folder, bytes), Vec::<PathBuf>::new(), "{when}");
        }
        assert!(!holding(folder, b"host-7.example").is_empty(), "{when}: the host is there, or this looks in the wrong place");
    };
    nowhere("in rings and segments");
    assert!(journal.settle());
    nowhere("in the week file and its log");
    let dots = stored(folder);
    assert!(dots.iter().all(|s| s.event.path.is_empty() && s.event.search.is_empty()));
    assert!(dots.iter().all(|s| s.event.has_path() && s.event.has_search() && s.event.intent == Intent::Search));
    let (found, unopened) = open(folder, &opener(folder));
    assert_eq!((found.len(), unopened.is_empty()), (300, true));
    for (n, stored) in (0..).zip(&found) {
        assert_eq!(stored.event, kept(typed(n)));
    }
    journal.stop();
    nowhere("after the end");
}

#[test]
fn without_keys_it_is_kept_as_it_is_and_sealed_from_when_there_are_some() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let journal = Journal::start(settings(folder)).expect("started");
    assert_eq!(journal.tally().detail, Kept::Clear);
    journal.note(&typed(1));
    assert!(journal.settle());
    sealed(folder);
    assert!(journal.settle());
    assert_eq!(journal.tally().detail, Kept::Sealed);
    journal.note(&typed(2));
    assert!(journal.settle());
    let plain: Vec<_> = stored(folder).into_iter().map(|s| s.event.search.into_owned()).collect();
    assert_eq!(plain, [SEARCH, ""]);
    let (found, _) = open(folder, &opener(folder));
    assert_eq!(
        found.into_iter().map(|s| s.event).collect::<Vec<_>>(),
        [kept(typed(1)), kept(typed(2))],
        "who may read reads both"
    );
}

#[test]
fn keys_that_are_gone_or_broken_never_make_it_plain() {
    for broken in [None, Some("{}")] {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        sealed(folder);
        let journal = Journal::start(settings(folder)).expect("started");
        match broken {
            None => std::fs::remove_file(seal::file(folder)).expect("removed"),
            Some(text) => std::fs::write(seal::file(folder), text).expect("written"),
        }
        assert!(journal.settle());
        assert_eq!(journal.tally().detail, Kept::Sealed, "the key in use goes on");
        drop(journal);
        let journal = Journal::start(settings(folder)).expect("started");
        assert_eq!(journal.tally().detail, Kept::Withheld);
        journal.note(&typed(1));
        assert!(journal.settle());
        assert_eq!(holding(folder, &PATH.as_bytes()[1..]), Vec::<PathBuf>::new());
        let event = &stored(folder)[0].event;
        assert_eq!((event.has_path(), event.has_search(), &*event.host), (false, false, "host-1.example"));
        // Keys again: sealed again.
        sealed(folder);
        assert!(journal.settle());
        assert_eq!(journal.tally().detail, Kept::Sealed);
    }
}

#[test]
fn each_day_has_a_key_of_its_own_and_a_new_pair_is_taken_without_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut keys = sealed(folder);
    let now = Arc::new(AtomicI64::new(WEDNESDAY));
    let clock = now.clone();
    let journal = Journal::start(settings(folder).with_clock(Arc::new(move || clock.load(Ordering::Relaxed)))).expect("started");
    let data_keys = || files(&folder.join("journal/keys"));
    assert_eq!(data_keys().len(), 1);
    journal.note(&typed(1));
    now.fetch_add(24 * 3600 * 1000, Ordering::Relaxed);
    assert!(journal.settle() && journal.settle());
    assert_eq!(data_keys().len(), 2);
    journal.note(&typed(2));
    keys.roll(&opener(folder), 7).expect("rolled");
    keep(folder, &keys);
    assert!(journal.settle());
    assert_eq!(data_keys().len(), 3);
    journal.note(&typed(3));
    assert!(journal.settle());
    let (found, unopened) = open(folder, &opener(folder));
    assert!(unopened.is_empty());
    assert_eq!(found.into_iter().map(|s| s.event).collect::<Vec<_>>(), [1, 2, 3].map(|n| kept(typed(n))));
    // The week's file has all it needs.
    std::fs::remove_dir_all(folder.join("journal/keys")).expect("removed");
    assert!(open(folder, &opener(folder)).1.is_empty());
    // Another school's reader.
    let (other, _) = Keys::make("mrs-khan", PASSPHRASE, 5).expect("made");
    let stranger = Arc::new(other.open("mrs-khan", PASSPHRASE).expect("opened"));
    let (found, unopened) = open(folder, &stranger);
    assert_eq!(unopened, Unopened { changed: Vec::new(), without_key: 3 });
    assert!(found.iter().all(|s| s.event.path.is_empty() && s.event.has_path()));
}

#[test]
fn a_data_key_goes_with_the_weeks_that_need_it_and_one_from_before_the_clock_was_set_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys");
    std::fs::create_dir(&keys).expect("made");
    let at = |name: &str, ms: i64| {
        let file = std::fs::File::create(keys.join(name)).expect("made");
        let when = std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms.unsigned_abs());
        file.set_modified(when).expect("dated");
    };
    at("unset.key", 5_000);
    at("old.key", WEDNESDAY);
    at("young.key", WEDNESDAY + 10_000);
    super::super::sealing::forget(folder.path(), WEDNESDAY + 5_000);
    assert_eq!(files(&keys), ["unset.key", "young.key"]);
}

#[test]
fn a_changed_byte_or_one_moved_to_another_person_stays_sealed_and_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    sealed(folder);
    let journal = Journal::start(settings(folder)).expect("started");
    (1..=4).for_each(|n| journal.note(&typed(n)));
    journal.stop();
    let db = rusqlite::Connection::open(&weeks(&folder.join("journal")).expect("listed")[0].path).expect("opened");
    let blob = |seq: i64| -> Vec<u8> {
        db.query_row("SELECT sealed FROM details WHERE seq = ?1", [seq], |row| row.get(0)).expect("a row")
    };
    let mut flipped = blob(2);
    *flipped.last_mut().expect("bytes") ^= 1;
    let update = "UPDATE details SET sealed = ?2 WHERE seq = ?1";
    db.execute(update, rusqlite::params![2, flipped]).expect("updated");
    db.execute(update, rusqlite::params![3, blob(4)]).expect("updated");
    let (found, unopened) = open(folder, &opener(folder));
    assert_eq!(unopened, Unopened { changed: vec![2, 3], without_key: 0 });
    assert!(found[1].event.path.is_empty() && found[2].event.path.is_empty());
    assert_eq!((&found[0].event, &found[3].event), (&kept(typed(1)), &kept(typed(4))), "the others are there");
}

#[test]
fn kill_9_between_ring_and_week_file_loses_nothing_and_nothing_is_ever_plain() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    sealed(folder);
    let kills = ["Appended:3", "Released:2", "Inserted:1", "Committed:1"];
    let answered = child_until(folder, &kills);
    assert_eq!(holding(folder, b"/x/x/x/x"), Vec::<PathBuf>::new());
    drop(Journal::start(settings(folder)).expect("started"));
    let (found, unopened) = open(folder, &opener(folder));
    assert!(unopened.is_empty());
    assert!(found.len() as u64 >= answered && answered > 100 * THREADS, "{} of {answered}", found.len());
    assert!(found.iter().all(|s| s.event.path == "/x".repeat(100)), "every one opens");
}
