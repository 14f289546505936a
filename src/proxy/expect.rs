//! `Expect: 100-continue`, end to end (RFC 9110 §10.1.1): the client is told to go on when the origin says so.
//!
//! The expectation goes to the origin with the head. The body is not asked for until the origin's 100 has come; our own
//! 100 to the client is sent by hyper when the body is first asked for. An origin that says nothing gets the body after
//! a second; one that refuses has refused before a byte of it was sent.

use super::refuse::Body;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Frame, Incoming, SizeHint};
use hyper::header::EXPECT;
use hyper::http::request;
use hyper::{Request, StatusCode};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Clients wait a second themselves before they send unasked (curl); origins of HTTP/1.0 never say 100.
const PATIENCE: Duration = Duration::from_secs(1);

/// The request for the origin: its body comes when the origin wants it.
pub fn request(head: request::Parts, body: Incoming) -> Request<Body> {
    let waits = head.headers.get(EXPECT).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if !waits || body.is_end_stream() {
        return Request::from_parts(head, body.boxed_unsync());
    }
    let wanted = Arc::new(Notify::new());
    let told = wanted.clone();
    let until = Box::pin(async move {
        let _ = timeout(PATIENCE, wanted.notified()).await;
    });
    let mut request = Request::from_parts(head, Awaited { until: Some(until), body }.boxed_unsync());
    hyper::ext::on_informational(&mut request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            told.notify_one();
        }
    });
    request
}

/// A body that is not asked for before `until`.
struct Awaited {
    until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    body: Incoming,
}

impl hyper::body::Body for Awaited {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some(until) = &mut self.until {
            ready!(until.as_mut().poll(cx));
            self.until = None;
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
