//! Datagrams taken and sent several at a time: one system call for all that has come, one for all that is answered.
//!
//! An answer goes back by the very header its query came by: the peer's address, and the control message that says which of
//! our addresses was asked, with the interface struck out where the routing table knows better. nix has `recvmmsg` and
//! `sendmmsg`, but one list of control messages for all of a batch, and headers made anew at each call.

use super::udp::{Arrival, Datagrams};
use nix::libc::{
    self, AF_INET, AF_INET6, CMSG_DATA, CMSG_FIRSTHDR, CMSG_SPACE, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPV6_PKTINFO,
    MSG_DONTWAIT, MSG_TRUNC, MSG_WAITFORONE, cmsghdr, in_pktinfo, in6_pktinfo, iovec, mmsghdr, sockaddr_in, sockaddr_in6,
    sockaddr_storage,
};
use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;

/// Most datagrams of one call. From 8 on, more at a time save little (measured: `benches/peers/dns`); under a burst the queue is
/// emptied in fewer calls.
pub const BATCH: usize = 16;

/// Longest datagram that is read; a longer one is cut, and as a query is malformed then. A question with EDNS, cookie and
/// padding has under 600 octets.
const MAX_DATAGRAM: usize = 2_048;

/// Room for the one control message that is asked for, of either family.
// SAFETY: CMSG_SPACE only computes.
const CONTROL: usize = unsafe { CMSG_SPACE(size_of::<in6_pktinfo>() as u32) } as usize;

/// Datagrams as they came, and the answers to them.
pub struct Batch {
    /// Boxed: the headers point into it.
    slots: Box<[Slot; BATCH]>,
    /// One for each slot, for receiving.
    headers: [mmsghdr; BATCH],
    /// How many slots the last call filled.
    filled: usize,
}

#[repr(C)]
struct Slot {
    datagram: [u8; MAX_DATAGRAM],
    peer: sockaddr_storage,
    control: Control,
    into: iovec,
    /// Octets of the datagram; 0: it is not to be looked at.
    length: usize,
    /// What goes back: nothing if it is empty.
    answer: Vec<u8>,
}

/// Aligned as a control message must be.
#[repr(C)]
union Control {
    align: cmsghdr,
    bytes: [u8; CONTROL],
}

// SAFETY: the pointers in it lead into its own box, which moves with it.
unsafe impl Send for Batch {}

impl Batch {
    /// `answer` is the room kept for each answer, in octets.
    pub fn new(answer: usize) -> Self {
        // SAFETY: addresses, control messages and headers are plain numbers and pointers, for which zero is a value.
        let slot = || unsafe {
            Slot {
                datagram: [0; MAX_DATAGRAM],
                peer: zeroed(),
                control: Control { bytes: [0; CONTROL] },
                into: zeroed(),
                length: 0,
                answer: Vec::with_capacity(answer),
            }
        };
        let slots = Box::new(std::array::from_fn(|_| slot()));
        // SAFETY: as above.
        Self { slots, headers: unsafe { zeroed() }, filled: 0 }
    }

    /// Waits a tick for a datagram, and takes what else has come. Returns how many.
    ///
    /// # Errors
    /// Those of the kernel, none of which ends the socket's use; EAGAIN and EINTR are none: nothing has come.
    pub fn receive(&mut self, socket: &Datagrams) -> io::Result<usize> {
        for (slot, header) in self.slots.iter_mut().zip(&mut self.headers) {
            slot.into = iovec { iov_base: slot.datagram.as_mut_ptr().cast(), iov_len: MAX_DATAGRAM };
            let header = &mut header.msg_hdr;
            header.msg_name = (&raw mut slot.peer).cast();
            header.msg_namelen = size_of::<sockaddr_storage>() as u32;
            header.msg_iov = &raw mut slot.into;
            header.msg_iovlen = 1;
            header.msg_control = (&raw mut slot.control).cast();
            header.msg_controllen = CONTROL as _;
            header.msg_flags = 0;
        }
        self.filled = 0;
        // SAFETY: every header points to memory of the sizes it says, which nobody else uses until this returns.
        let taken = unsafe {
            libc::recvmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), BATCH as u32, MSG_WAITFORONE as _, std::ptr::null_mut())
        };
        if taken < 0 {
            let fault = io::Error::last_os_error();
            let nothing = matches!(fault.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted);
            return if nothing { Ok(0) } else { Err(fault) };
        }
        self.filled = (taken as usize).min(BATCH);
        for (slot, header) in self.slots.iter_mut().zip(&self.headers).take(self.filled) {
            slot.length = if header.msg_hdr.msg_flags & MSG_TRUNC == 0 { (header.msg_len as usize).min(MAX_DATAGRAM) } else { 0 };
            slot.answer.clear();
        }
        Ok(self.filled)
    }

    /// The `i`th datagram, where it came from, and the place for its answer: what is left empty is not sent. `None`: there is
    /// none, or none that can be answered.
    pub fn slot(&mut self, i: usize) -> Option<(&[u8], Arrival, &mut Vec<u8>)> {
        let (local, interface) = asked(self.headers.get(i).filter(|_| i < self.filled)?)?;
        let slot = &mut self.slots[i];
        let arrival = Arrival { peer: peer(&slot.peer)?, local, interface };
        (slot.length > 0).then(|| (&slot.datagram[..slot.length], arrival, &mut slot.answer))
    }

    /// What came and who sent it, one for each slot that the last call filled. `None`: it cannot be answered.
    pub fn datagrams(&self) -> impl Iterator<Item = Option<(&[u8], IpAddr)>> + Clone {
        self.slots.iter().take(self.filled).map(|slot| Some((&slot.datagram[..slot.length], peer(&slot.peer)?.ip())))
    }

    /// Sends every answer from the address that was asked. Never waits: what cannot be sent is lost like any other datagram.
    /// Returns how many were not sent.
    pub fn send(&mut self, socket: &Datagrams) -> usize {
        // SAFETY: zero is a value of all fields of a header.
        let mut out: [mmsghdr; BATCH] = unsafe { zeroed() };
        let mut count = 0;
        for (slot, header) in self.slots.iter_mut().zip(&self.headers).take(self.filled) {
            if slot.answer.is_empty() || strike_interface(header).is_none() {
                continue;
            }
            slot.into = iovec { iov_base: slot.answer.as_mut_ptr().cast(), iov_len: slot.answer.len() };
            out[count].msg_hdr = header.msg_hdr;
            count += 1;
        }
        self.filled = 0;
        let (mut sent, mut lost) = (0, 0);
        while sent < count {
            // SAFETY: as in `receive`; the kernel only reads, and the names and control messages have the lengths it gave them.
            let taken =
                unsafe { libc::sendmmsg(socket.as_raw_fd(), out[sent..].as_mut_ptr(), (count - sent) as u32, MSG_DONTWAIT as _) };
            if taken > 0 {
                sent += taken as usize;
            } else {
                // The first of them cannot be sent: no route back, no room. The others are not its fault.
                sent += 1;
                lost += 1;
            }
        }
        lost
    }
}

fn peer(address: &sockaddr_storage) -> Option<SocketAddr> {
    let peer = match i32::from(address.ss_family) {
        AF_INET => {
            // SAFETY: of this family the kernel wrote this struct, which is smaller than the storage.
            let v4 = unsafe { &*(&raw const *address).cast::<sockaddr_in>() };
            SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes()), u16::from_be(v4.sin_port)))
        }
        AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { &*(&raw const *address).cast::<sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            SocketAddr::V6(SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), v6.sin6_flowinfo, v6.sin6_scope_id))
        }
        _ => return None,
    };
    // Nothing can be sent to port 0.
    (peer.port() != 0).then_some(peer)
}

/// The one control message of a header that came from the kernel.
fn info(header: &mmsghdr) -> Option<(i32, *mut u8)> {
    // SAFETY: the header's control memory is a slot's, of the length the kernel wrote; the first message is whole if it is there.
    unsafe {
        let message = CMSG_FIRSTHDR(&raw const header.msg_hdr).as_ref()?;
        match (message.cmsg_level, message.cmsg_type) {
            (IPPROTO_IP, IP_PKTINFO) => Some((AF_INET, CMSG_DATA(message))),
            (IPPROTO_IPV6, IPV6_PKTINFO) => Some((AF_INET6, CMSG_DATA(message))),
            _ => None,
        }
    }
}

/// Which of our addresses was asked, and on which interface.
fn asked(header: &mmsghdr) -> Option<(IpAddr, u32)> {
    let (family, data) = info(header)?;
    if family == AF_INET {
        // SAFETY: a message of this type holds this struct; it need not be aligned.
        let info = unsafe { data.cast::<in_pktinfo>().read_unaligned() };
        // Of the two addresses, `spec_dst` is ours even if the datagram was a broadcast.
        return Some((Ipv4Addr::from(info.ipi_spec_dst.s_addr.to_ne_bytes()).into(), info.ipi_ifindex as u32));
    }
    // SAFETY: as above.
    let info = unsafe { data.cast::<in6_pktinfo>().read_unaligned() };
    Some((Ipv6Addr::from(info.ipi6_addr.s6_addr).into(), info.ipi6_ifindex))
}

/// The way back is the routing table's business, but for addresses that mean nothing without an interface (`fe80::/10`).
fn strike_interface(header: &mmsghdr) -> Option<()> {
    let (family, data) = info(header)?;
    if family == AF_INET {
        // SAFETY: a message of this type holds this struct; the slot's memory is ours to write.
        unsafe {
            let mut info = data.cast::<in_pktinfo>().read_unaligned();
            info.ipi_ifindex = 0;
            data.cast::<in_pktinfo>().write_unaligned(info);
        }
    } else {
        // SAFETY: as above.
        unsafe {
            let mut info = data.cast::<in6_pktinfo>().read_unaligned();
            if !Ipv6Addr::from(info.ipi6_addr.s6_addr).is_unicast_link_local() {
                info.ipi6_ifindex = 0;
            }
            data.cast::<in6_pktinfo>().write_unaligned(info);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn each_answer_of_a_batch_leaves_from_the_address_that_was_asked_to_the_one_who_asked() {
        for (any, ours) in [("0.0.0.0:0", vec!["127.0.0.1", "127.0.0.2", "127.53.0.9"]), ("[::]:0", vec!["::1", "::1"])] {
            let door = Datagrams::bind(address(any), true).expect("a socket");
            let port = door.local_addr().expect("an address").port();
            let asked: Vec<_> = ours.iter().map(|ip| SocketAddr::new(ip.parse().expect("an address"), port)).collect();
            let clients: Vec<_> = asked
                .iter()
                .map(|asked| {
                    let client = UdpSocket::bind(if asked.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }).expect("a client");
                    client.connect(asked).expect("a peer"); // takes nothing from elsewhere
                    client.send(format!("ask {asked}").as_bytes()).expect("sent");
                    client
                })
                .collect();
            let (mut batch, mut seen) = (Batch::new(512), 0);
            while seen < clients.len() {
                let taken = batch.receive(&door).expect("no fault");
                seen += taken;
                for i in 0..taken {
                    let (datagram, arrival, answer) = batch.slot(i).expect("a datagram");
                    let expected = format!("ask {}", SocketAddr::new(arrival.local, port));
                    assert_eq!(datagram, expected.as_bytes());
                    assert!(clients.iter().any(|c| c.local_addr().expect("an address") == arrival.peer));
                    answer.extend_from_slice(b"answer to ");
                    answer.extend_from_slice(datagram);
                }
                assert_eq!(batch.send(&door), 0);
            }
            for (client, asked) in clients.iter().zip(&asked) {
                let mut buffer = [0; 64];
                let length = client.recv(&mut buffer).expect("an answer");
                assert_eq!(&buffer[..length], format!("answer to ask {asked}").as_bytes());
            }
        }
    }

    #[test]
    fn what_has_no_answer_is_not_sent_and_the_rest_is() {
        let door = Datagrams::bind(address("127.0.0.1:0"), true).expect("a socket");
        let client = UdpSocket::bind("127.0.0.1:0").expect("a client");
        client.connect(door.local_addr().expect("an address")).expect("a peer");
        for text in ["one", "two", "three"] {
            client.send(text.as_bytes()).expect("sent");
        }
        client.send(&[b'x'; MAX_DATAGRAM + 1]).expect("sent");
        let (mut batch, mut answered) = (Batch::new(512), 0);
        while answered < 2 {
            let taken = batch.receive(&door).expect("no fault");
            for i in 0..taken {
                let Some((datagram, _, answer)) = batch.slot(i) else { continue };
                if datagram != b"two" {
                    assert!(datagram.len() <= 5, "what was cut is not looked at");
                    answer.extend_from_slice(datagram);
                    answered += 1;
                }
            }
            batch.send(&door);
        }
        let mut buffer = [0; 64];
        let mut next = || client.recv(&mut buffer).map(|n| buffer[..n].to_vec()).expect("an answer");
        assert_eq!((next(), next()), (b"one".to_vec(), b"three".to_vec()));
    }

    #[test]
    fn waiting_has_an_end() {
        let door = Datagrams::bind(address("127.0.0.1:0"), true).expect("a socket");
        let mut batch = Batch::new(512);
        assert_eq!(batch.receive(&door).expect("no fault"), 0);
        assert!(batch.slot(0).is_none());
    }
}
