//! What was searched for, passes, and the school's own table.

use super::script::{MINUTE, Script, owner};
use super::{golden, never_says, quiet};
use crate::journal::Event;
use crate::lists::phrases::Theme as Words;
use crate::policy::{Action, Step};
use crate::report::text;
use crate::words::{Category, PersonId};

/// A pupil whose words say more than any host: searches, then a page of the same, among an ordinary evening's searches.
fn searches() -> Script {
    let mut script = quiet();
    let who = owner(PersonId(17));
    for minute in [2, 3, 9] {
        script.search(script.at(1, 20, minute), who, "cheap train tickets", None);
    }
    script.search(script.at(1, 20, 14), who, "i want to end it all tonight", Some((Words::Suicide, 90)));
    script.search(script.at(1, 20, 21), who, "want to hurt myself", Some((Words::SelfHarm, 70)));
    script.block(script.at(1, 20, 25), who, "forum.worry.example", Category::SELF_HARM);
    script.search(script.at(3, 12, 30), owner(PersonId(8)), "free bets", Some((Words::Gambling, 60)));
    script
}

#[test]
fn a_search_weighs_more_than_a_page_and_its_words_are_in_no_report() {
    let week = searches().week();
    let [suicide, harm] = week.matters.as_slice() else { panic!("two matters: {:?}", week.matters) };
    assert_eq!((suicide.tier, suicide.theme, suicide.searches), ("critical", "suicide", 1));
    assert!(
        suicide.line.starts_with("The account p0017 (Year 9), on Laptop 17, searched for words about suicide"),
        "{}",
        suicide.line
    );
    assert!(suicide.line.ends_with("A search is looked at, not blocked for its words."), "{}", suicide.line);
    assert_eq!((harm.theme, harm.searches, harm.repeats), ("self-harm", 1, 1));
    assert!(harm.chosen.contains(&"a search, then a page of the same kind".to_owned()), "{:?}", harm.chosen);
    let both = "searched for words about self-harm, suicide or eating disorder and asked for a host listed under it, twice";
    assert!(harm.line.contains(both), "{}", harm.line);
    let before = harm.episodes[0].before;
    assert_eq!((before.searches, before.blocked), (4, 0), "three of an ordinary evening, and the one of the other theme");
    never_says(&week, &["tonight", "hurt myself", "train tickets", "free bets"]);
    golden("searches", &week);
}

#[test]
fn every_matter_says_which_rows_made_it() {
    let script = searches();
    let mut events = script.events.clone();
    events.sort_by_key(|e| e.when_ms);
    let rows: Vec<(u64, Event)> = (1000..).step_by(3).zip(events).collect();
    let week = script.week_of(rows.iter().cloned());
    for matter in &week.matters {
        assert!(!matter.rows.is_empty());
        for seq in &matter.rows {
            let (_, event) = rows.iter().find(|(row, _)| row == seq).expect("a row that there is");
            let of = matter.theme;
            let words = event.theme.map(|(words, _)| words.word());
            assert!(words == Some(of) || event.category.is_some_and(|c| c.id() == Some(of)), "{of}: {event:?}");
        }
    }
    let text = text(&week).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(&week.matters[0].rows_line()), "{text}");
}

#[test]
fn what_was_done_under_a_pass_for_just_that_is_a_lessons() {
    let mut script = quiet();
    // A class looks into extremism with its teacher's pass; one of them looks for self-harm meanwhile.
    for n in 20..26 {
        let at = script.at(2, 10, i64::from(n));
        script.event(at, Some(owner(PersonId(n))), "history.example", Action::Allow, Step::Pass, &[Category::EXTREMISM]);
        if let Some(event) = script.events.last_mut() {
            event.pass = Some(4);
        }
        script.search(at + MINUTE, owner(PersonId(n)), "how they recruit", Some((Words::Radicalisation, 70)));
    }
    script.search(script.at(2, 10, 31), owner(PersonId(22)), "hurt myself", Some((Words::SelfHarm, 60)));
    let week = script.week();
    let [matter] = week.matters.as_slice() else { panic!("one matter: {:?}", week.matters) };
    assert_eq!((matter.theme, matter.under_pass), ("self-harm", false));
    assert_eq!(week.theme("radicalisation").map(|t| t.people), Some(6), "they are counted all the same");
    // Who goes on about it is a matter still, and it says that it may be the lesson.
    for minute in [40, 43, 49, 52, 55] {
        script.search(script.at(2, 10, minute), owner(PersonId(23)), "join them", Some((Words::Radicalisation, 70)));
    }
    let week = script.week();
    let matter = week.matters.iter().find(|m| m.theme == "radicalisation").expect("a matter");
    assert!(matter.under_pass && matter.cautions.iter().any(|c| c.contains("A pass for this was in use")));
    assert_eq!(matter.episodes[0].lesson, "lesson with a pass");
}

#[test]
fn a_school_weighs_as_its_table_says() {
    let script = searches();
    let mut scoring = crate::config::Scoring::shipped().clone();
    scoring.themes.insert("gambling", crate::lists::phrases::Tier::High);
    scoring.themes.insert("self-harm", crate::lists::phrases::Tier::Low);
    scoring.enough = 60;
    let week = script.week_by(&scoring);
    let matters: Vec<_> = week.matters.iter().map(|m| (m.theme, m.tier)).collect();
    assert_eq!(matters, [("suicide", "critical"), ("gambling", "high")]);
    assert_eq!(week.themes.iter().map(|t| t.theme).collect::<Vec<_>>(), ["suicide", "gambling", "self-harm"]);
}
