//! A worker's own memory is a short cut, never another answer.

use super::*;
use crate::policy::{Opened, Pass, Passes, What, Whom};
use crate::words::{Grade, GroupId, Host};

/// Every kind of question that the tests' lists and upstream know, with every kind of who.
fn any_query() -> impl Strategy<Value = (IpAddr, Vec<u8>)> {
    let names = [
        "open.test",
        "OPEN.test",
        "other.test",
        "bet.test",
        "www.Bet.test",
        "phish.test",
        "illegal.test",
        "helpline.test",
        "www.helpline.test",
        "shop.test",
        "crack.test",
        "tools.test",
        "missing.test",
        "big.test",
        "localhost",
        "mask.icloud.com",
        "www.google.com",
        "www.bing.com",
        "www.youtube.com",
        "duckduckgo.com",
        "ech.test",
        "a!b.bet.test",
        "_dns.resolver.arpa",
        "use-application-dns.net",
    ];
    let clients: [IpAddr; 5] = [PUPIL.into(), TEACHER.into(), [127, 0, 0, 2].into(), WATCHED.into(), STRANGER.into()];
    let kinds = [rr::A, rr::A, rr::A, rr::AAAA, rr::HTTPS, rr::AXFR, rr::ANY];
    let select = proptest::sample::select::<IpAddr>;
    (select(clients.to_vec()), proptest::sample::select(names.to_vec()), proptest::sample::select(kinds.to_vec()), 0..8usize)
        .prop_map(|(client, name, kind, how)| {
            let mut bytes = query(name, kind, [0, 512, 1232, 4096][how % 4], how >= 4);
            match how {
                1 => bytes[2] &= !1,                                     // recursion is not desired
                2 => bytes[3] |= 0x10,                                   // checking disabled
                5 => bytes.truncate(bytes.len() - 1),                    // malformed
                6 => *bytes.iter_mut().nth_back(7).expect("an OPT") = 1, // some version or flag of EDNS
                _ => {}
            }
            (client, bytes)
        })
}

/// An answer with its TTLs in steps of a minute: between two that are asked for one after the other a second may begin.
fn of_one_second(bytes: &[u8]) -> (Vec<u8>, Option<Parsed>) {
    let Ok(mut message) = Parsed::from_vec(bytes) else { return (bytes.to_vec(), None) };
    let records = message.answers.iter_mut().chain(&mut message.authorities).chain(&mut message.additionals);
    records.for_each(|record| record.ttl = (record.ttl + 32) / 64);
    (bytes[..12].to_vec(), Some(message))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    /// The front is a short cut, never another answer: what the door says, and the same line in the log.
    #[test]
    fn what_the_front_says_is_what_the_door_says(queries in proptest::collection::vec(any_query(), 800..1_000)) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let school = school_of(STAFF_ROOM, staff_room());
        let mut front = Front::new(&school.door);
        let mut from_front = 0;
        for (i, (client, bytes)) in queries.iter().enumerate() {
            let asker = Asker { client: ClientAddr::new(*client), local: LOCAL.into(), transport: Transport::Udp };
            let (mut out, mut plain) = (Vec::new(), Vec::new());
            if i % BATCH == 0 {
                front.begin(&school.door);
                front.look_ahead(queries[i..].iter().take(BATCH).map(|(client, bytes)| Some((&bytes[..], *client))));
            }
            let kept = front.holds(bytes);
            match front.answer(&school.door, i % BATCH, bytes, asker, &mut out) {
                First::Open(open) => runtime.block_on(school.door.finish(*open, &mut out)),
                First::Silence => out.clear(),
                First::Answered => from_front += usize::from(kept),
            }
            runtime.block_on(school.door.answer(bytes, asker, &mut plain));
            prop_assert_eq!(of_one_second(&out), of_one_second(&plain), "{:02x?}", bytes);
        }
        prop_assert!(from_front > 20, "{from_front} of {} from the front", queries.len());
        // The same line from both is one row that counts them both.
        for row in school.rows().into_iter().filter(|row| row.step != Step::Locked) {
            prop_assert_eq!(row.count % 2, 0, "{:?}", row);
        }
    }
}

#[test]
fn the_front_forgets_with_the_lists_and_with_the_upstreams() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let school = school("");
    let mut front = Front::new(&school.door);
    let asker = Asker { client: ClientAddr::new(PUPIL.into()), local: LOCAL.into(), transport: Transport::Udp };
    let bytes = query("open.test", rr::A, 1232, false);
    let ask = |front: &mut Front| {
        let mut out = Vec::new();
        front.begin(&school.door);
        if let First::Open(open) = front.answer(&school.door, 0, &bytes, asker, &mut out) {
            runtime.block_on(school.door.finish(*open, &mut out));
        }
        Parsed::from_vec(&out).expect("an answer")
    };
    let open = |said: &Parsed| said.metadata.response_code == ResponseCode::NoError;
    (0..4).for_each(|_| assert!(open(&ask(&mut front))));
    assert!(front.holds(&bytes));
    assert_eq!(school.stub.asked(), 1);
    let texts = [ListText {
        name: "gambling",
        category: Category::GAMBLING,
        format: Format::Domains,
        origin: Origin::Shipped,
        reach: Reach::Below,
        text: b"open.test\n",
    }];
    let bytes_of = compile_texts(&texts, &Known::default()).expect("a table").bytes;
    let now = school.door.gate.snapshot();
    let mut next = Snapshot::clone(&now);
    next.table = Arc::new(Table::open(Box::new(bytes_of)).expect("a table"));
    school.door.gate.swap(next);
    assert!(!open(&ask(&mut front)), "the next batch goes by the new lists");
    school.door.gate.swap(Snapshot::clone(&now));
    assert!(open(&ask(&mut front)));
    assert_eq!(school.stub.asked(), 1);
    let other = Stub::start(internet);
    school.door.resolver.follow(crate::resolve::Plan { upstreams: vec![other.address.into()], ..Default::default() });
    assert!(open(&ask(&mut front)));
    assert_eq!(other.asked(), 1, "what the old upstream said is forgotten");
}

/// What the front says to these bytes, asked until it has them.
struct Asking<'a> {
    school: &'a School,
    front: Front,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Asking<'a> {
    fn of(school: &'a School) -> Self {
        Self { school, front: Front::new(&school.door), runtime: tokio::runtime::Runtime::new().expect("a runtime") }
    }

    fn ask(&mut self, client: [u8; 4], name: &str, kind: u16) -> Parsed {
        let asker = Asker { client: ClientAddr::new(client.into()), local: LOCAL.into(), transport: Transport::Udp };
        let mut out = Vec::new();
        self.front.begin(&self.school.door);
        if let First::Open(open) = self.front.answer(&self.school.door, 0, &query(name, kind, 1232, false), asker, &mut out) {
            self.runtime.block_on(self.school.door.finish(*open, &mut out));
        }
        Parsed::from_vec(&out).expect("an answer")
    }
}

#[test]
fn a_search_engine_is_answered_from_the_front_and_to_each_as_their_own() {
    let school = school_of(STAFF_ROOM, staff_room());
    let mut asking = Asking::of(&school);
    for _ in 0..4 {
        for (client, name, target) in [
            (PUPIL, "www.google.com", Some("forcesafesearch.google.com.")),
            (TEACHER, "www.google.com", Some("forcesafesearch.google.com.")),
            (PUPIL, "www.youtube.com", Some("restrict.youtube.com.")),
            (TEACHER, "www.youtube.com", None),
            (WATCHED, "www.google.com", None),
        ] {
            let said = asking.ask(client, name, rr::A);
            assert_eq!(safe::alias(&said).0.as_deref(), target, "{client:?} {name}");
            assert!(!addresses(&said).is_empty(), "{client:?} {name}");
        }
    }
    assert!(asking.front.holds(&query("www.google.com", rr::A, 1232, false)));
    assert_eq!(school.stub.asked(), 4, "two safe hosts, and two as they are");
}

#[test]
fn what_has_come_to_go_by_the_person_is_told_so_from_the_front_at_once() {
    let school = school("");
    let mut asking = Asking::of(&school);
    let mut least = || asking.ask(PUPIL, "open.test", rr::A).answers.iter().map(|r| r.ttl).min();
    (0..4).for_each(|_| assert!(least() > Some(200)));
    let mut next = Snapshot::clone(&school.door.gate.snapshot());
    let pass = Pass { id: 1, what: What::Host(Host::parse("open.test").expect("a host")), grade: Grade::Teacher };
    let (by, reason) = (String::new(), String::new());
    next.config.policy.passes =
        Passes::new([Opened { pass, whom: Whom::Group(GroupId(0)), from_ms: 0, until_ms: i64::MAX, by, reason }]);
    school.door.gate.swap(next);
    assert_eq!(least(), Some(15), "somebody may have been let in there, for a while");
}
