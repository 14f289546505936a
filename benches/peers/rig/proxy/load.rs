//! The load: one thread, clients with addresses of their own, the next when one is done.

use super::origin::{HELLO_ANSWER, at, wanted};
use super::texts::{END_OF_EVERYTHING, EVERYTHING, KINDS, OF_A_KIND};
use super::within;
use nix::libc;
use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Clients: from [`Target::from`] up, of which none has more connections than a school's device.
const SOURCES: u32 = 100;

/// Names that are asked for in turn.
pub const HOSTS: u32 = 100;

/// What is asked, and how.
#[derive(Clone, Copy, PartialEq)]
pub enum Asked {
    /// A tunnel, until its 200.
    Connect,
    /// A tunnel, a ClientHello through it, and its answer.
    Hello,
    /// A page, on connections that are kept.
    Page,
    /// A page that is scored, of this kind.
    Text(usize),
    /// A tunnel that is looked into, and a page within it; with a session of before, or without.
    Within { resumed: bool },
}

/// Whom it goes to.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    /// Where everything leads.
    pub origin: SocketAddr,
    pub way: Way,
    /// Where clients come from, the first of them.
    pub from: [u8; 4],
}

#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    /// No proxy.
    Direct,
    /// A proxy that is asked for names, or for addresses because it has no file of names of its own.
    Names,
    Addresses,
}

/// What became of a run.
#[derive(Default, Clone)]
pub struct Tally {
    pub done: u64,
    pub failed: u64,
    /// Of those done, those that went on with a session of before.
    pub resumed: u64,
    pub seconds: f64,
    latencies: Vec<u32>,
}

impl Tally {
    pub fn per_second(&self) -> f64 {
        self.done as f64 / self.seconds
    }

    /// In microseconds.
    pub fn p50_us(&self) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).map_or(0.0, |ns| f64::from(*ns) / 1e3)
    }
}

impl Target {
    pub fn host(&self, number: u32) -> String {
        match self.way {
            Way::Addresses => at(self.origin, number).ip().to_string(),
            _ => name(number % HOSTS),
        }
    }

    /// A connection over which bytes reach the origin.
    pub async fn reach(&self, number: u32) -> io::Result<TcpStream> {
        let to = if self.way == Way::Direct { at(self.address, number) } else { self.address };
        let mut stream = open(to, self.from, number).await?;
        if self.way != Way::Direct {
            let (host, port) = (self.host(number), self.origin.port());
            let head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: load\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let mut said = Vec::with_capacity(1024);
            let end = head_end(&mut stream, &mut said).await?;
            if said.get(9..12) != Some(b"200") || said.len() != end {
                return Err(io::Error::other(String::from_utf8_lossy(&said).into_owned()));
            }
        }
        Ok(stream)
    }
}

pub fn name(number: u32) -> String {
    format!("h{number}.origin.example")
}

/// From an address of this client's own; the port is chosen when it is known where it leads.
async fn open(to: SocketAddr, from: [u8; 4], number: u32) -> io::Result<TcpStream> {
    const IP_BIND_ADDRESS_NO_PORT: libc::c_int = 24;
    let socket = TcpSocket::new_v4()?;
    let on: libc::c_int = 1;
    // SAFETY: the option's value is an int that lives here.
    unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_IP, IP_BIND_ADDRESS_NO_PORT, (&raw const on).cast(), 4);
    }
    socket.bind(SocketAddr::new(Ipv4Addr::from_bits(u32::from_be_bytes(from) + number % SOURCES).into(), 0))?;
    // Each says what it says in one write, and waits for the answer: nothing is held back, and the load is as light as it can be.
    socket.connect(to).await
}

pub async fn head_end(stream: &mut (impl AsyncRead + Unpin), said: &mut Vec<u8>) -> io::Result<usize> {
    loop {
        if let Some(end) = memchr::memmem::find(said, b"\r\n\r\n") {
            return Ok(end + 4);
        }
        if stream.read_buf(said).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn page(kept: &mut Option<TcpStream>, target: &Target, number: u32, path: &str, said: &mut Vec<u8>) -> io::Result<()> {
    let mut stream = match kept.take() {
        Some(stream) => stream,
        None => open(target.address, target.from, number).await?,
    };
    let host = format!("{}:{}", target.host(number), target.origin.port());
    let before = if target.way == Way::Direct { String::new() } else { format!("http://{host}") };
    let head = format!("GET {before}/{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: load\r\nAccept: text/html\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let head = whole(&mut stream, said).await?;
    *kept = (head.contains("content-length: ") && !head.contains("connection: close")).then_some(stream);
    Ok(())
}

/// Reads an answer to its end, and gives its head.
pub async fn whole(stream: &mut (impl AsyncRead + Unpin), said: &mut Vec<u8>) -> io::Result<String> {
    said.clear();
    let end = head_end(stream, said).await?;
    let head = String::from_utf8_lossy(&said[..end]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()?.parse::<usize>().ok());
    let ok = head.contains(" 200 ");
    // Who scores a page may send it on without its length, and one of its own too: the end is then where it closes (RFC 9112 §6.3).
    let length = match length {
        Some(length) if ok => length,
        None if ok && !head.contains("transfer-encoding: ") => usize::MAX,
        _ => return Err(io::Error::other(head)),
    };
    while said.len() - end < length {
        match stream.read_buf(said).await? {
            0 if length == usize::MAX => break,
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => {}
        }
    }
    Ok(head)
}

/// So many clients at once, each with the next when one is done.
pub fn load(target: &Target, asked: Asked, clients: u32, length: Duration, hello: &[u8]) -> Tally {
    let tally = Rc::new(RefCell::new(Tally::default()));
    let begun = Instant::now();
    let connector = within::connector(asked == Asked::Within { resumed: true });
    run(async {
        let each = (0..clients).map(|client| {
            let (target, tally, hello, connector) = (target.clone(), tally.clone(), hello.to_vec(), connector.clone());
            tokio::task::spawn_local(async move {
                let (mut kept, mut said, mut number) = (None, Vec::with_capacity(64 << 10), client);
                while begun.elapsed() < length {
                    let since = Instant::now();
                    let done = match asked {
                        Asked::Connect => target.reach(number).await.map(drop),
                        Asked::Hello => said_hello(&target, number, &hello).await.map(drop),
                        Asked::Page => page(&mut kept, &target, client, "page", &mut said).await,
                        Asked::Text(kind) => {
                            let path = format!("text/{}-{}", KINDS[kind].0, number as usize % OF_A_KIND);
                            page(&mut kept, &target, client, &path, &mut said).await
                        }
                        Asked::Within { .. } => match within::page(&target, number, &connector, &mut said).await {
                            Ok(resumed) => {
                                tally.borrow_mut().resumed += u64::from(resumed);
                                Ok(())
                            }
                            Err(fault) => Err(fault),
                        },
                    };
                    let took = since.elapsed().as_nanos().min(u128::from(u32::MAX)) as u32;
                    number = number.wrapping_add(clients);
                    let failed = done.is_err();
                    {
                        let mut tally = tally.borrow_mut();
                        match done {
                            Ok(()) => {
                                tally.done += 1;
                                tally.latencies.push(took);
                            }
                            Err(fault) => {
                                if tally.failed == 0 {
                                    println!("  failed: {fault}");
                                }
                                tally.failed += 1;
                            }
                        }
                    }
                    if failed {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            })
        });
        for each in each.collect::<Vec<_>>() {
            let _ = tokio::time::timeout(Duration::from_secs(10), each).await;
        }
    });
    let mut tally = tally.take();
    tally.seconds = begun.elapsed().as_secs_f64();
    tally
}

async fn said_hello(target: &Target, number: u32, hello: &[u8]) -> io::Result<TcpStream> {
    let mut stream = target.reach(number).await?;
    stream.write_all(hello).await?;
    let mut answer = [0; HELLO_ANSWER];
    stream.read_exact(&mut answer).await?;
    Ok(stream)
}

/// Gigabytes a second of one download.
pub fn bulk(target: &Target, octets: u64, hello: &[u8]) -> io::Result<f64> {
    run(async {
        let mut stream = said_hello(target, 0, hello).await?;
        stream.write_all(&wanted(octets)).await?;
        let (begun, mut left, mut into) = (Instant::now(), octets, vec![0; 256 * 1024]);
        while left > 0 {
            match stream.read(&mut into).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => left -= read as u64,
            }
        }
        Ok(octets as f64 / 1e9 / begun.elapsed().as_secs_f64())
    })
}

/// Holds so many tunnels, on which nothing moves any more, while `look` looks. How many there are.
pub fn idle(target: &Target, count: u32, hello: &[u8], look: impl FnOnce()) -> usize {
    run(async {
        let mut held = Vec::new();
        for number in 0..count {
            let opened = tokio::time::timeout(Duration::from_secs(5), said_hello(target, number, hello)).await;
            match opened {
                Ok(Ok(stream)) => held.push(stream),
                _ if held.len() < number as usize / 2 => break,
                _ => {}
            }
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        look();
        held.len()
    })
}

/// Waits until it answers.
pub fn wait(target: &Target, most: Duration) -> bool {
    let begun = Instant::now();
    run(async {
        while begun.elapsed() < most {
            if let Ok(Ok(_)) = tokio::time::timeout(Duration::from_secs(2), target.reach(0)).await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    })
}

/// Whether the page of all phrases is refused, by a page of the server's own, and another page is passed.
pub fn refuses_phrases(target: &Target) -> bool {
    run(async {
        let passes = async |name: String, octets: usize| {
            let (mut said, mut kept, path) = (Vec::new(), None, format!("text/{name}"));
            let asked = page(&mut kept, target, 0, &path, &mut said);
            match tokio::time::timeout(Duration::from_secs(20), asked).await {
                Ok(Ok(())) => Some(said.len() >= octets && (octets > 0 || said.ends_with(END_OF_EVERYTHING))),
                Ok(Err(fault)) => fault.to_string().contains(" 403 ").then_some(false),
                Err(_) => None,
            }
        };
        let (kind, octets) = KINDS[0];
        passes(format!("{kind}-0"), octets).await == Some(true) && passes(EVERYTHING.into(), 0).await == Some(false)
    })
}

/// Whether a tunnel to this name is refused.
pub fn refuses(target: &Target, listed: &str) -> bool {
    run(async {
        let Ok(mut stream) = open(target.address, target.from, 0).await else { return false };
        let head = format!("CONNECT {listed}:443 HTTP/1.1\r\nHost: {listed}:443\r\n\r\n");
        let mut said = Vec::new();
        let answered = async {
            stream.write_all(head.as_bytes()).await?;
            head_end(&mut stream, &mut said).await
        };
        // e2guardian says 200 and then closes, or sends a page.
        matches!(tokio::time::timeout(Duration::from_secs(5), answered).await, Ok(Ok(_))) && said.get(9..12) == Some(b"403")
    })
}

pub fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, future)
}
