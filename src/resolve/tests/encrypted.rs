//! Upstreams over TCP, TLS and HTTPS: connections are kept, and shown certificates are verified.

use super::*;
use crate::config::Protocol;
use crate::net::fetch::stub::Authority;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const NAME: &str = "dns.test";

/// What a server does with each connection.
#[derive(Clone, Copy, PartialEq)]
enum Habit {
    Keeps,
    ClosesAfterOne,
    /// The first connection says nothing any more after one answer.
    FirstFallsSilent,
}

/// A server of one protocol on loopback, for as long as the test's runtime.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start(protocol: Protocol, authority: &Authority, habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        let acceptor = TlsAcceptor::from(authority.server(&[NAME]));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = counter.fetch_add(1, Ordering::Relaxed);
                let acceptor = acceptor.clone();
                let most = match habit {
                    Habit::Keeps => usize::MAX,
                    Habit::ClosesAfterOne => 1,
                    Habit::FirstFallsSilent if number == 0 => 1,
                    Habit::FirstFallsSilent => usize::MAX,
                };
                tokio::spawn(async move {
                    match protocol {
                        Protocol::Udp | Protocol::Tcp => framed(stream, most, habit).await,
                        Protocol::Tls => framed(acceptor.accept(stream).await.ok()?, most, habit).await,
                        Protocol::Https => http(acceptor.accept(stream).await.ok()?).await,
                    }
                });
            }
        });
        Self { address, connections }
    }

    fn upstream(&self, protocol: Protocol) -> Written {
        let path = if protocol == Protocol::Https { "/dns-query".to_owned() } else { String::new() };
        Written { protocol, path, certificate: host(NAME), ..self.address.into() }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn say(query: &[u8]) -> Vec<u8> {
    rows(&Query::read(query).expect("a query"), &[(0, ASKED, rr::A, 300, &A)])
}

async fn framed(mut stream: impl AsyncRead + AsyncWrite + Unpin, most: usize, habit: Habit) -> Option<()> {
    let mut answered = 0;
    loop {
        let mut query = vec![0; stream.read_u16().await.ok()?.into()];
        stream.read_exact(&mut query).await.ok()?;
        if answered == most {
            continue; // silence
        }
        answered += 1;
        let said = say(&query);
        stream.write_all(&[&(said.len() as u16).to_be_bytes()[..], &said].concat()).await.ok()?;
        stream.flush().await.ok()?;
        if habit == Habit::ClosesAfterOne {
            return Some(());
        }
    }
}

async fn http(stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
    let mut connection = h2::server::handshake(stream).await.ok()?;
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/dns-query"));
        tokio::spawn(async move {
            let mut body = request.into_body();
            let mut query = Vec::new();
            while let Some(Ok(part)) = body.data().await {
                query.extend_from_slice(&part);
            }
            let head = http::Response::builder().header("content-type", "application/dns-message").body(()).expect("a head");
            let mut stream = respond.send_response(head, false).expect("an answer");
            stream.send_data(say(&query).into(), true).expect("a body");
        });
    }
    Some(())
}

fn resolver(upstreams: &[Written], authority: &Authority) -> Resolver {
    Resolver::planned(Plan { upstreams: upstreams.to_vec(), ..Plan::default() }, Arc::new(Trust::with(&authority.pem)))
}

async fn all_answered(resolver: &Arc<Resolver>, of: usize, stem: &str) {
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..of {
        let (resolver, query) = (resolver.clone(), asked(&format!("{stem}{i}.test"), rr::A, false));
        tasks.spawn(async move { resolver.answer(&query).await.map(|a| a.addresses().to_vec()) });
    }
    while let Some(outcome) = tasks.join_next().await {
        assert_eq!(outcome.expect("no panic"), Ok(vec![A.into()]));
    }
}

#[tokio::test]
async fn over_tcp_tls_and_https_a_hundred_questions_are_one_connection() {
    let authority = Authority::new();
    for protocol in [Protocol::Tcp, Protocol::Tls, Protocol::Https] {
        let server = Server::start(protocol, &authority, Habit::Keeps).await;
        let resolver = Arc::new(resolver(&[server.upstream(protocol)], &authority));
        all_answered(&resolver, 99, "n").await;
        all_answered(&resolver, 1, "later").await;
        assert_eq!(server.connections(), 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_opened_anew_for_the_same_question() {
    let authority = Authority::new();
    for protocol in [Protocol::Tcp, Protocol::Tls] {
        let server = Server::start(protocol, &authority, Habit::ClosesAfterOne).await;
        let resolver = Arc::new(resolver(&[server.upstream(protocol)], &authority));
        for i in 0..3 {
            all_answered(&resolver, 1, &format!("n{i}")).await;
        }
        assert_eq!(server.connections(), 3, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_connection_that_has_fallen_silent_is_left() {
    let authority = Authority::new();
    let server = Server::start(Protocol::Tls, &authority, Habit::FirstFallsSilent).await;
    let resolver = Arc::new(resolver(&[server.upstream(Protocol::Tls)], &authority));
    all_answered(&resolver, 1, "n").await;
    let lost = resolver.answer(&asked("lost.test", rr::A, false)).await;
    assert_eq!(lost.err(), Some(ResolveFault::Unanswered));
    all_answered(&resolver, 1, "after").await;
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_certificate_of_another_name_or_from_nobody_we_trust_is_refused_and_the_next_upstream_asked() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    for protocol in [Protocol::Tls, Protocol::Https] {
        let server = Server::start(protocol, &theirs, Habit::Keeps).await;
        let good = server.upstream(protocol);
        for (upstream, authority, answered) in [
            (good.clone(), &theirs, true),
            (good.clone(), &ours, false),
            (Written { certificate: host("other.test"), ..good.clone() }, &theirs, false),
            (Written { certificate: good.host, ..good.clone() }, &theirs, false),
        ] {
            let alone = resolver(std::slice::from_ref(&upstream), authority);
            assert_eq!(alone.answer(&asked("a.test", rr::A, false)).await.is_ok(), answered, "{upstream}");
            let next = Stub::with_address([192, 0, 2, 2], 300);
            let both = resolver(&[upstream.clone(), next.address.into()], authority);
            let said = both.answer(&asked("a.test", rr::A, false)).await.expect("an answer");
            assert_eq!(said.addresses(), [IpAddr::from(if answered { A } else { [192, 0, 2, 2] })], "{upstream}");
        }
    }
}

#[tokio::test]
async fn an_upstream_written_by_name_is_found_by_the_bootstrap_resolvers() {
    let authority = Authority::new();
    let server = Server::start(Protocol::Https, &authority, Habit::Keeps).await;
    let (_held, dead) = silent();
    let bootstrap = Stub::with_address([127, 0, 0, 1], 300);
    let upstream =
        Written { host: host(NAME), bootstrap: Arc::from([dead, bootstrap.address]), ..server.upstream(Protocol::Https) };
    let resolver = Arc::new(resolver(&[upstream], &authority));
    all_answered(&resolver, 10, "n").await;
    assert_eq!((server.connections(), bootstrap.asked()), (1, 1));
}
