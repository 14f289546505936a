//! Datagrams that are answered from the address they were sent to.
//!
//! A box with several addresses (one a network, both families, an alias for the page) listens on all of them at once; an
//! answer from another address than the one asked is thrown away by the client. `IP_PKTINFO` says which one was asked, and
//! sets which one answers. Several sockets share a port (`SO_REUSEPORT`), one a worker: the kernel spreads the clients.

use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrStorage, sendmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

/// How long a worker waits for a datagram before it looks whether it is to stop.
const TICK: Duration = Duration::from_millis(200);

/// What the kernel may hold for us while a worker is busy: some 2,000 queries. The default (208 KiB) loses bursts at lesson
/// changes. The kernel cuts it to `net.core.rmem_max`.
const RECEIVE_BUFFER: usize = 1 << 20;

/// A socket that knows which of its addresses was asked.
#[derive(Debug)]
pub struct Datagrams(Socket);

/// Where a datagram came from, and which of our addresses it was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    pub peer: SocketAddr,
    pub local: IpAddr,
    /// The interface, for addresses that mean nothing without one (`fe80::/10`).
    pub(super) interface: u32,
}

impl Datagrams {
    /// Binds; with `shared`, beside other sockets on the same port that are bound so too.
    ///
    /// # Errors
    /// Those of the kernel: the port is taken, not allowed, or the address is not ours.
    pub fn bind(address: SocketAddr, shared: bool) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_port(shared)?;
        if address.is_ipv6() {
            // A door of its own for each family: clients of one never appear as mapped addresses of the other.
            socket.set_only_v6(true)?;
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
        } else {
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        }
        // Less is no fault: a kernel may refuse, and the queue is then shorter.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        socket.set_read_timeout(Some(TICK))?;
        socket.bind(&address.into())?;
        Ok(Self(socket))
    }

    /// # Errors
    /// The kernel does not know the socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()?.as_socket().ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))
    }

    /// Sends from the address that was asked. Never waits.
    ///
    /// # Errors
    /// Those of the kernel: no route back, no room.
    pub fn send(&self, bytes: &[u8], to: &Arrival) -> io::Result<()> {
        let (v4, v6);
        let from = match to.local {
            IpAddr::V4(local) => {
                v4 = packet_info_v4(local);
                ControlMessage::Ipv4PacketInfo(&v4)
            }
            IpAddr::V6(local) => {
                v6 = packet_info_v6(local, to.interface);
                ControlMessage::Ipv6PacketInfo(&v6)
            }
        };
        let peer = SockaddrStorage::from(to.peer);
        sendmsg(self.0.as_raw_fd(), &[IoSlice::new(bytes)], &[from], MsgFlags::MSG_DONTWAIT, Some(&peer))?;
        Ok(())
    }
}

impl AsRawFd for Datagrams {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// No interface is named: the way back is the routing table's business.
fn packet_info_v4(local: Ipv4Addr) -> in_pktinfo {
    in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: in_addr { s_addr: u32::from_ne_bytes(local.octets()) },
        ipi_addr: in_addr { s_addr: 0 },
    }
}

fn packet_info_v6(local: Ipv6Addr, interface: u32) -> in6_pktinfo {
    let interface = if local.is_unicast_link_local() { interface } else { 0 };
    in6_pktinfo { ipi6_addr: in6_addr { s6_addr: local.octets() }, ipi6_ifindex: interface }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn what_is_answered_later_leaves_from_the_address_that_was_asked() {
        for (any, ours, from) in [("0.0.0.0:0", "127.53.0.9", "127.0.0.1:0"), ("[::]:0", "::1", "[::1]:0")] {
            let door = Datagrams::bind(any.parse().expect("an address"), true).expect("a socket");
            let port = door.local_addr().expect("an address").port();
            let asked = SocketAddr::new(ours.parse().expect("an address"), port);
            let client = UdpSocket::bind(from).expect("a client");
            client.connect(asked).expect("a peer"); // takes nothing from elsewhere
            let peer = client.local_addr().expect("an address");
            door.send(b"answer", &Arrival { peer, local: asked.ip(), interface: 0 }).expect("sent");
            assert_eq!(client.recv(&mut [0; 64]).expect("an answer"), 6, "{asked}");
        }
    }

    #[test]
    fn a_port_is_shared_only_among_those_who_say_so() {
        let first = Datagrams::bind("127.0.0.1:0".parse().expect("an address"), true).expect("a socket");
        let address = first.local_addr().expect("an address");
        assert!(Datagrams::bind(address, true).is_ok());
        assert_eq!(Datagrams::bind(address, false).expect_err("taken").kind(), io::ErrorKind::AddrInUse);
    }
}
