use super::*;
use crate::people::roster::{At, Bound, Claim, Now, Roster, Teller};
use crate::words::{Known, PersonId};
use std::sync::Arc;

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn find(roster: &Roster, address: IpAddr) -> Option<crate::people::roster::Here> {
    roster.find(address).and_then(|_| roster.look_up(address))
}

fn hers() -> Mac {
    Mac::of([0x3c, 0x22, 0xfb, 0, 0, 7]).expect("a MAC")
}

/// A roster, and how often the kernel was asked. It knows whoever is at `::7` of a link, and takes its time.
fn roster(takes: Duration) -> (Roster, Arc<AtomicU64>) {
    let asked = Arc::new(AtomicU64::new(0));
    let count = asked.clone();
    let kernel = move |_, address: IpAddr| {
        count.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(takes);
        matches!(address, IpAddr::V6(v6) if v6.segments()[7] == 7).then(hers)
    };
    let link = |range: &str, interface| Link { range: range.parse().expect("a range"), interface };
    let links = vec![link("2001:db8:20::/64", 2), link("10.20.0.0/16", 2), link("fe80::/64", 2), link("fe80::/64", 3)];
    let roster = Roster::default();
    roster.ask_by(Ask::of(Box::new(kernel), links));
    (roster, asked)
}

#[test]
fn who_comes_with_an_address_just_made_up_is_asked_for_and_named_at_once() {
    let (roster, asked) = roster(Duration::ZERO);
    let now = Now::read();
    roster.change(now, |book| {
        book.bind(ip("10.20.1.7"), Teller::Neighbour, Bound { mac: hers(), by: 0, until_ms: None });
        book.claim(At::Address(ip("10.20.1.7")), Claim::sign_in(PersonId(1), Known::Portal, 1, now, 60_000));
    });
    let before = roster.generation();
    for address in ["2001:db8:20::7", "fe80::7"] {
        assert_eq!(roster.look_up(ip(address)), None, "nobody has told of it");
        let here = find(&roster, ip(address)).expect("the kernel has");
        assert_eq!((here.mac, here.sitting.map(|s| s.person)), (Some(hers()), Some(PersonId(1))), "{address}");
        assert_eq!(here.v4[0], Some([10, 20, 1, 7].into()), "{address}");
    }
    assert_ne!(roster.generation(), before, "whoever has kept that nobody is there looks again");
    // Once on the one link, and on both where it may be on either.
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    assert!(find(&roster, ip("2001:db8:20::7")).is_some() && find(&roster, ip("10.20.1.7")).is_some());
    assert_eq!(asked.load(Ordering::Relaxed), 3, "who is known is not asked for");
}

#[test]
fn a_flood_of_made_up_addresses_is_asked_for_so_often_and_no_more() {
    let (roster, asked) = roster(Duration::ZERO);
    let began = Instant::now();
    for n in 0..20_000 {
        find(&roster, std::net::Ipv6Addr::from_bits((0x2001_0db8_0020 << 80) | (n << 16)).into());
        find(&roster, ip("192.0.2.7"));
    }
    let seconds = began.elapsed().as_secs() + 2;
    let count = asked.load(Ordering::Relaxed);
    assert!(count <= MOST * seconds, "{count} in {seconds} s");
    assert!(roster.is_empty());
}

#[test]
fn who_is_not_known_is_left_alone_for_a_while_and_who_is_elsewhere_is_never_asked_for() {
    let asked = Ask::of(Box::new(|_, _| None), vec![Link { range: "10.20.0.0/16".parse().expect("a range"), interface: 2 }]);
    let (nobody, now) = (ip("10.20.1.1"), 5_000_000_000);
    assert!(asked.may(nobody, now));
    asked.nobody(nobody, now);
    assert!(!asked.may(nobody, now) && !asked.may(nobody, now + NOBODY_MS - 1));
    assert!(asked.may(ip("10.20.1.2"), now), "another one");
    assert!(asked.may(nobody, now + NOBODY_MS));
    assert!(asked.is_on_link(nobody) && !asked.is_on_link(ip("10.21.1.1")), "behind a router: no neighbour of ours");
    // By the second, whatever they are.
    let all = (0..1_000_u32).filter(|n| asked.may(IpAddr::V4((0x0a14_4000 + n).into()), now + 3_000)).count();
    assert_eq!(all as u64, MOST);
    assert!(asked.may(ip("10.20.7.7"), now + 4_000));
}

#[test]
fn a_slow_kernel_is_left_alone_and_nobody_waits_while_sources_speak() {
    let (roster, asked) = roster(SLOW * 2);
    assert!(find(&roster, ip("2001:db8:20::7")).is_some(), "it has answered");
    for n in 0..50 {
        find(&roster, ip(&format!("2001:db8:20::{n:x}:7")));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1, "within the second nothing more");

    let (roster, asked) = self::roster(Duration::ZERO);
    let began = Instant::now();
    let found = roster.change(Now::read(), |_| find(&roster, ip("2001:db8:20::7")));
    assert!(found.is_none() && began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert!(find(&roster, ip("2001:db8:20::7")).is_some(), "and afterwards it is asked");
}

#[test]
fn a_mac_of_a_router_is_not_asked_for_again_and_again() {
    let (roster, asked) = roster(Duration::ZERO);
    roster.change(Now::read(), |book| {
        for n in 0..6 {
            book.bind(IpAddr::from([10, 20, 9, n]), Teller::Neighbour, Bound { mac: hers(), by: 0, until_ms: None });
        }
    });
    for _ in 0..100 {
        assert!(find(&roster, ip("10.20.9.1")).is_none());
        assert!(find(&roster, ip("2001:db8:20::7")).is_none());
    }
    assert!(asked.load(Ordering::Relaxed) <= 3, "{asked:?}");
}

#[test]
fn devices_on_two_links_with_one_address_are_neither() {
    let kernel = |interface: u32, _| Mac::of([0x3c, 0x22, 0xfb, 0, 0, interface as u8]).ok();
    let link = |interface| Link { range: "fe80::/64".parse().expect("a range"), interface };
    let ask = Ask::of(Box::new(kernel), vec![link(2), link(3)]);
    assert_eq!(ask.mac(ip("fe80::7"), 0), None);
}

/// In a place without netlink nothing is asked; where there is one, the loopback's addresses are on no link.
#[test]
fn of_this_machine_itself_nobody_is_asked() {
    let Ok(ask) = Ask::open() else { return };
    assert!(!ask.is_on_link(ip("127.0.0.1")) && !ask.is_on_link(ip("::1")));
}
