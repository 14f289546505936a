//! The first bytes a client says on a connection of its own protocol.

use crate::wire::hello::{self, Hello, Unread};
use bytes::BytesMut;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// How long a client may take to say its whole ClientHello: it has nothing to wait for.
const WAIT: Duration = Duration::from_secs(5);

/// What a client opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, where it is read: a box for each would cost more than the room")]
pub enum Opening {
    Tls(Hello),
    /// It is another protocol.
    NotTls,
    /// It is TLS that cannot be read: malformed, or longer than anything that is sent.
    Unreadable,
    /// Too little came in time.
    Silent,
    /// The client has gone.
    Gone,
}

/// Reads until the opening is known; what was read is in `already`, to be passed on.
///
/// At most [`hello::MOST_BYTES`] are read, for at most five seconds.
pub async fn opening(stream: &mut (impl AsyncRead + Unpin), already: &mut BytesMut) -> Opening {
    timeout(WAIT, read(stream, already)).await.unwrap_or(Opening::Silent)
}

async fn read(stream: &mut (impl AsyncRead + Unpin), already: &mut BytesMut) -> Opening {
    loop {
        match hello::read(already) {
            Ok(hello) => return Opening::Tls(hello),
            Err(Unread::NotTls) => return Opening::NotTls,
            Err(Unread::Malformed | Unread::TooBig) => return Opening::Unreadable,
            Err(Unread::NeedMore) => {}
        }
        // Whatever is longer than a ClientHello may be is told apart before this is empty.
        already.reserve(2048);
        match stream.read_buf(already).await {
            Ok(0) | Err(_) => return Opening::Gone,
            Ok(_) => {}
        }
    }
}
