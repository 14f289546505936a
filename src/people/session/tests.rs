use super::*;
use crate::words::{Confidence, Network};

const MINUTE: u64 = 60_000;

fn now(minute: u64) -> Now {
    Now { unix_ms: 1_795_000_000_000 + (minute * MINUTE) as i64, boot_ms: 1_000_000 + minute * MINUTE }
}

fn client(text: &str) -> ClientAddr {
    ClientAddr::new(text.parse().expect("an address"))
}

fn a_system(name: &str, token: &str) -> System {
    let token = digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("32 octets");
    let from = vec![Network::parse("10.20.0.0/16").expect("a network")];
    System { name: name.into(), token, from, for_others: false, in_clear: false, lasts_ms: 15 * MINUTE }
}

fn roster() -> Roster {
    let roster = Roster::default();
    roster.know([("ann", PersonId(1)), ("ben", PersonId(2))].into_iter(), std::iter::empty());
    roster
}

fn said(roster: &Roster, system: &System, from: &str, json: &str, minute: u64) -> Result<bool, Refused> {
    roster.sweep(now(minute));
    take(system, json.as_bytes(), client(from), roster, now(minute)).map(|heard| heard.known)
}

fn at(roster: &Roster, address: &str) -> Option<(u32, Confidence, i64)> {
    let sitting = roster.look_up(address.parse().expect("an address"))?.sitting?;
    assert_eq!(sitting.known, Known::Session);
    Some((sitting.person.0, sitting.sure, sitting.since.expect("told").ms()))
}

#[test]
fn only_the_token_from_its_own_addresses_and_not_in_the_clear() {
    let (roster, mut systems) = (roster(), vec![a_system("a", "one"), a_system("b", "two")]);
    let of = |systems: &[System], token, from, private| {
        system(systems, token, client(from), private, &roster.session).map(|s| s.name.clone())
    };
    assert_eq!(of(&systems, Some("two"), "10.20.1.1", true), Ok("b".into()));
    for (token, from) in [(None, "10.20.1.1"), (Some("three"), "10.20.1.1"), (Some(""), "10.20.1.1"), (Some("one"), "10.30.1.1")]
    {
        assert_eq!(of(&systems, token, from, true), Err(Refused::Token), "{token:?} {from}");
    }
    assert_eq!(of(&systems, Some("one"), "10.20.1.1", false), Err(Refused::Clear));
    systems[0].in_clear = true;
    assert_eq!(of(&systems, Some("one"), "10.20.1.1", false), Ok("a".into()));
    assert_eq!(roster.session.refused.load(Relaxed), 5);
}

#[test]
fn three_pupils_of_a_shared_laptop_and_none_of_them_stays() {
    let (roster, system) = (roster(), a_system("script", "t"));
    let laptop = "10.20.1.50";
    let say = |event: &str, user: &str, minute| {
        said(&roster, &system, laptop, &format!(r#"{{"event":"{event}","user":"{user}"}}"#), minute)
    };
    assert_eq!(say("sign-in", "SCHOOL\\\\Ann", 0), Ok(true));
    for minute in [5, 10, 15, 20] {
        assert_eq!(say("heartbeat", "ann", minute), Ok(true));
        assert_eq!(at(&roster, laptop), Some((1, Confidence::Medium, now(0).unix_ms)), "since she signed in");
    }
    assert_eq!(say("sign-out", "ann", 22), Ok(true));
    assert_eq!(at(&roster, laptop), None);
    assert_eq!(say("sign-in", "ben", 25), Ok(true));
    assert_eq!(at(&roster, laptop).map(|w| w.0), Some(2));
    // He closes the lid.
    roster.sweep(now(39));
    assert!(at(&roster, laptop).is_some());
    roster.sweep(now(40));
    assert_eq!(at(&roster, laptop), None);
    // A name that the register does not know is nobody's, and ends nobody.
    assert_eq!(say("sign-in", "ann", 41), Ok(true));
    assert_eq!(say("sign-in", "visitor", 42), Ok(false));
    assert_eq!(at(&roster, laptop).map(|w| w.0), Some(1));
    // Who comes back to a screen of somebody else's is there now; the other's script goes on for a while.
    assert_eq!(say("sign-in", "ben", 43), Ok(true));
    assert_eq!(at(&roster, laptop).map(|w| (w.0, w.1)), Some((2, Confidence::Medium)));
    assert_eq!(say("heartbeat", "ann", 44), Ok(true));
    assert_eq!(at(&roster, laptop).map(|w| (w.0, w.1)), Some((2, Confidence::Low)), "two say so: nobody is sure");
    assert_eq!(say("sign-in", "ann", 45), Ok(true));
    assert_eq!(at(&roster, laptop).map(|w| w.0), Some(1));
}

#[test]
fn of_other_devices_only_who_may() {
    let (roster, mut system) = (roster(), a_system("server", "t"));
    let other = r#"{"event":"sign-in","user":"ann","address":"10.20.9.9"}"#;
    let by_mac = r#"{"event":"sign-in","user":"ben","mac":"3C-22-FB-00-00-05"}"#;
    let own = r#"{"event":"sign-in","user":"ann","address":"10.20.1.1"}"#;
    for refused in [other, by_mac] {
        assert_eq!(said(&roster, &system, "10.20.1.1", refused, 0), Err(Refused::Others));
    }
    assert!(roster.is_empty());
    assert_eq!(said(&roster, &system, "10.20.1.1", own, 0), Ok(true));
    system.for_others = true;
    for taken in [other, by_mac] {
        assert_eq!(said(&roster, &system, "10.20.1.1", taken, 0), Ok(true));
    }
    assert_eq!(at(&roster, "10.20.9.9").map(|w| w.0), Some(1));
    let bound = crate::people::roster::Bound { mac: Mac::parse("3c:22:fb:00:00:05").expect("a MAC"), by: 0, until_ms: None };
    roster.change(now(0), |book| book.bind([10, 20, 9, 10].into(), crate::people::roster::Teller::Neighbour, bound));
    assert_eq!(at(&roster, "10.20.9.10").map(|w| w.0), Some(2));
}

#[test]
fn what_is_not_understood_is_refused() {
    let (roster, system) = (roster(), a_system("s", "t"));
    let long = format!(r#"{{"event":"sign-in","user":"{}"}}"#, "a".repeat(MAX_MESSAGE));
    for bad in [
        "",
        "{}",
        "[]",
        r#"{"event":"sign-in"}"#,
        r#"{"event":"sign-up","user":"ann"}"#,
        r#"{"event":"sign-in","user":"ann","address":"nowhere"}"#,
        r#"{"event":"sign-in","user":"ann","address":"0.0.0.0"}"#,
        r#"{"event":"sign-in","user":"ann","mac":"ff:ff:ff:ff:ff:ff"}"#,
        r#"{"event":"sign-in","user":"ann","role":"staff"}"#,
        &long,
    ] {
        assert_eq!(said(&roster, &system, "10.20.1.1", bad, 0), Err(Refused::Message), "{bad}");
    }
    assert!(roster.is_empty());
}
