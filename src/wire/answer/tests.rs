use super::*;
use crate::wire::message::tests::{ASKED, answer, soa};
use crate::wire::question::tests::query;
use hickory_proto::op::{Message as Parsed, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{RData, RecordType};
use proptest::prelude::*;

fn written(made: &Made, query: &[u8]) -> Vec<u8> {
    let mut out = vec![9; 3];
    made.write(&Query::read(query).expect("a query"), &mut out);
    out
}

fn parsed(bytes: &[u8]) -> Parsed {
    Parsed::from_vec(bytes).expect("an answer that others can read")
}

/// Code and text of the extended error.
fn extended_error(message: &Parsed) -> Option<(u16, String)> {
    let options = &message.edns.as_ref()?.options();
    match options.get(EdnsCode::from(15u16))? {
        EdnsOption::Unknown(15, data) => {
            Some((u16::from_be_bytes([data[0], data[1]]), String::from_utf8_lossy(&data[2..]).into_owned()))
        }
        other => panic!("{other:?}"),
    }
}

const FILTERED: Made<'static> =
    Made { rcode: Rcode::NXDOMAIN, body: Body::Soa { ttl: 15 }, error: Some((Ede::FILTERED, "Gambling")) };

#[test]
fn a_blocked_name_answers_with_ede_17() {
    let message = parsed(&written(&FILTERED, &query("Bet.Example", rr::A, 1232, true)));
    assert_eq!(message.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(extended_error(&message), Some((17, "Gambling".to_owned())));
    assert!(message.edns.as_ref().is_some_and(|e| e.flags().dnssec_ok));
    let soa = &message.authorities[0];
    assert_eq!((soa.ttl, soa.name.to_string().as_str()), (15, "Bet.Example."));
    assert!(matches!(&soa.data, RData::SOA(soa) if soa.minimum == 60));
}

#[test]
fn without_edns_there_is_no_edns_in_the_answer() {
    let message = parsed(&written(&FILTERED, &query("bet.example", rr::A, 0, false)));
    assert!(message.edns.is_none());
    assert_eq!(message.authorities.len(), 1);
}

#[test]
fn id_and_flags_are_those_of_the_query_and_its_case_is_kept() {
    let mut bytes = query("wWw.A.tEst", rr::A, 1232, false);
    bytes[3] |= 0x10; // CD
    let out = written(&FILTERED, &bytes);
    assert_eq!(&out[..4], &[0x12, 0x34, 0x81, 0x93]);
    assert_eq!(&out[12..bytes.len() - 11], &bytes[12..bytes.len() - 11]);
}

#[test]
fn an_address_is_given_to_its_family_only() {
    let (v4, v6) = ("192.0.2.1".parse().expect("v4"), "2001:db8::1".parse().expect("v6"));
    for (kind, address, given) in
        [(rr::A, v4, true), (rr::AAAA, v4, false), (rr::AAAA, v6, true), (rr::A, v6, false), (rr::HTTPS, v4, false)]
    {
        let message = parsed(&written(&Made::address(kind, address, 15), &query("a.test", kind, 1232, false)));
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        let said = message.answers.first().and_then(|r| r.data.ip_addr());
        assert_eq!(said, given.then_some(address), "{kind} {address}");
        assert_eq!(message.authorities.len(), usize::from(!given), "no such type has an SOA");
    }
}

#[test]
fn extended_codes_have_their_upper_bits_in_the_opt() {
    let message = parsed(&written(&Made::bare(Rcode::BADVERS), &query("a.test", rr::A, 1232, false)));
    assert_eq!(u16::from(message.metadata.response_code), 16); // BADVERS and BADSIG are one number
}

#[test]
fn the_longest_question_with_the_longest_text_fits_into_512() {
    let label = "a".repeat(63);
    let name = [&label[..], &label, &label, &"a".repeat(61)].join(".");
    let text = "ä".repeat(300);
    let made = Made { error: Some((Ede::FILTERED, &text)), ..FILTERED };
    let out = written(&made, &query(&name, rr::A, 512, false));
    assert!(out.len() <= 512, "{}", out.len());
    parsed(&out);
}

#[test]
fn a_malformed_query_is_answered_by_its_header_alone() {
    let mut out = Vec::new();
    header_only(b"\xab\xcd\x29\x30\0\x01\0\0\0\0\0\0rest", Rcode::NOTIMP, &mut out);
    assert_eq!(out, b"\xab\xcd\xa9\x84\0\0\0\0\0\0\0\0");
    header_only(b"short", Rcode::FORMERR, &mut out);
    assert!(out.is_empty());
}

fn passed(bytes: Vec<u8>, query: &[u8], age: u32, limit: usize) -> Parsed {
    let mut out = Vec::new();
    pass_on(&Message::read(bytes).expect("a message"), &Query::read(query).expect("a query"), Age::of(age), limit, &mut out);
    assert!(out.len() <= limit);
    parsed(&out)
}

#[test]
fn a_message_is_passed_on_whole_with_its_ttls_counted_down() {
    let minimum = soa(60);
    let bytes = answer(
        "www.a.test",
        rr::A,
        0,
        &[
            (0, ASKED, rr::CNAME, 300, b"\x03cdn\xc0\x10"),
            (0, b"\x03cdn\xc0\x10", rr::A, 60, &[192, 0, 2, 1]),
            (1, ASKED, rr::SOA, 5, &minimum),
            (2, ASKED, 16, 600, b"\x02hi"),
            (2, &[0], rr::OPT, 0, &[]),
        ],
    );
    let message = passed(bytes, &query("WWW.A.test", rr::A, 1232, false), 20, 1232);
    let ttls = |records: &[hickory_proto::rr::Record]| records.iter().map(|r| r.ttl).collect::<Vec<_>>();
    assert_eq!(
        (ttls(&message.answers), ttls(&message.authorities), ttls(&message.additionals)),
        (vec![280, 40], vec![0], vec![580])
    );
    assert_eq!(message.queries[0].name().to_string(), "WWW.A.test.");
    assert_eq!(message.answers[0].name.to_string(), "WWW.A.test.");
    assert_eq!(message.additionals[0].record_type(), RecordType::TXT);
    assert!(message.edns.is_some() && message.metadata.recursion_available);
}

#[test]
fn authenticated_data_are_told_to_those_who_asked() {
    for (dnssec_ok, ad, told) in [(false, 0, false), (true, 0, true), (false, 0x20, true)] {
        let bytes = answer("a.test", rr::A, 0x20, &[(0, ASKED, rr::A, 60, &[192, 0, 2, 1])]);
        let mut query = query("a.test", rr::A, 1232, dnssec_ok);
        query[3] |= ad;
        assert_eq!(passed(bytes, &query, 0, 1232).metadata.authentic_data, told);
    }
}

#[test]
fn what_does_not_fit_is_cut_with_tc() {
    let rows: Vec<_> = (0..40).map(|_| (0, ASKED, rr::A, 60, &[192, 0, 2, 1][..])).collect();
    let bytes = answer("a.test", rr::A, 0, &rows);
    for (limit, whole) in [(512, false), (1232, true), (65_535, true)] {
        let message = passed(bytes.clone(), &query("a.test", rr::A, 1232, false), 0, limit);
        assert_eq!((message.metadata.truncation, message.answers.len()), (!whole, if whole { 40 } else { 0 }), "{limit}");
    }
}

proptest! {
    #[test]
    fn whatever_can_be_read_can_be_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
        let mut out = Vec::new();
        header_only(&bytes, Rcode::FORMERR, &mut out);
        if let Ok(query) = Query::read(&bytes) {
            Made { error: Some((Ede::FILTERED, &text)), ..FILTERED }.write(&query, &mut out);
            prop_assert!(out.len() <= 512);
        }
    }
}
