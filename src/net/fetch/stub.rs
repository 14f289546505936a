//! A server of lists for tests: HTTPS with a certificate of a CA of the test's own, or plain HTTP, on loopback; it says what the
//! test wants it to say, byte by byte. tests/update.rs has this file as well.

use data_encoding::BASE64;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A certificate authority that lives as long as the test.
pub struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: rcgen::Issuer::new(params, key), pem }
    }

    /// A server's configuration with a certificate for these names.
    pub fn server(&self, names: &[&str]) -> Arc<ServerConfig> {
        let key = rcgen::KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let params = rcgen::CertificateParams::new(names).expect("names");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()));
        Arc::new(config.expect("a certificate and its key"))
    }
}

/// What is said to a request.
pub enum Reply {
    /// These bytes, and the end.
    Say(Vec<u8>),
    /// These bytes, and then nothing.
    Stall(Vec<u8>),
}

/// A whole answer with this body; `more` are header lines.
pub fn ok(body: impl AsRef<[u8]>, more: &str) -> Reply {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{more}\r\n", body.len());
    Reply::Say([head.as_bytes(), body].concat())
}

/// An answer with a status and no body.
pub fn status(line: &str, more: &str) -> Reply {
    Reply::Say(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n{more}\r\n").into_bytes())
}

type Answer = dyn Fn(&str) -> Reply + Send + Sync;

/// A server. It ends with the test's process.
pub struct Origin {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Origin {
    /// `authority`: HTTPS, for these names. `answer` gets the head of the request.
    pub fn start(
        authority: Option<(&Authority, &[&str])>,
        at: IpAddr,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((at, 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        let tls = authority.map(|(authority, names)| authority.server(names));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let answer: Arc<Answer> = Arc::new(answer);
        let seen = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, answer, seen) = (tls.clone(), answer.clone(), seen.clone());
                std::thread::spawn(move || {
                    // A client that goes away is what some tests are about.
                    let _ = serve(stream, tls, &seen, &*answer);
                });
            }
        });
        Self { address, asked }
    }

    /// The heads of every request so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut tcp: TcpStream, tls: Option<Arc<ServerConfig>>, seen: &Mutex<Vec<String>>, answer: &Answer) -> io::Result<()> {
    tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
    match tls {
        None => talk(&mut tcp, seen, answer),
        Some(config) => {
            let connection = ServerConnection::new(config).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(connection, tcp);
            talk(&mut stream, seen, answer)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
    }
}

fn talk(stream: &mut (impl Read + Write), seen: &Mutex<Vec<String>>, answer: &Answer) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(head.clone());
    match answer(&head) {
        Reply::Say(bytes) => stream.write_all(&bytes)?,
        Reply::Stall(bytes) => {
            stream.write_all(&bytes)?;
            stream.flush()?;
            // Until the client has had enough.
            let _ = stream.read(&mut byte);
        }
    }
    stream.flush()
}

/// A minisign key of the test's own: its public half, and what it signs.
pub struct Signer {
    pair: Ed25519KeyPair,
    pub key: String,
}

const KEY_ID: &[u8; 8] = b"schooltt";

impl Signer {
    pub fn new() -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
        let key = BASE64.encode(&[b"Ed", KEY_ID.as_slice(), pair.public_key().as_ref()].concat());
        Self { pair, key }
    }

    /// The text of a `.minisig` file, the kind that was made before minisign hashed first.
    pub fn sign(&self, body: &[u8]) -> String {
        self.sign_with(body, "timestamp:1790000000")
    }

    /// With a comment that is signed along.
    pub fn sign_with(&self, body: &[u8], comment: &str) -> String {
        let signature = self.pair.sign(body);
        let global = self.pair.sign(&[signature.as_ref(), comment.as_bytes()].concat());
        let first = BASE64.encode(&[b"Ed", KEY_ID.as_slice(), signature.as_ref()].concat());
        format!("untrusted comment: a test\n{first}\ntrusted comment: {comment}\n{}\n", BASE64.encode(global.as_ref()))
    }
}
