use super::*;
use crate::policy::{Act, Action, Group, Profile, Step, Verdict};
use crate::words::CategorySet;

const OFF: Safe = Safe { search: false, youtube: Youtube::Off };

fn policy(groups: &[(Safe, Option<u8>)]) -> Policy {
    let profile = |safe| Profile {
        name: "a profile".into(),
        block: CategorySet::EMPTY,
        warn: CategorySet::EMPTY,
        rshe: true,
        warn_unseen: Act::Block,
        otherwise: Act::Allow,
        pupils: true,
        safe,
        phrase_limit: None,
        downloads: Default::default(),
    };
    let group = |(i, (_, priority)): (usize, &(Safe, Option<u8>))| Group {
        name: "a group".into(),
        profile: ProfileId(i as u16),
        priority: *priority,
    };
    Policy {
        profiles: groups.iter().map(|(safe, _)| profile(*safe)).collect(),
        groups: groups.iter().enumerate().map(group).collect(),
        ..Policy::default()
    }
}

/// What everybody in the first three groups gets.
fn said(name: &str, groups: &[(Safe, Option<u8>)]) -> Option<Rewrite> {
    rewrite(&host(name), &(0..3).map(GroupId).collect(), &policy(groups))
}

fn host(text: &str) -> Host {
    Host::parse(text).expect("a host")
}

#[test]
fn each_profile_has_its_own_and_youtube_is_apart_from_search() {
    let moderate = Safe { search: false, youtube: Youtube::Moderate };
    let search = Safe { search: true, youtube: Youtube::Off };
    for (safe, name, target) in [
        (Safe::STRICTEST, "www.google.co.uk", Some("forcesafesearch.google.com")),
        (Safe::STRICTEST, "www.bing.com", Some("strict.bing.com")),
        (Safe::STRICTEST, "duckduckgo.com", Some("safe.duckduckgo.com")),
        (Safe::STRICTEST, "m.youtube.com", Some("restrict.youtube.com")),
        (Safe::STRICTEST, "mail.google.com", None),
        (Safe::STRICTEST, "a.www.google.com", None),
        (moderate, "www.youtube.com", Some("restrictmoderate.youtube.com")),
        (moderate, "www.google.com", None),
        (search, "www.youtube.com", None),
        (search, "www.google.com", Some("forcesafesearch.google.com")),
        (OFF, "www.google.com", None),
    ] {
        let said = said(name, &[(safe, None)]);
        assert_eq!(said.map(|r| r.target), target, "{safe}: {name}");
        assert_eq!(said.map(|r| r.host()), target.map(host));
    }
}

#[test]
fn over_the_groups_that_count_the_strictest_wins() {
    let moderate = Safe { search: true, youtube: Youtube::Moderate };
    for (groups, name, expected) in [
        (vec![(OFF, None), (moderate, None), (Safe::STRICTEST, None)], "www.youtube.com", Some(("restrict.youtube.com", 2))),
        (vec![(OFF, None), (moderate, None)], "www.youtube.com", Some(("restrictmoderate.youtube.com", 1))),
        (vec![(moderate, None), (Safe::STRICTEST, None)], "www.google.com", Some(("forcesafesearch.google.com", 0))),
        (vec![(OFF, Some(1)), (Safe::STRICTEST, None)], "www.google.com", None),
        (vec![(OFF, Some(1)), (moderate, Some(2))], "www.google.com", Some(("forcesafesearch.google.com", 1))),
    ] {
        let rewrite = said(name, &groups);
        assert_eq!(rewrite.map(|r| (r.target, r.group.0)), expected, "{groups:?}: {name}");
    }
}

#[test]
fn the_log_says_rewrite_but_keeps_a_warning() {
    assert_eq!(Verdict::allow(Step::Default).rewritten().action, Action::Rewrite);
    let warned = Verdict { action: Action::Warn, ..Verdict::allow(Step::Category) };
    assert_eq!(warned.rewritten(), warned);
}
