use super::super::import::PersonRow;
use super::super::{Source, password};
use super::*;
use crate::words::PersonRole;
use std::time::Instant;

const NOW: Now = Now { unix_ms: 1_790_000_000_000, boot_ms: 1_000_000 };

struct Held {
    folder: tempfile::TempDir,
    register: Register,
    passwords: Passwords,
}

impl Held {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(&folder.path().join("register.db")).expect("a store");
        let row = |key: &str| PersonRow {
            key: key.into(),
            name: key.into(),
            role: PersonRole::Pupil,
            year: None,
            groups: vec![],
            details: Default::default(),
        };
        let hash = |word: &str| Some(password::hash(&password::folded(word)).expect("a hash"));
        let rows = [(row("p1"), hash("blue fish")), (row("p2"), hash("red kite"))];
        let register = store.add(&rows, Source::Hand, "the bursar", 5).expect("added");
        Self { folder, register, passwords: Passwords::default() }
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("register.db")).expect("a store")
    }

    fn check(&self, name: &str, word: &str, now: Now) -> Result<PersonId, NotSigned> {
        let typed = Typed { name, password: word, client: [10, 0, 0, 1].into() };
        self.passwords.check(typed, &self.register, &self.folder.path().join("register.db"), now).map(|signed| signed.person)
    }

    fn id(&self, key: &str) -> PersonId {
        self.register.person_of_key(key).expect("in the register").id
    }

    fn right(&self) -> u64 {
        self.passwords.tally.right.load(Relaxed)
    }
}

#[test]
fn a_right_password_is_checked_once_and_again_when_it_was_changed_or_its_owner_withdrawn() {
    let mut held = Held::new();
    let p1 = held.id("p1");
    let began = Instant::now();
    for _ in 0..2000 {
        assert_eq!(held.check("P1", "Blue Fish", NOW).ok(), Some(p1));
    }
    assert_eq!(held.right(), 1, "{:?}", began.elapsed());
    // Somebody else gets a password: what is remembered of this one stays, and costs no check.
    let hash = |word: &str| password::hash(&password::folded(word)).expect("a hash");
    held.register = held.store().set_passwords(&[(held.id("p2"), hash("new"))], "the bursar", 6).expect("set");
    assert_eq!((held.check("p1", "blue fish", NOW).ok(), held.right()), (Some(p1), 1));
    held.register = held.store().set_passwords(&[(p1, hash("green hat"))], "the bursar", 7).expect("set");
    assert!(matches!(held.check("p1", "blue fish", NOW), Err(NotSigned::Wrong)));
    assert_eq!((held.check("p1", "green hat", NOW).ok(), held.right()), (Some(p1), 2));
    held.register = held.store().withdraw(&["p1".into()], "left", "the bursar", 8).expect("withdrawn");
    assert_eq!((held.check("p1", "green hat", NOW).ok(), held.right()), (Some(p1), 2), "known, and to be told so");
}

#[test]
fn a_program_that_sends_the_same_wrong_password_guesses_once_and_who_guesses_waits() {
    let held = Held::new();
    for _ in 0..100 {
        assert!(matches!(held.check("p1", "old password", NOW), Err(NotSigned::Wrong)));
    }
    assert_eq!(held.passwords.tally.wrong.load(Relaxed), 1);
    let guesses: Vec<_> = (0..6).map(|n| held.check("p1", &format!("guess {n}"), NOW)).collect();
    assert!(matches!(guesses[4], Err(NotSigned::Wait(Wait { seconds: 2.. }))), "{guesses:?}");
    // Even the right one: or the answer would tell which it is.
    assert!(matches!(held.check("p1", "blue fish", NOW), Err(NotSigned::Wait(_))));
    let later = Now { boot_ms: NOW.boot_ms + 60_000, ..NOW };
    assert_eq!(held.check("p1", "blue fish", later).ok(), Some(held.id("p1")));
    // Of nobody the same is said.
    assert!(matches!(held.check("nobody", "x", NOW), Err(NotSigned::Wrong)));
}

#[test]
fn a_device_is_theirs_for_half_an_hour_where_it_is_one_persons() {
    let held = Held::new();
    let (roster, client) = (Roster::default(), IpAddr::from([10, 0, 0, 1]));
    let sitting = |roster: &Roster| roster.look_up(client).and_then(|here| here.sitting).map(|s| (s.person, s.known));
    let signed = |key: &str| Signed { person: held.id(key), known: Known::Basic, sure: Confidence::Medium, since: NOW.since() };
    held.passwords.at_device(signed("p1"), client, &roster, NOW);
    assert_eq!(sitting(&roster), Some((held.id("p1"), Known::Basic)));
    let generation = roster.generation();
    held.passwords.at_device(signed("p1"), client, &roster, NOW);
    assert_eq!(roster.generation(), generation, "it is not said with every request");
    held.passwords.at_device(signed("p2"), client, &roster, NOW);
    assert_eq!(sitting(&roster), Some((held.id("p2"), Known::Basic)));
    roster.sweep(Now { boot_ms: NOW.boot_ms + DEVICE_MS + 1, ..NOW });
    assert_eq!(sitting(&roster), None);
}
