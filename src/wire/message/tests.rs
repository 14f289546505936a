use super::*;
use crate::wire::question::tests::query;
use proptest::prelude::*;

/// One record of a test message: section, owner (octets as they stand), type, TTL, data.
pub(crate) type Row<'a> = (usize, &'a [u8], u16, u32, &'a [u8]);

/// The name of the question, as a pointer.
pub(crate) const ASKED: &[u8] = &[0xc0, 12];

/// An answer to a query for `name` with these records, the code in the low bits of `flags`.
pub(crate) fn answer(name: &str, kind: u16, flags: u8, rows: &[Row]) -> Vec<u8> {
    let mut bytes = query(name, kind, 0, false);
    bytes[2..4].copy_from_slice(&[0x81, 0x80 | flags]);
    for (section, owner, kind, ttl, data) in rows {
        bytes[7 + 2 * section] += 1;
        bytes.extend_from_slice(owner);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&[0, 1]);
        bytes.extend_from_slice(&ttl.to_be_bytes());
        bytes.extend_from_slice(&(data.len() as u16).to_be_bytes());
        bytes.extend_from_slice(data);
    }
    bytes
}

/// The data of an SOA with this minimum.
pub(crate) fn soa(minimum: u32) -> Vec<u8> {
    let mut data = vec![0, 0];
    for number in [1, 2, 3, 4, minimum] {
        data.extend_from_slice(&number.to_be_bytes());
    }
    data
}

#[test]
fn the_chain_and_its_addresses_are_read_out() {
    let hints = b"\x00\x01\x04edge\x04test\x00\x00\x04\x00\x04\xc0\x00\x02\x09";
    let bytes = answer(
        "www.a.test",
        rr::A,
        0,
        &[
            (0, ASKED, rr::CNAME, 300, b"\x03cdn\xc0\x10"), // cdn.a.test, its parent by a pointer
            (0, b"\x03cdn\xc0\x10", rr::A, 60, &[192, 0, 2, 1]),
            (0, ASKED, rr::HTTPS, 90, hints),
            (0, ASKED, rr::AAAA, 90, &[0; 16]),
            (1, b"\x01a\x04test\x00", 2, 999, b"\x02ns\x00"),
        ],
    );
    let message = Message::read(bytes).expect("a message");
    assert_eq!(message.names().iter().map(Host::to_string).collect::<Vec<_>>(), ["cdn.a.test", "edge.test"]);
    assert_eq!(message.addresses().iter().map(IpAddr::to_string).collect::<Vec<_>>(), ["192.0.2.1", "192.0.2.9", "::"]);
    assert_eq!(message.lifetime(), 60);
    assert_eq!(message.ttls().len(), 5);
}

#[test]
fn an_answer_lives_as_long_as_its_ttls_and_rfc_2308_say() {
    let a = (0, ASKED, rr::A, 300, &[192, 0, 2, 1][..]);
    let cname = (0, ASKED, rr::CNAME, 30, &b"\x03cdn\x00"[..]);
    let (short, long) = (soa(60), soa(1_000_000));
    for (rcode, rows, lifetime, what) in [
        (0, vec![a], 300, "an answer"),
        (0, vec![a, (0, ASKED, rr::A, 20, &[192, 0, 2, 2])], 20, "the least of two"),
        (0, vec![(0, ASKED, rr::A, 0xffff_ffff, &[192, 0, 2, 1])], 0, "a TTL with its highest bit set"),
        (0, vec![(0, ASKED, rr::A, 0x7fff_ffff, &[192, 0, 2, 1])], MAX_TTL, "a TTL without end"),
        (3, vec![(1, ASKED, rr::SOA, 900, &short)], 60, "no such name, by the minimum"),
        (3, vec![(1, ASKED, rr::SOA, 30, &short)], 30, "no such name, by the TTL"),
        (3, vec![(1, ASKED, rr::SOA, 1_000_000, &long)], MAX_NEGATIVE_TTL, "no such name, for too long"),
        (0, vec![(1, ASKED, rr::SOA, 900, &short)], 60, "no such type"),
        (0, vec![cname, (1, ASKED, rr::SOA, 900, &short)], 30, "no such type behind a chain"),
        (3, vec![], 0, "no such name and no SOA"),
        (2, vec![], FAILURE_TTL, "a failure"),
    ] {
        let message = Message::read(answer("www.a.test", rr::A, rcode, &rows)).expect(what);
        assert_eq!(message.lifetime(), lifetime, "{what}");
    }
}

#[test]
fn the_opt_record_of_the_upstream_is_taken_out() {
    let a = (0, ASKED, rr::A, 300, &[192, 0, 2, 1][..]);
    let plain = Message::read(answer("a.test", rr::A, 0, &[a])).expect("a message");
    let with_opt = Message::read(answer("a.test", rr::A, 0, &[a, (2, &[0], rr::OPT, 0, &[])])).expect("a message");
    assert_eq!(plain, with_opt);
}

#[test]
fn what_cannot_be_judged_whole_is_refused() {
    let names: Vec<Vec<u8>> = (0..20u8).map(|i| vec![2, b'a' + i, b'x', 0]).collect();
    let chain: Vec<Row> = names.iter().map(|n| (0, ASKED, rr::CNAME, 9, &n[..])).collect();
    let many: Vec<Row> = (0..200).map(|_| (0, ASKED, rr::A, 9, &[192, 0, 2, 1][..])).collect();
    let row = |kind, data| answer("a.test", rr::A, 0, &[(0, ASKED, kind, 9, data)]);
    for (bytes, why) in [
        (b"short".to_vec(), BadMessage::Truncated),
        (query("a.test", rr::A, 0, false), BadMessage::NotAnAnswer),
        (answer("a.test", rr::A, 0, &chain), BadMessage::TooMuch),
        (answer("a.test", rr::A, 0, &many), BadMessage::TooMuch),
        (row(rr::A, &[1, 2, 3]), BadMessage::Truncated),
        (row(rr::CNAME, &[0xc0, 0xff]), BadMessage::BadName),
        (row(rr::CNAME, &[0xc0, 36]), BadMessage::BadName), // to itself
        // A name that begins in its record and ends beyond it, or before its end: what a client makes of it is not what is judged.
        ([row(rr::CNAME, &[]), vec![0xc0, 12]].concat(), BadMessage::BadName),
        ([row(rr::CNAME, b"\x01a"), vec![0]].concat(), BadMessage::BadName),
        (row(rr::DNAME, &[0xc0, 12, 0]), BadMessage::BadName),
        // One that lies in the header, across a TTL, or across what leads to it: it is no name that stands there, and one across a TTL is
        // another one once that has been counted down.
        (row(rr::CNAME, &[0xc0, 4]), BadMessage::BadName),
        (row(rr::CNAME, &[0xc0, 30]), BadMessage::BadName),
        (row(rr::CNAME, b"\x02\x05ab\xc0\x25"), BadMessage::BadName),
        (row(rr::HTTPS, &[0, 1, 0, 0, 4, 0, 4]), BadMessage::Truncated),
        (answer("a.test", rr::A, 0, &[(2, &[0], rr::OPT, 0x0100_0000, &[])]), BadMessage::Rcode(16)),
    ] {
        assert_eq!(Message::read(bytes), Err(why));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Message::read(bytes);
    }

    #[test]
    fn no_change_to_a_good_answer_makes_it_panic(
        changes in proptest::collection::vec((0usize..160, any::<u8>()), 0..4), cut in 0usize..200
    ) {
        let minimum = soa(60);
        let mut bytes = answer("www.a.test", rr::A, 0, &[
            (0, ASKED, rr::CNAME, 300, b"\x03cdn\xc0\x10"),
            (0, b"\x03cdn\xc0\x10", rr::A, 60, &[192, 0, 2, 1]),
            (0, ASKED, rr::HTTPS, 90, b"\x00\x01\x00\x00\x04\x00\x04\xc0\x00\x02\x09"),
            (1, ASKED, rr::SOA, 90, &minimum),
            (2, &[0], rr::OPT, 0, &[]),
        ]);
        for (at, octet) in changes {
            if let Some(place) = bytes.get_mut(at) { *place = octet; }
        }
        bytes.truncate(cut);
        let _ = Message::read(bytes);
    }
}
