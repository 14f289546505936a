//! What the tests stand on: a gate whose every name leads to one origin on loopback, and bytes in and out.

use crate::gate::school::School;
use crate::net::drain::{Stopper, drain};
use crate::resolve::Resolver;
use crate::resolve::stub::{self, Stub};
use crate::wire::message::tests::Row;
use crate::wire::rr;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// Longer than any answer takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Stand {
    pub school: School,
    pub resolver: Arc<Resolver>,
    pub proxy: SocketAddr,
    pub proxy_tls: SocketAddr,
    pub transparent: SocketAddr,
    pub origin: SocketAddr,
    /// Heads of requests as the origin got them, with the number of the connection they came on.
    pub heard: Arc<Mutex<Vec<(usize, String)>>>,
    pub stopper: Option<Stopper>,
    pub serving: tokio::task::JoinHandle<()>,
}

/// What the origin sends for a head; it has read nothing after it. An empty answer closes.
pub type Say = fn(&str) -> &'static str;

impl Stand {
    /// A gate before an HTTP origin that answers as `say` does and keeps its connections.
    pub async fn before(say: Say) -> Self {
        Self::before_with(say, "").await
    }

    /// The same, with more of the school's configuration.
    pub async fn before_with(say: Say, more: &str) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = listener.local_addr().expect("an address");
        let hearing = heard.clone();
        tokio::spawn(async move {
            for number in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                tokio::spawn(answer(stream, number, hearing.clone(), say));
            }
        });
        Self::with(origin, heard, more).await
    }

    /// A gate before whatever listens there.
    pub async fn at(origin: SocketAddr, heard: Arc<Mutex<Vec<(usize, String)>>>) -> Self {
        Self::with(origin, heard, "").await
    }

    /// With more keys of `[proxy]`, and more tables after them.
    pub async fn with(origin: SocketAddr, heard: Arc<Mutex<Vec<(usize, String)>>>, more: &str) -> Self {
        let port = origin.port();
        let school = School::with(&format!("[proxy]\nlisten = [\"127.0.0.1:0\"]\ndestinations = [\"{origin}\"]\n{more}"));
        // `cname.example` is another name of one that is listed; `nobody` and Google's own are no names; every other has the address of the origin.
        let names = Stub::start(move |query, _| {
            let address = |name: &'static [u8]| -> Row<'static> { (0, name, rr::A, 60, &[127, 0, 0, 1]) };
            match query.name.to_string().split('.').next() {
                Some("cname") => {
                    let adult = b"\x05adult\x07example\0";
                    Some(stub::rows(query, &[(0, &[0xc0, 12], rr::CNAME, 60, adult), address(adult)]))
                }
                Some("nobody" | "google") => Some(stub::with_code(query, 3, &[])),
                _ => Some(stub::rows(query, &[address(&[0xc0, 12])])),
            }
        });
        let any = ["127.0.0.1:0".parse().expect("an address")];
        let bound = super::super::bind(&any, &any).and_then(|bound| bound.and_transparent(&any)).expect("ports");
        let (proxy, proxy_tls, transparent) = (bound.local_addrs()[0], bound.tls_addrs()[0], bound.transparent_addrs()[0]);
        let (stopper, drain) = drain();
        let resolver = Arc::new(Resolver::new(&[names.address]));
        let serving = tokio::spawn(bound.serve(school.gate.clone(), resolver.clone(), drain));
        assert_ne!(port, proxy.port());
        Self { school, resolver, proxy, proxy_tls, transparent, origin, heard, stopper: Some(stopper), serving }
    }

    /// A URL of the origin under any name.
    pub fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.origin.port())
    }

    pub async fn open(&self, from: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::new(from.parse().expect("an address"), 0)).expect("an address of ours");
        socket.connect(self.proxy).await.expect("it listens")
    }

    pub async fn open_transparent(&self) -> TcpStream {
        TcpStream::connect(self.transparent).await.expect("it listens")
    }

    /// Everything that comes in answer to these bytes, until the proxy closes.
    pub async fn talk_from(&self, from: &str, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.open(from).await;
        stream.write_all(bytes.as_ref()).await.expect("sent");
        until_end(&mut stream).await
    }

    /// As a pupil.
    pub async fn talk(&self, bytes: impl AsRef<[u8]>) -> String {
        self.talk_from("127.0.0.1", bytes).await
    }

    /// A GET that closes, with these header lines.
    pub async fn get(&self, host: &str, path: &str, headers: &str) -> String {
        let url = self.url(host, path);
        self.talk(format!("GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n")).await
    }

    pub fn heard(&self) -> Vec<(usize, String)> {
        self.heard.lock().expect("nobody panicked").clone()
    }
}

pub async fn until_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("it closes").expect("it is read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads up to the end of a head, and says it.
pub async fn head_of(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        match timeout(PATIENCE, stream.read_u8()).await.expect("it comes in time") {
            Ok(byte) => bytes.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn answer(mut stream: TcpStream, number: usize, heard: Arc<Mutex<Vec<(usize, String)>>>, say: Say) {
    loop {
        let head = head_of(&mut stream).await;
        if head.is_empty() {
            return;
        }
        let answer = say(&head);
        heard.lock().expect("nobody panicked").push((number, head));
        if answer.is_empty() || stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
