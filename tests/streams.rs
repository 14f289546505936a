//! What comes bit by bit is passed on bit by bit, and no faster than it is taken: events, ranges, large transfers; plain, and looked
//! inside over HTTP/1.1 and HTTP/2.

mod support;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use schoolgate::net::ca::{Authority, made};
use schoolgate::words::Host;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::{Gate, School, memory_kb};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

const HOST: &str = "stream.example";

/// A test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// What may be on its way through the gate and four sockets' buffers: Linux lets one grow to 6 MiB (tcp_rmem).
const ON_ITS_WAY: usize = 32 << 20;
/// More than that.
const LARGE: usize = 96 << 20;
/// What the gate may hold of it.
const HELD_KB: u64 = 8 * 1024;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Both ends of one connection through the gate.
struct Ends {
    client: Box<dyn Stream>,
    origin: Box<dyn Stream>,
}

/// A port that is listened at, plain or with a certificate for [`HOST`], and a school that reaches it.
struct Ground {
    listener: TcpListener,
    server: Arc<ServerConfig>,
    port: u16,
    school: School,
}

impl Ground {
    async fn new(protocol: &[u8]) -> Self {
        let listener = TcpListener::bind("127.200.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64;
        let made = made::made("The World", now).expect("made");
        let authority = Authority::read(made.certificate.as_bytes(), made.key.as_bytes()).expect("read");
        let leaf = authority.leaf(&Host::parse(HOST).expect("a host"), now).expect("minted");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
        let resolver = Arc::new(rustls::sign::SingleCertAndKey::from(leaf.certified));
        let mut server = config.expect("versions").with_no_client_auth().with_cert_resolver(resolver);
        server.alpn_protocols = vec![protocol.to_vec()];
        let school = School::looking_inside(&[port], &made.certificate);
        Self { listener, server: Arc::new(server), port, school }
    }

    /// Both ends, after the handshakes that it takes.
    async fn open(&self, gate: &Gate<'_>, inside: bool) -> Ends {
        let mut stream = TcpStream::connect(gate.proxy[0]).await.expect("the door takes it");
        if !inside {
            let request = format!("GET http://{HOST}:{}/ HTTP/1.1\r\nHost: x\r\n", self.port);
            stream.write_all(request.as_bytes()).await.expect("sent");
            // The rest of the head is the test's; the origin is dialled when it is whole.
            return Ends { client: Box::new(stream), origin: Box::new(tokio::io::empty()) };
        }
        let connect = format!("CONNECT {HOST}:{0} HTTP/1.1\r\nHost: {HOST}:{0}\r\n\r\n", self.port);
        stream.write_all(connect.as_bytes()).await.expect("sent");
        assert!(until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 200"));
        let mut roots = RootCertStore::empty();
        let ours = std::fs::read(self.school.path("ca.pem")).expect("it is there");
        roots.add(CertificateDer::from_pem_slice(&ours).expect("a certificate")).expect("a root");
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
        let mut config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = self.server.alpn_protocols.clone();
        let (connector, acceptor) = (TlsConnector::from(Arc::new(config)), TlsAcceptor::from(self.server.clone()));
        let (client, origin) = tokio::join!(connector.connect(HOST.try_into().expect("a name"), stream), async {
            let (stream, _) = self.listener.accept().await.expect("it is dialled");
            acceptor.accept(stream).await
        });
        Ends { client: Box::new(client.expect("a handshake")), origin: Box::new(origin.expect("a handshake")) }
    }

    /// A request with these fields, at its origin; with the head as it came there.
    async fn ask(&self, gate: &Gate<'_>, inside: bool, fields: &str) -> (Ends, String) {
        let mut ends = self.open(gate, inside).await;
        let first = if inside { format!("GET / HTTP/1.1\r\nHost: {HOST}:{}\r\n", self.port) } else { String::new() };
        ends.client.write_all(format!("{first}{fields}\r\n").as_bytes()).await.expect("sent");
        if !inside {
            ends.origin = Box::new(self.listener.accept().await.expect("it is dialled").0);
        }
        let head = until(&mut ends.origin, "\r\n\r\n").await;
        (ends, head)
    }
}

/// Reads up to this.
async fn until(stream: &mut (impl AsyncRead + Unpin + ?Sized), end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        let byte = timeout(PATIENCE, stream.read_u8()).await;
        bytes.push(byte.unwrap_or_else(|_| panic!("{end} in time: {}", String::from_utf8_lossy(&bytes))).expect("more"));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_arrives_before_the_next_is_sent() {
    let ground = Ground::new(b"http/1.1").await;
    let gate = ground.school.start();
    for inside in [false, true] {
        let (mut ends, _) = ground.ask(&gate, inside, "Accept: text/event-stream\r\n").await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        ends.origin.write_all(head.as_bytes()).await.expect("sent");
        ends.origin.flush().await.expect("sent");
        let head = until(&mut ends.client, "\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{head}");
        for n in 0..20 {
            ends.origin.write_all(format!("B\r\ndata: {n:03}\n\n\r\n").as_bytes()).await.expect("sent");
            ends.origin.flush().await.expect("sent");
            until(&mut ends.client, &format!("data: {n:03}\n\n")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_video_is_asked_for_and_answered_as_a_part() {
    let ground = Ground::new(b"http/1.1").await;
    let gate = ground.school.start();
    for inside in [false, true] {
        let (mut ends, asked) = ground.ask(&gate, inside, "Range: bytes=1000-1999\r\nIf-Range: \"a\"\r\n").await;
        let asked = asked.to_lowercase();
        assert!(asked.contains("range: bytes=1000-1999\r\n") && asked.contains("if-range: \"a\"\r\n"), "{asked}");
        let head = "HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nContent-Range: bytes 1000-1999/9000000000\r\n\
                    Accept-Ranges: bytes\r\nETag: \"a\"\r\nContent-Length: 1000\r\n\r\n";
        ends.origin.write_all(head.as_bytes()).await.expect("sent");
        ends.origin.write_all(&[7; 400]).await.expect("sent");
        ends.origin.flush().await.expect("sent");
        let head = until(&mut ends.client, "\r\n\r\n").await.to_lowercase();
        assert!(head.starts_with("http/1.1 206"), "{head}");
        for field in ["content-range: bytes 1000-1999/9000000000", "accept-ranges: bytes", "etag: \"a\"", "content-length: 1000"]
        {
            assert!(head.contains(&format!("{field}\r\n")), "{field}: {head}");
        }
        // What has come is played before the rest is there.
        let mut part = [0; 400];
        timeout(PATIENCE, ends.client.read_exact(&mut part)).await.expect("in time").expect("read");
        ends.origin.write_all(&[8; 600]).await.expect("sent");
        ends.origin.flush().await.expect("sent");
        let mut rest = [0; 600];
        timeout(PATIENCE, ends.client.read_exact(&mut rest)).await.expect("in time").expect("read");
        assert_eq!((part, rest), ([7; 400], [8; 600]));
    }
}

/// Writes for as long as it is taken, and says how much that was.
async fn write_until_full(to: &mut (impl AsyncWrite + Unpin + ?Sized)) -> usize {
    let (piece, mut written) = (vec![b'x'; 64 << 10], 0);
    while written < LARGE {
        match timeout(Duration::from_millis(1500), to.write(&piece)).await {
            Ok(some) => written += some.expect("sent"),
            Err(_) => break,
        }
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_takes_is_not_fetched_and_what_is_taken_late_is_whole() {
    let ground = Ground::new(b"http/1.1").await;
    let gate = ground.school.start();
    let length = format!("Content-Length: {LARGE}\r\n");
    for inside in [false, true] {
        for up in [false, true] {
            let what = format!("inside: {inside}, up: {up}");
            let fields = if up { length.as_str() } else { "" };
            let (mut ends, _) = ground.ask(&gate, inside, fields).await;
            let before = memory_kb(gate.child.id(), "RssAnon");
            if !up {
                ends.origin.write_all(format!("HTTP/1.1 200 OK\r\n{length}\r\n").as_bytes()).await.expect("sent");
            }
            let (mut from, mut to) = if up { (ends.client, ends.origin) } else { (ends.origin, ends.client) };
            let mut written = write_until_full(&mut from).await;
            let held = memory_kb(gate.child.id(), "RssAnon").saturating_sub(before);
            eprintln!("{what}: {} kB were taken of {} kB, of which the gate holds {held} kB", written >> 10, LARGE >> 10);
            assert!(written < ON_ITS_WAY && held < HELD_KB, "{what}: {written} bytes, {held} kB");
            if !up {
                until(&mut to, "\r\n\r\n").await;
            }
            let sending = async {
                while written < LARGE {
                    let piece = vec![b'x'; (LARGE - written).min(64 << 10)];
                    from.write_all(&piece).await.expect("sent");
                    written += piece.len();
                }
                from.flush().await.expect("sent");
            };
            let taking = async {
                let (mut some, mut taken) = (vec![0; 256 << 10], 0);
                while taken < LARGE {
                    let read = to.read(&mut some).await.expect("read");
                    assert!(read > 0 && some[..read].iter().all(|b| *b == b'x'), "{what}: after {taken}");
                    taken += read;
                }
                taken
            };
            let taken = timeout(PATIENCE, async { tokio::join!(sending, taking).1 }).await;
            assert_eq!(taken, Ok(LARGE), "{what}");
            let held = memory_kb(gate.child.id(), "RssAnon").saturating_sub(before);
            assert!(held < HELD_KB, "{what}: {held} kB");
        }
    }
}

/// A body that says what it is told, and counts what is taken of it.
struct Told(mpsc::Receiver<Bytes>, Arc<AtomicUsize>);

impl Body for Told {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|some| {
            let some = some?;
            self.1.fetch_add(some.len(), Relaxed);
            Some(Ok(Frame::data(some)))
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_within_http_2_where_a_stream_that_stalls_holds_up_no_other() {
    let ground = Ground::new(b"h2").await;
    let gate = ground.school.start();
    let Ends { client, origin } = ground.open(&gate, true).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let ((tell, events), (send, large)) = (mpsc::channel(1), mpsc::channel(1));
    let bodies = Arc::new(Mutex::new((Some(events), Some(large))));
    let counted = taken.clone();
    let service = service_fn(move |asked: Request<Incoming>| {
        let mut bodies = bodies.lock().expect("nobody panicked");
        let body = if asked.uri().path() == "/events" { bodies.0.take() } else { bodies.1.take() };
        let count = if asked.uri().path() == "/events" { Arc::default() } else { counted.clone() };
        let body = Told(body.expect("asked once"), count);
        std::future::ready(Ok::<_, Infallible>(Response::builder().header("content-type", "video/mp4").body(body).expect("one")))
    });
    tokio::spawn(hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(origin), service));
    let http = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(client)).await;
    let (mut sender, connection) = http.expect("HTTP/2");
    tokio::spawn(connection);
    let mut get = async |path: &str| {
        let uri = format!("https://{HOST}:{}{path}", ground.port);
        let request = Request::get(uri).body(Empty::<Bytes>::new()).expect("a request");
        let response = timeout(PATIENCE, sender.send_request(request)).await.expect("in time").expect("an answer");
        assert_eq!(response.status(), 200);
        response.into_body()
    };
    let stalled = get("/large").await;
    let feeding = tokio::spawn(async move { while send.send(Bytes::from(vec![b'x'; 64 << 10])).await.is_ok() {} });
    // Nothing of it is taken: it fills its own window.
    let mut before = usize::MAX;
    while std::mem::replace(&mut before, taken.load(Relaxed)) != taken.load(Relaxed) || before == 0 {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    eprintln!("{} kB were taken of a stream that nobody reads", taken.load(Relaxed) >> 10);
    assert!(taken.load(Relaxed) < ON_ITS_WAY, "{}", taken.load(Relaxed));
    let mut events = get("/events").await;
    for n in 0..20 {
        tell.send(Bytes::from(format!("data: {n}\n\n"))).await.expect("it is taken");
        let frame = timeout(PATIENCE, events.frame()).await.expect("in time").expect("more").expect("a frame");
        assert_eq!(frame.into_data().expect("data"), format!("data: {n}\n\n"));
    }
    drop(stalled);
    timeout(PATIENCE, feeding).await.expect("who leaves is told to the origin").expect("it does not panic");
}
