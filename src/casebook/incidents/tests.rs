use super::fields::{MAX_FIELD, MAX_PEOPLE};
use super::*;
use crate::casebook::{Entry, Role};
use crate::journal::export::DOTS;
use crate::seal::{self, Keys};

fn book() -> (tempfile::TempDir, Casebook) {
    let dir = tempfile::tempdir().expect("a folder");
    let casebook = Casebook::open(dir.path()).expect("made");
    (dir, casebook)
}

const DSL: By = By { who: "dsl", role: Role::Dsl, person: Some("s1") };

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn fields() -> Fields {
    Fields {
        date: some("2026-11-18"),
        time: some("10:42"),
        place: some("school"),
        room: some("ICT 2"),
        category: some("cyber-bullying"),
        people: vec!["p12".into()],
        description: some("Unkind messages.\nShown by a friend."),
        recorded_by: some("Mr Babbage"),
        ..Fields::default()
    }
}

fn new(fields: Fields) -> New {
    New { fields, evidence: Vec::new() }
}

#[test]
fn incidents_are_numbered_and_what_comes_later_changes_nothing_that_was_written() {
    let (_dir, mut casebook) = book();
    let row = Evidence::new("2026-W47", 118, 3, some("gambling.txt"), "{\"seq\":118}".into());
    assert_eq!(row.sha256, "dfec823d2249bb024c95e461d5570340384649996a95d37f8d5eec67e2ff39e3");
    let first = New { evidence: vec![row.clone()], ..new(fields()) };
    assert_eq!(open(&mut casebook, DSL, first, (Concerns::Pupil, None), 10).expect("opened"), 1);
    assert_eq!(open(&mut casebook, DSL, new(fields()), (Concerns::Pupil, None), 20).expect("opened"), 2);
    let later = Fields { parents_told: some("by telephone, 19 November"), people: vec!["p13".into()], ..Fields::default() };
    amend(&mut casebook, DSL, (1, "the mother rang back", false), new(later), 30).expect("amended");
    let end = Fields { outcome: some("Spoken to both"), description: some("Unkind messages, over a week."), ..Fields::default() };
    amend(&mut casebook, DSL, (1, "done", true), new(end), 40).expect("closed");
    let one = shown(&casebook.read(), DSL, 1, None).expect("there");
    assert_eq!(
        (one.fields.outcome.as_deref(), one.fields.parents_told.as_deref()),
        (Some("Spoken to both"), Some("by telephone, 19 November"))
    );
    assert_eq!((one.fields.people.join(" "), one.closed, one.evidence), ("p12 p13".into(), true, vec![row]));
    let history: Vec<_> = one.history.iter().map(|step| (step.when_ms, step.what.as_str())).collect();
    assert_eq!(history, [(10, "opened"), (30, "amended: people, parents told"), (40, "closed; amended: description, outcome")]);
    assert_eq!(one.history[0].fields.description.as_deref(), Some("Unkind messages.\nShown by a friend."), "as it was");
    assert!(amend(&mut casebook, DSL, (1, "again", true), new(Fields::default()), 50).is_err(), "it is closed");
    assert!(amend(&mut casebook, DSL, (2, "nothing", false), new(Fields::default()), 50).is_err());
    assert!(amend(&mut casebook, DSL, (3, "x", true), new(Fields::default()), 50).is_err());
    assert_eq!(list(&casebook.read(), DSL, None).expect("read").iter().map(|i| i.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(casebook.verify(None).expect("read").wrong, None);
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let (_dir, mut casebook) = book();
    let mut refused =
        |fields: Fields| open(&mut casebook, DSL, new(fields), (Concerns::Pupil, None), 1).expect_err("refused").to_string();
    for (fields, said) in [
        (Fields { date: None, ..fields() }, "date is missing"),
        (Fields { recorded_by: some(" "), ..fields() }, "recorded by is missing"),
        (Fields { date: some("18/11/2026"), ..fields() }, "is not a date"),
        (Fields { time: some("25:00"), ..fields() }, "is not a time"),
        (Fields { category: some("mischief"), ..fields() }, "there are cyber-bullying; bullying;"),
        (Fields { description: some(&"x".repeat(MAX_FIELD + 1)), ..fields() }, "description has at most"),
        (Fields { people: vec!["p".into(); MAX_PEOPLE + 1], ..fields() }, "at most 50 people"),
    ] {
        let why = refused(fields);
        assert!(why.contains(said), "{said}: {why}");
    }
}

#[test]
fn nobody_opens_sees_or_amends_what_is_about_themselves_or_not_theirs() {
    let (_dir, mut casebook) = book();
    let head = By { who: "head", role: Role::Head, person: Some("h1") };
    let own = Fields { people: vec!["p12".into(), "s1".into()], ..fields() };
    assert!(open(&mut casebook, DSL, new(own.clone()), (Concerns::Pupil, None), 1).is_err());
    assert!(open(&mut casebook, DSL, new(fields()), (Concerns::Adult, None), 1).is_err());
    assert!(open(&mut casebook, head, new(fields()), (Concerns::Pupil, None), 1).is_err());
    assert!(open(&mut casebook, By { role: Role::Ict, ..DSL }, new(fields()), (Concerns::Pupil, None), 1).is_err());
    let deputy = By { who: "deputy", role: Role::Deputy, person: Some("s2") };
    assert_eq!(open(&mut casebook, deputy, new(own), (Concerns::Pupil, None), 1).expect("opened"), 1);
    assert!(shown(&casebook.read(), DSL, 1, None).is_err() && list(&casebook.read(), DSL, None).expect("read").is_empty());
    let more = new(Fields { outcome: some("none"), ..Fields::default() });
    assert!(amend(&mut casebook, DSL, (1, "x", true), more, 2).is_err());
    assert_eq!(shown(&casebook.read(), deputy, 1, None).expect("theirs").number, 1);
    // Somebody who is named in it later does not see it from then on.
    let named = new(Fields { people: vec!["s3".into()], ..Fields::default() });
    amend(&mut casebook, deputy, (1, "they took part", false), named, 3).expect("amended");
    assert!(shown(&casebook.read(), By { person: Some("s3"), ..deputy }, 1, None).is_err());
}

const PASSPHRASE: &str = "four words that fit";

/// Keys in the casebook's folder, as `seal init` makes them, and what they open.
fn with_keys(dir: &tempfile::TempDir, casebook: &mut Casebook) -> Opener {
    let (keys, _) = Keys::make("mrs-khan", PASSPHRASE, 5).expect("made");
    casebook.add(5, Entry::new(Kind::Change, "root", format!("{OF_KEYS}keys were made"))).expect("recorded");
    let path = seal::file(dir.path());
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, keys.text()).expect("written");
    keys.open("mrs-khan", PASSPHRASE).expect("opened")
}

/// An incident with a canary in every text, and an amendment of the same kind.
fn canaries(casebook: &mut Casebook) {
    let row = Evidence::new("2026-W47", 118, 3, Some("gambling.txt".into()), "{\"path\":\"/canary-row\"}".into());
    let wrote = |name: &str| Some(format!("canary {name}"));
    let words = Fields {
        place: wrote("place"),
        room: wrote("room"),
        others: wrote("others"),
        description: wrote("description"),
        action_taken: wrote("action"),
        parents_told: wrote("parents"),
        referred_to: wrote("referred"),
        outcome: wrote("outcome"),
        recorded_by: wrote("recorded"),
        ..fields()
    };
    let first = New { evidence: vec![row], ..new(words) };
    open(casebook, DSL, first, (Concerns::Pupil, None), 10).expect("opened");
    let later = New {
        evidence: vec![Evidence::new("2026-W47", 119, 3, None, "{\"path\":\"/canary-later\"}".into())],
        ..new(Fields { outcome: wrote("better"), ..Fields::default() })
    };
    amend(casebook, DSL, (1, "canary: her mother rang", false), later, 20).expect("amended");
}

#[test]
fn every_text_is_sealed_before_it_is_in_the_file_and_dots_stand_for_it_until_a_reader_opens_it() {
    let (dir, mut casebook) = book();
    let opener = with_keys(&dir, &mut casebook);
    canaries(&mut casebook);
    for file in std::fs::read_dir(dir.path()).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if file.is_file() {
            assert!(memchr::memmem::find(&std::fs::read(&file).expect("read"), b"canary").is_none(), "{}", file.display());
        }
    }
    assert_eq!(casebook.verify(None).expect("read").wrong, None, "it is proved without a key");

    let sealed = shown(&casebook.read(), DSL, 1, None).expect("theirs");
    let text = serde_json::to_string(&sealed).expect("JSON");
    assert!(!text.contains("canary"), "{text}");
    for (name, text) in sealed.fields.named() {
        let plain = ["date", "time", "category", "people"].contains(&name);
        assert_eq!(text.as_deref() == Some(DOTS), !plain, "{name}: {text:?}");
    }
    assert!(sealed.history[1].why == DOTS && sealed.evidence.iter().all(|row| row.line == DOTS));
    assert_eq!(sealed.with_words(Words::Sealed).count(), 2);

    let opened = shown(&casebook.read(), DSL, 1, Some(&opener)).expect("theirs");
    assert_eq!(opened.fields.description.as_deref(), Some("canary description"));
    assert_eq!(opened.fields.outcome.as_deref(), Some("canary better"), "what was said last");
    assert_eq!(opened.history[0].fields.outcome.as_deref(), Some("canary outcome"), "as it was");
    assert_eq!(opened.history[1].why, "canary: her mother rang");
    let rows: Vec<_> = opened.evidence.iter().map(|row| (row.seq, row.line.as_str())).collect();
    assert_eq!(rows, [(118, "{\"path\":\"/canary-row\"}"), (119, "{\"path\":\"/canary-later\"}")]);
    let again = Evidence::new("2026-W47", 118, 3, None, opened.evidence[0].line.clone());
    assert_eq!(again.sha256, sealed.evidence[0].sha256, "the hash is of the row, and in the clear");
    assert_eq!(opened.with_words(Words::Opened).count(), 2);
    let of_others = Keys::make("mr-rees", PASSPHRASE, 5).expect("made").0.open("mr-rees", PASSPHRASE).expect("opened");
    let closed = list(&casebook.read(), DSL, Some(&of_others)).expect("read");
    assert_eq!(closed[0].with_words(Words::Unopened).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(closed[0].fields, sealed.fields);
}

#[test]
fn what_is_sealed_opens_in_its_own_record_alone() {
    let (dir, mut casebook) = book();
    let opener = with_keys(&dir, &mut casebook);
    canaries(&mut casebook);
    open(&mut casebook, DSL, new(fields()), (Concerns::Pupil, None), 30).expect("opened");
    let db = rusqlite::Connection::open(Casebook::file_in(dir.path())).expect("opened");
    // Somebody with root puts one incident's words into another's record.
    db.execute_batch(
        "DROP TRIGGER records_hold; UPDATE records SET detail = (SELECT detail FROM records WHERE number = 2) WHERE number = 4",
    )
    .expect("tampered");
    let two = shown(&casebook.read(), DSL, 2, Some(&opener)).expect("theirs");
    assert_eq!(two.with_words(Words::Unopened).collect::<Vec<_>>(), [4]);
    assert_eq!(two.fields.description.as_deref(), Some(DOTS));
    assert_eq!(casebook.verify(None).expect("read").wrong.map(|w| w.number), Some(4));
}

#[test]
fn what_was_written_before_there_were_keys_stays_readable_and_counted() {
    let (dir, mut casebook) = book();
    canaries(&mut casebook);
    let before = casebook.verify(None).expect("read").last;
    let opener = with_keys(&dir, &mut casebook);
    assert_eq!(in_the_clear(&casebook.read()).expect("read"), 2);
    let later = new(Fields { outcome: some("a second canary"), ..Fields::default() });
    amend(&mut casebook, DSL, (1, "done", true), later, 30).expect("amended");
    let one = shown(&casebook.read(), DSL, 1, None).expect("theirs");
    assert_eq!((one.fields.description.as_deref(), one.fields.outcome.as_deref()), (Some("canary description"), Some(DOTS)));
    assert_eq!(
        shown(&casebook.read(), DSL, 1, Some(&opener)).expect("theirs").fields.outcome.as_deref(),
        Some("a second canary")
    );
    assert_eq!(in_the_clear(&casebook.read()).expect("read"), 2);
    assert_eq!(casebook.verify(before).expect("read").wrong, None, "and nothing that was printed is worth less");
}

#[test]
fn keys_that_are_gone_or_broken_let_nothing_be_written_in_the_clear() {
    let (dir, mut casebook) = book();
    drop(with_keys(&dir, &mut casebook));
    let path = seal::file(dir.path());
    let mut refused = || {
        let fault = open(&mut casebook, DSL, new(fields()), (Concerns::Pupil, None), 10).expect_err("refused");
        assert!(matches!(fault, CasebookFault::Seal(_)), "{fault}");
        fault.to_string()
    };
    std::fs::write(&path, "{}").expect("broken");
    assert!(refused().contains("take it from a backup"));
    std::fs::remove_file(&path).expect("gone");
    assert!(refused().contains("it is gone"));
    assert_eq!(casebook.read().of(Kind::Incident).expect("read"), []);
}
