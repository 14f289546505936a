//! What comes after the answer to CONNECT, and after the transparent door's first look.

use super::Proxy;
use super::way::Way;
use crate::net::idle::Idle;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, copy_bidirectional_with_sizes};

/// A tunnel on which nothing moves: push services of Google and Apple say something every 28 minutes at the slowest.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// A TLS record is at most 16 KiB (RFC 8446 §5.1): one read takes a whole one.
const BUFFER: usize = 16 * 1024;

/// Carries bytes until both sides have ended, or nothing moves for too long. Each side's end is passed on alone.
pub async fn carry(_proxy: &Arc<Proxy>, way: Way) {
    let mut client = Idle::new(way.stream, IDLE);
    let mut origin = Idle::new(way.origin, IDLE);
    // What the client sent right after its request, before anything else.
    if origin.write_all(&way.already).await.is_ok() {
        let _ = copy_bidirectional_with_sizes(&mut client, &mut origin, BUFFER, BUFFER).await;
    }
}
