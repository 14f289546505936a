//! Files that a profile refuses: by what they are, never by what a server says they are, and by how large they are.
//!
//! Comes in: the head and body of a response that was let through by category or default. Goes out: the same body, byte for byte,
//! cut where it turns out to be refused; or what it is, before anything of it has left.
//! Always holds: a few KiB at the most are held, for [`HOLD_FOR`] at the longest, and only of what would be kept as a file; what a
//! page shows or uses passes as it comes, and is cut if it is a file that is refused after all; what is cut has a line that says so.
//!
//! - [`passing`] a body that is looked at as it passes

mod passing;

use super::headers;
use super::record::Record;
use super::refuse::Body;
use super::request::Asked;
use super::scan::coding::Packing;
use crate::gate::{Gate, Judged, Visit};
use crate::policy::Step;
use crate::wire::file::{Comes, Found, Look, Name};
use crate::words::{Download, Downloads};
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, HeaderMap};
use hyper::http::response::Parts;
use passing::Passing;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Longest that the beginning of a file is waited for.
const HOLD_FOR: Duration = Duration::from_secs(3);

/// The body of an answer on its way to the client.
///
/// # Errors
/// What it is that is refused: nothing of it has left, and the record says why.
pub async fn passed(gate: &Arc<Gate>, record: &mut Record<'_>, head: &Parts, mut body: Incoming) -> Result<Body, Download> {
    let whole = |body: Incoming| Ok(body.map_err(Into::into).boxed_unsync());
    let Some(downloads) = wanted(record.visit, record.judged.verdict.step).filter(|_| !body.is_end_stream()) else {
        return whole(body);
    };
    let length = headers::length(&head.headers);
    if downloads.most.is_some_and(|most| length.is_some_and(|length| length > most.get())) {
        refused(record, Download::TooLarge)?;
    }
    // A length that is said is held to by HTTP.
    let most = downloads.most.filter(|_| length.is_none());
    let mut looking = downloads.looks().then(|| Looking::of(record, head)).transpose()?.flatten();
    let hint = body.size_hint();
    let (mut held, mut ended) = (VecDeque::new(), false);
    if let Some(saved) = looking.as_mut().filter(|looking| looking.comes == Comes::Saved) {
        let until = Instant::now() + HOLD_FOR;
        loop {
            let Ok(frame) = timeout_at(until, body.frame()).await else { break };
            let found = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(Found::More, |data| saved.push(data)),
                Some(Err(_)) => Found::Fine,
                None => saved.end().map_or(Found::Fine, Found::Is),
            };
            ended = frame.is_none();
            held.extend(frame);
            match found {
                Found::More => {}
                Found::Is(kind) => {
                    refused(record, kind)?;
                    break;
                }
                Found::Fine => break,
            }
        }
    }
    looking = looking.filter(|looking| !looking.look.is_done());
    if held.is_empty() && most.is_none() && looking.is_none() {
        return whole(body);
    }
    let watching = (looking.is_some() || most.is_some()).then(|| record.later(gate, head.status));
    Ok(Passing { held, ended, body, hint, looking, most, watching, passed: 0 }.boxed_unsync())
}

/// What files are refused to this visit; `None`: none, or it was let through before its profile spoke.
fn wanted(visit: &Visit, step: Step) -> Option<Downloads> {
    let by_profile = matches!(step, Step::Category | Step::Default);
    let downloads = by_profile.then(|| visit.snapshot.config.policy.downloads(&visit.who.groups))?;
    (downloads.looks() || downloads.most.is_some()).then_some(downloads)
}

/// Whether the answer is to be packed in a way that we can read: where its address ends like a file that may be refused. Pages are
/// left to what browser and origin agree on.
pub fn unpacks(visit: &Visit, judged: &Judged, asked: &Asked) -> bool {
    let looks = || wanted(visit, judged.verdict.step).is_some_and(|downloads| downloads.looks());
    Name::of(None, &asked.path).expected().is_some() && looks()
}

/// Notes what a file is. Goes on where that is only written down, or is not refused.
fn refused(record: &mut Record<'_>, kind: Download) -> Result<(), Download> {
    let Some(judged) = record.visit.judge_download(&record.judged, kind) else { return Ok(()) };
    record.judged = judged;
    if judged.verdict.blocks() { Err(kind) } else { Ok(()) }
}

/// A body that is looked at.
struct Looking {
    look: Look,
    comes: Comes,
    packing: Packing,
}

impl Looking {
    /// `None`: its beginning cannot be seen, and its name says nothing.
    fn of(record: &mut Record<'_>, head: &Parts) -> Result<Option<Self>, Download> {
        let disposition = head.headers.get(CONTENT_DISPOSITION).map(|value| value.as_bytes());
        let name = Name::of(disposition, record.path());
        let comes = if name.attached || !is_shown(&head.headers) { Comes::Saved } else { Comes::Shown };
        match Packing::of(&head.headers) {
            Ok(packing) if begins_at_its_beginning(head) => Ok(Some(Self { look: Look::new(name, comes), comes, packing })),
            _ => {
                let kind = name.expected().filter(|_| comes == Comes::Saved);
                kind.map_or(Ok(()), |kind| refused(record, kind)).map(|()| None)
            }
        }
    }

    /// The next bytes, as they come.
    fn push(&mut self, bytes: &[u8]) -> Found {
        let Self { look, packing, .. } = self;
        let mut found = Found::More;
        let read = packing.unpack(bytes, &mut |plain| {
            found = look.push(plain);
            !matches!(found, Found::Is(_)) && !look.is_done()
        });
        // What is not what it says it is, no browser unpacks either.
        if read.is_err() && found == Found::More { Found::Fine } else { found }
    }

    fn end(&mut self) -> Option<Download> {
        self.look.end()
    }
}

/// Of a part of a file (RFC 9110 §14.4) only the first says what it is.
fn begins_at_its_beginning(head: &Parts) -> bool {
    let range = head.headers.get(CONTENT_RANGE).filter(|_| head.status == StatusCode::PARTIAL_CONTENT);
    range.is_none_or(|range| range.as_bytes().trim_ascii().to_ascii_lowercase().starts_with(b"bytes 0-"))
}

/// Whether browsers show what is of this type, or pages use it. It decides only whether the beginning is held: what is refused is so
/// under any type.
fn is_shown(head: &HeaderMap) -> bool {
    let Some(value) = head.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let kind = value.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let Some((class, name)) = kind.split_once('/') else { return false };
    match class {
        "text" | "image" | "audio" | "video" | "font" | "multipart" => true,
        "application" => {
            const USED: &[&str] =
                &["javascript", "x-javascript", "ecmascript", "json", "xml", "pdf", "wasm", "x-mpegurl", "vnd.apple.mpegurl"];
            USED.contains(&name) || name.ends_with("+json") || name.ends_with("+xml") || name.starts_with("grpc")
        }
        _ => false,
    }
}
