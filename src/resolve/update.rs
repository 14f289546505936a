//! Dynamic updates (RFC 2136) of the school's own zones, passed through as they came: a signature (RFC 8945) is over every octet.

use crate::wire::HEADER;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// How long the zone's server may take. The client sends a lost update again itself: who repeated it here might do it twice.
const PATIENCE: Duration = Duration::from_secs(3);

/// Passes an update on by the way it came, and brings what the server says. `None`: it says nothing.
pub async fn pass(bytes: &[u8], to: SocketAddr, tcp: bool) -> Option<Vec<u8>> {
    let said = async { if tcp { over_tcp(bytes, to).await } else { over_udp(bytes, to).await } };
    let said = timeout(PATIENCE, said).await.ok()?;
    said.inspect_err(|fault| tracing::debug!(%to, %fault, "a dynamic update could not be passed on")).ok()
}

async fn over_udp(bytes: &[u8], to: SocketAddr) -> std::io::Result<Vec<u8>> {
    let any = if to.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(to).await?;
    socket.send(bytes).await?;
    let mut said = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut said).await?;
        if answers(bytes, &said[..length]) {
            said.truncate(length);
            return Ok(said);
        }
    }
}

async fn over_tcp(bytes: &[u8], to: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(to).await?;
    let length = u16::try_from(bytes.len()).map_err(std::io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
    let mut said = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut said).await?;
    if answers(bytes, &said) { Ok(said) } else { Err(std::io::ErrorKind::InvalidData.into()) }
}

/// Whether it is an answer with the id and the opcode of what was sent.
fn answers(sent: &[u8], said: &[u8]) -> bool {
    let head = |bytes: &[u8]| Some((*bytes.first_chunk::<2>()?, bytes.get(2)? & 0x78));
    said.len() >= HEADER && said[2] & 0x80 != 0 && head(sent) == head(said)
}
