//! Addresses and ranges in CIDR form, one a line; `#` and `;` start a comment (Spamhaus writes `192.0.2.0/24 ; SBL1`).
//!
//! An entry is one address. A range of up to 256 IPv4 addresses becomes that many entries; a wider one would close other
//! people's machines, and is refused. Ranges of IPv6 are refused: none is small enough to be written out.

use super::{Reject, Rule, Said, text};
use std::net::{IpAddr, Ipv4Addr};

/// Widest range of IPv4 that is taken: what one network owner has, and 256 entries.
const WIDEST_V4: u8 = 24;
/// Widest range of IPv6 that would be: what one network owner has.
const WIDEST_V6: u8 = 48;

pub(super) fn line(line: &[u8], each: &mut dyn FnMut(Said)) {
    let word = match text::without_comment(line, b"#;") {
        Ok("") => return,
        Ok(word) => word,
        Err(why) => return each(Err(why)),
    };
    let (address, length) = match word.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (word, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else { return each(Err(looks_like(word))) };
    let whole: u8 = if address.is_ipv4() { 32 } else { 128 };
    // `+24` is a number too.
    let number = |text: &str| if text.bytes().all(|c| c.is_ascii_digit()) { text.parse().ok() } else { None };
    let Some(length) = length.map_or(Some(whole), number).filter(|l| *l <= whole) else {
        return each(Err(Reject::NotAnAddress));
    };
    match address {
        _ if length == whole => each(one(address)),
        IpAddr::V4(_) if length < WIDEST_V4 => each(Err(Reject::TooWide)),
        IpAddr::V6(_) if length < WIDEST_V6 => each(Err(Reject::TooWide)),
        IpAddr::V6(_) => each(Err(Reject::Range)),
        IpAddr::V4(v4) => {
            let size = 1u32 << (32 - length);
            let first = v4.to_bits() & !(size - 1);
            // Local networks are wider than what gets here: the first address speaks for all.
            if let Err(why) = one(Ipv4Addr::from_bits(first).into()) {
                return each(Err(why));
            }
            (first..=first + (size - 1)).for_each(|bits| each(one(Ipv4Addr::from_bits(bits).into())));
        }
    }
}

fn one(address: IpAddr) -> Said<'static> {
    text::entry(&address.to_string()).map(Rule::entry)
}

fn looks_like(word: &str) -> Reject {
    if word.starts_with('<') {
        return Reject::Html;
    }
    let range =
        word.split_once('-').is_some_and(|(a, b)| a.trim().parse::<IpAddr>().is_ok() && b.trim().parse::<IpAddr>().is_ok());
    if range { Reject::Range } else { Reject::NotAnAddress }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Reject, said, says};

    #[test]
    fn a_line_is_an_address_or_a_small_range() {
        says(
            Format::Addresses,
            &[
                ("203.0.113.7", &[Ok("203.0.113.7")]),
                ("  203.0.113.7 # why", &[Ok("203.0.113.7")]),
                ("203.0.113.7/32", &[Ok("203.0.113.7")]),
                ("203.0.113.7/31 ; SBL1", &[Ok("203.0.113.6"), Ok("203.0.113.7")]),
                ("2001:470::7", &[Ok("2001:470::7")]),
                ("2001:470::7/128", &[Ok("2001:470::7")]),
                ("# 203.0.113.7", &[]),
                ("", &[]),
                ("203.0.112.0/23", &[Err(Reject::TooWide)]),
                ("0.0.0.0/0", &[Err(Reject::TooWide)]),
                ("2001:470::/47", &[Err(Reject::TooWide)]),
                ("2001:470::/64", &[Err(Reject::Range)]),
                ("203.0.113.1-203.0.113.9", &[Err(Reject::Range)]),
                ("192.168.1.0/24", &[Err(Reject::Local)]),
                ("127.0.0.1", &[Err(Reject::Local)]),
                ("203.0.113.7/33", &[Err(Reject::NotAnAddress)]),
                ("203.0.113.7/+24", &[Err(Reject::NotAnAddress)]),
                ("203.0.113.7/", &[Err(Reject::NotAnAddress)]),
                ("203.0.113.7:80", &[Err(Reject::NotAnAddress)]),
                ("example.com", &[Err(Reject::NotAnAddress)]),
                ("<html>", &[Err(Reject::Html)]),
            ],
        );
        let all = said(Format::Addresses, b"203.0.113.77/24");
        assert_eq!((all.len(), &all[0], &all[255]), (256, &Ok("203.0.113.0".into()), &Ok("203.0.113.255".into())));
        assert_eq!(said(Format::Addresses, b"255.255.255.0/24").len(), 256);
    }
}
