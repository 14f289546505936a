//! What stands in an answer: for whom blocks, why, and what is left out.

use super::*;

#[tokio::test]
async fn https_answers_are_without_ech_and_http_3_where_names_are_looked_at_and_whole_elsewhere() {
    let school = school("[[network]]\nname = \"lab\"\nranges = [\"127.8.0.0/16\"]\nkeep_ech = true");
    let left = b"\x00\x01\x00\x00\x01\x00\x03\x02h2\x00\x04\x00\x04\xc0\x00\x02\x01";
    // Twice each: fetched, and remembered.
    for (client, data) in [(PUPIL, &left[..]), (WATCHED, ECH), ([127, 8, 0, 1], ECH), (PUPIL, left)] {
        for _ in 0..2 {
            let said = school.say(client, &query("ech.test", rr::HTTPS, 1232, false)).await.expect("an answer");
            assert!(said.windows(data.len()).any(|w| w == data), "{client:?}: {said:02x?}");
            assert_eq!(said.len(), query("ech.test", rr::HTTPS, 1232, false).len() + 12 + data.len(), "{client:?}");
        }
    }
    assert_eq!(school.stub.asked(), 1, "one answer is kept, unfiltered");
}

/// A query with these EDNS options.
fn query_with(name: &str, options: &[u8], udp_size: u16) -> Vec<u8> {
    let mut bytes = query(name, rr::A, udp_size, false);
    let end = bytes.len();
    bytes[end - 1] = options.len() as u8;
    bytes.extend_from_slice(options);
    bytes
}

#[tokio::test]
async fn who_blocks_is_in_the_code_and_who_asks_for_structured_text_gets_it() {
    let school = school(
        "[school]\nname = \"Hill \\\"Road\\\" School\"\ncontact = [\"mailto:whoever-mends-the-filter-in-our-school-or-her-deputy@school.test\"]",
    );
    let json = |category: &str, more: &str| {
        format!(
            r#"{{"c":["mailto:whoever-mends-the-filter-in-our-school-or-her-deputy@school.test"],"j":"{category}. Ask your teacher.",{more}"o":"Hill \"Road\" School","l":"en"}}"#
        )
    };
    for (name, options, said) in [
        ("bet.test", &[][..], (17, "Gambling".to_owned())),
        ("phish.test", &[], (15, "Malware".to_owned())),
        ("bet.test", &[0, 26, 0, 0], (17, json("Gambling", ""))),
        ("bet.test", &[0, 15, 0, 2, 0, 0], (17, json("Gambling", ""))),
        ("phish.test", &[0, 26, 0, 0], (15, json("Malware", r#""s":1,"#))),
        ("shop.test", &[0, 15, 0, 0], (17, json("Gambling", ""))),
    ] {
        let out = school.say(PUPIL, &query_with(name, options, 1232)).await.expect("an answer");
        assert_eq!(extended_error(&Parsed::from_vec(&out).expect("an answer")), Some(said), "{name} {options:02x?}");
    }
    // Without room for it the text is plain, and the answer whole.
    let long = ["a".repeat(60), "b".repeat(60), "c".repeat(60), "bet.test".into()].join(".");
    let out = school.say(PUPIL, &query_with(&long, &[0, 26, 0, 0], 512)).await.expect("an answer");
    let parsed = Parsed::from_vec(&out).expect("an answer");
    assert_eq!((extended_error(&parsed), parsed.metadata.truncation), (Some((17, "Gambling".to_owned())), false));
    assert!(out.len() <= 512);
}

#[tokio::test]
async fn an_answer_does_not_tell_a_name_of_the_locked_tier_from_one_of_the_schools_own() {
    for answer in ["nxdomain", "nodata", "zero"] {
        let own = "[[entry]]\nhost = \"ownlist.test\"\naction = \"block\"\nreason = \"a test\"";
        let school = school(&format!("block_answer = \"{answer}\"\n{own}"));
        for options in [&[][..], &[0, 26, 0, 0]] {
            let mut said = Vec::new();
            for name in ["illegal.test", "ownlist.test"] {
                let out = school.say(PUPIL, &query_with(name, options, 1232)).await.expect("an answer");
                let asked = query(name, rr::A, 0, false)[12..].to_vec();
                assert_eq!(&out[12..12 + asked.len()], asked, "the question");
                said.push([&out[..12], &out[12 + asked.len()..]].concat());
            }
            assert_eq!(said[0], said[1], "{answer} {options:02x?}");
        }
    }
}

/// The alias, the addresses and the longest TTL of an answer.

#[tokio::test]
async fn encrypted_resolvers_are_told_of_only_while_there_is_a_certificate_for_them() {
    let encrypted =
        "tls_listen = [\"10.20.0.1:853\"]\nname = \"dns.school.example\"\ncertificate = \"dns.pem\"\nkey = \"dns.key\"";
    let school = school(encrypted);
    let told = async |name| school.ask(PUPIL, name, rr::SVCB).await.answers.len();
    let names = ["_dns.resolver.arpa", "_dns.dns.school.example"];
    for broken in [None, Some(Err(Arc::from("it has expired")))] {
        let mut next = Snapshot::clone(&school.door.gate.snapshot());
        next.identity = broken;
        school.door.gate.swap(next);
        assert_eq!(told(names[0]).await, 0);
    }
    streams::with_certificate(&school);
    for name in names {
        assert_eq!(told(name).await, 1, "{name}");
    }
}
