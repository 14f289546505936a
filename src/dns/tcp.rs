//! Streams: several queries a connection, answered in the order they are done (RFC 7766 §6.2); of TCP, and of TLS behind its
//! handshake.

use super::door::{Asker, Door, Transport};
use crate::net::Drain;
use crate::net::listen::{Caller, Limits, Listening, Seats};
use crate::wire::answer::IDLE_SECONDS;
use crate::wire::https::MAX_QUERY;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// A client should need one connection or two (RFC 7766 §6.2.2), a terminal server some more; strangers, all together, get
/// one refusal each. TCP, TLS and HTTPS share these.
pub const LIMITS: Limits = Limits { total: 2_000, per_client: 20, strangers: 50 };

/// Most queries under way on one connection.
pub const MAX_IN_FLIGHT: usize = 32;

/// How long a connection may be idle, and how long a client may take to read. Part of a query is no sign of life.
pub const IDLE: Duration = Duration::from_secs(IDLE_SECONDS as u64);

/// How long the word of the end may take: a client that takes nothing does not hold its seat by it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Takes connections until the doors are to stop, then lets what has begun end.
pub async fn serve(listening: Listening, seats: Seats, door: Arc<Door>, drain: Drain) {
    let gate = door.gate.clone();
    let known = move |client| gate.standing(client);
    let stop = drain.clone();
    let handle = move |caller: Caller| {
        let (door, stop) = (door.clone(), stop.clone());
        async move {
            let asker = Asker { client: caller.client, local: caller.local.ip(), transport: Transport::Tcp };
            converse(caller.stream, asker, door, stop, IDLE).await;
        }
    };
    listening.serve(seats, drain, known, handle).await;
}

/// Reads queries and writes answers until the client goes, is idle, or the doors are to stop.
pub(super) async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    asker: Asker,
    door: Arc<Door>,
    drain: Drain,
    idle: Duration,
) {
    let mut in_flight = JoinSet::new();
    if let Err(fault) = talk(stream, (asker, door, drain), idle, &mut in_flight).await {
        tracing::trace!(%fault, "a DNS connection ended");
    }
    // Who asks and goes has asked all the same, and the log says so.
    in_flight.detach_all();
}

async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    (asker, door, mut drain): (Asker, Arc<Door>, Drain),
    idle: Duration,
    in_flight: &mut JoinSet<Option<Vec<u8>>>,
) -> io::Result<()> {
    let stranger = door.gate.snapshot().who(asker.client).is_none();
    let mut buffer = Vec::with_capacity(512);
    // Whether the client may send more; what it has sent is answered even if it says no more (RFC 7766 §6.2.4).
    let mut reading = true;
    // When the last whole query came or the last answer went.
    let mut moved = Instant::now();
    loop {
        while in_flight.len() < MAX_IN_FLIGHT {
            let Some(query) = next_query(&mut buffer)? else { break };
            let door = door.clone();
            in_flight.spawn(async move {
                let mut out = Vec::new();
                door.answer(&query, asker, &mut out).await.then_some(out)
            });
            moved = Instant::now();
            if stranger {
                // One refusal, and that was it.
                buffer.clear();
                reading = false;
            }
        }
        if !reading && in_flight.is_empty() {
            return timeout(FAREWELL, stream.shutdown()).await?;
        }
        let room = in_flight.len() < MAX_IN_FLIGHT;
        tokio::select! {
            () = drain.begun(), if reading => {
                buffer.clear();
                reading = false;
            }
            Some(answer) = in_flight.join_next(), if !in_flight.is_empty() => {
                // A panic over one query closes its connection, no other. What is not to be answered ends it too.
                let Some(answer) = answer.map_err(io::Error::other)? else { return Ok(()) };
                timeout(idle, write(&mut stream, &answer)).await??;
                moved = Instant::now();
            }
            read = stream.read_buf(&mut buffer), if reading && room => reading = read? > 0,
            () = sleep_until(moved + idle), if reading && in_flight.is_empty() => {
                buffer.clear();
                reading = false;
            }
        }
    }
}

/// Takes the first whole query off the buffer.
///
/// # Errors
/// What is longer than a query: the connection ends.
pub fn next_query(buffer: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let Some(length) = buffer.first_chunk::<2>().map(|l| usize::from(u16::from_be_bytes(*l))) else { return Ok(None) };
    if length > MAX_QUERY {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    if buffer.len() < 2 + length {
        return Ok(None);
    }
    let query = buffer[2..2 + length].to_vec();
    buffer.drain(..2 + length);
    Ok(Some(query))
}

/// Length and message in one write (RFC 7766 §8).
async fn write(stream: &mut (impl AsyncWrite + Unpin), answer: &[u8]) -> io::Result<()> {
    let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
    let mut framed = Vec::with_capacity(2 + answer.len());
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(answer);
    stream.write_all(&framed).await?;
    // Over TLS what is written may wait to be encrypted.
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[test]
    fn queries_are_taken_off_whole_and_what_is_too_long_ends_the_connection() {
        let mut buffer = b"\x00\x03one\x00\x05tw".to_vec();
        assert_eq!(next_query(&mut buffer).ok().flatten().as_deref(), Some(&b"one"[..]));
        assert_eq!(next_query(&mut buffer).ok().flatten(), None);
        buffer.extend_from_slice(b"ooo\x00");
        assert_eq!(next_query(&mut buffer).ok().flatten().as_deref(), Some(&b"twooo"[..]));
        assert_eq!(next_query(&mut buffer).ok().flatten(), None);
        let mut long = ((MAX_QUERY + 1) as u16).to_be_bytes().to_vec();
        assert!(next_query(&mut long).is_err());
    }

    #[tokio::test]
    async fn an_answer_is_framed_by_its_length() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let mut client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
        let (mut ours, _) = listener.accept().await.expect("a connection");
        write(&mut ours, b"answer").await.expect("written");
        drop(ours);
        let mut got = Vec::new();
        client.read_to_end(&mut got).await.expect("read");
        assert_eq!(got, b"\x00\x06answer");
    }
}
