//! An entry of a sealed list: what a plain line says, and the one way it is written before it is hashed.

use crate::lists::known::{Known, reach_of};
use crate::lists::{Origin, Reach};
use crate::words::{Category, Host, Url};
use std::fmt;

/// Longest line of a plain list: browsers and servers take URLs of 8 KiB.
pub const MAX_LINE: usize = 8 << 10;

/// How far an entry reaches. The number is hashed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// The host and everything below it.
    Below = 0,
    /// The host and `www.` in front of it.
    Host = 1,
    /// The path on that host, and what is below it.
    Page = 2,
}

/// One entry, written as it is hashed.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    pub host: Host,
    /// Empty but for a page.
    pub path: String,
}

/// Why a line cannot be sealed. It is told by its number: the line itself is shown nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEntry {
    #[error("neither a host nor a URL")]
    NotAnEntry,
    #[error("longer than {MAX_LINE} bytes")]
    TooLong,
    #[error("not UTF-8")]
    NotUtf8,
    #[error("a public suffix: it would close every name below it")]
    PublicSuffix,
    #[error("a single label, which is no host of the internet")]
    OneLabel,
}

impl Entry {
    /// Reads a line: `NAME` and `*.NAME` with everything below, `=NAME` for itself, a URL for a page and what is below it.
    /// `None`: blank or a comment.
    ///
    /// # Errors
    /// [`BadEntry`].
    pub fn read(line: &[u8], category: Category, known: &Known) -> Result<Option<Self>, BadEntry> {
        if line.len() > MAX_LINE {
            return Err(BadEntry::TooLong);
        }
        let line = std::str::from_utf8(line).map_err(|_| BadEntry::NotUtf8)?.trim_matches([' ', '\t', '\r', '\u{feff}']);
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        if line.contains('/') {
            return Self::of_url(line).map(Some);
        }
        let (name, own) = match (line.strip_prefix('='), line.strip_prefix("*.")) {
            (Some(name), _) => (name, Reach::HostOnly),
            (_, Some(name)) => (name, Reach::Below),
            _ => (line, Reach::Below),
        };
        let host = host(name)?;
        // Of what is known only suffixes and platforms matter here: nobody takes an entry from the locked tier.
        match reach_of(&host, category, Origin::School, own, known) {
            Ok(Reach::Below) => Ok(Some(Self { kind: Kind::Below, host, path: String::new() })),
            Ok(Reach::HostOnly | Reach::Exact) => Ok(Some(Self { kind: Kind::Host, host, path: String::new() })),
            Err(_) => Err(BadEntry::PublicSuffix),
        }
    }

    fn of_url(line: &str) -> Result<Self, BadEntry> {
        let url = Url::parse(line).map_err(|_| BadEntry::NotAnEntry)?;
        let host = host(url.host.as_str())?;
        let path = canonical_path(&url.path);
        // The front page of a host is the host: a door that sees no path closes it, too.
        match path.trim_end_matches('/') {
            "" => Ok(Self { kind: Kind::Host, host, path: String::new() }),
            path => Ok(Self { kind: Kind::Page, host, path: path.to_owned() }),
        }
    }

    /// Whether it is of a whole platform, which is closed for itself only: asked for more than it does.
    pub fn is_narrowed(&self, line: &[u8]) -> bool {
        self.kind == Kind::Host && !line.contains(&b'/') && !line.trim_ascii().starts_with(b"=")
    }
}

/// A host that an entry may be of.
fn host(text: &str) -> Result<Host, BadEntry> {
    let host = Host::parse(text).map_err(|_| BadEntry::NotAnEntry)?;
    if !host.is_address() && host.labels() < 2 { Err(BadEntry::OneLabel) } else { Ok(host) }
}

/// An entry is told to nobody, nor to a log by mistake.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({:?}, hidden)", self.kind)
    }
}

/// A path and query in the one way it is hashed (RFC 3986 §6.2.2): printable ASCII that divides nothing stands for itself, the
/// rest as `%XX`; no `.`, no `..`, no empty segment.
pub fn canonical_path(path: &str) -> String {
    let path = path.split('#').next().unwrap_or("");
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let mut segments: Vec<String> = Vec::new();
    for segment in path.split('/') {
        match plain(segment).as_str() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment.to_owned()),
        }
    }
    let mut written: String = segments.iter().flat_map(|segment| ["/", segment]).collect();
    if written.is_empty() {
        written.push('/');
    }
    if let Some(query) = query.filter(|q| !q.is_empty()) {
        written.push('?');
        written.push_str(&plain(query));
    }
    written
}

/// Takes `%XX` back where it was not needed, and puts it where it is.
fn plain(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = if byte == b'%' { hex(after) } else { None };
        let (byte, taken) = escaped.map_or((byte, 1), |byte| (byte, 3));
        rest = &rest[taken..];
        let divides = matches!(byte, b'/' | b'?' | b'#' | b'&');
        // A divider that was written as itself stands; one that was escaped stays so, and `%` always is.
        if byte.is_ascii_graphic() && byte != b'%' && (!divides || taken == 1) {
            written.push(char::from(byte));
        } else {
            written.push_str(&format!("%{byte:02X}"));
        }
    }
    written
}

fn hex(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// Where an entry may end in a canonical path, the shortest first: before each `/`, `?` and `&` but the first, and at its end.
pub fn cuts(path: &str) -> impl Iterator<Item = usize> {
    let inside = path.bytes().enumerate().skip(1).filter(|(_, c)| matches!(c, b'/' | b'?' | b'&')).map(|(at, _)| at);
    inside.chain([path.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::Platforms;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<Option<(Kind, String)>, BadEntry> {
        let platforms = Platforms::read(&mut "telegra.ph\n".as_bytes()).expect("platforms");
        let known = Known { platforms, ..Known::default() };
        let entry = Entry::read(line.as_bytes(), Category::ILLEGAL_CSAM, &known)?;
        Ok(entry.map(|e| (e.kind, format!("{}{}", e.host, e.path))))
    }

    #[test]
    fn a_line_is_a_host_with_what_is_below_a_host_alone_or_a_page() {
        for (line, kind, written) in [
            ("Bad.Example", Kind::Below, "bad.example"),
            ("*.bad.example.\r", Kind::Below, "bad.example"),
            ("=bad.example", Kind::Host, "bad.example"),
            ("bücher.example", Kind::Below, "xn--bcher-kva.example"),
            ("203.0.113.7", Kind::Below, "203.0.113.7"),
            ("http://bad.example/", Kind::Host, "bad.example"),
            ("https://bad.example:8443/a//b/../c/?q=%41#x", Kind::Page, "bad.example/a/c?q=A"),
            ("bad.example/a/", Kind::Page, "bad.example/a"),
            ("someone.github.io", Kind::Below, "someone.github.io"),
            // Whole platforms, for themselves only.
            ("github.io", Kind::Host, "github.io"),
            ("telegra.ph", Kind::Host, "telegra.ph"),
            ("telegra.ph/some-page", Kind::Page, "telegra.ph/some-page"),
        ] {
            assert_eq!(read(line), Ok(Some((kind, written.to_owned()))), "{line}");
        }
        assert_eq!((read(""), read(" # a comment")), (Ok(None), Ok(None)));
    }

    #[test]
    fn what_would_close_a_part_of_the_internet_is_refused() {
        for (line, why) in [
            ("co.uk", BadEntry::PublicSuffix),
            ("nhs.uk", BadEntry::PublicSuffix),
            ("com", BadEntry::OneLabel),
            ("no host", BadEntry::NotAnEntry),
            ("ftp://bad.example/", BadEntry::NotAnEntry),
            ("http://user@bad.example/a", BadEntry::NotAnEntry),
            (&"a".repeat(MAX_LINE + 1), BadEntry::TooLong),
        ] {
            assert_eq!(read(line), Err(why), "{line}");
        }
    }

    #[test]
    fn a_path_has_one_way_to_be_written() {
        for (path, written) in [
            ("", "/"),
            ("/%7euser/", "/~user"),
            ("/a%2fb", "/a%2Fb"),
            ("/a/./b/../../c", "/c"),
            ("/../../etc", "/etc"),
            ("/%zz%%34%31", "/%25zz%2541"),
            ("/ü", "/%C3%BC"),
            ("/%c3%bc", "/%C3%BC"),
            ("/a?x=1&y=%2f#z", "/a?x=1&y=%2F"),
        ] {
            assert_eq!(canonical_path(path), written, "{path}");
        }
        assert_eq!(cuts("/a/b?x&y").collect::<Vec<_>>(), [2, 4, 6, 8]);
    }

    proptest! {
        #[test]
        fn what_is_canonical_stays_as_it_is(path in "(/|%[0-9a-fA-F]{2}|[ -~]|ü|\\.){0,40}") {
            let once = canonical_path(&path);
            prop_assert_eq!(canonical_path(&once), once.clone());
            prop_assert!(cuts(&once).all(|at| once.is_char_boundary(at)));
        }

        #[test]
        fn no_line_makes_it_panic(line in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Entry::read(&line, Category::ILLEGAL_CSAM, &Known::default());
        }
    }
}
