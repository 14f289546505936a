//! What belongs to one hop and what to the whole way.

use super::request::Asked;
use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};
use hyper::http::uri::Scheme;
use hyper::http::{request, response};
use hyper::{Uri, Version};

/// Fields that end at this hop whether Connection names them or not (RFC 9110 §7.6.1). Without TE nobody sends trailers,
/// and without Upgrade a request is a plain one, which the origin may answer as such.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Makes a client's request one for the origin: origin form, our own Host, no hop-by-hop fields, Via.
pub fn for_origin(head: &mut request::Parts, asked: &Asked) {
    let via = via(head.version);
    remove_hop_by_hop(&mut head.headers);
    // The client's Host is not believed: what was judged is what is asked for (RFC 9112 §3.2.2).
    if let Ok(host) = HeaderValue::try_from(asked.authority()) {
        head.headers.insert(HOST, host);
    }
    head.headers.append(VIA, via);
    head.uri = head.uri.path_and_query().cloned().map_or_else(|| Uri::from_static("/"), Uri::from);
    head.version = Version::HTTP_11;
}

/// Leaves of the ways to pack the answer those that we can read. Who takes none gets none.
pub fn readable(headers: &mut HeaderMap) {
    let takes = |coding: &str| coding.split(';').next().is_some_and(|name| matches!(name.trim(), "gzip" | "x-gzip" | "*"));
    let offered = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let gzip = offered.flat_map(|value| value.split(',')).any(takes);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(if gzip { "gzip" } else { "identity" }));
}

/// Makes a request for an origin one for a proxy: absolute form (RFC 9112 §3.2.2).
pub fn for_parent(uri: &mut Uri, asked: &Asked) {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = asked.authority().parse().ok();
    if let Ok(absolute) = Uri::from_parts(parts) {
        *uri = absolute;
    }
}

/// Makes an origin's response one for the client.
pub fn for_client(head: &mut response::Parts) {
    let via = via(head.version);
    // A length beside a transfer coding counts for nothing (RFC 9112 §6.3), and must not go on.
    if head.headers.contains_key(TRANSFER_ENCODING) {
        head.headers.remove(CONTENT_LENGTH);
    }
    remove_hop_by_hop(&mut head.headers);
    head.headers.append(VIA, via);
    head.version = Version::HTTP_11;
}

/// How the message came to us, and that we passed it on (RFC 9110 §7.6.3).
fn via(received: Version) -> HeaderValue {
    HeaderValue::from_static(if received == Version::HTTP_10 { "1.0 schoolgate" } else { "1.1 schoolgate" })
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    named.iter().chain(&HOP_BY_HOP).for_each(|name| {
        headers.remove(name);
    });
}

/// What a message says its body is long; `None` where it does not say.
pub fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Messages within TLS that is looked into. No Via is added there: nginx compresses nothing for a request that has one
/// (`gzip_proxied`), and two gates in a row see each other's certificates.
pub mod within {
    use super::*;
    use hyper::header::{ALT_SVC, EXPECT};
    use hyper::http::uri::{Authority, Scheme};

    /// Makes a client's request one for the origin. Trailers are asked for where the client asks for them, and a change to WebSocket
    /// where it was seen to.
    pub fn for_origin(head: &mut request::Parts, asked: &Asked, upgrade: bool, http2: bool) {
        let trailers = head.headers.get(TE).is_some_and(|te| te.as_bytes().eq_ignore_ascii_case(b"trailers"));
        let kept_upgrade = head.headers.get(UPGRADE).filter(|_| upgrade).cloned();
        remove_hop_by_hop(&mut head.headers);
        let path = head.uri.path_and_query().cloned();
        head.uri = path.clone().map_or_else(|| Uri::from_static("/"), Uri::from);
        head.headers.remove(HOST);
        let authority = asked.authority();
        if http2 {
            let parts = Authority::try_from(authority).ok().zip(path);
            let uri = parts.and_then(|(authority, path)| {
                Uri::builder().scheme(Scheme::HTTPS).authority(authority).path_and_query(path).build().ok()
            });
            head.uri = uri.unwrap_or_else(|| head.uri.clone());
            head.version = Version::HTTP_2;
            // Nothing here waits for a 100 of HTTP/2: the body goes with the head.
            head.headers.remove(EXPECT);
        } else {
            if let Ok(host) = HeaderValue::try_from(authority) {
                head.headers.insert(HOST, host);
            }
            head.version = Version::HTTP_11;
        }
        if trailers {
            head.headers.insert(TE, HeaderValue::from_static("trailers"));
        }
        if !http2 && (trailers || kept_upgrade.is_some()) {
            let named = if kept_upgrade.is_some() { "upgrade" } else { "te" };
            head.headers.insert(CONNECTION, HeaderValue::from_static(named));
        }
        if let Some(upgrade) = kept_upgrade {
            head.headers.insert(UPGRADE, upgrade);
        }
    }

    /// Makes an origin's response one for the client. Other ways to the origin (HTTP/3) are not told of: they lead past the gate.
    pub fn for_client(head: &mut response::Parts, upgraded: bool, http2: bool) {
        let upgrade = head.headers.get(UPGRADE).filter(|_| upgraded).cloned();
        let trailers: Vec<_> = head.headers.get_all(TRAILER).iter().cloned().collect();
        if head.headers.contains_key(TRANSFER_ENCODING) {
            head.headers.remove(CONTENT_LENGTH);
        }
        remove_hop_by_hop(&mut head.headers);
        head.headers.remove(ALT_SVC);
        for names in trailers {
            head.headers.append(TRAILER, names);
        }
        if let Some(upgrade) = upgrade {
            head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            head.headers.insert(UPGRADE, upgrade);
        }
        head.version = if http2 { Version::HTTP_2 } else { Version::HTTP_11 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::{Request, Response};

    fn printed(headers: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<_> = headers.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap_or("?"))).collect();
        lines.sort();
        lines
    }

    #[test]
    fn an_origin_gets_what_is_meant_for_it_and_nothing_of_this_hop() {
        let request = Request::get("http://a.example:8080/x?y")
            .version(Version::HTTP_10)
            .header("Host", "liar.example")
            .header("Connection", "close, X-Secret")
            .header("Connection", "keep-alive")
            .header("Proxy-Connection", "keep-alive")
            .header("Proxy-Authorization", "Basic cHVwaWw6d29yZA==")
            .header("Keep-Alive", "timeout=5")
            .header("X-Secret", "1")
            .header("TE", "trailers")
            .header("Upgrade", "h2c")
            .header("Via", "1.1 classroom")
            .header("Expect", "100-continue")
            .header("Cookie", "a=b")
            .body(())
            .expect("a request");
        let asked = Asked::read(&request).expect("it can be read");
        let (mut head, ()) = request.into_parts();
        for_origin(&mut head, &asked);
        assert_eq!(head.uri.to_string(), "/x?y");
        assert_eq!(head.version, Version::HTTP_11);
        assert_eq!(
            printed(&head.headers),
            ["cookie: a=b", "expect: 100-continue", "host: a.example:8080", "via: 1.0 schoolgate", "via: 1.1 classroom"]
        );
    }

    #[test]
    fn a_client_gets_the_response_and_nothing_of_the_other_hop() {
        let (mut head, ()) = Response::builder()
            .header("Connection", "x-internal")
            .header("X-Internal", "1")
            .header("Transfer-Encoding", "chunked")
            .header("Content-Length", "5")
            .header("Proxy-Authenticate", "Basic")
            .header("Set-Cookie", "a=b")
            .header("Set-Cookie", "c=d")
            .body(())
            .expect("a response")
            .into_parts();
        for_client(&mut head);
        assert_eq!(printed(&head.headers), ["set-cookie: a=b", "set-cookie: c=d", "via: 1.1 schoolgate"]);
    }
}
