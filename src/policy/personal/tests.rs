//! Of any two people at one network, at any two times: if they would be told different things, it goes by the person.

use super::*;
use crate::lists::{KindId, Match};
use crate::policy::*;
use crate::words::{ClientAddr, Confidence, Day, Grade, Known, Moment, Network, Who};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const CATEGORIES: &[Category] = &[
    Category::ILLEGAL_CSAM,
    Category::PLATFORM,
    Category::HELP,
    Category::RSHE,
    Category::MALWARE,
    Category::EDUCATION,
    Category::GAMES,
    Category::GAMES,
    Category::VIDEO,
    Category::ADULT,
];
const HOSTS: &[&str] = &["a.name.example", "name.example", "example", "www.google.com", "www.youtube.com", "google.com"];
const NOON: u16 = 12 * 60;
const NOW_MS: i64 = crate::words::moment::BUILT_MS;

/// Now and then of a clock that is not set.
fn when() -> impl Strategy<Value = i64> {
    prop_oneof![5 => NOW_MS..NOW_MS + 100, 1 => 0..100i64]
}

fn host(name: &str) -> Host {
    Host::parse(name).expect("a host")
}

fn some(categories: &'static [Category]) -> impl Strategy<Value = CategorySet> {
    subsequence(categories, 0..3).prop_map(|some| CategorySet::of(&some))
}

fn act() -> impl Strategy<Value = Act> {
    select(vec![Act::Allow, Act::Warn, Act::Block])
}

fn profile() -> impl Strategy<Value = Profile> {
    let unseen = prop_oneof![Just(Act::Allow), Just(Act::Block)];
    let safe = (any::<bool>(), select(vec![Youtube::Off, Youtube::Moderate, Youtube::Strict]));
    let of = |(block, warn, rshe, warn_unseen, rest, (search, youtube)): (_, _, _, _, u8, _)| Profile {
        name: "a profile".into(),
        block,
        warn,
        rshe,
        warn_unseen,
        otherwise: if rest == 0 { Act::Block } else { Act::Allow },
        pupils: true,
        safe: Safe { search, youtube },
        phrase_limit: None,
        downloads: Default::default(),
    };
    (some(CATEGORIES), some(CATEGORIES), any::<bool>(), unseen, 0..8u8, safe).prop_map(of)
}

fn entry() -> impl Strategy<Value = Entry> {
    let group = proptest::option::of((0..4u16).prop_map(GroupId));
    let of = |(name, block, group, firm, despite, until_ms): (&str, bool, _, _, bool, _)| Entry {
        id: 1,
        host: host(name),
        act: if block { Act::Block } else { Act::Allow },
        group,
        firm,
        despite: if despite { CategorySet::HARMFUL_CODE } else { CategorySet::EMPTY },
        until_ms,
        reason: String::new(),
    };
    (select(HOSTS), any::<bool>(), group, any::<bool>(), any::<bool>(), proptest::option::of(NOW_MS..NOW_MS + 100)).prop_map(of)
}

fn opened() -> impl Strategy<Value = Opened> {
    let of = |(name, categories, group): (Option<&str>, _, _)| Opened {
        pass: Pass { id: 1, what: name.map_or(What::Categories(categories), |n| What::Host(host(n))), grade: Grade::Lead },
        whom: Whom::Group(GroupId(group)),
        from_ms: NOW_MS + 20,
        until_ms: NOW_MS + 60,
        by: String::new(),
        reason: String::new(),
    };
    (proptest::option::of(select(HOSTS)), some(CATEGORIES), 0..4u16).prop_map(of)
}

fn cell() -> impl Strategy<Value = Cell> {
    let group = proptest::option::of((0..4u16).prop_map(GroupId));
    let of = |(category, act, group)| Cell {
        name: String::new(),
        category,
        act,
        group,
        days: Days::Any,
        times: vec![Times { days: 0x7f, from: NOON, until: 24 * 60 }],
    };
    (select(&[Category::GAMES, Category::VIDEO][..]), act(), group).prop_map(of)
}

fn exam() -> impl Strategy<Value = Exam> {
    let of = |(group, name)| Exam {
        id: 1,
        whom: Whom::Group(GroupId(group)),
        from_ms: NOW_MS + 20,
        until_ms: NOW_MS + 60,
        allow: vec![host(name)],
        by: String::new(),
        reason: String::new(),
    };
    (0..4u16, select(HOSTS)).prop_map(of)
}

/// Few of each, and often of the same profile: so that much of it is the same to all.
fn policy() -> impl Strategy<Value = Policy> {
    let groups = vec((0..2u16, proptest::option::weighted(0.2, 0..3u8)), 4);
    let rest =
        (vec(cell(), 0..2), vec(entry(), 0..3), vec(opened(), 0..2), any::<bool>(), proptest::option::weighted(0.2, exam()));
    (vec(profile(), 2), groups, rest).prop_map(|(profiles, groups, (cells, entries, passes, watch, exams))| Policy {
        profiles,
        groups: groups
            .into_iter()
            .map(|(profile, priority)| Group { name: String::new(), profile: ProfileId(profile), priority })
            .collect(),
        networks: vec![NetworkRule {
            name: String::new(),
            ranges: vec![Network::parse("10.0.0.0/8").expect("a network")],
            group: GroupId(0),
            mode: if watch { Mode::Watch } else { Mode::Enforce },
            written: Mode::Enforce,
            keep_ech: false,
            only_resolved: false,
            when_down: crate::policy::WhenDown::Closed,
            garden: None,
        }],
        timetable: Timetable::new(cells, SchoolDays::default()),
        own: OwnEntries::new(entries),
        passes: Passes::new(passes),
        exams: Exams::new(exams),
    })
}

/// What somebody of these groups is told of a host: what is done, and what it is answered as.
fn told(policy: &Policy, host: &Host, found: &Found, groups: Groups, moment: Moment) -> (Act, Option<&'static str>) {
    let mode = policy.networks[0].mode;
    let who = Who {
        client: ClientAddr::new([10, 0, 0, 1].into()),
        network: NetworkId(0),
        device: None,
        person: None,
        groups,
        known: Known::Network,
        sure: Confidence::Group,
        since: None,
        mac: None,
    };
    let pass = policy.passes.speaking((host, ""), found.categories(), &who, moment.unix_ms).next().map(|o| &o.pass);
    let lock = policy.exams.holding(&who, || [None; 2], moment.unix_ms).map(|exam| Lock::Exam(&exam.allow));
    let ask = Ask { host, found, groups, moment, surface: Surface::NoPage, mode, lock, pass };
    let target = rewrite(host, &groups, policy).filter(|_| mode == Mode::Enforce).map(|rewrite| rewrite.target);
    (decide(&ask, policy).act, target)
}

fn found(categories: CategorySet) -> Found {
    let mut found = Found::NOTHING;
    if !categories.is_empty() {
        found.push(Match { categories, labels: 2, at: 0, kind: KindId(0) });
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn what_differs_between_two_people_or_two_times_is_personal(
        policy in policy(),
        name in select(HOSTS),
        categories in some(CATEGORIES),
        people in vec((subsequence(vec![0u16, 1, 2], 1..3), when(), 0..2u16), 8),
    ) {
        let (host, found) = (host(name), found(categories));
        // Nobody is in the last group: what is said of it alone is said of nobody.
        let personal = Personal::of(&policy, NetworkId(0), [0, 1, 2].map(GroupId).into_iter());
        let said = people.into_iter().map(|(groups, unix_ms, noon)| {
            let moment = Moment { unix_ms, day: Day(0), minute_of_week: noon * NOON };
            told(&policy, &host, &found, groups.into_iter().map(GroupId).collect(), moment)
        });
        let said: Vec<_> = said.collect();
        if said.iter().any(|one| one != &said[0]) {
            prop_assert!(personal.concerns(&host, &found, &policy), "{:?}", said);
        }
    }
}

/// The school as it ships: pupils, and staff who may more.
fn school() -> Policy {
    let profile = |block: &[Category], safe| Profile {
        name: String::new(),
        block: CategorySet::of(block),
        warn: CategorySet::EMPTY,
        rshe: true,
        warn_unseen: Act::Block,
        otherwise: Act::Allow,
        pupils: true,
        safe,
        phrase_limit: None,
        downloads: Default::default(),
    };
    let group = |profile| Group { name: String::new(), profile: ProfileId(profile), priority: None };
    let off = Safe { search: true, youtube: Youtube::Off };
    Policy {
        profiles: vec![
            profile(&[Category::ADULT, Category::GAMES], Safe::STRICTEST),
            profile(&[Category::ADULT], off),
            Profile { otherwise: Act::Block, ..profile(&[], Safe::STRICTEST) },
        ],
        groups: vec![group(0), group(1), group(2)],
        networks: [0, 2]
            .map(|g| NetworkRule {
                name: String::new(),
                ranges: Vec::new(),
                group: GroupId(g),
                mode: Mode::Enforce,
                written: Mode::Enforce,
                keep_ech: false,
                only_resolved: false,
                when_down: crate::policy::WhenDown::Closed,
                garden: None,
            })
            .into(),
        ..Policy::default()
    }
}

#[test]
fn what_is_the_same_to_all_keeps_its_time() {
    let mut policy = school();
    policy.profiles.iter_mut().for_each(|profile| profile.warn = CategorySet::of(&[Category::SHOPPING]));
    let entry = |name: &str, group| Entry {
        id: 1,
        host: host(name),
        act: Act::Allow,
        group,
        firm: false,
        despite: CategorySet::EMPTY,
        until_ms: None,
        reason: String::new(),
    };
    policy.own = OwnEntries::new([entry("for-all.example", None), entry("for-staff.example", Some(GroupId(1)))]);
    let at = |network, name: &str, categories: &[Category]| {
        let staff = [GroupId(1)].into_iter();
        Personal::of(&policy, NetworkId(network), staff).concerns(&host(name), &found(CategorySet::of(categories)), &policy)
    };
    for (name, categories, personal) in [
        ("open.example", &[][..], false),
        ("adult.example", &[Category::ADULT], false),
        ("games.example", &[Category::GAMES], true),
        ("games.example", &[Category::GAMES, Category::PLATFORM], false),
        ("games.example", &[Category::GAMES, Category::EDUCATION], false),
        ("games.example", &[Category::GAMES, Category::RSHE], false),
        ("news.example", &[Category::VIDEO], false),
        // Everybody is warned; who went on is let through.
        ("shop.example", &[Category::SHOPPING], true),
        ("a.for-all.example", &[Category::GAMES], false),
        ("a.for-staff.example", &[], true),
        ("www.google.com", &[], false),
        ("www.youtube.com", &[], true),
        ("www.youtube.com", &[Category::PLATFORM], true),
    ] {
        assert_eq!(at(0, name, categories), personal, "{name} {categories:?}");
    }
    // Where printers are, what is on no list is the teacher's alone.
    assert!(at(1, "open.example", &[]));
}
