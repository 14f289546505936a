use super::*;
use crate::gate::school;
use crate::policy::{Act, Group, Policy, Profile, ProfileId, Safe};
use crate::words::{CategorySet, ClientAddr, Confidence, GroupId, Groups, Known, NetworkId, PersonId};

fn page(category: Option<&str>) -> BlockPage {
    BlockPage {
        school: "St Mary's <Primary> & Nursery".into(),
        whom_to_see: "your teacher \"Mr. <b>\"".into(),
        reference: Reference::parse("7K3M-0Q2F").expect("a reference"),
        category: category.map(str::to_owned),
        concern: None,
        reader: Reader::default(),
        words: Language::English.words(),
        held: None,
    }
}

/// What a reader gets, without the style sheet.
fn body(html: &str) -> String {
    let (before, rest) = html.split_once("<style>").expect("a style element");
    let (_, after) = rest.split_once("</style>").expect("its end");
    format!("{before}<style></style>{after}")
}

#[test]
fn the_page_for_a_pupil_is_this_one() {
    assert_eq!(
        body(&page(None).html()),
        include_str!("pupil.html"),
        "if this is how it should be: pages_to_look_at writes golden.html"
    );
}

#[test]
fn a_member_of_staff_sees_what_it_was_taken_for() {
    let (pupil, staff) = (page(None).html(), page(Some("Social <networking>")).html());
    assert!(staff.contains("Social &#60;networking&#62;"));
    assert!(!pupil.contains("Listed as"));
}

#[test]
fn where_the_school_is_told_of_a_worry_is_a_link_if_there_is_one() {
    let with = BlockPage { concern: Some("https://school.example/worried?a=1&b=2".into()), ..page(None) }.html();
    assert!(with.contains("href=\"https://school.example/worried?a=1&#38;b=2\">Worried about something? Tell the school</a>"));
    assert!(!page(None).html().contains("Worried about something"));
}

#[test]
fn every_page_has_the_help_numbers_and_no_script() {
    let notice = super::super::Notice { school: "S", heading: "<h>", lines: &["<p>"], detail: "<d>" };
    for html in [page(None).html(), notice.html()] {
        for number in ["0800 1111", "116 123", "85258", "ceop.police.uk", "999"] {
            assert!(html.contains(number), "{number}");
        }
        let body = body(&html);
        for never in ["<script", "<img", "javascript:", " style=", " on", "<h>", "<p><p>", "<d>", "<Primary>"] {
            assert!(!body.contains(never) || never == " on" && !body.contains(" on="), "{never}");
        }
        assert!(html.starts_with("<!doctype html>") && html.contains("<html lang=\"en-GB\">"));
    }
}

fn config() -> Config {
    let profile = |name: &str, pupils| Profile {
        name: name.into(),
        block: CategorySet::EMPTY,
        warn: CategorySet::EMPTY,
        rshe: true,
        warn_unseen: Act::Block,
        otherwise: Act::Allow,
        pupils,
        safe: Safe::STRICTEST,
        phrase_limit: None,
        downloads: Default::default(),
    };
    let group = |name: &str, profile| Group { name: name.into(), profile: ProfileId(profile), priority: None };
    let policy = Policy {
        profiles: vec![profile("secondary", true), profile("staff", false)],
        groups: vec![group("year 9", 0), group("staff", 1), group("governors", 1)],
        ..Policy::default()
    };
    Config { policy, ..school::config("") }
}

#[test]
fn only_those_who_are_staff_in_all_their_groups_learn_the_category() {
    for (groups, staff) in
        [(&[1][..], true), (&[1, 2], true), (&[0], false), (&[0, 1], false), (&[], false), (&[9], false), (&[1, 9], false)]
    {
        let who = Who {
            client: ClientAddr::new([10, 0, 0, 9].into()),
            network: NetworkId(0),
            device: None,
            person: Some(PersonId(1)),
            groups: groups.iter().map(|&id| GroupId(id)).collect::<Groups>(),
            known: Known::Address,
            sure: Confidence::High,
            since: None,
            mac: None,
        };
        assert_eq!(is_for_staff(&who, &config()), staff, "{groups:?}");
    }
    assert_eq!(title(Category::GAMBLING, &config()), "Gambling");
}

/// Not a test of anything: writes the pages where a person can look at them.
#[test]
#[ignore = "writes files for a person to look at"]
fn pages_to_look_at() {
    let folder = std::env::temp_dir().join("schoolgate-pages");
    std::fs::create_dir_all(&folder).expect("a folder");
    let notice = super::super::Notice {
        school: "Hill Primary School",
        heading: "The page did not answer",
        lines: &["It is slow or switched off. Nothing is blocked. Try again later."],
        detail: "www.example.com did not answer in time",
    };
    let block = |category: Option<&str>| {
        BlockPage { school: "Hill Primary School".into(), whom_to_see: "your teacher".into(), ..page(category) }.html()
    };
    for (name, html) in [("pupil", block(None)), ("staff", block(Some("Social networking"))), ("notice", notice.html())] {
        std::fs::write(folder.join(format!("{name}.html")), html).expect("a file");
    }
    std::fs::write(folder.join("golden.html"), body(&page(None).html())).expect("a file");
}
