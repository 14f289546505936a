//! Clients of the proxy, well behaved and not. Each tells how many lines of the log it is worth, by host: a line that is missing
//! or too many has a name.

use super::world::{BIG, Breaks, PAGE, World};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longer than any answer takes: a minute, in ticks that this process has seen go by. A machine that stands still, or that others
/// work on, stops them as it stops the gate; a gate that stands still does not.
const PATIENCE: u32 = 120;
const TICK: Duration = Duration::from_millis(500);

/// A host that is blocked, and one that is never looked into; both are in the lists that ship.
const BLOCKED: &str = "www.pokerstars.com";
const BANK: &str = "www.hsbc.co.uk";

/// Who shuts its half at once asks for this.
pub const HALF_CLOSED: &str = "half.example";

/// Who goes before its first words of TLS are whole asks for this.
const EARLY: &str = "early.example";

/// Lines of a tunnel on a network that is looked inside: that it will be, and that it was not, for it is no TLS.
const TUNNEL: u64 = 2;

/// What all clients have in common.
pub struct Ground {
    pub proxy: SocketAddr,
    pub world: World,
    /// The school's authority and the world's, PEM.
    pub trusted: Vec<String>,
    /// Lines that are to be in the log, by host.
    pub lines: Mutex<BTreeMap<String, u64>>,
}

/// One client, with an address of its own.
pub struct Client {
    pub ground: Arc<Ground>,
    pub address: Ipv4Addr,
    /// Number of what it does, unique among all clients.
    pub turn: u64,
    pub random: Random,
}

/// xorshift64: the same every time.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }
}

type Done = Result<(), String>;

/// An error in words, with what was done.
fn told<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> Result<T, String> {
    result.map_err(|fault| format!("{what}: {fault}"))
}

/// What comes of it, unless it takes longer than [`PATIENCE`].
async fn patiently<T>(what: impl Future<Output = T>) -> Result<T, String> {
    let mut what = std::pin::pin!(what);
    for _ in 0..PATIENCE {
        tokio::select! {
            biased;
            done = &mut what => return Ok(done),
            () = sleep(TICK) => {}
        }
    }
    Err(format!("it stood still for {:?}", TICK * PATIENCE))
}

fn expect(what: &str, holds: bool) -> Done {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

impl Ground {
    fn tls(&self, trusts_us: bool, protocol: &[u8]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        for pem in self.trusted.iter().skip(usize::from(!trusts_us)) {
            use rustls::pki_types::pem::PemObject;
            roots.add(rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")).expect("a root");
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
        let mut config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }
}

/// What a client does: its name, how often of a hundred times, and how many requests it stands for.
pub const DEEDS: [(&str, u64, u64); 26] = [
    ("keep_alive", 16, 20),
    ("blocked_pages", 5, 5),
    ("events", 2, 1),
    ("slow_head", 3, 1),
    ("half_close", 2, 1),
    ("leaves_in_the_middle", 3, 1),
    ("leaves_while_it_stalls", 3, 1),
    ("half_a_head", 3, 1),
    ("garbage", 4, 1),
    ("origin_resets", 3, 1),
    ("origin_talks_nonsense", 3, 1),
    ("origin_says_too_little", 3, 1),
    ("origin_is_shut", 2, 1),
    ("tunnel", 6, 1),
    ("tunnel_breaks", 4, 1),
    ("tunnel_is_broken", 3, 1),
    ("tunnel_to_what_is_blocked", 2, 1),
    ("other_name", 2, 1),
    ("bank", 3, 1),
    ("inside", 10, 11),
    ("inside_http2", 8, 17),
    ("inside_blocked", 2, 3),
    ("inside_socket", 3, 2),
    ("inside_expired", 1, 2),
    ("inside_turned_away", 2, 1),
    ("inside_breaks", 2, 2),
];

impl Client {
    /// Does one thing; says how many requests it was.
    pub async fn deed(&mut self) -> Result<u64, String> {
        let all: u64 = DEEDS.iter().map(|(_, often, _)| often).sum();
        let mut at = self.random.below(all);
        let (name, _, requests) = DEEDS
            .iter()
            .find(|(_, often, _)| {
                let hit = at < *often;
                at = at.saturating_sub(*often);
                hit
            })
            .expect("it is below the sum");
        let done = match *name {
            "keep_alive" => self.keep_alive().await,
            "blocked_pages" => self.blocked_pages().await,
            "events" => self.events().await,
            "slow_head" => self.slow_head().await,
            "half_close" => self.half_close().await,
            "leaves_in_the_middle" => self.leaves_in_the_middle().await,
            "leaves_while_it_stalls" => self.leaves_while_it_stalls().await,
            "half_a_head" => self.half_a_head().await,
            "garbage" => self.garbage().await,
            "origin_resets" => self.origin_fails("resets.example", "/reset", 502).await,
            "origin_talks_nonsense" => self.origin_fails("nonsense.example", "/garbage", 502).await,
            "origin_says_too_little" => self.origin_says_too_little().await,
            "origin_is_shut" => self.origin_is_shut().await,
            "tunnel" => self.tunnel().await,
            "tunnel_breaks" => self.tunnel_breaks().await,
            "tunnel_is_broken" => self.tunnel_is_broken().await,
            "tunnel_to_what_is_blocked" => self.tunnel_to_what_is_blocked().await,
            "other_name" => self.other_name().await,
            "bank" => self.bank().await,
            "inside" => self.inside().await,
            "inside_http2" => self.inside_http2().await,
            "inside_blocked" => self.inside_blocked().await,
            "inside_socket" => self.inside_socket().await,
            "inside_expired" => self.inside_expired().await,
            "inside_turned_away" => self.inside_turned_away().await,
            _ => self.inside_breaks().await,
        };
        told(name, done).map(|()| *requests)
    }

    fn lines(&self, host: &str, count: u64) {
        *self.ground.lines.lock().expect("nobody panicked").entry(host.to_owned()).or_default() += count;
    }

    async fn open(&self) -> Result<TcpStream, String> {
        let socket = told("a socket", TcpSocket::new_v4())?;
        told("its address", socket.bind((self.address, 0).into()))?;
        let stream = told("the door", patiently(socket.connect(self.ground.proxy)).await?)?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    fn get(&self, host: &str, path: &str, more: &str) -> String {
        let at = format!("{host}:{}", self.ground.world.plain);
        format!("GET http://{at}{path} HTTP/1.1\r\nHost: {at}\r\n{more}\r\n")
    }

    /// After the 200 to CONNECT.
    async fn connected(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let mut stream = self.open().await?;
        let (status, _) = connect(&mut stream, host, port).await?;
        expect(&format!("CONNECT: {status}"), status == 200)?;
        Ok(stream)
    }

    async fn secured(&self, host: &str, trusts_us: bool, protocol: &[u8]) -> Result<TlsStream<TcpStream>, String> {
        let stream = self.connected(host, self.ground.world.tls).await?;
        let name = host.to_owned().try_into().expect("a name");
        let connecting = TlsConnector::from(self.ground.tls(trusts_us, protocol)).connect(name, stream);
        told("a handshake", patiently(connecting).await?)
    }

    async fn keep_alive(&mut self) -> Done {
        let mut stream = self.open().await?;
        for n in 0..20 {
            told("sent", stream.write_all(self.get("keeps.example", &format!("/page/{n}"), "").as_bytes()).await)?;
            self.lines("keeps.example", 1);
            let (status, body) = answer(&mut stream).await?;
            expect(&format!("{status}, {} bytes", body.len()), status == 200 && body.len() == PAGE)?;
        }
        Ok(())
    }

    async fn blocked_pages(&mut self) -> Done {
        let mut stream = self.open().await?;
        for _ in 0..5 {
            let asked = self.get(BLOCKED, "/", "Accept: text/html\r\n");
            told("sent", stream.write_all(asked.as_bytes()).await)?;
            self.lines(BLOCKED, 1);
            let (status, body) = answer(&mut stream).await?;
            expect(&format!("{status}"), status == 403 && String::from_utf8_lossy(&body).contains("not available in school"))?;
        }
        Ok(())
    }

    async fn events(&mut self) -> Done {
        let mut stream = self.open().await?;
        told("sent", stream.write_all(self.get("events.example", "/events", "Connection: close\r\n").as_bytes()).await)?;
        self.lines("events.example", 1);
        let all = until_end(&mut stream).await?;
        expect("five events", String::from_utf8_lossy(&all).matches("data: 1").count() == 5)
    }

    async fn slow_head(&mut self) -> Done {
        let mut stream = self.open().await?;
        let asked = self.get("slow.example", "/page", "");
        for piece in asked.as_bytes().chunks(7) {
            told("sent", stream.write_all(piece).await)?;
            sleep(Duration::from_millis(self.random.below(4))).await;
        }
        self.lines("slow.example", 1);
        let (status, _) = answer(&mut stream).await?;
        expect(&format!("{status}"), status == 200)
    }

    /// Says at once that nothing more comes: whether it is answered is not asked here.
    async fn half_close(&mut self) -> Done {
        let mut stream = self.open().await?;
        told("sent", stream.write_all(self.get(HALF_CLOSED, "/page", "").as_bytes()).await)?;
        self.lines(HALF_CLOSED, 1);
        told("shut", stream.shutdown().await)?;
        let _ = until_end(&mut stream).await;
        Ok(())
    }

    async fn leaves_in_the_middle(&mut self) -> Done {
        let mut stream = self.open().await?;
        told("sent", stream.write_all(self.get("leaves.example", "/big", "").as_bytes()).await)?;
        self.lines("leaves.example", 1);
        let mut some = vec![0; 1 + self.random.below(100_000) as usize];
        told("read", stream.read_exact(&mut some).await)?;
        if self.random.below(2) == 0 {
            stream.breaks();
        }
        Ok(())
    }

    async fn leaves_while_it_stalls(&mut self) -> Done {
        let mut stream = self.open().await?;
        let path = format!("/stall/{}", self.turn);
        let came = self.ground.world.will_come(&path);
        told("sent", stream.write_all(self.get("stalls.example", &path, "").as_bytes()).await)?;
        self.lines("stalls.example", 1);
        told("it reaches the origin", patiently(came).await?)?;
        stream.breaks();
        Ok(())
    }

    async fn half_a_head(&mut self) -> Done {
        let mut stream = self.open().await?;
        let asked = self.get("never.example", "/", "");
        let length = 1 + self.random.below(asked.len() as u64 - 2) as usize;
        told("sent", stream.write_all(&asked.as_bytes()[..length]).await)?;
        match self.random.below(20) {
            // Until the door has enough of it.
            0 => drop(patiently(until_end(&mut stream)).await?),
            n if n % 2 == 0 => stream.breaks(),
            _ => {}
        }
        Ok(())
    }

    async fn garbage(&mut self) -> Done {
        let mut stream = self.open().await?;
        let length = 1 + self.random.below(3_000) as usize;
        let mut bytes = self.random.bytes(length);
        bytes.extend_from_slice(b"\r\n\r\n");
        // The door may have closed before it has read everything.
        let _ = stream.write_all(&bytes).await;
        let _ = until_end(&mut stream).await;
        Ok(())
    }

    async fn origin_fails(&mut self, host: &str, path: &str, expected: u16) -> Done {
        let mut stream = self.open().await?;
        told("sent", stream.write_all(self.get(host, path, "").as_bytes()).await)?;
        self.lines(host, 1);
        let (status, _) = answer(&mut stream).await?;
        expect(&format!("{status}"), status == expected)
    }

    async fn origin_says_too_little(&mut self) -> Done {
        let mut stream = self.open().await?;
        let path = if self.random.below(2) == 0 { "/short" } else { "/cut" };
        told("sent", stream.write_all(self.get("little.example", path, "").as_bytes()).await)?;
        self.lines("little.example", 1);
        match answer(&mut stream).await {
            // A reset can overtake the head.
            Err(_) => Ok(()),
            Ok((502, _)) if path == "/cut" => Ok(()),
            Ok((status, body)) => Err(format!("{status} and {} bytes look whole", body.len())),
        }
    }

    async fn origin_is_shut(&mut self) -> Done {
        let mut stream = self.open().await?;
        let (status, _) = connect(&mut stream, "shut.example", self.ground.world.shut).await?;
        self.lines("shut.example", 1);
        expect(&format!("{status}"), status == 502)
    }

    async fn tunnel(&mut self) -> Done {
        let stream = self.connected("tunnel.example", self.ground.world.plain).await?;
        self.lines("tunnel.example", TUNNEL);
        let length = 1 + self.random.below(200_000) as usize;
        let bytes = self.random.bytes(length);
        let (mut read, mut write) = stream.into_split();
        let sent = bytes.clone();
        let sending = tokio::spawn(async move {
            write.write_all(b"ECHO\n").await?;
            write.write_all(&sent).await?;
            write.shutdown().await
        });
        let mut back = Vec::new();
        told("read", patiently(read.read_to_end(&mut back)).await?)?;
        told("sent", sending.await.expect("it does not panic"))?;
        expect(&format!("{} bytes of {length} came back", back.len()), back == bytes)
    }

    async fn tunnel_breaks(&mut self) -> Done {
        let mut stream = self.connected("tunnel.example", self.ground.world.plain).await?;
        self.lines("tunnel.example", TUNNEL);
        let length = 1 + self.random.below(100_000) as usize;
        let bytes = self.random.bytes(length);
        told("sent", stream.write_all(b"ECHO\n").await)?;
        let _ = tokio::time::timeout(Duration::from_millis(50), stream.write_all(&bytes)).await;
        match self.random.below(3) {
            0 => {}
            1 => sleep(Duration::from_millis(self.random.below(300))).await,
            _ => drop(patiently(stream.read(&mut [0; 512])).await?),
        }
        stream.breaks();
        Ok(())
    }

    async fn tunnel_is_broken(&mut self) -> Done {
        let mut stream = self.connected("tunnel.example", self.ground.world.plain).await?;
        self.lines("tunnel.example", TUNNEL);
        told("sent", stream.write_all(b"DROP\n").await)?;
        let _ = stream.write_all(&[b'x'; 10_000]).await;
        let _ = until_end(&mut stream).await;
        Ok(())
    }

    /// Where the network looks inside, a page waits within TLS: whoever says nothing is written down as well.
    async fn tunnel_to_what_is_blocked(&mut self) -> Done {
        let mut stream = self.connected(BLOCKED, self.ground.world.tls).await?;
        self.lines(BLOCKED, 1);
        let length = self.random.below(50) as usize;
        let bytes = self.random.bytes(length);
        let _ = stream.write_all(&bytes).await;
        if self.random.below(2) == 0 {
            stream.breaks();
        }
        Ok(())
    }

    /// CONNECT to one host that opens with the name of another.
    async fn other_name(&mut self) -> Done {
        let stream = self.connected("asked.example", self.ground.world.tls).await?;
        self.lines("asked.example", 1);
        self.lines("hidden.example", 1);
        let name = "hidden.example".try_into().expect("a name");
        let connecting = TlsConnector::from(self.ground.tls(true, b"http/1.1")).connect(name, stream);
        let refused = patiently(connecting).await?;
        expect("it is refused", refused.is_err())
    }

    /// Never looked into: the origin's own certificate is what is shown.
    async fn bank(&mut self) -> Done {
        let mut stream = self.secured(BANK, false, b"http/1.1").await?;
        self.lines(BANK, 1);
        let asked = format!("GET /page HTTP/1.1\r\nHost: {BANK}\r\n\r\n");
        told("sent", stream.write_all(asked.as_bytes()).await)?;
        let (status, body) = answer(&mut stream).await?;
        expect(&format!("{status}"), status == 200 && body.len() == PAGE)
    }

    fn within(&self, host: &str, path: &str, more: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nHost: {host}:{}\r\n{more}\r\n", self.ground.world.tls)
    }

    async fn inside(&mut self) -> Done {
        let mut stream = self.secured("inside.example", true, b"http/1.1").await?;
        self.lines("inside.example", 11);
        for n in 0..10 {
            let asked = self.within("inside.example", &format!("/page/{n}"), "");
            told("sent", stream.write_all(asked.as_bytes()).await)?;
            let (status, body) = answer(&mut stream).await?;
            expect(&format!("{status}"), status == 200 && body.len() == PAGE)?;
        }
        Ok(())
    }

    /// Sixteen requests beside one another, of which some are taken back.
    async fn inside_http2(&mut self) -> Done {
        let stream = self.secured("two.example", true, b"h2").await?;
        self.lines("two.example", 1);
        let http = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (sender, connection) = told("HTTP/2", http.await)?;
        let driver = tokio::spawn(connection);
        let mut asked = Vec::new();
        for n in 0..16 {
            let (mut sender, ground) = (sender.clone(), self.ground.clone());
            let (path, leaves) = if self.random.below(8) == 0 { ("big", true) } else { ("page", false) };
            let uri = format!("https://two.example:{}/{path}/{n}", ground.world.tls);
            let uri = if leaves { uri.replace("/big/", "/big?") } else { uri };
            asked.push(tokio::spawn(async move {
                let request = Request::get(uri).body(Empty::<Bytes>::new()).expect("a request");
                let response = told("an answer", sender.send_request(request).await)?;
                *ground.lines.lock().expect("nobody panicked").entry("two.example".into()).or_default() += 1;
                expect(&format!("{}", response.status()), response.status() == 200)?;
                if leaves {
                    return Ok(());
                }
                let body = told("a body", response.into_body().collect().await)?.to_bytes();
                expect(&format!("{} bytes", body.len()), body.len() == PAGE)
            }));
        }
        for one in asked {
            patiently(one).await?.expect("it does not panic")?;
        }
        drop(sender);
        if self.random.below(2) == 0 {
            driver.abort();
        }
        let _ = patiently(driver).await?;
        Ok(())
    }

    async fn inside_blocked(&mut self) -> Done {
        let mut stream = self.secured(BLOCKED, true, b"http/1.1").await?;
        for _ in 0..3 {
            let asked = self.within(BLOCKED, "/tables", "Accept: text/html\r\n");
            told("sent", stream.write_all(asked.as_bytes()).await)?;
            self.lines(BLOCKED, 1);
            let (status, _) = answer(&mut stream).await?;
            expect(&format!("{status}"), status == 403)?;
        }
        Ok(())
    }

    async fn inside_socket(&mut self) -> Done {
        let mut stream = self.secured("socket.example", true, b"http/1.1").await?;
        self.lines("socket.example", 2);
        let asked = self.within("socket.example", "/socket", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
        told("sent", stream.write_all(asked.as_bytes()).await)?;
        let (status, _) = answer(&mut stream).await?;
        expect(&format!("{status}"), status == 101)?;
        let length = 1 + self.random.below(20_000) as usize;
        let bytes = self.random.bytes(length);
        told("sent", stream.write_all(&bytes).await)?;
        let mut back = vec![0; length];
        told("an echo", patiently(stream.read_exact(&mut back)).await?)?;
        expect("what was sent", back == bytes)?;
        match self.random.below(3) {
            0 => stream.breaks(),
            1 => told("shut", stream.shutdown().await)?,
            _ => {}
        }
        Ok(())
    }

    async fn inside_expired(&mut self) -> Done {
        let mut stream = self.secured("expired.example", true, b"http/1.1").await?;
        self.lines("expired.example", 2);
        told("sent", stream.write_all(self.within("expired.example", "/", "").as_bytes()).await)?;
        let (status, _) = answer(&mut stream).await?;
        expect(&format!("{status}"), status == 502)
    }

    async fn inside_turned_away(&mut self) -> Done {
        let host = format!("app{}.example", self.turn % 700);
        let refused = self.secured(&host, false, b"http/1.1").await;
        self.lines(&host, 1);
        expect("our certificate is turned away", refused.is_err())
    }

    /// Goes at one of several moments: before a hello, in the middle of it, after the handshake, with garbage, while it stalls.
    async fn inside_breaks(&mut self) -> Done {
        let host = "breaks.example";
        match self.random.below(5) {
            0 => {
                let stream = self.connected(EARLY, self.ground.world.tls).await?;
                self.lines(EARLY, 1);
                stream.breaks();
            }
            1 => {
                let mut stream = self.connected(EARLY, self.ground.world.tls).await?;
                self.lines(EARLY, 1);
                let _ = stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 7, 7, 7]).await;
                if self.random.below(2) == 0 {
                    stream.breaks();
                }
            }
            2 => {
                let stream = self.secured(host, true, b"http/1.1").await?;
                self.lines(host, 1);
                stream.breaks();
            }
            3 => {
                let mut stream = self.secured(host, true, b"http/1.1").await?;
                self.lines(host, 1);
                let bytes = self.random.bytes(500);
                let _ = stream.write_all(&bytes).await;
                let _ = stream.write_all(b"\r\n\r\n").await;
                let _ = until_end(&mut stream).await;
            }
            _ => {
                let mut stream = self.secured(host, true, b"http/1.1").await?;
                self.lines(host, 2);
                let path = format!("/stall/{}", self.turn);
                let came = self.ground.world.will_come(&path);
                told("sent", stream.write_all(self.within(host, &path, "").as_bytes()).await)?;
                told("it reaches the origin", patiently(came).await?)?;
                stream.breaks();
            }
        }
        Ok(())
    }

    /// Stays for as long as it is let: half a head, a silent tunnel, an origin that never speaks TLS.
    pub async fn stays(&mut self, until: impl Future<Output = ()>) -> Done {
        match self.turn % 3 {
            0 => {
                let mut stream = self.open().await?;
                told("sent", stream.write_all(b"GET http://never.example/ HTTP/1.1\r\nHost: x\r\nX: ").await)?;
                let _ = until_end(&mut stream).await;
            }
            1 => {
                let mut stream = self.connected("tunnel.example", self.ground.world.plain).await?;
                self.lines("tunnel.example", TUNNEL);
                told("sent", stream.write_all(b"ECHO\nx").await)?;
                told("an echo", patiently(stream.read_u8()).await?)?;
                until.await;
            }
            _ => {
                let stream = self.connected("silent.example", self.ground.world.tls).await?;
                self.lines("silent.example", 1);
                let name = "silent.example".try_into().expect("a name");
                let connecting = TlsConnector::from(self.ground.tls(true, b"http/1.1")).connect(name, stream);
                let mut shown = told("a page in its place", patiently(connecting).await?)?;
                self.lines("silent.example", 1);
                told("sent", shown.write_all(self.within("silent.example", "/", "").as_bytes()).await)?;
                let (status, _) = answer(&mut shown).await?;
                expect(&format!("{status}"), status == 502)?;
            }
        }
        Ok(())
    }
}

async fn connect(stream: &mut TcpStream, host: &str, port: u16) -> Result<(u16, Vec<u8>), String> {
    let asked = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
    told("sent", stream.write_all(asked.as_bytes()).await)?;
    answer_to(stream, true).await
}

/// Status and body of one answer.
async fn answer(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(u16, Vec<u8>), String> {
    answer_to(stream, false).await
}

async fn answer_to(stream: &mut (impl AsyncRead + Unpin), connect: bool) -> Result<(u16, Vec<u8>), String> {
    patiently(read_answer(stream, connect)).await?
}

async fn read_answer(stream: &mut (impl AsyncRead + Unpin), connect: bool) -> Result<(u16, Vec<u8>), String> {
    let mut bytes = Vec::with_capacity(4096);
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        if told("a head", stream.read_buf(&mut bytes).await)? == 0 {
            return Err(format!("it closed after {:?}", String::from_utf8_lossy(&bytes)));
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status = head.get(9..12).and_then(|s| s.parse().ok()).ok_or_else(|| format!("no status in {head}"))?;
    let mut body = bytes.split_off(end);
    if status == 101 || connect && status == 200 {
        return Ok((status, body));
    }
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok()).unwrap_or(0);
    while body.len() < length {
        if told("a body", stream.read_buf(&mut body).await)? == 0 {
            return Err(format!("it closed after {} of {length} bytes", body.len()));
        }
    }
    Ok((status, body))
}

async fn until_end(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    told("read", patiently(stream.read_to_end(&mut all)).await?)?;
    Ok(all)
}

/// Large answers are larger than what fits between.
const _: () = assert!(BIG > 1 << 20);
