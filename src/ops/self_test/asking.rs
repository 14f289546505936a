//! Questions to the gate's own DNS door, as packets.

use crate::gate::Gate;
use crate::wire::rr;
use crate::words::{Host, Name, Who};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Longer than the door takes to say that no upstream answers.
const PATIENCE: Duration = Duration::from_secs(5);

/// RFC 8914: blocked, censored, filtered.
const BLOCKED: std::ops::RangeInclusive<u16> = 15..=17;

/// A socket that the door knows as the gate's own.
pub struct Asker<'g> {
    gate: &'g Gate,
    socket: UdpSocket,
    from: SocketAddr,
    id: u16,
}

/// What the door said.
#[derive(Debug)]
pub struct Answer {
    code: ResponseCode,
    /// The extended error, with its text.
    error: Option<(u16, String)>,
    /// Addresses, and the names before them.
    leads_to: Vec<String>,
}

impl<'g> Asker<'g> {
    pub fn new(gate: &'g Gate, door: SocketAddr) -> io::Result<Self> {
        // A door on every address is asked on loopback; one on an address of ours, from that address.
        let at = match door.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let socket = UdpSocket::bind((at, 0))?;
        socket.connect((at, door.port()))?;
        let from = socket.local_addr()?;
        Ok(Self { gate, socket, from, id: 0 })
    }

    /// The answer to a question for an address of a name, as it would be somebody's.
    pub fn ask(&mut self, who: Who, name: &str) -> io::Result<Answer> {
        let host = Host::parse(name).map_err(|fault| io::Error::new(io::ErrorKind::InvalidInput, fault.to_string()))?;
        self.id = self.id.wrapping_add(1);
        let mut query = self.id.to_be_bytes().to_vec();
        // Recursion desired; one question, one additional record.
        query.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
        query.extend(Name::from(&host).wire());
        query.extend(rr::A.to_be_bytes());
        query.extend(rr::CLASS_IN.to_be_bytes());
        query.push(0);
        query.extend(rr::OPT.to_be_bytes());
        query.extend(crate::wire::UDP_SIZE.to_be_bytes());
        query.extend([0; 6]);
        self.gate.testing.ask_as(self.from, who);
        self.socket.send(&query)?;
        let until = Instant::now() + PATIENCE;
        let mut bytes = [0; 2048];
        loop {
            let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left))?;
            let length = self.socket.recv(&mut bytes)?;
            if length >= 2 && bytes[..2] == self.id.to_be_bytes() {
                return Message::from_vec(&bytes[..length]).map(|said| Answer::of(&said)).map_err(io::Error::other);
            }
        }
    }
}

impl Drop for Asker<'_> {
    fn drop(&mut self) {
        self.gate.testing.end();
    }
}

impl Answer {
    fn of(said: &Message) -> Self {
        let option = said.edns.as_ref().and_then(|edns| edns.options().get(EdnsCode::from(15u16)));
        let error = option.and_then(|option| match option {
            EdnsOption::Unknown(_, data) if data.len() >= 2 => {
                Some((u16::from_be_bytes([data[0], data[1]]), String::from_utf8_lossy(&data[2..]).into_owned()))
            }
            _ => None,
        });
        let leads_to = said.answers.iter().filter_map(|record| match &record.data {
            RData::CNAME(name) => Some(name.to_string().trim_end_matches('.').to_owned()),
            data => data.ip_addr().map(|ip| ip.to_string()),
        });
        Self { code: said.metadata.response_code, error, leads_to: leads_to.collect() }
    }

    pub fn is_blocked(&self) -> bool {
        self.error.as_ref().is_some_and(|(code, _)| BLOCKED.contains(code))
    }

    pub fn is_no_such_name(&self) -> bool {
        self.code == ResponseCode::NXDomain && self.leads_to.is_empty()
    }

    /// Whether some upstream said it.
    pub fn came_from_outside(&self) -> bool {
        matches!(self.code, ResponseCode::NoError | ResponseCode::NXDomain) && !self.is_blocked()
    }

    pub fn leads_to(&self, name: &str) -> bool {
        self.leads_to.iter().any(|there| there == name)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some((code, text)) = &self.error {
            let words: Vec<_> = text.split(' ').map(crate::words::escaped).collect();
            write!(f, ", extended error {code} ({})", words.join(" "))?;
        }
        if !self.leads_to.is_empty() {
            write!(f, ", {}", self.leads_to.iter().take(4).map(|n| crate::words::escaped(n)).collect::<Vec<_>>().join(", "))?;
        }
        Ok(())
    }
}
