//! What was searched for: the words in the URL of a search engine.

use crate::words::Url;

crate::words::person::words! {
    /// Who is asked.
    Service {
        Google "google",
        Bing "bing",
        DuckDuckGo "duckduckgo",
        YouTube "youtube",
        Yahoo "yahoo",
        Ecosia "ecosia",
        Brave "brave",
        Wikipedia "wikipedia",
        TikTok "tiktok",
    }
}

/// Longest search that is read, in bytes as they stand in the URL: Bing takes 1,500 characters.
const MAX_WRITTEN: usize = 8192;

/// The words of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub service: Service,
    /// As typed, decoded; bytes that are no text are kept as they came.
    pub words: Vec<u8>,
}

/// Where a service keeps the words of a search that was sent off: not those it guesses while they are typed, which it asks for at
/// other paths.
struct Place {
    service: Service,
    /// Whole paths, without a slash at their end; empty is the top.
    paths: &'static [&'static str],
    keys: &'static [&'static str],
}

const PLACES: &[Place] = &[
    Place { service: Service::Google, paths: &["/search", "/webhp", ""], keys: &["q", "as_q"] },
    Place {
        service: Service::Bing,
        paths: &["/search", "/images/search", "/videos/search", "/news/search", "/shop", "/maps"],
        keys: &["q"],
    },
    Place { service: Service::DuckDuckGo, paths: &["", "/html", "/lite"], keys: &["q"] },
    Place { service: Service::YouTube, paths: &["/results"], keys: &["search_query", "q"] },
    Place {
        service: Service::Yahoo,
        paths: &["/search", "/search/images", "/search/video", "/search/news", "/mobile/s"],
        keys: &["p"],
    },
    Place { service: Service::Ecosia, paths: &["/search", "/images", "/videos", "/news"], keys: &["q"] },
    Place { service: Service::Brave, paths: &["/search", "/images", "/videos", "/news", "/goggles"], keys: &["q"] },
    Place { service: Service::Wikipedia, paths: &["/w/index.php", "/wiki/Special:Search"], keys: &["search"] },
    Place { service: Service::TikTok, paths: &["/search", "/search/video", "/search/user", "/search/live"], keys: &["q"] },
];

/// The search that a URL is; `None` if it is of no service that is known here, or holds no words.
pub fn searched(url: &Url) -> Option<Search> {
    search_on(url.host.as_str(), &url.path)
}

/// [`searched`], of a host and the path and query that are asked for there.
pub fn search_on(host: &str, path: &str) -> Option<Search> {
    let service = service(host)?;
    let (path, query) = path.split_once('?')?;
    let path = path.trim_end_matches('/');
    let place = PLACES.iter().find(|place| place.service == service && place.paths.contains(&path))?;
    let query = query.get(..query.floor_char_boundary(MAX_WRITTEN)).unwrap_or(query);
    let value = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')).map(decoded);
    let words = place.keys.iter().find_map(|key| value(key).filter(|words| words.iter().any(|b| !b.is_ascii_whitespace())))?;
    Some(Search { service, words })
}

/// Whether a search box asks here what somebody may be going to type.
pub fn is_autocomplete(host: &str, path: &str) -> bool {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.trim_end_matches('/');
    let within = |own: &str| host.strip_suffix(own).is_some_and(|front| front.is_empty() || front.ends_with('.'));
    match path {
        "/complete/search" => is_google(host) || within("google.com") || within("youtube.com"),
        "/AS/Suggestions" | "/osjson.aspx" | "/qsonhs.aspx" => within("bing.com"),
        "/ac" => within("duckduckgo.com"),
        "/autocomplete" => host == "ac.ecosia.org",
        "/api/suggest" => host == "search.brave.com",
        "/w/api.php" => within("wikipedia.org") && query.split('&').any(|pair| pair == "action=opensearch"),
        "/w/rest.php/v1/search/title" => within("wikipedia.org"),
        "/api/search/general/sug" => within("tiktok.com"),
        _ => within("search.yahoo.com") && path.starts_with("/sugg/"),
    }
}

/// Whose host this is, where searches are made.
pub fn service(host: &str) -> Option<Service> {
    let within = |own: &str| host.strip_suffix(own).is_some_and(|front| front.is_empty() || front.ends_with('.'));
    [
        (is_google(host), Service::Google),
        (within("bing.com"), Service::Bing),
        (within("duckduckgo.com") && !host.starts_with("links."), Service::DuckDuckGo),
        (within("youtube.com"), Service::YouTube),
        (within("search.yahoo.com") || within("search.yahoo.co.jp"), Service::Yahoo),
        (matches!(host, "ecosia.org" | "www.ecosia.org"), Service::Ecosia),
        (host == "search.brave.com", Service::Brave),
        (within("wikipedia.org"), Service::Wikipedia),
        (matches!(host, "tiktok.com" | "www.tiktok.com" | "m.tiktok.com"), Service::TikTok),
    ]
    .into_iter()
    .find_map(|(is, service)| is.then_some(service))
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
            ("https://uk.search.yahoo.com/search?fr=x&p=red", Some(("yahoo", "red"))),
            ("https://www.ecosia.org/search?method=index&q=red", Some(("ecosia", "red"))),
            ("https://search.brave.com/images?q=red", Some(("brave", "red"))),
            ("https://cy.wikipedia.org/w/index.php?search=coch&title=Special:Search", Some(("wikipedia", "coch"))),
            ("https://www.tiktok.com/search/video?q=red&t=1", Some(("tiktok", "red"))),
            ("https://html.duckduckgo.com/html/?q=red", Some(("duckduckgo", "red"))),
            ("https://www.google.com/search?q=&as_q=red", Some(("google", "red"))),
            ("https://www.google.com/search?q=+%20", None),
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
            assert_eq!(
                found.as_ref().map(|s| (s.service.word(), s.words.as_slice())),
                expected.map(|(of, words): (_, &str)| (of, words.as_bytes())),
                "{url}"
            );
        }
    }

    #[test]
    fn what_a_box_asks_while_somebody_types_is_no_search() {
        for url in [
            "https://www.google.com/complete/search?q=re&client=gws-wiz",
            "https://www.bing.com/AS/Suggestions?qry=re&q=re",
            "https://duckduckgo.com/ac/?q=re&kl=wt-wt",
            "https://suggestqueries-clients6.youtube.com/complete/search?q=re",
            "https://ac.ecosia.org/autocomplete?q=re",
            "https://search.brave.com/api/suggest?q=re",
            "https://en.wikipedia.org/w/api.php?action=opensearch&search=re",
            "https://www.tiktok.com/api/search/general/sug/?q=re",
            "https://search.yahoo.com/sugg/gossip/gossip-us-ura/?command=re",
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(searched(&url), None, "{}", url.path);
            assert!(is_autocomplete(url.host.as_str(), &url.path), "{} {}", url.host, url.path);
        }
        for (host, path) in [
            ("www.google.com", "/search?q=red"),
            ("google.example", "/complete/search?q=re"),
            ("en.wikipedia.org", "/w/api.php?action=query&list=search"),
            ("notbing.com", "/AS/Suggestions?q=re"),
            ("example.com", "/ac?q=re"),
        ] {
            assert!(!is_autocomplete(host, path), "{host} {path}");
        }
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "[q=&%+0-9a-fé]{0,60}") {
            let _ = searched(&Url::parse(&format!("https://bing.com/?{query}")).unwrap());
        }
    }
}
