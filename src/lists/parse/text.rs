//! One word of a line: a host, or why it is none.

use super::Reject;
use crate::words::{BadHost, Host};
use std::net::IpAddr;

/// Endings that belong to the local network or to nobody: RFC 6761 (localhost), RFC 6762 (local), RFC 8375 (home.arpa), and
/// what systems call themselves. `invalid`, `test` and `example` stay: they harm nobody and tests need them.
const LOCAL_ENDINGS: [&str; 4] = ["localhost", "local", "localdomain", "arpa"];

/// Reads one word as an entry.
///
/// # Errors
/// The [`Reject`] that fits best what the word looks like.
pub fn entry(word: &str) -> Result<Host, Reject> {
    let host = Host::parse(word).map_err(|why| looks_like(word, why))?;
    if let Some(address) = host.address() {
        return if is_local(address) { Err(Reject::Local) } else { Ok(host) };
    }
    let mut labels = host.as_str().rsplit('.');
    let last = labels.next().unwrap_or_default();
    if LOCAL_ENDINGS.contains(&last) || labels.next().is_none() {
        return Err(Reject::Local);
    }
    // A browser reads a host that ends in a number as an IPv4 address or not at all (WHATWG URL, 'ends in a number').
    if last.bytes().all(|c| c.is_ascii_digit()) {
        return Err(Reject::NotAHost);
    }
    Ok(host)
}

/// What a word that is no host was meant to be.
fn looks_like(word: &str, why: BadHost) -> Reject {
    if word.starts_with('<') {
        return Reject::Html;
    }
    if word.contains("://") {
        return Reject::Url;
    }
    let rule_of_adblock = word.starts_with("||") || word.starts_with("@@") || word.contains("##") || word.contains(['^', '$']);
    if rule_of_adblock {
        return Reject::OtherFormat;
    }
    if let Some((before, after)) = word.split_once('/') {
        let network = before.parse::<IpAddr>().is_ok() && after.bytes().all(|c| c.is_ascii_digit());
        return if network { Reject::Range } else { Reject::Url };
    }
    if word.starts_with('.') || word.contains('*') {
        return Reject::Wildcard;
    }
    match why {
        BadHost::TooLong => Reject::TooLong,
        _ => Reject::NotAHost,
    }
}

/// Addresses that a list means as 'nowhere' or that are different machines in every building: as an entry, one would block
/// every name that some resolver answers with it.
fn is_local(address: IpAddr) -> bool {
    if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
        return true;
    }
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unique_local(),
    }
}

/// The text of a line without its comment: what starts at a `mark`, at the line's start or after a blank.
///
/// # Errors
/// [`Reject::NotUtf8`], [`Reject::ControlBytes`]: of the part that is no comment, for a comment may hold anything.
pub(in crate::lists) fn without_comment<'a>(line: &'a [u8], marks: &[u8]) -> Result<&'a str, Reject> {
    let starts = |at: usize| at == 0 || line[at - 1].is_ascii_whitespace();
    let end = (0..line.len()).find(|&at| marks.contains(&line[at]) && starts(at)).unwrap_or(line.len());
    let text = line[..end].trim_ascii();
    if text.iter().any(|&c| c.is_ascii_control() && c != b'\t') {
        return Err(Reject::ControlBytes);
    }
    std::str::from_utf8(text).map_err(|_| Reject::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_host_or_the_reason_says_what_it_is() {
        let long = "a.".repeat(130) + "com";
        for (word, expected) in [
            ("Example.COM.", Ok("example.com")),
            ("_sip.example.com", Ok("_sip.example.com")),
            ("münchen.de", Ok("xn--mnchen-3ya.de")),
            ("93.184.216.34", Ok("93.184.216.34")),
            ("[2606:2800:220::1]", Ok("2606:2800:220::1")),
            ("localhost", Err(Reject::Local)),
            ("printer.local", Err(Reject::Local)),
            ("com", Err(Reject::Local)),
            ("127.0.0.1", Err(Reject::Local)),
            ("0.0.0.0", Err(Reject::Local)),
            ("192.168.1.1", Err(Reject::Local)),
            ("fe80::1", Err(Reject::Local)),
            ("1.2.3", Err(Reject::NotAHost)),
            ("010.1.1.1", Err(Reject::NotAHost)),
            ("exa mple.com", Err(Reject::NotAHost)),
            ("example.com:8080", Err(Reject::NotAHost)),
            ("example.com/page", Err(Reject::Url)),
            ("https://example.com", Err(Reject::Url)),
            ("192.0.2.0/24", Err(Reject::Range)),
            ("*.example.com", Err(Reject::Wildcard)),
            (".example.com", Err(Reject::Wildcard)),
            ("||example.com^", Err(Reject::OtherFormat)),
            ("@@||example.com^", Err(Reject::OtherFormat)),
            ("$0/", Err(Reject::OtherFormat)),
            ("<!DOCTYPE", Err(Reject::Html)),
            (&long, Err(Reject::TooLong)),
        ] {
            assert_eq!(entry(word).map(|h| h.to_string()), expected.map(str::to_owned), "{word}");
        }
    }
}
