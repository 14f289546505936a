//! Openings of real clients (README.md says which), and what is made of them.

use super::*;
use proptest::prelude::*;

const CHROMIUM: &[u8] = include_bytes!("chromium.bin");
const CURL: &[u8] = include_bytes!("curl.bin");
const OPENSSL: &[u8] = include_bytes!("openssl-tls13.bin");
const OPENSSL_12: &[u8] = include_bytes!("openssl-tls12.bin");
const NO_SNI: &[u8] = include_bytes!("openssl-no-sni.bin");
const ALL: [&[u8]; 5] = [CHROMIUM, CURL, OPENSSL, OPENSSL_12, NO_SNI];

fn hello(bytes: &[u8]) -> Hello {
    read(bytes).expect("a hello")
}

fn alpn(hello: &Hello) -> Vec<String> {
    hello.alpn.iter().map(|p| String::from_utf8_lossy(p).into_owned()).collect()
}

#[test]
fn real_clients_are_understood() {
    let school = Some(Host::parse("www.school.example").expect("a host"));
    for (client, bytes, sni, protocols, ech, versions) in [
        ("Chromium", CHROMIUM, school, &["h2", "http/1.1"][..], true, &[0x0304, 0x0303][..]),
        ("curl", CURL, school, &["h2", "http/1.1"], false, &[0x0304, 0x0303]),
        ("openssl", OPENSSL, school, &["h2", "http/1.1"], false, &[0x0304, 0x0303]),
        ("openssl, TLS 1.2", OPENSSL_12, school, &[], false, &[0x0303]),
        ("openssl, no name", NO_SNI, None, &[], false, &[0x0304, 0x0303]),
    ] {
        let hello = hello(bytes);
        assert_eq!(
            (hello.sni, alpn(&hello), hello.ech),
            (sni, protocols.iter().map(|p| p.to_string()).collect(), ech),
            "{client}"
        );
        assert!(versions.iter().all(|v| hello.versions.contains(v)), "{client}: {:x?}", hello.versions);
        assert!(hello.versions.iter().all(|v| v >> 8 == 3), "{client}: {:x?}", hello.versions);
    }
    assert!(CHROMIUM.len() > 1_700, "it has a post-quantum share");
}

/// The same hello in records that hold at most `most` bytes.
fn in_records(bytes: &[u8], most: usize) -> Vec<u8> {
    let header = |part: &[u8]| [&[22, 3, 1], &(part.len() as u16).to_be_bytes()[..], part].concat();
    bytes[RECORD_HEADER..].chunks(most).flat_map(header).collect()
}

#[test]
fn however_it_is_cut_it_is_the_same_hello() {
    for bytes in ALL {
        let whole = hello(bytes);
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]), Err(Unread::NeedMore), "{cut} of {}", bytes.len());
        }
        let followed = [bytes, b"early data, or anything"].concat();
        assert_eq!(hello(&followed), whole);
        for most in 1..bytes.len() {
            let records = in_records(bytes, most);
            if records.len() > MOST_BYTES {
                continue;
            }
            assert_eq!(hello(&records), whole, "records of {most}");
            for cut in [1, RECORD_HEADER + 1, records.len() / 2, records.len() - 1] {
                assert_eq!(read(&records[..cut]), Err(Unread::NeedMore), "records of {most}, cut at {cut}");
            }
        }
    }
    let of_one_byte = in_records(OPENSSL, 1);
    for cut in 0..of_one_byte.len() {
        assert_eq!(read(&of_one_byte[..cut]), Err(Unread::NeedMore), "{cut}");
    }
}

#[test]
fn other_protocols_are_told_from_broken_tls() {
    for (bytes, why) in [
        (&b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n"[..], Unread::NotTls),
        (b"GET / HTTP/1.1\r\n", Unread::NotTls),
        (b"\x13BitTorrent protocol", Unread::NotTls),
        (b"\x00", Unread::NotTls),
        (b"\x80\x2e\x01\x03\x01", Unread::NotTls), // the hello of SSL 2
        (b"\x16\x02\x00", Unread::NotTls),
        (b"\x16\x03\x05", Unread::NotTls),
        (b"\x15\x03\x01\x00\x02\x02\x28", Unread::NotTls), // an alert, before anything was said
        (b"", Unread::NeedMore),
        (b"\x16\x03\x01", Unread::NeedMore),
        (b"\x16\x03\x01\x00\x00", Unread::Malformed),     // nothing in it
        (b"\x16\x03\x01\x40\x01", Unread::Malformed),     // more than a record may hold
        (b"\x16\x03\x01\x00\x05\x02", Unread::Malformed), // another message
        (b"\x16\x03\x01\x00\x01\x01\x17\x03\x01\x00\x01", Unread::Malformed), // something else between its records
        (b"\x16\x03\x01\x00\x04\x01\x00\x40\x00", Unread::TooBig),
        (b"\x16\x03\x01\x00\x04\x01\xff\xff\xff", Unread::TooBig),
    ] {
        assert_eq!(read(bytes), Err(why), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_is_too_big_is_not_waited_for() {
    // So many tiny records that the same hello is too long.
    let records = in_records(&[CHROMIUM, &[]].concat(), 1);
    assert!(records.len() < MOST_BYTES, "Chromium's is read even so");
    let mut big = CHROMIUM.to_vec();
    big.extend([0; 1500]);
    let said = (big.len() - RECORD_HEADER - 4) as u32;
    big[6..9].copy_from_slice(&said.to_be_bytes()[1..]);
    let records = in_records(&big, 1);
    let cut = (0..records.len()).find(|cut| read(&records[..*cut]) != Err(Unread::NeedMore)).expect("an end");
    assert_eq!((cut, read(&records[..cut]), read(&records)), (MOST_BYTES, Err(Unread::TooBig), Err(Unread::TooBig)));
}

/// A hello with these extensions and no others.
fn with(extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let sized = |data: &[u8]| [&(data.len() as u16).to_be_bytes()[..], data].concat();
    let extensions: Vec<u8> =
        extensions.iter().flat_map(|(kind, data)| [&kind.to_be_bytes()[..], &sized(data)].concat()).collect();
    let body = [&[3, 3], &[7; 32][..], &[0], &[0, 2, 0x13, 0x01], &[1, 0], &sized(&extensions)].concat();
    let message = [&[1, 0][..], &sized(&body)].concat();
    [&[22, 3, 1][..], &sized(&message)].concat()
}

/// The opening of a client that wants this host.
pub(crate) fn wanting(host: &str) -> Vec<u8> {
    with(&[(SERVER_NAME, &name(host.as_bytes()))])
}

/// The data of a server name extension.
fn name(name: &[u8]) -> Vec<u8> {
    let sized = |data: &[u8]| [&(data.len() as u16).to_be_bytes()[..], data].concat();
    sized(&[&[0][..], &sized(name)].concat())
}

#[test]
fn a_name_is_a_host_or_the_hello_is_malformed() {
    for (text, host) in [
        (&b"www.school.example"[..], Some("www.school.example")),
        (b"WWW.School.Example", Some("www.school.example")),
        (b"www.school.example.", Some("www.school.example")),
        (b"xn--bcher-kva.example", Some("xn--bcher-kva.example")),
        (b"a_b.example", Some("a_b.example")),
        (b"192.0.2.1", None),
        (b"2001:db8::1", None),
        (b"[2001:db8::1]", None),
        (b"", None),
        (b".", None),
        (b"a..example", None),
        (b"a.example:443", None),
        (b"*.example", None),
        (b"a.example\0.other.example", None),
        (b"a example", None),
        (b"b\xc3\xbccher.example", None),
        (b"\xff\xfe", None),
        (&[b'a'; 300], None),
    ] {
        let read = read(&with(&[(SERVER_NAME, &name(text))]));
        match host {
            Some(host) => assert_eq!(read.expect("a hello").sni, Host::parse(host).ok(), "{}", text.escape_ascii()),
            None => assert_eq!(read, Err(Unread::Malformed), "{}", text.escape_ascii()),
        }
    }
}

#[test]
fn what_two_readers_would_settle_differently_is_malformed() {
    let (first, second) = (name(b"a.example"), name(b"b.example"));
    let two_names = [&[0, 24][..], &first[2..], &second[2..]].concat();
    let other_kind = [&[0, 12, 1][..], &first[3..]].concat();
    let trailing = [&first[..], b"x"].concat();
    let many: Vec<u8> = [&[0, 66][..], &[1, b'x'].repeat(33)].concat();
    for (what, extensions) in [
        ("two extensions", &[(SERVER_NAME, &first[..]), (SERVER_NAME, &second)][..]),
        ("two names in one", &[(SERVER_NAME, &two_names)]),
        ("another kind of name", &[(SERVER_NAME, &other_kind)]),
        ("bytes after the list", &[(SERVER_NAME, &trailing)]),
        ("no list", &[(SERVER_NAME, &[])]),
        ("two hidden hellos", &[(ECH, &[]), (ECH, &[])]),
        ("an empty protocol", &[(ALPN, &[0, 1, 0])]),
        ("no protocol", &[(ALPN, &[0, 0])]),
        ("protocols without end", &[(ALPN, &many)]),
        ("half a version", &[(SUPPORTED_VERSIONS, &[3, 3, 4, 3])]),
        ("no version", &[(SUPPORTED_VERSIONS, &[0])]),
    ] {
        assert_eq!(read(&with(extensions)), Err(Unread::Malformed), "{what}");
    }
    let mut longer = with(&[(SERVER_NAME, &first)]);
    longer.push(0);
    longer[4] += 1;
    assert_eq!(read(&longer), Err(Unread::Malformed), "something begins after it in its record");
    longer[8] += 1;
    assert_eq!(read(&longer), Err(Unread::Malformed), "bytes after its extensions");
    assert_eq!(hello(&with(&[])).versions, [0x0303]);
}

proptest! {
    #[test]
    fn no_bytes_panic_it_and_what_is_said_of_a_prefix_holds(
        which in 0..ALL.len(), at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>(), most in 1..600usize,
    ) {
        let mut bytes = in_records(ALL[which], most);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let whole = read(&bytes);
        let part = read(&bytes[..cut.index(bytes.len())]);
        prop_assert!(part == Err(Unread::NeedMore) || part == whole, "{part:?} {whole:?}");
    }
}
