//! TCP, TLS and HTTPS: what a connection may do, each limit with a second client that has done nothing.

use super::http_client::{Asked, client};
use super::*;
use crate::dns::https::{self, Times};
use crate::dns::tcp::{self, MAX_IN_FLIGHT};
use crate::dns::tls::SEATED;
use crate::net::Stopper;
use crate::net::tls::identity;
use crate::wire::option;
use rustls::pki_types::ServerName;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

const INNOCENT: [u8; 4] = [127, 0, 0, 2];
const NAME: &str = "dns.school.example";

/// Long enough that no test meets it by chance.
const LONG: Duration = Duration::from_secs(60);

fn asker(client: [u8; 4], transport: Transport) -> Asker {
    Asker { client: ClientAddr::new(client.into()), local: LOCAL.into(), transport }
}

/// A connection of this client, and the word that keeps it open.
fn connect(school: &School, client: [u8; 4], transport: Transport, idle: Duration) -> (DuplexStream, Stopper) {
    let (ours, theirs) = duplex(1 << 16);
    let (stopper, drain) = drain();
    tokio::spawn(tcp::converse(theirs, asker(client, transport), school.door.clone(), drain, idle));
    (ours, stopper)
}

fn framed(query: &[u8]) -> Vec<u8> {
    [&(query.len() as u16).to_be_bytes()[..], query].concat()
}

async fn next(stream: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let length = stream.read_u16().await.expect("an answer");
    let mut message = vec![0; length.into()];
    stream.read_exact(&mut message).await.expect("all of it");
    message
}

/// What is asked and answered in a moment.
async fn ask_for(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), name: &str) -> Parsed {
    stream.write_all(&framed(&query(name, rr::A, 1232, false))).await.expect("sent");
    Parsed::from_vec(&next(stream).await).expect("an answer that others can read")
}

/// A query with these options of EDNS.
fn with_options(name: &str, kind: u16, options: &[u8]) -> Vec<u8> {
    let mut bytes = query(name, kind, 1232, false);
    let end = bytes.len();
    bytes[end - 2..].copy_from_slice(&(options.len() as u16).to_be_bytes());
    bytes.extend_from_slice(options);
    bytes
}

fn option_of(message: &[u8], code: u16) -> Option<Vec<u8>> {
    let parsed = Parsed::from_vec(message).expect("an answer that others can read");
    match parsed.edns.as_ref()?.options().get(EdnsCode::from(code))? {
        EdnsOption::Unknown(_, data) => Some(data.clone()),
        _ => Some(Vec::new()),
    }
}

#[tokio::test]
async fn answers_come_in_the_order_they_are_done() {
    let school = school("");
    let (mut stream, _open) = connect(&school, PUPIL, Transport::Tcp, LONG);
    stream.write_all(&framed(&query("silent.test", rr::A, 1232, false))).await.expect("sent");
    let said = ask_for(&mut stream, "bet.test").await;
    assert_eq!(said.queries[0].name().to_string(), "bet.test.");
}

#[tokio::test]
async fn a_connection_has_32_questions_under_way_and_another_client_is_not_held_up() {
    let school = school("");
    let (mut greedy, _open) = connect(&school, PUPIL, Transport::Tcp, LONG);
    for i in 0..MAX_IN_FLIGHT {
        greedy.write_all(&framed(&query(&format!("silent{i}.test"), rr::A, 1232, false))).await.expect("sent");
    }
    greedy.write_all(&framed(&query("bet.test", rr::A, 1232, false))).await.expect("sent");
    let (mut innocent, _open_too) = connect(&school, INNOCENT, Transport::Tcp, LONG);
    assert_eq!(ask_for(&mut innocent, "bet.test").await.metadata.response_code, ResponseCode::NXDomain);
    // The question that needs nobody waits for one of those before it.
    let first = Parsed::from_vec(&next(&mut greedy).await).expect("an answer");
    assert!(first.queries[0].name().to_string().starts_with("silent"), "{first}");
    let (mut modest, _open_still) = connect(&school, PUPIL, Transport::Tcp, LONG);
    assert_eq!(ask_for(&mut modest, "bet.test").await.metadata.response_code, ResponseCode::NXDomain);
}

#[tokio::test]
async fn who_asks_nothing_is_shown_out_and_part_of_a_query_is_no_question() {
    let school = school("");
    let idle = Duration::from_millis(400);
    let (mut nothing, _a) = connect(&school, PUPIL, Transport::Tcp, idle);
    let (mut dribble, _b) = connect(&school, PUPIL, Transport::Tcp, idle);
    let (mut innocent, _c) = connect(&school, INNOCENT, Transport::Tcp, idle);
    let began = std::time::Instant::now();
    let dribbling = async {
        let mut octets = framed(&query("bet.test", rr::A, 1232, false)).into_iter();
        let mut end = [0];
        loop {
            tokio::select! {
                read = dribble.read(&mut end) => return read.expect("an end"),
                () = tokio::time::sleep(idle / 8) => {
                    let _ = dribble.write_all(&[octets.next().expect("it is longer than the time")]).await;
                }
            }
        }
    };
    let asking = async {
        while began.elapsed() < idle * 3 {
            ask_for(&mut innocent, "bet.test").await;
            tokio::time::sleep(idle / 4).await;
        }
    };
    let mut end = [0];
    let (end, dribbled, ()) = tokio::join!(nothing.read(&mut end), dribbling, asking);
    assert_eq!((end.expect("an end"), dribbled), (0, 0));
    ask_for(&mut innocent, "bet.test").await;
}

#[tokio::test]
async fn the_options_of_a_stream_are_answered_where_they_mean_something() {
    let school = school("");
    let keepalive = [0, option::KEEPALIVE as u8, 0, 0];
    let padding = [0, option::PADDING as u8, 0, 3, 0, 0, 0];
    let both = [&keepalive[..], &padding].concat();
    for (name, kind) in [("bet.test", rr::A), ("open.test", rr::A), ("big.test", rr::A), ("open.test", rr::ANY)] {
        for (transport, timed, padded) in [(Transport::Tcp, true, false), (Transport::Tls, true, true)] {
            let (mut stream, _open) = connect(&school, PUPIL, transport, LONG);
            stream.write_all(&framed(&with_options(name, kind, &both))).await.expect("sent");
            let said = next(&mut stream).await;
            assert_eq!(option_of(&said, option::KEEPALIVE).is_some(), timed, "{name} {transport:?}");
            assert!(!timed || said.windows(6).any(|w| w == [0, 11, 0, 2, 0, 100]), "10 s, in tenths: {said:02x?}");
            assert_eq!(option_of(&said, option::PADDING).is_some(), padded, "{name} {transport:?}");
            assert_eq!(said.len() % 468 == 0, padded, "{name} {transport:?}: {}", said.len());
            // Who does not ask for them is not told.
            stream.write_all(&framed(&query(name, kind, 1232, false))).await.expect("sent");
            let said = next(&mut stream).await;
            assert_eq!((option_of(&said, option::KEEPALIVE), option_of(&said, option::PADDING)), (None, None));
        }
    }
    let over_udp = school.say(PUPIL, &with_options("bet.test", rr::A, &both)).await.expect("an answer");
    assert_eq!((option_of(&over_udp, option::KEEPALIVE), option_of(&over_udp, option::PADDING)), (None, None));
}

#[tokio::test]
async fn any_is_answered_with_next_to_nothing_and_asked_of_nobody() {
    let school = school("");
    let said = school.ask(PUPIL, "open.test", rr::ANY).await;
    let [record] = &said.answers[..] else { panic!("one record: {said}") };
    assert_eq!((record.record_type().to_string().as_str(), record.ttl), ("HINFO", 3600));
    assert!(record.data.to_string().contains("RFC8482"), "{record}");
    assert_eq!(school.ask(PUPIL, "bet.test", rr::ANY).await.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(school.stub.asked(), 0);
}

#[tokio::test]
async fn who_asks_and_goes_is_in_the_log() {
    let school = school("");
    let (mut stream, _open) = connect(&school, PUPIL, Transport::Tcp, LONG);
    let long = [0xff; 2];
    stream.write_all(&framed(&query("silent.test", rr::A, 1232, false))).await.expect("sent");
    stream.write_all(&long).await.expect("sent");
    assert_eq!(stream.read(&mut [0]).await.expect("an end"), 0, "what is longer than a query ends the connection");
    drop(stream);
    // Its answer is known when somebody else who asks the same has theirs.
    assert_eq!(school.ask(INNOCENT, "silent.test", rr::A).await.metadata.response_code, ResponseCode::ServFail);
    let clients: Vec<_> = school.events().iter().filter_map(|e| Some(e.who.as_ref()?.client)).collect();
    assert!(clients.contains(&ClientAddr::new(PUPIL.into())), "{clients:?}");
}

#[tokio::test]
async fn who_takes_requests_back_is_in_the_log_and_in_nobodys_way() {
    let school = school("");
    let (stream, _open) = connect_http(&school, PUPIL, true, TIMES);
    let http = client(stream, true).await;
    for i in 0..2 * MAX_IN_FLIGHT {
        let asked = http.start(Asked::post(&query(&format!("silent{i}.test"), rr::A, 1232, false)));
        let before = school.stub.asked();
        // Taken back as soon as it is on its way; those beyond the room of a connection are never on their way.
        tokio::select! {
            biased;
            () = async { while i < MAX_IN_FLIGHT && school.stub.asked() == before { tokio::task::yield_now().await } } => {}
            _ = asked => panic!("nobody answers that"),
        }
    }
    let (stream, _open_too) = connect_http(&school, INNOCENT, true, TIMES);
    let mut innocent = client(stream, true).await;
    assert_eq!(innocent.ask(Asked::post(&query("bet.test", rr::A, 1232, false))).await.status, 200);
    // When somebody who asks the same has theirs, so have all before them.
    let last = format!("silent{}.test", MAX_IN_FLIGHT - 1);
    assert_eq!(school.ask(INNOCENT, &last, rr::A).await.metadata.response_code, ResponseCode::ServFail);
    let mine = school.events().iter().filter(|e| e.who.as_ref().is_some_and(|w| w.client.ip() == IpAddr::from(PUPIL))).count();
    assert_eq!(mine, MAX_IN_FLIGHT);
}

/// The school with a certificate for [`NAME`], and what a client needs to trust it.
pub(super) fn with_certificate(school: &School) -> tokio_rustls::TlsConnector {
    let key = rcgen::KeyPair::generate().expect("a key");
    let wanted = rcgen::CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    let certificate = wanted.self_signed(&key).expect("a certificate");
    let mine = identity(NAME, certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).expect("an identity");
    let mut next = Snapshot::clone(&school.door.gate.snapshot());
    next.identity = Some(Ok(Arc::new(mine)));
    school.door.gate.swap(next);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    tokio_rustls::TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// The door on real sockets: over TCP, over TLS, over HTTPS.
fn on_sockets(school: &School) -> ([SocketAddr; 3], crate::dns::Running, Stopper) {
    let any = || "127.0.0.1:0".parse().expect("an address");
    let bound = bind(&[any()], 1).and_then(|bound| bound.and_encrypted(&[any()], &[any()])).expect("sockets");
    let at = [bound.local_addrs()[0], bound.tls_addrs()[0], bound.https_addrs()[0]];
    let (stopper, drain) = drain();
    let (gate, resolver) = (school.door.gate.clone(), school.door.resolver.clone());
    (at, bound.serve(gate, resolver, drain, tokio::runtime::Handle::current()), stopper)
}

async fn from(client: [u8; 4], to: SocketAddr) -> tokio::net::TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((client, 0))).expect("the address is ours");
    socket.connect(to).await.expect("a connection")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_has_20_connections_of_all_streams_together_and_another_has_its_own() {
    let school = school("");
    let tls = with_certificate(&school);
    let ([tcp, dot, _], _running, _stopper) = on_sockets(&school);
    let mut kept = Vec::new();
    for _ in 0..20 {
        let mut stream = from(PUPIL, tcp).await;
        ask_for(&mut stream, "bet.test").await;
        kept.push(stream);
    }
    for to in [tcp, dot] {
        let mut one_more = from(PUPIL, to).await;
        assert!(matches!(one_more.read(&mut [0]).await, Ok(0) | Err(_)), "it is closed at once");
    }
    ask_for(&mut from(INNOCENT, tcp).await, "bet.test").await;
    let name = || ServerName::try_from(NAME).expect("a name");
    let mut innocent = tls.connect(name(), from(INNOCENT, dot).await).await.expect("a handshake");
    assert_eq!(ask_for(&mut innocent, "bet.test").await.metadata.response_code, ResponseCode::NXDomain);
    kept.truncate(19);
    // The seat is free when the door has heard of it.
    let mut again = loop {
        match tls.connect(name(), from(PUPIL, dot).await).await {
            Ok(stream) => break stream,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    ask_for(&mut again, "bet.test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_has_no_more_handshakes_than_its_seats_and_another_has_its_own() {
    let school = school("");
    let tls = with_certificate(&school);
    let ([_, dot, https], _running, _stopper) = on_sockets(&school);
    let name = || ServerName::try_from(NAME).expect("a name");
    for to in [dot, https] {
        let began = std::time::Instant::now();
        let mut shaken = 0;
        while began.elapsed() < SEATED * 2 {
            shaken += usize::from(tls.connect(name(), from(PUPIL, to).await).await.is_ok());
        }
        // A round at the start, and one each time the seats are free again.
        let rounds = began.elapsed().as_millis() / SEATED.as_millis() + 1;
        assert!(shaken <= 20 * rounds as usize, "{shaken} in {rounds} rounds");
        tls.connect(name(), from(INNOCENT, to).await).await.expect("a handshake");
        tokio::time::sleep(SEATED).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_for_the_schools_own_and_only_with_a_certificate() {
    let school = school("");
    let ([_, dot, https], _running, _stopper) = on_sockets(&school);
    for to in [dot, https] {
        assert!(matches!(from(PUPIL, to).await.read(&mut [0]).await, Ok(0) | Err(_)), "there is no certificate");
    }
    let tls = with_certificate(&school);
    let stranger = [127, 1, 0, 1];
    for to in [dot, https] {
        let refused = tls.connect(ServerName::try_from(NAME).expect("a name"), from(stranger, to).await).await;
        assert!(refused.is_err());
    }
    assert_eq!(school.door.gate.counters.strangers.get(), 2);
    let mut stream = tls.connect(ServerName::try_from(NAME).expect("a name"), from(PUPIL, dot).await).await.expect("a handshake");
    assert_eq!(ask_for(&mut stream, "bet.test").await.metadata.response_code, ResponseCode::NXDomain);
    assert!(school.events().iter().any(|e| e.host == "bet.test"));
}

const TIMES: Times = Times { idle: LONG, part: LONG };

fn connect_http(school: &School, client: [u8; 4], second: bool, times: Times) -> (DuplexStream, Stopper) {
    let (ours, theirs) = duplex(1 << 16);
    let (stopper, drain) = drain();
    tokio::spawn(https::converse(theirs, second, asker(client, Transport::Https), school.door.clone(), drain, times));
    (ours, stopper)
}

#[tokio::test]
async fn a_query_in_a_request_is_answered_like_any_other() {
    let school = school("");
    let padded = with_options("bet.test", rr::A, &[0, option::PADDING as u8, 0, 0]);
    for second in [false, true] {
        let (stream, _open) = connect_http(&school, PUPIL, second, TIMES);
        let mut http = client(stream, second).await;
        for (asked, kept) in [
            (Asked::get(&query("bet.test", rr::A, 1232, false)), "private, max-age=15"),
            (Asked::post(&query("open.test", rr::A, 1232, false)), "private, max-age=300"),
            (Asked::post(&query("missing.test", rr::A, 1232, false)), "private, max-age=60"),
            (Asked::post(&query("big.test", rr::A, 0, false)), "private, max-age=300"),
        ] {
            let said = http.ask(asked).await;
            assert_eq!((said.status, said.cache.as_str()), (200, kept), "{second}");
            assert_eq!(said.kind, "application/dns-message");
            assert_eq!(said.body[2] & 2, 0, "nothing is cut");
        }
        assert_eq!(http.ask(Asked::post(&padded)).await.body.len() % 468, 0);
    }
    assert_eq!(school.events().len(), 10);
}

#[tokio::test]
async fn a_request_without_a_query_is_refused_by_its_status() {
    let school = school("");
    let good = query("bet.test", rr::A, 1232, false);
    for second in [false, true] {
        let (stream, _open) = connect_http(&school, PUPIL, second, TIMES);
        let mut http = client(stream, second).await;
        for (asked, status) in [
            (Asked { path: "/other".into(), ..Asked::post(&good) }, 404),
            (Asked { path: "/dns-query".into(), ..Asked::get(&good) }, 400),
            (Asked { path: "/dns-query?dns=AAA=".into(), ..Asked::get(&good) }, 400),
            (Asked { path: format!("/dns-query?dns={}", "A".repeat(6_000)), ..Asked::get(&good) }, 413),
            (Asked { method: "PUT", ..Asked::post(&good) }, 405),
            (Asked { kind: "application/json", ..Asked::post(&good) }, 415),
            (Asked::post(b"short"), 400),
            (Asked::post(&[0; 5_000]), 413),
            (Asked::post(&good), 200),
        ] {
            let said = http.ask(asked.clone()).await;
            assert_eq!(said.status, status, "{second} {asked:?}");
        }
        let (stream, _open) = connect_http(&school, PUPIL, second, TIMES);
        let mut http = client(stream, second).await;
        let said = http.ask(Asked { path: format!("/dns-query?{}", "a".repeat(20_000)), ..Asked::get(&good) }).await;
        assert!(matches!(said.status, 414 | 431), "{second} {}", said.status);
    }
}

#[tokio::test]
async fn a_connection_of_http_has_32_requests_under_way_and_another_client_is_not_held_up() {
    let school = school("");
    let (stream, _open) = connect_http(&school, PUPIL, true, TIMES);
    let http = client(stream, true).await;
    let ask = |name: &str| http.start(Asked::post(&query(name, rr::A, 1232, false)));
    let mut silent = tokio::task::JoinSet::new();
    for i in 0..MAX_IN_FLIGHT {
        silent.spawn(ask(&format!("silent{i}.test")));
    }
    while school.stub.asked() < MAX_IN_FLIGHT {
        tokio::task::yield_now().await;
    }
    let last = ask("bet.test");
    let (stream, _open_too) = connect_http(&school, INNOCENT, true, TIMES);
    let mut innocent = client(stream, true).await;
    assert_eq!(innocent.ask(Asked::post(&query("bet.test", rr::A, 1232, false))).await.status, 200);
    tokio::select! {
        biased;
        Some(done) = silent.join_next() => assert_eq!(done.expect("an answer").status, 200),
        _ = last => panic!("a question beyond the 32 was begun before one of them had ended"),
    }
}

#[tokio::test]
async fn a_request_that_does_not_end_is_ended_and_so_is_a_connection_without_one() {
    let school = school("");
    let short = Times { idle: Duration::from_millis(600), part: Duration::from_millis(200) };
    for second in [false, true] {
        let (stream, _a) = connect_http(&school, PUPIL, second, short);
        let http = client(stream, second).await;
        assert_eq!(http.half(&query("bet.test", rr::A, 1232, false)).await.status, 408, "{second}");
        let (stream, _b) = connect_http(&school, PUPIL, second, short);
        let idle = client(stream, second).await;
        let (stream, _c) = connect_http(&school, INNOCENT, second, short);
        let mut innocent = client(stream, second).await;
        for _ in 0..6 {
            assert_eq!(innocent.ask(Asked::post(&query("bet.test", rr::A, 1232, false))).await.status, 200);
            tokio::time::sleep(short.part - Duration::from_millis(50)).await;
        }
        idle.ended().await;
    }
    // A head of HTTP/1.1 that does not end.
    let (mut stream, _d) = connect_http(&school, PUPIL, false, short);
    stream.write_all(b"GET /dns-query HTTP/1.1\r\nHost: a\r\n").await.expect("sent");
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.expect("an end");
}
