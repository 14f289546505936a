//! Hosts files (hosts(5)): an address, then names; `#` starts a comment.

use super::{Reject, Rule, Said, text};
use std::net::IpAddr;

/// What every hosts file says of the machine itself: no entries, and nothing to report.
const OF_THE_MACHINE: [&str; 12] = [
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost6",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
];

pub(super) fn line(line: &[u8], each: &mut dyn FnMut(Said)) {
    let text = match text::without_comment(line, b"#") {
        Ok(text) => text,
        Err(why) => return each(Err(why)),
    };
    let mut words = text.split_ascii_whitespace();
    let Some(first) = words.next() else { return };
    let Some(address) = address(first) else {
        return each(Err(if first.starts_with('<') { Reject::Html } else { Reject::NoAddress }));
    };
    let mut any = false;
    for word in words {
        any = true;
        // `127.0.0.1 name#comment` is written too; no host name holds a `#`.
        let word = word.split('#').next().unwrap_or_default();
        if word.is_empty()
            || OF_THE_MACHINE.iter().any(|w| w.eq_ignore_ascii_case(word))
            || word == "ip6-allhosts"
            || word == first
        {
            continue;
        }
        each(if means_block(address) { text::entry(word).map(Rule::entry) } else { Err(Reject::RealAddress) });
    }
    if !any {
        each(Err(Reject::NoName));
    }
}

/// The address in front, with or without the zone that macOS writes (`fe80::1%lo0`).
fn address(word: &str) -> Option<IpAddr> {
    word.split('%').next()?.parse().ok()
}

fn means_block(address: IpAddr) -> bool {
    address.is_unspecified() || address.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::super::{Format, said};
    use super::*;

    #[test]
    fn a_hosts_line_says_its_names() {
        let ok = |names: &[&str]| names.iter().map(|n| Ok((*n).to_owned())).collect::<Vec<_>>();
        for (line, expected) in [
            ("0.0.0.0 example.com", ok(&["example.com"])),
            ("127.0.0.1\tA.example  b.example # why", ok(&["a.example", "b.example"])),
            (":: example.com", ok(&["example.com"])),
            ("0.0.0.0 example.com#why", ok(&["example.com"])),
            ("0.0.0.0 93.184.216.34", ok(&["93.184.216.34"])),
            ("127.0.0.1 localhost LocalHost.localdomain", ok(&[])),
            ("fe80::1%lo0 localhost", ok(&[])),
            ("0.0.0.0 0.0.0.0", ok(&[])),
            ("ff02::1 ip6-allnodes", ok(&[])),
            ("255.255.255.255 broadcasthost", ok(&[])),
            ("# 0.0.0.0 example.com", ok(&[])),
            ("#\u{1b}[31m and whatever else", ok(&[])),
            ("   ", ok(&[])),
        ] {
            assert_eq!(said(Format::Hosts, line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn what_a_hosts_line_cannot_say_has_a_reason() {
        for (line, why) in [
            (b"example.com".as_slice(), Reject::NoAddress),
            (b"<html>", Reject::Html),
            (b"0.0.0.0", Reject::NoName),
            (b"93.184.216.34 example.com", Reject::RealAddress),
            (b"0.0.0.0 example.com/page", Reject::Url),
            (b"0.0.0.0 printer", Reject::Local),
            (b"0.0.0.0 exam\x1bple.com", Reject::ControlBytes),
            (b"0.0.0.0 \xff.com", Reject::NotUtf8),
        ] {
            assert_eq!(said(Format::Hosts, line), [Err(why)], "{}", String::from_utf8_lossy(line));
        }
    }
}
