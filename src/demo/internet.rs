//! The stub internet: DNS that knows every name, and an origin that answers every page.

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Where every name of the stub leads: loopback, but none of the doors' own addresses.
pub const ORIGIN: Ipv4Addr = Ipv4Addr::new(127, 200, 0, 1);

/// A running stub. Dropping it ends its threads.
pub struct Internet {
    pub dns: SocketAddr,
    pub origin: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Internet {
    /// Starts both on ports of the system's choice.
    ///
    /// # Errors
    /// If loopback cannot be bound.
    pub fn start() -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let dns = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        dns.set_read_timeout(Some(Duration::from_millis(100)))?;
        let origin = TcpListener::bind((ORIGIN, 0))?;
        let internet = Self { dns: dns.local_addr()?, origin: origin.local_addr()?, stop: stop.clone() };
        let stopped = stop.clone();
        thread::Builder::new().name("stub-dns".into()).spawn(move || serve_dns(&dns, &stopped))?;
        thread::Builder::new().name("stub-origin".into()).spawn(move || serve_pages(&origin, &stop))?;
        Ok(internet)
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the origin from its accept.
        let _ = TcpStream::connect(self.origin);
    }
}

fn serve_dns(socket: &UdpSocket, stop: &AtomicBool) {
    let mut buffer = [0; 1500];
    while !stop.load(Ordering::Relaxed) {
        let Ok((len, from)) = socket.recv_from(&mut buffer) else { continue };
        if let Some(answer) = answer(&buffer[..len]) {
            let _ = socket.send_to(&answer, from);
        }
    }
}

/// Every name has one A record, the origin, and nothing else.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let query = Message::from_vec(query).ok()?;
    let question = query.queries.first()?.clone();
    let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata.response_code = ResponseCode::NoError;
    answer.metadata.recursion_desired = query.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    if question.query_type() == RecordType::A {
        answer.add_answer(Record::from_rdata(question.name().clone(), 300, RData::A(A(ORIGIN))));
    }
    answer.add_query(question);
    answer.to_vec().ok()
}

fn serve_pages(listener: &TcpListener, stop: &AtomicBool) {
    for stream in listener.incoming() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(stream) = stream {
            let _ = thread::Builder::new().name("stub-page".into()).spawn(move || serve_page(&stream));
        }
    }
}

/// Answers any request head with a small page, until the other side has done.
fn serve_page(mut stream: &TcpStream) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut reader = BufReader::new(stream.take(1 << 20));
    loop {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return Some(());
            }
        }
        let body = "<!doctype html><title>A page of the stub internet</title><p>Hello.";
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n";
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok()?;
    }
}
