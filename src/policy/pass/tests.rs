use super::*;
use crate::words::{ClientAddr, Confidence, Groups, Known};

fn who(group: u16, person: Option<u32>) -> Who {
    Who {
        client: ClientAddr::new([10, 20, 5, 7].into()),
        network: NetworkId(3),
        device: None,
        person: person.map(PersonId),
        groups: Groups::one(GroupId(group)),
        known: Known::Network,
        sure: Confidence::Group,
        since: None,
        mac: None,
    }
}

fn opened(id: u16, whom: Whom, what: What, grade: Grade) -> Opened {
    let (by, reason) = ("t.jones".into(), "a lesson".into());
    Opened { pass: Pass { id, what, grade }, whom, from_ms: 100, until_ms: 200, by, reason }
}

fn host(name: &str) -> Host {
    Host::parse(name).expect("a host")
}

#[test]
fn a_pass_is_for_its_group_and_for_its_time() {
    let host = host("www.video.example");
    let of = |id, group, categories: &[Category], grade| {
        opened(id, Whom::Group(GroupId(group)), What::Categories(CategorySet::of(categories)), grade)
    };
    let passes = Passes::new([
        of(1, 0, &[Category::ADULT], Grade::Lead),
        of(2, 0, &[Category::VIDEO], Grade::Teacher),
        of(3, 1, &[Category::VIDEO], Grade::Teacher),
    ]);
    let open = |categories: &[Category], group, now| {
        passes.speaking((&host, ""), CategorySet::of(categories), &who(group, None), now).next().map(|o| o.pass.id)
    };
    assert_eq!(open(&[Category::VIDEO], 0, 100), Some(2));
    assert_eq!(open(&[Category::VIDEO], 1, 199), Some(3));
    for (categories, group, now) in [
        (&[Category::VIDEO][..], 0, 200),
        (&[Category::VIDEO], 0, 99),
        (&[Category::VIDEO], 2, 150),
        (&[Category::GAMES], 0, 150),
        (&[Category::ADULT], 0, 150),
        (&[Category::VIDEO, Category::SELF_HARM], 0, 150),
    ] {
        assert_eq!(open(categories, group, now), None, "{categories:?} {group} {now}");
    }
}

#[test]
fn a_pass_is_for_whom_it_names_and_nobody_else() {
    let range = Network::parse("10.20.5.0/24").expect("a range");
    let other = Network::parse("10.20.6.0/24").expect("a range");
    for (whom, ours, another) in [
        (Whom::Group(GroupId(1)), who(1, None), who(2, None)),
        (Whom::Persons([PersonId(7), PersonId(9)].into()), who(1, Some(9)), who(1, Some(8))),
        (Whom::Persons([PersonId(7)].into()), who(1, Some(7)), who(1, None)),
        (Whom::Network(NetworkId(3)), who(1, None), Who { network: NetworkId(2), ..who(1, None) }),
    ] {
        assert!(whom.holds(&ours) && !whom.holds(&another), "{whom:?}");
    }
    assert!(Whom::Room([other, range].into()).holds(&who(1, None)) && !Whom::Room([other].into()).holds(&who(1, None)));
}

#[test]
fn a_page_is_itself_and_what_is_below_and_its_host_where_no_path_is_seen() {
    let page = |path: &str| Pass { id: 1, what: What::Page(host("www.lesson.example"), path.into()), grade: Grade::Teacher };
    for (written, path, opens) in [
        ("/rivers", "/rivers", true),
        ("/rivers", "/rivers/nile", true),
        ("/rivers", "/rivers?page=2", true),
        ("/rivers", "/riversides", false),
        ("/rivers", "/", false),
        ("/rivers", "", true),
        ("/rivers/", "/rivers/nile", true),
        ("/w?v=1", "/w?v=1", true),
        ("/w?v=1", "/w?v=1&t=9", true),
        ("/w?v=1", "/w?v=12", false),
        ("/rivers", "/rivers/../games", false),
        ("/rivers", "/rivers/%2E%2e/games", false),
        ("/rivers", "/rivers/..%2fgames", false),
        ("/rivers", "/rivers\\..\\games", false),
        ("/rivers", "/rivers/nile.html?from=/../", true),
    ] {
        let said = page(written).opens(&host("www.lesson.example"), path, CategorySet::EMPTY);
        assert_eq!(said, opens, "{written}: {path}");
        assert!(!page(written).opens(&host("lesson.example"), path, CategorySet::EMPTY));
        assert!(!page(written).opens(&host("a.www.lesson.example"), path, CategorySet::EMPTY));
    }
    assert!(!page("/rivers").opens(&host("www.lesson.example"), "/rivers", CategorySet::of(&[Category::ADULT])));
}
