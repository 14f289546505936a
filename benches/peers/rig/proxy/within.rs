//! What is asked for within TLS that is looked into.

pub use super::secure::connector;

use super::load::{Target, run, whole};
use rustls::HandshakeKind;
use rustls::pki_types::ServerName;
use std::io;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

async fn open(target: &Target, number: u32, connector: &TlsConnector) -> io::Result<TlsStream<TcpStream>> {
    let stream = target.reach(number).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(target.host(number)).map_err(io::Error::other)?;
    connector.connect(name, stream).await
}

fn asked(target: &Target, number: u32, path: &str) -> String {
    format!("GET /{path} HTTP/1.1\r\nHost: {}:{}\r\nUser-Agent: load\r\n\r\n", target.host(number), target.origin.port())
}

/// A connection, a page on it, and its end. Says whether it went on with a session of before.
pub async fn page(target: &Target, number: u32, connector: &TlsConnector, said: &mut Vec<u8>) -> io::Result<bool> {
    let mut stream = open(target, number, connector).await?;
    stream.write_all(asked(target, number, "page").as_bytes()).await?;
    whole(&mut stream, said).await?;
    let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
    let _ = stream.shutdown().await;
    Ok(resumed)
}

/// Gigabytes a second of one download.
pub fn bulk(target: &Target, octets: u64) -> io::Result<f64> {
    run(async {
        let mut stream = open(target, 0, &connector(false)).await?;
        stream.write_all(asked(target, 0, &format!("octets/{octets}")).as_bytes()).await?;
        let (begun, mut left, mut into) = (Instant::now(), octets, vec![0; 256 * 1024]);
        // The head is some hundred octets of it.
        while left > 4096 {
            match stream.read(&mut into).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => left = left.saturating_sub(read as u64),
            }
        }
        Ok(octets as f64 / 1e9 / begun.elapsed().as_secs_f64())
    })
}
