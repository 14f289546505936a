//! Connections that were redirected here on their way out (nftables: `redirect`): HTTP is judged by its Host, TLS by the name in
//! its opening, and what our own resolver gives for that name is dialled. Where the client was going counts only where it named
//! nobody: then it is named by what it was told, or judged by the address.

use super::alert::{self, Alert};
use super::beyond::{self, Rest};
use super::connection::Ends;
use super::inside::{self, Here};
use super::opening::{Opening, opening};
use super::request::{Asked, Form};
use super::way::Way;
use super::{Proxy, connection, dial, named, record};
use crate::gate::{Judged, Visit};
use crate::journal::Door;
use crate::net::Drain;
use crate::net::listen::Caller;
use crate::policy::Surface;
use crate::proxy::dial::Dialled;
use crate::words::Host;
use bytes::BytesMut;
use hyper::StatusCode;
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::{Ip6tOriginalDst, OriginalDst};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// HTTP without TLS.
const HTTP: u16 = 80;

/// What a client is told that came here by itself.
const NOT_REDIRECTED: &str = "HTTP/1.1 421 Misdirected Request\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\
    Connection: close\r\n\r\nThis port is for connections that the gateway's firewall redirects. The proxy is at another one.\n";

/// Serves one connection to its end.
pub async fn serve(proxy: Arc<Proxy>, caller: Caller, drain: Drain) {
    // What was meant for the gate itself and is sent here would come here again.
    let redirected = original(&caller.stream).filter(|to| *to != caller.local && !proxy.is_own(*to));
    let Some(to) = redirected else {
        // The gate's own machine looks whether this door answers.
        if !proxy.own.contains(caller.client.ip()) {
            proxy.gate.counters.refused_destinations.inc();
        }
        return misdirected(caller.stream).await;
    };
    if to.port() == HTTP {
        connection::serve_redirected(&proxy, caller, to, drain).await;
    } else if let Some(rest) = Box::pin(asked(&proxy, caller, to)).await {
        rest.await;
    }
}

/// What is left to do once it is known what the client asks for.
async fn asked(proxy: &Arc<Proxy>, caller: Caller, to: SocketAddr) -> Option<Rest> {
    let way = Box::pin(way(proxy, caller, to)).await?;
    beyond::rest(proxy, way).await
}

/// Where a redirected connection was going, as the kernel remembers it. `None`: it knows of none.
fn original(stream: &TcpStream) -> Option<SocketAddr> {
    if stream.local_addr().ok()?.is_ipv4() {
        let to = getsockopt(stream, OriginalDst).ok()?;
        Some((Ipv4Addr::from(u32::from_be(to.sin_addr.s_addr)), u16::from_be(to.sin_port)).into())
    } else {
        let to = getsockopt(stream, Ip6tOriginalDst).ok()?;
        Some((Ipv6Addr::from(to.sin6_addr.s6_addr), u16::from_be(to.sin6_port)).into())
    }
}

/// Tells a client that this is not its door, in its own protocol.
async fn misdirected(mut stream: TcpStream) {
    const LINGER: Duration = Duration::from_secs(2);
    match opening(&mut stream, &mut BytesMut::new()).await {
        Opening::Tls(_) | Opening::Unreadable => alert::close(stream, Alert::AccessDenied).await,
        Opening::NotTls => {
            let told = async {
                stream.write_all(NOT_REDIRECTED.as_bytes()).await?;
                stream.shutdown().await
            };
            let _ = timeout(LINGER, told).await;
        }
        Opening::Silent | Opening::Gone => {}
    }
}

/// What a redirected client is at, while its way is looked for.
struct Seeking<'p> {
    proxy: &'p Proxy,
    visit: Visit,
    host: Host,
    port: u16,
    began: Instant,
}

/// The way a client asks for by what it opens with, judged and dialled. `None`: there is none, and it has been told.
async fn way(proxy: &Arc<Proxy>, caller: Caller, to: SocketAddr) -> Option<Way> {
    let (ends, mut stream) = (Ends::of(&caller), caller.stream);
    let Some(visit) = ends.visit(&proxy.gate, None) else {
        proxy.gate.counters.strangers.inc();
        return None;
    };
    let (mut already, began) = (BytesMut::new(), Instant::now());
    let opening = opening(&mut stream, &mut already).await;
    let any = named::may_be_any(proxy, &visit, to);
    let sni = match &opening {
        Opening::Tls(hello) => hello.sni,
        Opening::Silent | Opening::Gone if !any => return None,
        _ => None,
    };
    let told = || named::by_ledger(proxy, ends.client, to.ip());
    let host = sni.or_else(told).unwrap_or_else(|| Host::from(to.ip().to_canonical()));
    let mut judged = visit.judge(&host, Surface::NoPage);
    if !any && matches!(opening, Opening::NotTls | Opening::Unreadable) {
        judged = visit.judge_hidden(&host);
    } else if host.is_address()
        && let Some(hidden) = named::unresolved(proxy, &visit, &host, to.ip(), &judged)
    {
        judged = hidden;
    }
    if visit.rewrite(&host, &judged).is_some() {
        judged.verdict = judged.verdict.rewritten();
    }
    let seeking = Seeking { proxy, visit, host, port: to.port(), began };
    if judged.verdict.blocks() {
        if matches!(opening, Opening::Tls(_)) && inside::shows_block(&seeking.visit, &judged, &host) {
            let (visit, already) = (seeking.visit, already.freeze());
            let (port, door, stream) = (to.port(), Door::Transparent, stream.into());
            Box::pin(inside::answer(proxy, Here { visit, judged, host, port, door, ends, stream, already })).await;
            return None;
        }
        seeking.note(&judged, StatusCode::FORBIDDEN);
        if opening != Opening::NotTls {
            alert::close(stream, Alert::AccessDenied).await;
        }
        return None;
    }
    let at = sni.is_none().then(|| to.ip().to_canonical());
    let asked = Asked { form: Form::Tunnel, host, port: to.port(), path: String::new(), at };
    match dial::dial(proxy, &seeking.visit, &judged, &asked).await {
        Ok(Dialled { stream: origin, address, .. }) => {
            seeking.note(&judged, StatusCode::OK);
            let stream = stream.into();
            let (visit, already) = (seeking.visit, already.freeze());
            Some(Way { visit, judged, host, port: to.port(), door: Door::Transparent, ends, stream, already, origin, address })
        }
        Err(fault) => {
            let status = fault.status();
            seeking.note(&fault.judged().unwrap_or(judged), status);
            // What is refused is told; what cannot be reached looks as it does without a gate.
            if status == StatusCode::FORBIDDEN && opening != Opening::NotTls {
                alert::close(stream, Alert::AccessDenied).await;
            }
            None
        }
    }
}

impl Seeking<'_> {
    fn note(&self, judged: &Judged, status: StatusCode) {
        let duration_ms = u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX);
        let heard = record::Heard { door: Door::Transparent, host: &self.host, port: self.port, path: "", status, duration_ms };
        record::note(&self.proxy.gate, &self.visit, judged, &heard);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::stand::{Stand, until_end};
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn a_connection_that_was_not_redirected_is_told_so_in_its_own_protocol() {
        let stand = Stand::before(|_| "").await;
        let hello = include_bytes!("../wire/hello/curl.bin");
        for (opening, answer) in [
            (&b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"[..], "HTTP/1.1 421 "),
            (b"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 421 "),
            (hello, "\u{15}\u{3}\u{3}\0\u{2}\u{2}1"),
        ] {
            let mut client = stand.open_transparent().await;
            client.write_all(opening).await.expect("sent");
            let told = until_end(&mut client).await;
            assert!(told.starts_with(answer), "{told:?}");
        }
        assert!(stand.school.events().is_empty(), "it is nobody's visit anywhere");
    }
}
