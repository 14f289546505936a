//! A line in, entries or a reason out.
//!
//! Comes in: one line of a list, without its line feed. Goes out: hosts, or [`Reject`]s; nothing for blanks and comments.
//! Always holds: no line makes a parser panic, and a line is never longer than [`lines::MAX_LINE`].
//!
//! - [`lines`]    a reader cut into lines of bounded length
//! - [`text`]     one word of a line: a host, or why it is none
//! - [`hosts`]    `0.0.0.0 name name…`
//! - [`domains`]  one name a line
//! - [`wildcard`] `*.name` a line
//! - [`adblock`]  `||name^`, `@@||name^`, `||name/path^`, `/regex/`
//! - [`rpz`]      a response policy zone
//! - [`addresses`] addresses and small ranges
//! - [`v2fly`]    `full:name`, `domain:name`
//! - [`urls`]     `host/path` a line: pages
//! - [`ere`]      POSIX expressions, translated
//! - [`pattern`]  regular expressions, checked
//! - [`detect`]   which of them a list is

pub mod adblock;
pub mod addresses;
pub mod detect;
pub mod domains;
pub mod ere;
pub mod hosts;
pub mod lines;
pub mod pattern;
pub mod rpz;
pub mod text;
pub mod urls;
pub mod v2fly;
pub mod wildcard;

use super::{Format, Origin, Reach};
use crate::words::Host;
use std::fmt;
use std::net::IpAddr;

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
    Regex,
    Keyword,
    Include,
    TooWide,
    NotAnAddress,
    Trigger,
    RpzAction,
    LocalData,
    OutOfZone,
    Exception,
    DenyAllow,
    DnsType,
    DnsRewrite,
    Client,
    Ctag,
    ThirdParty,
    OnDomain,
    ContentType,
    OtherModifier,
    BadUrl,
    WholeHost,
    RegexOption,
    TooBroad,
    Pattern,
    NoRoom,
}

impl Reject {
    pub const ALL: [Self; 41] = [
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
        Self::Regex,
        Self::Keyword,
        Self::Include,
        Self::TooWide,
        Self::NotAnAddress,
        Self::Trigger,
        Self::RpzAction,
        Self::LocalData,
        Self::OutOfZone,
        Self::Exception,
        Self::DenyAllow,
        Self::DnsType,
        Self::DnsRewrite,
        Self::Client,
        Self::Ctag,
        Self::ThirdParty,
        Self::OnDomain,
        Self::ContentType,
        Self::OtherModifier,
        Self::BadUrl,
        Self::WholeHost,
        Self::RegexOption,
        Self::TooBroad,
        Self::Pattern,
        Self::NoRoom,
    ];

    /// Whether the line is nothing that its format has: a sign that the list is not the one it should be. The others are rules
    /// that are understood and not honoured, of which a good list may hold many.
    pub fn is_junk(self) -> bool {
        matches!(
            self,
            Self::NotAHost
                | Self::TooLong
                | Self::ControlBytes
                | Self::NotUtf8
                | Self::Url
                | Self::Wildcard
                | Self::OtherFormat
                | Self::Html
                | Self::NoAddress
                | Self::NoName
                | Self::NotAnAddress
                | Self::OutOfZone
        )
    }

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
            Self::Regex => "regex",
            Self::Keyword => "keyword",
            Self::Include => "include",
            Self::TooWide => "too-wide",
            Self::NotAnAddress => "not-an-address",
            Self::Trigger => "rpz-trigger",
            Self::RpzAction => "rpz-action",
            Self::LocalData => "rpz-local-data",
            Self::OutOfZone => "out-of-zone",
            Self::Exception => "exception",
            Self::DenyAllow => "modifier-denyallow",
            Self::DnsType => "modifier-dnstype",
            Self::DnsRewrite => "modifier-dnsrewrite",
            Self::Client => "modifier-client",
            Self::Ctag => "modifier-ctag",
            Self::ThirdParty => "modifier-third-party",
            Self::OnDomain => "modifier-domain",
            Self::ContentType => "modifier-content-type",
            Self::OtherModifier => "modifier-other",
            Self::BadUrl => "bad-url",
            Self::WholeHost => "whole-host",
            Self::RegexOption => "regex-option",
            Self::TooBroad => "too-broad",
            Self::Pattern => "pattern",
            Self::NoRoom => "no-room",
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
            Self::Range => "a range of addresses that is no prefix: write it as CIDR",
            Self::Wildcard => "a wildcard or pattern",
            Self::OtherFormat => "a rule of another list format",
            Self::Html => "HTML: a web page where a list should be",
            Self::NoAddress => "no address in front of the name, as a hosts file has",
            Self::NoName => "an address with no name after it",
            Self::RealAddress => "a name given a real address: only 0.0.0.0, 127.0.0.1, :: and ::1 mean 'block'",
            Self::Canary => "would close what schools need (canaries.txt)",
            Self::NotTrusted => "a public list may not say what is platform, help, rshe or education",
            Self::Regex => "a regular expression with look-around or back references, too big, or with a fault in it",
            Self::Keyword => "a keyword that would match within any name: not matched",
            Self::Include => "an include of a list that is not beside it, or of too many: give that list as a list of its own",
            Self::TooWide => "a range of addresses wider than /24, or /48 for IPv6: it would close other people's machines",
            Self::NotAnAddress => "not an address",
            Self::Trigger => "an RPZ trigger other than a name (client, server or answer address)",
            Self::RpzAction => "an RPZ action other than block and passthru (drop, tcp-only): not taken from a list",
            Self::LocalData => "RPZ local data, an answer of the list's own: not taken from a list",
            Self::OutOfZone => "a name outside the zone",
            Self::Exception => "an exception to an important entry of the same list: the entry stands",
            Self::DenyAllow => "an adblock rule with `$denyallow`",
            Self::DnsType => "an adblock rule with `$dnstype`",
            Self::DnsRewrite => "an adblock rule with `$dnsrewrite`",
            Self::Client => "an adblock rule with `$client`",
            Self::Ctag => "an adblock rule with `$ctag`",
            Self::ThirdParty => "an adblock rule with `$third-party`",
            Self::OnDomain => "an adblock rule with `$domain`",
            Self::ContentType => "an adblock rule for some contents of a page only (`$script`, `$popup` …)",
            Self::OtherModifier => "an adblock rule with another modifier",
            Self::BadUrl => "a URL that cannot be matched exactly: another scheme or port, a user name, or a blank in it",
            Self::WholeHost => "a URL without a path: a page's address must not close its host",
            Self::RegexOption => "a regular expression with an option after it (`;querytype=`, `;invert` …)",
            Self::TooBroad => "a pattern that would match nearly everything",
            Self::Pattern => "an adblock pattern that is not exactly a name, or a name and a path",
            Self::NoRoom => {
                "a pattern more than there is room for: a list may have 500 in 64 KiB, all lists together 2,000 in 256 KiB"
            }
        })
    }
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    Entry,
    /// Cancels entries of its own list for that name and, if it reaches there, below it.
    Exception,
}

/// What a rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What<'a> {
    /// A name, or a single address.
    Host(Host),
    /// The pages of a host whose path begins so, up to a boundary: never the host. The path as the list writes it, from its `/`.
    Url(Host, &'a str),
    /// A range of addresses no wider than /24, or /48: its first address and the length of its prefix.
    Range(IpAddr, u8),
    /// A regular expression, in the syntax of the crate `regex`, for host names or for whole URLs.
    Pattern(Within, &'a str),
}

impl From<&Host> for What<'_> {
    fn from(host: &Host) -> Self {
        Self::Host(*host)
    }
}

/// What a pattern is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Within {
    Host,
    /// Host, path and query, without the scheme.
    Url,
}

/// One rule of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule<'a> {
    pub what: What<'a>,
    /// `None`: what the list's own rule is.
    pub reach: Option<Reach>,
    pub means: Means,
    /// `$important`: only an exception that is important too cancels it.
    pub important: bool,
    /// `$badfilter`: the same rule without it is as if it were not there.
    pub off: bool,
}

impl<'a> Rule<'a> {
    pub(super) fn of(what: What<'a>) -> Self {
        Self { what, reach: None, means: Means::Entry, important: false, off: false }
    }

    pub(super) fn entry(host: Host) -> Self {
        Self::of(What::Host(host))
    }

    pub(super) fn reaching(host: Host, reach: Reach) -> Self {
        Self { reach: Some(reach), ..Self::entry(host) }
    }
}

/// What a line says, once for each rule in it.
pub type Said<'a> = Result<Rule<'a>, Reject>;

/// Reads the lines of one list, in their order: a zone file's lines mean what those before them make them mean.
pub struct Parser {
    format: Format,
    zone: rpz::Zone,
    /// What a line said in another syntax, while `each` looks at it.
    translated: String,
}

impl Parser {
    /// Of somebody else's list. [`Format::Detect`] is read as domains: a caller that cares asks [`detect::detect`] first.
    pub fn new(format: Format) -> Self {
        Self::of(format, Origin::Public)
    }

    /// Of a list of this origin: the school's own may say more.
    pub fn of(format: Format, origin: Origin) -> Self {
        Self { format, zone: rpz::Zone::of(origin), translated: String::new() }
    }

    /// Reads a line. `each` is not called for blanks, comments and the local names every hosts file starts with.
    pub fn line(&mut self, line: &[u8], each: &mut dyn FnMut(Said)) {
        match self.format {
            Format::Hosts => hosts::line(line, each),
            Format::Domains | Format::Detect => domains::line(line, each),
            Format::Wildcard => wildcard::line(line, each),
            Format::Adblock => adblock::line(line, each),
            Format::Rpz => self.zone.line(line, each),
            Format::Addresses => addresses::line(line, each),
            Format::V2fly => v2fly::line(line, each),
            Format::Urls => urls::line(line, each),
            Format::Expressions => ere::line(line, &mut self.translated, each),
            Format::Regex => pattern::line(line, each),
        }
    }
}

/// What the lines say, as the tests of the parsers write it: `@@` for an exception, `=` for just this host, `+` for it and
/// `www.`, `!` for important, `-` for a rule that is switched off.
#[cfg(test)]
pub(super) fn said(format: Format, bytes: &[u8]) -> Vec<Result<String, Reject>> {
    let mut all = Vec::new();
    let mut parser = Parser::new(format);
    let written = |r: Rule<'_>| {
        let what = match r.what {
            What::Host(host) => host.to_string(),
            What::Url(host, path) => format!("{host}{path}"),
            What::Range(address, length) => format!("{address}/{length}"),
            What::Pattern(Within::Host, text) => format!("host~{text}"),
            What::Pattern(Within::Url, text) => format!("url~{text}"),
        };
        let mark = |on: bool, mark: &'static str| if on { mark } else { "" };
        let (off, except) = (mark(r.off, "-"), mark(r.means == Means::Exception, "@@"));
        format!(
            "{off}{except}{}{}{}",
            match r.reach {
                Some(Reach::Exact) => "=",
                Some(Reach::HostOnly) => "+",
                Some(Reach::Below) | None => "",
            },
            mark(r.important, "!"),
            what
        )
    };
    for line in bytes.split(|&c| c == b'\n') {
        parser.line(line, &mut |s| all.push(s.map(written)));
    }
    all
}

/// Each line of a table says what stands beside it.
#[cfg(test)]
pub(super) fn says(format: Format, table: &[(&str, &[Result<&str, Reject>])]) {
    for (line, expected) in table {
        let expected: Vec<_> = expected.iter().map(|e| e.map(str::to_owned)).collect();
        assert_eq!(said(format, line.as_bytes()), expected, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_understood_and_not_honoured_is_no_junk() {
        for (format, line, junk) in [
            (Format::Domains, "$0/", true),
            (Format::Domains, "<html>", true),
            (Format::Domains, "http://a.example/", true),
            (Format::Hosts, "a.example", true),
            (Format::Rpz, "a.example A 192.0.2.1", false),
            (Format::V2fly, "include:other", false),
            (Format::V2fly, "keyword:a", false),
            (Format::Adblock, "||a.example^$client=x", false),
            (Format::Adblock, "/banner/ads.", false),
            (Format::Adblock, "||a.example/x", false),
            (Format::Addresses, "10.0.0.0/8", false),
            (Format::Urls, "http://a.example:81/x", false),
            (Format::Expressions, r"(a)\1", false),
        ] {
            assert_eq!(said(format, line.as_bytes()).pop().and_then(Result::err).map(Reject::is_junk), Some(junk), "{line}");
        }
    }

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        for (i, a) in Reject::ALL.iter().enumerate() {
            assert_eq!(*a as usize, i, "{a:?} stands where its number is");
            assert!(Reject::ALL[i + 1..].iter().all(|b| a.as_str() != b.as_str()));
        }
    }

    proptest! {
        #[test]
        fn no_lines_make_a_parser_panic(
            lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..8),
            texts in proptest::collection::vec("[$@|*!/.,;:=&()^\\[ a-z0-9]{0,30}(CNAME|SOA|\\$ORIGIN|badfilter|rpz-ip|full:)?[ .*a-z]{0,9}", 0..8),
        ) {
            for format in Format::ALL {
                let mut parser = Parser::new(*format);
                lines.iter().for_each(|line| parser.line(line, &mut |_| ()));
                texts.iter().for_each(|text| parser.line(text.as_bytes(), &mut |_| ()));
            }
        }

        #[test]
        fn what_a_parser_takes_is_a_host_of_two_labels_or_an_address(
            text in "(\\|\\||full:|\\*\\.)?[a-z0-9.:#! *%_-]{0,40}(\\^| CNAME \\.)?",
        ) {
            for format in Format::ALL {
                Parser::new(*format).line(text.as_bytes(), &mut |said| {
                    if let Ok(Rule { what: What::Host(host), .. }) = said {
                        assert!(host.is_address() || host.labels() >= 2, "{host}");
                        assert_eq!(Host::parse(host.as_str()), Ok(host));
                    }
                });
            }
        }
    }
}
