//! Who may see what of a week.

use super::script::{Script, on, owner, staff_room};
use super::{formats_of, full, golden, hostile, quiet, staff, trouble};
use crate::policy::{Action, Step};
use crate::report::edition::{Part, coarse};
use crate::report::*;
use crate::words::{Category, Confidence, Known, PersonId, PersonRole};
use proptest::prelude::*;

/// Everything of everybody: pupils, staff, the head, somebody who was looked up, words that were searched for.
pub fn everything() -> Script {
    let mut script = full();
    let teacher = script.add_person("t.jones", "Terry Jones", PersonRole::Staff);
    let laptop = script.add_device("Staff laptop 2", Some(teacher));
    let head = script.add_person("h.grey", "Hilary Grey", PersonRole::Staff);
    let desk = script.add_device("Corner office", Some(head));
    for minute in 0..12 {
        let at = script.at(2, 17, minute * minute);
        script.block(at, on(Some(teacher), Some(laptop), Known::Mac, Confidence::High), "roulette.example", Category::GAMBLING);
        script.block(at, on(Some(head), Some(desk), Known::Mac, Confidence::High), "hideous.example", Category::GAMBLING);
        script.block(at, staff_room([10, 30, 0, 9]), "grim.example", Category::EXTREMISM);
    }
    script.search(
        script.at(1, 20, 2),
        owner(PersonId(19)),
        "end it all tonight",
        Some((crate::lists::phrases::Theme::Suicide, 90)),
    );
    script.head = Some(head);
    script.look_ups = Some(vec![LookUp {
        when_ms: script.at(1, 9, 0),
        who: "dsl1".into(),
        whom: "log of p0023".into(),
        purpose: "a word from Pupil Number23's tutor".into(),
    }]);
    script.changes = vec![Change {
        when_ms: script.at(2, 9, 41),
        who: "n.baker".into(),
        what: "open: video for p0041, p0007 until 2026-11-18 14:30 (pass 4)".into(),
        why: "for p0023's project".into(),
        approved_by: None,
    }];
    script
}

/// Every name and key of the register, every device, and what was typed.
fn names(script: &Script) -> Vec<String> {
    let persons = script.persons.iter().flat_map(|p| [p.key.clone(), p.name.clone()]);
    let devices = script.devices.iter().map(|d| d.name.clone());
    let words = script.events.iter().filter(|e| !e.search.is_empty()).map(|e| e.search.clone().into_owned());
    persons.chain(devices).chain(words).collect()
}

fn never(week: &Week, edition: Edition, words: &[String]) {
    let shown = edit(week, edition);
    for (format, written) in formats_of(&shown) {
        for word in words {
            let is = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let found = written
                .match_indices(word.as_str())
                .find(|(at, found)| !is(written[..*at].chars().next_back()) && !is(written[at + found.len()..].chars().next()));
            assert!(found.is_none(), "the {format} of {edition} says {word:?}");
        }
    }
}

#[test]
fn each_edition_shows_what_its_reader_may_see_and_nothing_else() {
    let script = everything();
    let week = script.week();
    let all = names(&script);
    never(&week, Edition::It, &all);
    never(&week, Edition::Governor, &all);
    never(
        &week,
        Edition::Chair,
        &all.iter().filter(|n| !["h.grey", "Hilary Grey", "Corner office"].contains(&n.as_str())).cloned().collect::<Vec<_>>(),
    );
    let adults = [
        "t.jones",
        "Terry Jones",
        "Staff laptop 2",
        "h.grey",
        "Hilary Grey",
        "Corner office",
        "roulette.example",
        "hideous.example",
        "10.30.0.9",
    ];
    let adults = adults.map(String::from);
    never(&week, Edition::Dsl, &adults);
    // The head sees matters about staff, and whom somebody looked at; nothing about themselves.
    let head = edit(&week, Edition::Head);
    assert_eq!(head.matters.iter().filter_map(|m| m.account.as_deref()).collect::<Vec<_>>(), ["t.jones"]);
    assert_eq!(head.matters.len(), 2, "and the staff room's");
    never(
        &week,
        Edition::Head,
        &["h.grey", "Hilary Grey", "Corner office", "hideous.example", "Pupil Number41", "p0041"].map(String::from),
    );
    assert!(head.matters[0].next.contains("LADO"));
    let chair = edit(&week, Edition::Chair);
    assert_eq!(chair.matters.iter().filter_map(|m| m.account.as_deref()).collect::<Vec<_>>(), ["h.grey"]);
    assert_eq!(edit(&week, Edition::Dsl).for_head, 2, "what concerns the head is in no number of another edition");
}

#[test]
fn the_json_of_an_edition_has_no_key_for_what_it_leaves_out() {
    let week = everything().week();
    for edition in Edition::ALL {
        let value = edition::json(&edit(&week, *edition));
        let has = |key: &str| value.get(key).is_some();
        assert_eq!(value["edition"], edition.word());
        assert_eq!(has("matters"), edition.shows(Part::Matters), "{edition}");
        assert_eq!(has("look_ups"), edition.shows(Part::LookUps), "{edition}");
        assert_eq!(has("themes"), edition.shows(Part::Themes), "{edition}");
        assert_eq!(has("still_open"), edition.shows(Part::Open), "{edition}");
        assert!(has("delivery") && has("verdict") && has("limits") && !has("adults") && !has("about_head"), "{edition}");
    }
}

#[test]
fn what_was_opened_for_a_pupil_says_so_to_the_dsl_alone() {
    let mut script = everything();
    script.event(script.at(2, 10, 0), Some(owner(PersonId(7))), "history.example", Action::Allow, Step::Pass, &[]);
    if let Some(event) = script.events.last_mut() {
        event.pass = Some(4);
    }
    let week = script.week();
    let said = |edition| {
        let week = edit(&week, edition);
        (week.changes[0].what.clone(), week.teaching.lessons[0].text.clone())
    };
    let (what, lesson) = said(Edition::Dsl);
    assert!(what.contains("p0041, p0007") && lesson.contains("Pupil Number7"), "{what} {lesson}");
    for edition in [Edition::It, Edition::Head] {
        let (what, lesson) = said(edition);
        assert_eq!(what, "open: video for somebody, somebody until 2026-11-18 14:30 (pass 4)");
        assert_eq!(lesson, "extremism for 1 person until 2026-11-18 10:45");
    }
}

#[test]
fn governors_see_no_small_number() {
    assert_eq!([coarse(0), coarse(1), coarse(5), coarse(6), coarse(1204)], ["none", "5 or fewer", "5 or fewer", "6", "1,204"]);
    let week = edit(&everything().week(), Edition::Governor);
    let said = |what: &str| week.assurance.iter().find(|l| l.what == what).map(|l| l.is.as_str());
    assert_eq!(said("Pupils or devices: Gambling"), Some("5 or fewer"));
    assert_eq!(said("Host names were seen on"), Some("98 in 100 pupil devices"));
    assert_eq!(said("Illegal lists"), Some("NOT PRESENT"));
    assert!(week.limits.iter().any(|l| l.starts_with("5 or fewer pupil devices asked for nothing here")), "{:?}", week.limits);
    golden("governor", &week);
}

#[test]
fn an_edition_reads_as_a_page_of_its_own() {
    golden("it", &edit(&everything().week(), Edition::It));
    golden("head", &edit(&staff().week(), Edition::Head));
}

#[test]
fn no_cell_of_the_sheet_is_a_formula_and_every_row_has_five() {
    for script in [everything(), hostile(), trouble(), quiet()] {
        let week = script.week();
        for edition in Edition::ALL {
            let sheet = csv(&edit(&week, *edition));
            let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(sheet.as_bytes());
            for row in reader.records() {
                let row = row.expect("a row of five");
                assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever anybody does, on whatever footing: IT and governors read no name and no word that was typed.
    #[test]
    fn it_and_governors_read_no_name_and_nothing_that_was_typed(
        acts in prop::collection::vec((0i64..5, 0i64..24, 0i64..60, 1u32..12, 0usize..9, any::<bool>()), 1..60),
    ) {
        let mut script = Script::new(8);
        let teacher = script.add_person("t.jones", "Terry Jones", PersonRole::Staff);
        let desk = script.add_device("Corner office", Some(teacher));
        let categories = [Category::SELF_HARM, Category::EXTREMISM, Category::GAMBLING, Category::BYPASS, Category::EDUCATION, Category::WEAPONS];
        for (day, hour, minute, who, what, sure) in acts {
            let at = script.at(day, hour, minute);
            let who = match who {
                n if n <= 8 => owner(PersonId(n)),
                9 => on(Some(teacher), Some(desk), Known::Mac, Confidence::High),
                _ => on(Some(PersonId(1)), None, Known::Network, if sure { Confidence::Low } else { Confidence::Group }),
            };
            match categories.get(what) {
                Some(category) => script.block(at, who, "www.some.example", *category),
                None if what == 6 => script.search(at, who, "words that were typed", Some((crate::lists::phrases::Theme::SelfHarm, 70))),
                None if what == 7 => script.event(at, Some(who), "www.some.example", Action::Allow, Step::Own, &[]),
                None => script.locked(at, who),
            }
        }
        let week = script.week();
        let mut all = names(&script);
        all.push("words that were typed".into());
        never(&week, Edition::It, &all);
        never(&week, Edition::Governor, &all);
        never(&week, Edition::Dsl, &["t.jones", "Terry Jones", "Corner office", "words that were typed"].map(String::from));
    }
}
