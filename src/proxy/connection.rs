//! One client's connection: requests one after the other, then perhaps a way of another protocol.

use super::beyond::{self, Rest};
use super::connect::{self, Agreed, Begun, Promised};
use super::open::Held;
use super::origin::Origin;
use super::record::Record;
use super::refuse::{self, Body};
use super::request::{Asked, Unreadable};
use super::{HEAD_READ, IDLE, Proxy, captive, inside, named, plain, sign_in};
use crate::gate::{Gate, Judged, Visit};
use crate::net::Drain;
use crate::net::framing::{Framed, MAX_HEAD, MAX_HEADERS};
use crate::net::head::{self, First, joined};
use crate::net::idle::Idle;
use crate::net::listen::Caller;
use crate::net::stream::Stream;
use crate::pages::{Reader, Seen, reader};
use crate::people::Signed;
use crate::policy::{Act, Surface};
use crate::words::ClientAddr;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::AsyncWriteExt;

/// The client's stream as the parser sees it.
pub type ClientStream = Framed<Idle<Stream>>;

/// What one request leaves to the next, and to the end of the connection.
pub struct Connection {
    pub proxy: Arc<Proxy>,
    pub ends: Ends,
    /// Where it was going, if it was redirected here.
    to: Option<SocketAddr>,
    /// The connection to the origin of the last request, if it can be used again.
    kept: Mutex<Option<Origin>>,
    /// The answer to the first request, if it is known already.
    prepared: Mutex<Option<Response<Body>>>,
    /// Set by an answered CONNECT: what is carried once HTTP is over.
    promised: Mutex<Option<Promised>>,
    /// Its place among the open connections, once it was judged.
    pub held: Held,
}

/// Where a client's connection leads from and to.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    pub client: ClientAddr,
    /// Where it comes from, by which the gate knows its own.
    pub peer: SocketAddr,
    /// The address of ours that it reached.
    pub local: IpAddr,
    /// Nobody on the way can read what the client says.
    pub private: bool,
}

impl Ends {
    pub fn of(caller: &Caller) -> Self {
        Self { client: caller.client, peer: caller.peer, local: caller.local.ip(), private: false }
    }

    /// Who asks by it, or whom the gate asks as itself. `None`: it is nobody's.
    pub fn visit(&self, gate: &Gate, signed: Option<Signed>) -> Option<Visit> {
        match gate.testing.who(self.peer) {
            Some(who) => Some(gate.visit_as(who)),
            None => gate.visit_of(self.client, signed),
        }
    }
}

/// Serves one connection to its end.
pub async fn serve(proxy: Arc<Proxy>, caller: Caller, drain: Drain) {
    let ends = Ends::of(&caller);
    over(proxy, caller.stream.into(), ends, drain).await;
}

/// [`serve`], over whatever the client's bytes come by.
pub async fn over(proxy: Arc<Proxy>, stream: Stream, ends: Ends, drain: Drain) {
    // On the heap, and gone before the rest begins: a tunnel lives for hours.
    if let Some(rest) = Box::pin(asked(proxy, stream, ends, drain)).await {
        rest.await;
    }
}

/// What is left to do once the client's requests are answered.
async fn asked(proxy: Arc<Proxy>, stream: Stream, ends: Ends, drain: Drain) -> Option<Rest> {
    match Box::pin(begun(&proxy, stream, ends, drain)).await? {
        Begun::Way(way) => beyond::rest(&proxy, way).await,
        Begun::Here(here) => Some(Box::pin(async move { inside::answer(&proxy, here).await })),
    }
}

/// Serves a connection of HTTP that was redirected here on its way to `to`.
pub async fn serve_redirected(proxy: &Arc<Proxy>, caller: Caller, to: SocketAddr, drain: Drain) {
    // No way comes of it: CONNECT is not for this door.
    let (ends, begun) = (Ends::of(&caller), Begin { already: &[], prepared: None });
    Box::pin(http(proxy, caller.stream.into(), ends, Some(to), begun, drain)).await;
}

/// What the answer to CONNECT begins with, and ends with: nothing has to be said beside it.
const OK: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

/// What the client's requests come to, if it is more than answers. A CONNECT that comes first, as nearly all do, is answered here;
/// all else is HTTP.
async fn begun(proxy: &Arc<Proxy>, mut stream: Stream, ends: Ends, mut drain: Drain) -> Option<Begun> {
    let first = tokio::select! {
        biased;
        first = head::first(&mut stream, HEAD_READ) => first?,
        // Nothing was asked for yet.
        () = drain.begun() => return None,
    };
    let (request, head, mut after) = match first {
        First::Connect { request, head, after } => (request, head, after),
        First::Other(said) => {
            let begin = Begin { already: &said, prepared: None };
            return Box::pin(http(proxy, stream, ends, None, begin, drain)).await;
        }
    };
    let answer = connect::answer(proxy, ends, &request);
    match connect::unless_gone(&mut stream, &mut after, answer).await? {
        Ok(agreed) => {
            stream.write_all(OK).await.ok()?;
            stream.flush().await.ok()?;
            Some(agreed.begun(stream, after.freeze()))
        }
        // How it is said, and how the connection ends after it, is HTTP's.
        Err(refused) => {
            let begin = Begin { already: &joined(&head, &after), prepared: Some(*refused) };
            Box::pin(http(proxy, stream, ends, None, begin, drain)).await
        }
    }
}

/// What was done before HTTP began.
struct Begin<'a> {
    /// Read from the client.
    already: &'a [u8],
    /// The answer to the request that this begins with.
    prepared: Option<Response<Body>>,
}

/// Requests, one after the other, until the connection ends or was promised to a way.
async fn http(
    proxy: &Arc<Proxy>,
    stream: Stream,
    ends: Ends,
    to: Option<SocketAddr>,
    begin: Begin<'_>,
    mut drain: Drain,
) -> Option<Begun> {
    let (kept, promised) = Default::default();
    let (held, prepared) = (proxy.open.hold(&proxy.gate, ends.client), Mutex::new(begin.prepared));
    let connection = Arc::new(Connection { proxy: proxy.clone(), ends, to, kept, prepared, promised, held });
    let answering = connection.clone();
    let service = service_fn(move |request| {
        let connection = answering.clone();
        async move { Ok::<_, Infallible>(connection.answer(request).await) }
    });
    let stream = TokioIo::new(Framed::begun(Idle::new(stream, IDLE), begin.already));
    let mut http = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_READ)
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .serve_connection(stream, service)
            .with_upgrades()
    );
    let ended = tokio::select! {
        // First, so that what has been read is asked for, whatever is said to end.
        biased;
        ended = http.as_mut() => ended,
        () = drain.begun() => {
            http.as_mut().graceful_shutdown();
            http.await
        }
        () = connection.held.ended() => return None,
    };
    if ended.is_err_and(|e| e.is_parse()) {
        connection.proxy.gate.counters.malformed.inc();
    }
    connection.take_promised()?.begun().await
}

/// Who asks, and for what.
pub struct Opened {
    pub visit: Visit,
    pub asked: Asked,
    pub seen: Seen,
}

/// Begins the visit of a request that was read, by whoever shows that it is theirs.
///
/// # Errors
/// What is said to one who is nobody's, or cannot be understood, or is to show who they are.
pub async fn opened<B>(
    proxy: &Proxy,
    ends: Ends,
    request: &Request<B>,
    asked: impl FnOnce() -> Result<Asked, Unreadable>,
) -> Result<Opened, Box<Response<Body>>> {
    let gate = &proxy.gate;
    let Some(visit) = ends.visit(gate, None) else {
        gate.counters.strangers.inc();
        return Err(refuse::stranger().into());
    };
    match asked() {
        Ok(asked) => {
            let (seen, headers) = (Seen::of(request.headers()), request.headers());
            let visit = sign_in::by(proxy, ends, visit, &asked, headers).await?;
            Ok(Opened { visit, asked, seen })
        }
        Err(fault) => {
            gate.counters.malformed.inc();
            Err(refuse::unreadable(&fault).into())
        }
    }
}

impl Connection {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if let Some(prepared) = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return prepared;
        }
        if self.to.is_none() && request.method() == Method::CONNECT {
            return match connect::answer(&self.proxy, self.ends, &request).await {
                Ok(agreed) => self.will_carry(agreed, request),
                Err(refused) => *refused,
            };
        }
        self.carried(request).await.unwrap_or_else(|refused| *refused)
    }

    async fn carried(&self, request: Request<Incoming>) -> Result<Response<Body>, Box<Response<Body>>> {
        let gate = &self.proxy.gate;
        let Opened { visit, asked, seen } = opened(&self.proxy, self.ends, &request, || self.asked(&request)).await?;
        // Of a form that was sent there, nothing would be left after a page that warns.
        let surface = if seen.page && request.method() == Method::GET { Surface::Page } else { Surface::NoPage };
        let mut judged = visit.judge_page(&asked.host, &asked.path, surface);
        if let Some(hidden) = self.unresolved(&visit, &asked, &judged) {
            judged = hidden;
        }
        if visit.rewrite(&asked.host, &judged).is_some() {
            judged.verdict = judged.verdict.rewritten();
        }
        let mut record = Record::open(gate, &visit, judged, &asked, &request, seen.intent);
        if seen.page {
            let reader = Reader::of(request.headers(), &visit.snapshot.config, &gate.web, self.ends.local);
            record.reader = reader.who_signs_in(gate, &visit, self.ends.local);
        }
        if self.to.is_some()
            && request.method() == Method::GET
            && captive::is_led(&visit, &judged, &asked, seen.page)
            && let Some(to) = reader::sign_in(gate, &visit.snapshot, self.ends.local)
        {
            return Ok(refuse::led(&mut record, &to));
        }
        Ok(match judged.verdict.act {
            Act::Block => refuse::blocked(&mut record, seen),
            Act::Warn => refuse::warned(&mut record),
            Act::Allow => plain::answer(self, &asked, record, seen, request).await,
        })
    }

    fn asked(&self, request: &Request<Incoming>) -> Result<Asked, Unreadable> {
        let Some(to) = self.to else { return Asked::read(request) };
        let mut asked = Asked::redirected(request, to)?;
        if asked.host.address() == Some(to.ip())
            && let Some(host) = named::by_ledger(&self.proxy, self.ends.client, to.ip())
        {
            (asked.host, asked.at) = (host, Some(to.ip()));
        }
        Ok(asked)
    }

    /// See [`named::unresolved`].
    fn unresolved(&self, visit: &Visit, asked: &Asked, judged: &Judged) -> Option<Judged> {
        let address = asked.host.address()?;
        named::unresolved(&self.proxy, visit, &asked.host, address, judged)
    }

    pub fn take_kept(&self) -> Option<Origin> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn keep(&self, origin: Origin) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(origin);
    }

    /// What the answer that goes out now was judged by, for as long as it takes.
    pub fn judged(&self, visit: &Visit, asked: &Asked) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(origin) = &*kept {
            self.held.judged(visit.signed, &asked.host, &asked.path, origin.address.ip());
        }
    }

    fn take_promised(&self) -> Option<Promised> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn will_carry(&self, agreed: Agreed, request: Request<Incoming>) -> Response<Body> {
        let promised = Promised { upgrade: hyper::upgrade::on(request), agreed };
        *self.promised.lock().unwrap_or_else(PoisonError::into_inner) = Some(promised);
        Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync())
    }
}
