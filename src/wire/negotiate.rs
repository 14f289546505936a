//! `Proxy-Authorization: Negotiate …` (RFC 4559): SPNEGO (RFC 4178) in base64, read as far as the Kerberos ticket it brings (RFC 4121).
//!
//! One round: a client that knows which service it talks to shows its ticket at once. What would need a second one, or another way
//! than Kerberos, is not taken, and never comes as far as a library.

use data_encoding::BASE64_NOPAD;
use std::fmt;

/// Longest token, in octets: what Windows makes at most for somebody in very many groups (its MaxTokenSize).
pub const MAX_TOKEN: usize = 48_000;

/// 1.3.6.1.5.5.2
const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
/// 1.2.840.113554.1.2.2
const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// 1.2.840.48018.1.2.2: the same, as Windows 2000 wrote it and Windows still offers it.
const KERBEROS_OF_2000: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// 1.3.6.1.4.1.311.2.2.10
const NTLM: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];

/// A ticket as it was shown: a token of Kerberos for GSS-API, of which no more than the form is known. It names nobody yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown(Vec<u8>);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown { .. }")
    }
}

/// Why there is no ticket to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotShown {
    #[error("the client offers NTLM and not Kerberos: it has no ticket for this proxy's name")]
    Ntlm,
    #[error("the client offers another way before Kerberos")]
    OtherWay,
    #[error("what the client shows is longer than {MAX_TOKEN} octets")]
    TooLong,
    #[error("what the client shows is not SPNEGO with a Kerberos ticket in it")]
    Form,
}

impl Shown {
    /// Reads the value of the field. `None`: another scheme.
    ///
    /// # Errors
    /// [`NotShown`]
    pub fn read(field: &[u8]) -> Option<Result<Self, NotShown>> {
        let (scheme, encoded) = field.split_at_checked("Negotiate ".len())?;
        if !scheme.eq_ignore_ascii_case(b"Negotiate ") {
            return None;
        }
        if encoded.len() > MAX_TOKEN.div_ceil(3) * 4 {
            return Some(Err(NotShown::TooLong));
        }
        let digits = encoded.trim_ascii();
        let digits = &digits[..digits.len() - digits.iter().rev().take_while(|c| **c == b'=').take(2).count()];
        let token = BASE64_NOPAD.decode(digits).ok();
        Some(token.ok_or(NotShown::Form).and_then(|token| ticket(&token).map(|ticket| Self(ticket.to_owned()))))
    }

    /// For GSS-API.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// The ticket in a NegTokenInit (RFC 4178 §4.2.1) of which it is the first choice.
fn ticket(token: &[u8]) -> Result<&[u8], NotShown> {
    if token.starts_with(b"NTLMSSP\0") {
        return Err(NotShown::Ntlm);
    }
    let (ways, ticket) = offered(token).ok_or(NotShown::Form)?;
    let mut others = ways;
    match value(&mut others, 0x06) {
        Some(KERBEROS | KERBEROS_OF_2000) => {}
        Some(NTLM) => return Err(NotShown::Ntlm),
        Some(_) => return Err(NotShown::OtherWay),
        None => return Err(NotShown::Form),
    }
    ticket.filter(|ticket| is_request(ticket)).ok_or(NotShown::Form)
}

/// The ways that a client offers, and what it shows of the first.
fn offered(mut token: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let mut inside = value(&mut token, 0x60)?;
    if !token.is_empty() || value(&mut inside, 0x06)? != SPNEGO {
        return None;
    }
    let mut init = value(&mut inside, 0xa0)?;
    let mut fields = value(&mut init, 0x30)?;
    let mut ways = value(&mut fields, 0xa0)?;
    let ways = value(&mut ways, 0x30)?;
    if fields.first() == Some(&0xa1) {
        value(&mut fields, 0xa1)?;
    }
    let shown = value(&mut fields, 0xa2).and_then(|mut shown| value(&mut shown, 0x04));
    Some((ways, shown))
}

/// Whether it is what a client says first (RFC 4121 §4.1).
fn is_request(mut token: &[u8]) -> bool {
    let inside = value(&mut token, 0x60).filter(|_| token.is_empty());
    inside.is_some_and(|mut inside| value(&mut inside, 0x06) == Some(KERBEROS) && inside.starts_with(&[1, 0]))
}

/// What one value of this tag holds, taken off the front (X.690 §8.1, a length that is known).
fn value<'b>(bytes: &mut &'b [u8], tag: u8) -> Option<&'b [u8]> {
    let (&[found, short], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (inside, rest) = rest.split_at_checked(length).filter(|_| found == tag)?;
    *bytes = rest;
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(tag: u8, inside: &[&[u8]]) -> Vec<u8> {
        let inside = inside.concat();
        let length = u16::try_from(inside.len()).expect("short").to_be_bytes();
        let length = if inside.len() < 0x80 { vec![length[1]] } else { vec![0x82, length[0], length[1]] };
        [&[tag][..], &length, &inside].concat()
    }

    /// An AP-REQ, as far as its form.
    fn request(of_id: [u8; 2], body: &[u8]) -> Vec<u8> {
        of(0x60, &[&of(0x06, &[KERBEROS]), &of_id, body])
    }

    fn spnego(ways: &[&[u8]], flags: bool, shown: Option<&[u8]>) -> Vec<u8> {
        let ways: Vec<u8> = ways.iter().flat_map(|way| of(0x06, &[way])).collect();
        let ways = of(0xa0, &[&of(0x30, &[&ways])]);
        let flags = if flags { of(0xa1, &[&[3, 2, 1, 6]]) } else { vec![] };
        let shown = shown.map_or(vec![], |shown| of(0xa2, &[&of(0x04, &[shown])]));
        of(0x60, &[&of(0x06, &[SPNEGO]), &of(0xa0, &[&of(0x30, &[&ways, &flags, &shown])])])
    }

    #[test]
    fn a_ticket_is_found_where_kerberos_is_the_first_choice_and_nothing_else_is() {
        let ticket = request([1, 0], &[7; 900]);
        let other = request([2, 0], b"an answer");
        let taken = Ok(&ticket[..]);
        for (promise, token, expected) in [
            ("curl", spnego(&[KERBEROS], false, Some(&ticket)), taken),
            ("Windows", spnego(&[KERBEROS_OF_2000, KERBEROS, NTLM], true, Some(&ticket)), taken),
            ("NTLM as it is", b"NTLMSSP\0\x01\0\0\0".to_vec(), Err(NotShown::Ntlm)),
            ("NTLM first", spnego(&[NTLM, KERBEROS], false, Some(b"NTLMSSP\0")), Err(NotShown::Ntlm)),
            ("another way first", spnego(&[&[0x2b, 6, 1, 5, 2, 5], KERBEROS], false, Some(&ticket)), Err(NotShown::OtherWay)),
            ("a choice without a ticket", spnego(&[KERBEROS], false, None), Err(NotShown::Form)),
            ("no ways", spnego(&[], false, Some(&ticket)), Err(NotShown::Form)),
            ("NTLM under the name of Kerberos", spnego(&[KERBEROS], false, Some(b"NTLMSSP\0")), Err(NotShown::Form)),
            ("what a server says", spnego(&[KERBEROS], false, Some(&other)), Err(NotShown::Form)),
            ("Kerberos without SPNEGO", ticket.clone(), Err(NotShown::Form)),
            ("more behind it", [spnego(&[KERBEROS], false, Some(&ticket)), vec![0]].concat(), Err(NotShown::Form)),
            ("nothing", vec![], Err(NotShown::Form)),
            ("no known length", vec![0x60, 0x80, 0, 0], Err(NotShown::Form)),
            ("a length beyond the end", vec![0x60, 0x83, 0xff, 0xff, 0xff, 6], Err(NotShown::Form)),
        ] {
            assert_eq!(super::ticket(&token), expected, "{promise}");
        }
        let token = spnego(&[KERBEROS], false, Some(&ticket));
        for cut in 0..token.len() {
            assert!(super::ticket(&token[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn the_field_says_its_scheme_and_is_bounded() {
        for (field, expected) in [
            (&b"Basic cDE6YQ=="[..], None),
            (b"Negotiate", None),
            (b"negotiatE YII", Some(Err(NotShown::Form))),
            (b"Negotiate *", Some(Err(NotShown::Form))),
            (b"Negotiate \xff\xff", Some(Err(NotShown::Form))),
            // As a browser without a ticket has it.
            (b"Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAGAbEdAAAADw==", Some(Err(NotShown::Ntlm))),
        ] {
            assert_eq!(Shown::read(field), expected, "{}", String::from_utf8_lossy(field));
        }
        let long = [&b"Negotiate "[..], &vec![b'A'; 64_004]].concat();
        assert_eq!(Shown::read(&long), Some(Err(NotShown::TooLong)));
        let shown = Shown(b"a ticket".to_vec());
        assert!(!format!("{shown:?}").contains("ticket") && !format!("{shown:?}").contains("97"));
    }

    proptest! {
        #[test]
        fn nothing_panics_it(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..200, octet: u8) {
            let _ = ticket(&bytes);
            let mut token = spnego(&[KERBEROS_OF_2000, NTLM], true, Some(&request([1, 0], &[7; 90])));
            let at = at % token.len();
            token[at] = octet;
            let _ = ticket(&token);
            let _ = Shown::read(&bytes);
        }
    }
}
