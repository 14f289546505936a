//! A body that is looked at as it passes.

use super::Looking;
use crate::proxy::record::Later;
use crate::proxy::refuse::Cut;
use crate::wire::file::Found;
use crate::words::Download;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pub struct Passing {
    /// What was looked at before the head left.
    pub held: VecDeque<Result<Frame<Bytes>, hyper::Error>>,
    /// Whether what is held is all there is.
    pub ended: bool,
    pub body: Incoming,
    pub hint: SizeHint,
    pub looking: Option<Looking>,
    /// Most octets, of a body that does not say how long it is.
    pub most: Option<NonZeroU64>,
    /// For the line of what is cut. `None`: nothing is watched for.
    pub watching: Option<Later>,
    pub passed: u64,
}

/// Why a body was cut.
#[derive(Debug, thiserror::Error)]
#[error("the file is refused: {0}")]
struct Refused(Download);

impl Passing {
    /// What is known to be refused with this frame; `None`: nothing.
    fn look(&mut self, data: &[u8], looked_at: bool) -> Option<Download> {
        self.passed = self.passed.saturating_add(data.len() as u64);
        if self.most.is_some_and(|most| self.passed > most.get()) {
            return Some(Download::TooLarge);
        }
        let found = self.looking.as_mut().filter(|_| !looked_at).map(|looking| looking.push(data));
        if self.looking.as_ref().is_some_and(|looking| looking.look.is_done()) {
            self.looking = None;
        }
        if let Some(Found::Is(kind)) = found { Some(kind) } else { None }
    }

    /// Whether it is cut for what it is; a line says so, or that it would be.
    fn cut(&mut self, kind: Download) -> Result<(), Cut> {
        let Some(later) = &self.watching else { return Ok(()) };
        let Some(judged) = later.visit.judge_download(&later.judged, kind) else { return Ok(()) };
        later.note(&judged, self.passed);
        (self.watching, self.looking, self.most) = (None, None, None);
        if judged.verdict.blocks() { Err(Refused(kind).into()) } else { Ok(()) }
    }
}

impl Body for Passing {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let held = self.held.pop_front();
        let looked_at = held.is_some();
        let frame = match held {
            Some(frame) => Some(frame),
            None if self.ended => None,
            None => ready!(Pin::new(&mut self.body).poll_frame(cx)),
        };
        let kind = match &frame {
            Some(Ok(frame)) => frame.data_ref().and_then(|data| self.look(data, looked_at)),
            Some(Err(_)) => None,
            None => self.looking.take().and_then(|mut looking| looking.end()),
        };
        if let Some(kind) = kind
            && let Err(cut) = self.cut(kind)
        {
            return Poll::Ready(Some(Err(cut)));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}
