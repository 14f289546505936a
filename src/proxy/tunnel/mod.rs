//! A way that is carried by name only: bytes, both ways, until both sides are done.

use super::open::Unknown;
use super::way::Way;
use super::{Proxy, named};
use crate::net::splice;
use std::sync::Arc;

/// Carries until both sides have ended, one breaks off, nothing moves for too long, or the verdict is another.
///
/// Of the way only the sockets are kept: a tunnel lives for hours, and holds no snapshot of the policy.
pub fn carry(proxy: &Arc<Proxy>, way: Way, hidden: bool) -> impl Future<Output = ()> + Send + use<> {
    let address = way.address.ip();
    let nameless = way.host.is_address() && named::by_ledger(proxy, way.ends.client, address).is_none();
    let by = (way.ends.client, way.visit.signed);
    let held = proxy.open.tunnel(&proxy.gate, by, &way.host, address, Unknown { hidden, nameless });
    let Way { mut stream, mut origin, already, .. } = way;
    async move {
        let why = tokio::select! {
            carried = splice::carry(&mut stream, &mut origin, already, held.moved()) => match carried {
                Ok(()) => "both sides ended",
                Err(_) => "a side broke off",
            },
            () = held.ended() => "it was ended here",
        };
        tracing::debug!(up = held.moved().up(), down = held.moved().down(), "a tunnel ended: {why}");
    }
}
