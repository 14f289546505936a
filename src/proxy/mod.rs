//! The proxy door: explicit HTTP/1.1, absolute form and CONNECT; and what is redirected here on its way out.
//!
//! Comes in: connections of browsers and programs that were told to use a proxy. Goes out: what the origin answered, a
//! tunnel, or a refusal that says why.
//! Always holds: every host is judged before anything is dialled, every address after it was resolved and before it is
//! dialled; every answer to a request that was judged is in the journal before its head leaves; bodies stream, and nothing
//! of them is kept. One connection to an origin belongs to one client's connection, so answers cannot be mixed up.
//!
//! - [`connection`]  one client's connection: requests one after the other, then perhaps a tunnel
//! - [`transparent`] connections that were redirected here: HTTP by its Host, TLS by the name in its opening
//! - [`request`]     what a request asks for, or why it cannot be read
//! - [`plain`]       absolute form: the request passed on, the response passed back
//! - [`expect`]      100-continue, end to end
//! - [`origin`]      a connection to an origin, kept for the next request
//! - [`captive`]     who is to sign in first, and is led there
//! - [`connect`]     CONNECT: the answer, and the way that is carried after it
//! - [`way`]         a client and an origin, joined
//! - [`beyond`]      what comes after the answer to CONNECT
//! - [`named`]       by name: whether what a client opens with is what was judged
//! - [`alert`]       how a TLS client that is not let through is told
//! - [`opening`]     the first bytes a client says on a connection of its own protocol
//! - [`tunnel`]      bytes, both ways
//! - [`open`]        connections that outlive their verdict
//! - [`tls`]         the same conversation behind a handshake
//! - [`dial`]        resolve, judge, connect
//! - [`race`]        several addresses: the first that answers
//! - [`parent`]      another proxy between this one and the internet
//! - [`headers`]     what belongs to one hop and what to the whole way
//! - [`inside`]      looking into TLS
//! - [`search`]      what a request searches for
//! - [`download`] files that a profile refuses, by what they are
//! - [`scan`]     pages scored by the words on them
//! - [`record`]      the one line that each judged request leaves in the journal
//! - [`sign_in`]     who shows with a request that it is theirs
//! - [`ticket`]      by a Kerberos ticket
//! - [`refuse`]      every answer of our own

mod alert;
mod beyond;
mod captive;
mod connect;
mod connection;
mod dial;
mod download;
mod expect;
mod headers;
mod inside;
mod named;
mod open;
mod opening;
mod origin;
mod parent;
mod plain;
mod race;
mod record;
mod refuse;
mod request;
pub mod scan;
mod search;
mod sign_in;
mod ticket;
mod tls;
mod transparent;
mod tunnel;
mod way;

use crate::gate::Gate;
use crate::net::Drain;
use crate::net::destination::Rules;
use crate::net::listen::{self, Limits, Listening, Seats};
use crate::net::own::OwnAddresses;
use crate::resolve::Resolver;
use open::Open;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Connections at once. A Chromium browser opens up to 32 to a proxy, most of them for minutes: enough for 500 devices in
/// use; each costs some 30 KiB when idle. Where the process has fewer descriptors, those count.
const LIMITS: Limits = Limits {
    total: 16_384,
    // Eight times what one browser opens, for a machine with several, or for a room behind one translating router.
    per_client: 256,
    strangers: 64,
};

/// A connection on which nothing moves either way: longer than [`HEAD_WAIT`], or a slow answer would be cut by it.
const IDLE: Duration = Duration::from_secs(150);

/// How long an origin may take to begin its answer: a long poll holds for 30 to 60 s, nginx as a proxy waits 60.
const HEAD_WAIT: Duration = Duration::from_secs(120);

/// How long a client may take to send a whole head, and to begin the next on a connection it keeps.
const HEAD_READ: Duration = Duration::from_secs(10);

/// Listeners of this door, bound and not yet served.
#[derive(Debug)]
pub struct Bound {
    plain: Listening,
    tls: Listening,
    transparent: Listening,
}

/// Binds every address, or none: those that speak as they are, and those behind TLS.
///
/// # Errors
/// Which address, by which key of `[proxy]` it stands there, and what to do.
pub fn bind(plain: &[SocketAddr], tls: &[SocketAddr]) -> io::Result<Bound> {
    let transparent = listen::bind(&[], "[proxy] transparent_listen")?;
    Ok(Bound { plain: listen::bind(plain, "[proxy] listen")?, tls: listen::bind(tls, "[proxy] tls_listen")?, transparent })
}

impl Bound {
    /// The addresses that are held, with the port the kernel chose where 0 was written.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.plain.local_addrs().to_vec()
    }

    /// Those behind TLS.
    pub fn tls_addrs(&self) -> Vec<SocketAddr> {
        self.tls.local_addrs().to_vec()
    }

    /// Binds every address that connections are redirected to, or none.
    ///
    /// # Errors
    /// As [`bind`], under `[proxy] transparent_listen`.
    pub fn and_transparent(self, addresses: &[SocketAddr]) -> io::Result<Self> {
        Ok(Self { transparent: listen::bind(addresses, "[proxy] transparent_listen")?, ..self })
    }

    /// As [`Bound::local_addrs`], of those that connections are redirected to.
    pub fn transparent_addrs(&self) -> Vec<SocketAddr> {
        self.transparent.local_addrs().to_vec()
    }

    /// Serves until the word to stop; then finishes requests and, after a few seconds, closes tunnels.
    pub async fn serve(self, gate: Arc<Gate>, resolver: Arc<Resolver>, drain: Drain) {
        let (open, checking, turns) = Default::default();
        let proxy = Arc::new(Proxy { gate, resolver, own: OwnAddresses::read(), open, checking, turns });
        let mut watching = JoinSet::new();
        watching.spawn(proxy.open.clone().watch(proxy.gate.clone()));
        let known = {
            let proxy = proxy.clone();
            move |client| proxy.gate.standing(client)
        };
        let seats = Seats::new(LIMITS);
        tracing::info!("the proxy holds up to {} connections at once", seats.free());
        proxy.gate.counters.most_connections.set(i64::try_from(seats.free()).unwrap_or(i64::MAX));
        let plain = {
            let (proxy, stop) = (proxy.clone(), drain.clone());
            move |caller| connection::serve(proxy.clone(), caller, stop.clone())
        };
        let over_tls = {
            let (proxy, stop) = (proxy.clone(), drain.clone());
            move |caller| tls::serve(proxy.clone(), caller, stop.clone())
        };
        let redirected = {
            let stop = drain.clone();
            move |caller| transparent::serve(proxy.clone(), caller, stop.clone())
        };
        tokio::join!(
            self.plain.serve(seats.clone(), drain.clone(), known.clone(), plain),
            self.tls.serve(seats.clone(), drain.clone(), known.clone(), over_tls),
            self.transparent.serve(seats, drain, known, redirected),
        );
    }
}

/// What every connection of this door uses.
struct Proxy {
    gate: Arc<Gate>,
    resolver: Arc<Resolver>,
    own: OwnAddresses,
    open: Arc<Open>,
    /// Names and passwords that are being checked.
    checking: sign_in::Checking,
    /// To open tickets.
    turns: ticket::Turns,
}

impl Proxy {
    /// Whether an address leads to this gateway.
    fn is_own(&self, address: SocketAddr) -> bool {
        let snapshot = self.gate.snapshot();
        Rules { config: &snapshot.config, own: &self.own }.is_own(address.ip().to_canonical())
    }
}

#[cfg(test)]
mod tests;
