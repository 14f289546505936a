//! Origins that behave, and that do not: plain and within TLS, HTTP/1.1 and HTTP/2, and what is no HTTP.

use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use schoolgate::net::ca::{Authority, made};
use schoolgate::words::Host;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::TcpListener as StdListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::{LazyConfigAcceptor, rustls};

/// Where every name of the stub's leads.
const ORIGIN: &str = "127.200.0.1:0";

/// What `/page` has, and `/big`.
pub const PAGE: usize = 3_000;
pub const BIG: usize = 2 << 20;

/// Longer than any client stalls it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who waits to hear that a request has come: by its path.
type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<()>>>>;

pub struct World {
    pub plain: u16,
    pub tls: u16,
    /// Nobody listens there.
    pub shut: u16,
    pub certificate: String,
    waiting: Waiting,
}

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64
}

/// A certificate for any name.
struct AnyName(Authority);

impl std::fmt::Debug for AnyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnyName")
    }
}

impl ResolvesServerCert for AnyName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = Host::parse(hello.server_name()?).ok()?;
        // One host's certificate has expired long ago.
        let at = if host.as_str().starts_with("expired.") { now() - 200 * 24 * 60 * 60 } else { now() };
        Some(self.0.leaf(&host, at).ok()?.certified)
    }
}

impl World {
    /// Within a runtime.
    pub fn start() -> Self {
        let made = made::made("The World", now()).expect("made");
        let authority = Authority::read(made.certificate.as_bytes(), made.key.as_bytes()).expect("read");
        let names = Arc::new(AnyName(authority));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
        let mut config = config.expect("versions").with_no_client_auth().with_cert_resolver(names);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let waiting = Waiting::default();
        let plain = listen(waiting.clone(), |stream, waiting| async move {
            serve(stream, &waiting).await;
        });
        let config = Arc::new(config);
        let tls = listen(waiting.clone(), move |stream, waiting| secured(stream, config.clone(), waiting));
        let shut = StdListener::bind(ORIGIN).and_then(|l| l.local_addr()).expect("a port").port();
        Self { plain, tls, shut, certificate: made.certificate, waiting }
    }

    /// Is told once a request for this path has come.
    pub fn will_come(&self, path: &str) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.waiting.lock().expect("nobody panicked").insert(path.to_owned(), tell);
        told
    }
}

fn listen<F, H>(waiting: Waiting, handle: F) -> u16
where
    F: Fn(TcpStream, Waiting) -> H + Send + 'static,
    H: Future<Output = ()> + Send + 'static,
{
    let listener = StdListener::bind(ORIGIN).expect("a port");
    listener.set_nonblocking(true).expect("set");
    let port = listener.local_addr().expect("an address").port();
    let listener = TcpListener::from_std(listener).expect("within a runtime");
    tokio::spawn(async move {
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(handle(stream, waiting.clone()));
            }
        }
    });
    port
}

/// A stream that can be broken off at once: the other side sees a reset.
pub trait Breaks {
    fn breaks(&self) {}
}

impl Breaks for TcpStream {
    fn breaks(&self) {
        let _ = socket2::SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

impl Breaks for tokio_rustls::server::TlsStream<TcpStream> {
    fn breaks(&self) {
        self.get_ref().0.breaks();
    }
}

impl Breaks for tokio_rustls::client::TlsStream<TcpStream> {
    fn breaks(&self) {
        self.get_ref().0.breaks();
    }
}

async fn secured(stream: TcpStream, config: Arc<ServerConfig>, waiting: Waiting) {
    let Ok(begun) = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await else { return };
    let name = begun.client_hello().server_name().unwrap_or_default().to_owned();
    if name.starts_with("silent.") {
        return tokio::time::sleep(PATIENCE).await;
    }
    let Ok(stream) = begun.into_stream(config).await else { return };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let service = service_fn(page);
        let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = http.serve_connection(TokioIo::new(stream), service).await;
    } else {
        serve(stream, &waiting).await;
    }
}

async fn page(request: Request<Incoming>) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let whole = |length: usize| Full::from(vec![b'x'; length]).boxed();
    let body = match request.uri().path() {
        "/big" => whole(BIG),
        _ => whole(PAGE),
    };
    Ok(Response::builder().header("content-type", "text/plain").body(body).expect("a response"))
}

/// One connection of HTTP/1.1, or of a protocol that begins with `ECHO` or `DROP`. `None`: it is over.
async fn serve<S: AsyncRead + AsyncWrite + Breaks + Unpin>(stream: S, waiting: &Waiting) -> Option<()> {
    let mut stream = BufStream::new(stream);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_until(b'\n', &mut head).await.ok()? == 0 {
                return None;
            }
            if head == b"ECHO\n" {
                return echo(stream).await;
            }
            if head == b"DROP\n" {
                stream.read_exact(&mut [0; 4096]).await.ok()?;
                stream.get_ref().breaks();
                return None;
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1)?.to_owned();
        if let Some(waits) = waiting.lock().expect("nobody panicked").remove(&path) {
            let _ = waits.send(());
        }
        let answer = |length: usize, body: &[u8]| {
            [format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n").as_bytes(), body].concat()
        };
        let whole = |length: usize| answer(length, &vec![b'x'; length]);
        match path.split('/').nth(1)? {
            "big" => stream.write_all(&whole(BIG)).await.ok()?,
            "short" => {
                stream.write_all(&answer(1_000, b"too little")).await.ok()?;
                stream.flush().await.ok()?;
                return None;
            }
            "cut" => {
                stream.write_all(&answer(100_000, &[b'x'; 5_000])).await.ok()?;
                stream.flush().await.ok()?;
                stream.get_ref().breaks();
                return None;
            }
            "garbage" => {
                stream.write_all(b"\x00\xff\x16 no HTTP at all\r\n\r\n\r\n").await.ok()?;
                stream.flush().await.ok()?;
                return None;
            }
            "reset" => {
                stream.get_ref().breaks();
                return None;
            }
            "stall" => {
                let _ = tokio::time::timeout(PATIENCE, stream.read_u8()).await;
                return None;
            }
            "events" => {
                let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
                stream.write_all(head).await.ok()?;
                for _ in 0..5 {
                    stream.write_all(b"9\r\ndata: 1\n\n\r\n").await.ok()?;
                    stream.flush().await.ok()?;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                stream.write_all(b"0\r\n\r\n").await.ok()?;
            }
            "socket" => {
                let head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
                stream.write_all(head).await.ok()?;
                stream.flush().await.ok()?;
                return echo(stream).await;
            }
            _ => stream.write_all(&whole(PAGE)).await.ok()?,
        }
        stream.flush().await.ok()?;
    }
}

/// Sends back what comes, until the other side has ended.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut stream: BufStream<S>) -> Option<()> {
    let mut some = [0; 16 * 1024];
    loop {
        let read = stream.read(&mut some).await.ok()?;
        if read == 0 {
            stream.shutdown().await.ok()?;
            return Some(());
        }
        stream.write_all(&some[..read]).await.ok()?;
        stream.flush().await.ok()?;
    }
}
