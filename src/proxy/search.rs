//! What a request searches for, and what that is about.

use super::request::{Asked, Form};
use crate::gate::Visit;
use crate::lists::phrases::Theme;
use crate::lists::phrases::searched::search_on;
use hyper::{HeaderMap, Method, Request};

/// Longest search that is looked through, in bytes: the journal keeps half of it.
const MAX_WORDS: usize = 1024;

/// The words, and the theme that is most serious of what they say with how much they weigh in it. `None`: it is no search, or
/// none that somebody sent off.
pub fn of<B>(visit: &Visit, asked: &Asked, request: &Request<B>) -> Option<(String, Option<(Theme, u8)>)> {
    if asked.form == Form::Tunnel || *request.method() != Method::GET || !sent_off(request.headers()) {
        return None;
    }
    let search = search_on(asked.host.as_str(), &asked.path)?;
    let mut words = String::from_utf8_lossy(&search.words).into_owned();
    words.truncate(words.floor_char_boundary(MAX_WORDS));
    let hits = visit.snapshot.phrases.as_ref().map_or(Vec::new(), |matcher| matcher.find(words.as_bytes()));
    let worst = hits.iter().max_by_key(|hit| (hit.term.tier, hit.term.severity));
    let theme = worst.map(|hit| (hit.term.theme, hit.term.severity));
    Some((words, theme))
}

/// Whether somebody sent it off, as far as the browser says: not fetched ahead of time, nor a picture or script whose address has
/// the words in it.
fn sent_off(headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let ahead = ["sec-purpose", "purpose", "x-moz"].iter().any(|name| says(name).contains("prefetch"));
    !ahead && matches!(says("sec-fetch-dest"), "" | "document" | "empty")
}
