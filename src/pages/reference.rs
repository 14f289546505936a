//! The short code on a block page, by which IT finds the event: eight letters and digits, `7K3M-0Q2F`.
//!
//! It is made of the second of the event and of the client's address: 25 bits of the time, 15 of a checksum of the address,
//! in Crockford's base 32 (no I, L, O, U: a child reads it out over a telephone). Nothing has to be stored for it, and it
//! says nothing about who or what to anyone without the log.
//!
//! To find the event: [`Reference::parse`] what was read out, take the second it means ([`Reference::second`]), and of the
//! events of that second those whose client it [`fits`](Reference::fits). A page that the DNS answer `page` led to has no
//! event of its own second: its line is that of the DNS door, at most the answer's TTL (60 s) before.

use crate::words::ClientAddr;
use std::fmt;
use std::net::IpAddr;

/// Crockford's base 32.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Seconds after which a reference begins to repeat: 388 days, more than four times as long as detail is kept.
const PERIOD: i64 = 1 << TIME_BITS;
const TIME_BITS: u32 = 25;
const CLIENT_BITS: u32 = 15;

/// When, and from where, in 40 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference(u64);

impl Reference {
    /// The reference of an event.
    pub fn of(when_ms: i64, client: ClientAddr) -> Self {
        let second = when_ms.div_euclid(1000).rem_euclid(PERIOD) as u64;
        Self(second << CLIENT_BITS | checksum(client))
    }

    /// Reads what someone wrote down: small letters, `O` for 0, `I` and `L` for 1, with or without the hyphen.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bits = 0;
        let mut count = 0;
        for c in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            let digit = DIGITS.iter().position(|&d| char::from(d) == c)?;
            bits = bits << 5 | digit as u64;
            count += 1;
            if count > 8 {
                return None;
            }
        }
        (count == 8).then_some(Self(bits))
    }

    /// The latest second it can mean, as milliseconds since 1970: at or before `now_ms`.
    pub fn second(self, now_ms: i64) -> i64 {
        let now = now_ms.div_euclid(1000);
        let ago = (now - (self.0 >> CLIENT_BITS) as i64).rem_euclid(PERIOD);
        (now - ago) * 1000
    }

    /// Whether it may have been given to this client.
    pub fn fits(self, client: ClientAddr) -> bool {
        self.0 & ((1 << CLIENT_BITS) - 1) == checksum(client)
    }
}

/// Fifteen bits of an address. Not a secret: it only tells apart the clients of one second.
fn checksum(client: ClientAddr) -> u64 {
    let sum = match client.ip() {
        IpAddr::V4(v4) => crc32fast::hash(&v4.octets()),
        IpAddr::V6(v6) => crc32fast::hash(&v6.octets()),
    };
    u64::from(sum) & ((1 << CLIENT_BITS) - 1)
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..8).rev() {
            let digit = DIGITS[(self.0 >> (5 * place)) as usize & 31];
            write!(f, "{}{}", char::from(digit), if place == 4 { "-" } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn client(ip: &str) -> ClientAddr {
        ClientAddr::new(ip.parse().expect("an address"))
    }

    #[test]
    fn what_is_read_out_leads_back_to_the_second_and_the_client() {
        let when = 1_795_427_642_750; // 2026-11-23
        let printed = Reference::of(when, client("10.20.3.4")).to_string();
        for said in [printed.clone(), printed.to_lowercase(), printed.replace('-', " "), printed.replace('0', "o")] {
            let read = Reference::parse(&said).expect("a reference");
            assert_eq!(read.second(when + 30 * 24 * 60 * 60 * 1000), 1_795_427_642_000, "{said}");
            assert!(read.fits(client("10.20.3.4")) && read.fits(client("::ffff:10.20.3.4")));
            assert!(!read.fits(client("10.20.3.5")));
        }
    }

    #[test]
    fn what_is_no_reference_is_not_read_as_one() {
        for text in ["", "7K3M", "7K3M-0Q2", "7K3M-0Q2FF", "7K3M-0Q2U", "7K3M-0Q2é"] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_reference_reads_back(when in 0i64..4_000_000_000_000, v4: u32, later in 0i64..PERIOD) {
            let client = ClientAddr::new(IpAddr::from(v4.to_be_bytes()));
            let reference = Reference::of(when, client);
            prop_assert_eq!(Reference::parse(&reference.to_string()), Some(reference));
            prop_assert!(reference.fits(client));
            prop_assert_eq!(reference.second(when + later * 1000), when - when % 1000);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,20}") {
            let _ = Reference::parse(&text);
        }
    }
}
