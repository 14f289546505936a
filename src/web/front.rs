//! The front page, and what is not found.

use super::astray::meant_for;
use super::hall::{self, Answer, Hall, Peer, WHY};
use super::why;
use crate::pages::reader::SIGN_IN;
use crate::pages::{Language, Link, Notice};
use axum::extract::{Request, State};
use axum::response::Response;
use hyper::{HeaderMap, StatusCode};
use std::sync::Arc;

/// What this box is, and whether the device that asks is within it; to whoever called it `why`, what did not open for them.
pub async fn page(hall: State<Arc<Hall>>, peer: Peer, request: Request) -> Answer {
    let called = meant_for(request.uri(), request.headers()).ok().flatten();
    if called.is_some_and(|host| host.as_str().split('.').next() == Some(WHY)) {
        return why::page(hall, peer, request.headers().clone()).await;
    }
    let (language, snapshot) = (Language::of(request.headers()), hall.gate.snapshot());
    let words = language.words();
    let ours = snapshot.who(peer.client).is_some();
    let here = if ours { words.is_ours } else { words.is_not_ours };
    let school = &snapshot.config.school.name;
    let notice = Notice { school, heading: words.front.heading, lines: &[words.front.line, here], detail: "" };
    let who = snapshot.who(peer.client);
    let signs_in = who.is_some_and(|who| snapshot.config.portal.ways(who.network).is_some());
    let links = [Link { to: "/why", words: words.why_heading }, Link { to: SIGN_IN, words: words.sign_in_here }];
    let links = if signs_in { &links[..] } else { &links[..usize::from(ours)] };
    Ok(hall::page(StatusCode::OK, language, notice.html_in(language, links)))
}

pub async fn nothing(State(hall): State<Arc<Hall>>, headers: HeaderMap) -> Response {
    let (language, snapshot) = (Language::of(&headers), hall.gate.snapshot());
    let said = language.words().nothing_here;
    let notice = Notice { school: &snapshot.config.school.name, heading: said.heading, lines: &[said.line], detail: "" };
    hall::page(StatusCode::NOT_FOUND, language, notice.html_in(language, &[]))
}
