//! What comes after the answer to CONNECT, and after the transparent door's first look.

use super::way::Way;
use super::{Proxy, tunnel};
use std::sync::Arc;

/// Carries bytes until both sides have ended, or nothing moves for too long. Each side's end is passed on alone.
pub async fn carry(proxy: &Arc<Proxy>, way: Way) {
    tunnel::carry(proxy, way).await;
}
