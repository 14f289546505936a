//! Forms of ours: whether they are, and what they say.

use crate::words::{BadUrl, Host, Url};
use axum::body::Body;
use axum::extract::Request;
use http_body_util::{BodyExt, Limited};
use hyper::header::{CONTENT_TYPE, HOST, ORIGIN};
use hyper::{HeaderMap, Uri};

/// Longest form: 300 characters of four octets, each written as `%XX`, and a host.
pub const MAX_FORM: usize = 6 * 1024;

/// What a form may say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Which button.
    pub does: String,
    pub host: String,
    pub why: String,
    pub nameless: bool,
}

/// Whether a request was sent from a page of this very host. Only browsers are believed to say where a form came from; what says
/// nothing of it is not a browser of our time, and is refused. A page that came in the clear is none of those over TLS: anybody on
/// the way can have written it.
pub fn is_from_here(headers: &HeaderMap, secure: bool) -> bool {
    let scheme = if secure { "https://" } else { "http://" };
    let one = |name| {
        let mut all = headers.get_all(name).iter();
        (all.next().and_then(|value| value.to_str().ok()), all.next().is_some())
    };
    let (Some(host), false) = one(HOST) else { return false };
    let (site, origin) = (headers.get("sec-fetch-site"), headers.get(ORIGIN));
    let from_us = |origin: &str| origin.strip_prefix(scheme).is_some_and(|authority| authority.eq_ignore_ascii_case(host));
    let site_says = site.map(|value| value == "same-origin");
    let origin_says = origin.map(|_| matches!(one(ORIGIN), (Some(origin), false) if from_us(origin)));
    match (site_says, origin_says) {
        (None, None) => false,
        (site, origin) => site != Some(false) && origin != Some(false),
    }
}

/// What a form says, in its order. `None`: it is too long, or no form.
pub async fn fields(request: Request) -> Option<Vec<(String, String)>> {
    fields_up_to(request, MAX_FORM).await
}

/// The same of a form of at most so many bytes.
pub async fn fields_up_to(request: Request, most: usize) -> Option<Vec<(String, String)>> {
    let kind = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return None;
    }
    let body: Body = request.into_body();
    let bytes = Limited::new(body, most).collect().await.ok()?.to_bytes();
    Some(pairs(std::str::from_utf8(&bytes).ok()?))
}

/// What stands in a form, or behind the `?` of an address.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// What stands in a field; of two of one name the last counts.
pub fn field<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields.iter().rev().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str())
}

/// What an address asks for behind its `?`, by this name; empty: nothing.
pub fn asked(uri: &Uri, name: &str) -> String {
    let pairs = pairs(uri.query().unwrap_or_default());
    pairs.into_iter().find(|(n, _)| n == name).map_or_else(String::new, |(_, value)| value)
}

impl Form {
    /// Reads it. `None`: it is too long, or no form.
    pub async fn read(request: Request) -> Option<Self> {
        fields(request).await.map(Self::of)
    }

    /// Fields we do not know are passed over; of two of one name the last counts.
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "do" => form.does = value,
                "host" => form.host = value,
                "why" => form.why = value,
                "nameless" => form.nameless = true,
                _ => {}
            }
        }
        form
    }
}

/// The host somebody wrote: a name, or an address with all that browsers show before and behind it.
///
/// # Errors
/// It is neither.
pub fn host(text: &str) -> Result<Host, BadUrl> {
    let text = text.trim();
    Url::parse(text).map(|url| url.host)
}

/// `+` is a blank, `%XX` an octet (WHATWG URL §5.1).
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octet = after.get(..2).filter(|_| first == b'%').and_then(|two| {
            let two = std::str::from_utf8(two).ok().filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u8::from_str_radix(two, 16).ok()
        });
        match octet {
            Some(octet) => {
                bytes.push(octet);
                rest = &after[2..];
            }
            None => {
                bytes.push(if first == b'+' { b' ' } else { first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_a_browser_says_is_ours_is_ours() {
        let headers = |fields: &[(&str, &str)]| -> HeaderMap {
            let pair = |(name, value): &(&str, &str)| {
                (hyper::header::HeaderName::try_from(*name).expect("a name"), value.parse().expect("a value"))
            };
            fields.iter().map(pair).collect()
        };
        let host = ("host", "why.hill.example:8080");
        for (fields, ours) in [
            (&[host, ("origin", "http://why.hill.example:8080")][..], true),
            (&[host, ("origin", "http://WHY.hill.example:8080")], true),
            (&[host, ("sec-fetch-site", "same-origin")], true),
            (&[host, ("sec-fetch-site", "same-origin"), ("origin", "http://why.hill.example:8080")], true),
            (&[host, ("sec-fetch-site", "cross-site"), ("origin", "http://why.hill.example:8080")], false),
            (&[host, ("sec-fetch-site", "none")], false),
            (&[host, ("sec-fetch-site", "same-site")], false),
            (&[host, ("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")], false),
            (&[host, ("origin", "null")], false),
            (&[host, ("origin", "http://why.hill.example")], false),
            (&[host, ("origin", "http://why.hill.example:8080.evil.example")], false),
            (&[host, ("origin", "http://evil.example"), ("origin", "http://why.hill.example:8080")], false),
            (&[host], false),
            (&[("origin", "http://why.hill.example:8080")], false),
        ] {
            let mut map = headers(fields);
            if fields.len() == 3 && fields[1].0 == fields[2].0 {
                map.append(ORIGIN, fields[2].1.parse().expect("a value"));
            }
            assert_eq!(is_from_here(&map, false), ours, "{fields:?}");
        }
        let over_tls = |origin| is_from_here(&headers(&[host, ("origin", origin)]), true);
        assert!(over_tls("https://why.hill.example:8080") && !over_tls("http://why.hill.example:8080"));
    }

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let form = Form::of(pairs("do=ask&host=quiz.example&why=for+history%2C+%C5%B5y+100%25&nameless=1&x=y&junk"));
        let expected =
            Form { does: "ask".into(), host: "quiz.example".into(), why: "for history, ŵy 100%".into(), nameless: true };
        assert_eq!(form, expected);
        for (typed, meant) in
            [(" https://Bad.example/page?x ", "bad.example"), ("bad.example", "bad.example"), ("http://[::1]:80/", "::1")]
        {
            assert_eq!(host(typed).map(|h| h.to_string()).ok().as_deref(), Some(meant), "{typed}");
        }
        assert!(host("a b").is_err() && host("").is_err());
    }

    proptest! {
        #[test]
        fn no_form_makes_it_panic(text in ".{0,60}") {
            let _ = (Form::of(pairs(&text)), decoded(&text), host(&text));
        }
    }
}
