//! The origin of every run: pages of ten kilobytes, texts, and as many octets as are asked for; as they are, and over TLS.

use super::secure;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::spawn_local;

/// Octets of a page.
pub const PAGE: usize = 10 * 1024;

/// What a tunnel is answered with when its client has said hello.
pub const HELLO_ANSWER: usize = 1024;

/// Addresses that the names lead to in turn. To one address there are 28,000 ports to go from: at the rates of a run, a server would
/// be measured by how the kernel looks for one that is free.
pub const ADDRESSES: u32 = 8;

/// The origin of this number, `first` being that of 0.
pub fn at(first: SocketAddr, number: u32) -> SocketAddr {
    match first.ip() {
        IpAddr::V4(v4) => SocketAddr::new(Ipv4Addr::from_bits(v4.to_bits() + number % ADDRESSES).into(), first.port()),
        IpAddr::V6(_) => first,
    }
}

/// Asks for so many octets, after the hello.
pub fn wanted(octets: u64) -> [u8; 9] {
    let mut asked = [b'B'; 9];
    asked[1..].copy_from_slice(&octets.to_be_bytes());
    asked
}

/// Where it listens, each on a port of its own.
#[derive(Clone, Copy)]
pub struct Origin {
    pub plain: SocketAddr,
    /// Over TLS, without tickets: every connection has a whole handshake.
    pub whole: SocketAddr,
    /// Over TLS, whose sessions are resumed.
    pub resumed: SocketAddr,
}

/// Answers for ever. `home` holds its authority (`world.pem`, `world.key`) and its texts (`text/NAME`).
pub fn serve(at: Origin, home: &Path) {
    let texts: Rc<HashMap<String, Vec<u8>>> = Rc::new(texts(&home.join("text")));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        for (address, tickets) in [(at.whole, false), (at.resumed, true)] {
            let (listener, acceptor, texts) = (listen(address), secure::acceptor(home, tickets), texts.clone());
            spawn_local(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (accepting, texts) = (acceptor.accept(stream), texts.clone());
                    spawn_local(async move { answer(accepting.await?, texts).await });
                }
            });
        }
        let listener = listen(at.plain);
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                spawn_local(answer(stream, texts.clone()));
            }
        }
    });
}

/// On all addresses.
fn listen(at: SocketAddr) -> TcpListener {
    let listener = tokio::net::TcpSocket::new_v4().expect("a socket");
    listener.set_reuseaddr(true).expect("set");
    // What is accepted has it from here.
    listener.set_nodelay(true).expect("set");
    listener.bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), at.port())).expect("the address");
    listener.listen(4096).expect("it listens")
}

fn texts(folder: &Path) -> HashMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| (file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path()).expect("a text"))).collect()
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, texts: Rc<HashMap<String, Vec<u8>>>) -> std::io::Result<()> {
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n");
    let page = [head(PAGE).as_bytes(), &vec![b'x'; PAGE]].concat();
    let block = vec![7; 256 * 1024];
    let mut said = Vec::with_capacity(4096);
    let mut hello = false;
    loop {
        if stream.read_buf(&mut said).await? == 0 {
            return Ok(());
        }
        let mut left = 0;
        match said.first() {
            Some(b'G') if said.ends_with(b"\r\n\r\n") => {
                let asked = String::from_utf8_lossy(&said);
                let path = asked.split(' ').nth(1).unwrap_or_default();
                // `http://` before it, from a proxy that asks as it was asked.
                let (kind, name) = path.rsplit_once('/').unwrap_or_default();
                if kind.ends_with("/octets") {
                    left = name.parse().unwrap_or(0);
                    stream.write_all(head(left).as_bytes()).await?;
                } else if let Some(text) = texts.get(name).filter(|_| kind.ends_with("/text")) {
                    stream.write_all(&[head(text.len()).as_bytes(), text].concat()).await?;
                } else {
                    stream.write_all(&page).await?;
                }
            }
            Some(0x16) if !hello => {
                hello = true;
                stream.write_all(&block[..HELLO_ANSWER]).await?;
            }
            Some(b'B') if said.len() >= 9 => left = said[1..9].iter().fold(0, |n, b| n << 8 | usize::from(*b)),
            _ => continue,
        }
        while left > 0 {
            left -= stream.write(&block[..left.min(block.len())]).await?;
        }
        stream.flush().await?;
        said.clear();
    }
}
