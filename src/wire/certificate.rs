//! Of an X.509 certificate (RFC 5280) how long it holds, and whether it names itself as its issuer.

/// Tags of DER (X.690): what stands before the validity, and the two ways to write a time.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The last second a certificate (DER) holds, since 1970. `None`: it cannot be read so far.
pub fn ends(der: &[u8]) -> Option<i64> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (mut signed, _) = expect(certificate, SEQUENCE)?;
    if signed.first() == Some(&VERSION) {
        (_, _, signed) = element(signed)?;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        (_, _, signed) = element(signed)?;
    }
    let (validity, _) = expect(signed, SEQUENCE)?;
    let (_, _, after) = element(validity)?;
    let (tag, text, _) = element(after)?;
    time(tag, text)
}

/// Whether a certificate (DER) has the same name for itself and for who issued it.
pub fn is_self_issued(der: &[u8]) -> bool {
    names(der).is_some_and(|(issuer, subject)| issuer == subject)
}

/// Issuer and subject, as they are encoded.
fn names(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (mut signed, _) = expect(certificate, SEQUENCE)?;
    if signed.first() == Some(&VERSION) {
        (_, _, signed) = element(signed)?;
    }
    // Serial number, signature algorithm.
    for _ in 0..2 {
        (_, _, signed) = element(signed)?;
    }
    let (issuer, rest) = expect(signed, SEQUENCE)?;
    let (_, _, rest) = element(rest)?;
    let (subject, _) = expect(rest, SEQUENCE)?;
    Some((issuer, subject))
}

/// Tag and content of the first element, and what follows it. Lengths of up to two octets: no certificate is longer.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => rest.split_first().map(|(&l, rest)| (usize::from(l), rest))?,
        0x82 => rest.split_first_chunk::<2>().map(|(l, rest)| (usize::from(u16::from_be_bytes(*l)), rest))?,
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn expect(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    element(der).filter(|(tag, ..)| *tag == wanted).map(|(_, content, rest)| (content, rest))
}

/// `YYMMDDHHMMSSZ`, where 50 is 1950, or `YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5.1, §4.1.2.5.2).
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match (tag, text.len()) {
        (UTC_TIME, 12) => {
            let year: i16 = text[..2].parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, &text[2..])
        }
        (GENERALIZED_TIME, 14) => (text[..4].parse().ok()?, &text[4..]),
        _ => return None,
    };
    let pair = |at: usize| rest[at..at + 2].parse::<i8>().ok();
    let at = jiff::civil::DateTime::new(year, pair(0)?, pair(2)?, pair(4)?, pair(6)?, pair(8)?, 0).ok()?;
    at.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn made(year: i32) -> Vec<u8> {
        let mut wanted = rcgen::CertificateParams::new(vec!["dns.school.example".to_owned()]).expect("a name");
        wanted.not_after = rcgen::date_time_ymd(year, 3, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        wanted.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn a_certificate_says_when_it_ends() {
        // 2027-03-01 is written with two digits of the year, 2061-03-01 with four.
        assert_eq!(ends(&made(2027)), Some(1_803_859_200));
        assert_eq!(ends(&made(2061)), Some(2_876_860_800));
        assert!(is_self_issued(&made(2027)) && !is_self_issued(b"") && !is_self_issued(&made(2027)[..40]));
        assert_eq!(ends(b""), None);
        assert_eq!(ends(&made(2027)[..40]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), at in 0usize..200, octet in any::<u8>()) {
            let _ = (ends(&bytes), is_self_issued(&bytes));
            let mut near = made(2027);
            near[at] = octet;
            let _ = ends(&near);
        }
    }
}
