//! Bound listeners and their accept loop: a seat before a connection is taken, a share for each client, the word to stop.

use super::Drain;
use crate::words::ClientAddr;
use nix::sys::resource::{Resource, getrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// Connections that wait in the kernel while the accept loop is busy; Linux cuts it to net.core.somaxconn (4096).
const BACKLOG: i32 = 1024;

/// How long what has begun may go on after the word to stop: systemd waits 90 s, a person at the console less.
const GRACE: Duration = Duration::from_secs(5);

/// After an error of `accept` that is not the peer's (too many open files): long enough not to spin.
const PAUSE: Duration = Duration::from_millis(100);

/// Descriptors left to everything that is not a connection: DNS sockets, pipes, lists, journal, databases.
const OTHER_FILES: u64 = 1_000;

/// How many connections a door holds at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub total: usize,
    /// Of one address.
    pub per_client: usize,
    /// Of all addresses together that are in no network of the school: they are told so and take no seat of its people.
    pub strangers: usize,
}

/// Whose address it is that calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In no network of the school.
    Stranger,
    One,
    /// Many are behind it: no share of one client binds it, and half of the seats are others'.
    Many,
}

impl From<bool> for Standing {
    fn from(known: bool) -> Self {
        if known { Self::One } else { Self::Stranger }
    }
}

/// Listeners that hold their addresses.
#[derive(Debug)]
pub struct Listening {
    listeners: Vec<std::net::TcpListener>,
    addrs: Vec<SocketAddr>,
}

/// A connection that was taken.
#[derive(Debug)]
pub struct Caller {
    pub stream: TcpStream,
    pub client: ClientAddr,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// The address of ours that was called.
    pub local: SocketAddr,
}

/// Binds every address, or none. `key` is the line of the configuration they come from: `[proxy] listen`.
///
/// # Errors
/// Which address, by which key, and what to do.
pub fn bind(addresses: &[SocketAddr], key: &str) -> io::Result<Listening> {
    let listeners = addresses
        .iter()
        .map(|&addr| bind_one(addr).map_err(|e| io::Error::new(e.kind(), explained(addr, key, &e))))
        .collect::<io::Result<Vec<_>>>()?;
    let addrs = listeners.iter().map(std::net::TcpListener::local_addr).collect::<io::Result<_>>()?;
    Ok(Listening { listeners, addrs })
}

fn bind_one(addr: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?; // a restart must not wait for old connections to time out
    if addr.is_ipv6() {
        // Each address stands for itself: `[::]` and `0.0.0.0` are written both, and do not fight.
        socket.set_only_v6(true)?;
    }
    // What is accepted has it from here: answers are written whole, and waiting to fill a packet only delays them.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn explained(addr: SocketAddr, key: &str, error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "another program listens there; `ss -ltnp 'sport = :{}'` says which. Stop it, or write another port",
                addr.port()
            )
        }
        io::ErrorKind::PermissionDenied => "a port below 1024 needs CAP_NET_BIND_SERVICE; the packaged service has it".into(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address; `ip address` lists those it has".into(),
        _ => error.to_string(),
    };
    format!("cannot listen on {addr} ({key}): {why}")
}

impl Listening {
    /// The addresses that are held, with the port the kernel chose where 0 was written.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// These and others as one: they share their seats when they are served.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.listeners.extend(others.listeners);
        self.addrs.extend(others.addrs);
        self
    }

    /// Takes connections and hands them to `handle`, each in a task of its own, until the word to stop; then lets what
    /// has begun go on for a few seconds. Must be called within a tokio runtime.
    ///
    /// `known` says who is of the school. What finds no seat is closed at once. With the seats of another door, both share them.
    pub async fn serve<K, S, F, H>(self, seats: impl Into<Seats>, drain: Drain, known: K, handle: F)
    where
        K: Fn(ClientAddr) -> S + Clone + Send + 'static,
        S: Into<Standing> + Send + 'static,
        F: Fn(Caller) -> H + Clone + Send + 'static,
        H: Future<Output = ()> + Send + 'static,
    {
        let seats = seats.into();
        let mut doors = JoinSet::new();
        for listener in self.listeners {
            match TcpListener::from_std(listener) {
                Ok(listener) => {
                    doors.spawn(accept(listener, seats.clone(), drain.clone(), known.clone(), handle.clone()));
                }
                Err(error) => tracing::error!(%error, "a listener could not be given to the runtime"),
            }
        }
        while doors.join_next().await.is_some() {}
    }
}

async fn accept<K, S, F, H>(listener: TcpListener, seats: Seats, mut drain: Drain, known: K, handle: F)
where
    K: Fn(ClientAddr) -> S,
    S: Into<Standing>,
    F: Fn(Caller) -> H,
    H: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    // A listener of one address is called there and nowhere else.
    let bound = listener.local_addr().ok().filter(|bound| !bound.ip().is_unspecified());
    loop {
        // A seat before the connection: when there is none, callers wait in the kernel, not in our memory.
        let next = async {
            let seat = seats.total().await;
            (seat, listener.accept().await)
        };
        let (seat, accepted) = tokio::select! {
            () = drain.begun() => break,
            next = next => next,
        };
        while tasks.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok(taken) => taken,
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let client = ClientAddr::new(peer.ip());
        let Some(share) = seats.share(client, known(client).into()) else { continue };
        let Some(local) = bound.or_else(|| stream.local_addr().ok()) else { continue };
        let handled = handle(Caller { stream, client, peer, local });
        tasks.spawn(async move {
            handled.await;
            drop((seat, share));
        });
    }
    drop(listener);
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, finished).await.is_err() {
        tasks.shutdown().await;
    }
}

/// The seats of one door, or of several that share them.
#[derive(Clone)]
pub struct Seats {
    total: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    per_client: usize,
    of_many: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One client's share of the seats, given back when dropped.
enum Share {
    Client(Arc<Mutex<HashMap<IpAddr, usize>>>, IpAddr),
    Stranger(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit),
}

impl From<Limits> for Seats {
    fn from(limits: Limits) -> Self {
        Self::new(limits)
    }
}

impl Seats {
    /// How many there are that are free, of one that is not shared out yet: all.
    pub fn free(&self) -> usize {
        self.total.available_permits()
    }

    pub fn new(limits: Limits) -> Self {
        Self {
            total: Arc::new(Semaphore::new(limits.total.min(descriptors()))),
            strangers: Arc::new(Semaphore::new(limits.strangers)),
            per_client: limits.per_client,
            of_many: limits.per_client.max(limits.total / 2),
            taken: Arc::default(),
        }
    }

    async fn total(&self) -> Option<OwnedSemaphorePermit> {
        // Never closed, so never an error.
        self.total.clone().acquire_owned().await.ok()
    }

    fn share(&self, client: ClientAddr, standing: Standing) -> Option<Share> {
        let most = match standing {
            Standing::Stranger => return self.strangers.clone().try_acquire_owned().ok().map(Share::Stranger),
            Standing::One => self.per_client,
            Standing::Many => self.of_many,
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = taken.entry(client.ip()).or_default();
        if *mine >= most {
            return None;
        }
        *mine += 1;
        Some(Share::Client(self.taken.clone(), client.ip()))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Self::Client(taken, client) = self {
            let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(mine) = taken.get_mut(client) {
                *mine -= 1;
                if *mine == 0 {
                    taken.remove(client);
                }
            }
        }
    }
}

/// How many connections this process has descriptors for: two each, the client's and the one it leads to.
fn descriptors() -> usize {
    let soft = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft);
    usize::try_from(soft.saturating_sub(OTHER_FILES) / 2).unwrap_or(usize::MAX).clamp(16, Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::drain::drain;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn a_port_that_is_taken_is_said_with_its_key() {
        let first = bind(&["127.0.0.1:0".parse().expect("an address")], "[proxy] listen").expect("a free port");
        let taken = first.local_addrs()[0];
        let error = bind(&[taken], "[web] listen").expect_err("the port is taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let text = error.to_string();
        assert!(text.contains(&taken.to_string()) && text.contains("[web] listen"), "{text}");
    }

    #[test]
    fn one_client_has_a_share_and_strangers_have_another() {
        let seats = Seats::new(Limits { total: 10, per_client: 2, strangers: 1 });
        let client = |ip: &str| ClientAddr::new(ip.parse().expect("an address"));
        let first = seats.share(client("10.0.0.1"), Standing::One);
        let second = seats.share(client("10.0.0.1"), Standing::One);
        assert!(first.is_some() && second.is_some());
        assert!(seats.share(client("10.0.0.1"), Standing::One).is_none());
        assert!(seats.share(client("10.0.0.2"), Standing::One).is_some());
        drop(first);
        assert!(seats.share(client("10.0.0.1"), Standing::One).is_some());
        let stranger = seats.share(client("192.0.2.1"), Standing::Stranger);
        assert!(stranger.is_some());
        assert!(seats.share(client("192.0.2.2"), Standing::Stranger).is_none());
        assert_eq!(seats.taken.lock().map(|t| t.len()).ok(), Some(1));
        drop(second);
        assert!(seats.taken.lock().is_ok_and(|t| t.is_empty()));
    }

    #[tokio::test]
    async fn doors_that_share_their_seats_have_so_many_in_all_and_who_finds_none_waits_for_one() {
        let any = ["127.0.0.1:0".parse().expect("an address")];
        let (_stopper, drain) = drain();
        let seats = Seats::new(Limits { total: 3, per_client: 2, strangers: 0 });
        let echo = |mut caller: Caller| async move {
            let (mut read, mut write) = caller.stream.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
        };
        let mut at = Vec::new();
        for key in ["[dns] listen", "[dns] tls_listen"] {
            let bound = bind(&any, key).expect("a free port");
            at.push(bound.local_addrs()[0]);
            tokio::spawn(bound.serve(seats.clone(), drain.clone(), |_| true, echo));
        }
        let from = async |client: [u8; 4], to: SocketAddr| {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket.bind((client, 0).into()).expect("the address is ours");
            let mut stream = socket.connect(to).await.expect("the kernel takes it");
            let _ = stream.write_all(b"x").await;
            stream
        };
        let heard = async |stream: &mut TcpStream| stream.read(&mut [0]).await.unwrap_or(0);
        let (greedy, innocent) = ([127, 0, 0, 1], [127, 0, 0, 2]);
        let mut first = from(greedy, at[0]).await;
        let mut second = from(greedy, at[1]).await;
        assert_eq!((heard(&mut first).await, heard(&mut second).await), (1, 1));
        assert_eq!(heard(&mut from(greedy, at[0]).await).await, 0, "a client has two of the three");
        // Each accept loop holds a seat for the caller it waits for: the third is the innocent's.
        drop(second);
        let mut other = from(innocent, at[0]).await;
        assert_eq!(heard(&mut other).await, 1);
        let mut waits = from(innocent, at[1]).await;
        drop(first);
        assert_eq!(heard(&mut waits).await, 1, "a seat has become free");
    }

    #[tokio::test]
    async fn the_word_to_stop_lets_what_has_begun_finish() {
        let bound = bind(&["127.0.0.1:0".parse().expect("an address")], "[proxy] listen").expect("a free port");
        let addr = bound.local_addrs()[0];
        let (stopper, drain) = drain();
        let limits = Limits { total: 10, per_client: 10, strangers: 0 };
        let (begun, mut has_begun) = tokio::sync::mpsc::channel(1);
        let serving = tokio::spawn(bound.serve(
            limits,
            drain,
            |_| true,
            move |mut caller: Caller| {
                let begun = begun.clone();
                assert!(caller.stream.nodelay().expect("an option"), "what is written leaves at once");
                assert!(caller.stream.local_addr().is_ok_and(|local| local == caller.local));
                async move {
                    let _ = begun.send(()).await;
                    let mut byte = [0];
                    let _ = caller.stream.read_exact(&mut byte).await;
                    let _ = caller.stream.write_all(&byte).await;
                }
            },
        ));
        let mut client = TcpStream::connect(addr).await.expect("it listens");
        has_begun.recv().await.expect("the connection was taken");
        stopper.stop();
        client.write_all(b"x").await.expect("still open");
        let mut byte = [0];
        client.read_exact(&mut byte).await.expect("an answer");
        serving.await.expect("it ends by itself");
        assert!(TcpStream::connect(addr).await.is_err());
    }
}
