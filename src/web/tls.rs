//! The web door behind TLS, under its one name.

use super::hall::Hall;
use crate::words::ClientAddr;
use hyper::header::HeaderValue;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take: three round trips of a poor radio.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The port that browsers mean by a name without one.
const HTTPS: u16 = 443;

/// The stream behind the handshake. A stranger gets none: the box does no sums for strangers.
pub async fn handshake(hall: &Hall, stream: TcpStream, client: ClientAddr) -> Option<TlsStream<TcpStream>> {
    let snapshot = hall.gate.snapshot();
    if snapshot.who(client).is_none() && !hall.may_read_status(client) {
        hall.gate.counters.strangers.inc();
        return None;
    }
    let config = snapshot.web_identity.as_ref()?.as_ref().ok()?.http.clone();
    drop(snapshot);
    match timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(fault)) => {
            tracing::trace!(%fault, "a handshake failed");
            None
        }
        Err(_) => None,
    }
}

/// That browsers come to this name over TLS alone for a year (RFC 6797). They then turn `http://NAME/` into `https://NAME/`: with TLS
/// on another port than 443 that would lead nowhere, and is not asked for.
pub fn strict(port: u16) -> Option<HeaderValue> {
    (port == HTTPS).then_some(HeaderValue::from_static("max-age=31536000"))
}
