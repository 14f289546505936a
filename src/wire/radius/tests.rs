use super::*;
use proptest::prelude::*;

const SECRET: &[u8] = b"a secret of the wireless";

/// A packet with these attributes, signed.
pub fn packet(secret: &[u8], attributes: &[(u8, &[u8])], with_message_authenticator: bool) -> Vec<u8> {
    let mut packet = vec![REQUEST, 7, 0, 0];
    packet.extend([0; 16]);
    for (kind, value) in attributes {
        packet.extend([*kind, value.len() as u8 + 2]);
        packet.extend(*value);
    }
    let at = packet.len() + 2;
    if with_message_authenticator {
        packet.extend([attribute::MESSAGE_AUTHENTICATOR, 18]);
        packet.extend([0; 16]);
    }
    let len = (packet.len() as u16).to_be_bytes();
    packet[2..4].copy_from_slice(&len);
    if with_message_authenticator {
        let signed = hmac_md5(secret, &[&packet]);
        packet[at..].copy_from_slice(&signed);
    }
    let authenticator = md5(&[&packet, secret]);
    packet[4..20].copy_from_slice(&authenticator);
    packet
}

fn start() -> Vec<(u8, &'static [u8])> {
    vec![
        (1, b"j.smith"),
        (40, &[0, 0, 0, 1]),
        (44, b"5a1b"),
        (31, b"3C-22-FB-00-00-05"),
        (8, &[10, 20, 1, 5]),
        (168, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]),
        (97, &[0, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0]),
        (55, &[0x6a, 0xfc, 0, 0]),
        (41, &[0, 0, 0, 9]),
        (33, b"by the proxy"),
    ]
}

#[test]
fn a_signed_request_says_who_came_where() {
    for with in [false, true] {
        let packet = packet(SECRET, &start(), with);
        let request = read(&packet, SECRET).expect("signed");
        assert_eq!((request.status, request.user, request.session), (Status::Start, Some("j.smith"), &b"5a1b"[..]));
        assert_eq!(request.mac, Mac::parse("3c:22:fb:00:00:05").ok());
        assert_eq!(request.addresses, ["10.20.1.5", "2001:db8::5"].map(|a| a.parse::<IpAddr>().expect("an address")));
        assert_eq!((request.delay_s, request.event_s), (9, Some(0x6afc_0000)));
        let answer = request.answer(SECRET);
        assert_eq!(answer[..4], [RESPONSE, 7, 0, 20 + 14]);
        assert_eq!(answer[20..], *b"\x21\x0eby the proxy");
        assert_eq!(answer[4..20], md5(&[&answer[..4], &packet[4..20], &answer[20..], SECRET]));
    }
}

#[test]
fn what_is_not_signed_with_the_secret_is_forged() {
    for with in [false, true] {
        let right = packet(SECRET, &start(), with);
        assert_eq!(read(&right, b"another secret"), Err(Bad::Forged));
        assert_eq!(read(&right, b""), Err(Bad::Forged));
        for at in 1..right.len() {
            let mut wrong = right.clone();
            wrong[at] ^= 1;
            assert!(read(&wrong, SECRET).is_err(), "octet {at}");
        }
    }
    // Its authenticator is right, and the other signature is not.
    let mut attributes = start();
    attributes.push((80, &[0; 16]));
    assert_eq!(read(&packet(SECRET, &attributes, false), SECRET), Err(Bad::Forged));
    attributes.push((80, &[0; 3]));
    assert_eq!(read(&packet(SECRET, &attributes, false), SECRET), Err(Bad::Forged));
}

#[test]
fn a_packet_that_is_cut_is_none() {
    let right = packet(SECRET, &start(), true);
    for len in 0..right.len() {
        assert_eq!(read(&right[..len], SECRET), Err(Bad::Malformed), "{len}");
    }
    assert!(read(&[&right[..], b"padding"].concat(), SECRET).is_ok());
    assert_eq!(
        read(&packet(SECRET, &[(1, b"a"), (40, &[0, 0, 0, 1, 0])], false), SECRET).map(|r| r.status),
        Ok(Status::Other(0))
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, SECRET);
        // Signed whatever it is.
        let mut signed = [&[REQUEST, 1, 0, 20 + bytes.len() as u8, ][..], &[0; 16], &bytes].concat();
        let authenticator = md5(&[&signed, SECRET]);
        signed[4..20].copy_from_slice(&authenticator);
        if let Ok(request) = read(&signed, SECRET) {
            let answer = request.answer(SECRET);
            prop_assert!(answer.len() <= MAX_PACKET);
        }
    }
}
