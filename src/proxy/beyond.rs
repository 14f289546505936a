//! What comes after the answer to CONNECT, and after the transparent door's first look: the client's opening is held against what
//! was judged; what is left then is to carry bytes.

use super::alert::{self, Alert};
use super::dial::Dialled;
use super::named::{self, Next};
use super::opening::{Opening, opening};
use super::request::{Asked, Form};
use super::way::Way;
use super::{Proxy, dial, inside, record, tunnel};
use crate::gate::Judged;
use crate::journal::Decrypted;
use crate::words::Host;
use bytes::BytesMut;
use hyper::StatusCode;
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::TcpStream;

/// What a connection is for the rest of its life, of which the greater part is waiting.
pub type Rest = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is left to do with a way, if what the client opens with is what was judged. `None`: nothing, and the client was told.
///
/// What is awaited here is gone before the rest begins: it is larger than all that a tunnel needs.
pub async fn rest(proxy: &Arc<Proxy>, mut way: Way) -> Option<Rest> {
    let mut already = BytesMut::from(std::mem::take(&mut way.already));
    let opening = opened(proxy, &mut way, &mut already).await;
    way.already = already.freeze();
    match named::next(proxy, &way, &opening) {
        Next::Carry => {}
        Next::Named { host, judged } => way = renamed(proxy, way, host, judged).await?,
        Next::Watched { host, judged } => {
            note(proxy, &way, &host, &judged, StatusCode::OK);
            // Of two names there is no telling for which a certificate would be shown.
            return Some(Box::pin(tunnel::carry(proxy, way, true)));
        }
        Next::Refuse { host, judged, alert } => {
            note(proxy, &way, &host, &judged, StatusCode::FORBIDDEN);
            if let Some(alert) = alert {
                alert::close(way.stream, alert).await;
            }
            return None;
        }
        Next::Close => return None,
    }
    if inside::chosen(&way.visit, &way.judged, &way.host) == Decrypted::Yes {
        match opening {
            Opening::Tls(hello) if inside::may_be_http(&hello) => {
                let proxy = proxy.clone();
                return Some(Box::pin(async move { inside::carry(&proxy, way, hello).await }));
            }
            // It left before it said anything that could not be looked into.
            Opening::Gone => {}
            // Its line says that it is looked into, and what it speaks cannot be.
            _ => {
                let (host, port) = (&way.host, way.port);
                let heard = record::Heard { door: way.door, host, port, path: "", status: StatusCode::OK, duration_ms: 0 };
                record::note_as(&proxy.gate, &way.visit, &way.judged, &heard, None);
            }
        }
    }
    Some(Box::pin(tunnel::carry(proxy, way, false)))
}

/// The client's opening; where it may be any protocol, that the origin speaks first tells that it is not TLS.
async fn opened(proxy: &Proxy, way: &mut Way, already: &mut BytesMut) -> Opening {
    if !named::may_be_any(proxy, &way.visit, named::meant(way)) {
        return opening(&mut way.stream, already).await;
    }
    tokio::select! {
        biased;
        opening = opening(&mut way.stream, already) => opening,
        () = speaks(&way.origin) => Opening::NotTls,
    }
}

async fn speaks(origin: &TcpStream) {
    match origin.peek(&mut [0]).await {
        Ok(1..) => {}
        // It has ended: what the client says to that is the client's.
        _ => std::future::pending().await,
    }
}

/// The way to an address, now that the client has named what is there. Where safe search has another host for that name, the
/// address is not the one to be at.
async fn renamed(proxy: &Arc<Proxy>, mut way: Way, host: Host, judged: Judged) -> Option<Way> {
    let rewritten = way.visit.rewrite(&host, &judged).is_some();
    let verdict = if rewritten { judged.verdict.rewritten() } else { judged.verdict };
    let judged = Judged { verdict, ..judged };
    if rewritten {
        let asked = Asked { form: Form::Tunnel, host, port: way.port, path: String::new(), at: None };
        match dial::dial(proxy, &way.visit, &judged, &asked).await {
            Ok(Dialled { stream, address, .. }) => (way.origin, way.address) = (stream, address),
            Err(fault) => {
                let judged = fault.judged().unwrap_or(judged);
                note(proxy, &way, &host, &judged, fault.status());
                alert::close(way.stream, Alert::AccessDenied).await;
                return None;
            }
        }
    }
    note(proxy, &way, &host, &judged, StatusCode::OK);
    (way.host, way.judged) = (host, judged);
    Some(way)
}

/// A line for what the client turned out to want. Where that is not what it asked for, both stand in it.
fn note(proxy: &Proxy, way: &Way, host: &Host, judged: &Judged, status: StatusCode) {
    // Not where one of the two is nobody's business.
    let both = *host != way.host && !way.judged.is_bare();
    let path = if both { format!(" (asked for as {})", way.host) } else { String::new() };
    let heard = record::Heard { door: way.door, host, port: way.port, path: &path, status, duration_ms: 0 };
    record::note(&proxy.gate, &way.visit, judged, &heard);
}
