//! The load: one thread, datagrams in batches, a thousand source addresses, answers matched by id.
//!
//! Closed loop: as many questions are out as `WINDOW` says. Open loop: questions leave by the clock, whatever has been answered,
//! and a latency counts from when its question was due.

use nix::libc::{
    self, CMSG_DATA, CMSG_FIRSTHDR, CMSG_LEN, CMSG_SPACE, IP_PKTINFO, IPPROTO_IP, in_pktinfo, iovec, mmsghdr, sockaddr_in,
};
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

const BATCH: usize = 32;

/// Sockets: the kernel spreads them over a server's workers.
const SOCKETS: usize = 8;

/// Questions out on one socket in a closed loop. bind and dnsdist leave their sockets the receive buffer that a system gives (208 KiB, 277
/// of these at 768 octets each as the kernel counts): of what is out at first their kernel drops the rest, which stays out until it is
/// given up. So some 500 a run are lost with them, and are no fault of theirs or ours.
const WINDOW: usize = 48;

/// Clients: 127.1.0.1 and up. So many that each asks less than is called a flood, of which only sums are written down.
const SOURCES: u32 = 2_500;

/// What has not been answered by then is lost.
const LOST_AFTER: Duration = Duration::from_secs(2);

/// How the questions leave.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// The next when one is answered.
    Saturated,
    /// So many a second.
    Rate(u64),
}

/// What became of a run.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub sent: u64,
    pub answered: u64,
    pub seconds: f64,
    /// Median latency in microseconds.
    pub p50_us: f64,
    pub p99_us: f64,
    /// Longest time without an answer, in milliseconds.
    pub longest_gap_ms: f64,
    pub rcodes: [u64; 16],
}

impl Tally {
    pub fn per_second(&self) -> f64 {
        self.answered as f64 / self.seconds
    }

    pub fn lost(&self) -> u64 {
        self.sent - self.answered
    }
}

/// One question a slot: when it left, or was due to.
struct Socket {
    socket: UdpSocket,
    out: Vec<Option<(Instant, u32)>>,
    open: usize,
    next: u16,
    oldest: u16,
}

/// Called with each answer and the place of its question in the list.
pub type Seen<'a> = &'a mut dyn FnMut(u32, &[u8]);

/// Sends questions to `server` in the order of the list, over and over.
pub fn load(server: SocketAddr, questions: &[Vec<u8>], pace: Pace, length: Duration, seen: Seen) -> Tally {
    run(server, questions, pace, length, u64::MAX, seen)
}

/// Every question once; what is lost is asked again, so that everything is warm.
pub fn once(server: SocketAddr, questions: &[Vec<u8>], seen: Seen) -> Tally {
    run(server, questions, Pace::Rate(20_000), Duration::from_secs(120), questions.len() as u64, seen)
}

fn run(server: SocketAddr, questions: &[Vec<u8>], pace: Pace, length: Duration, most: u64, seen: Seen) -> Tally {
    let SocketAddr::V4(server) = server else { panic!("the load is of IPv4") };
    let mut sockets: Vec<Socket> = (0..SOCKETS).map(|_| Socket::open()).collect();
    let mut batch = Sending::new(server);
    let mut tally = Tally::default();
    let mut latencies: Vec<u32> = Vec::with_capacity(1 << 20);
    let (begun, mut source, mut at) = (Instant::now(), 0u32, 0usize);
    let mut last = begun;
    let mut next_sweep = begun;
    loop {
        let now = Instant::now();
        let sending = now - begun < length && tally.sent < most;
        let open: usize = sockets.iter().map(|s| s.open).sum();
        if !sending && (open == 0 || now - last > LOST_AFTER) {
            break;
        }
        for socket in &mut sockets {
            socket.receive(|since, question, answer| {
                let now = Instant::now();
                tally.answered += 1;
                tally.rcodes[usize::from(answer[3] & 15)] += 1;
                tally.longest_gap_ms = tally.longest_gap_ms.max((now - last).as_secs_f64() * 1e3);
                last = now;
                if latencies.len() < latencies.capacity() {
                    latencies.push((now - since).as_nanos().min(u128::from(u32::MAX)) as u32);
                }
                seen(question, answer);
            });
        }
        if now >= next_sweep {
            next_sweep = now + Duration::from_millis(50);
            sockets.iter_mut().for_each(|s| s.sweep(now));
        }
        if !sending {
            continue;
        }
        let due = match pace {
            Pace::Saturated => u64::MAX,
            Pace::Rate(rate) => ((now - begun).as_secs_f64() * rate as f64) as u64,
        };
        let mut moved = false;
        for socket in &mut sockets {
            let room = match pace {
                Pace::Saturated => WINDOW.saturating_sub(socket.open),
                Pace::Rate(_) => 60_000usize.saturating_sub(socket.open),
            };
            // A batch of one costs the loader more than it can spare.
            if room < BATCH / 2 && socket.open > 0 {
                continue;
            }
            let count = room.min(BATCH).min(due.saturating_sub(tally.sent) as usize).min((most - tally.sent) as usize);
            for _ in 0..count {
                let due_at = match pace {
                    Pace::Saturated => now,
                    Pace::Rate(rate) => begun + Duration::from_secs_f64(tally.sent as f64 / rate as f64),
                };
                let id = socket.take_id(due_at, at as u32);
                batch.push(&questions[at], id, Ipv4Addr::from_bits(0x7f01_0001 + source));
                source = (source + 1) % SOURCES;
                at = (at + 1) % questions.len();
                tally.sent += 1;
                moved = true;
            }
            batch.send(&socket.socket);
        }
        if !moved && matches!(pace, Pace::Rate(_)) {
            std::hint::spin_loop();
        }
    }
    tally.seconds = (last - begun).as_secs_f64();
    latencies.sort_unstable();
    let quantile = |q: f64| latencies.get((latencies.len() as f64 * q) as usize).map_or(0.0, |&ns| f64::from(ns) / 1e3);
    (tally.p50_us, tally.p99_us) = (quantile(0.5), quantile(0.99));
    tally
}

impl Socket {
    fn open() -> Self {
        let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
        socket.set_nonblocking(true).expect("not blocking");
        let size: libc::c_int = 8 << 20;
        // SAFETY: the option's value is an int that lives here.
        unsafe {
            libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, (&raw const size).cast(), 4);
        }
        Self { socket, out: vec![None; 1 << 16], open: 0, next: 1, oldest: 1 }
    }

    fn take_id(&mut self, since: Instant, question: u32) -> u16 {
        while self.out[usize::from(self.next)].is_some() {
            self.next = self.next.wrapping_add(1);
        }
        let id = self.next;
        self.out[usize::from(id)] = Some((since, question));
        self.open += 1;
        self.next = id.wrapping_add(1);
        id
    }

    /// Gives up what has been out for too long.
    fn sweep(&mut self, now: Instant) {
        while self.oldest != self.next {
            match &mut self.out[usize::from(self.oldest)] {
                Some((since, _)) if now.saturating_duration_since(*since) < LOST_AFTER => return,
                lost @ Some(_) => {
                    *lost = None;
                    self.open -= 1;
                }
                None => {}
            }
            self.oldest = self.oldest.wrapping_add(1);
        }
    }

    fn receive(&mut self, mut answered: impl FnMut(Instant, u32, &[u8])) {
        let mut buffers = [[0u8; 1_500]; BATCH];
        loop {
            // SAFETY: zero is a value of all fields; the kernel writes into the buffers alone, no more than their length.
            let taken = unsafe {
                let mut parts: [iovec; BATCH] = zeroed();
                let mut headers: [mmsghdr; BATCH] = zeroed();
                for ((part, header), buffer) in parts.iter_mut().zip(&mut headers).zip(&mut buffers) {
                    *part = iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
                    header.msg_hdr.msg_iov = part;
                    header.msg_hdr.msg_iovlen = 1;
                }
                let fd = self.socket.as_raw_fd();
                let taken = libc::recvmmsg(fd, headers.as_mut_ptr(), BATCH as u32, libc::MSG_DONTWAIT as _, std::ptr::null_mut());
                let lengths = headers.map(|h| h.msg_len as usize);
                (taken, lengths)
            };
            let (Ok(count), lengths) = (usize::try_from(taken.0), taken.1) else { return };
            for (buffer, length) in buffers.iter().zip(lengths).take(count) {
                let id = usize::from(u16::from_be_bytes([buffer[0], buffer[1]]));
                if let Some((since, question)) = self.out[id].take().filter(|_| length >= 12) {
                    self.open -= 1;
                    answered(since, question, &buffer[..length]);
                }
            }
            if count < BATCH {
                return;
            }
        }
    }
}

/// What is about to be sent on one socket, each from an address of its own.
struct Sending {
    to: sockaddr_in,
    slots: Box<[Slot; BATCH]>,
    count: usize,
}

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Slot {
    control: [u8; 64],
    octets: [u8; 512],
    length: usize,
}

impl Sending {
    fn new(server: SocketAddrV4) -> Self {
        // SAFETY: zero is a value of all fields.
        let mut to: sockaddr_in = unsafe { zeroed() };
        to.sin_family = libc::AF_INET as _;
        to.sin_port = server.port().to_be();
        to.sin_addr.s_addr = u32::from_ne_bytes(server.ip().octets());
        Self { to, slots: Box::new([Slot { control: [0; 64], octets: [0; 512], length: 0 }; BATCH]), count: 0 }
    }

    fn push(&mut self, question: &[u8], id: u16, source: Ipv4Addr) {
        let slot = &mut self.slots[self.count];
        slot.octets[..question.len()].copy_from_slice(question);
        slot.octets[..2].copy_from_slice(&id.to_be_bytes());
        slot.length = question.len();
        // SAFETY: the control memory is larger than one such message and aligned for it.
        unsafe {
            let mut header: libc::msghdr = zeroed();
            header.msg_control = slot.control.as_mut_ptr().cast();
            header.msg_controllen = slot.control.len();
            let message = CMSG_FIRSTHDR(&raw const header);
            (*message).cmsg_level = IPPROTO_IP;
            (*message).cmsg_type = IP_PKTINFO;
            (*message).cmsg_len = CMSG_LEN(size_of::<in_pktinfo>() as u32) as _;
            let mut info: in_pktinfo = zeroed();
            info.ipi_spec_dst.s_addr = u32::from_ne_bytes(source.octets());
            CMSG_DATA(message).cast::<in_pktinfo>().write_unaligned(info);
        }
        self.count += 1;
    }

    fn send(&mut self, socket: &UdpSocket) {
        let count = std::mem::take(&mut self.count);
        // SAFETY: every pointer leads to memory of the length beside it, which lives until the call returns.
        unsafe {
            let mut parts: [iovec; BATCH] = zeroed();
            let mut headers: [mmsghdr; BATCH] = zeroed();
            for ((slot, part), header) in self.slots.iter_mut().zip(&mut parts).zip(&mut headers).take(count) {
                *part = iovec { iov_base: slot.octets.as_mut_ptr().cast(), iov_len: slot.length };
                let header = &mut header.msg_hdr;
                header.msg_name = (&raw mut self.to).cast();
                header.msg_namelen = size_of::<sockaddr_in>() as u32;
                header.msg_iov = part;
                header.msg_iovlen = 1;
                header.msg_control = slot.control.as_mut_ptr().cast();
                header.msg_controllen = CMSG_SPACE(size_of::<in_pktinfo>() as u32) as _;
            }
            let mut sent = 0;
            while sent < count {
                let fd = socket.as_raw_fd();
                let taken = libc::sendmmsg(fd, headers[sent..].as_mut_ptr(), (count - sent) as u32, 0);
                if taken <= 0 {
                    return; // what did not leave is counted as lost
                }
                sent += taken as usize;
            }
        }
    }
}
