//! Another proxy between this one and the internet, which some schools must use: asked in absolute form, tunnels with CONNECT.

use super::Proxy;
use super::dial::{Dialled, Unreached};
use super::race;
use super::request::{Asked, Form};
use crate::config::Parent;
use crate::resolve::ResolveFault;
use crate::words::Host;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long it may take to open a tunnel: it resolves and connects for us.
const WAIT: Duration = Duration::from_secs(30);

/// Longest head of its answer to CONNECT.
const MAX_ANSWER: usize = 8 * 1024;

/// A connection to it; of a tunnel, to what lies behind it.
pub async fn reach(proxy: &Proxy, parent: &Parent, asked: &Asked, host: Host) -> Result<Dialled, Unreached> {
    let found = proxy.resolver.leads_to(&parent.host).await.map_err(|fault| match fault {
        ResolveFault::NoSuchName | ResolveFault::NoAddress => Unreached::NoSuchName,
        _ => Unreached::Unresolved,
    })?;
    let addresses: Vec<SocketAddr> = found.addresses.iter().take(4).map(|ip| SocketAddr::new(*ip, parent.port)).collect();
    let (mut stream, address) = race::connect(&addresses).await?;
    if matches!(asked.form, Form::Tunnel | Form::Inside) {
        timeout(WAIT, through(&mut stream, &authority(&host, asked.port))).await.map_err(|_| Unreached::TimedOut)??;
    }
    Ok(Dialled { stream, address, by_parent: true })
}

fn authority(host: &Host, port: u16) -> String {
    match host.address() {
        Some(ip) => SocketAddr::new(ip, port).to_string(),
        None => format!("{host}:{port}"),
    }
}

/// Asks for a tunnel, and reads the answer up to its last octet and not beyond: what follows is the origin's.
async fn through(stream: &mut TcpStream, authority: &str) -> Result<(), Unreached> {
    let asked = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.map_err(Unreached::Failed)?;
    let mut head = Vec::new();
    let mut some = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        let seen = stream.peek(&mut some).await.map_err(Unreached::Failed)?;
        if seen == 0 || head.len() > MAX_ANSWER {
            return Err(Unreached::Failed(io::Error::other("the proxy above gave no answer that can be read")));
        }
        let before = head.len();
        head.extend_from_slice(&some[..seen]);
        // The end may have begun in what was taken before.
        let from = before.saturating_sub(3);
        let end = memchr::memmem::find(&head[from..], b"\r\n\r\n").map_or(head.len(), |at| from + at + 4);
        head.truncate(end);
        stream.read_exact(&mut some[..end - before]).await.map_err(Unreached::Failed)?;
    }
    match head.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5)) {
        Some([b'2', _, _]) => Ok(()),
        Some(status) => {
            let status = String::from_utf8_lossy(status).into_owned();
            Err(Unreached::Failed(io::Error::other(format!("the proxy above answered {status}"))))
        }
        None => Err(Unreached::Failed(io::Error::other("the proxy above gave no answer that can be read"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn the_answer_to_connect_is_read_to_its_end_and_not_beyond() {
        for (answer, rest) in [
            (&["HTTP/1.1 200 OK\r\n\r\n"][..], Ok("")),
            (&["HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\nearly"], Ok("early")),
            (&["HTTP/1.1 200 OK\r\nA: b\r", "\n", "\r", "\n220 smtp"], Ok("220 smtp")),
            (&["HTTP/1.1 403 Forbidden\r\n\r\n"], Err("answered 403")),
            (&["SSH-2.0-x\r\n\r\n"], Err("no answer that can be read")),
            (&["HTTP/1.1 200 OK\r\n"], Err("no answer that can be read")),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let mut stream = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("it listens");
            let (mut far, _) = listener.accept().await.expect("it came");
            let parts: Vec<&str> = answer.to_vec();
            let answering = tokio::spawn(async move {
                let _ = far.set_nodelay(true);
                for part in parts {
                    far.write_all(part.as_bytes()).await.expect("sent");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                let mut asked = vec![0; 200];
                let read = far.read(&mut asked).await.expect("read");
                String::from_utf8_lossy(&asked[..read]).into_owned()
            });
            let opened = through(&mut stream, "a.example:443").await;
            let asked = answering.await.expect("it ran");
            assert_eq!(asked, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n");
            match (opened, rest) {
                (Ok(()), Ok(rest)) => {
                    let mut left = String::new();
                    stream.read_to_string(&mut left).await.expect("read");
                    assert_eq!(left, rest);
                }
                (Err(fault), Err(why)) => assert!(fault.to_string().contains(why), "{fault}"),
                (opened, _) => panic!("{answer:?}: {:?}", opened.err()),
            }
        }
    }
}
