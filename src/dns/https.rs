//! DNS over HTTPS (RFC 8484): a query in a GET or POST of [`HTTPS_PATH`], over HTTP/2 or HTTP/1.1.
//!
//! ```text
//! handshake ─▶ h2 or http/1.1 ─▶ request ─▶ query ─▶ Door::answer ─▶ response, kept as long as its TTLs say
//! ```

use super::door::{Asker, Door, Transport};
use super::tcp::MAX_IN_FLIGHT;
use super::tls::{handshake, seated};
use crate::config::HTTPS_PATH;
use crate::net::Drain;
use crate::net::framing::{Framed, MAX_HEADERS};
use crate::net::listen::{Caller, Listening, Seats};
use crate::wire::Message;
use crate::wire::https::{self, BadRequest, MAX_QUERY, MEDIA_TYPE};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout};

/// How long clients are waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// A connection without a request.
    pub idle: Duration,
    /// A head, and then a body. Both are smaller than a packet or two.
    pub part: Duration,
}

/// A browser asks in bursts, and a handshake costs more than a seat.
const TIMES: Times = Times { idle: Duration::from_secs(30), part: Duration::from_secs(10) };

/// How long a connection may take to end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Largest head of a request: the longest query in a URL, and what browsers send beside.
const MAX_HEAD: u32 = 16 * 1024;

/// What a client may send on one stream of HTTP/2 before it is read: more than a query has.
const STREAM_WINDOW: u32 = 8 * 1024;

/// What a client may send on all its streams together.
const CONNECTION_WINDOW: u32 = 64 * 1024;

/// Answers of one stream that wait to be sent: the longest there is.
const SEND_BUFFER: usize = 64 * 1024;

/// Streams that a client reset before they were looked at, and streams that we reset for a fault of its: beyond, the connection
/// ends (CVE-2023-44487, CVE-2025-8671).
const MAX_RESET: usize = 20;

/// Takes connections until the doors are to stop, then lets what has begun end.
pub async fn serve(listening: Listening, seats: Seats, door: Arc<Door>, drain: Drain) {
    let gate = door.gate.clone();
    let known = move |client| gate.standing(client);
    let stop = drain.clone();
    let handle = move |caller: Caller| seated(stop.clone(), connection(caller, door.clone(), stop.clone()));
    listening.serve(seats, drain, known, handle).await;
}

async fn connection(caller: Caller, door: Arc<Door>, drain: Drain) {
    let asker = Asker { client: caller.client, local: caller.local.ip(), transport: Transport::Https };
    let Some(stream) = handshake(caller, &door, |identity| &identity.https).await else { return };
    let second = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    converse(stream, second, asker, door, drain, TIMES).await;
}

/// Answers requests of HTTP/2 (`second`) or HTTP/1.1 until the client goes, is idle, or the doors are to stop.
pub(super) async fn converse<S>(stream: S, second: bool, asker: Asker, door: Arc<Door>, drain: Drain, times: Times)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (room, moved) = (Arc::new(Semaphore::new(MAX_IN_FLIGHT)), Mutex::new(Instant::now()));
    let talk = Arc::new(Conversation { door, asker, times, room, moved });
    let service = {
        let talk = talk.clone();
        service_fn(move |request: Request<Incoming>| {
            let talk = talk.clone();
            async move { Ok::<_, Infallible>(talk.respond(request).await) }
        })
    };
    let ended = if second {
        let http = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_IN_FLIGHT as u32)
            .max_header_list_size(MAX_HEAD)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .max_pending_accept_reset_streams(MAX_RESET)
            .max_local_error_reset_streams(MAX_RESET)
            .serve_connection(TokioIo::new(stream), service);
        until_ended(pin!(http), |http| http.graceful_shutdown(), &talk, drain).await
    } else {
        let http = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(times.part)
            .max_buf_size(MAX_HEAD as usize)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(Framed::new(stream)), service);
        until_ended(pin!(http), |http| http.graceful_shutdown(), &talk, drain).await
    };
    if ended.is_err_and(|fault| fault.is_parse()) {
        talk.door.gate.counters.malformed.inc();
    }
}

/// Drives a connection to its end. `finish` tells it to take no more requests.
async fn until_ended<C>(
    mut http: Pin<&mut C>,
    finish: impl Fn(Pin<&mut C>),
    talk: &Conversation,
    mut drain: Drain,
) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    loop {
        let moved = talk.moved();
        tokio::select! {
            ended = http.as_mut() => return ended,
            () = drain.begun() => {
                finish(http.as_mut());
                return http.await;
            }
            // A request under way ends by itself: its body has a limit, and so has its answer.
            () = sleep_until(moved + talk.times.idle) => if talk.moved() == moved {
                finish(http.as_mut());
                return timeout(FAREWELL, http).await.unwrap_or(Ok(()));
            },
        }
    }
}

/// What the requests of one connection share.
struct Conversation {
    door: Arc<Door>,
    asker: Asker,
    times: Times,
    /// Questions under way, those of streams that were reset among them.
    room: Arc<Semaphore>,
    /// When the last request came or was answered.
    moved: Mutex<Instant>,
}

impl Conversation {
    fn moved(&self) -> Instant {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moves(&self) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.moves();
        let response = match query_of(request, self.times.part).await {
            Ok(query) => self.answer(query).await,
            Err((status, why)) => {
                self.door.gate.counters.malformed.inc();
                refusal(status, why)
            }
        };
        self.moves();
        response
    }

    /// In a task of its own: a client that takes its request back has asked all the same, and the log says so.
    async fn answer(&self, query: Vec<u8>) -> Response<Full<Bytes>> {
        let (door, asker) = (self.door.clone(), self.asker);
        let Ok(room) = self.room.clone().acquire_owned().await else {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, String::new());
        };
        let asked = tokio::spawn(async move {
            let mut out = Vec::new();
            let answered = door.answer(&query, asker, &mut out).await;
            drop(room);
            answered.then_some(out)
        });
        match asked.await {
            Ok(Some(out)) => answered(out),
            Ok(None) => refusal(StatusCode::BAD_REQUEST, "this is no query (RFC 1035 §4)".into()),
            Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        }
    }
}

/// The query in a request; or with what status it is refused, and why.
async fn query_of(request: Request<Incoming>, patience: Duration) -> Result<Vec<u8>, (StatusCode, String)> {
    if request.uri().path() != HTTPS_PATH {
        return Err((StatusCode::NOT_FOUND, format!("queries go to {HTTPS_PATH}")));
    }
    let bad = |bad: BadRequest| match bad {
        BadRequest::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, bad.to_string()),
        _ => (StatusCode::BAD_REQUEST, bad.to_string()),
    };
    match *request.method() {
        Method::GET => https::get(request.uri().query().unwrap_or_default()).map_err(bad),
        Method::POST => {
            let is_query = request.headers().get(CONTENT_TYPE).is_some_and(|t| https::is_query(t.as_bytes()));
            if !is_query {
                return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("a query is {MEDIA_TYPE}")));
            }
            match timeout(patience, Limited::new(request.into_body(), MAX_QUERY).collect()).await {
                Ok(Ok(body)) => Ok(body.to_bytes().into()),
                Ok(Err(fault)) if fault.is::<LengthLimitError>() => Err(bad(BadRequest::TooLong)),
                Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, "the body ends early".into())),
                Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "the body took too long".into())),
            }
        }
        _ => Err((StatusCode::METHOD_NOT_ALLOWED, "GET or POST".into())),
    }
}

/// An answer, to be kept as long as its TTLs say (RFC 8484 §5.1), and by the client alone: it may be for this person only.
fn answered(out: Vec<u8>) -> Response<Full<Bytes>> {
    let seconds = Message::read(out.clone()).map_or(0, |message| message.lifetime());
    let mut response = Response::new(Full::from(out));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if let Ok(kept) = HeaderValue::try_from(format!("private, max-age={seconds}")) {
        response.headers_mut().insert(CACHE_CONTROL, kept);
    }
    response
}

fn refusal(status: StatusCode, why: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(why));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
    }
    response
}
