//! Address → MAC, from the kernel's neighbour table, both families: each change as it happens, and the whole table every
//! [`EVERY_MS`].
//!
//! So a device keeps its person on the IPv6 addresses that it makes up for itself (RFC 8981). The kernel has a neighbour only
//! where the device is on a network of its own: of what comes through a router it says nothing.
//!
//! - [`ask`]  one address, there and then

pub(super) mod ask;

use super::roster::{Bound, Now, Roster, Teller};
use crate::wire::neighbours::{self, GROUP, Heard};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recvfrom, sendto, setsockopt, socket, sockopt,
};
use std::collections::HashMap;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// How often all of it is read: what was lost of the changes is lost for no longer.
const EVERY_MS: u64 = 15_000;

/// Longest datagram: the kernel sends 32 KiB at most.
const DATAGRAM: usize = 64 << 10;

/// What the kernel may hold for us: the changes of a lesson's beginning.
const RECEIVE_BUFFER: usize = 1 << 20;

/// Most entries of a dump: the kernel's own limit, `gc_thresh3`, is 1,024 as shipped.
const MOST: usize = 65_536;

pub(super) struct Neighbours {
    socket: OwnedFd,
    buffer: Box<[u8]>,
    next_ms: u64,
    /// What a dump that is under way has told.
    dump: Option<HashMap<IpAddr, Bound>>,
    seq: u32,
}

impl Neighbours {
    /// # Errors
    /// As the kernel says: netlink is not allowed here.
    pub fn open() -> std::io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
        let _ = setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER);
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUP))?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM].into(), next_ms: 0, dump: None, seq: 0 })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Asks for the table if it is time, and takes what has come.
    pub fn turn(&mut self, roster: &Roster, now: Now) {
        if now.boot_ms >= self.next_ms {
            self.next_ms = now.boot_ms + EVERY_MS;
            roster.asker().iter().for_each(|ask| ask.look_around());
            self.ask();
        }
        let mut heard = Vec::new();
        loop {
            match recvfrom::<NetlinkAddr>(self.socket.as_raw_fd(), &mut self.buffer) {
                // From the kernel alone: any process may send here.
                Ok((len, from)) => {
                    if from.is_some_and(|from| from.pid() == 0) {
                        heard.extend(neighbours::read(&self.buffer[..len]));
                    }
                }
                Err(Errno::EINTR) => {}
                // Changes were lost: all of it is asked for.
                Err(Errno::ENOBUFS) => self.ask(),
                Err(_) => break,
            }
        }
        if !heard.is_empty() {
            roster.change(now, |book| heard.into_iter().for_each(|heard| self.take(heard, book)));
        }
    }

    fn take(&mut self, heard: Heard, book: &mut super::roster::Book) {
        match heard {
            Heard::At(address, mac) => {
                let bound = Bound { mac, by: 0, until_ms: None };
                if let Some(dump) = self.dump.as_mut().filter(|dump| dump.len() < MOST) {
                    dump.insert(address, bound);
                }
                book.bind(address, Teller::Neighbour, bound);
            }
            Heard::Gone(address) => {
                if let Some(dump) = &mut self.dump {
                    dump.remove(&address);
                }
                book.unbind(address, Teller::Neighbour);
            }
            Heard::Done => {
                if let Some(dump) = self.dump.take() {
                    book.tell(Teller::Neighbour, 0, dump);
                }
            }
            Heard::Refused => self.dump = None,
        }
    }

    fn ask(&mut self) {
        self.seq = self.seq.wrapping_add(1);
        let kernel = NetlinkAddr::new(0, 0);
        let sent = sendto(self.socket.as_raw_fd(), &neighbours::request(self.seq), &kernel, MsgFlags::empty());
        self.dump = sent.is_ok().then(HashMap::new);
    }
}
