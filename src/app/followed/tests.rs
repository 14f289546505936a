use super::told::{needs_you, sweep};
use super::*;
use crate::app::mail::Post;
use crate::casebook::incidents::{Fields, New};
use crate::casebook::{Gravity, Kind, MatterRef, Record};
use crate::gate::school::School;
use crate::lists::phrases::Tier;

const DSL: By = By { who: "a.lead", role: Role::Dsl, person: None };

fn config(folder: &Path, more: &str) -> Config {
    School::with(&format!("[data]\ndir = {folder:?}\n{more}")).gate.snapshot().config.clone()
}

fn matter(week: IsoWeek, person: u32) -> MatterRef {
    MatterRef {
        id: format!("{week}.person-{person}.gambling").parse().expect("an id"),
        concerns: Concerns::Pupil,
        person: Some(format!("p{person}")),
        gravity: Gravity { tier: Tier::Low, searched: false },
        title: format!("Gambling, p{person}"),
    }
}

/// Matters of a week as its report kept them.
fn kept(config: &Config, week: IsoWeek, people: &[u32]) {
    let kept: Vec<Kept> = people.iter().map(|n| matter(week, *n)).map(|m| Kept { id: m.id, title: m.title }).collect();
    let path = delivery::folder(&config.data, week).join("matters.json");
    files::replace_private(&path, &serde_json::to_vec(&kept).expect("JSON")).expect("written");
}

fn made(config: &Config, week: IsoWeek, made_ms: i64) {
    let text = serde_json::to_vec(&delivery::Made { made_ms, due_ms: made_ms, late: false, delivery: 1 }).expect("JSON");
    files::replace_private(&delivery::folder(&config.data, week).join("made.json"), &text).expect("written");
}

#[test]
fn what_nobody_has_closed_stays_open_with_its_owner_and_its_days() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "");
    let week = IsoWeek::parse("2026-W47").expect("a week");
    let before = week.previous();
    let now_ms = week.bounds(&config.school.zone).1;
    kept(&config, before, &[1, 2, 3, 4, 5]);
    made(&config, before, now_ms - 6 * DAY_MS);
    let mut casebook = Casebook::open(&config.data).expect("made");
    let mut mark = |person, said, incident, days| {
        review::mark(&mut casebook, DSL, &matter(before, person), (said, "because"), incident, now_ms - days * DAY_MS)
            .expect("marked");
    };
    mark(2, Said::Seen, None, 3);
    mark(3, Said::InHand, None, 3);
    mark(4, Said::Concern, Some(1), 5);
    mark(5, Said::Concern, Some(2), 5);
    let fields = Fields {
        date: Some("2026-11-18".into()),
        place: Some("school".into()),
        category: Some("gambling".into()),
        description: Some("x".into()),
        recorded_by: Some("Mr Babbage".into()),
        ..Fields::default()
    };
    for _ in 0..2 {
        let new = New { fields: fields.clone(), evidence: Vec::new() };
        incidents::open(&mut casebook, DSL, new, (Concerns::Pupil, None), now_ms - 5 * DAY_MS).expect("opened");
    }
    incidents::amend(&mut casebook, DSL, (2, "done", true), New::default(), now_ms - DAY_MS).expect("closed");
    let followed = of_week(&config, week, now_ms).expect("read");
    let lines: Vec<_> =
        followed.still_open.iter().map(|o| (o.matter.as_str(), o.owner.as_str(), o.last_action.as_str(), o.days)).collect();
    assert_eq!(
        lines,
        [
            ("Gambling, p1 (2026-W46)", "the DSL", "nobody has said anything of it yet", 6),
            ("Gambling, p4 (2026-W46)", "a.lead", "incident 1", 5),
            ("Gambling, p2 (2026-W46)", "a.lead", "seen", 3),
        ]
    );
    assert_eq!(followed.incidents.iter().map(|i| (i.number, i.closed)).collect::<Vec<_>>(), [(1, false), (2, true)]);
    kept(&config, before.previous(), &(10..20).collect::<Vec<_>>());
    let followed = of_week(&config, week, now_ms).expect("read");
    assert_eq!(followed.still_open.len(), MOST_OPEN + 1);
    assert_eq!(followed.still_open.last().map(|o| o.matter.as_str()), Some("7 more"));
}

#[test]
fn an_account_has_the_parts_that_the_configuration_gives_it_and_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "[report]\ndsl = [\"a.lead\"]\nict = [\"it\", \"a.lead\"]\nhead = \"h.head\"\n");
    let register = Register::empty();
    let at = |account, wanted| Somebody::at(&config, &register, account, wanted).map(|s| s.role);
    assert_eq!(at("a.lead", None), Ok(Role::Dsl));
    assert_eq!(at("a.lead", Some(Role::Ict)), Ok(Role::Ict));
    assert_eq!((at("it", None), at("h.head", None)), (Ok(Role::Ict), Ok(Role::Head)));
    assert!(at("it", Some(Role::Dsl)).is_err_and(|why| why.contains("not the part of the Designated Safeguarding Lead")));
    assert!(at("root", None).is_err_and(|why| why.contains("`dsl`")) && at("", None).is_err());
}

#[test]
fn nobody_reviewed_by_day_three_is_told_to_the_deputy_and_by_day_seven_to_the_head_once_each_and_without_a_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let mail = "[mail]\nserver = \"mail.school.example\"\nfrom = \"g@school.example\"\nto = [\"dsl@school.example\"]\n\
                deputies = [\"deputy@school.example\"]\nhead = [\"head@school.example\"]\n";
    let config = config(folder.path(), mail);
    let week = IsoWeek::parse("2026-W47").expect("a week");
    let made_ms = week.bounds(&config.school.zone).1 + 6 * 60 * 60 * 1000;
    made(&config, week, made_ms);
    let post = Post::of(&config).expect("mail");
    let told = |days: i64| {
        sweep(&config, made_ms + days * DAY_MS).expect("swept");
        let to = post.waiting().into_iter().map(|letter| (letter.id, letter.to.join(" "))).collect::<Vec<_>>();
        (to, needs_you(&config, made_ms + days * DAY_MS).len())
    };
    assert_eq!(told(2), (vec![], 0));
    let deputy = ("2026-W47-deputy".to_owned(), "deputy@school.example".to_owned());
    assert_eq!(told(3), (vec![deputy.clone()], 1));
    let letter = &post.waiting()[0];
    assert!(
        letter.body.contains("Nobody has signed the weekly report 2026-W47") && letter.body.contains("in 3 days"),
        "{}",
        letter.body
    );
    // It was sent: it is not written again.
    std::fs::remove_file(folder.path().join("mail/queue/2026-W47-deputy.json")).expect("sent");
    assert_eq!(told(4), (vec![], 1));
    assert_eq!(told(7), (vec![("2026-W47-head".into(), "head@school.example".into())], 1));
    let mut casebook = Casebook::open(&config.data).expect("a casebook");
    let records: Vec<Record> = casebook.read().of(Kind::Delivery).expect("read");
    assert_eq!(records.len(), 2);
    std::fs::remove_file(folder.path().join("mail/queue/2026-W47-head.json")).expect("sent");
    assert_eq!(told(22), (vec![], 0), "what is older is history");
    review::sign_off(&mut casebook, DSL, week, made_ms + 8 * DAY_MS).expect("signed");
    assert_eq!(told(9), (vec![], 0));
    // Another week, signed by the ICT coordinator alone: it is not reviewed.
    let other = week.previous();
    made(&config, other, made_ms);
    review::sign_off(&mut casebook, By { role: Role::Ict, ..DSL }, other, made_ms).expect("signed");
    assert_eq!(told(3).0, [("2026-W46-deputy".to_owned(), "deputy@school.example".to_owned())]);
}
