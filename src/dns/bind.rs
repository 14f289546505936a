//! All sockets of the door: bound before anything is served, so that a port that cannot be had is said at once.
//!
//! ```text
//! bind() ─▶ Bound ─▶ serve() ─▶ Running ─▶ join()
//! ```

use super::door::Door;
use super::{https, tcp, tls, udp};
use crate::gate::Gate;
use crate::net::listen::{self, Listening, Seats};
use crate::net::{Datagrams, Drain};
use crate::resolve::Resolver;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Where the addresses come from, for people.
const KEY: &str = "[dns] listen";

const TLS_KEY: &str = "[dns] tls_listen";
const HTTPS_KEY: &str = "[dns] https_listen";

/// How often a port is sought that is free for both UDP and TCP, if any will do (port 0).
const PORT_TRIES: usize = 32;

/// How long questions that are under way may go on after the word to stop: the resolver's deadline and a little.
const GRACE: Duration = Duration::from_secs(4);

/// Why a UDP socket cannot be had; for TCP, [`listen::bind`] says it.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(
        "cannot listen on {0} ({KEY}): systemd-resolved holds port 53. Tell it to let go, and this machine to ask elsewhere:\n\
         \x20 mkdir -p /etc/systemd/resolved.conf.d\n\
         \x20 printf '[Resolve]\\nDNSStubListener=no\\n' > /etc/systemd/resolved.conf.d/schoolgate.conf\n\
         \x20 ln -sf /run/systemd/resolve/resolv.conf /etc/resolv.conf\n\
         \x20 systemctl restart systemd-resolved\n\
         Or write the address of this machine that the school asks in place of {ip}.", ip = .0.ip()
    )]
    HeldByResolved(SocketAddr),
    #[error(
        "cannot listen on {0} ({KEY}): another program listens there for UDP; `ss -lunp 'sport = :{port}'` says which. \
         Stop it, or write another port", port = .0.port()
    )]
    Taken(SocketAddr),
    #[error("cannot listen on {0} ({KEY}): a port below 1024 needs CAP_NET_BIND_SERVICE; the packaged service has it")]
    NotAllowed(SocketAddr),
    #[error("cannot listen on {0} ({KEY}): {1}")]
    Other(SocketAddr, io::Error),
}

/// Sockets that are bound and not yet served.
#[derive(Debug)]
pub struct Bound {
    udp: Vec<Datagrams>,
    tcp: Option<Listening>,
    tls: Option<Listening>,
    https: Option<Listening>,
    addresses: Vec<SocketAddr>,
}

/// Binds UDP and TCP on each address, with `workers` sockets for UDP (0: one a core). Port 0 is any, the same for both.
///
/// # Errors
/// Which address, by which key, and what to do.
pub fn bind(listen: &[SocketAddr], workers: usize) -> io::Result<Bound> {
    let workers = if workers == 0 { std::thread::available_parallelism().map_or(1, |n| n.get()) } else { workers };
    let mut bound = Bound { udp: Vec::new(), tcp: None, tls: None, https: None, addresses: Vec::new() };
    for &wished in listen {
        let (listener, first, address) = pair(wished)?;
        bound.tcp = Some(match bound.tcp.take() {
            Some(others) => others.and(listener),
            None => listener,
        });
        bound.udp.push(first);
        for _ in 1..workers {
            bound.udp.push(Datagrams::bind(address, true).map_err(|fault| explain(fault, address))?);
        }
        bound.addresses.push(address);
    }
    Ok(bound)
}

/// A listener and the first worker's socket on the same port.
fn pair(wished: SocketAddr) -> io::Result<(Listening, Datagrams, SocketAddr)> {
    let mut tries = if wished.port() == 0 { PORT_TRIES } else { 1 };
    loop {
        let listener = listen::bind(&[wished], KEY).map_err(|fault| with_resolved(fault, wished))?;
        let address = listener.local_addrs().first().copied().unwrap_or(wished);
        // Bound once without sharing: else a second gate on this port would quietly take half of the queries.
        match Datagrams::bind(address, false).map(drop).and_then(|()| Datagrams::bind(address, true)) {
            Ok(socket) => return Ok((listener, socket, address)),
            Err(fault) if fault.kind() == io::ErrorKind::AddrInUse && tries > 1 => tries -= 1,
            Err(fault) => return Err(explain(fault, address)),
        }
    }
}

fn explain(fault: io::Error, address: SocketAddr) -> io::Error {
    let kind = fault.kind();
    let said = match kind {
        io::ErrorKind::AddrInUse => Fault::Taken(address),
        io::ErrorKind::PermissionDenied => Fault::NotAllowed(address),
        _ => Fault::Other(address, fault),
    };
    with_resolved(io::Error::new(kind, said), address)
}

/// The same fault, unless it is systemd-resolved that is in the way.
fn with_resolved(fault: io::Error, address: SocketAddr) -> io::Error {
    let taken = fault.kind() == io::ErrorKind::AddrInUse && address.port() == 53;
    if taken && resolved_is_in_the_way(address.ip(), &bound_udp()) {
        return io::Error::new(io::ErrorKind::AddrInUse, Fault::HeldByResolved(address));
    }
    fault
}

/// The kernel's table of bound IPv4 sockets (proc(5)); empty if it cannot be read.
fn bound_udp() -> String {
    std::fs::read_to_string("/proc/net/udp").unwrap_or_default()
}

/// Whether systemd-resolved's stub (127.0.0.53, and 127.0.0.54 since systemd 252) is among the sockets of `table`, and
/// `address` is one that it is in the way of.
fn resolved_is_in_the_way(address: IpAddr, table: &str) -> bool {
    let stub = |last: u8| IpAddr::from([127, 0, 0, last]);
    let wanted = address.is_unspecified() && address.is_ipv4() || address == stub(53) || address == stub(54);
    // Addresses are written as the number in memory: `3500007F:0035` on little-endian machines.
    let held = |last: u8| {
        let column = format!(" {:08X}:0035 ", u32::from_ne_bytes([127, 0, 0, last]));
        table.lines().any(|line| line.contains(&column))
    };
    wanted && (held(53) || held(54))
}

impl Bound {
    /// Where the door listens, by UDP and TCP alike.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// Binds DNS over TLS and over HTTPS, too.
    ///
    /// # Errors
    /// As [`bind`].
    pub fn and_encrypted(mut self, tls: &[SocketAddr], https: &[SocketAddr]) -> io::Result<Self> {
        let bound = |listen: &[SocketAddr], key| (!listen.is_empty()).then(|| listen::bind(listen, key)).transpose();
        (self.tls, self.https) = (bound(tls, TLS_KEY)?, bound(https, HTTPS_KEY)?);
        Ok(self)
    }

    /// Where it listens for DNS over TLS.
    pub fn tls_addrs(&self) -> Vec<SocketAddr> {
        self.tls.as_ref().map(|l| l.local_addrs().to_vec()).unwrap_or_default()
    }

    /// Where it listens for DNS over HTTPS.
    pub fn https_addrs(&self) -> Vec<SocketAddr> {
        self.https.as_ref().map(|l| l.local_addrs().to_vec()).unwrap_or_default()
    }

    /// Opens the door: starts a thread a UDP socket, and what runs on the runtime.
    pub fn serve(self, gate: Arc<Gate>, resolver: Arc<Resolver>, drain: Drain, handle: Handle) -> Running {
        let door = Arc::new(Door::new(gate, resolver));
        let (misses, waiting) = mpsc::channel(udp::MAX_WAITING);
        let mut tasks = vec![handle.spawn(udp::resolve(door.clone(), waiting))];
        let mut threads = Vec::new();
        for (i, socket) in self.udp.into_iter().enumerate() {
            let (socket, door, misses, drain) = (Arc::new(socket), door.clone(), misses.clone(), drain.clone());
            let thread = std::thread::Builder::new().name(format!("dns-{i}"));
            match thread.spawn(move || udp::work(&socket, &door, &misses, &drain)) {
                Ok(thread) => threads.push(thread),
                // Its socket is closed with it: the kernel gives its clients to the others.
                Err(fault) => tracing::error!(%fault, "a DNS worker could not be started"),
            }
        }
        let seats = Seats::new(tcp::LIMITS);
        let and = || (seats.clone(), door.clone(), drain.clone());
        if let (Some(listening), (seats, door, drain)) = (self.tcp, and()) {
            tasks.push(handle.spawn(tcp::serve(listening, seats, door, drain)));
        }
        if let (Some(listening), (seats, door, drain)) = (self.tls, and()) {
            tasks.push(handle.spawn(tls::serve(listening, seats, door, drain)));
        }
        if let (Some(listening), (seats, door, drain)) = (self.https, and()) {
            tasks.push(handle.spawn(https::serve(listening, seats, door, drain)));
        }
        Running { threads, tasks, handle }
    }
}

/// The open door.
#[derive(Debug)]
pub struct Running {
    threads: Vec<std::thread::JoinHandle<()>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    handle: Handle,
}

impl Running {
    /// Returns once the door has heard that it is to stop and what it took in is answered, or [`GRACE`] is over.
    ///
    /// Blocks: not to be called from a task of the runtime.
    pub fn join(self) {
        for thread in self.threads {
            // One that panicked has stopped too.
            let _ = thread.join();
        }
        let ended = async {
            for task in self.tasks {
                let _ = task.await;
            }
        };
        // Made inside: a timer belongs to a runtime.
        let _ = self.handle.block_on(async { tokio::time::timeout(GRACE, ended).await });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn udp_and_tcp_get_the_same_port_and_every_worker_a_socket() {
        let bound = bind(&[at("127.0.0.1:0"), at("[::1]:0")], 3).expect("sockets");
        assert_eq!(bound.udp.len(), 6);
        assert_eq!(bound.tcp.as_ref().map(Listening::local_addrs), Some(&bound.local_addrs()[..]));
        for (i, address) in bound.local_addrs().iter().enumerate() {
            assert_ne!(address.port(), 0);
            assert_eq!(bound.udp[3 * i].local_addr().expect("an address"), *address);
        }
    }

    #[test]
    fn a_port_that_is_taken_is_named_with_its_key() {
        let first = bind(&[at("127.0.0.1:0")], 2).expect("sockets");
        let address = first.local_addrs()[0];
        let said = bind(&[address], 2).expect_err("taken").to_string();
        assert!(said.contains(&address.to_string()) && said.contains("[dns] listen"), "{said}");
        // Another gate's workers share their port among themselves, not with us.
        drop(first.tcp);
        let said = bind(&[address], 2).expect_err("taken").to_string();
        assert!(said.contains("for UDP") && said.contains("[dns] listen"), "{said}");
    }

    #[test]
    fn systemd_resolved_is_recognised_and_the_fix_printed() {
        let line = |last| format!("  68: {:08X}:0035 00000000:0000 07 00000000:00000000", u32::from_ne_bytes([127, 0, 0, last]));
        for (address, table, held) in [
            ("0.0.0.0", line(53), true),
            ("127.0.0.53", line(53), true),
            ("0.0.0.0", line(54), true),
            ("10.0.0.1", line(53), false),
            ("0.0.0.0", line(1), false),
            ("0.0.0.0", String::new(), false),
        ] {
            assert_eq!(resolved_is_in_the_way(address.parse().expect("an address"), &table), held, "{address} {table}");
        }
        let said = Fault::HeldByResolved(at("0.0.0.0:53")).to_string();
        assert!(said.contains("DNSStubListener=no") && said.contains("systemctl restart systemd-resolved"), "{said}");
    }
}
