//! Who asks, what for, and what stands behind it: the verdict, the answer and the line in the log.

use super::*;

#[tokio::test]
async fn a_blocked_name_is_answered_with_ede_17_and_written_down() {
    let school = school("");
    let said = school.ask(PUPIL, "www.Bet.test", rr::A).await;
    assert_eq!(said.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(extended_error(&said), Some((17, "Gambling".to_owned())));
    let [event] = &school.events()[..] else { panic!("one event") };
    assert_eq!((&*event.host, event.action, event.step, event.status), ("www.bet.test", Action::Block, Step::Category, 3));
    assert_eq!((event.category, event.labels, event.query_type), (Some(Category::GAMBLING), 2, rr::A));
    assert_eq!(event.who.map(|w| w.client), Some(ClientAddr::new(PUPIL.into())));
    assert_eq!(school.stub.asked(), 0, "nobody outside hears of it");
}

#[tokio::test]
async fn an_allowed_name_is_resolved_and_every_answer_is_one_event() {
    let school = school("");
    for (name, code) in [("open.test", 0), ("open.test", 0), ("missing.test", 3), ("missing.test", 3)] {
        let said = school.ask(PUPIL, name, rr::A).await;
        assert_eq!(u16::from(said.metadata.response_code), code, "{name}");
    }
    let events: Vec<_> = school.events().iter().map(|e| (e.host.to_string(), e.action, e.status)).collect();
    let event = |host: &str, status| (host.to_owned(), Action::Allow, status);
    assert_eq!(events, [event("open.test", 0), event("open.test", 0), event("missing.test", 3), event("missing.test", 3)]);
    assert_eq!(school.stub.asked(), 2, "the second time they are remembered");
}

#[tokio::test]
async fn block_answers_are_what_the_configuration_says() {
    let (v4, v6): (IpAddr, IpAddr) = ([0; 4].into(), [0; 16].into());
    for (answer, kind, code, address) in [
        ("nxdomain", rr::A, 3, None),
        ("nodata", rr::A, 0, None),
        ("zero", rr::A, 0, Some(v4)),
        ("zero", rr::AAAA, 0, Some(v6)),
        ("zero", rr::HTTPS, 0, None),
        ("page", rr::A, 0, Some(LOCAL.into())),
        ("page", rr::AAAA, 0, None),
    ] {
        let school = school(&format!("listen = [\"10.20.0.1:53\"]\nblock_answer = \"{answer}\""));
        for (name, ttl) in [("bet.test", 15), ("phish.test", 60)] {
            let said = school.ask(PUPIL, name, kind).await;
            assert_eq!(u16::from(said.metadata.response_code), code, "{answer} {kind}");
            assert_eq!(addresses(&said).first().copied(), address, "{answer} {kind}");
            let record = said.answers.first().or(said.authorities.first()).expect("an address, or an SOA");
            assert_eq!(record.ttl, ttl, "{answer} {kind}: {name}");
        }
    }
}

#[tokio::test]
async fn strangers_are_refused_and_never_written_down() {
    let school = school("");
    let said = school.ask(STRANGER, "open.test", rr::A).await;
    assert_eq!(said.metadata.response_code, ResponseCode::Refused);
    assert_eq!(extended_error(&said).map(|(code, _)| code), Some(18));
    assert!(school.say(STRANGER, b"rubbish of more than a header").await.is_none());
    assert!(school.events().is_empty());
    assert_eq!((school.door.gate.counters.strangers.get(), school.stub.asked()), (1, 0));
}

#[tokio::test]
async fn what_cannot_be_judged_is_refused_by_its_code_or_not_answered() {
    let school = school("");
    let good = query("open.test", rr::A, 1232, false);
    let with = |changes: &[(usize, u8)]| {
        let mut bytes = good.clone();
        for (at, octet) in changes {
            bytes[*at] = *octet;
        }
        bytes
    };
    let opt = good.len() - 11;
    for (bytes, code, events) in [
        (with(&[(2, 0x81)]), None, 0),
        (good[..11].to_vec(), None, 0),
        (good[..20].to_vec(), Some(1), 0),
        (with(&[(5, 2)]), Some(1), 0),
        (with(&[(2, 0x21)]), Some(4), 0),
        (with(&[(opt + 6, 1)]), Some(16), 0),
        // It can be judged, but not answered: a name with a class or type that nobody may ask for.
        (with(&[(opt - 1, 3)]), Some(5), 1),
        (with(&[(opt - 3, 252)]), Some(5), 1),
    ] {
        let before = school.events().len();
        let said = school.say(PUPIL, &bytes).await.map(|out| Parsed::from_vec(&out).expect("an answer"));
        assert_eq!(said.map(|m| u16::from(m.metadata.response_code)), code, "{bytes:02x?}");
        assert_eq!(school.events().len() - before, events, "{bytes:02x?}");
    }
    assert_eq!(school.door.gate.counters.malformed.get(), 6);
}

#[tokio::test]
async fn what_stands_behind_an_answer_is_judged_too() {
    let school = school("");
    let said = school.ask(PUPIL, "shop.test", rr::A).await;
    assert_eq!((said.metadata.response_code, addresses(&said).len()), (ResponseCode::NXDomain, 0));
    assert_eq!(extended_error(&said), Some((17, "Gambling".to_owned())));
    // The event is of the question, without a length that would be another name's.
    let [event] = &school.events()[..] else { panic!("one event") };
    assert_eq!((&*event.host, event.action, event.labels), ("shop.test", Action::Block, 0));
}

#[tokio::test]
async fn a_visit_to_help_stays_nobodys_whatever_stands_behind_it() {
    let school = school("");
    assert_eq!(school.ask(PUPIL, "www.helpline.test", rr::A).await.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(school.ask(PUPIL, "helpline.test", rr::A).await.metadata.response_code, ResponseCode::NoError);
    for event in school.events() {
        assert_eq!((&*event.host, event.who), ("", None), "{event:?}");
    }
}

#[tokio::test]
async fn the_ledger_knows_which_name_a_client_was_given_an_address_for_but_not_help() {
    let school = school("");
    let (pupil, other) = (ClientAddr::new(PUPIL.into()), ClientAddr::new([127, 0, 0, 2].into()));
    // Of this stub every name has the same address.
    let seeks = ClientAddr::new([127, 0, 0, 3].into());
    assert!(!addresses(&school.ask([127, 0, 0, 3], "helpline.test", rr::A).await).is_empty());
    let given = addresses(&school.ask(PUPIL, "open.test", rr::A).await)[0];
    let ledger = &school.door.gate.ledger;
    while ledger.name_of(pupil, given).is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(ledger.name_of(pupil, given).map(|h| h.to_string()).as_deref(), Some("open.test"));
    assert_eq!(ledger.name_of(other, given), None, "it was told nothing");
    assert_eq!(ledger.name_of(seeks, given), None, "who seeks help is in no ledger");
}

#[tokio::test]
async fn a_network_that_watches_lets_through_and_writes_down_but_not_what_harms() {
    let school = school("");
    for (name, answered, action) in [
        ("bet.test", true, Action::WouldBlock),
        ("shop.test", true, Action::WouldBlock),
        ("phish.test", false, Action::Block),
        ("open.test", true, Action::Allow),
    ] {
        let said = school.ask(WATCHED, name, rr::A).await;
        assert_eq!(!addresses(&said).is_empty(), answered, "{name}");
        assert_eq!(school.events().last().map(|e| e.action), Some(action), "{name}");
    }
}

#[tokio::test]
async fn special_names_are_answered_here_whatever_lists_say() {
    let school = school("block_answer = \"zero\"");
    for (name, code) in [("mask.icloud.com", 3), ("use-application-dns.net", 3), ("localhost", 0)] {
        let said = school.ask(PUPIL, name, rr::A).await;
        assert_eq!(u16::from(said.metadata.response_code), code, "{name}");
    }
    assert_eq!((school.stub.asked(), school.events().len()), (0, 3));
}

#[tokio::test]
async fn a_name_of_any_octets_is_resolved_and_escaped_in_the_log() {
    let school = school("");
    let said = school.say(PUPIL, &query("a\nb \x1b[31m.test", rr::A, 1232, false)).await.expect("an answer");
    assert_eq!(said[3] & 0x0f, 0);
    assert_eq!(school.events()[0].host, "a\\010b\\032\\027[31m.test");
}

#[tokio::test]
async fn a_label_no_host_has_is_no_way_past_a_list_and_no_way_into_the_log() {
    let school = school("");
    for (name, code, host) in [
        ("a!b.bet.test", 3, "a!b.bet.test"),
        ("a b.phish.test", 3, "a\\032b.phish.test"),
        ("a!b.illegal.test", 3, ""),
        ("a!b.helpline.test", 0, ""),
    ] {
        let said = school.say(PUPIL, &query(name, rr::A, 1232, false)).await.expect("an answer");
        let events = school.events();
        let event = events.last().expect("an event");
        assert_eq!((said[3] & 0x0f == 3, &*event.host), (code == 3, host), "{name}");
        assert_eq!(event.who.is_none(), name.contains("helpline"), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_make_the_door_panic(
        packets in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..80), 0usize..48, any::<u8>()), 20)
    ) {
        let school = school("");
        let asker = Asker { client: ClientAddr::new(PUPIL.into()), local: LOCAL.into(), transport: Transport::Udp };
        let mut out = Vec::new();
        for (bytes, at, octet) in packets {
            school.door.first(&bytes, asker, &mut out);
            let mut near = query("www.bet.test", rr::A, 1232, false);
            if let Some(place) = near.get_mut(at) { *place = octet; }
            school.door.first(&near, asker, &mut out);
        }
    }

    /// Nobody is flooded with our answers by who sends in their name: what cannot be read is answered by less than was sent, and a
    /// stranger by the question, the code and a few words.
    #[test]
    fn what_cannot_be_read_and_what_a_stranger_asks_is_answered_by_next_to_nothing(
        packets in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..80), 0usize..48, any::<u8>()), 20)
    ) {
        let school = school("");
        let mut answered = 0;
        for (bytes, at, octet) in packets {
            let mut near = query("www.bet.test", rr::ANY, 1232, false);
            if let Some(place) = near.get_mut(at) { *place = octet; }
            for (client, sent) in [(PUPIL, &bytes), (PUPIL, &near), (STRANGER, &bytes), (STRANGER, &near)] {
                let asker = Asker { client: ClientAddr::new(client.into()), local: LOCAL.into(), transport: Transport::Udp };
                let mut out = Vec::new();
                if !matches!(school.door.first(sent, asker, &mut out), First::Answered) {
                    continue;
                }
                answered += 1;
                if Query::read(sent).is_err() {
                    prop_assert!(client == PUPIL && out.len() <= sent.len(), "{:02x?}: {}", sent, out.len());
                } else if client == STRANGER {
                    prop_assert!(out.len() <= sent.len() + 64, "{:02x?}: {}", sent, out.len());
                }
            }
        }
        prop_assert!(answered > 0);
    }
}
