//! What people said of matters in earlier weeks, who signed, and who is watched more closely.

use super::script::{Script, owner};
use super::trouble;
use crate::casebook::review::{Said, mark, sign_off};
use crate::casebook::{By, Casebook, Gravity, Marks, MatterRef, Role, review};
use crate::lists::phrases::{Theme as Words, Tier};
use crate::report::week::Matter;
use crate::report::*;
use crate::words::PersonId;

const DSL: By = By { who: "a.lead", role: Role::Dsl, person: None };

/// The marks of a casebook in which somebody said something of this matter, as it was in an earlier week.
fn said(matter: &Matter, week: &str, said: Said, gravity: Gravity) -> Marks {
    let dir = tempfile::tempdir().expect("a folder");
    let mut casebook = Casebook::open(dir.path()).expect("made");
    let mut reference: MatterRef = matter.reference.clone();
    reference.id.week = IsoWeek::parse(week).expect("a week");
    reference.gravity = gravity;
    let incident = (said == Said::Concern).then_some(7);
    mark(&mut casebook, DSL, &reference, (said, "the form tutor talks to them"), incident, 1_795_600_000_000).expect("marked");
    Marks::read(&casebook.read()).expect("read")
}

fn with(mut script: Script, marks: Marks) -> Week {
    script.marks = marks;
    script.week()
}

#[test]
fn a_matter_in_hand_does_not_come_to_page_one_again_and_is_counted_there() {
    let first = trouble().week().matters.remove(0);
    assert_eq!(first.id, "2026-W47.person-23.self-harm");
    assert_eq!(first.reference.person.as_deref(), Some("p0023"));
    let same = first.reference.gravity;
    for word in [Said::InHand, Said::NotAConcern] {
        let week = with(trouble(), said(&first, "2026-W45", word, same));
        assert_eq!((week.matters.len(), week.known.len()), (0, 1), "{word}");
        assert!(week.known_line().starts_with("1 more is known and in hand or was found no concern"), "{}", week.known_line());
        for page in [text(&week), html(&week), csv(&week), json(&week)] {
            let plain = page.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(plain.contains("the form tutor talks to them"), "{plain}");
        }
        assert!(!json(&edit(&week, Edition::It)).contains("form tutor"));
        assert!(!json(&edit(&week, Edition::Governor)).contains("form tutor"));
    }
    for (word, gravity) in [
        (Said::Seen, same),
        (Said::Concern, same),
        // It was of a lower tier then.
        (Said::InHand, Gravity { tier: Tier::Low, ..same }),
    ] {
        let week = with(trouble(), said(&first, "2026-W45", word, gravity));
        assert_eq!((week.matters.len(), week.known.len()), (1, 0), "{word} {gravity:?}");
        assert_eq!(week.matters[0].mark, None, "what was said of another week's is not said of this one");
    }
    // Visits only, then; now it is searched for as well.
    let mut graver = trouble();
    graver.search(graver.at(4, 20, 0), owner(PersonId(23)), "hurt myself", Some((Words::SelfHarm, 60)));
    let week = with(graver, said(&first, "2026-W45", Said::InHand, same));
    assert_eq!((week.matters.len(), week.known.len()), (1, 0));
    // What was said of this week's own matter stands beside it.
    let week = with(trouble(), said(&first, "2026-W47", Said::InHand, same));
    assert_eq!((week.matters.len(), week.known.len()), (1, 0));
    let line = week.matters[0].mark.as_ref().expect("marked").in_words();
    assert!(line.starts_with("known and in hand, by a.lead, ") && line.ends_with(": the form tutor talks to them"), "{line}");
    assert!(text(&week).contains("Said: known and in hand"));
}

#[test]
fn a_pupil_who_is_watched_more_closely_is_one_tier_up_and_only_the_dsl_reads_it() {
    let plain = trouble().week();
    let mut script = trouble();
    script.watched = vec![PersonId(23)];
    let week = script.week();
    assert_eq!((plain.matters[0].tier, week.matters[0].tier), ("high", "critical"));
    assert!(week.matters[0].chosen.iter().any(|row| row.starts_with("watched more closely")), "{:?}", week.matters[0].chosen);
    for edition in Edition::ALL {
        let shown = edit(&week, *edition);
        let told =
            [text(&shown), html(&shown), json(&shown), csv(&shown)].iter().any(|page| page.contains("watched more closely"));
        assert_eq!(told, *edition == Edition::Dsl, "{edition}");
    }
}

#[test]
fn boxes_are_filled_when_somebody_has_signed_and_the_report_prints_what_proves_the_casebook() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut casebook = Casebook::open(dir.path()).expect("made");
    let mut script = trouble();
    let empty = text(&script.week());
    assert!(empty.contains("Reviewed by Designated Safeguarding Lead") && !empty.contains("log verify"));
    let deputy = By { who: "b.deputy", role: Role::Deputy, person: None };
    sign_off(&mut casebook, deputy, script.week, 1_795_600_000_000).expect("signed");
    script.signed = review::sign_offs(&casebook.read(), script.week).expect("read");
    script.casebook = casebook.read().last().expect("read");
    let week = script.week();
    let end = script.casebook.expect("a record").to_string();
    for page in [text(&week), html(&week)] {
        let plain = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains("b.deputy (Deputy safeguarding lead)"), "{plain}");
    }
    assert!(csv(&week).contains(&end) && html(&week).contains(&end));
    assert!(text(&week).contains("Reviewed by ICT coordinator               Name ____"), "the other box is still to be signed");
    assert!(pdf(&week).is_ok());
    for edition in Edition::ALL {
        let shown = json(&edit(&week, *edition));
        assert_eq!(shown.contains("b.deputy"), *edition == Edition::Dsl, "{edition}");
        assert_eq!(shown.contains(&end), edition.shows(edition::Part::Casebook), "{edition}");
    }
}
