//! CONNECT: the answer, and the way that is carried after it.

use super::connection::{ClientStream, Connection};
use super::dial::{self, Dialled, Unreached};
use super::inside::{self, Here};
use super::record::Record;
use super::refuse::{self, Body};
use super::request::Asked;
use super::way::Way;
use crate::gate::{Judged, Visit};
use crate::journal::Door;
use crate::pages::Seen;
use crate::words::{ClientAddr, Host};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// A way that was promised: begins when the 200 has left.
pub struct Promised {
    upgrade: OnUpgrade,
    visit: Visit,
    judged: Judged,
    host: Host,
    port: u16,
    client: ClientAddr,
    /// `None`: it is answered here, within TLS.
    origin: Option<(TcpStream, SocketAddr)>,
}

/// What begins when the 200 has left.
pub enum Begun {
    Way(Way),
    Here(Here),
}

/// Answers one CONNECT that was judged and allowed.
pub async fn answer(
    connection: &Connection,
    asked: &Asked,
    mut record: Record<'_>,
    seen: Seen,
    request: Request<Incoming>,
) -> Response<Body> {
    match dial::dial(&connection.proxy, record.visit, &record.judged, asked).await {
        Ok(Dialled { stream: origin, address, .. }) => {
            record.decrypted = inside::why_not(record.visit, &record.judged, &asked.host);
            record.note(StatusCode::OK, 0);
            connection.will_carry(Promised {
                upgrade: hyper::upgrade::on(request),
                visit: record.visit.clone(),
                judged: record.judged,
                host: asked.host,
                port: asked.port,
                client: connection.ends.client,
                origin: Some((origin, address)),
            });
            Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync())
        }
        Err(Unreached::Blocked(behind)) => {
            record.judged = *behind;
            refuse::blocked(&mut record, seen)
        }
        Err(fault) => refuse::unanswered(&mut record, seen, &fault.into()),
    }
}

/// Answers one CONNECT to what is blocked, or to the gate itself, so that a page of ours can be shown within TLS. Its line is left
/// to what is asked for there.
pub fn here(connection: &Connection, asked: &Asked, record: Record<'_>, request: Request<Incoming>) -> Response<Body> {
    connection.will_carry(Promised {
        upgrade: hyper::upgrade::on(request),
        visit: record.visit.clone(),
        judged: record.judged,
        host: asked.host,
        port: asked.port,
        client: connection.ends.client,
        origin: None,
    });
    record.leave();
    Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync())
}

impl Promised {
    /// What is carried once HTTP is over. `None`: the client left before its answer.
    pub async fn begun(self) -> Option<Begun> {
        let upgraded = self.upgrade.await.ok()?;
        // It is the stream that `connection` gave to hyper.
        let parts = upgraded.downcast::<TokioIo<ClientStream>>().ok()?;
        let (stream, unread) = parts.io.into_inner().into_parts();
        // What the client sent right after its request: hyper's buffer first, then what had not reached it.
        let already = if unread.is_empty() { parts.read_buf } else { joined(&parts.read_buf, &unread) };
        let (visit, judged, host, port, client) = (self.visit, self.judged, self.host, self.port, self.client);
        let (door, stream) = (Door::Proxy, stream.into_inner());
        Some(match self.origin {
            Some((origin, address)) => {
                Begun::Way(Way { visit, judged, host, port, door, client, stream, already, origin, address })
            }
            None => Begun::Here(Here { visit, judged, host, port, door, client, stream, already }),
        })
    }
}

fn joined(first: &[u8], then: &[u8]) -> Bytes {
    let mut both = BytesMut::with_capacity(first.len() + then.len());
    both.extend_from_slice(first);
    both.extend_from_slice(then);
    both.freeze()
}
