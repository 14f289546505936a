//! The web door: what this box says of itself, and the page that blocked names lead to.
//!
//! Comes in: HTTP requests to the box's own addresses, meant for it or sent here because the DNS door answered a blocked
//! name with its own address (`block_answer = "page"`). Goes out: health, metrics, a front page, or the block page.
//! Always holds: nothing can be changed from here but what a device may do for itself, on a form of ours: go on after a warning,
//! ask for something (see [`why`]), and be signed in to (see [`portal`]), what staff open for a lesson (see [`staffroom`]), and
//! what the safeguarding lead says of a week (see [`mod@desk`]); health and metrics are for loopback and the networks of
//! `[web] status_from` alone; no label holds a person, a client or a host.
//!
//! - [`hall`]    what every request uses, and for whom which page is
//! - [`ca`]      the school's certificate authority, for its devices
//! - [`mod@desk`]  where the week's report is read and answered for
//! - [`astray`]  requests meant for another host
//! - [`form`]    forms of ours
//! - [`front`]   the front page, and what is not found
//! - [`pac`]     which requests a browser hands to the proxy
//! - [`portal`]  who signs in on a page of ours
//! - [`session`] who is signed in, told by other systems of the school
//! - [`staffroom`] what staff open for a lesson
//! - [`why`]     what did not open on a device, and what can be done about it
//! - [`status`]  `/healthz` and `/metrics`
//! - [`tls`]     the same door behind a handshake, under its one name

mod astray;
mod ca;
pub mod desk;
mod form;
mod front;
mod hall;
mod pac;
mod portal;
mod session;
mod staffroom;
mod status;
mod tls;
mod why;

use crate::gate::Gate;
use crate::net::Drain;
use crate::net::fetch::Lookup;
use crate::net::framing::{Framed, MAX_HEAD, MAX_HEADERS};
use crate::net::idle::Idle;
use crate::net::listen::{self, Caller, Limits, Listening, Seats, Standing};
use axum::Router;
use axum::routing::get;
pub use hall::Rooms;
use hall::{Hall, Peer};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// Pages here are one short answer each, and nobody stays: two for each of 500 devices that meet a blocked name at once.
const LIMITS: Limits = Limits { total: 1024, per_client: 32, strangers: 32 };

/// How long a client may take to send a whole head, and to begin the next.
const HEAD_READ: Duration = Duration::from_secs(10);

/// A client that takes nothing of its answer.
const IDLE: Duration = Duration::from_secs(30);

/// Listeners of this door, bound and not yet served.
#[derive(Debug)]
pub struct Bound {
    plain: Listening,
    tls: Listening,
}

/// Binds every address, or none.
///
/// # Errors
/// Which address, that it stands under `[web]`, and what to do.
pub fn bind(addresses: &[SocketAddr], over_tls: &[SocketAddr]) -> io::Result<Bound> {
    Ok(Bound { plain: listen::bind(addresses, "[web] listen")?, tls: listen::bind(over_tls, "[web] tls_listen")? })
}

impl Bound {
    /// The addresses that are held, with the port the kernel chose where 0 was written.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.plain.local_addrs().to_vec()
    }

    /// Those over TLS.
    pub fn tls_addrs(&self) -> Vec<SocketAddr> {
        self.tls.local_addrs().to_vec()
    }

    /// Serves until the word to stop; then finishes requests. `proxy` is where the proxy listens, `lookup` knows the addresses of
    /// hosts, `rooms` do what pages ask for.
    pub async fn serve(self, gate: Arc<Gate>, lookup: Arc<dyn Lookup>, rooms: Rooms, proxy: Vec<SocketAddr>, drain: Drain) {
        let hall = Arc::new(Hall::open(gate, lookup, rooms, proxy));
        let known = {
            let hall = hall.clone();
            move |client| match hall.gate.standing(client) {
                Standing::Stranger => Standing::from(hall.may_read_status(client)),
                standing => standing,
            }
        };
        let (router, seats) = (router(hall.clone()), Seats::new(LIMITS));
        let plain = {
            let (hall, router, stop) = (hall.clone(), router.clone(), drain.clone());
            move |caller: Caller| {
                let peer = Peer::of(&caller, false);
                connection(hall.clone(), router.clone(), caller.stream, peer, stop.clone())
            }
        };
        let stop = drain.clone();
        let secure = move |caller: Caller| {
            let (hall, router, stop) = (hall.clone(), router.clone(), stop.clone());
            async move {
                let peer = Peer::of(&caller, true);
                if let Some(stream) = Box::pin(tls::handshake(&hall, caller.stream, peer.client)).await {
                    connection(hall, router, stream, peer, stop).await;
                }
            }
        };
        let plain = self.plain.serve(seats.clone(), drain.clone(), known.clone(), plain);
        tokio::join!(plain, self.tls.serve(seats, drain, known, secure));
    }
}

fn router(hall: Arc<Hall>) -> Router {
    Router::new()
        .route("/", get(front::page))
        .route(portal::PATH, get(portal::page).post(portal::act))
        .route("/sign-in/{provider}", get(portal::openid::begin))
        .route("/sign-in/{provider}/back", get(portal::openid::end))
        .route(portal::CAPTIVE, get(portal::captive))
        .route(staffroom::PATH, get(staffroom::page).post(staffroom::act))
        .merge(desk::router())
        .route("/why", get(why::page).post(why::act))
        .route(session::PATH, axum::routing::post(session::take))
        .route("/proxy.pac", get(pac::page))
        .route("/wpad.dat", get(pac::page))
        .route("/ca", get(ca::page))
        .route("/ca/{name}", get(ca::file))
        .route("/healthz", get(status::health))
        .route("/metrics", get(status::metrics))
        .fallback(front::nothing)
        .layer(axum::middleware::from_fn_with_state(hall.clone(), astray::turn_back))
        .with_state(hall)
}

async fn connection<S>(hall: Arc<Hall>, router: Router, stream: S, peer: Peer, mut drain: Drain)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let pages = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        pages.call(request)
    });
    let stream = TokioIo::new(Framed::new(Idle::new(stream, IDLE)));
    let mut http = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_READ)
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .serve_connection(stream, service)
    );
    let ended = tokio::select! {
        ended = http.as_mut() => ended,
        () = drain.begun() => {
            http.as_mut().graceful_shutdown();
            http.await
        }
    };
    if ended.is_err_and(|e| e.is_parse()) {
        hall.gate.counters.malformed.inc();
    }
}

#[cfg(test)]
mod tests;
