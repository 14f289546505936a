//! A line in, entries or a reason out.
//!
//! Comes in: one line of a list, without its line feed. Goes out: hosts, or [`Reject`]s; nothing for blanks and comments.
//! Always holds: no line makes a parser panic, and a line is never longer than [`lines::MAX_LINE`].
//!
//! - [`lines`]    a reader cut into lines of bounded length
//! - [`text`]     one word of a line: a host, or why it is none
//! - [`hosts`]    `0.0.0.0 name name…`
//! - [`domains`]  one name a line
//! - [`detect`]   which of them a list is

pub mod detect;
pub mod domains;
pub mod hosts;
pub mod lines;
pub mod text;

use super::Format;
use crate::words::Host;
use std::fmt;

/// Why a line, or a name in it, is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reject {
    NotAHost,
    PublicSuffix,
    Local,
    TooLong,
    ControlBytes,
    NotUtf8,
    Url,
    Range,
    Wildcard,
    OtherFormat,
    Html,
    NoAddress,
    NoName,
    RealAddress,
    Canary,
    NotTrusted,
}

impl Reject {
    pub const ALL: [Self; 16] = [
        Self::NotAHost,
        Self::PublicSuffix,
        Self::Local,
        Self::TooLong,
        Self::ControlBytes,
        Self::NotUtf8,
        Self::Url,
        Self::Range,
        Self::Wildcard,
        Self::OtherFormat,
        Self::Html,
        Self::NoAddress,
        Self::NoName,
        Self::RealAddress,
        Self::Canary,
        Self::NotTrusted,
    ];

    /// One word, for `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAHost => "not-a-host",
            Self::PublicSuffix => "public-suffix",
            Self::Local => "local",
            Self::TooLong => "too-long",
            Self::ControlBytes => "control-bytes",
            Self::NotUtf8 => "not-utf8",
            Self::Url => "url",
            Self::Range => "range",
            Self::Wildcard => "wildcard",
            Self::OtherFormat => "other-format",
            Self::Html => "html",
            Self::NoAddress => "no-address",
            Self::NoName => "no-name",
            Self::RealAddress => "real-address",
            Self::Canary => "canary",
            Self::NotTrusted => "not-trusted",
        }
    }
}

/// As people read it, after a number: `12 not a host name`.
impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAHost => "not a host name",
            Self::PublicSuffix => "a public suffix such as `co.uk`: it would match everyone under it",
            Self::Local => "a name or address of the local network",
            Self::TooLong => "too long for a line",
            Self::ControlBytes => "control bytes in the line",
            Self::NotUtf8 => "not UTF-8",
            Self::Url => "a URL, not a host: a page's address must not close its host",
            Self::Range => "a range of addresses",
            Self::Wildcard => "a wildcard or pattern",
            Self::OtherFormat => "a rule of another list format",
            Self::Html => "HTML: a web page where a list should be",
            Self::NoAddress => "no address in front of the name, as a hosts file has",
            Self::NoName => "an address with no name after it",
            Self::RealAddress => "a name given a real address: only 0.0.0.0, 127.0.0.1, :: and ::1 mean 'block'",
            Self::Canary => "would close a canary: a name that no public list may close",
            Self::NotTrusted => "a public list may not say what is platform, help, rshe or education",
        })
    }
}

/// What a line says, once for each name in it.
pub type Said = Result<Host, Reject>;

/// Reads a line. `each` is not called for blanks, comments and the local names every hosts file starts with.
///
/// [`Format::Detect`] is read as domains: a caller that cares asks [`detect::detect`] first.
pub fn line(format: Format, line: &[u8], each: &mut dyn FnMut(Said)) {
    match format {
        Format::Hosts => hosts::line(line, each),
        Format::Domains | Format::Detect => domains::line(line, each),
    }
}

#[cfg(test)]
pub(super) fn said(format: Format, bytes: &[u8]) -> Vec<Result<String, Reject>> {
    let mut all = Vec::new();
    line(format, bytes, &mut |s| all.push(s.map(|h| h.to_string())));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        for (i, a) in Reject::ALL.iter().enumerate() {
            assert_eq!(*a as usize, i, "{a:?} stands where its number is");
            assert!(Reject::ALL[i + 1..].iter().all(|b| a.as_str() != b.as_str()));
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for format in [Format::Hosts, Format::Domains] {
                line(format, &bytes, &mut |_| ());
            }
        }

        #[test]
        fn what_a_parser_takes_is_a_host_of_two_labels_or_an_address(text in "[a-z0-9.:#! *%_-]{0,40}") {
            for format in [Format::Hosts, Format::Domains] {
                line(format, text.as_bytes(), &mut |said| {
                    if let Ok(host) = said {
                        assert!(host.is_address() || host.labels() >= 2, "{host}");
                        assert_eq!(Host::parse(host.as_str()), Ok(host));
                    }
                });
            }
        }
    }
}
