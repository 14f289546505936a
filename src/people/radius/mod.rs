//! RADIUS accounting (RFC 2866): who signed in to the network, told by access points, switches and controllers.
//!
//! A packet is believed if it comes from an address of the configuration and is signed with that address's secret. A forged or
//! foreign one is dropped without an answer, and counted. Every one that is believed is answered, or its sender would say it for
//! ever; one that comes twice changes nothing the second time.
//!
//! | what is said | what follows |
//! |---|---|
//! | Start | the device is the user's; an earlier session of the device has ended, whether that was said or not |
//! | Interim-Update | it still is; also if the Start was lost |
//! | Stop | that session has ended, and no other: a Stop that comes late does not end what came after |
//! | nothing for `silent_minutes` | it has ended: the Stop was lost, or the sender has died |
//! | Accounting-On, -Off | all sessions of the sender have ended |
//! | a user the register does not know | nobody is named; whoever had the device before has left it |
//!
//! - [`sessions`]  what is believed, and what follows

mod sessions;

pub use sessions::{Client, Tally};

use super::roster::{Now, Roster};
use crate::config::Radius;
use crate::wire::radius::MAX_PACKET;
use sessions::Sessions;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::Read;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Shorter secrets are found by trying; RFC 2865 §3 asks for 16 octets, and there are older ones.
const MIN_SECRET: usize = 8;
const MAX_SECRET: usize = 256;

/// Most packets that are taken at once: others than RADIUS wait for this thread.
const AT_ONCE: usize = 256;

/// Bound, with the secrets read.
#[derive(Debug)]
pub(super) struct Accounting {
    sockets: Vec<UdpSocket>,
    sessions: Sessions,
    buffer: Box<[u8]>,
}

impl Accounting {
    /// `None`: nothing is listened to.
    ///
    /// # Errors
    /// A secret cannot be read, or an address not be bound.
    pub fn open(radius: &Radius) -> Result<Option<Self>, String> {
        if radius.listen.is_empty() {
            return Ok(None);
        }
        let clients = radius.clients.iter().map(|client| {
            let (name, from, silent_ms) = (client.name.clone(), client.from.clone(), client.silent_ms);
            Ok(Client { name, from, secret: secret(&client.secret_file)?, silent_ms })
        });
        let clients = clients.collect::<Result<Vec<_>, String>>()?;
        let bound = |at: &SocketAddr| bind(*at).map_err(|fault| format!("[radius] listen: {at} cannot be had: {fault}"));
        let sockets = radius.listen.iter().map(bound).collect::<Result<_, _>>()?;
        Ok(Some(Self { sockets, sessions: Sessions::new(clients), buffer: vec![0; MAX_PACKET + 1].into() }))
    }

    /// Goes on where another left off: sessions of the senders that are still there.
    pub fn take_over(&mut self, before: Self) {
        self.sessions.take_over(before.sessions);
    }

    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sockets.iter().map(AsFd::as_fd)
    }

    /// Takes and answers what has come.
    pub fn turn(&mut self, roster: &Roster, now: Now) {
        for socket in &self.sockets {
            for _ in 0..AT_ONCE {
                // What is refused by a kernel that told of an unreachable port is of an earlier answer.
                let Ok((len, from)) = socket.recv_from(&mut self.buffer) else { break };
                let client: IpAddr = from.ip().to_canonical();
                if let Some(answer) = self.sessions.take(&self.buffer[..len], client, roster, now) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        }
    }
}

/// Beside a socket that is bound already: after a reload the old one is closed when the new one is there.
fn bind(at: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(at), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_port(true)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&at.into())?;
    Ok(socket.into())
}

/// The first line of a file: never in the configuration, which many may read.
fn secret(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file).and_then(|f| f.take(MAX_SECRET as u64 + 2).read_to_end(&mut bytes));
    read.map_err(|fault| format!("[[radius.client]] secret_file: {} cannot be read: {fault}", file.display()))?;
    let line = bytes.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
    if !(MIN_SECRET..=MAX_SECRET).contains(&line.len()) {
        let file = file.display();
        return Err(format!(
            "[[radius.client]] secret_file: {file} must hold one line of {MIN_SECRET} to {MAX_SECRET} characters"
        ));
    }
    Ok(line.to_vec())
}

#[cfg(test)]
mod tests;
