//! RADIUS accounting.

use schoolgate::wire::radius::md5::md5;
use schoolgate::wire::radius::{Bad, MAX_PACKET, read};

const SECRET: &[u8] = b"a secret of the wireless";

/// As it is, it is forged; signed, it is read, and another secret or another octet makes it forged again. The first byte says which
/// octet is changed.
pub fn packet(bytes: &[u8]) {
    let Some((at, bytes)) = bytes.split_first() else { return };
    assert!(read(bytes, SECRET).is_err(), "nobody has the secret");
    let attributes = &bytes[..bytes.len().min(MAX_PACKET - 20)];
    let len = (20 + attributes.len() as u16).to_be_bytes();
    let mut packet = [&[4, 7, len[0], len[1]][..], &[0; 16], attributes].concat();
    let authenticator = md5(&[&packet, SECRET]);
    packet[4..20].copy_from_slice(&authenticator);
    let answer = match read(&packet, SECRET) {
        Ok(request) => request.answer(SECRET),
        // An attribute that is cut, or the other signature: that one nobody made.
        Err(Bad::Malformed | Bad::Forged) => return,
    };
    assert!(answer[0] == 5 && answer[1] == 7 && answer.len() <= MAX_PACKET);
    assert_eq!(read(&packet, b"another secret"), Err(Bad::Forged));
    let at = 1 + usize::from(*at) % (packet.len() - 1);
    packet[at] ^= 1;
    assert!(read(&packet, SECRET).is_err(), "octet {at}");
}
