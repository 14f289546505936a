//! Real sockets, and streams that are none.

use super::*;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::time::timeout;

impl Side for DuplexStream {}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let near = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("it listens");
    (near, listener.accept().await.expect("it came").0)
}

/// A carried connection: the client's end and the origin's, and what has moved.
async fn carried(already: &'static [u8]) -> (TcpStream, TcpStream, Arc<Moved>, tokio::task::JoinHandle<io::Result<()>>) {
    let ((client, mut near), (mut far, origin)) = (pair().await, pair().await);
    let moved = Arc::new(Moved::default());
    let counts = moved.clone();
    let carrying = tokio::spawn(async move { carry(&mut near, &mut far, Bytes::from_static(already), &counts).await });
    (client, origin, moved, carrying)
}

async fn read_whole(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    timeout(Duration::from_secs(20), from.read_to_end(&mut bytes)).await.expect("it ends").expect("it is read");
    bytes
}

#[tokio::test]
async fn what_was_read_already_goes_first_and_each_side_ends_alone() {
    let (mut client, mut origin, moved, carrying) = carried(b"first ").await;
    client.write_all(b"then").await.expect("sent");
    client.shutdown().await.expect("ended");
    assert_eq!(read_whole(&mut origin).await, b"first then");
    // The client has ended; the origin has not.
    let answer: Vec<u8> = (0..5 << 20).map(|i: u32| (i >> 3) as u8).collect();
    let sent = answer.clone();
    let sending = tokio::spawn(async move {
        origin.write_all(&sent).await.expect("sent");
        drop(origin);
    });
    assert!(read_whole(&mut client).await == answer);
    sending.await.expect("sent");
    carrying.await.expect("it ran").expect("both ended");
    assert_eq!((moved.up(), moved.down()), (10, 5 << 20));
}

#[tokio::test]
async fn both_ways_at_once_with_a_slow_reader() {
    let (mut client, mut origin, moved, carrying) = carried(b"").await;
    let much: Arc<Vec<u8>> = Arc::new((0..3 << 20).map(|i: u32| (i % 251) as u8).collect());
    let (a, b) = (much.clone(), much.clone());
    let origins = tokio::spawn(async move {
        let (mut reading, mut writing) = origin.split();
        let got = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let mut got = Vec::new();
            reading.read_to_end(&mut got).await.expect("read");
            got
        };
        let sent = async {
            writing.write_all(&a).await.expect("sent");
            writing.shutdown().await.expect("ended");
        };
        tokio::join!(got, sent).0
    });
    let (mut reading, mut writing) = client.split();
    let sent = async {
        writing.write_all(&b).await.expect("sent");
        writing.shutdown().await.expect("ended");
    };
    let (got, ()) = tokio::join!(read_whole(&mut reading), sent);
    assert!(got == *much && origins.await.expect("it ran") == *much);
    carrying.await.expect("it ran").expect("both ended");
    assert_eq!((moved.up(), moved.down()), (3 << 20, 3 << 20));
}

#[tokio::test]
async fn what_is_no_socket_is_copied() {
    let ((client, mut near), (mut far, origin)) = (duplex(1000), pair().await);
    let much: Vec<u8> = (0..1 << 20).map(|i: u32| (i % 253) as u8).collect();
    let sent = much.clone();
    let echoing = tokio::spawn(async move {
        let (mut reading, mut writing) = origin.into_split();
        tokio::io::copy(&mut reading, &mut writing).await.expect("echoed");
    });
    let carrying = tokio::spawn(async move { carry(&mut near, &mut far, Bytes::new(), &Moved::default()).await });
    let (reading, mut writing) = tokio::io::split(client);
    let sending = async move {
        writing.write_all(&sent).await.expect("sent");
        writing.shutdown().await.expect("ended");
    };
    let (got, ()) = tokio::join!(read_whole(reading), sending);
    assert!(got == much);
    carrying.await.expect("it ran").expect("both ended");
    echoing.await.expect("it ran");
}

#[tokio::test]
async fn a_side_that_breaks_off_takes_the_other_with_it() {
    let (client, origin, _, carrying) = carried(b"").await;
    socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).expect("set");
    drop(client);
    assert!(timeout(Duration::from_secs(20), carrying).await.expect("it ends").expect("it ran").is_err());
    assert_eq!(read_whole(origin).await, b"");
}

#[tokio::test]
async fn an_idle_connection_holds_no_pipe_and_little_else() {
    let (mut client, mut origin, _, carrying) = carried(b"").await;
    let much = vec![7; 1 << 20];
    let mut got = vec![0; 1 << 20];
    let (sent, read) = tokio::join!(client.write_all(&much), origin.read_exact(&mut got));
    sent.and(read.map(drop)).expect("it went through");
    let future = {
        let ((_, mut near), (mut far, _)) = (pair().await, pair().await);
        let moved = Moved::default();
        std::mem::size_of_val(&carry(&mut near, &mut far, Bytes::new(), &moved))
    };
    assert!(future <= 400, "{future} octets");
    carrying.abort();
}
