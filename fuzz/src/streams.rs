//! Queries on connections: behind their lengths (RFC 1035 §4.2.2), and in requests of HTTP (RFC 8484).

use schoolgate::dns::tcp::next_query;
use schoolgate::wire::https::{self, MAX_QUERY};

/// A connection's octets, in pieces as long as the first octets say: the same queries come off as from all of them at once.
pub fn framed(bytes: &[u8]) {
    let Some((pieces, mut rest)) = bytes.split_at_checked(4) else { return };
    let (mut wanted, mut open) = (Vec::new(), rest);
    let mut ends = false;
    while let Some((length, after)) = open.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        ends = length > MAX_QUERY;
        let Some((query, after)) = after.split_at_checked(length).filter(|_| !ends) else { break };
        wanted.push(query.to_vec());
        open = after;
    }
    let (mut buffer, mut got) = (Vec::new(), Vec::new());
    for &piece in pieces.iter().cycle() {
        let (now, later) = rest.split_at(rest.len().min(usize::from(piece).max(1)));
        (rest, _) = (later, buffer.extend_from_slice(now));
        loop {
            match next_query(&mut buffer) {
                Ok(Some(query)) => got.push(query),
                Ok(None) => break,
                Err(_) => {
                    assert!(ends && got == wanted, "only what is too long ends a connection");
                    return;
                }
            }
        }
        assert!(buffer.len() < 2 + MAX_QUERY + 256, "{} octets are kept", buffer.len());
        if rest.is_empty() {
            break;
        }
    }
    assert_eq!(got, wanted);
    assert!(!ends);
}

/// The query part of a URL, and a content type. What is read is what base64url says, bit by bit.
pub fn requested(bytes: &[u8]) {
    let _ = https::is_query(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(query) = https::get(text) else { return };
    let written = text.split('&').find_map(|field| field.strip_prefix("dns=")).expect("it was read from there");
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let sextets = written.chars().map(|letter| letters.find(letter).expect("a letter of base64url"));
    let bits: Vec<bool> = sextets.flat_map(|sextet| (0..6).rev().map(move |i| sextet >> i & 1 == 1)).collect();
    let (octets, unused) = bits.as_chunks::<8>();
    let read: Vec<u8> = octets.iter().map(|bits| bits.iter().fold(0, |octet, &bit| octet << 1 | u8::from(bit))).collect();
    assert_eq!(query, read);
    assert!(query.len() <= MAX_QUERY + 2 && unused.len() < 6 && !unused.contains(&true));
}
