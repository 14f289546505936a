//! The measure of tunnels: the least that a relay must do, with one thread of tokio and nothing judged or written down.

use super::origin::at;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

/// Carries for ever, to the origins in turn whatever is asked for.
pub fn serve(address: SocketAddr, origin: SocketAddr) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let listener = TcpListener::bind(address).await.expect("the address");
        for number in 0.. {
            let Ok((client, _)) = listener.accept().await else { continue };
            spawn_local(carry(client, at(origin, number)));
        }
    });
}

async fn carry(mut client: TcpStream, origin: SocketAddr) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut head = Vec::with_capacity(2048);
    while !head.ends_with(b"\r\n\r\n") {
        if client.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let mut origin = TcpStream::connect(origin).await?;
    origin.set_nodelay(true)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut origin).await.map(drop)
}
