//! CONNECT: the answer, then bytes both ways.

use super::connection::{ClientStream, Connection};
use super::dial::{self, Unreached};
use super::record::Record;
use super::refuse::{self, Body};
use super::request::Asked;
use crate::net::idle::Idle;
use crate::pages::Seen;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, copy_bidirectional_with_sizes};
use tokio::net::TcpStream;

/// A tunnel on which nothing moves: push services of Google and Apple say something every 28 minutes at the slowest.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// A TLS record is at most 16 KiB (RFC 8446 §5.1): one read takes a whole one.
const BUFFER: usize = 16 * 1024;

/// A tunnel that was promised: begins when the 200 has left.
pub struct Tunnel {
    client: OnUpgrade,
    origin: TcpStream,
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
        Ok((origin, _)) => {
            record.note(StatusCode::OK, 0);
            connection.will_carry(Tunnel { client: hyper::upgrade::on(request), origin });
            Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync())
        }
        Err(Unreached::Blocked(behind)) => {
            record.judged = *behind;
            refuse::blocked(&mut record, seen)
        }
        Err(fault) => refuse::unanswered(&mut record, seen, &fault.into()),
    }
}

impl Tunnel {
    /// Carries bytes until both sides have ended, or nothing moves for too long. Each side's end is passed on alone.
    pub async fn carry(self) {
        let Ok(upgraded) = self.client.await else { return };
        // It is the stream that `connection` gave to hyper.
        let Ok(parts) = upgraded.downcast::<TokioIo<ClientStream>>() else { return };
        let mut client = parts.io.into_inner();
        client.inner_mut().limit(IDLE);
        let mut origin = Idle::new(self.origin, IDLE);
        // What the client sent right after its request, before anything else.
        if origin.write_all(&parts.read_buf).await.is_ok() {
            let _ = copy_bidirectional_with_sizes(&mut client, &mut origin, BUFFER, BUFFER).await;
        }
    }
}
