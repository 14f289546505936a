use super::super::import::PersonRow;
use super::super::{Source, Store};
use super::*;
use crate::words::PersonRole;

fn register(keys: &[&str]) -> (tempfile::TempDir, Register) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(&folder.path().join("register.db")).expect("a store");
    let row = |key: &&str| PersonRow {
        key: (*key).into(),
        name: (*key).into(),
        role: PersonRole::Pupil,
        year: None,
        groups: vec![],
        details: Default::default(),
    };
    let rows: Vec<_> = keys.iter().map(|key| (row(key), None)).collect();
    let register = store.add(&rows, Source::Hand, "the bursar", 5).expect("added");
    (folder, register)
}

#[test]
fn a_user_of_a_configured_realm_is_the_person_of_that_name_and_nobody_else_is_anybody() {
    let (_folder, register) = register(&["p0901", "PC7$", "a.b", "twin", "TWIN"]);
    let id = |key: &str| register.person_of_key(key).expect("in the register").id;
    let realms = ["SCHOOL.EXAMPLE".to_owned(), "TRUST.EXAMPLE".to_owned()];
    for (principal, expected) in [
        ("p0901@SCHOOL.EXAMPLE", Some(Opened::Person(id("p0901")))),
        ("P0901@TRUST.EXAMPLE", Some(Opened::Person(id("p0901")))),
        ("a.b@SCHOOL.EXAMPLE", Some(Opened::Person(id("a.b")))),
        ("twin@SCHOOL.EXAMPLE", Some(Opened::Person(id("twin")))),
        ("Twin@SCHOOL.EXAMPLE", Some(Opened::Nobody)),
        ("p0999@SCHOOL.EXAMPLE", Some(Opened::Nobody)),
        ("host/pc7@SCHOOL.EXAMPLE", Some(Opened::Nobody)),
        ("p0901/admin@SCHOOL.EXAMPLE", Some(Opened::Nobody)),
        ("p0901\\@OTHER.EXAMPLE@SCHOOL.EXAMPLE", Some(Opened::Nobody)),
        ("@SCHOOL.EXAMPLE", Some(Opened::Nobody)),
        ("p0901@OTHER.EXAMPLE", None),
        ("p0901@school.example", None),
        ("p0901@SCHOOL.EXAMPLE.OTHER", None),
        ("p0901@SCHOOL.EXAMPLE\\@OTHER", None),
        ("p0901", None),
        ("", None),
    ] {
        assert_eq!(person(principal, &realms, &register).ok(), expected, "{principal}");
    }
}

#[test]
fn why_the_last_ticket_was_refused_is_kept() {
    let tally = Tally::default();
    assert_eq!(tally.why(), "");
    tally.refuse(&NotOpened("Clock skew too great".into()));
    tally.refuse(&crate::wire::negotiate::NotShown::Ntlm);
    assert_eq!(tally.refused.load(Relaxed), 2);
    assert!(tally.why().contains("NTLM"));
}
