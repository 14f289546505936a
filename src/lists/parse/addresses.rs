//! Addresses and ranges in CIDR form, one a line; `#` and `;` start a comment (Spamhaus writes `192.0.2.0/24 ; SBL1`).
//!
//! An entry is an address or a range no wider than /24, or /48 for IPv6; a wider one would close other people's machines, and
//! is refused. `first-last` is taken where it is just such a range.

use super::{Reject, Rule, Said, What, text};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Widest range of IPv4 that is taken: the smallest that is routed on its own, so what one network owner has.
const WIDEST_V4: u8 = 24;
/// The same of IPv6.
const WIDEST_V6: u8 = 48;

pub(super) fn line(line: &[u8], each: &mut dyn FnMut(Said)) {
    match text::without_comment(line, b"#;") {
        Ok("") => {}
        Ok(word) => each(rule(word)),
        Err(why) => each(Err(why)),
    }
}

fn rule(word: &str) -> Said<'static> {
    if let Ok(address) = word.parse::<IpAddr>() {
        return one(address);
    }
    if let Some(range) = range(word) {
        return range;
    }
    if word.starts_with('<') {
        return Err(Reject::Html);
    }
    let ends = word.split_once('-').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    match ends {
        Some((first, last)) => between(first, last),
        None => Err(Reject::NotAnAddress),
    }
}

/// What `address/length` says; `None` if the word is nothing like it.
pub(super) fn range(word: &str) -> Option<Said<'static>> {
    let (address, length) = word.split_once('/')?;
    let address = address.parse::<IpAddr>().ok()?;
    // `+24` is a number too.
    let digits = !length.is_empty() && length.bytes().all(|c| c.is_ascii_digit());
    let length = if digits { length.parse::<u8>().ok() } else { None };
    Some(length.map_or(Err(Reject::NotAnAddress), |length| prefix(address, length)))
}

fn prefix(address: IpAddr, length: u8) -> Said<'static> {
    // An IPv4 address written as IPv6 (`::ffff:192.0.2.0/120`) is met as IPv4.
    let (address, length) = match address.to_canonical() {
        v4 @ IpAddr::V4(_) if address.is_ipv6() => (v4, length.checked_sub(96).ok_or(Reject::TooWide)?),
        address => (address, length),
    };
    let (whole, widest) = if address.is_ipv4() { (32, WIDEST_V4) } else { (128, WIDEST_V6) };
    match length {
        _ if length > whole => Err(Reject::NotAnAddress),
        _ if length == whole => one(address),
        _ if length < widest => Err(Reject::TooWide),
        _ => {
            let first = first_of(address, length);
            // Local networks are wider than what gets here: the first address speaks for all.
            one(first)?;
            Ok(Rule::of(What::Range(first, length)))
        }
    }
}

/// The range from one address to another, if it is one prefix.
fn between(first: IpAddr, last: IpAddr) -> Said<'static> {
    let (width, differing) = match (first, last) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (32, 32 - (a.to_bits() ^ b.to_bits()).leading_zeros()),
        (IpAddr::V6(a), IpAddr::V6(b)) => (128, 128 - (a.to_bits() ^ b.to_bits()).leading_zeros()),
        _ => return Err(Reject::NotAnAddress),
    };
    let length = (width - differing) as u8;
    if first_of(first, length) == first && last_of(last, length) == last { prefix(first, length) } else { Err(Reject::Range) }
}

fn first_of(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !ones_v4(length)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !ones_v6(length)).into(),
    }
}

fn last_of(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() | ones_v4(length)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() | ones_v6(length)).into(),
    }
}

/// The bits after a prefix.
fn ones_v4(length: u8) -> u32 {
    u32::MAX.checked_shr(length.into()).unwrap_or(0)
}

fn ones_v6(length: u8) -> u128 {
    u128::MAX.checked_shr(length.into()).unwrap_or(0)
}

fn one(address: IpAddr) -> Said<'static> {
    text::entry(&address.to_string()).map(Rule::entry)
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Reject, says};

    #[test]
    fn a_line_is_an_address_or_a_small_range() {
        says(
            Format::Addresses,
            &[
                ("203.0.113.7", &[Ok("203.0.113.7")]),
                ("  203.0.113.7 # why", &[Ok("203.0.113.7")]),
                ("203.0.113.7/32", &[Ok("203.0.113.7")]),
                ("203.0.113.7/31 ; SBL1", &[Ok("203.0.113.6/31")]),
                ("203.0.113.77/24", &[Ok("203.0.113.0/24")]),
                ("255.255.255.0/24", &[Ok("255.255.255.0/24")]),
                ("2001:470::7", &[Ok("2001:470::7")]),
                ("2001:470::7/128", &[Ok("2001:470::7")]),
                ("2001:470::7/64", &[Ok("2001:470::/64")]),
                ("2001:470:0:ffff::/48", &[Ok("2001:470::/48")]),
                ("::ffff:203.0.113.7/120", &[Ok("203.0.113.0/24")]),
                ("203.0.113.0-203.0.113.255", &[Ok("203.0.113.0/24")]),
                ("203.0.113.8 - 203.0.113.11", &[Ok("203.0.113.8/30")]),
                ("203.0.113.8-203.0.113.8", &[Ok("203.0.113.8")]),
                ("2001:470::-2001:470::ffff", &[Ok("2001:470::/112")]),
                ("# 203.0.113.7", &[]),
                ("", &[]),
            ],
        );
    }

    #[test]
    fn what_is_wider_or_no_range_is_refused() {
        says(
            Format::Addresses,
            &[
                ("203.0.112.0/23", &[Err(Reject::TooWide)]),
                ("0.0.0.0/0", &[Err(Reject::TooWide)]),
                ("::/0", &[Err(Reject::TooWide)]),
                ("::ffff:0:0/64", &[Err(Reject::TooWide)]),
                ("2001:470::/47", &[Err(Reject::TooWide)]),
                ("203.0.112.0-203.0.113.255", &[Err(Reject::TooWide)]),
                ("0.0.0.0-255.255.255.255", &[Err(Reject::TooWide)]),
                ("203.0.113.1-203.0.113.9", &[Err(Reject::Range)]),
                ("203.0.113.9-203.0.113.8", &[Err(Reject::Range)]),
                ("203.0.113.9-2001:470::", &[Err(Reject::NotAnAddress)]),
                ("192.168.1.0/24", &[Err(Reject::Local)]),
                ("fe80::/64", &[Err(Reject::Local)]),
                ("127.0.0.1", &[Err(Reject::Local)]),
                ("203.0.113.7/33", &[Err(Reject::NotAnAddress)]),
                ("203.0.113.7/+24", &[Err(Reject::NotAnAddress)]),
                ("203.0.113.7/", &[Err(Reject::NotAnAddress)]),
                ("203.0.113.7/256", &[Err(Reject::NotAnAddress)]),
                ("203.0.113.7:80", &[Err(Reject::NotAnAddress)]),
                ("example.com", &[Err(Reject::NotAnAddress)]),
                ("<html>", &[Err(Reject::Html)]),
            ],
        );
    }
}
