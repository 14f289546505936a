use super::*;
use crate::casebook::Role;

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
    let one = shown(&casebook.read(), DSL, 1).expect("there");
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
    assert_eq!(list(&casebook.read(), DSL).expect("read").iter().map(|i| i.number).collect::<Vec<_>>(), [1, 2]);
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
    assert!(shown(&casebook.read(), DSL, 1).is_err() && list(&casebook.read(), DSL).expect("read").is_empty());
    let more = new(Fields { outcome: some("none"), ..Fields::default() });
    assert!(amend(&mut casebook, DSL, (1, "x", true), more, 2).is_err());
    assert_eq!(shown(&casebook.read(), deputy, 1).expect("theirs").number, 1);
    // Somebody who is named in it later does not see it from then on.
    let named = new(Fields { people: vec!["s3".into()], ..Fields::default() });
    amend(&mut casebook, deputy, (1, "they took part", false), named, 3).expect("amended");
    assert!(shown(&casebook.read(), By { person: Some("s3"), ..deputy }, 1).is_err());
}
