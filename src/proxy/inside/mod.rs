//! Looking into TLS: a client's connection ends here, under a certificate of the school's own authority, and another goes to the
//! origin, which was verified first.
//!
//! Comes in: a way and the client's hello. Goes out: each request within, judged by its whole address, and what the origin
//! answers; or a page that says why not.
//! Always holds: nothing is looked into that [`chosen`] does not say is; a client is shown a certificate only after the origin's was
//! verified, or to be told that it could not be; an origin's connection serves one client's connection only; a request for another
//! host than the hello named is 421.
//!
//! - [`chosen`]    whether a host is looked into for somebody, or why not
//! - [`distrust`]  why an origin is not believed
//! - [`secured`]   TLS to an origin
//! - [`shown`]     TLS with the client, and clients that turn the certificate away
//! - [`asked`]     what a request within asks for
//! - [`session`]   requests of one client's connection
//! - [`origin`]    the connection to the origin, HTTP/1.1 or HTTP/2
//! - [`enforced`]  what is added to requests: safe search, restricted modes, the school's own accounts
//! - [`upgrade`]   WebSocket

mod asked;
mod chosen;
mod distrust;
mod enforced;
mod origin;
mod secured;
mod session;
mod shown;
mod upgrade;

pub use chosen::chosen;

use super::Proxy;
use super::way::Way;
use crate::journal::Decrypted;
use crate::net::inspection::{HTTP_1, HTTP_2};
use crate::wire::hello::Hello;
use distrust::{Distrust, Kind};
use origin::Origin;
use secured::Secured;
use session::Session;
use std::sync::Arc;

/// Whether this way is looked into: it was chosen, and what the client would speak within TLS is HTTP.
pub fn wanted(_proxy: &Proxy, way: &Way, hello: &Hello) -> bool {
    chosen(&way.visit, &way.judged, &way.host) == Decrypted::Yes && (hello.alpn.is_empty() || !offered(hello).is_empty())
}

/// The protocols that are offered to the origin: those the client offers, in its order, that are carried.
fn offered(hello: &Hello) -> Vec<&'static [u8]> {
    let known = |offered: &[u8]| [HTTP_2, HTTP_1].into_iter().find(|known| *known == offered);
    hello.alpn.iter().filter_map(|offered| known(offered)).collect()
}

/// Carries a way that is [`wanted`] to its end.
pub async fn carry(proxy: &Arc<Proxy>, way: Way, hello: Hello) {
    let Some(Ok(inspection)) = way.visit.snapshot.inspection.clone() else { return };
    let offered = offered(&hello);
    let reached = secured::secure(&inspection, way.origin, &way.host, &offered).await;
    // An origin that is not believed is told of in the protocol the client likes best.
    let protocol = match &reached {
        Ok(Secured { protocol, .. }) => *protocol,
        Err(_) => offered.first().copied(),
    };
    let begun = shown::show(proxy, &inspection, (way.stream, way.already), (&way.host, way.client), protocol).await;
    let Some(stream) = begun else { return };
    let session = Session::new(proxy, (way.client, way.door), (way.host, way.port), protocol, inspection);
    let reached = match reached {
        Ok(secured) => {
            Origin::over(secured, way.address).await.map_err(|fault| Distrust { kind: Kind::NoTls, said: fault.to_string() })
        }
        Err(distrust) => Err(distrust),
    };
    session.serve(stream, reached).await;
}
