//! Several addresses of one host: the first that answers has it (RFC 8305 §5).

use super::dial::Unreached;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// For one address: three SYNs (0, 1 and 3 s) have been sent by then; an address that answers does so within one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// How long an address has for itself before the next is tried beside it (RFC 8305 §8).
const STAGGER: Duration = Duration::from_millis(250);

type Attempt = Pin<Box<dyn Future<Output = Result<TcpStream, Unreached>> + Send>>;

/// Connects to the first of these that answers: each begins a quarter of a second after the one before it, or as soon as that
/// one has failed. The others are given up.
///
/// # Errors
/// What the last of them said.
pub async fn connect(addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), Unreached> {
    // Nearly always one address answers at once, and nothing of the rest is needed.
    match addresses {
        [] => Err(Unreached::NoSuchName),
        [only] => attempt(*only).await.map(|stream| (stream, *only)),
        // On the heap, as everything that is seldom needed: what waits for one address is small.
        [first, others @ ..] => Box::pin(staggered(*first, others)).await,
    }
}

async fn staggered(first: SocketAddr, others: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), Unreached> {
    let mut begun: Attempt = Box::pin(attempt(first));
    match timeout(STAGGER, begun.as_mut()).await {
        Ok(Ok(stream)) => Ok((stream, first)),
        Ok(Err(fault)) => all(Vec::new(), others, fault).await,
        Err(_) => all(vec![(first, begun)], others, Unreached::TimedOut).await,
    }
}

/// Those that have begun, and the others; `last` is what is said if there are none.
async fn all(
    mut begun: Vec<(SocketAddr, Attempt)>,
    others: &[SocketAddr],
    mut last: Unreached,
) -> Result<(TcpStream, SocketAddr), Unreached> {
    let mut others = others.iter();
    loop {
        let next = others.next();
        begun.extend(next.map(|address| (*address, Box::pin(attempt(*address)) as Attempt)));
        if begun.is_empty() {
            return Err(last);
        }
        let mut until = pin!(sleep(if others.len() > 0 { STAGGER } else { CONNECT_TIMEOUT }));
        let ended = poll_fn(|cx| {
            for (place, (address, attempt)) in begun.iter_mut().enumerate() {
                if let Poll::Ready(ended) = attempt.as_mut().poll(cx) {
                    return Poll::Ready(Some((place, *address, ended)));
                }
            }
            until.as_mut().poll(cx).map(|()| None)
        });
        match ended.await {
            Some((_, address, Ok(stream))) => return Ok((stream, address)),
            Some((place, _, Err(fault))) => {
                drop(begun.swap_remove(place));
                last = fault;
            }
            None => {}
        }
    }
}

async fn attempt(address: SocketAddr) -> Result<TcpStream, Unreached> {
    let connected: io::Result<TcpStream> = match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
        Ok(connected) => connected,
        Err(_) => return Err(Unreached::TimedOut),
    };
    let stream = connected.map_err(Unreached::Failed)?;
    let _ = stream.set_nodelay(true); // what comes from the client is passed on as it comes
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Socket, Type};
    use std::time::Instant;
    use tokio::net::TcpListener;

    /// An address whose queue is full: a SYN to it is not answered. Held for as long as it is to be silent.
    async fn silent() -> (Socket, Vec<std::net::TcpStream>, SocketAddr) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port");
        socket.listen(0).expect("it listens");
        let address = socket.local_addr().expect("an address").as_socket().expect("of the internet");
        let mut waiting = Vec::new();
        while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            waiting.push(stream);
        }
        (socket, waiting, address)
    }

    #[tokio::test]
    async fn an_address_that_is_silent_or_refuses_does_not_hold_the_next_up() {
        let (_socket, _waiting, silent) = silent().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let live = listener.local_addr().expect("an address");
        let closed = {
            let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            gone.local_addr().expect("an address")
        };
        for (addresses, at_least, at_most) in [
            (vec![live], 0, 200),
            (vec![live, silent], 0, 200),
            (vec![closed, live], 0, 200),
            (vec![silent, live], 250, 900),
            (vec![silent, closed, live], 250, 900),
            (vec![silent, silent, live, closed], 500, 1_400),
        ] {
            let began = Instant::now();
            let (_, address) = connect(&addresses).await.unwrap_or_else(|fault| panic!("{addresses:?}: {fault}"));
            let took = began.elapsed().as_millis();
            assert!(address == live && took >= at_least && took < at_most, "{addresses:?}: {took} ms");
        }
    }

    #[tokio::test]
    async fn when_nobody_answers_it_is_said_why() {
        assert!(matches!(connect(&[]).await, Err(Unreached::NoSuchName)));
        let (_socket, _waiting, silent) = silent().await;
        let closed = {
            let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            gone.local_addr().expect("an address")
        };
        assert!(matches!(connect(&[closed]).await, Err(Unreached::Failed(_))));
        let began = Instant::now();
        assert!(matches!(connect(&[silent, closed]).await, Err(Unreached::TimedOut)));
        assert!(began.elapsed() < CONNECT_TIMEOUT + Duration::from_secs(2));
    }
}
