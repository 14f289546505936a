//! Who opens is written down, and who tries is slowed.

use super::*;
use crate::casebook::{Casebook, Kind};
use crate::gate::school::School;

const PASSPHRASE: &str = "four words that fit";

fn reader(passphrase: &str, now_ms: i64) -> Reader<'_> {
    Reader { name: "mrs-khan", passphrase, by: "root", what: "log search of p1", purpose: "a parent asked", now_ms }
}

/// A school's configuration with keys in a folder of its own.
fn school() -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = crate::gate::Snapshot::clone(&School::with("").gate.snapshot()).config;
    config.data = folder.path().to_owned();
    let made = change(&config, ("root", "keys were made", 5), |there| {
        assert!(there.is_none());
        Ok(Keys::make("mrs-khan", PASSPHRASE, 5)?)
    });
    made.expect("made");
    (folder, config)
}

fn look_ups_of(config: &Config) -> Vec<(String, String)> {
    let all = look_ups::between(&config.data, i64::MIN, i64::MAX).expect("read");
    all.into_iter().map(|l| (l.what, l.purpose)).collect()
}

#[test]
fn who_opens_is_written_down_first_and_without_a_purpose_nothing_opens() {
    let (_folder, config) = school();
    assert!(open(&config, reader(PASSPHRASE, 10)).is_ok());
    let said = ("what was typed: log search of p1".to_owned(), "a parent asked".to_owned());
    assert_eq!(look_ups_of(&config), [said]);
    let who = look_ups::between(&config.data, 0, 100).expect("read").remove(0);
    assert!(who.who == "mrs-khan (root)" && who.whom.as_deref() == Some("p1"), "{who:?}");
    let silent = open(&config, Reader { purpose: " ", ..reader(PASSPHRASE, 11) });
    assert!(matches!(silent, Err(NotOpened::Record(_))));
    assert_eq!(look_ups_of(&config).len(), 1);
}

#[test]
fn wrong_passphrases_are_written_down_take_longer_each_time_and_end_in_a_wait() {
    let (_folder, config) = school();
    let mut waits = Vec::new();
    for n in 0..10 {
        match open(&config, reader("another passphrase", 1_000 + n)) {
            Err(NotOpened::Wrong(wait)) => waits.push(wait.as_secs()),
            _ => panic!("try {n}"),
        }
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 32, 32, 32, 32]);
    assert!(matches!(open(&config, reader(PASSPHRASE, 2_000)), Err(NotOpened::Wait(_))), "the right one waits too");
    let wrong = look_ups_of(&config).into_iter().filter(|(what, _)| what.ends_with("as mrs-khan")).count();
    assert_eq!(wrong, 10);
    assert!(open(&config, reader(PASSPHRASE, 1_000 + REMEMBERED_MS + 1)).is_ok());
}

#[test]
fn a_change_is_recorded_and_only_its_owner_reads_the_keys() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, config) = school();
    let mode = std::fs::metadata(seal::file(&config.data)).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = keys(&config.data).expect("keys").text();
    let refused = change(&config, ("root", "nobody", 9), |keys| {
        drop(keys);
        Err::<(Keys, ()), _>(NotOpened::NoKeys)
    });
    assert!(refused.is_err());
    assert_eq!(keys(&config.data).expect("keys").text(), before);
    let casebook = Casebook::peek(&config.data).expect("opened").expect("there");
    let changes = casebook.read().between(&[Kind::Change], 0, 100).expect("read");
    assert_eq!(changes.iter().map(|c| c.entry.what.as_str()).collect::<Vec<_>>(), ["seal: keys were made"]);
}
