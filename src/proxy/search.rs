//! What a request searches for, and what that is about.

use super::headers;
use super::refuse::Body;
use super::request::{Asked, Form, Unreadable};
use crate::gate::Visit;
use crate::lists::phrases::Theme;
use crate::lists::phrases::searched::{search_on, service};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, EXPECT};
use hyper::{HeaderMap, Method, Request};
use std::time::Duration;
use tokio::time::timeout;

/// Longest search that is looked through, in bytes: the journal keeps half of it.
const MAX_WORDS: usize = 1024;

/// Longest form that is read for its words, in bytes; a longer one passes unread.
const MAX_FORM: u64 = 16 * 1024;

/// How long a client may take to send it.
const FORM_WAIT: Duration = Duration::from_secs(10);

/// The words, and the theme that is most serious of what they say with how much they weigh in it.
pub type Search = (String, Option<(Theme, u8)>);

/// `None`: it is no search, or none that somebody sent off.
pub fn of<B>(visit: &Visit, asked: &Asked, request: &Request<B>) -> Option<Search> {
    if asked.form == Form::Tunnel || *request.method() != Method::GET || !sent_off(request.headers()) {
        return None;
    }
    searched(visit, asked, &asked.path)
}

/// As [`of`], by a form that was sent: what it says in place of the query.
pub fn of_form(visit: &Visit, asked: &Asked, headers: &HeaderMap, form: &[u8]) -> Option<Search> {
    if form.is_empty() || !sent_off(headers) {
        return None;
    }
    let path = asked.path.split('?').next().unwrap_or_default();
    searched(visit, asked, &format!("{path}?{}", String::from_utf8_lossy(form)))
}

fn searched(visit: &Visit, asked: &Asked, path: &str) -> Option<Search> {
    let search = search_on(asked.host.as_str(), path)?;
    let mut words = String::from_utf8_lossy(&search.words).into_owned();
    words.truncate(words.floor_char_boundary(MAX_WORDS));
    let hits = visit.snapshot.phrases.as_ref().map_or(Vec::new(), |matcher| matcher.find(words.as_bytes()));
    let worst = hits.iter().max_by_key(|hit| (hit.term.tier, hit.term.severity));
    let theme = worst.map(|hit| (hit.term.theme, hit.term.severity));
    Some((words, theme))
}

/// Reads the form of a search engine (DuckDuckGo's pages without scripts send one), and gives the request back as it came. Empty: it
/// has none that is read.
///
/// # Errors
/// [`Unreadable::Form`].
pub async fn form(asked: &Asked, request: Request<Incoming>) -> Result<(Request<Body>, Bytes), Unreadable> {
    if !has_form(asked, &request) {
        return Ok((request.map(|body| body.map_err(Into::into).boxed_unsync()), Bytes::new()));
    }
    let (head, body) = request.into_parts();
    let read = timeout(FORM_WAIT, Limited::new(body, MAX_FORM as usize).collect()).await;
    let form = read.ok().and_then(Result::ok).ok_or(Unreadable::Form)?.to_bytes();
    let again = Full::new(form.clone()).map_err(|never| match never {}).boxed_unsync();
    Ok((Request::from_parts(head, again), form))
}

fn has_form<B>(asked: &Asked, request: &Request<B>) -> bool {
    let headers = request.headers();
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("").split(';').next().unwrap_or("");
    *request.method() == Method::POST
        && service(asked.host.as_str()).is_some()
        && kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && headers::length(headers).is_some_and(|length| (1..=MAX_FORM).contains(&length))
        // Who asks first whether to send it is not asked for it here.
        && !headers.contains_key(EXPECT)
}

/// Whether somebody sent it off, as far as the browser says: not fetched ahead of time, nor a picture or script whose address has
/// the words in it.
fn sent_off(headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let ahead = ["sec-purpose", "purpose", "x-moz"].iter().any(|name| says(name).contains("prefetch"));
    !ahead && matches!(says("sec-fetch-dest"), "" | "document" | "empty")
}
