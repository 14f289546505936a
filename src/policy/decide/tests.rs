//! Every step, and every pair of steps that can meet.

use super::*;
use crate::lists::{KindId, Match};
use crate::policy::*;
use crate::words::{Day, Grade, Groups, Host, Moment};

const PUPIL: GroupId = GroupId(0);
const STAFF: GroupId = GroupId(1);
const SIXTH: GroupId = GroupId(2);
const CARE: GroupId = GroupId(3);
const PRIMARY: GroupId = GroupId(4);
const GARDEN: GroupId = GroupId(5);

/// A clock that is set.
const NOW_MS: i64 = crate::words::moment::BUILT_MS + 1_000_000;

const LUNCH: Moment = Moment { unix_ms: NOW_MS, day: Day(0), minute_of_week: 12 * 60 + 45 };
const MORNING: Moment = Moment { unix_ms: NOW_MS, day: Day(0), minute_of_week: 9 * 60 };

fn host(text: &str) -> Host {
    Host::parse(text).expect("a host of the test")
}

fn found(categories: &[Category]) -> Found {
    let mut found = Found::NOTHING;
    for (i, category) in categories.iter().enumerate() {
        found.push(Match { categories: CategorySet::of(&[*category]), labels: 2, at: 0, kind: KindId(i as u32) });
    }
    found
}

fn entry(id: u32, name: &str, act: Act) -> Entry {
    Entry {
        id,
        host: host(name),
        act,
        group: None,
        firm: false,
        despite: CategorySet::EMPTY,
        until_ms: None,
        reason: "a test".into(),
    }
}

fn profile(name: &str, block: &[Category], warn: &[Category]) -> Profile {
    Profile {
        name: name.into(),
        block: CategorySet::of(block),
        warn: CategorySet::of(warn),
        rshe: true,
        warn_unseen: Act::Block,
        otherwise: Act::Allow,
        pupils: true,
        safe: Safe::STRICTEST,
        phrase_limit: None,
        downloads: Default::default(),
    }
}

fn policy_with(own: Vec<Entry>) -> Policy {
    use Category as C;
    let group = |name: &str, profile| Group { name: name.into(), profile: ProfileId(profile), priority: None };
    Policy {
        profiles: vec![
            profile("secondary", &[C::ADULT, C::SOCIAL_NETWORKING, C::GAMES, C::SELF_HARM], &[C::FORUMS]),
            Profile { warn_unseen: Act::Allow, ..profile("staff", &[C::ADULT], &[C::GAMES]) },
            Profile { rshe: false, ..profile("primary", &[C::ADULT, C::SOCIAL_NETWORKING], &[]) },
            Profile { otherwise: Act::Block, ..profile("garden", &[], &[]) },
        ],
        groups: vec![
            group("pupils", 0),
            group("staff", 1),
            group("sixth-form", 0),
            Group { priority: Some(1), ..group("safeguarding", 1) },
            group("primary", 2),
            group("garden", 3),
        ],
        timetable: Timetable::new(
            vec![Cell {
                name: "lunch".into(),
                category: C::SOCIAL_NETWORKING,
                act: Act::Allow,
                group: Some(SIXTH),
                days: Days::School(None),
                times: vec![Times { days: 0x1f, from: 750, until: 810 }],
            }],
            SchoolDays::default(),
        ),
        own: OwnEntries::new(own),
        ..Policy::default()
    }
}

fn ask<'a>(host: &'a Host, found: &'a Found) -> Ask<'a> {
    Ask {
        host,
        found,
        groups: Groups::one(PUPIL),
        moment: MORNING,
        surface: Surface::NoPage,
        mode: Mode::Enforce,
        lock: None,
        pass: None,
    }
}

/// One way to make a step speak, in the order of the precedence.
struct Speaks {
    step: Step,
    blocks: bool,
    category: Option<Category>,
    own: Option<Entry>,
    lock: Option<Lock<'static>>,
    pass: bool,
}

fn every_step() -> Vec<Speaks> {
    let by = |step, blocks, category| Speaks { step, blocks, category, own: None, lock: None, pass: false };
    vec![
        by(Step::Locked, true, Some(Category::ILLEGAL_CSAM)),
        by(Step::Platform, false, Some(Category::PLATFORM)),
        Speaks { lock: Some(Lock::Exam(&[])), ..by(Step::Session, true, None) },
        by(Step::Help, false, Some(Category::HELP)),
        by(Step::Rshe, false, Some(Category::RSHE)),
        by(Step::HarmfulCode, true, Some(Category::MALWARE)),
        Speaks { own: Some(Entry { firm: true, ..entry(1, "name.example", Act::Block) }), ..by(Step::Firm, true, None) },
        Speaks { pass: true, ..by(Step::Pass, false, None) },
        Speaks { own: Some(entry(2, "name.example", Act::Block)), ..by(Step::Own, true, None) },
        by(Step::Education, false, Some(Category::EDUCATION)),
        by(Step::Category, true, Some(Category::GAMES)),
        by(Step::Default, false, None),
    ]
}

fn judge(speaking: &[&Speaks]) -> Verdict {
    let categories: Vec<_> = speaking.iter().filter_map(|s| s.category).collect();
    let policy = policy_with(speaking.iter().filter_map(|s| s.own.clone()).collect());
    let pass = Pass { id: 7, what: What::Host(host("name.example")), grade: Grade::Lead };
    let (host, found) = (host("www.name.example"), found(&categories));
    let ask = Ask {
        lock: speaking.iter().find_map(|s| s.lock),
        pass: speaking.iter().any(|s| s.pass).then_some(&pass),
        ..ask(&host, &found)
    };
    decide(&ask, &policy)
}

#[test]
fn each_step_speaks_alone() {
    for step in &every_step() {
        let verdict = judge(&[step]);
        assert_eq!((verdict.step, verdict.blocks()), (step.step, step.blocks));
    }
}

#[test]
fn of_two_steps_that_meet_the_earlier_decides() {
    let steps = every_step();
    for (i, earlier) in steps.iter().enumerate() {
        for later in &steps[i + 1..] {
            let verdict = judge(&[earlier, later]);
            assert_eq!((verdict.step, verdict.blocks()), (earlier.step, earlier.blocks), "{} meets {}", earlier.step, later.step);
        }
    }
}

#[test]
fn a_name_on_no_list_is_allowed() {
    let (host, policy) = (host("nobody-lists-me.example"), policy_with(vec![]));
    for group in [PUPIL, STAFF, SIXTH, PRIMARY] {
        let verdict = decide(&Ask { groups: Groups::one(group), ..ask(&host, &Found::NOTHING) }, &policy);
        assert_eq!((verdict.act, verdict.step), (Act::Allow, Step::Default));
    }
    let verdict = decide(&Ask { groups: Groups::one(GARDEN), ..ask(&host, &Found::NOTHING) }, &policy);
    assert_eq!((verdict.act, verdict.step), (Act::Block, Step::Default));
}

#[test]
fn over_categories_block_beats_warn_beats_allow() {
    use Category as C;
    let (host, policy) = (host("name.example"), policy_with(vec![]));
    for (categories, act, by) in [
        (&[C::VIDEO, C::FORUMS, C::GAMES][..], Act::Block, C::GAMES),
        (&[C::VIDEO, C::FORUMS], Act::Warn, C::FORUMS),
        (&[C::VIDEO], Act::Allow, C::VIDEO),
    ] {
        let found = found(categories);
        let verdict = decide(&Ask { surface: Surface::Page, ..ask(&host, &found) }, &policy);
        assert_eq!((verdict.act, verdict.category), (act, Some(by)));
    }
}

#[test]
fn a_warning_nobody_would_see_is_what_the_profile_says() {
    let (host, policy) = (host("name.example"), policy_with(vec![]));
    for (group, category, act) in [(PUPIL, Category::FORUMS, Act::Block), (STAFF, Category::GAMES, Act::Allow)] {
        let found = found(&[category]);
        let unseen = decide(&Ask { groups: Groups::one(group), ..ask(&host, &found) }, &policy);
        assert_eq!((unseen.act, unseen.action), (act, Action::Warn));
        let seen = decide(&Ask { groups: Groups::one(group), surface: Surface::Page, ..ask(&host, &found) }, &policy);
        assert_eq!((seen.act, seen.action), (Act::Warn, Action::Warn));
    }
}

#[test]
fn over_groups_the_strictest_wins_unless_one_has_priority() {
    let (host, found, policy) = (host("name.example"), found(&[Category::SOCIAL_NETWORKING]), policy_with(vec![]));
    for (groups, act, by) in [
        (&[PUPIL][..], Act::Block, PUPIL),
        (&[STAFF], Act::Allow, STAFF),
        (&[PUPIL, STAFF], Act::Block, PUPIL),
        (&[PUPIL, CARE], Act::Allow, CARE),
    ] {
        let groups = groups.iter().copied().collect();
        let verdict = decide(&Ask { groups, ..ask(&host, &found) }, &policy);
        assert_eq!((verdict.act, verdict.group), (act, Some(by)));
    }
}

#[test]
fn a_cell_replaces_the_profile_for_its_category_group_and_time_only() {
    let policy = policy_with(vec![]);
    let host = host("name.example");
    for (group, moment, categories, act, cell) in [
        (SIXTH, LUNCH, &[Category::SOCIAL_NETWORKING][..], Act::Allow, Some(CellId(0))),
        (SIXTH, MORNING, &[Category::SOCIAL_NETWORKING], Act::Block, None),
        (PUPIL, LUNCH, &[Category::SOCIAL_NETWORKING], Act::Block, None),
        (SIXTH, LUNCH, &[Category::GAMES], Act::Block, None),
        (SIXTH, LUNCH, &[Category::SOCIAL_NETWORKING, Category::GAMES], Act::Block, None),
    ] {
        let found = found(categories);
        let verdict = decide(&Ask { groups: Groups::one(group), moment, ..ask(&host, &found) }, &policy);
        assert_eq!((verdict.act, verdict.cell), (act, cell), "{group:?} {moment} {categories:?}");
    }
}

#[test]
fn own_entries_group_before_school_longer_before_shorter_block_before_allow() {
    let for_group = |id, name: &str, act| Entry { group: Some(PUPIL), ..entry(id, name, act) };
    let host = host("a.b.example");
    for (entries, rule) in [
        (vec![entry(1, "a.b.example", Act::Block), for_group(2, "example", Act::Allow)], 2),
        (vec![entry(1, "b.example", Act::Block), entry(2, "a.b.example", Act::Allow)], 2),
        (vec![entry(1, "b.example", Act::Allow), entry(2, "b.example", Act::Block)], 2),
        (vec![entry(1, "b.example", Act::Allow), entry(2, "example", Act::Block)], 1),
        (vec![for_group(1, "b.example", Act::Allow), for_group(2, "b.example", Act::Block)], 2),
        (vec![Entry { group: Some(STAFF), ..entry(1, "a.b.example", Act::Block) }, entry(2, "example", Act::Allow)], 2),
    ] {
        let verdict = decide(&ask(&host, &Found::NOTHING), &policy_with(entries.clone()));
        assert_eq!((verdict.step, verdict.rule), (Step::Own, Some(rule)), "{entries:?}");
    }
}

#[test]
fn an_entry_ends_when_it_says() {
    let host = host("name.example");
    for (until, step) in [(Some(NOW_MS + 1), Step::Own), (Some(NOW_MS), Step::Default), (None, Step::Own)] {
        let policy = policy_with(vec![Entry { until_ms: until, ..entry(1, "name.example", Act::Block) }]);
        assert_eq!(decide(&ask(&host, &Found::NOTHING), &policy).step, step);
    }
}

#[test]
fn malware_stays_blocked_unless_an_entry_for_that_exact_host_says_despite_and_ends() {
    let despite = Entry {
        despite: CategorySet::of(&[Category::MALWARE]),
        until_ms: Some(NOW_MS + 1_000_000),
        ..entry(1, "name.example", Act::Allow)
    };
    let found_malware = found(&[Category::MALWARE]);
    let both = found(&[Category::MALWARE, Category::PHISHING]);
    for (name, found, own, act) in [
        ("name.example", &found_malware, despite.clone(), Act::Allow),
        ("www.name.example", &found_malware, despite.clone(), Act::Block),
        ("name.example", &both, despite.clone(), Act::Block),
        ("name.example", &found_malware, Entry { until_ms: None, ..despite.clone() }, Act::Block),
        ("name.example", &found_malware, entry(1, "name.example", Act::Allow), Act::Block),
    ] {
        let host = host(name);
        let verdict = decide(&ask(&host, found), &policy_with(vec![own]));
        assert_eq!((verdict.act, verdict.step), (act, Step::HarmfulCode), "{name}");
    }
}

#[test]
fn rshe_is_allowed_where_the_profile_has_it() {
    let (host, found, policy) = (host("name.example"), found(&[Category::RSHE, Category::ADULT]), policy_with(vec![]));
    for (groups, step) in [(&[PUPIL][..], Step::Rshe), (&[PRIMARY], Step::Category), (&[PUPIL, PRIMARY], Step::Category)] {
        let verdict = decide(&Ask { groups: groups.iter().copied().collect(), ..ask(&host, &found) }, &policy);
        assert_eq!(verdict.step, step, "{groups:?}");
    }
}

#[test]
fn a_pass_never_opens_what_is_locked_or_adult() {
    use Category as C;
    let host = host("name.example");
    for (category, by, expected) in [
        (C::GAMES, Grade::Teacher, Act::Allow),
        (C::SOCIAL_NETWORKING, Grade::Teacher, Act::Allow),
        (C::SELF_HARM, Grade::Teacher, Act::Block),
        (C::SELF_HARM, Grade::Lead, Act::Allow),
        (C::ADULT, Grade::Lead, Act::Block),
        (C::ILLEGAL_CSAM, Grade::Lead, Act::Block),
        (C::MALWARE, Grade::Lead, Act::Block),
    ] {
        let pass = Pass { id: 1, what: What::Host(host), grade: by };
        let found = found(&[category]);
        let verdict = decide(&Ask { pass: Some(&pass), ..ask(&host, &found) }, &policy_with(vec![]));
        assert_eq!(verdict.act, expected, "{category} by {by:?}");
    }
}

#[test]
fn a_lock_leaves_open_only_what_it_names() {
    let policy = policy_with(vec![]);
    let list = [host("exam.example")];
    let (exam, garden) = (Lock::Exam(&list), Lock::SignIn(&list));
    for (name, category, lock, act) in [
        ("paper.exam.example", None, exam, Act::Allow),
        ("paper.exam.example", Some(Category::MALWARE), exam, Act::Block),
        ("other.example", None, exam, Act::Block),
        ("other.example", Some(Category::PLATFORM), exam, Act::Allow),
        ("other.example", Some(Category::HELP), exam, Act::Block),
        ("other.example", Some(Category::EDUCATION), exam, Act::Block),
        ("other.example", Some(Category::HELP), Lock::Withdrawn, Act::Allow),
        ("other.example", Some(Category::PLATFORM), Lock::Withdrawn, Act::Allow),
        ("other.example", Some(Category::EDUCATION), Lock::Withdrawn, Act::Block),
        ("paper.exam.example", None, garden, Act::Allow),
        ("other.example", None, garden, Act::Block),
        ("other.example", Some(Category::PLATFORM), garden, Act::Allow),
        ("other.example", Some(Category::HELP), garden, Act::Allow),
        ("other.example", Some(Category::EDUCATION), garden, Act::Block),
    ] {
        let (host, found) = (host(name), found(category.as_slice()));
        let verdict = decide(&Ask { lock: Some(lock), ..ask(&host, &found) }, &policy);
        assert_eq!(verdict.act, act, "{name} {category:?} {lock:?}");
        assert_eq!(
            verdict.step == Step::Help,
            act == Act::Allow && category == Some(Category::HELP),
            "{name}: counted, and no more"
        );
    }
}

#[test]
fn a_watching_network_lets_through_all_but_locked_and_harmful_code_and_one_that_is_off_all_but_locked() {
    for (mode, acting) in [(Mode::Watch, &[Step::Locked, Step::HarmfulCode][..]), (Mode::Off, &[Step::Locked])] {
        for step in every_step().iter().filter(|s| s.blocks) {
            let own = step.own.clone().into_iter().collect();
            let (host, found) = (host("name.example"), found(step.category.as_slice()));
            let verdict = decide(&Ask { mode, lock: step.lock, ..ask(&host, &found) }, &policy_with(own));
            let acts = acting.contains(&step.step);
            let expected = if acts { (Act::Block, Action::Block) } else { (Act::Allow, Action::WouldBlock) };
            assert_eq!((verdict.act, verdict.action), expected, "{mode:?} {}", step.step);
        }
    }
}

#[test]
fn a_network_that_watches_or_is_off_holds_nobody_up_with_a_warning() {
    let policy = policy_with(vec![]);
    let (host, found) = (host("name.example"), found(&[Category::FORUMS]));
    for (mode, act) in [(Mode::Enforce, Act::Warn), (Mode::Watch, Act::Allow), (Mode::Off, Act::Allow)] {
        let verdict = decide(&Ask { mode, surface: Surface::Page, ..ask(&host, &found) }, &policy);
        assert_eq!((verdict.act, verdict.action), (act, Action::Warn), "{mode:?}");
    }
}

#[test]
fn a_chain_speaks_for_harm_always_and_for_categories_only_where_the_question_came_that_far() {
    use Category as C;
    let (question_host, chain) = (host("name.example"), host("cdn.example"));
    for (asked, own, behind, blocked) in [
        (None, None, C::MALWARE, true),
        (Some(C::EDUCATION), None, C::MALWARE, true),
        (Some(C::EDUCATION), None, C::GAMES, false),
        (None, None, C::GAMES, true),
        (Some(C::VIDEO), None, C::GAMES, true),
        (None, Some(entry(1, "name.example", Act::Allow)), C::GAMES, false),
        (None, Some(entry(1, "name.example", Act::Allow)), C::ILLEGAL_TERRORISM, true),
        (None, None, C::VIDEO, false),
    ] {
        let policy = policy_with(own.into_iter().collect());
        let (asked, behind) = (found(asked.as_slice()), found(&[behind]));
        let question = decide(&ask(&question_host, &asked), &policy);
        let verdict = decide_answer(&question, &ask(&chain, &behind), &policy);
        assert_eq!(verdict.is_some_and(|v| v.blocks()), blocked, "{asked:?} then {behind:?}");
    }
}

#[test]
fn a_verdict_says_which_entry_and_which_sources() {
    let mut found = Found::NOTHING;
    found.push(Match { categories: CategorySet::of(&[Category::VIDEO]), labels: 3, at: 0, kind: KindId(4) });
    found.push(Match { categories: CategorySet::of(&[Category::GAMES]), labels: 2, at: 0, kind: KindId(9) });
    let host = host("a.b.example");
    let verdict = decide(&ask(&host, &found), &policy_with(vec![]));
    assert_eq!(
        (verdict.category, verdict.kind, host.last_labels(verdict.labels)),
        (Some(Category::GAMES), Some(KindId(9)), "b.example")
    );
}

#[test]
fn the_same_ask_gets_the_same_verdict() {
    let (host, found, policy) = (host("name.example"), found(&[Category::GAMES]), policy_with(vec![]));
    assert_eq!(decide(&ask(&host, &found), &policy), decide(&ask(&host, &found), &policy));
}

#[test]
fn while_the_clock_is_not_set_a_cell_forbids_and_opens_nothing() {
    use Category as C;
    let policy = policy_with(vec![]);
    let mut strict = policy_with(vec![]);
    let cell = Cell { act: Act::Block, category: C::VIDEO, ..policy.timetable.cells()[0].clone() };
    strict.timetable = Timetable::new(vec![cell], SchoolDays::default());
    let host = host("name.example");
    // A machine without a clock of its own wakes in 1970, whatever the time of day it takes that for.
    let wrong = [Moment { unix_ms: 0, ..LUNCH }, Moment { unix_ms: crate::words::moment::BUILT_MS - 1, ..MORNING }];
    for (policy, category, act, moment, cell) in [
        (&policy, C::SOCIAL_NETWORKING, Act::Allow, LUNCH, true),
        (&policy, C::SOCIAL_NETWORKING, Act::Block, wrong[0], false),
        (&policy, C::SOCIAL_NETWORKING, Act::Block, wrong[1], false),
        (&strict, C::VIDEO, Act::Block, wrong[0], true),
        (&strict, C::VIDEO, Act::Block, wrong[1], true),
        (&strict, C::VIDEO, Act::Allow, MORNING, false),
    ] {
        let found = found(&[category]);
        let verdict = decide(&Ask { groups: Groups::one(SIXTH), moment, ..ask(&host, &found) }, policy);
        assert_eq!((verdict.act, verdict.cell.is_some()), (act, cell), "{category} at {}", moment.unix_ms);
    }
}
