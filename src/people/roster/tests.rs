use super::*;
use crate::words::{Confidence, Known, Mac};
use proptest::prelude::*;

fn now(second: u64) -> Now {
    Now { unix_ms: 1_795_000_000_000 + second as i64 * 1000, boot_ms: second * 1000 }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn mac(last: u8) -> Mac {
    Mac::of([0x3c, 0x22, 0xfb, 0, 0, last]).expect("a MAC")
}

fn heard(last: u8) -> Bound {
    Bound { mac: mac(last), by: 0, until_ms: None }
}

struct Stand {
    roster: Roster,
    second: u64,
}

impl Stand {
    fn new() -> Self {
        Self { roster: Roster::default(), second: 100 }
    }

    fn wait(&mut self, seconds: u64) {
        self.second += seconds;
        self.roster.sweep(now(self.second));
    }

    fn is_at(&self, address: &str, device: u8) {
        self.roster.change(now(self.second), |book| book.bind(ip(address), Teller::Neighbour, heard(device)));
    }

    fn sign_in(&self, at: At, person: u32, known: Known, lasts_s: u64) {
        let now = now(self.second);
        let claim = Claim::sign_in(PersonId(person), known, u64::from(person), now, lasts_s * 1000);
        self.roster.change(now, |book| book.claim(at, claim));
    }

    fn at(&self, address: &str, person: u32, known: Known, lasts_s: u64) {
        self.sign_in(At::Address(ip(address)), person, known, lasts_s);
    }

    fn out(&self, address: &str, person: u32, known: Known) {
        self.roster.change(now(self.second), |book| book.end(At::Address(ip(address)), known, Some(u64::from(person))));
    }

    fn who(&self, address: &str) -> Option<(u32, Known, Confidence)> {
        let sitting = self.roster.look_up(ip(address))?.sitting?;
        Some((sitting.person.0, sitting.known, sitting.sure))
    }
}

#[test]
fn a_claim_ends_by_its_source_and_by_its_time() {
    let mut stand = Stand::new();
    stand.at("10.0.0.1", 1, Known::Portal, 60);
    stand.at("10.0.0.2", 2, Known::Portal, 60);
    assert_eq!(stand.who("10.0.0.1"), Some((1, Known::Portal, Confidence::Medium)));
    stand.out("10.0.0.1", 1, Known::Portal);
    stand.out("10.0.0.2", 3, Known::Portal);
    assert_eq!(stand.who("10.0.0.1"), None);
    stand.wait(59);
    assert!(stand.who("10.0.0.2").is_some(), "the end of another session is not its end");
    stand.wait(1);
    assert_eq!(stand.who("10.0.0.2"), None);
    assert!(stand.roster.is_empty(), "and nothing is left of it");
    assert_eq!(stand.roster.sweep(now(stand.second)), None);
}

#[test]
fn the_next_end_is_told_so_that_nobody_is_named_longer() {
    let stand = Stand::new();
    stand.at("10.0.0.1", 1, Known::Portal, 60);
    stand.at("10.0.0.2", 2, Known::Portal, 30);
    assert_eq!(stand.roster.sweep(now(100)), Some(130_000));
    assert_eq!(stand.roster.sweep(now(130)), Some(160_000));
}

#[test]
fn who_signed_in_goes_along_with_the_device_and_not_with_the_address() {
    let mut stand = Stand::new();
    stand.is_at("10.0.0.1", 1);
    stand.is_at("2001:db8::1", 1);
    stand.at("10.0.0.1", 1, Known::Portal, 3600);
    assert_eq!(stand.who("2001:db8::1").map(|w| w.0), Some(1), "the other family");
    stand.wait(300);
    // It sleeps, wakes with another address, and makes up a private one.
    stand.roster.change(now(stand.second), |book| {
        book.unbind(ip("10.0.0.1"), Teller::Neighbour);
        book.unbind(ip("2001:db8::1"), Teller::Neighbour);
    });
    assert_eq!(stand.who("10.0.0.1"), None);
    stand.is_at("10.0.0.9", 1);
    stand.is_at("2001:db8::abcd", 1);
    assert_eq!((stand.who("10.0.0.9").map(|w| w.0), stand.who("2001:db8::abcd").map(|w| w.0)), (Some(1), Some(1)));
    // Its old address is another device's.
    stand.is_at("10.0.0.1", 2);
    assert_eq!(stand.who("10.0.0.1"), None);
    assert_eq!(stand.roster.look_up(ip("10.0.0.1")).and_then(|h| h.mac), Some(mac(2)));
}

#[test]
fn what_was_claimed_before_the_device_was_known_is_its_own_only_if_it_came_at_once() {
    for (later, expected) in [(5, Some(1)), (60, None)] {
        let mut stand = Stand::new();
        stand.at("10.0.0.1", 1, Known::Portal, 3600);
        stand.wait(later);
        stand.is_at("10.0.0.1", 7);
        assert_eq!(stand.who("10.0.0.1").map(|w| w.0), expected, "{later} s");
        stand.is_at("2001:db8::7", 7);
        assert_eq!(stand.who("2001:db8::7").map(|w| w.0), expected, "{later} s");
    }
}

#[test]
fn trust_then_freshness_and_low_confidence_where_two_disagree() {
    use Known::{Kerberos, Portal, Radius, Session};
    type Step = (u64, u32, Known);
    type Case = (&'static str, &'static [Step], (u32, Known, Confidence));
    let cases: &[Case] = &[
        ("the more trusted of two that agree", &[(0, 1, Session), (9, 1, Radius), (9, 1, Portal)], (1, Radius, Confidence::High)),
        ("the later of two alike", &[(0, 1, Portal), (9, 2, Portal)], (2, Portal, Confidence::Medium)),
        ("the more trusted, if it is later", &[(0, 1, Portal), (9, 2, Kerberos)], (2, Kerberos, Confidence::High)),
        (
            "a later one that is trusted less is somebody, and nobody is sure",
            &[(0, 1, Radius), (9, 2, Session)],
            (2, Session, Confidence::Low),
        ),
        ("the earlier is heard of again", &[(0, 1, Session), (9, 2, Session), (9, 1, Session)], (2, Session, Confidence::Low)),
    ];
    for (what, steps, expected) in cases {
        let mut stand = Stand::new();
        for (wait, person, known) in *steps {
            stand.wait(*wait);
            stand.at("10.0.0.1", *person, *known, 3600);
        }
        assert_eq!(stand.who("10.0.0.1"), Some(*expected), "{what}");
    }
}

#[test]
fn many_at_once_are_a_machine_of_many_and_nobody_is_named() {
    let mut stand = Stand::new();
    for person in 1..=CROWD as u32 {
        stand.at("10.0.0.1", person, Known::Session, 600);
        stand.wait(60);
    }
    let here = stand.roster.look_up(ip("10.0.0.1")).expect("known");
    assert!(here.sitting.is_none());
    assert_eq!(stand.roster.crowded(), [(ip("10.0.0.1"), Crowd::SignedIn)]);
    // One after the other is a laptop of a trolley.
    for person in 1..=9 {
        stand.at("10.0.0.2", person, Known::Session, 600);
        stand.wait(60);
        assert_eq!(stand.who("10.0.0.2").map(|w| w.0), Some(person));
        stand.out("10.0.0.2", person, Known::Session);
    }
    stand.wait(600);
    assert!(stand.roster.crowded().is_empty());
}

#[test]
fn a_mac_with_many_addresses_is_a_router_and_carries_nobody_over() {
    let stand = Stand::new();
    for last in 1..=MANY_V4 {
        stand.is_at(&format!("10.0.0.{last}"), 9);
    }
    assert!(stand.roster.look_up(ip("10.0.0.1")).is_some_and(|h| h.mac.is_some()));
    stand.is_at("10.0.0.99", 9);
    stand.at("10.0.0.1", 1, Known::Portal, 600);
    assert_eq!(stand.who("10.0.0.1").map(|w| w.0), Some(1));
    for last in [2, 3, 99] {
        assert_eq!(stand.roster.look_up(ip(&format!("10.0.0.{last}"))), None);
    }
}

#[test]
fn the_kernel_is_believed_before_radius_and_that_before_a_lease() {
    let stand = Stand::new();
    let address = ip("10.0.0.1");
    let tell = |teller, device: u8| stand.roster.change(now(100), |book| book.bind(address, teller, heard(device)));
    let is = || stand.roster.look_up(address).and_then(|h| h.mac);
    for (teller, device) in [(Teller::Lease, 1), (Teller::Radius, 2), (Teller::Neighbour, 3)] {
        tell(teller, device);
        assert_eq!(is(), Some(mac(device)));
    }
    tell(Teller::Lease, 4);
    for (teller, device) in [(Teller::Neighbour, 2), (Teller::Radius, 4)] {
        stand.roster.change(now(100), |book| book.unbind(address, teller));
        assert_eq!(is(), Some(mac(device)));
    }
}

#[test]
fn what_a_file_says_no_more_is_over_and_what_another_says_is_not() {
    let stand = Stand::new();
    let tell = |by, all: &[(&str, u8)]| {
        let all: Vec<_> = all.iter().map(|(a, device)| (ip(a), heard(*device))).collect();
        stand.roster.change(now(100), |book| book.tell(Teller::Lease, by, all));
    };
    tell(0, &[("10.0.0.1", 1), ("10.0.0.2", 2)]);
    tell(1, &[("10.0.0.3", 3)]);
    tell(0, &[("10.0.0.2", 2)]);
    let known = |a| stand.roster.look_up(ip(a)).is_some();
    assert!(!known("10.0.0.1") && known("10.0.0.2") && known("10.0.0.3"));
}

#[test]
fn a_user_is_known_by_the_names_systems_call_them() {
    let roster = Roster::default();
    roster.know([("J.Smith", PersonId(7)), ("a@b", PersonId(8))].into_iter(), [("Laptop-5", DeviceId(3))].into_iter());
    for name in ["j.smith", "J.SMITH", "SCHOOL\\j.smith", "j.smith@school.example", " j.smith "] {
        assert_eq!(roster.account(name), Some(PersonId(7)), "{name}");
    }
    assert_eq!(roster.account("a@b"), Some(PersonId(8)));
    for nobody in ["", "smith", "host/pc1.school.example", "\\", "@", &"j".repeat(300)] {
        assert_eq!(roster.account(nobody), None, "{nobody}");
    }
    assert_eq!(roster.device_called("LAPTOP-5.school.example"), Some(DeviceId(3)));
    assert_eq!(roster.device_called("laptop-50"), None);
}

#[test]
fn the_generation_turns_with_every_change_and_with_no_repeat() {
    let stand = Stand::new();
    let mut before = stand.roster.generation();
    let mut turned = || std::mem::replace(&mut before, stand.roster.generation()) != stand.roster.generation();
    stand.is_at("10.0.0.1", 1);
    assert!(turned());
    stand.is_at("10.0.0.1", 1);
    assert!(!turned(), "the kernel says so every fifteen seconds");
    stand.at("10.0.0.1", 1, Known::Portal, 60);
    assert!(turned());
}

#[derive(Debug, Clone)]
enum Deed {
    Bind(u8, u8, u8, Option<u64>),
    Unbind(u8, u8),
    Claim(bool, u8, u8, u32, u64),
    End(u8, u32),
    Wait(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (0..6u8, 0..3u8, 0..4u8, proptest::option::of(1..90u64)).prop_map(|(a, t, m, u)| Deed::Bind(a, t, m, u)),
        (0..6u8, 0..3u8).prop_map(|(a, t)| Deed::Unbind(a, t)),
        (any::<bool>(), 0..6u8, 4..9u8, 1..5u32, 1..90u64).prop_map(|(mac, a, k, p, l)| Deed::Claim(mac, a, k, p, l)),
        (0..6u8, 1..5u32).prop_map(|(a, p)| Deed::End(a, p)),
        (1..40u64).prop_map(Deed::Wait),
    ]
}

proptest! {
    /// Whatever is said in whatever order: nobody is named after the last of their claims has ended, what readers see is what
    /// follows from the book, and at the end of everything nothing is left.
    #[test]
    fn nobody_is_named_longer_than_somebody_said(deeds in proptest::collection::vec(deed(), 0..60)) {
        let mut stand = Stand::new();
        let mut last_end = [0u64; 8];
        let tellers = [Teller::Lease, Teller::Radius, Teller::Neighbour];
        let address = |a: u8| if a < 4 { format!("10.0.0.{a}") } else { format!("2001:db8::{a}") };
        for deed in deeds {
            let at = now(stand.second);
            match deed {
                Deed::Bind(a, t, m, until) => {
                    let bound = Bound { mac: mac(m), by: 0, until_ms: until.map(|u| at.boot_ms + u * 1000) };
                    stand.roster.change(at, |book| book.bind(ip(&address(a)), tellers[usize::from(t)], bound));
                }
                Deed::Unbind(a, t) => stand.roster.change(at, |book| book.unbind(ip(&address(a)), tellers[usize::from(t)])),
                Deed::Claim(by_mac, a, k, p, lasts) => {
                    let place = if by_mac { At::Mac(mac(a % 4)) } else { At::Address(ip(&address(a))) };
                    stand.sign_in(place, p, Known::from_u8(k).expect("a sign-in"), lasts);
                    last_end[p as usize] = last_end[p as usize].max(at.boot_ms + lasts * 1000);
                }
                Deed::End(a, p) => stand.roster.change(at, |book| {
                    book.end(At::Address(ip(&address(a))), Known::Portal, Some(u64::from(p)));
                }),
                Deed::Wait(seconds) => stand.wait(seconds),
            }
            for a in 0..6 {
                if let Some((person, ..)) = stand.who(&address(a)) {
                    prop_assert!(last_end[person as usize] > stand.second * 1000);
                }
            }
        }
        stand.wait(100);
        for a in 0..6 {
            stand.roster.change(now(stand.second), |book| tellers.into_iter().for_each(|t| book.unbind(ip(&address(a)), t)));
        }
        stand.wait(1);
        prop_assert!(stand.roster.is_empty());
        prop_assert!(stand.roster.book.lock().expect("nobody panicked").is_empty());
    }
}
