//! `Expect: 100-continue`, end to end (RFC 9110 §10.1.1): the client is told to go on when the origin says so.
//!
//! The expectation goes to the origin with the head. The body is not asked for until the origin's 100 has come; our own
//! 100 to the client is sent by hyper when the body is first asked for. An origin that says nothing gets the body after
//! a second; one that answers first never gets it, and the client is not asked for it.

use super::refuse::{Body, Cut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Frame, SizeHint};
use hyper::header::EXPECT;
use hyper::http::request;
use hyper::{Request, StatusCode};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Clients wait a second themselves before they send unasked (curl); origins of HTTP/1.0 never say 100.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the body is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Wait,
    Go,
    Never,
}

/// A request for the origin, whose body comes when the origin wants it.
pub struct Outgoing {
    pub request: Request<Body>,
    pub promise: Promise,
}

/// Held until the origin has answered.
pub struct Promise(Option<Arc<watch::Sender<Word>>>);

impl Promise {
    /// The origin has answered: a body that was not asked for by now is not wanted.
    pub fn answered(&self) {
        if let Some(tell) = &self.0 {
            tell.send_if_modified(|word| {
                let unasked = *word == Word::Wait;
                if unasked {
                    *word = Word::Never;
                }
                unasked
            });
        }
    }
}

impl Outgoing {
    pub fn new(head: request::Parts, body: Body) -> Self {
        let waits = head.headers.get(EXPECT).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        if !waits || body.is_end_stream() {
            return Self { request: Request::from_parts(head, body), promise: Promise(None) };
        }
        let (tell, mut hear) = watch::channel(Word::Wait);
        let tell = Arc::new(tell);
        let until = Box::pin(async move {
            let told = timeout(PATIENCE, hear.wait_for(|word| *word != Word::Wait)).await;
            !told.is_ok_and(|told| told.is_ok_and(|word| *word == Word::Never))
        });
        let size = body.size_hint();
        let mut request = Request::from_parts(head, Awaited { until: Some(until), body: Some(body), size }.boxed_unsync());
        let promised = tell.clone();
        hyper::ext::on_informational(&mut request, move |response| {
            if response.status() == StatusCode::CONTINUE {
                tell.send_replace(Word::Go);
            }
        });
        Self { request, promise: Promise(Some(promised)) }
    }

    /// A request without a body.
    pub fn bare(request: Request<Body>) -> Self {
        Self { request, promise: Promise(None) }
    }
}

/// A body that is not asked for before `until` says that it is to go.
struct Awaited {
    until: Option<Pin<Box<dyn Future<Output = bool> + Send>>>,
    /// `None`: it was not wanted, and hyper closes the client's connection after the answer, as nobody reads on.
    body: Option<Body>,
    size: SizeHint,
}

impl hyper::body::Body for Awaited {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(until) = &mut self.until {
            let goes = ready!(until.as_mut().poll(cx));
            self.until = None;
            if !goes {
                self.body = None;
            }
        }
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            // An end would be a body that is too short; the connection is closed with the client's.
            None => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_some_and(hyper::body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| self.size, hyper::body::Body::size_hint)
    }
}
