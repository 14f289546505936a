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

/// Takes connections until the doors are to stop, then lets what has begun end.
pub async fn serve(listening: Listening, seats: Seats, door: Arc<Door>, drain: Drain) {
    let gate = door.gate.clone();
    let known = move |client| gate.snapshot().who(client).is_some();
    let stop = drain.clone();
    let handle = move |caller: Caller| {
        let (door, stop) = (door.clone(), stop.clone());
        async move {
            let asker = Asker { client: caller.client, local: caller.local.ip(), transport: Transport::Tls };
            if let Some(stream) = handshake(caller, &door, |identity| &identity.dns).await {
                tcp::converse(stream, asker, door, stop, tcp::IDLE).await;
            }
        }
    };
    listening.serve(seats, drain, known, handle).await;
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
