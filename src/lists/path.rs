//! The path of a URL in one spelling, so that a page has one key however it is written.
//!
//! What servers take for one page is one here, beyond RFC 3986 §6.2.2: `%XX` of a character that divides nothing is the character,
//! and what no URL holds is `%XX` with capital digits; `\`, `%2F` and `%5C` are `/`, and several of them one; dot segments are
//! resolved (§5.2.4); empty parameters of a query are left out, and `+` in it is a blank; a fragment is left out. Letters keep their
//! case, and the parameters of a query their order: servers tell those apart.
//!
//! Servers do not agree on everything, so a visit has up to three [`readings`], and an entry one.

/// Path and query in their one spelling; it begins with `/`.
pub(super) fn normal(path: &str) -> String {
    read(path, Slashes::Decoded)
}

/// What servers may take a visit's path for, the one spelling first: as it is; without the `;parameters` of its segments, which a
/// servlet's server takes off before it resolves `..`; and with `%2F`, `%5C` and `\` as letters of a segment, which they are to a
/// server that routes before it decodes.
pub(super) fn readings(path: &str) -> impl Iterator<Item = String> {
    let path = path.split('#').next().unwrap_or_default();
    let own = path.split('?').next().unwrap_or_default();
    let bare = own.contains(';').then(|| read(&without_parameters(path), Slashes::Decoded));
    let escaped = own.contains(['\\', '%']).then(|| read(path, Slashes::AsWritten));
    let first = normal(path);
    let others: Vec<String> = bare.into_iter().chain(escaped).filter(|other| *other != first).collect();
    std::iter::once(first).chain(others)
}

/// Each segment up to its first `;`.
fn without_parameters(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut bare: String = path
        .split_inclusive(['/', '\\'])
        .map(|segment| {
            let end = if segment.ends_with('\\') {
                "\\"
            } else if segment.ends_with('/') {
                "/"
            } else {
                ""
            };
            [segment.split_once(';').map_or(segment, |(name, _)| name).trim_end_matches(end), end].concat()
        })
        .collect();
    bare.push_str(query);
    bare
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slashes {
    /// `\`, `%2F` and `%5C` divide segments.
    Decoded,
    AsWritten,
}

fn read(path: &str, slashes: Slashes) -> String {
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let path = spelt(path, |byte, written| match byte {
        b'/' | b'\\' if slashes == Slashes::Decoded => Spelling::Slash,
        b'/' if written => Spelling::Itself,
        b'!' | b'$' | b'&'..=b'.' | b'0'..=b';' | b'=' | b'@' | b'[' | b']' | b'_' | b'~' => Spelling::Itself,
        _ if byte.is_ascii_alphabetic() => Spelling::Itself,
        _ => Spelling::Escaped,
    });
    let mut normal = String::with_capacity(path.len() + query.map_or(0, str::len) + 1);
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "" | "." => {}
            ".." => normal.truncate(normal.rfind('/').unwrap_or_default()),
            _ => {
                normal.push('/');
                normal.push_str(segment);
            }
        }
        if last && (normal.is_empty() || matches!(segment, "" | "." | "..")) {
            normal.push('/');
        }
    }
    let parameters = query.into_iter().flat_map(|query| query.split('&')).filter(|parameter| !parameter.is_empty());
    for (parameter, before) in parameters.zip(std::iter::once('?').chain(std::iter::repeat('&'))) {
        normal.push(before);
        normal.push_str(&in_query(parameter));
    }
    normal
}

/// One parameter of a query: `&` and `+` mean something only as they are written, the rest is the same either way.
fn in_query(parameter: &str) -> String {
    let parameter = parameter.replace('+', "%20");
    spelt(&parameter, |byte, _| match byte {
        b'!' | b'$' | b'\''..=b'*' | b','..=b';' | b'=' | b'?' | b'@' | b'[' | b']' | b'_' | b'~' => Spelling::Itself,
        _ if byte.is_ascii_alphabetic() => Spelling::Itself,
        _ => Spelling::Escaped,
    })
}

/// How a byte stands in a spelling.
enum Spelling {
    Itself,
    Escaped,
    Slash,
}

/// Each byte as `how` has it, which is told whether it was written as itself; a `%` that encodes nothing is `%25`.
fn spelt(text: &str, how: impl Fn(u8, bool) -> Spelling) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let bytes = text.as_bytes();
    let mut spelt = String::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&c) = bytes.get(at) {
        let escaped = if c == b'%' { bytes.get(at + 1..at + 3).and_then(byte_of) } else { None };
        at += if escaped.is_some() { 3 } else { 1 };
        let byte = escaped.unwrap_or(c);
        match how(byte, escaped.is_none()) {
            Spelling::Itself => spelt.push(char::from(byte)),
            Spelling::Slash => spelt.push('/'),
            Spelling::Escaped => {
                let digits = [byte >> 4, byte & 15].map(|digit| char::from(HEX[usize::from(digit)]));
                spelt.push('%');
                spelt.extend(digits);
            }
        }
    }
    spelt
}

/// The byte that two hexadecimal digits mean.
fn byte_of(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// Most places at which a page's entry may end in one URL: what is asked of a table is bounded. The last is the whole.
pub(super) const MOST_ENDS: usize = 24;

/// Where an entry that this URL's path lies below may end, the longest first: the whole, before each `/` and `?`, and before each
/// `&` of the query; for the front page itself, behind its `/`.
pub(super) fn ends(normal: &str) -> impl Iterator<Item = usize> {
    let bytes = normal.as_bytes();
    let query = normal.find('?').unwrap_or(bytes.len());
    let is_end = move |&at: &usize| {
        let boundary = bytes.get(at).is_none_or(|c| b"/?".contains(c) || (*c == b'&' && at > query));
        let slash = bytes[at - 1] == b'/';
        // Behind a slash nothing ends, but for the front page: entries have none at their end.
        boundary && (!slash || (at == 1 && bytes.get(at).is_none_or(|&c| c == b'?')))
    };
    // An entry has neither at its end, so the whole is what stands before them.
    let whole = normal.trim_end_matches(['/', '?']).len().max(1);
    let first = (1..whole).filter(is_end).take(MOST_ENDS - 1);
    let ends: Vec<usize> = first.chain(Some(whole).filter(is_end)).collect();
    ends.into_iter().rev()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_page_has_one_spelling() {
        for (written, expected) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a/b", "/a/b"),
            ("/a//b/", "/a/b/"),
            ("/a/./b/../c", "/a/c"),
            ("/../../a", "/a"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/b/.", "/a/b/"),
            ("/%7Euser/%41", "/~user/A"),
            ("/a/%2e%2E/b", "/b"),
            ("/a%2fb", "/a/b"),
            ("/a%5Cb\\c", "/a/b/c"),
            ("\\a/..%2fb", "/b"),
            ("/a%3Bb%26c%40%5B%5d;d", "/a;b&c@[];d"),
            ("/a%3Fb%23c%252Fd", "/a%3Fb%23c%252Fd"),
            ("/a?", "/a"),
            ("/a?&", "/a"),
            ("/a?&&v=1&&w&", "/a?v=1&w"),
            ("/a?v=%26%2B+%3D%2f\\", "/a?v=%26%2B%20=/%5C"),
            ("/%zz/%2", "/%25zz/%252"),
            ("/%+1", "/%25+1"),
            ("/%%341", "/%2541"),
            ("/caf\u{e9} \u{7f}\"", "/caf%C3%A9%20%7F%22"),
            ("/watch?v=%41//..&x#top", "/watch?v=A//..&x"),
            ("?q=1", "/?q=1"),
            ("/Path", "/Path"),
        ] {
            assert_eq!(normal(written), expected, "{written}");
        }
    }

    #[test]
    fn an_entry_ends_at_a_boundary() {
        for (path, expected) in [
            ("/", vec!["/"]),
            ("/?q", vec!["/?q", "/"]),
            ("/a/b.html", vec!["/a/b.html", "/a"]),
            ("/a/", vec!["/a"]),
            ("/a?x=1&y=2", vec!["/a?x=1&y=2", "/a?x=1", "/a"]),
            ("/a&b/c?d", vec!["/a&b/c?d", "/a&b/c", "/a&b"]),
        ] {
            assert_eq!(ends(path).map(|end| &path[..end]).collect::<Vec<_>>(), expected, "{path}");
        }
        let long = "/a".repeat(5000);
        assert_eq!((ends(&long).count(), ends(&long).next()), (MOST_ENDS, Some(10_000)));
    }

    #[test]
    fn a_visit_is_read_as_servers_may_read_it() {
        for (path, expected) in [
            ("/a/b?c;d", vec!["/a/b?c;d"]),
            ("/a;x/b;y=1?z;z", vec!["/a;x/b;y=1?z;z", "/a/b?z;z"]),
            ("/a/..;/b", vec!["/a/..;/b", "/b"]),
            ("/a/..%2fb", vec!["/b", "/a/..%2Fb"]),
            ("/a/..\\b", vec!["/b", "/a/..%5Cb"]),
            ("/%41", vec!["/A"]),
            ("/;x", vec!["/;x", "/"]),
        ] {
            assert_eq!(readings(path).collect::<Vec<_>>(), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn the_one_spelling_is_its_own_and_holds_what_a_key_may(path in "(/|\\.|%[0-9a-f]{2}|[a-zA-Z?&#é %;+\\\\]){0,40}") {
            let once = normal(&path);
            prop_assert_eq!(normal(&once), once.clone());
            prop_assert!(once.starts_with('/') && once.bytes().all(|c| c.is_ascii_graphic() && c != b'#'), "{}", once);
            for reading in readings(&path) {
                prop_assert!(reading.starts_with('/') && reading.is_ascii(), "{}", reading);
                let _ = ends(&reading).count();
            }
        }
    }
}
