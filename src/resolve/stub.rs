//! A small authoritative server for tests, over UDP and TCP on loopback, on threads of its own.

use crate::wire::message::tests::{Row, answer};
use crate::wire::{Query, rr};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Say = dyn Fn(&Query, bool) -> Option<Vec<u8>> + Send + Sync;

/// Answers until the test ends; counts what it was asked.
pub(crate) struct Stub {
    pub address: SocketAddr,
    pub asked: Arc<AtomicUsize>,
}

impl Stub {
    /// `say` gets the question and whether it came over TCP; `None` is silence. The case of the question is kept.
    pub fn start(say: impl Fn(&Query, bool) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"), say)
    }

    pub fn start_at(at: SocketAddr, say: impl Fn(&Query, bool) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind(at).expect("a port for UDP");
            // Another test may have taken the same number for TCP.
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("an address")) {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().expect("an address");
        let asked = Arc::new(AtomicUsize::new(0));
        let say: Arc<Say> = Arc::new(say);
        {
            let (asked, say) = (asked.clone(), say.clone());
            std::thread::spawn(move || over_udp(&udp, &asked, &*say));
        }
        let seen = asked.clone();
        std::thread::spawn(move || {
            for stream in tcp.incoming().flatten() {
                let _ = over_tcp(stream, &seen, &*say);
            }
        });
        Self { address, asked }
    }

    /// Answers every A question with this address, everything else with nothing.
    pub fn with_address(address: [u8; 4], ttl: u32) -> Self {
        Self::start(move |query, _| Some(rows(query, &[(0, &[0xc0, 12], rr::A, ttl, &address)])))
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// An answer to this question with these records, those in the answer section only if their type was asked for (or CNAME).
pub(crate) fn rows(query: &Query, rows: &[Row]) -> Vec<u8> {
    let fits = |row: &&Row| row.0 != 0 || row.2 == query.kind || row.2 == rr::CNAME;
    let rows: Vec<Row> = rows.iter().filter(fits).copied().collect();
    with_code(query, 0, &rows)
}

/// An answer with this response code.
pub(crate) fn with_code(query: &Query, code: u8, rows: &[Row]) -> Vec<u8> {
    let dotted: Vec<String> = query.name.labels().map(|l| String::from_utf8_lossy(l).into_owned()).collect();
    let mut bytes = answer(&dotted.join("."), query.kind, code, rows);
    bytes[..2].copy_from_slice(&query.id.to_be_bytes());
    bytes
}

fn over_udp(socket: &UdpSocket, asked: &AtomicUsize, say: &Say) {
    let mut buffer = [0; 2048];
    while let Ok((len, from)) = socket.recv_from(&mut buffer) {
        asked.fetch_add(1, Ordering::Relaxed);
        if let Some(answer) = Query::read(&buffer[..len]).ok().and_then(|q| say(&q, false)) {
            let _ = socket.send_to(&answer, from);
        }
    }
}

fn over_tcp(mut stream: TcpStream, asked: &AtomicUsize, say: &Say) -> std::io::Result<()> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut query = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut query)?;
    asked.fetch_add(1, Ordering::Relaxed);
    if let Some(answer) = Query::read(&query).ok().and_then(|q| say(&q, true)) {
        stream.write_all(&(answer.len() as u16).to_be_bytes())?;
        stream.write_all(&answer)?;
    }
    Ok(())
}
