use super::*;
use crate::people::{Details, Source, import::PersonRow};
use crate::words::PersonRole;

#[test]
fn others_are_blotted_out_by_name_and_id_and_nobody_else_is() {
    let mut store = Store::in_memory().expect("memory");
    let row = |key: &str, name: &str| {
        let (key, name) = (key.to_owned(), name.to_owned());
        (PersonRow { key, name, role: PersonRole::Pupil, year: Some(7), groups: vec![], details: Details::default() }, None)
    };
    let rows = [row("p1", "Ada Byron"), row("p0904", "Bob Kahn"), row("p0905", "Bob Kahn-Lee"), row("x", "Li"), row("al", "Al")];
    let register = store.add(&rows, Source::Hand, "it", 1).expect("added");
    let ada = register.person_of_key("p1").expect("there");
    let blotter = Blotter::of(&register, ada).expect("few names");
    for (text, expected) in [
        ("ada byron and bob kahn quarrelled", "ada byron and (somebody else) quarrelled"),
        ("Bob Kahn-Lee; P0904, p09041", "(somebody else); (somebody else), p09041"),
        ("bob kahnemann wrote 'p1 is Li'", "bob kahnemann wrote 'p1 is Li'"),
        ("Zoë: BOB KAHN!", "Zoë: (somebody else)!"),
        ("", ""),
    ] {
        assert_eq!(blotter.blot(text), expected);
    }
}

#[test]
fn what_the_dsl_noted_is_told_to_a_reader_without_the_others_and_never_of_adults_or_themselves() {
    use crate::casebook::{By, Casebook, Concerns, Role, incidents, watch};
    use crate::gate::alerts::{New, Whose};
    use crate::gate::school::School;
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = crate::gate::Snapshot::clone(&School::with("").gate.snapshot()).config;
    config.data = folder.path().to_owned();
    let mut store = Store::in_memory().expect("memory");
    let row = |key: &str, name: &str, role| {
        let (key, name) = (key.to_owned(), name.to_owned());
        (PersonRow { key, name, role, year: None, groups: vec![], details: Details::default() }, None)
    };
    let (pupil, staff) = (PersonRole::Pupil, PersonRole::Staff);
    let rows = [row("p1", "Ada Byron", pupil), row("p2", "Bob Kahn", pupil), row("t1", "Mrs Rees", staff)];
    let register = store.add(&rows, Source::Hand, "it", 1).expect("added");
    let noted_of = |key: &str, reader: &str| {
        let person = register.person_of_key(key).expect("there");
        let blotter = Blotter::of(&register, person).expect("few names");
        let own = register.person_of_key(reader).map(|p| p.key.as_str());
        noted(&config, person, &blotter, (By { who: reader, role: Role::Deputy, person: own }, None)).expect("read")
    };
    assert_eq!(noted_of("p1", "mrs-khan"), Some(Noted::default()));
    let by = By { who: "mrs-khan", role: Role::Dsl, person: None };
    let mut casebook = Casebook::open(folder.path()).expect("made");
    let some = |text: &str| Some(text.to_owned());
    let fields = incidents::Fields {
        date: some("2026-11-18"),
        place: some("school"),
        category: some("cyber-bullying"),
        people: vec!["p1".into(), "p2".into()],
        description: some("Bob Kahn wrote to Ada Byron."),
        recorded_by: some("Mr Babbage"),
        ..incidents::Fields::default()
    };
    let new = incidents::New { fields, evidence: Vec::new() };
    incidents::open(&mut casebook, by, new, (Concerns::Pupil, None), 10).expect("opened");
    watch::watch(&mut casebook, by, "p1", 900, "worries after a letter", 100).expect("watched");
    let alert = New {
        whose: Whose::Person(register.person_of_key("p1").expect("there").id.0),
        theme: "self-harm",
        critical: false,
        when_ms: 5,
        due_ms: 5,
        count: 3,
    };
    let alerts = crate::app::alerts::open(folder.path()).expect("none yet");
    alerts.change(|state| state.raise(&alert)).1.expect("kept");
    alerts.acknowledge(1, "mrs-khan", 9).expect("there");
    let kept = noted_of("p1", "mrs-khan").expect("hers to see");
    let told = serde_json::to_string(&kept).expect("JSON");
    for (said, there) in [
        ("incident 1, opened", true),
        ("(somebody else) wrote to Ada Byron", true),
        ("worries after a letter", true),
        ("alert 1: high, Self-harm", true),
        ("Bob Kahn", false),
        ("p2", false),
        ("Babbage", false),
        ("mrs-khan", false),
    ] {
        assert_eq!(told.contains(said), there, "{said}: {told}");
    }
    let other = noted_of("p2", "mrs-khan").expect("hers to see");
    assert!(other.watched.is_empty() && other.alerts.is_empty(), "what is another's is not theirs: {other:?}");
    assert_eq!(noted_of("t1", "mrs-khan"), None, "adults are the head's");
    assert_eq!(noted_of("p1", "p1"), None, "nobody reads about themselves");
}
