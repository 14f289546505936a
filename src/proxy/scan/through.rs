//! A body held, scored, passed on.

use super::page::{Finding, Page};
use super::{HOLD, HOLD_FOR};
use crate::gate::Judged;
use crate::proxy::record::Later;
use crate::proxy::refuse::{Body, Cut};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use hyper::header::HeaderMap;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

/// Frames on their way to the client: enough that neither side waits for a wake-up each time.
const AHEAD: usize = 4;

type Passed = Result<Frame<Bytes>, Cut>;

/// Why a body was cut.
#[derive(Debug, thiserror::Error)]
#[error("the words of the page are over the limit")]
struct OverLimit;

/// Whose page it is, how it was judged, and where a line of it is written if it is cut.
pub struct Whose {
    pub later: Later,
    pub limit: NonZeroU32,
}

impl Whose {
    fn judge(&self, finding: &Finding) -> Option<Judged> {
        let Later { visit, judged, .. } = &self.later;
        visit.judge_words(judged, self.later.host(), finding.categories, finding.weight)
    }
}

/// What became of a body.
pub struct Held {
    /// It is passed on, as much of it as is within the limit. `None`: it is blocked, and nothing of it has left.
    pub body: Option<Body>,
    /// What its words changed.
    pub judged: Option<Judged>,
}

/// Scores a body by the phrases of the visit's snapshot. Returns once it is known whether its beginning passes.
pub async fn through(whose: Whose, head: &HeaderMap, body: Body) -> Held {
    let (tell, verdict) = oneshot::channel();
    let (pass, passed) = mpsc::channel(AHEAD);
    let hint = HttpBody::size_hint(&body);
    // A task of its own: the score borrows the phrases of the snapshot for as long as the body lasts.
    tokio::spawn(carry(whose, head.clone(), body, tell, pass));
    let judged = verdict.await.ok().flatten();
    let blocked = judged.is_some_and(|judged| judged.verdict.blocks());
    Held { body: (!blocked).then(|| Passing { frames: passed, hint }.boxed_unsync()), judged }
}

async fn carry(whose: Whose, head: HeaderMap, mut body: Body, tell: oneshot::Sender<Option<Judged>>, pass: mpsc::Sender<Passed>) {
    let phrases = whose.later.visit.snapshot.phrases.clone();
    let mut page = phrases.as_deref().and_then(|matcher| Page::new(&head, whose.limit, matcher).ok());
    let (mut held, mut bytes, mut ended) = (Vec::new(), 0, false);
    let until = Instant::now() + HOLD_FOR;
    while page.is_some() && bytes < HOLD {
        let Ok(frame) = timeout_at(until, body.frame()).await else { break };
        let Some(frame) = frame else {
            ended = true;
            break;
        };
        if let Ok(data) = frame.as_ref().map(|f| f.data_ref()) {
            let data = data.map_or(&[][..], |bytes| bytes);
            bytes += data.len();
            if page.as_mut().is_some_and(|page| page.push(data).is_err()) {
                page = None;
            }
        }
        let broken = frame.is_err();
        held.push(frame);
        if broken {
            ended = true;
            break;
        }
    }
    let finding = match (&mut page, ended) {
        (Some(_), true) => page.take().and_then(Page::end),
        (Some(page), false) => page.so_far(),
        (None, _) => None,
    };
    let judged = finding.and_then(|finding| whose.judge(&finding));
    if judged.is_some() {
        // One page, one word about it.
        page = None;
    }
    if tell.send(judged).is_err() || judged.is_some_and(|judged| judged.verdict.blocks()) {
        return;
    }
    for frame in held {
        if pass.send(frame).await.is_err() {
            return;
        }
    }
    if ended {
        return;
    }
    while let Some(frame) = body.frame().await {
        if let (Some(scored), Ok(Some(data))) = (&mut page, frame.as_ref().map(|f| f.data_ref())) {
            bytes += data.len();
            let finding = scored.push(data).ok().and_then(|()| scored.so_far());
            if let Some(judged) = finding.and_then(|finding| whose.judge(&finding)) {
                page = None;
                // The line of the request was written when its head left, and says that it was let through.
                whose.later.note(&judged, bytes as u64);
                if judged.verdict.blocks() {
                    let _ = pass.send(Err(OverLimit.into())).await;
                    return;
                }
            }
        }
        if pass.send(frame).await.is_err() {
            return;
        }
    }
}

/// A body whose frames come from [`carry`].
struct Passing {
    frames: mpsc::Receiver<Passed>,
    hint: SizeHint,
}

impl HttpBody for Passing {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Passed>> {
        self.frames.poll_recv(cx)
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}
