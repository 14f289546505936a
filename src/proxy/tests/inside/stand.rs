//! A gate with an authority of its own, before an origin that speaks TLS under another.

use crate::gate::Snapshot;
use crate::lists::private::Privates;
use crate::net::ca::{Authority, Leaf, made};
use crate::net::inspection::Inspection;
use crate::proxy::tests::Stand;
use crate::words::{Host, NetworkId};
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::convert::Infallible;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

pub const BOTH: &[&[u8]] = &[b"h2", b"http/1.1"];
pub const ONE: &[&[u8]] = &[b"http/1.1"];

/// A request as the origin got it: its version, target and headers; and the number of its connection.
#[derive(Debug, Clone)]
pub struct Got {
    pub connection: usize,
    pub version: hyper::Version,
    pub target: String,
    pub headers: HeaderMap,
}

pub struct Inside {
    pub stand: Stand,
    pub school: Arc<Authority>,
    pub got: Arc<Mutex<Vec<Got>>>,
    folder: tempfile::TempDir,
}

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64
}

pub fn authority(name: &str) -> (Authority, made::Made) {
    let made = made::made(name, now()).expect("made");
    (Authority::read(made.certificate.as_bytes(), made.key.as_bytes()).expect("read"), made)
}

pub fn host(name: &str) -> Host {
    Host::parse(name).expect("a host")
}

/// How the origin shows itself and speaks.
pub struct Wish<'a> {
    /// Its certificate, by the authority that the gate trusts.
    pub shows: &'a dyn Fn(&Authority) -> Leaf,
    pub speaks: &'a [&'a [u8]],
    /// Hosts that are left alone.
    pub privates: &'a str,
    pub crls: &'a dyn Fn(&made::Made) -> Vec<CertificateRevocationListDer<'static>>,
    /// Tables of the configuration.
    pub more: &'a str,
    /// Whether devices of the network have the school's authority.
    pub installed: bool,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        Self {
            shows: &|world| world.leaf(&host("a.example"), now()).expect("minted"),
            speaks: BOTH,
            privates: "",
            crls: &|_| Vec::new(),
            more: "",
            installed: true,
        }
    }
}

impl Inside {
    pub async fn new(wish: Wish<'_>) -> Self {
        let (world, of_world) = authority("The World");
        let (school, of_school) = authority("Hill School");
        let school = Arc::new(school);
        let got = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        let config = server((wish.shows)(&world), wish.speaks);
        tokio::spawn(serve(listener, TlsAcceptor::from(config), got.clone()));
        let stand = Stand::with(at, Default::default(), wish.more).await;

        let privates = Privates::read(wish.privates).expect("no fault");
        let carried = (of_school.certificate.clone(), false);
        let trust = of_world.certificate.clone();
        let crls = (wish.crls)(&of_world);
        let inspection = Inspection::new(school.clone(), privates, Some(trust.as_bytes()), crls, carried).expect("an inspection");
        let mut next = Snapshot::clone(&stand.school.gate.snapshot());
        next.inspection = Some(Ok(Arc::new(inspection)));
        next.config.inside.networks = if wish.installed { vec![NetworkId(0)] } else { vec![] };
        let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("blocklists");
        next.phrases = Some(Arc::new(crate::ops::phrases::matcher(&shipped, &[]).expect("terms")));
        stand.school.gate.swap(next);
        let folder = tempfile::tempdir().expect("a folder");
        for (name, pem) in [("school.pem", &of_school.certificate), ("world.pem", &of_world.certificate)] {
            std::fs::write(folder.path().join(name), pem).expect("written");
        }
        Self { stand, school, got, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn url(&self, name: &str, path: &str) -> String {
        format!("https://{name}:{}{path}", self.stand.origin.port())
    }

    /// curl through the gate, trusting `trusts`; its exit code, and what it printed.
    pub async fn curl(&self, trusts: &str, more: &[&str]) -> (i32, String) {
        let proxy = format!("http://{}", self.stand.proxy);
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-i", "--max-time", "20", "--suppress-connect-headers", "-x", &proxy, "--cacert"]);
        curl.arg(self.path(trusts)).args(more);
        let output = tokio::task::spawn_blocking(move || curl.output().expect("curl")).await.expect("it ends");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
    }

    /// curl as a browser that shows the page, trusting the school.
    pub async fn page(&self, url: &str) -> String {
        self.curl("school.pem", &["-H", "Accept: text/html", "-A", "Mozilla/5.0", url]).await.1
    }

    /// A connection through the gate to this host, decrypted; of HTTP/1.1.
    pub async fn open(&self, name: &str) -> TlsStream<TcpStream> {
        let mut stream = self.stand.open("127.0.0.1").await;
        let authority = format!("{name}:{}", self.stand.origin.port());
        let connect = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        stream.write_all(connect.as_bytes()).await.expect("sent");
        let head = crate::proxy::tests::head_of(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let mut roots = RootCertStore::empty();
        roots.add(self.school.certificate().clone()).expect("a root");
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
        let mut config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = name.to_owned().try_into().expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake")
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().expect("nobody panicked").clone()
    }
}

pub async fn read_until(stream: &mut TlsStream<TcpStream>, end: &str) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(end) {
        let byte = tokio::time::timeout(std::time::Duration::from_secs(20), stream.read_u8()).await;
        bytes.push(byte.unwrap_or_else(|_| panic!("{end} in time: {}", String::from_utf8_lossy(&bytes))).expect("more"));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn server(leaf: Leaf, speaks: &[&[u8]]) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let resolver = Arc::new(SingleCertAndKey::from(leaf.certified));
    let mut config = config.expect("versions").with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = speaks.iter().map(|p| p.to_vec()).collect();
    Arc::new(config)
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, got: Arc<Mutex<Vec<Got>>>) {
    for connection in 0.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (acceptor, got) = (acceptor.clone(), got.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let service = service_fn(move |request: Request<Incoming>| {
                let (version, headers) = (request.version(), request.headers().clone());
                let target = request.uri().path_and_query().map_or(String::new(), ToString::to_string);
                got.lock().expect("nobody panicked").push(Got { connection, version, target, headers });
                answer(request)
            });
            let stream = TokioIo::new(stream);
            if http2 {
                let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await;
            } else {
                let http = hyper::server::conn::http1::Builder::new();
                let _ = http.serve_connection(stream, service).with_upgrades().await;
            }
        });
    }
}

async fn answer(mut request: Request<Incoming>) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
    let whole = |text: String| Full::from(text).map_err(|never| match never {}).boxed();
    let response = Response::builder();
    Ok(match request.uri().path() {
        "/socket" => {
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let Ok(upgraded) = upgrade.await else { return };
                let mut stream = TokioIo::new(upgraded);
                let mut bytes = [0; 5];
                if stream.read_exact(&mut bytes).await.is_ok() {
                    let _ = stream.write_all(&bytes.map(|b| b.to_ascii_uppercase())).await;
                }
            });
            let head =
                response.status(StatusCode::SWITCHING_PROTOCOLS).header("connection", "upgrade").header("upgrade", "websocket");
            head.body(whole(String::new())).expect("a response")
        }
        "/trailers" => {
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", HeaderValue::from_static("42"));
            let body = whole("data".into()).with_trailers(std::future::ready(Some(Ok(trailers)))).boxed();
            response.header("trailer", "x-sum").header("transfer-encoding", "chunked").body(body).expect("a response")
        }
        "/close" => response.header("connection", "close").body(whole("closing\n".into())).expect("a response"),
        "/big" => response.body(whole("x".repeat(256 << 10))).expect("a response"),
        "/echo" | "/html/" => {
            let body = request.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
            response.body(Full::from(body).map_err(|never| match never {}).boxed()).expect("a response")
        }
        _ => {
            let text = format!("{:?} of {}\n", request.version(), request.uri().path());
            response.header("alt-svc", "h3=\":443\"").header("content-type", "text/plain").body(whole(text)).expect("a response")
        }
    })
}
