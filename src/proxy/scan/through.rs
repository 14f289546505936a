//! A body held, scored, passed on.

use super::page::{Finding, Page};
use super::{HOLD, HOLD_FOR};
use crate::gate::{Judged, Visit};
use crate::proxy::refuse::{Body, Cut};
use crate::words::Host;
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

/// Whose page it is, and how its host was judged.
pub struct Whose {
    pub visit: Visit,
    pub judged: Judged,
    pub host: Host,
    pub limit: NonZeroU32,
}

impl Whose {
    fn judge(&self, finding: &Finding) -> Option<Judged> {
        self.visit.judge_words(&self.judged, &self.host, finding.categories, finding.weight)
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
    let phrases = whose.visit.snapshot.phrases.clone();
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
    loop {
        let Some(frame) = body.frame().await else { return };
        if let (Some(page), Ok(Some(data))) = (&mut page, frame.as_ref().map(|f| f.data_ref())) {
            // What is seen too late is cut off where it is seen.
            let finding = page.push(data).ok().and_then(|()| page.so_far());
            if finding.and_then(|finding| whose.judge(&finding)).is_some_and(|judged| judged.verdict.blocks()) {
                return;
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
