//! The path of a URL in one spelling, so that a page has one key however it is written.
//!
//! Unreserved characters stand for themselves, what no URL holds is percent-encoded with capital digits (RFC 3986 §6.2.2), dot
//! segments are resolved (§5.2.4), several slashes are one as servers take them, and a fragment is left out.

/// Path and query in their one spelling; it begins with `/`.
pub(super) fn normal(path: &str) -> String {
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let path = encoded(path);
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
    if let Some(query) = query {
        normal.push('?');
        normal.push_str(&encoded(query));
    }
    normal
}

/// Each byte as RFC 3986 has it: an unreserved one as itself, a reserved one as it came, any other as `%XX`; a `%` that encodes nothing too.
fn encoded(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let bytes = text.as_bytes();
    let mut encoded = String::with_capacity(bytes.len());
    let percent = |to: &mut String, c: u8| {
        to.push('%');
        to.push(char::from(HEX[usize::from(c >> 4)]));
        to.push(char::from(HEX[usize::from(c & 15)]));
    };
    let mut at = 0;
    while let Some(&c) = bytes.get(at) {
        at += 1;
        if c == b'%'
            && let Some(byte) =
                bytes.get(at..at + 2).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
            && bytes[at] != b'+'
        {
            at += 2;
            if is_unreserved(byte) { encoded.push(char::from(byte)) } else { percent(&mut encoded, byte) }
        } else if is_unreserved(c) || b"!$&'()*+,;=:@/?[]".contains(&c) {
            encoded.push(char::from(c));
        } else {
            percent(&mut encoded, c);
        }
    }
    encoded
}

fn is_unreserved(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-._~".contains(&c)
}

/// Most places at which a page's entry may end in one URL: what is asked of a table is bounded. The last is the whole.
pub(super) const MOST_ENDS: usize = 24;

/// Where an entry that this URL's path lies below may end, the longest first: the whole, and before each `/`, `?` and `&`; for
/// the front page itself, behind its `/`.
pub(super) fn ends(normal: &str) -> impl Iterator<Item = usize> {
    let bytes = normal.as_bytes();
    let is_end = move |&at: &usize| {
        let boundary = bytes.get(at).is_none_or(|c| b"/?&".contains(c));
        let slash = bytes[at - 1] == b'/';
        // Behind a slash nothing ends, but for the front page: entries have none at their end.
        boundary && (!slash || (at == 1 && bytes.get(at).is_none_or(|&c| c == b'?')))
    };
    let first = (1..bytes.len()).filter(is_end).take(MOST_ENDS - 1);
    let ends: Vec<usize> = first.chain(Some(bytes.len()).filter(is_end)).collect();
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
            ("/a%2fb", "/a%2Fb"),
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
        ] {
            assert_eq!(ends(path).map(|end| &path[..end]).collect::<Vec<_>>(), expected, "{path}");
        }
        let long = "/a".repeat(5000);
        assert_eq!((ends(&long).count(), ends(&long).next()), (MOST_ENDS, Some(10_000)));
    }

    proptest! {
        #[test]
        fn the_one_spelling_is_its_own_and_holds_what_a_key_may(path in "(/|\\.|%[0-9a-f]{2}|[a-zA-Z?&#é %]){0,40}") {
            let once = normal(&path);
            prop_assert_eq!(normal(&once), once.clone());
            prop_assert!(once.starts_with('/') && once.bytes().all(|c| c.is_ascii_graphic() && c != b'#'), "{}", once);
            let _ = ends(&once).count();
        }
    }
}
