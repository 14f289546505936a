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
