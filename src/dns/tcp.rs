//! TCP: several queries a connection, answered in the order they are done (RFC 7766 §6.2).

use super::door::{Asker, Door, Transport};
use crate::net::Drain;
use crate::net::listen::{Caller, Limits, Listening};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A client should need one connection or two (RFC 7766 §6.2.2), a terminal server some more; strangers, all together, get
/// one refusal each.
const LIMITS: Limits = Limits { total: 2_000, per_client: 20, strangers: 50 };

/// Most queries under way on one connection.
const MAX_IN_FLIGHT: usize = 32;

/// How long a connection may be idle (RFC 7766 §6.2.3: in the order of seconds), and how long a client may take to read.
const IDLE: Duration = Duration::from_secs(10);

/// Longest query that is read: room for padding (RFC 7830), nothing else is long.
const MAX_QUERY: usize = 4_096;

/// Takes connections until the doors are to stop, then lets what has begun end.
pub async fn serve(listening: Listening, door: Arc<Door>, drain: Drain) {
    let gate = door.gate.clone();
    let known = move |client| gate.snapshot().who(client).is_some();
    let stop = drain.clone();
    let handle = move |caller: Caller| converse(caller, door.clone(), stop.clone());
    listening.serve(LIMITS, drain, known, handle).await;
}

async fn converse(caller: Caller, door: Arc<Door>, drain: Drain) {
    if let Err(fault) = talk(caller, door, drain).await {
        tracing::trace!(%fault, "a DNS connection ended");
    }
}

/// Reads queries and writes answers until the client goes, is idle, or the doors are to stop.
async fn talk(caller: Caller, door: Arc<Door>, mut drain: Drain) -> io::Result<()> {
    let Caller { mut stream, client, local } = caller;
    let asker = Asker { client, local: local.ip(), transport: Transport::Tcp };
    let stranger = door.gate.snapshot().who(client).is_none();
    let mut buffer = Vec::with_capacity(512);
    let mut in_flight = JoinSet::new();
    // Whether the client may send more; what it has sent is answered even if it says no more (RFC 7766 §6.2.4).
    let mut reading = true;
    loop {
        while in_flight.len() < MAX_IN_FLIGHT {
            let Some(query) = next_query(&mut buffer)? else { break };
            let door = door.clone();
            in_flight.spawn(async move {
                let mut out = Vec::new();
                door.answer(&query, asker, &mut out).await.then_some(out)
            });
            if stranger {
                // One refusal, and that was it.
                buffer.clear();
                reading = false;
            }
        }
        if !reading && in_flight.is_empty() {
            return stream.shutdown().await;
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
                timeout(IDLE, write(&mut stream, &answer)).await??;
            }
            read = stream.read_buf(&mut buffer), if reading && room => reading = read? > 0,
            () = tokio::time::sleep(IDLE), if in_flight.is_empty() => return Ok(()),
        }
    }
}

/// Takes the first whole query off the buffer. What is longer than a query ends the connection.
fn next_query(buffer: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
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
async fn write(stream: &mut TcpStream, answer: &[u8]) -> io::Result<()> {
    let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
    let mut framed = Vec::with_capacity(2 + answer.len());
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(answer);
    stream.write_all(&framed).await
}

#[cfg(test)]
mod tests {
    use super::*;

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
