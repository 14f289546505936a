//! One client's connection: requests one after the other, then perhaps a way of another protocol.

use super::connect::{self, Promised};
use super::open::Held;
use super::origin::Origin;
use super::record::Record;
use super::refuse::{self, Body};
use super::request::{Asked, Form};
use super::way::Way;
use super::{HEAD_READ, IDLE, Proxy, beyond, plain};
use crate::net::Drain;
use crate::net::framing::{Framed, MAX_HEAD, MAX_HEADERS};
use crate::net::idle::Idle;
use crate::net::listen::Caller;
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
use tokio::net::TcpStream;

/// The client's stream as the parser sees it.
pub type ClientStream = Framed<Idle<TcpStream>>;

/// What one request leaves to the next, and to the end of the connection.
pub struct Connection {
    pub proxy: Arc<Proxy>,
    pub client: ClientAddr,
    /// Where it comes from, by which the gate knows its own.
    peer: SocketAddr,
    /// The address of ours that it reached.
    local: IpAddr,
    /// The connection to the origin of the last request, if it can be used again.
    kept: Mutex<Option<Origin>>,
    /// Set by an answered CONNECT: what is carried once HTTP is over.
    promised: Mutex<Option<Promised>>,
    /// Its place among the open connections, once it was judged.
    pub held: Held,
}

/// Serves one connection to its end.
pub async fn serve(proxy: Arc<Proxy>, caller: Caller, drain: Drain) {
    // Both on the heap: a way lives for hours, and what HTTP needed is not kept for it.
    let way = Box::pin(http(&proxy, caller, drain)).await;
    if let Some(way) = way {
        Box::pin(beyond::carry(&proxy, way)).await;
    }
}

/// Requests, one after the other, until the connection ends or was promised to a way.
async fn http(proxy: &Arc<Proxy>, caller: Caller, mut drain: Drain) -> Option<Way> {
    let (kept, promised) = Default::default();
    let (client, local, peer) = (caller.client, caller.local.ip(), caller.stream.peer_addr().ok()?);
    let held = proxy.open.hold(&proxy.gate, client);
    let connection = Arc::new(Connection { proxy: proxy.clone(), client, peer, local, kept, promised, held });
    let answering = connection.clone();
    let service = service_fn(move |request| {
        let connection = answering.clone();
        async move { Ok::<_, Infallible>(connection.answer(request).await) }
    });
    let stream = TokioIo::new(Framed::new(Idle::new(caller.stream, IDLE)));
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
        let visit = match gate.testing.who(self.peer) {
            Some(who) => Some(gate.visit_as(who)),
            None => gate.visit(self.client),
        };
        let Some(visit) = visit else {
            gate.counters.strangers.inc();
            return refuse::stranger();
        };
        let seen = Seen::of(request.headers());
        let asked = match Asked::read(&request) {
            Ok(asked) => asked,
            Err(fault) => {
                gate.counters.malformed.inc();
                return refuse::unreadable(&fault);
            }
        };
        // Of a form that was sent there, nothing would be left after a page that warns.
        let warnable = asked.form == Form::Absolute && seen.page && request.method() == Method::GET;
        let surface = if warnable { Surface::Page } else { Surface::NoPage };
        let mut judged = visit.judge_page(&asked.host, &asked.path, surface);
        if visit.rewrite(&asked.host, &judged).is_some() {
            judged.verdict = judged.verdict.rewritten();
        }
        let mut record = Record::open(gate, &visit, judged, &asked, &request, seen.intent);
        if seen.page {
            record.reader = Reader::of(request.headers(), &visit.snapshot.config, &gate.web, self.local);
        }
        match judged.verdict.act {
            Act::Block => return refuse::blocked(&mut record, seen),
            Act::Warn => return refuse::warned(&mut record),
            Act::Allow => {}
        }
        match asked.form {
            Form::Tunnel => connect::answer(self, &asked, record, seen, request).await,
            Form::Absolute | Form::Inside => plain::answer(self, &asked, record, seen, request).await,
        }
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
