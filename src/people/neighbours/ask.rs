//! One address, asked of the kernel there and then: whoever comes with an address that it has just made up is often here before
//! the change that tells of it has been read.
//!
//! Only what lies in the ranges of this machine's own interfaces is asked for, and only if nobody has told of it. The kernel
//! answers within the call (some microseconds: nothing is sent to the network). Where many addresses are made up, [`MOST`] are asked
//! for in a second, and one that the kernel does not know is left alone for [`NOBODY_MS`].

use crate::people::keyed::Keyed;
use crate::wire::neighbours::{self, Heard};
use crate::words::{Mac, Network};
use arc_swap::ArcSwap;
use nix::errno::Errno;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, SockaddrStorage, recvfrom, sendto, socket,
};
use std::fmt;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Most addresses that are asked for in one second.
pub(crate) const MOST: u64 = 200;

/// How long an address that the kernel did not know is not asked for again.
pub(crate) const NOBODY_MS: u64 = 1_000;

/// Places in which such addresses are remembered; of two that share one the later.
const PLACES: usize = 1_024;

/// The kernel is slow if it takes longer (its own lock is held): for a second nothing more is asked.
const SLOW: Duration = Duration::from_millis(2);

/// Most interfaces that are asked about one address: one of `fe80::/10` may be on any.
const MOST_LINKS: usize = 8;

/// An interface on which devices have neighbours, and a range of addresses that are on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub range: Network,
    pub interface: u32,
}

/// Which device has an address on an interface, as the kernel says.
pub(crate) type Kernel = Box<dyn Fn(u32, IpAddr) -> Option<Mac> + Send + Sync>;

pub(crate) struct Ask {
    kernel: Kernel,
    links: ArcSwap<Box<[Link]>>,
    /// By a hash of the address: its upper half, and until when it is left alone, in milliseconds since the machine started.
    nobody: Box<[AtomicU64]>,
    keyed: Keyed,
    /// A second since the machine started, and how many were asked for in it.
    spent: AtomicU64,
}

impl Ask {
    /// # Errors
    /// As the kernel says: netlink is not allowed here.
    pub fn open() -> std::io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
        Ok(Self::of(Box::new(move |interface, address| told(&socket, interface, address)), links().unwrap_or_default()))
    }

    /// One that asks this instead of the kernel.
    pub fn of(kernel: Kernel, links: Vec<Link>) -> Self {
        let nobody = (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        let (keyed, spent) = Default::default();
        Self { kernel, links: ArcSwap::from_pointee(links.into()), nobody, keyed, spent }
    }

    /// Looks which interfaces there are now.
    pub fn look_around(&self) {
        if let Some(links) = links() {
            self.links.store(std::sync::Arc::new(links.into()));
        }
    }

    /// Whether an address lies in a range of one of our interfaces: elsewhere nobody is a neighbour.
    pub fn is_on_link(&self, address: IpAddr) -> bool {
        self.links.load().iter().any(|link| link.range.contains(address))
    }

    /// Whether an address may be asked for now. Waits for nothing; counts.
    pub fn may(&self, address: IpAddr, now_ms: u64) -> bool {
        !self.is_nobody(address, now_ms) && self.spend(now_ms / 1000)
    }

    /// Asks the kernel. `None`: it does not know, or devices on several links have the address.
    pub fn mac(&self, address: IpAddr, now_ms: u64) -> Option<Mac> {
        let began = Instant::now();
        let links = self.links.load();
        let on = links.iter().filter(|link| link.range.contains(address)).take(MOST_LINKS);
        let mut found = on.filter_map(|link| (self.kernel)(link.interface, address));
        let first = found.next();
        let mac = first.filter(|first| found.all(|other| other == *first));
        if began.elapsed() > SLOW {
            self.spent.store((now_ms / 1000 + 1) << 32 | MOST, Ordering::Relaxed);
        }
        mac
    }

    /// The kernel knew nothing of an address, or nothing that helps.
    pub fn nobody(&self, address: IpAddr, now_ms: u64) {
        let (place, name) = self.place(address);
        place.store(name | (now_ms + NOBODY_MS) & u64::from(u32::MAX), Ordering::Relaxed);
    }

    fn is_nobody(&self, address: IpAddr, now_ms: u64) -> bool {
        let (place, name) = self.place(address);
        let kept = place.load(Ordering::Relaxed);
        let left = (kept as u32).wrapping_sub(now_ms as u32);
        kept >> 32 == name >> 32 && left != 0 && u64::from(left) <= NOBODY_MS
    }

    fn place(&self, address: IpAddr) -> (&AtomicU64, u64) {
        let address = match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        let hash = self.keyed.hash_one(address);
        (&self.nobody[hash as usize % PLACES], hash & !u64::from(u32::MAX))
    }

    fn spend(&self, second: u64) -> bool {
        let spent = self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |spent| {
            let (of, count) = (spent >> 32, spent & u64::from(u32::MAX));
            match of {
                _ if of < second => Some(second << 32 | 1),
                _ if count < MOST => Some(spent + 1),
                _ => None,
            }
        });
        spent.is_ok()
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("links", &self.links).finish_non_exhaustive()
    }
}

/// What the kernel says of one address on one interface. It has answered when the request has been sent.
fn told(socket: &OwnedFd, interface: u32, address: IpAddr) -> Option<Mac> {
    let (socket, mut buffer, mut mac) = (socket.as_raw_fd(), [0; 2048], None);
    sendto(socket, &neighbours::ask(address, interface), &NetlinkAddr::new(0, 0), MsgFlags::empty()).ok()?;
    loop {
        match recvfrom::<NetlinkAddr>(socket, &mut buffer) {
            // From the kernel alone: any process may send here.
            Ok((len, from)) if from.is_some_and(|from| from.pid() == 0) => {
                mac = neighbours::read(&buffer[..len]).into_iter().find_map(|heard| match heard {
                    Heard::At(at, mac) if at == address => Some(mac),
                    _ => None,
                });
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return mac,
        }
    }
}

/// The ranges of this machine's interfaces, but those without neighbours.
fn links() -> Option<Vec<Link>> {
    let without = InterfaceFlags::IFF_LOOPBACK | InterfaceFlags::IFF_POINTOPOINT | InterfaceFlags::IFF_NOARP;
    let link = |of: InterfaceAddress| {
        let (address, mask) = (ip(of.address.as_ref()?)?, ip(of.netmask.as_ref()?)?);
        let prefix = match mask {
            IpAddr::V4(mask) => mask.to_bits().count_ones(),
            IpAddr::V6(mask) => mask.to_bits().count_ones(),
        };
        let range = Network::around(address, u8::try_from(prefix).ok()?)?;
        Some(Link { range, interface: if_nametoindex(of.interface_name.as_str()).ok()? })
    };
    Some(getifaddrs().ok()?.filter(|of| !of.flags.intersects(without)).filter_map(link).collect())
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip())))
}

#[cfg(test)]
mod tests;
