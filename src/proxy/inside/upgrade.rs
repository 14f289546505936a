//! WebSocket (RFC 6455): the one protocol that HTTP/1.1 within TLS may be changed to.

use crate::net::framing::Framed;
use crate::net::idle::Idle;
use crate::net::prefixed::Prefixed;
use crate::net::stream::Stream;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, copy_bidirectional_with_sizes};
use tokio_rustls::server::TlsStream;

/// A WebSocket on which nothing moves: chats and lessons ping every half a minute, dashboards every few.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// A TLS record (RFC 8446 §5.1).
const BUFFER: usize = 16 * 1024;

/// Both ends of what a request was changed to.
pub struct Upgraded {
    client: OnUpgrade,
    origin: OnUpgrade,
}

/// The client's end, if it asks for a WebSocket.
pub fn wanted<B>(request: &mut Request<B>) -> Option<OnUpgrade> {
    let says = |name, word: &str| {
        let values = request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case(word))
    };
    let wants = request.version() == Version::HTTP_11 && says(CONNECTION, "upgrade") && says(UPGRADE, "websocket");
    wants.then(|| hyper::upgrade::on(request))
}

impl Upgraded {
    /// Both ends, if the origin has agreed.
    pub fn of(client: OnUpgrade, response: &mut Response<Incoming>) -> Option<Self> {
        let agreed = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        agreed.then(|| Self { client, origin: hyper::upgrade::on(response) })
    }

    /// Carries bytes until both sides have ended, or nothing moves for too long.
    pub async fn carry(self) {
        let (Ok(client), Ok(mut origin)) = tokio::join!(self.client, self.origin) else { return };
        // It is the stream that `session` gave to hyper.
        let Ok(parts) = client.downcast::<TokioIo<Framed<Idle<TlsStream<Prefixed<Stream>>>>>>() else { return };
        let (client, unread) = parts.io.into_inner().into_parts();
        let mut client = Idle::new(client.into_inner(), IDLE);
        let mut to_origin = TokioIo::new(&mut origin);
        for early in [&parts.read_buf[..], &unread] {
            if to_origin.write_all(early).await.is_err() {
                return;
            }
        }
        let _ = copy_bidirectional_with_sizes(&mut client, &mut to_origin, BUFFER, BUFFER).await;
    }
}
