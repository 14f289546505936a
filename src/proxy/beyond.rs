//! What comes after the answer to CONNECT, and after the transparent door's first look.

use super::opening::{Opening, opening};
use super::way::Way;
use super::{Proxy, inside, tunnel};
use crate::journal::Decrypted;
use bytes::BytesMut;
use std::sync::Arc;

/// Carries bytes until both sides have ended, or nothing moves for too long. Each side's end is passed on alone.
pub async fn carry(proxy: &Arc<Proxy>, mut way: Way) {
    if inside::chosen(&way.visit, &way.judged, &way.host) == Decrypted::Yes {
        let mut already = BytesMut::from(std::mem::take(&mut way.already));
        // On the heap: a tunnel that is not looked into holds none of it.
        let opened = Box::pin(opening(&mut way.stream, &mut already)).await;
        way.already = already.freeze();
        if let Opening::Tls(hello) = opened
            && inside::wanted(proxy, &way, &hello)
        {
            return Box::pin(inside::carry(proxy, way, hello)).await;
        }
    }
    tunnel::carry(proxy, way).await;
}
