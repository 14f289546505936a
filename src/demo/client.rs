//! A machine of the made-up school: asks and browses from its own loopback address.

use super::week::{Doing, Manner};
use crate::words::{Host, Name};
use socket2::{Domain, Socket, Type};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// Longest wait for the doors. They answer in well under a millisecond; a demo that hangs should say so.
const PATIENCE: Duration = Duration::from_secs(5);

/// Every machine of the school, each with the socket it asks from.
pub struct Clients {
    dns: SocketAddr,
    proxy: SocketAddr,
    origin_port: u16,
    asking: HashMap<IpAddr, UdpSocket>,
    next_id: u16,
}

/// What a machine was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Answered,
    Refused,
}

impl Clients {
    pub fn new(dns: SocketAddr, proxy: SocketAddr, origin_port: u16) -> Self {
        Self { dns, proxy, origin_port, asking: HashMap::new(), next_id: 0 }
    }

    /// Does one thing from one address, and waits for the answer.
    ///
    /// # Errors
    /// If a door does not answer.
    pub fn act(&mut self, from: IpAddr, doing: &Doing) -> io::Result<Heard> {
        match doing {
            Doing::Ask(host) => self.ask(from, host),
            Doing::Browse { host, path, manner } => self.browse(from, host, path, *manner),
            Doing::Tunnel(host) => self.tunnel(from, host),
        }
    }

    fn ask(&mut self, from: IpAddr, host: &Host) -> io::Result<Heard> {
        self.next_id = self.next_id.wrapping_add(1);
        let id = self.next_id.to_be_bytes();
        let mut query = vec![id[0], id[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        query.extend_from_slice(Name::from(host).wire());
        query.extend_from_slice(&[0, 1, 0, 1]);
        if !self.asking.contains_key(&from) {
            let socket = UdpSocket::bind((from, 0))?;
            socket.connect(self.dns)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            self.asking.insert(from, socket);
        }
        let socket = &self.asking[&from];
        socket.send(&query)?;
        let mut answer = [0; 1500];
        loop {
            let len = socket.recv(&mut answer)?;
            if len >= 12 && answer[..2] == id {
                return Ok(if answer[3] & 0x0f == 0 { Heard::Answered } else { Heard::Refused });
            }
        }
    }

    fn browse(&self, from: IpAddr, host: &Host, path: &str, manner: Manner) -> io::Result<Heard> {
        let port = self.origin_port;
        let fetch = match manner {
            Manner::Typed => {
                "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: none\r\nSec-Fetch-User: ?1\r\n"
            }
            Manner::Followed => {
                "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: cross-site\r\n"
            }
            Manner::Embedded => {
                "Accept: */*\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\nSec-Fetch-Site: cross-site\r\n"
            }
            Manner::Background => "Accept: */*\r\n",
        };
        let request = format!(
            "GET http://{host}:{port}{path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: demo\r\n{fetch}Connection: close\r\n\r\n"
        );
        let mut stream = self.dial(from)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.take(1 << 20).read_to_end(&mut answer)?;
        heard(&answer)
    }

    fn tunnel(&self, from: IpAddr, host: &Host) -> io::Result<Heard> {
        let port = self.origin_port;
        let mut stream = self.dial(from)?;
        write!(stream, "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n")?;
        let mut answer = [0; 1024];
        let len = stream.read(&mut answer)?;
        let heard = heard(&answer[..len])?;
        if heard == Heard::Answered {
            // What goes through a tunnel is the two ends' own; the stub happens to speak HTTP.
            write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
            stream.shutdown(std::net::Shutdown::Write)?;
            stream.take(1 << 20).read_to_end(&mut Vec::new())?;
        }
        Ok(heard)
    }

    fn dial(&self, from: IpAddr) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(self.proxy), Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(from, 0).into())?;
        socket.connect(&self.proxy.into())?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(socket.into())
    }
}

fn heard(answer: &[u8]) -> io::Result<Heard> {
    match answer.get(..12) {
        Some(b"HTTP/1.1 200") => Ok(Heard::Answered),
        Some(b"HTTP/1.1 403") => Ok(Heard::Refused),
        _ => Err(io::Error::other(format!(
            "the proxy answered '{}'",
            String::from_utf8_lossy(answer.get(..40).unwrap_or(answer)).escape_debug()
        ))),
    }
}
