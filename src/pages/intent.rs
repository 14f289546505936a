//! How much a person meant a request, and whether they would see a page: read from the headers a browser sends.
//!
//! Browsers say it themselves in Sec-Fetch-* (W3C Fetch Metadata), but only to origins they trust; to plain HTTP they send
//! only Accept, Referer and Upgrade-Insecure-Requests, from which it is guessed. A tunnel says nothing: its intent is unknown.
//! What these headers say is the client's word. It decides how an event is read and what an answer looks like, never whether
//! a request is allowed.

use crate::journal::Intent;
use hyper::HeaderMap;
use hyper::header::{ACCEPT, REFERER, USER_AGENT};

/// What the headers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub intent: Intent,
    /// A page sent in answer would be in front of a person.
    pub page: bool,
}

impl Seen {
    pub fn of(headers: &HeaderMap) -> Self {
        let says = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
        let fetched_ahead = ["sec-purpose", "purpose", "x-moz"].iter().any(|name| says(name).contains("prefetch"));
        let (mode, dest) = (says("sec-fetch-mode"), says("sec-fetch-dest"));
        if fetched_ahead || matches!(dest, "serviceworker" | "sharedworker" | "report") {
            return Self { intent: Intent::Background, page: false };
        }
        if !mode.is_empty() || !dest.is_empty() {
            return Self::as_told(mode, dest, says("sec-fetch-site"), says("sec-fetch-user"));
        }
        Self::guessed(headers, says("x-requested-with"), says("upgrade-insecure-requests"))
    }

    fn as_told(mode: &str, dest: &str, from: &str, user: &str) -> Self {
        // Navigations of frames have the mode too, but not the whole window.
        let window = dest == "document" || mode == "navigate" && matches!(dest, "" | "empty");
        let intent = match (window, from, user) {
            (false, ..) => Intent::SubResource,
            (true, "none", _) => Intent::Navigation,
            (true, _, "?1") => Intent::Link,
            // A page that opened by itself: a redirect, or a script.
            (true, ..) => Intent::Unknown,
        };
        Self { intent, page: window }
    }

    fn guessed(headers: &HeaderMap, requested_with: &str, upgrade: &str) -> Self {
        let has = |name| headers.contains_key(name);
        let accept = headers.get(ACCEPT).map_or(&b""[..], |v| v.as_bytes());
        let agent = headers.get(USER_AGENT).map_or(&b""[..], |v| v.as_bytes());
        // Every browser's name begins so, and hardly any program's that is none.
        let browser = agent.starts_with(b"Mozilla/");
        if !requested_with.is_empty() {
            return Self { intent: Intent::SubResource, page: false };
        }
        if upgrade == "1" || holds_html(accept) {
            let intent = if has(REFERER) { Intent::Link } else { Intent::Navigation };
            return Self { intent, page: true };
        }
        let intent = match (browser || has(REFERER), accept.is_empty() && agent.is_empty()) {
            (true, _) => Intent::SubResource,
            (false, true) => Intent::Unknown,
            // Updates, apps, tools: nobody sits in front of it.
            (false, false) => Intent::Background,
        };
        Self { intent, page: false }
    }
}

fn holds_html(accept: &[u8]) -> bool {
    std::str::from_utf8(accept).is_ok_and(|accept| {
        accept.split(',').any(|range| {
            let kind = range.split(';').next().unwrap_or("").trim();
            kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    const FIREFOX: (&str, &str) = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");

    fn headers(fields: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).expect("a name"), HeaderValue::try_from(*value).expect("a value"))
        };
        fields.iter().map(pair).collect()
    }

    #[test]
    fn what_browsers_send_shows_how_much_it_was_meant() {
        use Intent::*;
        let dest = |d| ("sec-fetch-dest", d);
        let mode = |m| ("sec-fetch-mode", m);
        let from = |s| ("sec-fetch-site", s);
        let user = ("sec-fetch-user", "?1");
        let referer = ("referer", "http://a.example/");
        type Row<'a> = (&'a [(&'a str, &'a str)], Intent, bool);
        let table: &[Row] = &[
            (&[dest("document"), mode("navigate"), from("none"), user], Navigation, true),
            (&[dest("document"), mode("navigate"), from("cross-site"), user], Link, true),
            (&[dest("document"), mode("navigate"), from("cross-site")], Unknown, true),
            (&[dest("iframe"), mode("navigate"), from("cross-site"), HTML], SubResource, false),
            (&[dest("image"), mode("no-cors"), from("cross-site")], SubResource, false),
            (&[dest("empty"), mode("cors"), from("same-origin"), HTML], SubResource, false),
            (&[dest("serviceworker"), mode("same-origin")], Background, false),
            (&[dest("document"), mode("navigate"), ("sec-purpose", "prefetch;prerender")], Background, false),
            // Plain HTTP, where browsers say less.
            (&[HTML, FIREFOX], Navigation, true),
            (&[HTML, FIREFOX, referer], Link, true),
            (&[HTML, FIREFOX, ("x-moz", "prefetch")], Background, false),
            (&[("accept", "*/*"), ("upgrade-insecure-requests", "1")], Navigation, true),
            (&[("accept", "image/avif,image/webp,*/*"), FIREFOX, referer], SubResource, false),
            (&[("accept", "*/*"), FIREFOX], SubResource, false),
            (&[HTML, ("x-requested-with", "XMLHttpRequest")], SubResource, false),
            (&[("accept", "*/*"), ("user-agent", "Windows-Update-Agent/10.0")], Background, false),
            (&[("user-agent", "Microsoft-CryptoAPI/10.0")], Background, false),
            (&[], Unknown, false),
        ];
        for (fields, intent, page) in table {
            assert_eq!(Seen::of(&headers(fields)), Seen { intent: *intent, page: *page }, "{fields:?}");
        }
    }

    proptest! {
        #[test]
        fn no_headers_make_it_panic(values in prop::collection::vec(prop::collection::vec(0x20u8..=0xff, 0..20), 9)) {
            let names = ["accept", "user-agent", "referer", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-site",
                "sec-fetch-user", "purpose", "x-requested-with"];
            let named = names.iter().zip(values).filter_map(|(name, value)| {
                Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?))
            });
            Seen::of(&named.collect());
        }
    }
}
