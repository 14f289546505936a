use super::*;
use crate::wire::message::tests::{ASKED, Row, answer, soa};
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::op::Message as Parsed;
use hickory_proto::rr::rdata::svcb::{SvcParamKey, SvcParamValue};
use hickory_proto::rr::{RData, Record as Read, RecordType};
use proptest::prelude::*;

const ECH: &[u8] = b"\x00\x01\x00\x00\x01\x00\x06\x02h2\x02h3\x00\x04\x00\x04\xc0\x00\x02\x09\x00\x05\x00\x03key";
const PLAIN: &[u8] = b"\x00\x01\x00\x00\x01\x00\x03\x02h2\x00\x04\x00\x04\xc0\x00\x02\x09";
const ONLY_H3: &[u8] = b"\x00\x01\x00\x00\x01\x00\x03\x02h3\x00\x02\x00\x00";

/// A signature over this type, by `a.test`.
fn rrsig(covered: u16) -> Vec<u8> {
    [&covered.to_be_bytes()[..], &[13, 2, 0, 0, 0, 60, 0, 0, 0, 2, 0, 0, 0, 1, 0, 9], b"\x01a\x04test\x00", &[7; 64]].concat()
}

fn edited(rows: &[Row], flags: u8) -> Option<Message> {
    let message = Message::read(answer("www.a.test", rr::HTTPS, flags, rows)).expect("a message");
    message.without_ech().expect("it can be edited")
}

fn parsed(message: &Message) -> Parsed {
    Parsed::from_vec(message.bytes()).expect("a message that others can read")
}

#[test]
fn ech_and_http_3_are_taken_out_and_signatures_over_it_with_them() {
    let (of_https, of_a) = (rrsig(rr::HTTPS), rrsig(rr::A));
    let rows: &[Row] = &[
        (0, ASKED, rr::HTTPS, 300, ECH),
        (0, ASKED, rr::RRSIG, 300, &of_https),
        (1, b"\x01a\xc0\x12", 2, 99, b"\x02ns\xc0\x12"),
        (2, ASKED, rr::A, 60, &[192, 0, 2, 1]),
        (2, ASKED, rr::RRSIG, 60, &of_a),
    ];
    let edit = edited(rows, 0x20).expect("there is something to take out");
    let message = parsed(&edit);
    assert!(!message.metadata.authentic_data);
    let RData::HTTPS(https) = &message.answers[0].data else { panic!("{:?}", message.answers) };
    assert_eq!(https.0.to_string(), "1 . alpn=h2, ipv4hint=192.0.2.9,");
    assert_eq!((message.answers.len(), message.authorities.len(), message.additionals.len()), (1, 1, 2));
    assert_eq!(edit.addresses().iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.9"]);
    assert_eq!(edit.lifetime(), 300);
    assert!(edit.without_ech().expect("a message").is_none(), "once is enough");
}

#[test]
fn what_has_nothing_to_take_out_is_left_as_it_came() {
    for rows in [&[(0, ASKED, rr::HTTPS, 300, PLAIN)][..], &[(0, ASKED, rr::A, 300, &[192, 0, 2, 1])], &[]] {
        assert_eq!(edited(rows, 0x20), None);
    }
}

#[test]
fn a_record_for_http_3_alone_goes_and_names_that_pointed_to_it_stay_whole() {
    // The authority's owner and its server's name point into the record that goes: to its owner, `b.a.test`.
    let before = answer("www.a.test", rr::HTTPS, 0, &[]).len() as u8;
    let pointer = [0xc0, before];
    let rows: &[Row] = &[
        (0, b"\x01b\xc0\x10", rr::HTTPS, 300, ONLY_H3),
        (0, &pointer, rr::HTTPS, 300, ECH),
        (1, &pointer, 2, 99, &[2, b'n', b's', 0xc0, before]),
    ];
    let message = parsed(&edited(rows, 0).expect("there is something to take out"));
    assert_eq!(message.answers.len(), 1);
    let said: Vec<_> = message.answers.iter().chain(&message.authorities).map(|r| r.name.to_string()).collect();
    assert_eq!(said, ["b.a.test.", "b.a.test."]);
    assert!(matches!(&message.authorities[0].data, RData::NS(name) if name.0.to_string() == "ns.b.a.test."));
}

#[test]
fn a_message_that_cannot_be_edited_becomes_a_failure() {
    // An owner that points to itself: nobody can read it.
    let rows: &[Row] = &[(0, ASKED, rr::HTTPS, 300, ECH), (1, &[0xc0, 0xff], 2, 99, b"\x00")];
    let message = Message::read(answer("www.a.test", rr::HTTPS, 0, rows)).expect("a message");
    assert_eq!(message.without_ech(), Err(BadMessage::BadName));
    let failed = parsed(&message.failed());
    assert_eq!(u16::from(failed.metadata.response_code), 2);
    assert_eq!((failed.queries.len(), failed.answers.len(), failed.authorities.len()), (1, 0, 0));
}

/// Owners as upstreams write them: the question, its parent by a pointer, another below that, one of its own, in capitals.
const OWNERS: &[&[u8]] = &[ASKED, &[0xc0, 16], b"\x03cdn\xc0\x10", b"\x05other\x04test\x00", b"\x05OTHER\x04test\x00"];

fn record() -> impl Strategy<Value = (usize, &'static [u8], u16, u32, Vec<u8>)> {
    let value = prop::collection::vec(any::<u8>(), 1..4);
    let service = (
        prop::option::of(prop::sample::subsequence(vec!["h2", "h3", "h3-29", "http/1.1"], 1..4)),
        any::<bool>(),
        any::<bool>(),
        value,
    )
        .prop_map(|(alpn, bare, ech, unknown)| {
            let mut data = b"\x00\x01\x02up\x00".to_vec();
            let mut put = |key: u16, value: &[u8]| {
                data.extend_from_slice(&key.to_be_bytes());
                data.extend_from_slice(&(value.len() as u16).to_be_bytes());
                data.extend_from_slice(value);
            };
            if let Some(alpn) = &alpn {
                let list: Vec<u8> = alpn.iter().flat_map(|p| [&[p.len() as u8], p.as_bytes()].concat()).collect();
                put(1, &list);
            }
            if alpn.is_some() && bare {
                put(2, &[]);
            }
            put(4, &[192, 0, 2, 9]);
            if ech {
                put(5, &[0, 1, 9]);
            }
            put(6500, &unknown);
            data
        });
    let data = prop_oneof![
        (prop_oneof![Just(rr::HTTPS), Just(rr::SVCB)], service),
        Just((rr::A, vec![192, 0, 2, 1])),
        Just((2, b"\x02ns\xc0\x10".to_vec())),
        Just((rr::CNAME, b"\xc0\x10".to_vec())),
        Just((rr::MX, b"\x00\x0a\x04mail\xc0\x0c".to_vec())),
        Just((33, b"\x00\x01\x00\x02\x00\x03\x03srv\xc0\x10".to_vec())),
        Just((rr::SOA, soa(60))),
        Just((16, b"\x05hello".to_vec())),
        prop_oneof![Just(rr::HTTPS), Just(rr::A), Just(rr::SVCB)].prop_map(|kind| (rr::RRSIG, rrsig(kind))),
        Just((65_500, b"\x01\xc0\x0c".to_vec())),
    ];
    (0usize..3, prop::sample::select(OWNERS), any::<u16>(), data)
        .prop_map(|(section, owner, ttl, (kind, data))| (section, owner, kind, ttl.into(), data))
}

/// What is left of one record, by somebody else's reading of it. `None`: it goes.
fn left(record: &Read, sets: &[(String, RecordType)]) -> Option<Read> {
    let of = |kind: RecordType| sets.contains(&(record.name.to_lowercase().to_string(), kind));
    let mut record = record.clone();
    let service = match &mut record.data {
        RData::HTTPS(https) => &mut https.0,
        RData::SVCB(svcb) => svcb,
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => {
            return (!of(signature.input().type_covered)).then_some(record);
        }
        _ => return Some(record),
    };
    let mut params = Vec::new();
    let only_h3 = |alpn: &[String]| alpn.iter().all(|p| p.starts_with("h3"));
    for (key, value) in &service.svc_params {
        match value {
            SvcParamValue::EchConfigList(_) => {}
            SvcParamValue::Alpn(alpn) if only_h3(&alpn.0) => {
                if service.svc_params.iter().any(|(key, _)| *key == SvcParamKey::NoDefaultAlpn) {
                    return None;
                }
            }
            SvcParamValue::Alpn(alpn) => {
                let mut alpn = alpn.clone();
                alpn.0.retain(|p| !p.starts_with("h3"));
                params.push((*key, SvcParamValue::Alpn(alpn)));
            }
            other => params.push((*key, other.clone())),
        }
    }
    service.svc_params = params;
    Some(record)
}

fn sections(message: &Parsed) -> [Vec<Read>; 3] {
    [message.answers.clone(), message.authorities.clone(), message.additionals.clone()]
}

proptest! {
    #[test]
    fn an_edited_message_reads_back_with_everything_else_unchanged(rows in prop::collection::vec(record(), 0..12)) {
        let mut rows = rows;
        rows.sort_by_key(|row| row.0);
        let rows: Vec<Row> = rows.iter().map(|(s, o, k, t, d)| (*s, *o, *k, *t, &d[..])).collect();
        let bytes = answer("www.a.test", rr::HTTPS, 0x20, &rows);
        let before = Parsed::from_vec(&bytes).expect("a message");
        let Ok(message) = Message::read(bytes) else { return Ok(()) };
        let edit = message.without_ech().expect("it can be edited");

        let all: Vec<Read> = sections(&before).concat();
        let changed = all.iter().filter(|r| left(r, &[]).as_ref() != Some(*r));
        let sets: Vec<_> = changed.map(|r| (r.name.to_lowercase().to_string(), r.record_type())).collect();
        prop_assert_eq!(edit.is_some(), !sets.is_empty());
        let Some(edit) = edit else { return Ok(()) };
        let after = parsed(&edit);
        let expected = sections(&before).map(|section| section.iter().filter_map(|r| left(r, &sets)).collect::<Vec<_>>());
        prop_assert_eq!(sections(&after), expected);
        prop_assert_eq!(&after.queries, &before.queries);
        prop_assert!(!after.metadata.authentic_data);
        prop_assert_eq!(after.metadata.response_code, before.metadata.response_code);
        // The places of the TTLs are right: the answer can be passed on.
        prop_assert_eq!(edit.ttls().len(), sections(&after).concat().len());
        prop_assert!(edit.without_ech().expect("a message").is_none());
    }

    #[test]
    fn no_change_to_a_good_answer_makes_it_panic(
        changes in prop::collection::vec((0usize..200, any::<u8>()), 0..6)
    ) {
        let sig = rrsig(rr::HTTPS);
        let mut bytes = answer("www.a.test", rr::HTTPS, 0, &[
            (0, ASKED, rr::CNAME, 300, b"\x03cdn\xc0\x10"),
            (0, b"\x03cdn\xc0\x10", rr::HTTPS, 60, ECH),
            (0, b"\x03cdn\xc0\x10", rr::RRSIG, 60, &sig),
            (1, ASKED, 35, 90, b"\x00\x01\x00\x02\x01s\x00\x00\xc0\x10"),
        ]);
        for (at, octet) in changes {
            if let Some(place) = bytes.get_mut(at) { *place = octet; }
        }
        if let Ok(message) = Message::read(bytes) {
            let _ = message.without_ech().map(|edit| edit.map(|e| e.lifetime()));
        }
    }
}

#[test]
fn a_client_that_did_not_ask_for_signatures_gets_none_and_no_proofs_unless_it_asked_for_them() {
    let (a, nsec) = (&[192, 0, 2, 1][..], b"\x03zzz\x00\x00\x01\x40");
    let sig = rrsig(rr::A);
    let rows: [Row; 5] = [
        (0, ASKED, rr::CNAME, 60, b"\x01b\xc0\x10"),
        (0, ASKED, rr::RRSIG, 60, &sig),
        (0, b"\x01b\xc0\x10", rr::A, 60, a),
        (1, b"\x01c\xc0\x10", rr::NSEC, 60, nsec),
        (1, ASKED, rr::NSEC3, 60, nsec),
    ];
    for (kind, left) in [(rr::A, [2, 0]), (rr::RRSIG, [3, 0]), (rr::NSEC, [2, 1])] {
        let message = Message::read(answer("www.a.test", kind, 0x20, &rows)).expect("a message");
        let bare = parsed(&message.without_signatures().expect("it can be edited"));
        assert_eq!([bare.answers.len(), bare.authorities.len()], left, "{kind}");
        assert_eq!(bare.answers[0].data.to_string(), "b.a.test.", "{kind}");
        assert!(!bare.metadata.authentic_data);
    }
}
