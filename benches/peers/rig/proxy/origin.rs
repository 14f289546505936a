//! The origin of every run: pages of ten kilobytes, and as many octets through a tunnel as are asked for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
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

/// Answers for ever.
pub fn serve(address: SocketAddr) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let listener = tokio::net::TcpSocket::new_v4().expect("a socket");
        listener.set_reuseaddr(true).expect("set");
        listener.bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port())).expect("the address");
        let listener: TcpListener = listener.listen(4096).expect("it listens");
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                spawn_local(answer(stream));
            }
        }
    });
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {PAGE}\r\n\r\n");
    let page = [head.as_bytes(), &vec![b'x'; PAGE]].concat();
    let block = vec![7; 256 * 1024];
    let mut said = Vec::with_capacity(4096);
    let mut hello = false;
    loop {
        if stream.read_buf(&mut said).await? == 0 {
            return Ok(());
        }
        match said.first() {
            Some(b'G') if said.ends_with(b"\r\n\r\n") => stream.write_all(&page).await?,
            Some(0x16) if !hello => {
                hello = true;
                stream.write_all(&block[..HELLO_ANSWER]).await?;
            }
            Some(b'B') if said.len() >= 9 => {
                let mut left = said[1..9].iter().fold(0, |n, b| n << 8 | usize::from(*b));
                while left > 0 {
                    left -= stream.write(&block[..left.min(block.len())]).await?;
                }
            }
            _ => continue,
        }
        said.clear();
    }
}
