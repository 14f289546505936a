//! Search engines, answered as their safe hosts.

use super::*;

pub(super) fn alias(message: &Parsed) -> (Option<String>, Vec<IpAddr>, u32) {
    let name = message.answers.iter().find_map(|r| match &r.data {
        RData::CNAME(name) => Some(name.to_string()),
        _ => None,
    });
    let ttl = message.answers.iter().chain(&message.authorities).map(|r| r.ttl).max();
    (name, addresses(message), ttl.unwrap_or(0))
}

#[tokio::test]
async fn a_search_engine_is_answered_as_its_safe_host_with_the_addresses_of_that() {
    let school = school("");
    for (name, kind, target, address) in [
        ("www.google.com", rr::A, Some("forcesafesearch.google.com."), Some(SAFE)),
        ("WWW.Google.CO.UK", rr::A, Some("forcesafesearch.google.com."), Some(SAFE)),
        ("google.de", rr::AAAA, Some("forcesafesearch.google.com."), None),
        ("www.youtube.com", rr::A, Some("restrict.youtube.com."), Some(SAFE)),
        ("www.bing.com", rr::CNAME, Some("strict.bing.com."), None),
        ("www.bing.com", rr::ANY, Some("strict.bing.com."), None),
        ("www.google.com", rr::HTTPS, None, None),
        ("www.google.com", rr::SVCB, None, None),
        ("mail.google.com", rr::A, None, Some(A)),
        ("a.www.google.com", rr::A, None, Some(A)),
    ] {
        let said = school.ask(PUPIL, name, kind).await;
        assert_eq!(said.metadata.response_code, ResponseCode::NoError, "{name} {kind}");
        let (alias, addresses, ttl) = alias(&said);
        assert_eq!(alias.as_deref(), target, "{name} {kind}");
        assert_eq!(addresses, address.map(IpAddr::from).into_iter().collect::<Vec<_>>(), "{name} {kind}");
        assert_eq!(said.queries[0].name().to_string(), format!("{name}."), "in the client's case");
        let rewritten = target.is_some() || kind != rr::A;
        assert_eq!(ttl <= 15, rewritten, "{name} {kind}: {ttl}");
        let events = school.events();
        let event = events.last().expect("an event");
        assert_eq!(event.action, if rewritten { Action::Rewrite } else { Action::Allow }, "{name} {kind}");
        assert_eq!(event.host, name.to_lowercase());
    }
    // What no safe mode is about is asked as it is.
    assert_eq!(school.ask(PUPIL, "google.com", rr::MX).await.metadata.response_code, ResponseCode::NoError);
    assert_eq!(school.events().last().map(|e| e.action), Some(Action::Allow));
    assert_eq!(school.stub.asked(), 6, "A of two safe hosts, AAAA of one, and what was asked as it is");
}

#[tokio::test]
async fn what_is_blocked_stays_so_and_the_safe_host_is_judged_like_any_name_behind() {
    let school = school("");
    let said = school.ask(PUPIL, "duckduckgo.com", rr::A).await;
    assert_eq!(extended_error(&said), Some((17, "Gambling".to_owned())), "the safe host leads to a blocked one");
    let silent = school.ask(PUPIL, "pixabay.com", rr::A).await;
    assert_eq!(silent.metadata.response_code, ResponseCode::ServFail, "never the usual host in its place");
    let block = "[[entry]]\nhost = \"bing.com\"\naction = \"block\"\nreason = \"a test\"\n\
                 [[entry]]\nhost = \"www.google.com\"\naction = \"allow\"\nreason = \"a test\"";
    let own = self::school(block);
    assert_eq!(own.ask(PUPIL, "www.bing.com", rr::A).await.metadata.response_code, ResponseCode::NXDomain);
    let allowed = own.ask(PUPIL, "www.google.com", rr::A).await;
    assert_eq!(alias(&allowed).0.as_deref(), Some("forcesafesearch.google.com."), "an entry does not switch safe search off");
    let steps: Vec<_> = own.events().iter().map(|e| (e.action, e.step)).collect();
    assert_eq!(steps, [(Action::Block, Step::Own), (Action::Rewrite, Step::Own)]);
}

#[tokio::test]
async fn a_profile_and_a_network_that_watches_leave_search_alone() {
    let school = school("");
    let watched = school.ask(WATCHED, "www.google.com", rr::A).await;
    assert_eq!((alias(&watched).0, addresses(&watched)), (None, vec![IpAddr::from(A)]));
    assert_eq!(school.events().last().map(|e| e.action), Some(Action::Allow));
    let school = self::school(
        "[profile.free]\npupils = true\nsafe_search = false\nyoutube = \"moderate\"\n\
                               [[network]]\nname = \"free\"\nranges = [\"127.7.0.0/16\"]\nprofile = \"free\"",
    );
    assert_eq!(alias(&school.ask([127, 7, 0, 1], "www.google.com", rr::A).await).0, None);
    let said = school.ask([127, 7, 0, 1], "m.youtube.com", rr::A).await;
    assert_eq!(alias(&said).0.as_deref(), Some("restrictmoderate.youtube.com."));
}
