//! One client's connection: requests one after the other, then perhaps a way of another protocol.

use super::connect::{self, Begun, Promised};
use super::open::Held;
use super::origin::Origin;
use super::record::Record;
use super::refuse::{self, Body};
use super::request::{Asked, Form, Unreadable};
use super::{HEAD_READ, IDLE, Proxy, beyond, inside, named, plain};
use crate::gate::{Judged, Visit};
use crate::net::Drain;
use crate::net::framing::{Framed, MAX_HEAD, MAX_HEADERS};
use crate::net::idle::Idle;
use crate::net::listen::Caller;
use crate::net::stream::Stream;
use crate::pages::{Reader, Seen};
use crate::policy::{Act, Surface};
use crate::words::ClientAddr;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

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
}

impl Ends {
    /// `None`: it has gone already.
    pub fn of(caller: &Caller) -> Option<Self> {
        let peer = caller.stream.peer_addr().ok()?;
        Some(Self { client: caller.client, peer, local: caller.local.ip() })
    }
}

/// Serves one connection to its end.
pub async fn serve(proxy: Arc<Proxy>, caller: Caller, drain: Drain) {
    if let Some(ends) = Ends::of(&caller) {
        over(proxy, caller.stream.into(), ends, drain).await;
    }
}

/// [`serve`], over whatever the client's bytes come by.
pub async fn over(proxy: Arc<Proxy>, stream: Stream, ends: Ends, drain: Drain) {
    // Both on the heap: a way lives for hours, and what HTTP needed is not kept for it.
    match Box::pin(http(&proxy, stream, ends, None, drain)).await {
        Some(Begun::Way(way)) => Box::pin(beyond::carry(&proxy, way)).await,
        Some(Begun::Here(here)) => Box::pin(inside::answer(&proxy, here)).await,
        None => {}
    }
}

/// Serves a connection of HTTP that was redirected here on its way to `to`.
pub async fn serve_redirected(proxy: &Arc<Proxy>, caller: Caller, to: SocketAddr, drain: Drain) {
    // No way comes of it: CONNECT is not for this door.
    if let Some(ends) = Ends::of(&caller) {
        Box::pin(http(proxy, caller.stream.into(), ends, Some(to), drain)).await;
    }
}

/// Requests, one after the other, until the connection ends or was promised to a way.
async fn http(proxy: &Arc<Proxy>, stream: Stream, ends: Ends, to: Option<SocketAddr>, mut drain: Drain) -> Option<Begun> {
    let (kept, promised) = Default::default();
    let held = proxy.open.hold(&proxy.gate, ends.client);
    let connection = Arc::new(Connection { proxy: proxy.clone(), ends, to, kept, promised, held });
    let answering = connection.clone();
    let service = service_fn(move |request| {
        let connection = answering.clone();
        async move { Ok::<_, Infallible>(connection.answer(request).await) }
    });
    let stream = TokioIo::new(Framed::new(Idle::new(stream, IDLE)));
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

impl Connection {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let gate = &self.proxy.gate;
        let visit = match gate.testing.who(self.ends.peer) {
            Some(who) => Some(gate.visit_as(who)),
            None => gate.visit(self.ends.client),
        };
        let Some(visit) = visit else {
            gate.counters.strangers.inc();
            return refuse::stranger();
        };
        let seen = Seen::of(request.headers());
        let asked = match self.asked(&request) {
            Ok(asked) => asked,
            Err(fault) => {
                gate.counters.malformed.inc();
                return refuse::unreadable(&fault);
            }
        };
        // Of a form that was sent there, nothing would be left after a page that warns.
        let warnable = asked.form != Form::Tunnel && seen.page && request.method() == Method::GET;
        let surface = if warnable { Surface::Page } else { Surface::NoPage };
        let mut judged = visit.judge_page(&asked.host, &asked.path, surface);
        if let Some(hidden) = self.unresolved(&visit, &asked, &judged) {
            judged = hidden;
        }
        if visit.rewrite(&asked.host, &judged).is_some() {
            judged.verdict = judged.verdict.rewritten();
        }
        let mut record = Record::open(gate, &visit, judged, &asked, &request, seen.intent);
        if seen.page {
            record.reader = Reader::of(request.headers(), &visit.snapshot.config, &gate.web, self.ends.local);
        }
        match judged.verdict.act {
            Act::Block if asked.form == Form::Tunnel && inside::shows_block(&visit, &judged, &asked.host) => {
                return connect::here(self, &asked, record, request);
            }
            Act::Block => return refuse::blocked(&mut record, seen),
            Act::Warn => return refuse::warned(&mut record),
            Act::Allow => {}
        }
        if asked.form == Form::Tunnel && inside::is_check(&visit, &asked.host) {
            return connect::here(self, &asked, record, request);
        }
        match asked.form {
            Form::Tunnel => connect::answer(self, &asked, record, seen, request).await,
            Form::Absolute | Form::Origin | Form::Inside => plain::answer(self, &asked, record, seen, request).await,
        }
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

    /// See [`named::unresolved`]. Of a tunnel the name may come yet.
    fn unresolved(&self, visit: &Visit, asked: &Asked, judged: &Judged) -> Option<Judged> {
        let address = asked.host.address().filter(|_| asked.form != Form::Tunnel)?;
        named::unresolved(&self.proxy, visit, &asked.host, address, judged)
    }

    pub fn take_kept(&self) -> Option<Origin> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn keep(&self, origin: Origin) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(origin);
    }

    /// What the answer that goes out now was judged by, for as long as it takes.
    pub fn judged(&self, asked: &Asked) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(origin) = &*kept {
            self.held.judged(&asked.host, &asked.path, origin.address.ip());
        }
    }

    fn take_promised(&self) -> Option<Promised> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn will_carry(&self, way: Promised) {
        *self.promised.lock().unwrap_or_else(PoisonError::into_inner) = Some(way);
    }
}
