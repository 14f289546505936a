use super::*;
use crate::people::roster::{At, Bound, Claim, Now, Teller};
use crate::words::{Confidence, Known, Since};

const MACS: [(&str, &str); 5] = [
    ("10.20.1.50", "3c:22:fb:00:00:03"),
    ("10.20.1.51", "3e:22:fb:00:00:04"),
    ("10.20.1.2", "3c:22:fb:00:00:99"),
    ("10.20.1.1", "3c:22:fb:00:00:03"),
    ("10.20.1.53", "3c:22:fb:00:00:05"),
];

const NOW: Now = Now { unix_ms: 1_795_000_000_000, boot_ms: 1_000_000 };

fn bound(mac: &str) -> Bound {
    Bound { mac: Mac::parse(mac).expect("a MAC"), by: 0, until_ms: None }
}

fn stamp() -> Stamp {
    Stamp { at_ms: 1_000, by: "it".into() }
}

fn person(id: u32, withdrawn: bool) -> Person {
    Person {
        id: PersonId(id),
        key: format!("p{id}"),
        name: format!("Person {id}"),
        role: PersonRole::Pupil,
        year: Some(7),
        groups: vec![],
        granted: stamp(),
        details: Default::default(),
        source: Default::default(),
        held: false,
        withdrawn: withdrawn.then(stamp),
    }
}

fn device(id: u32, person: Option<u32>) -> Device {
    let name = format!("d{id}");
    Device { id: DeviceId(id), name, person: person.map(PersonId), address: None, mac: None, network: None, retired: None }
}

fn at(address: &str, device: Device) -> Device {
    Device { address: Some(address.parse().expect("an address")), ..device }
}

fn with(mac: &str, device: Device) -> Device {
    Device { mac: Some(Mac::parse(mac).expect("a MAC")), ..device }
}

fn on(network: &str, device: Device) -> Device {
    Device { network: Some(Network::parse(network).expect("a network")), ..device }
}

fn register() -> Register {
    let persons = vec![person(1, false), person(2, false), person(3, false), person(4, false), person(5, true)];
    let devices = vec![
        at("10.20.1.1", device(1, Some(1))),
        with("3c:22:fb:00:00:02", at("10.20.1.2", device(2, Some(2)))),
        with("3c:22:fb:00:00:03", device(3, Some(3))),
        with("3e:22:fb:00:00:04", device(4, Some(4))),
        with("3c:22:fb:00:00:05", at("10.20.1.5", device(5, Some(5)))),
        on("10.30.0.0/16", device(6, None)),
        on("10.30.7.0/24", device(7, None)),
        at("10.20.1.8", device(8, None)),
        Device { retired: Some(stamp()), ..at("10.20.1.9", device(9, Some(1))) },
        at("2001:db8::10", device(10, Some(1))),
    ];
    let roster = Arc::new(Roster::default());
    roster.change(NOW, |book| {
        for (address, mac) in MACS {
            book.bind(address.parse().expect("an address"), Teller::Neighbour, bound(mac));
        }
    });
    let register = Register::new(persons, devices, 1).expect("no clash").with_roster(roster);
    register.tell_roster();
    register
}

#[test]
fn an_address_says_who_is_there_how_known_and_how_sure() {
    let register = register();
    type Seen = (u32, Option<u32>, Known, Confidence, bool);
    let of = |address: &str| register.sighting(ClientAddr::new(address.parse().expect("an address")));
    let cases: &[(&str, &str, Option<Seen>)] = &[
        ("a fixed IPv6 address", "2001:db8::10", Some((10, Some(1), Known::Address, Confidence::Medium, false))),
        ("a bound MAC", "10.20.1.50", Some((3, Some(3), Known::Mac, Confidence::Medium, false))),
        ("a bound MAC the device made up", "10.20.1.51", Some((4, Some(4), Known::Mac, Confidence::Low, true))),
        (
            "a MAC speaks before the fixed address of another",
            "10.20.1.1",
            Some((3, Some(3), Known::Mac, Confidence::Medium, false)),
        ),
        ("a fixed address with a foreign MAC behind it", "10.20.1.2", None),
        (
            "the device of someone withdrawn, by address",
            "10.20.1.5",
            Some((5, Some(5), Known::Address, Confidence::Medium, false)),
        ),
        ("the device of someone withdrawn, by MAC", "10.20.1.53", Some((5, Some(5), Known::Mac, Confidence::Medium, false))),
        ("a trolley's network", "10.30.1.1", Some((6, None, Known::Network, Confidence::Group, false))),
        ("the longest network", "10.30.7.1", Some((7, None, Known::Network, Confidence::Group, false))),
        ("a device that is nobody's", "10.20.1.8", Some((8, None, Known::Address, Confidence::Group, false))),
        ("a retired device", "10.20.1.9", None),
        ("a device the register does not know", "10.20.1.200", None),
        ("an IPv4-mapped address", "::ffff:10.20.1.50", Some((3, Some(3), Known::Mac, Confidence::Medium, false))),
    ];
    for (what, address, expected) in cases {
        let (mac, seen) = of(address);
        let randomised = mac.is_some_and(Mac::is_randomised);
        let seen = seen.map(|s| (s.device.expect("a device").0, s.person.map(|p| p.0), s.known, s.sure, randomised));
        assert_eq!(&seen, expected, "{what}");
    }
}

#[test]
fn without_a_neighbour_table_a_fixed_address_still_speaks() {
    let register = register().with_roster(Arc::default());
    let person = |a: &str| register.sighting(ClientAddr::new(a.parse().expect("an address"))).1.and_then(|s| s.person);
    assert_eq!(person("10.20.1.1"), Some(PersonId(1)));
    assert_eq!(person("10.20.1.2"), Some(PersonId(2)));
    assert_eq!(person("10.20.1.50"), None);
}

#[test]
fn someone_withdrawn_is_still_found_by_id() {
    let register = register();
    assert!(register.person(PersonId(5)).is_some_and(Person::is_withdrawn));
    assert_eq!(register.persons().count(), 5);
    assert_eq!(register.present().count(), 4);
    assert_eq!(register.device(DeviceId(9)).map(|d| d.name.as_str()), Some("d9"));
    assert_eq!(register.person(PersonId(6)), None);
}

#[test]
fn an_empty_register_sights_nobody() {
    let register = Register::empty();
    assert_eq!(register.sighting(ClientAddr::new([10, 0, 0, 1].into())).1, None);
    assert_eq!(register.persons().count(), 0);
}

#[test]
fn what_two_devices_claim_is_refused_with_both_names() {
    let people = || vec![person(1, false), person(2, false)];
    for (one, other, text) in [
        (
            at("10.0.0.1", device(1, Some(1))),
            at("::ffff:10.0.0.1", device(2, Some(2))),
            "the address ::ffff:10.0.0.1 belongs to the devices `d1` and `d2`; one of them must go",
        ),
        (
            with("3c:22:fb:00:00:01", device(1, Some(1))),
            with("3c-22-fb-00-00-01", device(2, None)),
            "the MAC 3c:22:fb:00:00:01 belongs to the devices `d1` and `d2`; one of them must go",
        ),
        (
            on("10.0.0.0/24", device(1, None)),
            on("10.0.0.0/24", device(2, None)),
            "the network 10.0.0.0/24 belongs to the devices `d1` and `d2`; one of them must go",
        ),
        (
            at("10.0.0.1", device(1, Some(1))),
            at("10.0.0.2", device(2, Some(3))),
            "the device `d2` belongs to person number 3, whom the register does not hold",
        ),
    ] {
        assert_eq!(Register::new(people(), vec![one, other], 0).map(|_| ()).map_err(|c| c.to_string()), Err(text.to_owned()));
    }
    let twice = Register::new(vec![person(1, false), Person { id: PersonId(2), ..person(1, false) }], vec![], 0);
    assert_eq!(twice.map(|_| ()), Err(Clash::DoubledKey { key: "p1".into() }));
}

#[test]
fn a_retired_device_leaves_its_address_to_another() {
    let retired = Device { retired: Some(stamp()), ..at("10.0.0.1", device(1, Some(1))) };
    let register = Register::new(vec![person(1, false), person(2, false)], vec![retired, at("10.0.0.1", device(2, Some(2)))], 0);
    let seen = register.expect("no clash").sighting(ClientAddr::new([10, 0, 0, 1].into()));
    assert_eq!(seen.1.and_then(|s| s.device), Some(DeviceId(2)));
}

#[test]
fn who_signed_in_is_there_for_as_long_as_they_are_and_then_whoever_the_device_is_given_to() {
    let register = register();
    let roster = register.roster().clone();
    let seen = |address: &str| {
        let (_, seen) = register.sighting(ClientAddr::new(address.parse().expect("an address")));
        seen.map(|s| (s.device.map(|d| d.0), s.person.map(|p| p.0), s.known, s.since.map(Since::seconds)))
    };
    let at = |address: &str| At::Address(address.parse().expect("an address"));
    let (now_s, given) = (1_795_000_000, Some((Some(3), Some(3), Known::Mac, Some(1_795_000_000))));
    assert_eq!(seen("10.20.1.50"), given);
    for (address, device) in [("10.20.1.50", Some(3)), ("10.20.1.8", Some(8)), ("10.20.1.200", None), ("10.30.7.1", Some(7))] {
        let claim = Claim::sign_in(PersonId(2), Known::Portal, 1, NOW, 60_000);
        roster.change(NOW, |book| book.claim(at(address), claim));
        assert_eq!(seen(address), Some((device, Some(2), Known::Portal, Some(now_s))), "{address}");
        roster.change(NOW, |book| book.end(at(address), Known::Portal, None));
    }
    assert_eq!((seen("10.20.1.50"), seen("10.20.1.200")), (given, None));
    // Whoever was withdrawn is told so wherever they sign in; whom the register does not hold is nobody.
    let sign_in = |person| {
        roster.change(NOW, |book| book.claim(at("10.20.1.50"), Claim::sign_in(PersonId(person), Known::Radius, 1, NOW, 60_000)))
    };
    sign_in(5);
    assert_eq!(seen("10.20.1.50"), Some((Some(3), Some(5), Known::Radius, Some(now_s))));
    sign_in(77);
    assert_eq!(seen("10.20.1.50"), given);
    assert_eq!(roster.account("SCHOOL\\P5"), Some(PersonId(5)));
}

#[test]
fn a_device_known_by_its_ipv4_address_is_itself_on_addresses_it_makes_up() {
    let register = register();
    let private = "2001:db8::7a1b:22ff:fe00:1";
    let person = || register.sighting(ClientAddr::new(private.parse().expect("an address"))).1.and_then(|s| s.person);
    let is_at = |address: &str, mac: &str| {
        let address = address.parse().expect("an address");
        register.roster().change(NOW, |book| book.bind(address, Teller::Neighbour, bound(mac)));
    };
    is_at("10.20.1.2", "3c:22:fb:00:00:02");
    assert_eq!(person(), None);
    is_at(private, "3c:22:fb:00:00:02");
    assert_eq!(person(), Some(PersonId(2)));
    is_at("10.20.1.1", "3c:22:fb:00:00:77");
    is_at("2001:db8::78", "3c:22:fb:00:00:77");
    let of_first = register.sighting(ClientAddr::new("2001:db8::78".parse().expect("an address"))).1;
    assert_eq!(of_first.and_then(|s| s.person), Some(PersonId(1)), "by its fixed address alone");
}

/// Whoever was told last has it worked out beforehand; whoever was not, or not yet, says the same.
#[test]
fn what_was_worked_out_beforehand_is_what_is_worked_out_now_by_each_register_of_its_own() {
    let (told, roster) = (register(), Arc::new(Roster::default()));
    let told = told.with_roster(roster.clone());
    // The same people; every device is the next person's.
    let next = |id: Option<PersonId>| id.map(|id| PersonId(id.0 % 4 + 1));
    let devices: Vec<_> = told.devices().map(|d| Device { person: next(d.person), ..d.clone() }).collect();
    let other = Register::new(told.persons().cloned().collect(), devices, 2).expect("a register").with_roster(roster.clone());
    let addresses = MACS.map(|(address, _)| address).into_iter().chain(["10.20.1.8", "10.20.1.200", "10.30.7.1", "2001:db8::7"]);
    let addresses: Vec<IpAddr> = addresses.map(|a| a.parse().expect("an address")).collect();
    let all = |register: &Register| -> Vec<_> { addresses.iter().map(|a| register.sighting(ClientAddr::new(*a))).collect() };
    let bind = |address: &str, mac: &str| {
        roster.change(NOW, |book| book.bind(address.parse().expect("an address"), Teller::Neighbour, bound(mac)));
    };
    MACS.iter().for_each(|(address, mac)| bind(address, mac));
    bind("2001:db8::7", "3c:22:fb:00:00:05");
    let (of_told, of_other) = (all(&told), all(&other));
    assert_ne!(of_told, of_other);
    for register in [&told, &other, &told] {
        register.tell_roster();
        assert_eq!((all(&told), all(&other)), (of_told.clone(), of_other.clone()));
        let lies_there = roster.find(addresses[0]).expect("known");
        assert!(
            [&told, &other].map(|r| lies_there.is_seen_by(r.seats.stamp())) == [&told, &other].map(|r| std::ptr::eq(r, register))
        );
        // What becomes known afterwards is worked out with what was told.
        bind("10.20.1.200", "3c:22:fb:00:00:03");
        let client = ClientAddr::new("10.20.1.200".parse().expect("an address"));
        assert_eq!(told.sighting(client).1.and_then(|s| s.person), Some(PersonId(3)));
        assert_eq!(other.sighting(client).1.and_then(|s| s.person), Some(PersonId(4)));
        roster.change(NOW, |book| book.unbind("10.20.1.200".parse().expect("an address"), Teller::Neighbour));
    }
}
