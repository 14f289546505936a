//! The internet of the lab: a name server, and origins of HTTP/1.1 and HTTP/2 that each have an address, and say which.

use super::machines::Machine;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::sync::{Arc, LazyLock};
use std::thread;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// A name, and where it is.
pub struct Site {
    pub name: &'static str,
    pub v4: Ipv4Addr,
    pub v6: Option<Ipv6Addr>,
}

/// Its name server.
pub const RESOLVER: Ipv4Addr = Ipv4Addr::new(11, 1, 0, 53);

pub const SITES: [Site; 3] = [
    Site { name: "goodschool.com", v4: Ipv4Addr::new(11, 1, 0, 80), v6: Some(Ipv6Addr::new(0x2a00, 0x11, 0, 0, 0, 0, 0, 0x80)) },
    Site { name: "badschool.com", v4: Ipv4Addr::new(11, 1, 0, 66), v6: None },
    Site { name: "otherschool.com", v4: Ipv4Addr::new(11, 1, 0, 99), v6: None },
];

/// Starts everything on a machine that has the addresses. Gives the authority's certificate, whom its sites are certified by.
pub fn start(on: &Machine) -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let names = on.on(|| UdpSocket::bind((RESOLVER, 53))).expect("the address is there");
    thread::spawn(move || answer_names(&names));
    for site in &SITES {
        let key = KeyPair::generate().expect("a key");
        let mut leaf = CertificateParams::new(vec![site.name.to_owned()]).expect("a name");
        // Another name than the authority's, or it would look as if it had signed itself.
        leaf.distinguished_name.push(DnType::CommonName, site.name);
        let leaf = leaf.signed_by(&key, &authority);
        let chain = vec![leaf.expect("a certificate").der().clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let mut tls = tls.with_no_client_auth().with_single_cert(chain, key).expect("a pair");
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let tls = Arc::new(tls);
        for at in [Some(IpAddr::from(site.v4)), site.v6.map(IpAddr::from)].into_iter().flatten() {
            let (plain, secure) =
                on.on(|| (TcpListener::bind((at, 80)).expect("a port"), TcpListener::bind((at, 443)).expect("a port")));
            let acceptor = TlsAcceptor::from(tls.clone());
            listen(plain, move |stream| async move {
                let http = hyper::server::conn::http1::Builder::new();
                let _ = http.serve_connection(TokioIo::new(stream), service_fn(|asked| page(asked, at))).await;
            });
            listen(secure, move |stream| {
                let acceptor = acceptor.clone();
                async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let (stream, service) = (TokioIo::new(stream), service_fn(|asked| page(asked, at)));
                    if two {
                        let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        let _ = http.serve_connection(stream, service).await;
                    } else {
                        let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
                    }
                }
            });
        }
    }
    authority.pem()
}

/// Takes connections for as long as the test runs; the listener stays on the machine where it was made.
fn listen<H: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    serve: impl Fn(tokio::net::TcpStream) -> H + Send + 'static,
) {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
    listener.set_nonblocking(true).expect("set");
    RUNTIME.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("within a runtime");
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
}

/// Which origin it is, whom it was asked for, and how.
async fn page(asked: Request<Incoming>, at: IpAddr) -> Result<Response<Full<Bytes>>, Infallible> {
    let named = asked.headers().get("host").and_then(|host| host.to_str().ok());
    let host = asked.uri().host().or(named).unwrap_or_default();
    let body = format!("<p>origin {at} for {host} over {:?}</p>\n", asked.version());
    Ok(Response::builder().header("content-type", "text/html").body(Full::from(body)).expect("a response"))
}

/// A and AAAA of the sites; NXDOMAIN for what is none.
fn answer_names(socket: &UdpSocket) {
    let mut query = [0; 1500];
    while let Ok((len, from)) = socket.recv_from(&mut query) {
        if let Some(answer) = answer(&query[..len]) {
            let _ = socket.send_to(&answer, from);
        }
    }
}

fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
    let question = query.get(12..at + 4)?;
    let kind = u16::from_be_bytes([query[at], query[at + 1]]);
    let site = SITES.iter().find(|site| site.name == labels.join("."));
    let data: Option<Vec<u8>> = match (site, kind) {
        (Some(site), 1) => Some(site.v4.octets().to_vec()),
        (Some(site), 28) => site.v6.map(|v6| v6.octets().to_vec()),
        _ => None,
    };
    let code = if site.is_some() { 0x80 } else { 0x83 };
    let mut answer = [&query[..2], &[0x81, code, 0, 1, 0, u8::from(data.is_some()), 0, 0, 0, 0], question].concat();
    if let Some(data) = data {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
        answer.extend(data);
    }
    Some(answer)
}
