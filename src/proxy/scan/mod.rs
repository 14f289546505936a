//! Pages scored by the words on them, as they stream past.
//!
//! Comes in: the head and body of a response that may be a page, and the limit of whoever asked. Goes out: the same body, byte for
//! byte; or what was found, before anything of the page has left.
//! Always holds: every response has a score of its own; a page that is held is held no longer than [`HOLD_FOR`] and no further than
//! [`HOLD`]; what comes after is scored as it passes, and what goes over the limit then is cut off; memory has a bound that no page
//! moves.
//!
//! - [`coding`]   how the body is packed, and in which characters it is written
//! - [`text`]     the words of HTML, without its tags
//! - [`page`]     bytes of a body → what its words come to
//! - [`through`]  a body held, scored, passed on

pub(super) mod coding;
mod page;
mod text;
mod through;

pub use coding::Unread;
pub use page::{Finding, Page};

use coding::Packing;
use through::{Whose, through};

use super::record::Record;
use super::refuse::Body;
use crate::gate::{Gate, Visit};
use crate::policy::Step;
use hyper::body::Body as _;
use hyper::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap};
use hyper::http::response::Parts;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes of a body that are held: the 65 real pages that phrases are measured on (docs/decisions/0011) have 14 KB each.
const HOLD: usize = 512 * 1024;

/// Longest that a page is held, from its head on: what is written slowly (a search that goes on, a chat) is to be seen.
pub(super) const HOLD_FOR: Duration = Duration::from_secs(3);

/// From which weight on the page that answers this request is taken for what its words say. `None`: it is not scored.
fn limit(record: &Record<'_>, head: &HeaderMap) -> Option<NonZeroU32> {
    let limit = wanted(record.visit, record.judged.verdict.step)?;
    (is_html(head) && !head.contains_key(CONTENT_RANGE)).then_some(limit)
}

/// The body of an answer on its way to the client, scored if it is a page and somebody wants it so. `None`: it is blocked, nothing of
/// it has left, and the record says why.
pub(super) async fn passed(gate: &Arc<Gate>, record: &mut Record<'_>, head: &Parts, body: Body) -> Option<Body> {
    let Some(limit) = limit(record, &head.headers).filter(|_| !body.is_end_stream()) else { return Some(body) };
    if Packing::of(&head.headers).is_err() {
        gate.counters.unscored.inc();
        return Some(body);
    }
    let whose = Whose { later: record.later(gate, head.status), limit };
    let held = through(whose, &head.headers, body).await;
    record.judged = held.judged.unwrap_or(record.judged);
    held.body
}

/// Whether pages of this visit are scored: if a category may decide, and a profile of theirs has a limit.
pub(super) fn wanted(visit: &Visit, step: Step) -> Option<NonZeroU32> {
    let by_category = matches!(step, Step::Category | Step::Default) && visit.snapshot.phrases.is_some();
    by_category.then(|| visit.snapshot.config.policy.phrase_limit(&visit.who.groups)).flatten()
}

/// What browsers show as a page. Without a type they look for themselves, and so a body that says nothing counts.
fn is_html(head: &HeaderMap) -> bool {
    let Some(value) = head.get(CONTENT_TYPE) else { return true };
    let value = value.as_bytes();
    let kind = value.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    [&b"text/html"[..], b"application/xhtml+xml"].iter().any(|html| kind.eq_ignore_ascii_case(html))
}
