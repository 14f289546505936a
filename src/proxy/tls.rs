//! The proxy over TLS: the same conversation behind a handshake, under the name and the certificate of the DNS door.

use super::connection::{self, Ends};
use super::{HEAD_READ, Proxy};
use crate::net::Drain;
use crate::net::listen::Caller;
use crate::net::stream::Stream;
use std::sync::Arc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Serves one connection to its end. A stranger gets no handshake: the box does no sums for strangers.
pub async fn serve(proxy: Arc<Proxy>, caller: Caller, drain: Drain) {
    let ends = Ends { private: true, ..Ends::of(&caller) };
    if let Some(stream) = Box::pin(handshake(&proxy, caller.stream, caller.client)).await {
        connection::over(proxy, stream, ends, drain).await;
    }
}

async fn handshake(proxy: &Proxy, stream: tokio::net::TcpStream, client: crate::words::ClientAddr) -> Option<Stream> {
    let snapshot = proxy.gate.snapshot();
    if snapshot.who(client).is_none() {
        proxy.gate.counters.strangers.inc();
        return None;
    }
    let config = snapshot.identity.as_ref()?.as_ref().ok()?.http.clone();
    drop(snapshot);
    match timeout(HEAD_READ, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => Some(Stream::Tls(Box::new(stream))),
        Ok(Err(fault)) => {
            tracing::trace!(%fault, "a handshake failed");
            None
        }
        Err(_) => None,
    }
}
