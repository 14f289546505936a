use super::*;
use crate::gate::school::{School, WARNED};
use crate::lists::private::Privates;
use crate::net::ca::{Authority, made};
use crate::net::inspection::Inspection;

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
