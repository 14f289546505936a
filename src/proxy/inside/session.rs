//! The requests of one client's connection, decrypted: each judged by its whole address, passed on, and its answer passed back.

use super::distrust::Distrust;
use super::origin::Origin;
use super::shown::Shown;
use super::upgrade::{self, Upgraded};
use super::{asked, enforced, secured};
use crate::gate::{Judged, Visit};
use crate::journal::{Decrypted, Door};
use crate::net::ca::CHECK_HOST;
use crate::net::framing::{Framed, MAX_HEAD, MAX_HEADERS};
use crate::net::inspection::{HTTP_2, Inspection};
use crate::pages::{Language, Reader, Seen};
use crate::people::Signed;
use crate::policy::{Act, Surface};
use crate::proxy::connection::Ends;
use crate::proxy::dial::{self, Dialled, Unreached};
use crate::proxy::expect::Outgoing;
use crate::proxy::open::Held;
use crate::proxy::plain::Unanswered;
use crate::proxy::record::Record;
use crate::proxy::refuse::{self, Body};
use crate::proxy::request::Asked;
use crate::proxy::{HEAD_READ, HEAD_WAIT, Proxy, download, headers, scan, search};
use crate::words::Host;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Requests of one HTTP/2 connection at once: browsers have a hundred under way when a page is large.
const STREAMS: u32 = 128;

/// What a client may send before it was taken, of one request and of all: uploads of a fast school line.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// What of an answer waits for a client that does not take it, of one request.
const SEND_BUFFER: usize = 256 << 10;

/// Requests a client may take back before they were begun (CVE-2023-44487).
const RESETS: usize = 64;

/// One client's connection to one host.
pub struct Session {
    proxy: Arc<Proxy>,
    inspection: Arc<Inspection>,
    ends: Ends,
    /// Who showed that the connection is theirs: so is what is asked for within.
    signed: Option<Signed>,
    door: Door,
    host: Host,
    port: u16,
    /// What is spoken with the client, and offered to the origin again if its connection ended.
    protocol: Option<&'static [u8]>,
    origin: Mutex<Result<Option<Origin>, Distrust>>,
    /// By what it may go on, and whether it still may.
    held: Held,
    /// Whether anything was asked for.
    answered: AtomicBool,
    /// Whether a change to WebSocket was asked for.
    upgrading: AtomicBool,
    upgraded: StdMutex<Option<Upgraded>>,
}

impl Session {
    pub fn new(
        proxy: &Arc<Proxy>,
        (ends, signed, door): (Ends, Option<Signed>, Door),
        (host, port): (Host, u16),
        protocol: Option<&'static [u8]>,
        inspection: Arc<Inspection>,
    ) -> Self {
        let (origin, upgraded) = (Mutex::new(Ok(None)), StdMutex::default());
        let held = proxy.open.hold(&proxy.gate, ends.client);
        Self {
            proxy: proxy.clone(),
            inspection,
            ends,
            signed,
            door,
            host,
            port,
            protocol,
            origin,
            held,
            answered: AtomicBool::new(false),
            upgrading: AtomicBool::new(false),
            upgraded,
        }
    }

    /// Answers requests until the connection ends, and then what it was changed to. Says whether there was any. An origin that is
    /// not reached yet (`None`) is reached by the first request that is let through.
    pub async fn serve(self, stream: Shown, reached: Result<Option<Origin>, Distrust>) -> bool {
        self.proxy.gate.rejections.took(self.ends.client);
        let gone = reached.as_ref().ok().and_then(|origin| Some(origin.as_ref()?.gone.clone()));
        *self.origin.lock().await = reached;
        let session = Arc::new(self);
        let of_origin = session.clone();
        let ended = async move {
            match gone {
                Some(gone) => gone.notified().await,
                None => std::future::pending().await,
            }
            // HTTP with the origin is over when it was changed to WebSocket, too: then it ends here by itself.
            if of_origin.upgrading.load(Relaxed) {
                std::future::pending::<()>().await;
            }
        };
        let answering = session.clone();
        let service = service_fn(move |request| {
            let session = answering.clone();
            async move { Ok::<_, Infallible>(session.answer(request).await) }
        });
        if session.protocol == Some(HTTP_2) {
            let http = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(STREAMS)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .max_send_buf_size(SEND_BUFFER)
                .max_header_list_size(MAX_HEAD as u32)
                .max_pending_accept_reset_streams(RESETS)
                .serve_connection(TokioIo::new(stream), service);
            let mut http = pin!(http);
            // The client begins another connection when the origin has ended its own.
            tokio::select! {
                _ = http.as_mut() => return session.answered.load(Relaxed),
                () = session.held.ended() => return true,
                () = ended => http.as_mut().graceful_shutdown(),
            }
            tokio::select! {
                _ = http => {}
                () = session.held.ended() => {}
            }
            return session.answered.load(Relaxed);
        }
        let http = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_READ)
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(Framed::new(stream)), service)
            .with_upgrades();
        tokio::select! {
            done = until(http, ended) => if done.is_err_and(|e| e.is_parse()) {
                session.proxy.gate.counters.malformed.inc();
            },
            () = session.held.ended() => return true,
        }
        let upgraded = session.upgraded.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(upgraded) = upgraded {
            tokio::select! {
                () = upgraded.carry() => {}
                () = session.held.ended() => {}
            }
        }
        session.answered.load(Relaxed)
    }

    /// A body is on its way that may last for hours: by this it may.
    async fn goes_on(&self, asked: &Asked) {
        if let Ok(Some(origin)) = &*self.origin.lock().await {
            self.held.judged(self.signed, &asked.host, &asked.path, origin.address.ip());
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let gate = &self.proxy.gate;
        let Some(visit) = self.ends.visit(gate, self.signed) else {
            gate.counters.strangers.inc();
            return refuse::stranger();
        };
        let seen = Seen::of(request.headers());
        let asked = match asked::read(&request, self.port) {
            Ok(asked) => asked,
            Err(fault) => {
                gate.counters.malformed.inc();
                return refuse::unreadable(&fault);
            }
        };
        if self.host.as_str() == CHECK_HOST && asked::is_for(&asked, &self.host, self.port) {
            return refuse::trusted(&visit, Language::of(request.headers()));
        }
        self.answered.store(true, Relaxed);
        let (mut request, form) = match search::form(&asked, request).await {
            Ok(read) => read,
            Err(fault) => {
                gate.counters.malformed.inc();
                return refuse::unreadable(&fault);
            }
        };
        // Of a form that was sent there, nothing would be left after a page that warns.
        let warnable = seen.page && request.method() == Method::GET;
        let surface = if warnable { Surface::Page } else { Surface::NoPage };
        let mut judged = visit.judge_page(&asked.host, &asked.path, surface);
        if visit.rewrite(&asked.host, &judged).is_some() {
            judged.verdict = judged.verdict.rewritten();
        }
        let mut record = Record::open(gate, &visit, judged, &asked, &request, seen.intent);
        record.door = self.door;
        record.decrypted = Some(Decrypted::Yes);
        if let Some(search) = search::of_form(&visit, &asked, request.headers(), &form) {
            record.searched(search);
        }
        if seen.page {
            record.reader = Reader::of(request.headers(), &visit.snapshot.config, &gate.web, self.ends.local);
        }
        if judged.verdict.blocks() {
            return refuse::blocked(&mut record, seen);
        }
        if !asked::is_for(&asked, &self.host, self.port) {
            return refuse::misdirected(&mut record);
        }
        if judged.verdict.act == Act::Warn {
            return self.warned(&mut record).await;
        }
        if let Err(distrust) = &*self.origin.lock().await {
            return refuse::distrusted(&mut record, seen, distrust);
        }
        let upgrade = upgrade::wanted(&mut request);
        if upgrade.is_some() {
            self.upgrading.store(true, Relaxed);
        }
        let is_head = *request.method() == Method::HEAD;
        match self.carry(&visit, &judged, &asked, request, upgrade.is_some()).await {
            Ok(mut response) => {
                let upgraded = upgrade.and_then(|client| Upgraded::of(client, &mut response));
                let (mut head, body) = response.into_parts();
                headers::within::for_client(&mut head, upgraded.is_some(), self.protocol == Some(HTTP_2));
                let body = if upgraded.is_some() {
                    body.map_err(Into::into).boxed_unsync()
                } else {
                    let body = match download::passed(gate, &mut record, &head, body).await {
                        Ok(body) => body,
                        Err(kind) => return refuse::download(&mut record, seen, kind),
                    };
                    let passed = scan::passed(gate, &mut record, &head, body).await;
                    let Some(body) = passed else { return refuse::blocked(&mut record, seen) };
                    body
                };
                let bytes_down = if is_head { 0 } else { headers::length(&head.headers).unwrap_or(0) };
                record.note(head.status, bytes_down);
                self.goes_on(&asked).await;
                if let Some(upgraded) = upgraded {
                    *self.upgraded.lock().unwrap_or_else(PoisonError::into_inner) = Some(upgraded);
                }
                Response::from_parts(head, body)
            }
            Err(Fault::Unanswered(Unanswered::Unreached(Unreached::Blocked(behind)))) => {
                record.judged = *behind;
                refuse::blocked(&mut record, seen)
            }
            Err(Fault::Unanswered(fault)) => refuse::unanswered(&mut record, seen, &fault),
            Err(Fault::Distrust(fault)) => refuse::distrusted(&mut record, seen, &fault),
        }
    }

    /// The page that warns. Where it stands in the place of a host that was not reached, whoever goes on begins anew, with what that
    /// host speaks.
    async fn warned(&self, record: &mut Record<'_>) -> Response<Body> {
        let mut response = refuse::warned(record);
        if self.protocol != Some(HTTP_2) && matches!(&*self.origin.lock().await, Ok(None)) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn carry(
        &self,
        visit: &Visit,
        judged: &Judged,
        asked: &Asked,
        request: Request<Body>,
        upgrade: bool,
    ) -> Result<Response<Incoming>, Fault> {
        let (mut head, body) = request.into_parts();
        headers::within::for_origin(&mut head, asked, upgrade, self.protocol == Some(HTTP_2));
        enforced::enforce(visit, &judged.verdict, asked, &mut head);
        if scan::wanted(visit, judged.verdict.step).is_some() || download::unpacks(visit, judged, asked) {
            headers::readable(&mut head.headers);
        }
        // A connection may be closed by the origin in the moment it is used: what asks only, and has no body, is asked again on a
        // new one (RFC 9110 §9.2.2).
        let mut again = (body.is_end_stream() && head.method.is_safe() && !upgrade).then(|| bare(&head));
        let Outgoing { mut request, promise } = Outgoing::new(head, body);
        let mut kept = true;
        loop {
            let sent = timeout(HEAD_WAIT, self.send(visit, judged, asked, request, kept)).await;
            promise.answered();
            match sent {
                Ok(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS && !upgrade => {
                    return Err(Unanswered::Switched.into());
                }
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(Unsent { fault, request: Some(back) })) if kept => {
                    request = back;
                    drop(fault);
                }
                Ok(Err(Unsent { fault: Fault::Unanswered(Unanswered::Broken(broken)), .. })) if kept => match again.take() {
                    Some(same) => request = same,
                    None => return Err(Unanswered::Broken(broken).into()),
                },
                Ok(Err(Unsent { fault, .. })) => return Err(fault),
                Err(_) => return Err(Unanswered::Silent.into()),
            }
            kept = false;
        }
    }

    /// Sends a request on the connection there is, or on a new one: if there is none any more, or if it is not to be one that was
    /// `kept`.
    async fn send(
        &self,
        visit: &Visit,
        judged: &Judged,
        asked: &Asked,
        request: Request<Body>,
        kept: bool,
    ) -> Result<Response<Incoming>, Unsent> {
        let mut held = self.origin.lock().await;
        let may = |origin: &Origin| dial::may_reach(&self.proxy, visit, judged, asked, origin.address).is_ok();
        let usable = held.as_ref().ok().and_then(Option::as_ref).is_some_and(|o| kept && !o.is_closed() && may(o));
        if !usable {
            match self.again(visit, judged, asked).await {
                Ok(origin) => *held = Ok(Some(origin)),
                Err(fault) => return Err(Unsent { fault, request: None }),
            }
        }
        let Ok(Some(origin)) = &mut *held else {
            return Err(Unsent { fault: Unanswered::Switched.into(), request: None });
        };
        let sent = match origin.beside() {
            Some(mut sender) => {
                // Others go beside it.
                drop(held);
                sender.try_send_request(request).await
            }
            None => origin.send(request).await,
        };
        sent.map_err(|mut fault| {
            let request = fault.take_message();
            Unsent { fault: Unanswered::Broken(fault.into_error()).into(), request }
        })
    }

    /// Another connection to where this session leads, of the protocol it began with.
    async fn again(&self, visit: &Visit, judged: &Judged, asked: &Asked) -> Result<Origin, Fault> {
        let reached = dial::dial(&self.proxy, visit, judged, asked).await;
        let Dialled { stream, address, .. } = reached.map_err(|fault| Fault::Unanswered(fault.into()))?;
        let protocols = self.protocol.as_slice();
        let secured = secured::secure(&self.inspection, stream, &self.host, protocols).await.map_err(Fault::Distrust)?;
        Origin::over(secured, address).await.map_err(|fault| Unanswered::Broken(fault).into())
    }
}

/// A request that came to nothing, given back if nothing of it was sent.
struct Unsent {
    fault: Fault,
    request: Option<Request<Body>>,
}

enum Fault {
    Unanswered(Unanswered),
    Distrust(Distrust),
}

impl From<Unanswered> for Fault {
    fn from(fault: Unanswered) -> Self {
        Self::Unanswered(fault)
    }
}

fn bare(head: &Parts) -> Request<Body> {
    Request::from_parts(head.clone(), Empty::new().map_err(|never| match never {}).boxed_unsync())
}

/// Serves a connection of HTTP/1.1 to its end, which comes after the request under way when the origin has ended its own.
async fn until<I, S>(http: http1::UpgradeableConnection<I, S>, ended: impl Future<Output = ()>) -> hyper::Result<()>
where
    S: hyper::service::HttpService<Incoming, ResBody = Body>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let mut http = pin!(http);
    tokio::select! {
        done = http.as_mut() => done,
        () = ended => {
            http.as_mut().graceful_shutdown();
            http.await
        }
    }
}
