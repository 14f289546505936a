//! Looking into TLS: a client's connection ends here, under a certificate of the school's own authority, and another goes to the
//! origin, which was verified first.
//!
//! Comes in: a way and the client's hello. Goes out: each request within, judged by its whole address, and what the origin
//! answers; or a page that says why not.
//! Always holds: nothing is looked into that [`crate::gate::inside`] does not say is; a client is shown a certificate only after the origin's was
//! verified, or to be told that it could not be; an origin's connection serves one client's connection only; a request for another
//! host than the hello named is 421.
//!
//! - [`distrust`]  why an origin is not believed
//! - [`secured`]   TLS to an origin
//! - [`shown`]     TLS with the client, and clients that turn the certificate away
//! - [`asked`]     what a request within asks for
//! - [`session`]   requests of one client's connection
//! - [`origin`]    the connection to the origin, HTTP/1.1 or HTTP/2
//! - [`enforced`]  what is added to requests: safe search, restricted modes, the school's own accounts
//! - [`upgrade`]   WebSocket

mod asked;
mod distrust;
mod enforced;
mod origin;
mod secured;
mod session;
mod shown;
mod upgrade;

pub use crate::gate::inside::{chosen, why_not};

use super::connection::Ends;
use super::opening::{Opening, opening};
use super::way::Way;
use super::{Proxy, record};
use crate::gate::{Judged, Visit};
use crate::journal::{Decrypted, Door};
use crate::net::ca::CHECK_HOST;
use crate::net::inspection::{HTTP_1, HTTP_2};
use crate::net::stream::Stream;
use crate::wire::hello::Hello;
use crate::words::Host;
use bytes::{Bytes, BytesMut};
pub use distrust::Distrust;
use distrust::Kind;
use hyper::StatusCode;
use origin::Origin;
use secured::Secured;
use session::Session;
use std::sync::Arc;

/// A connection of a client's that is answered here: what it asked for is blocked, or is the gate itself.
pub struct Here {
    pub visit: Visit,
    pub judged: Judged,
    pub host: Host,
    pub port: u16,
    pub door: Door,
    pub ends: Ends,
    pub stream: Stream,
    pub already: Bytes,
}

/// Whether a blocked host's page can be shown within TLS, to somebody whose device trusts the school's authority.
pub fn shows_block(visit: &Visit, judged: &Judged, host: &Host) -> bool {
    chosen(visit, judged, host) == Decrypted::Yes
}

/// Whether it is the host by which a device sees that it trusts the authority; on any network, or none would know that it does.
pub fn is_check(visit: &Visit, host: &Host) -> bool {
    host.as_str() == CHECK_HOST && matches!(visit.snapshot.inspection, Some(Ok(_)))
}

/// Answers what is asked for within TLS with pages of our own.
pub async fn answer(proxy: &Arc<Proxy>, mut here: Here) {
    let Some(Ok(inspection)) = here.visit.snapshot.inspection.clone() else { return };
    let mut already = BytesMut::from(std::mem::take(&mut here.already));
    let opened = opening(&mut here.stream, &mut already).await;
    let mut answered = false;
    if let Opening::Tls(hello) = opened {
        // Should something be let through after all, every origin speaks the older one.
        let offered = offered(&hello);
        let protocol = offered.iter().copied().find(|p| *p == HTTP_1).or(offered.first().copied());
        let begun =
            shown::show(proxy, &inspection, (here.stream, already.freeze()), (&here.host, here.ends.client), protocol).await;
        if let Some(stream) = begun {
            let session =
                Session::new(proxy, (here.ends, here.visit.signed, here.door), (here.host, here.port), protocol, inspection);
            answered = session.serve(stream, Ok(None)).await;
        }
    }
    if !answered && here.judged.verdict.blocks() {
        // Nobody asked for a page: it was a blocked connection, as any other.
        let (host, port, status) = (&here.host, here.port, StatusCode::FORBIDDEN);
        let heard = record::Heard { door: here.door, host, port, path: "", status, duration_ms: 0 };
        record::note(&proxy.gate, &here.visit, &here.judged, &heard);
    }
}

/// Whether what a client would speak within TLS may be HTTP: nothing else is looked into.
pub fn may_be_http(hello: &Hello) -> bool {
    hello.alpn.is_empty() || !offered(hello).is_empty()
}

/// The protocols that are offered to the origin: those the client offers, in its order, that are carried.
fn offered(hello: &Hello) -> Vec<&'static [u8]> {
    let known = |offered: &[u8]| [HTTP_2, HTTP_1].into_iter().find(|known| *known == offered);
    hello.alpn.iter().filter_map(|offered| known(offered)).collect()
}

/// Carries a way that is looked into to its end.
pub async fn carry(proxy: &Arc<Proxy>, way: Way, hello: Hello) {
    let Some(Ok(inspection)) = way.visit.snapshot.inspection.clone() else { return };
    let offered = offered(&hello);
    let reached = secured::secure(&inspection, way.origin, &way.host, &offered).await;
    // An origin that is not believed is told of in the protocol the client likes best.
    let protocol = match &reached {
        Ok(Secured { protocol, .. }) => *protocol,
        Err(_) => offered.first().copied(),
    };
    let begun = shown::show(proxy, &inspection, (way.stream, way.already), (&way.host, way.ends.client), protocol).await;
    let Some(stream) = begun else { return };
    let session = Session::new(proxy, (way.ends, way.visit.signed, way.door), (way.host, way.port), protocol, inspection);
    let reached = match reached {
        Ok(secured) => Origin::over(secured, way.address)
            .await
            .map(Some)
            .map_err(|fault| Distrust { kind: Kind::NoTls, said: fault.to_string() }),
        Err(distrust) => Err(distrust),
    };
    session.serve(stream, reached).await;
}
