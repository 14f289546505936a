//! Requests meant for another host: a blocked name was answered with this box's address, and here its page is.
//!
//! The visit is judged again, for the right page and a reference to it. It is not written down again: the DNS door did
//! that when it answered, and one question of a person is one line.

use super::hall::{Answer, Hall, Peer, page};
use super::{portal, tls};
use crate::pages::online::{self, Online};
use crate::pages::reader;
use crate::pages::{BlockPage, Notice, Reader, Seen, WarnPage};
use crate::policy::{Act, Surface};
use crate::words::{Host, Url};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, STRICT_TRANSPORT_SECURITY};
use hyper::{HeaderMap, StatusCode, Uri};
use std::sync::Arc;

/// Lets pass what is meant for this box.
pub async fn turn_back(State(hall): State<Arc<Hall>>, peer: Peer, request: Request, next: Next) -> Response {
    match meant_for(request.uri(), request.headers()) {
        Ok(Some(host)) if hall.is_meant(&host, &peer, &hall.gate.snapshot().config) => {
            let mut response = next.run(request).await;
            if let Some(strict) = tls::strict(peer.port).filter(|_| peer.secure) {
                response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, strict);
            }
            response
        }
        Ok(_) if peer.secure => (StatusCode::MISDIRECTED_REQUEST, "This connection is for another name.\n").into_response(),
        // HTTP/1.0 without a Host can only mean whom it called.
        Ok(None) => next.run(request).await,
        Ok(Some(host)) => answer(&hall, &peer, (&host, request.uri().path()), request.headers()).unwrap_or_else(|answer| answer),
        Err(Astray) => {
            hall.gate.counters.malformed.inc();
            (StatusCode::BAD_REQUEST, "This request has no host that can be read.\n").into_response()
        }
    }
}

/// Which host it was meant for cannot be told.
#[derive(Debug, PartialEq, Eq)]
pub struct Astray;

/// The host of the target, else of the one Host header.
pub fn meant_for(uri: &Uri, headers: &HeaderMap) -> Result<Option<Host>, Astray> {
    let authority = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => {
            let mut hosts = headers.get_all(HOST).iter();
            match (hosts.next(), hosts.next()) {
                (None, _) => return Ok(None),
                (Some(host), None) => host.to_str().map_err(|_| Astray)?,
                (Some(_), Some(_)) => return Err(Astray),
            }
        }
    };
    Url::parse_authority(authority).map(|(host, _)| Some(host)).map_err(|_| Astray)
}

/// What a system finds where it looks whether it is online: its answer leads here for as long as it remembers that.
fn as_expected(online: Online) -> Response {
    let (status, kind, text) = match online {
        Online::Nothing => return (StatusCode::NO_CONTENT, [(CACHE_CONTROL, "no-store")]).into_response(),
        Online::Text(text) => (StatusCode::OK, "text/plain", text),
        Online::Html(text) => (StatusCode::OK, "text/html", text),
    };
    (status, [(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, kind)], text).into_response()
}

fn answer(hall: &Hall, peer: &Peer, (host, path): (&Host, &str), headers: &HeaderMap) -> Answer {
    let visit = hall.visit(peer)?;
    let snapshot = &visit.snapshot;
    if let Some(online) = online::expected(host, path).filter(|_| !snapshot.config.portal.networks.is_empty()) {
        let to = || reader::sign_in(&hall.gate, snapshot, peer.local).filter(|_| snapshot.is_to_sign_in(&visit.who));
        return Ok(to().map_or_else(|| as_expected(online), |to| portal::led(&to)));
    }
    if !Seen::of(headers).page {
        return Err((StatusCode::FORBIDDEN, [(CACHE_CONTROL, "no-store")]).into_response());
    }
    let judged = visit.judge(host, Surface::Page);
    let reader = Reader::of(headers, &visit.snapshot.config, &hall.gate.web, peer.local);
    let reader = reader.who_signs_in(&hall.gate, &visit, peer.local);
    let language = reader.language;
    Ok(match judged.verdict.act {
        Act::Block => page(StatusCode::FORBIDDEN, language, BlockPage::of(&visit, &judged).read_by(reader).html()),
        Act::Warn => page(StatusCode::FORBIDDEN, language, WarnPage::of(&visit, &judged, host, reader).html()),
        Act::Allow => {
            // What was blocked a moment ago and is open now: the old answer is still remembered by the device.
            let said = language.words().try_again;
            let school = &visit.snapshot.config.school.name;
            let notice = Notice { school, heading: said.heading, lines: &[said.line], detail: "" };
            page(StatusCode::MISDIRECTED_REQUEST, language, notice.html_in(language, &[]))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_a_request_is_meant_for() {
        let of = |target: &str, hosts: &[&str]| {
            let headers = hosts.iter().filter_map(|h| Some((HOST, h.parse().ok()?))).collect();
            meant_for(&target.parse().expect("a target"), &headers).map(|h| h.map(|h| h.to_string()))
        };
        for (target, hosts, expected) in [
            ("/", &["A.example:80"][..], Ok(Some("a.example"))),
            ("/", &["[::1]:8080"], Ok(Some("::1"))),
            ("http://b.example/", &["a.example"], Ok(Some("b.example"))),
            ("/", &[], Ok(None)),
            ("/", &["a.example", "b.example"], Err(Astray)),
            ("/", &["a b"], Err(Astray)),
            ("/", &[""], Err(Astray)),
        ] {
            assert_eq!(of(target, hosts), expected.map(|h| h.map(str::to_owned)), "{target} {hosts:?}");
        }
    }
}
