//! The proxy door: explicit HTTP/1.1, absolute form and CONNECT.
//!
//! Comes in: connections of browsers and programs that were told to use a proxy. Goes out: what the origin answered, a
//! tunnel, or a refusal that says why.
//! Always holds: every host is judged before anything is dialled, every address after it was resolved and before it is
//! dialled; every answer to a request that was judged is in the journal before its head leaves; bodies stream, and nothing
//! of them is kept. One connection to an origin belongs to one client's connection, so answers cannot be mixed up.
//!
//! - [`connection`]  one client's connection: requests one after the other, then perhaps a tunnel
//! - [`request`]     what a request asks for, or why it cannot be read
//! - [`plain`]       absolute form: the request passed on, the response passed back
//! - [`expect`]      100-continue, end to end
//! - [`origin`]      a connection to an origin, kept for the next request
//! - [`connect`]     CONNECT: the answer, and the way that is carried after it
//! - [`way`]         a client and an origin, joined
//! - [`beyond`]      what comes after the answer to CONNECT
//! - [`opening`]     the first bytes a client says on a connection of its own protocol
//! - [`tunnel`]      bytes, both ways
//! - [`open`]        connections that outlive their verdict
//! - [`dial`]        resolve, judge, connect
//! - [`headers`]     what belongs to one hop and what to the whole way
//! - [`inside`]      looking into TLS
//! - [`search`]      what a request searches for
//! - [`scan`]     pages scored by the words on them
//! - [`record`]      the one line that each judged request leaves in the journal
//! - [`refuse`]      every answer of our own

mod beyond;
mod connect;
mod connection;
mod dial;
mod expect;
mod headers;
mod inside;
mod open;
mod opening;
mod origin;
mod plain;
mod record;
mod refuse;
mod request;
mod scan;
mod search;
mod tunnel;
mod way;

use crate::gate::Gate;
use crate::net::Drain;
use crate::net::listen::{self, Limits, Listening};
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
pub struct Bound(Listening);

/// Binds every address, or none.
///
/// # Errors
/// Which address, that it stands under `[proxy] listen`, and what to do.
pub fn bind(addresses: &[SocketAddr]) -> io::Result<Bound> {
    listen::bind(addresses, "[proxy] listen").map(Bound)
}

impl Bound {
    /// The addresses that are held, with the port the kernel chose where 0 was written.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.0.local_addrs().to_vec()
    }

    /// Serves until the word to stop; then finishes requests and, after a few seconds, closes tunnels.
    pub async fn serve(self, gate: Arc<Gate>, resolver: Arc<Resolver>, drain: Drain) {
        let proxy = Arc::new(Proxy { gate, resolver, own: OwnAddresses::read(), open: Arc::default() });
        let mut watching = JoinSet::new();
        watching.spawn(proxy.open.clone().watch(proxy.gate.clone()));
        let known = {
            let proxy = proxy.clone();
            move |client| proxy.gate.visit(client).is_some()
        };
        let stop = drain.clone();
        let handle = move |caller| connection::serve(proxy.clone(), caller, stop.clone());
        self.0.serve(LIMITS, drain, known, handle).await;
    }
}

/// What every connection of this door uses.
struct Proxy {
    gate: Arc<Gate>,
    resolver: Arc<Resolver>,
    own: OwnAddresses,
    open: Arc<Open>,
}

#[cfg(test)]
mod tests;
