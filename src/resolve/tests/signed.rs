//! Signatures checked here: a root of the test's own, with one name signed, one forged, one stripped, and a zone without.

use super::*;
use crate::wire::Ede;
use hickory_proto::dnssec::crypto::Ed25519SigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, NSEC, RRSIG};
use hickory_proto::dnssec::{DnssecSigner, SigningKey, TrustAnchors};
use hickory_proto::op::{Edns, Message as Parsed, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A as Address, NS, SOA};
use hickory_proto::rr::{DNSClass, Name as RecordName, RData, Record, RecordSet, RecordType};
use std::net::Ipv4Addr;

/// The root, and a hand that signs for it.
struct Root {
    signer: DnssecSigner,
    key: DNSKEY,
    /// 1 January of the year from which its signatures hold.
    since: i32,
}

fn name(text: &str) -> RecordName {
    RecordName::from_ascii(text).expect("a name")
}

impl Root {
    fn new(since: i32) -> (Self, TrustAnchors) {
        let pkcs8 = Ed25519SigningKey::generate_pkcs8().expect("a key");
        let signing = Ed25519SigningKey::from_pkcs8(&pkcs8).expect("a key");
        let public = signing.to_public_key().expect("its public half");
        let mut anchors = TrustAnchors::empty();
        anchors.insert(&public);
        let key = DNSKEY::new(true, true, false, public);
        let years = Duration::from_secs(30 * 31_556_952);
        let signer = DnssecSigner::new(key.clone(), Box::new(signing), RecordName::root(), years);
        (Self { signer, key, since }, anchors)
    }

    /// A record and its signature.
    fn signed(&self, record: Record) -> Vec<Record> {
        let mut set = RecordSet::new(record.name.clone(), record.record_type(), 0);
        set.insert(record.clone(), 0);
        let begins = rcgen::date_time_ymd(self.since, 1, 1);
        let signature = RRSIG::from_rrset(&set, DNSClass::IN, begins, &self.signer).expect("a signature");
        let signature = RData::DNSSEC(DNSSECRData::RRSIG(signature));
        vec![record.clone(), Record::from_rdata(record.name.clone(), record.ttl, signature)]
    }

    fn soa(&self) -> Vec<Record> {
        let soa = SOA::new(name("ns."), name("hostmaster."), 1, 3600, 600, 86400, 60);
        self.signed(Record::from_rdata(RecordName::root(), 60, RData::SOA(soa)))
    }

    fn nsec(&self, owner: &str, next: &str, types: &[RecordType]) -> Vec<Record> {
        let nsec = NSEC::new(name(next), types.iter().copied());
        self.signed(Record::from_rdata(name(owner), 60, RData::DNSSEC(DNSSECRData::NSEC(nsec))))
    }

    /// What the root's server says: answers, authorities, response code.
    fn says(&self, query: &Query) -> (Vec<Record>, Vec<Record>, ResponseCode) {
        let asked = format!("{}.", query.name.to_string().trim_end_matches('.'));
        let kind = RecordType::from(query.kind);
        let address = |of: &str, last: u8| Record::from_rdata(name(of), 300, RData::A(Address(Ipv4Addr::new(192, 0, 2, last))));
        let ok = |answers: Vec<Record>| (answers, Vec::new(), ResponseCode::NoError);
        let denied = |code, nsec: Vec<Record>| (Vec::new(), [self.soa(), nsec].concat(), code);
        match (asked.as_str(), kind) {
            (".", RecordType::DNSKEY) => {
                let key = RData::DNSSEC(DNSSECRData::DNSKEY(self.key.clone()));
                ok(self.signed(Record::from_rdata(RecordName::root(), 300, key)))
            }
            (".", RecordType::NS) => ok(self.signed(Record::from_rdata(RecordName::root(), 300, RData::NS(NS(name("ns.")))))),
            ("signed.", RecordType::A) => ok(self.signed(address("signed.", 1))),
            ("forged.", RecordType::A) => {
                let mut records = self.signed(address("forged.", 1));
                records[0] = address("forged.", 66);
                ok(records)
            }
            ("stripped.", RecordType::A) => ok(vec![address("stripped.", 66)]),
            // A delegation without DS: whatever stands below is not signed.
            ("unsigned.", RecordType::NS) => ok(vec![Record::from_rdata(name("unsigned."), 300, RData::NS(NS(name("ns."))))]),
            ("unsigned.", RecordType::DS) => denied(
                ResponseCode::NoError,
                self.nsec("unsigned.", "zz.", &[RecordType::NS, RecordType::NSEC, RecordType::RRSIG]),
            ),
            ("www.unsigned.", RecordType::A) => ok(vec![address("www.unsigned.", 1)]),
            ("missing.", _) => denied(ResponseCode::NXDomain, self.nsec(".", "signed.", &[RecordType::SOA, RecordType::NS])),
            ("hidden.", _) => (Vec::new(), Vec::new(), ResponseCode::NXDomain),
            ("fails.", _) => (Vec::new(), Vec::new(), ResponseCode::ServFail),
            _ => denied(ResponseCode::NoError, Vec::new()),
        }
    }

    fn serve(self) -> Stub {
        Stub::start(move |query, _| {
            let (answers, authorities, code) = self.says(query);
            let asked = with_code(query, 0, &[]);
            let mut message = Parsed::from_vec(&asked).expect("a message");
            message.metadata.message_type = MessageType::Response;
            message.metadata.response_code = code;
            message.insert_answers(answers);
            message.insert_authorities(authorities);
            message.edns = Some(Edns::new());
            Some(message.to_vec().expect("bytes"))
        })
    }
}

fn checking(stub: &Stub, anchors: TrustAnchors, more: &[Written]) -> Resolver {
    let upstreams = [&[Written { dnssec: true, ..stub.address.into() }], more].concat();
    Resolver::planned(Plan { upstreams, ..Plan::default() }, Arc::new(Trust::anchored(anchors)))
}

#[tokio::test]
async fn what_is_signed_is_vouched_for_what_is_forged_is_refused_and_what_is_unsigned_passes() {
    let (root, anchors) = Root::new(2020);
    let stub = root.serve();
    let liar = Stub::with_address([203, 0, 113, 66], 300);
    // Whoever is asked next does not get to say what has been found false.
    let resolver = checking(&stub, anchors, &[liar.address.into()]);
    for (name, code, address, authentic, bogus) in [
        ("signed", 0, Some([192, 0, 2, 1]), true, false),
        ("www.unsigned", 0, Some([192, 0, 2, 1]), false, false),
        ("missing", 3, None, true, false),
        ("forged", 2, None, false, true),
        ("stripped", 2, None, false, true),
        ("hidden", 2, None, false, true),
    ] {
        for wants_signatures in [false, true] {
            let mut query = asked(name, rr::A, wants_signatures);
            query.authentic = true;
            let answer = resolver.answer(&query).await.expect("an answer");
            let mut out = Vec::new();
            answer.write(&query, 1232, Instant::now(), u32::MAX, true, &mut out);
            let parsed = Parsed::from_vec(&out).expect("a message");
            let what = format!("{name}, signatures {wants_signatures}");
            assert_eq!(u16::from(parsed.metadata.response_code), code, "{what}");
            assert_eq!(answer.addresses(), address.map(IpAddr::from).as_slice(), "{what}");
            assert_eq!(parsed.metadata.authentic_data, authentic, "{what}");
            let signatures = parsed.all_sections().filter(|r| matches!(r.record_type(), RecordType::RRSIG | RecordType::NSEC));
            assert_eq!(signatures.count() > 0, wants_signatures && authentic, "{what}");
            let told = answer.message.error().is_some_and(|(error, _)| error == Ede::DNSSEC_BOGUS);
            assert_eq!(told, bogus, "{what}");
        }
    }
    // Who checks himself gets what there is.
    let mut query = asked("forged", rr::A, true);
    query.checking_disabled = true;
    let answer = resolver.answer(&query).await.expect("an answer");
    assert_eq!(answer.addresses(), [IpAddr::from([192, 0, 2, 66])]);
    // An upstream that cannot say is no proof of anything: the next is asked.
    let answer = resolver.answer(&asked("fails", rr::A, false)).await.expect("an answer");
    assert_eq!(answer.addresses(), [IpAddr::from([203, 0, 113, 66])]);
}

#[tokio::test]
async fn an_upstream_whose_answers_are_not_checked_says_what_it_likes_and_vouches_for_nothing() {
    let (root, _) = Root::new(2020);
    let stub = root.serve();
    let resolver = Resolver::new(&[stub.address]);
    assert_eq!(resolver.addresses(&host("forged")).await, Ok(vec![[192, 0, 2, 66].into()]));
}

#[test]
fn a_signature_of_the_future_says_that_our_clock_is_behind() {
    use crate::resolve::validate::clock_is_behind;
    use hickory_proto::op::DnsResponse;
    let (root, _) = Root::new(2028);
    let mut message = Parsed::response(1, hickory_proto::op::OpCode::Query);
    message.insert_answers(root.signed(Record::from_rdata(name("a."), 300, RData::A(Address(Ipv4Addr::LOCALHOST)))));
    let response = DnsResponse::from_message(message).expect("an answer");
    let year = |year: u32| (year - 1970) * 31_556_952;
    let (soon, later) = (10 * 60, 3 * 60 * 60);
    for (now, since_start, behind) in [
        (0, soon, true),
        (0, later, true),
        (year(2025), later, true), // no clock that is set says so
        (year(2027), soon, true),
        (year(2027), later, false), // it is the answer that is wrong
        (year(2029), soon, false),
        (year(2080), soon, false),
    ] {
        assert_eq!(clock_is_behind(&response, now, since_start), behind, "{now}, {since_start} s after the start");
    }
}
