use super::*;
use crate::gate::school::{School, WARNED};
use crate::lists::private::Privates;
use crate::net::ca::{Authority, made};
use crate::net::inspection::Inspection;
use crate::policy::{Entry, Opened, Pass, Passes, Video, What, Whom};
use crate::words::Grade;

fn explained(school: &School, what: &str) -> Explanation {
    let question = Question { what: what.into(), ..Question::default() };
    explain(&question, &school.gate.snapshot(), &school.gate.clock).expect("an answer")
}

/// From now on HTTPS of the first network is looked into, but for `bank.example`.
fn looks_inside(school: &School) {
    let now = school.gate.clock.unix_ms().div_euclid(1000);
    let made = made::made("Hill School", now).expect("made");
    let authority = Authority::read(made.certificate.as_bytes(), made.key.as_bytes()).expect("read");
    let privates = Privates::read("[banking]\nbank.example\n").expect("no fault");
    let (trust, carried) = (made.certificate.clone(), (made.certificate, false));
    let inspection = Inspection::new(Arc::new(authority), privates, Some(trust.as_bytes()), vec![], carried).expect("it works");
    let mut next = Snapshot::clone(&school.gate.snapshot());
    next.inspection = Some(Ok(Arc::new(inspection)));
    next.config.inside.networks = vec![NetworkId(0)];
    school.gate.swap(next);
}

#[test]
fn a_warning_is_explained_by_whether_a_page_can_be_shown() {
    let school = School::with(WARNED);
    let host_only = "HTTPS that is not looked into";
    for (what, act, words) in [
        ("http://adult.example/x", "warn", "is shown a page from which a person may go on"),
        ("http://adult.example", "warn", "is shown a page from which a person may go on"),
        ("adult.example", "warn", "it is done as `warn_unseen` says: block"),
        ("https://adult.example/x", "warn", "it is done as `warn_unseen` says: block"),
    ] {
        let said = explained(&school, what);
        assert_eq!(said.action, act, "{what}");
        assert!(said.because.contains(words), "{what}: {}", said.because);
        assert_eq!(said.because.contains(host_only), what.starts_with("http://"), "{what}: {}", said.because);
    }
    looks_inside(&school);
    let said = explained(&school, "https://adult.example/x");
    assert!(said.because.contains("is shown a page from which a person may go on"), "{}", said.because);
}

#[test]
fn a_pass_for_a_video_takes_restricted_mode_off_only_where_the_video_is_seen() {
    let school = School::with("");
    let mut next = Snapshot::clone(&school.gate.snapshot());
    let video = Video::of(&Url::parse("https://youtu.be/dQw4w9WgXcQ").expect("a URL")).expect("a video");
    let (now, whom) = (school.gate.clock.unix_ms(), Whom::Network(NetworkId(0)));
    let pass = Pass { id: 1, what: What::Video(video), grade: Grade::Teacher };
    let (by, reason) = ("t.jones".into(), "rivers".into());
    next.config.policy.passes = Passes::new([Opened { pass, whom, from_ms: now - 1000, until_ms: now + 600_000, by, reason }]);
    school.gate.swap(next);
    let of = |what: &str| {
        let said = explained(&school, what);
        (said.step, said.answered_as)
    };
    let restricted = |answered_as: Option<String>| answered_as.is_some_and(|host| host.starts_with("restrict"));
    let (step, answered_as) = of("www.youtube.com");
    assert!(step == "default" && restricted(answered_as), "{step}");
    looks_inside(&school);
    assert_eq!(of("https://www.youtube.com/watch?v=dQw4w9WgXcQ"), ("pass".into(), None));
    let (step, answered_as) = of("https://www.youtube.com/watch?v=another");
    assert!(step != "pass" && restricted(answered_as), "{step}");
}

#[test]
fn a_pass_for_a_page_opens_nothing_where_nobody_sees_which_page_it_is() {
    let school = School::with("");
    let mut next = Snapshot::clone(&school.gate.snapshot());
    let host = Host::parse("quiz.example").expect("a host");
    let (by, reason): (String, String) = ("t.jones".into(), "rivers".into());
    let entry = Entry {
        id: 1,
        host,
        act: Act::Block,
        group: None,
        firm: false,
        despite: crate::words::CategorySet::EMPTY,
        until_ms: None,
        reason: "a game".into(),
    };
    next.config.policy.own = next.config.policy.own.with([entry]);
    let (now, whom) = (school.gate.clock.unix_ms(), Whom::Network(NetworkId(0)));
    let pass = Pass { id: 1, what: What::Page(host, "/rivers".into()), grade: Grade::Teacher };
    next.config.policy.passes = Passes::new([Opened { pass, whom, from_ms: now - 1000, until_ms: now + 600_000, by, reason }]);
    school.gate.swap(next);
    let unseen = "but only where the page is seen, and here it is not: HTTPS to it is not looked into (no-authority)";
    for (what, step, says) in [
        ("http://quiz.example/rivers/nile", "pass", false),
        ("http://quiz.example/games", "own", false),
        ("https://quiz.example/rivers", "own", true),
        ("https://quiz.example/games", "own", false),
        ("quiz.example", "own", true),
    ] {
        let said = explained(&school, what);
        assert_eq!((said.step.as_str(), said.because.contains(unseen)), (step, says), "{what}: {}", said.because);
    }
    looks_inside(&school);
    for (what, step) in [("https://quiz.example/rivers", "pass"), ("https://quiz.example/games", "own"), ("quiz.example", "pass")]
    {
        let said = explained(&school, what);
        assert!(said.step == step && !said.because.contains("is not looked into"), "{what}: {}", said.because);
    }
}

#[test]
fn a_file_is_explained_by_its_name_where_a_door_would_see_it() {
    let school = School::with("");
    for (what, kind) in [
        ("http://page.example/x/setup.exe?v=1", Some("`programs`")),
        ("http://page.example/x/tool%2eHTA", Some("`scripts`")),
        ("http://page.example/disk.dmg", Some("`disk-images`")),
        ("http://page.example/essay.docx", None),
        ("http://page.example/view?file=setup.exe", None),
        ("https://page.example/setup.exe", None),
        ("page.example", None),
    ] {
        let said = explained(&school, what);
        let expected = if kind.is_some() { ("block", "download") } else { ("allow", "default") };
        assert_eq!((said.action.as_str(), said.step.as_str()), expected, "{what}: {}", said.because);
        assert!(kind.is_none_or(|kind| said.because.contains(kind)), "{what}: {}", said.because);
    }
    let said = explained(&school, "http://page.example/setup.exe");
    assert_eq!(said.to_change.as_deref(), Some("schoolgate allow page.example --reason '…'"));
    looks_inside(&school);
    assert_eq!(explained(&school, "https://page.example/setup.exe").step, "download");
    assert_eq!(explained(&school, "https://www.bank.example/setup.exe").step, "default");
    let staff = Question { what: "http://page.example/setup.exe".into(), who: Some("127.9.0.1".into()), ..Question::default() };
    let said = explain(&staff, &school.gate.snapshot(), &school.gate.clock).expect("an answer");
    assert_eq!(said.action, "allow", "staff install programs");
}

#[test]
fn an_https_address_is_explained_whole_where_it_is_looked_into() {
    let school = School::with("");
    let page = "https://shared.example/locked/page";
    let said = explained(&school, page);
    assert_eq!((said.action.as_str(), said.looked_into.as_deref()), ("allow", Some("no-authority")));
    assert_eq!(explained(&school, "http://shared.example/locked/page").looked_into, None);
    looks_inside(&school);
    let said = explained(&school, page);
    assert_eq!((said.action.as_str(), said.step.as_str(), said.looked_into.as_deref()), ("block", "locked", Some("yes")));
    let said = explained(&school, "https://www.bank.example/account");
    assert_eq!((said.action.as_str(), said.looked_into.as_deref()), ("allow", Some("banking")));
}
