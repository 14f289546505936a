//! What was searched for: the words in the URL of a search engine.

use crate::words::Url;

/// The words of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// `google`, `bing`, `duckduckgo`, `youtube`.
    pub engine: &'static str,
    /// As typed, decoded; bytes that are no text are kept as they came.
    pub words: Vec<u8>,
}

/// Where an engine keeps the words.
struct Engine {
    name: &'static str,
    /// Below this name; `None` for Google, which has a name in every country.
    host: Option<&'static str>,
    key: &'static str,
}

const ENGINES: &[Engine] = &[
    Engine { name: "google", host: None, key: "q" },
    Engine { name: "bing", host: Some("bing.com"), key: "q" },
    Engine { name: "duckduckgo", host: Some("duckduckgo.com"), key: "q" },
    Engine { name: "youtube", host: Some("youtube.com"), key: "search_query" },
];

/// The search that a URL is; `None` if it is of no engine that is known here, or holds no words.
pub fn searched(url: &Url) -> Option<Search> {
    let engine = ENGINES.iter().find(|engine| engine.has(url.host.as_str()))?;
    let (_, query) = url.path.split_once('?')?;
    let value = |pair: &str| pair.split_once('=').filter(|(key, _)| *key == engine.key).map(|(_, value)| decoded(value));
    let words = query.split('&').find_map(value)?;
    (!words.is_empty()).then_some(Search { engine: engine.name, words })
}

impl Engine {
    fn has(&self, host: &str) -> bool {
        match self.host {
            Some(own) => host.strip_suffix(own).is_some_and(|front| front.is_empty() || front.ends_with('.')),
            None => is_google(host),
        }
    }
}

/// `google.com`, `www.google.co.uk`, `images.google.de`: not `google.example`, nor `docs.google.com`, which searches no web.
fn is_google(host: &str) -> bool {
    let host = ["www.", "images.", "video."].iter().find_map(|front| host.strip_prefix(front)).unwrap_or(host);
    host.strip_prefix("google.")
        .is_some_and(|end| end.split('.').count() <= 2 && end.split('.').all(|l| matches!(l.len(), 2 | 3)))
}

/// `application/x-www-form-urlencoded`: `+` is a space, `%41` is `A`; what is no such code stays as it is.
pub(super) fn decoded(value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match (*byte, after) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(b'%'),
            },
            (byte, _) => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_words_of_a_search_are_read_from_its_url() {
        for (url, expected) in [
            ("https://www.google.co.uk/search?hl=en&q=red+fox", Some(("google", "red fox"))),
            ("google.com/search?q=red%20f%C3%B6x&oq=x", Some(("google", "red föx"))),
            ("https://www.bing.com/images/search?q=red", Some(("bing", "red"))),
            ("https://duckduckgo.com/?q=100%25+%zz%4", Some(("duckduckgo", "100% %zz%4"))),
            ("https://m.youtube.com/results?search_query=red&q=no", Some(("youtube", "red"))),
            ("https://www.youtube.com/watch?v=1", None),
            ("https://www.google.com/search?q=", None),
            ("https://www.google.com/?xq=red", None),
            ("https://google.example/search?q=red", None),
            ("https://docs.google.com/search?q=red", None),
            ("https://notbing.com/search?q=red", None),
            ("https://example.com/?q=red", None),
            ("https://www.google.com/", None),
        ] {
            let found = searched(&Url::parse(url).unwrap());
            assert_eq!(found, expected.map(|(engine, words)| Search { engine, words: words.into() }), "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "[q=&%+0-9a-fé]{0,60}") {
            let _ = searched(&Url::parse(&format!("https://bing.com/?{query}")).unwrap());
        }
    }
}
