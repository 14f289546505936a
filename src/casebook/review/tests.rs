use super::*;
use crate::casebook::{Concerns, Hash};

fn book() -> (tempfile::TempDir, Casebook) {
    let dir = tempfile::tempdir().expect("a folder");
    let casebook = Casebook::open(dir.path()).expect("made");
    (dir, casebook)
}

const DSL: By = By { who: "dsl", role: Role::Dsl, person: Some("s1") };

fn matter(week: &str, tier: Tier, searched: bool) -> MatterRef {
    MatterRef {
        id: format!("{week}.person-12.gambling").parse().expect("an id"),
        concerns: Concerns::Pupil,
        person: Some("p12".into()),
        gravity: Gravity { tier, searched },
        title: "Gambling, p12".into(),
    }
}

#[test]
fn what_was_said_of_a_matter_holds_in_later_weeks_until_it_grows_graver_or_somebody_says_otherwise() {
    let (_dir, mut casebook) = book();
    let first = matter("2026-W47", Tier::Low, false);
    mark(&mut casebook, DSL, &first, (Said::Seen, ""), None, 1).expect("seen");
    let settled = |casebook: &Casebook, week: &str, tier, searched| {
        let marks = Marks::read(&casebook.read()).expect("read");
        let MatterRef { id, gravity, .. } = matter(week, tier, searched);
        marks.settled(&id, Concerns::Pupil, gravity).map(|mark| mark.said)
    };
    assert_eq!(settled(&casebook, "2026-W48", Tier::Low, false), None, "seen is not settled");
    let record = mark(&mut casebook, DSL, &first, (Said::InHand, "the form tutor talks to them"), None, 2).expect("in hand");
    assert_ne!(record.hash, Hash::START);
    assert_eq!((record.entry.before.as_deref(), record.entry.after.as_deref()), (Some("seen"), Some("known and in hand")));
    assert_eq!(settled(&casebook, "2026-W48", Tier::Low, false), Some(Said::InHand));
    assert_eq!(settled(&casebook, "2027-W02", Tier::Low, false), Some(Said::InHand), "over the turn of the year");
    assert_eq!(settled(&casebook, "2026-W48", Tier::Low, true), None, "what was visited is searched for now");
    assert_eq!(settled(&casebook, "2026-W48", Tier::Medium, false), None, "a higher tier");
    assert_eq!(settled(&casebook, "2026-W47", Tier::Low, false), None, "its own week shows it with the mark");
    assert_eq!(settled(&casebook, "2026-W46", Tier::Low, false), None, "nothing is settled before");
    let second = matter("2026-W48", Tier::Low, true);
    mark(&mut casebook, DSL, &second, (Said::Concern, ""), Some(1), 3).expect("a concern");
    assert_eq!(settled(&casebook, "2026-W49", Tier::Low, false), None);
    let marks = Marks::read(&casebook.read()).expect("read");
    assert_eq!(marks.all().iter().map(|m| m.said).collect::<Vec<_>>(), [Said::Seen, Said::InHand, Said::Concern]);
    assert_eq!(marks.of(&second.id, Concerns::Pupil).and_then(|m| m.incident), Some(1));
    assert_eq!(
        marks.settled(&"2026-W49.person-13.gambling".parse().expect("an id"), Concerns::Pupil, first.gravity),
        None,
        "somebody else"
    );
}

#[test]
fn what_the_head_says_of_an_adult_at_an_address_closes_nothing_of_a_pupil_there() {
    let (_dir, mut casebook) = book();
    let here = MatterRef {
        id: "2026-W47.address-10.20.0.61.gambling".parse().expect("an id"),
        person: None,
        ..matter("2026-W47", Tier::Low, false)
    };
    let adults = MatterRef { concerns: Concerns::Adult, ..here.clone() };
    let head = By { who: "h.head", role: Role::Head, person: None };
    mark(&mut casebook, head, &adults, (Said::NotAConcern, "a lesson was made ready"), None, 1).expect("the head's");
    let marks = Marks::read(&casebook.read()).expect("read");
    let later = "2026-W48.address-10.20.0.61.gambling".parse().expect("an id");
    for (concerns, said) in [(Concerns::Adult, Some(Said::NotAConcern)), (Concerns::Pupil, None)] {
        assert_eq!(marks.of(&here.id, concerns).map(|mark| mark.said), said);
        assert_eq!(marks.settled(&later, concerns, here.gravity).map(|mark| mark.said), said);
    }
    let record = mark(&mut casebook, DSL, &here, (Said::Seen, ""), None, 2).expect("the DSL's");
    assert_eq!(record.entry.before.as_deref(), None, "the DSL had said nothing of it before");
}

#[test]
fn nobody_marks_what_is_not_theirs_or_says_nothing_by_it() {
    let (_dir, mut casebook) = book();
    let pupil = matter("2026-W47", Tier::Low, false);
    let own = MatterRef { person: Some("S1".into()), ..pupil.clone() };
    let adult = MatterRef { concerns: Concerns::Adult, ..pupil.clone() };
    let ict = By { role: Role::Ict, ..DSL };
    let head = By { role: Role::Head, ..DSL };
    let long = "x".repeat(MAX_BECAUSE + 1);
    for (by, of, said, because) in [
        (ict, &pupil, Said::Seen, ""),
        (head, &pupil, Said::Seen, ""),
        (DSL, &adult, Said::Seen, ""),
        (DSL, &own, Said::Seen, ""),
        (head, &MatterRef { person: own.person.clone(), ..adult.clone() }, Said::Seen, ""),
        (DSL, &pupil, Said::NotAConcern, " "),
        (DSL, &pupil, Said::InHand, ""),
        (DSL, &pupil, Said::InHand, &long),
        (DSL, &pupil, Said::Concern, "without an incident"),
    ] {
        assert!(mark(&mut casebook, by, of, (said, because), None, 1).is_err(), "{by:?} {of:?} {said}");
    }
    assert_eq!(casebook.read().last().expect("read"), None, "nothing was recorded");
    assert!(mark(&mut casebook, head, &adult, (Said::Seen, ""), None, 1).is_ok());
}

#[test]
fn a_week_is_signed_once_by_the_dsl_or_a_deputy_and_once_by_the_ict_coordinator() {
    let (_dir, mut casebook) = book();
    let week = IsoWeek::parse("2026-W47").expect("a week");
    let mut sign = |role, now_ms| sign_off(&mut casebook, By { who: "x", role, person: None }, week, now_ms).is_ok();
    assert!(!sign(Role::Head, 1) && !sign(Role::Chair, 1));
    assert!(sign(Role::Deputy, 2) && !sign(Role::Dsl, 3) && sign(Role::Ict, 4) && !sign(Role::Ict, 5));
    let signed = sign_offs(&casebook.read(), week).expect("read");
    assert_eq!(signed.iter().map(|s| (s.role, s.when_ms)).collect::<Vec<_>>(), [(Role::Deputy, 2), (Role::Ict, 4)]);
    assert!(sign_offs(&casebook.read(), IsoWeek::parse("2026-W48").expect("a week")).expect("read").is_empty());
}
