//! CONNECT: the answer, and the way that is carried after it.

use super::Proxy;
use super::connection::{self, ClientStream, Ends, Opened};
use super::dial::{self, Dialled, Unreached};
use super::inside::{self, Here};
use super::record::Record;
use super::refuse::{self, Body};
use super::request::{Asked, Form};
use super::way::Way;
use crate::gate::{Judged, Visit};
use crate::net::head::joined;
use crate::net::stream::Stream;
use crate::pages::Reader;
use crate::policy::Surface;
use crate::words::Host;
use bytes::{Bytes, BytesMut};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;

/// What a client may say before it has its answer, and is kept for what it asked for: a ClientHello is at most as long.
const MOST_EARLY: usize = 16 * 1024;

/// What was agreed to: begins when the 200 has left.
pub struct Agreed {
    visit: Visit,
    judged: Judged,
    host: Host,
    port: u16,
    ends: Ends,
    /// `None`: it is answered here, within TLS.
    origin: Option<(TcpStream, SocketAddr)>,
}

/// What begins when the 200 has left.
pub enum Begun {
    Way(Way),
    Here(Here),
}

/// Answers one CONNECT: by what is carried after a 200, or by what is said in its place.
pub async fn answer<B>(proxy: &Proxy, ends: Ends, request: &Request<B>) -> Result<Agreed, Box<Response<Body>>> {
    let Opened { visit, asked, seen } = connection::opened(proxy, ends, request, || Asked::read(request)).await?;
    let mut judged = visit.judge(&asked.host, Surface::NoPage);
    if visit.rewrite(&asked.host, &judged).is_some() {
        judged.verdict = judged.verdict.rewritten();
    }
    let mut record = Record::open(&proxy.gate, &visit, judged, &asked, request, seen.intent);
    if seen.page {
        record.reader = Reader::of(request.headers(), &visit.snapshot.config, &proxy.gate.web, ends.local);
    }
    let agreed = |judged, origin| Agreed { visit: visit.clone(), judged, host: asked.host, port: asked.port, ends, origin };
    // A page of ours can be shown within TLS. The line is left to what is asked for there.
    let blocks = judged.verdict.blocks();
    if blocks && inside::shows_block(&visit, &judged, &asked.host) || !blocks && inside::is_check(&visit, &asked.host) {
        record.leave();
        return Ok(agreed(judged, None));
    }
    if blocks {
        return Err(refuse::blocked(&mut record, seen).into());
    }
    match dial::dial(proxy, &visit, &judged, &asked).await {
        Ok(Dialled { stream: origin, address, .. }) => {
            record.decrypted = inside::why_not(&visit, &judged, &asked.host);
            record.note(StatusCode::OK, 0);
            Ok(agreed(judged, Some((origin, address))))
        }
        Err(Unreached::Blocked(behind)) => {
            record.judged = *behind;
            Err(refuse::blocked(&mut record, seen).into())
        }
        Err(fault) => Err(refuse::unanswered(&mut record, seen, &fault.into()).into()),
    }
}

impl Agreed {
    pub fn begun(self, stream: Stream, already: Bytes) -> Begun {
        let Self { visit, judged, host, port, ends, origin } = self;
        let door = Form::Tunnel.door();
        match origin {
            Some((origin, address)) => {
                Begun::Way(Way { visit, judged, host, port, door, ends, stream, already, origin, address })
            }
            None => Begun::Here(Here { visit, judged, host, port, door, ends, stream, already }),
        }
    }
}

/// What an answer brings, unless the client leaves before it is there. What it says meanwhile is added to `early`.
pub async fn unless_gone<T>(
    stream: &mut (impl AsyncRead + Unpin),
    early: &mut BytesMut,
    answer: impl Future<Output = T>,
) -> Option<T> {
    let mut answer = pin!(answer);
    loop {
        if early.len() < MOST_EARLY {
            early.reserve(1);
        }
        tokio::select! {
            biased;
            answered = &mut answer => return Some(answered),
            read = stream.read_buf(early), if early.len() < MOST_EARLY => match read {
                Ok(1..) => {}
                _ => return None,
            },
        }
    }
}

/// A way that was promised by an answer of hyper's.
pub struct Promised {
    pub upgrade: OnUpgrade,
    pub agreed: Agreed,
}

impl Promised {
    /// What is carried once HTTP is over. `None`: the client left before its answer.
    pub async fn begun(self) -> Option<Begun> {
        let upgraded = self.upgrade.await.ok()?;
        // It is the stream that `connection` gave to hyper.
        let parts = upgraded.downcast::<TokioIo<ClientStream>>().ok()?;
        let (stream, unread) = parts.io.into_inner().into_parts();
        // What the client sent right after its request: hyper's buffer first, then what had not reached it.
        let already = if unread.is_empty() { parts.read_buf } else { joined(&parts.read_buf, &unread).freeze() };
        Some(self.agreed.begun(stream.into_inner(), already))
    }
}
