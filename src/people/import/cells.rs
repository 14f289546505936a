//! What one field means. The error is what is wrong and what would be right.

use super::super::Mac;
use super::super::fault::nearest;
use crate::words::{BadNetwork, Day, Network, PersonRole};
use std::net::IpAddr;

type Read<T> = Result<T, (String, String)>;

/// The roles as a sentence: `pupil, staff … or visitor`.
pub(super) fn roles() -> String {
    let words: Vec<_> = PersonRole::ALL.iter().map(|r| r.word()).collect();
    match words.split_last() {
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// A role, in our word for it or one of `more`.
pub(in crate::people) fn role(text: &str, more: &[(String, PersonRole)]) -> Read<PersonRole> {
    let word = text.to_lowercase();
    let theirs = || more.iter().find(|(theirs, _)| *theirs == word).map(|(_, role)| *role);
    PersonRole::from_word(&word).or_else(theirs).ok_or_else(|| {
        // What MIS exports and other filters call them.
        let meant = match word.as_str() {
            "student" | "child" | "learner" => Some("pupil"),
            "teacher" | "ta" | "teaching assistant" | "admin" | "employee" | "head" => Some("staff"),
            "guest" => Some("visitor"),
            "carer" | "guardian" => Some("parent"),
            _ => nearest(&word, PersonRole::ALL.iter().map(|r| r.word())),
        };
        let right = meant.map_or_else(|| format!("write {}", roles()), |m| format!("write `{m}`"));
        (format!("`{text}` is no role"), right)
    })
}

/// `R`, `7`, `Y7`, `Yr 7`, `Year 7`; reception is 0.
pub(in crate::people) fn year(text: &str) -> Read<u8> {
    let word = text.to_lowercase();
    let number = ["year", "yr", "y"].into_iter().find_map(|y| word.strip_prefix(y)).unwrap_or(&word).trim();
    let fault = || (format!("`{text}` is no year"), "write R (reception) or 1 to 13, or nothing for someone in none".into());
    match number {
        "r" | "reception" => Ok(0),
        _ if number.len() > 2 || !number.bytes().all(|b| b.is_ascii_digit()) => Err(fault()),
        _ => number.parse().ok().filter(|y| *y <= 13).ok_or_else(fault),
    }
}

/// A day.
pub(in crate::people) fn day(text: &str) -> Read<Day> {
    super::super::details::day(text).ok_or_else(|| (format!("`{text}` is no day"), "write one such as 2026-12-18".into()))
}

/// The address of one device.
pub(super) fn address(text: &str) -> Read<IpAddr> {
    let fault = |what: &str, right: &str| Err((format!("`{text}` is {what}"), right.to_owned()));
    let Ok(address) = text.parse::<IpAddr>() else {
        return match Network::parse(text) {
            Ok(_) => fault("a network and no address", "write one address such as 10.20.1.5, or put it in the column `network`"),
            Err(_) => fault("no address", "write one such as 10.20.1.5 or 2001:db8::5"),
        };
    };
    let address = address.to_canonical();
    let broadcast = matches!(address, IpAddr::V4(a) if a.is_broadcast());
    if address.is_unspecified() || address.is_multicast() || broadcast {
        return fault("an address no device has to itself", "write the one its lease or its settings fix");
    }
    Ok(address)
}

pub(super) fn mac(text: &str) -> Read<Mac> {
    Mac::parse(text)
        .map_err(|why| (format!("`{text}` is no MAC of a device: {why}"), "copy it from the device's settings".into()))
}

pub(super) fn network(text: &str) -> Read<Network> {
    Network::parse(text).map_err(|why| match why {
        BadNetwork::HostBits(meant) => {
            (format!("`{text}` is no network: bits are set after the prefix"), format!("write {meant}"))
        }
        why => (format!("`{text}` is no network: {why}"), "write one such as 10.20.0.0/16".into()),
    })
}
