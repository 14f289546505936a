//! DNS over TLS (RFC 7858): the loop of [`tcp`](super::tcp) behind a handshake.

use super::door::{Asker, Door, Transport};
use super::tcp;
use crate::net::Drain;
use crate::net::listen::{Caller, Listening, Seats};
use crate::net::tls::Identity;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take: three round trips of a poor radio.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// How long a connection holds its seat at least: so one client has at most [`LIMITS`](tcp::LIMITS)`.per_client` handshakes, which
/// are sums for this box, in this time.
pub(super) const SEATED: Duration = Duration::from_millis(500);

/// Takes connections until the doors are to stop, then lets what has begun end.
pub async fn serve(listening: Listening, seats: Seats, door: Arc<Door>, drain: Drain) {
    let gate = door.gate.clone();
    let known = move |client| gate.standing(client);
    let stop = drain.clone();
    let handle = move |caller: Caller| {
        let (door, stop) = (door.clone(), stop.clone());
        seated(stop.clone(), async move {
            let asker = Asker { client: caller.client, local: caller.local.ip(), transport: Transport::Tls };
            if let Some(stream) = handshake(caller, &door, |identity| &identity.dns).await {
                tcp::converse(stream, asker, door, stop, tcp::IDLE).await;
            }
        })
    };
    listening.serve(seats, drain, known, handle).await;
}

/// A connection, in its seat for [`SEATED`] at least unless the doors are to stop.
pub(super) async fn seated(mut drain: Drain, connection: impl Future<Output = ()>) {
    let least = timeout(SEATED, drain.begun());
    let _ = tokio::join!(connection, least);
}

/// The stream behind the handshake. A stranger gets none: there is no refusal that a client would understand before it, and the
/// box does no sums for strangers.
pub(super) async fn handshake(
    caller: Caller,
    door: &Door,
    of: impl FnOnce(&Identity) -> &Arc<ServerConfig>,
) -> Option<TlsStream<TcpStream>> {
    let snapshot = door.gate.snapshot();
    if snapshot.who(caller.client).is_none() {
        door.gate.counters.strangers.inc();
        return None;
    }
    let config = of(snapshot.identity.as_ref()?.as_ref().ok()?).clone();
    drop(snapshot);
    match timeout(HANDSHAKE, TlsAcceptor::from(config).accept(caller.stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(fault)) => {
            tracing::trace!(%fault, "a handshake failed");
            None
        }
        Err(_) => None,
    }
}
