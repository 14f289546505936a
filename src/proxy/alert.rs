//! How a TLS client that is not let through is told: by an alert, so that it sees no certificate and warns of none.

use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// What is wrong (RFC 8446 §6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Alert {
    AccessDenied = 49,
    DecodeError = 50,
    /// The name is not the one that was asked for.
    UnrecognizedName = 112,
}

/// How long, and how much, is read and thrown away after the alert: a socket closed with bytes unread sends a reset, which can
/// overtake the alert and make it unseen.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 64 * 1024;

/// Sends a fatal alert, before anything else was said, and closes.
pub async fn close(mut stream: impl AsyncRead + AsyncWrite + Unpin, alert: Alert) {
    const FATAL: u8 = 2;
    let record = [21, 3, 3, 0, 2, FATAL, alert as u8];
    let told = async {
        stream.write_all(&record).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut (&mut stream).take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    let _ = timeout(LINGER, told).await;
}
