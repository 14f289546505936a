//! CONNECT.

use super::stand::until_end;
use super::{Stand, head_of};
use crate::journal::Intent;
use crate::policy::Action;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn before_a_listener() -> (Stand, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let stand = Stand::at(listener.local_addr().expect("an address"), Default::default()).await;
    (stand, listener)
}

fn connect(stand: &Stand, host: &str) -> String {
    format!("CONNECT {host}:{0} HTTP/1.1\r\nHost: {host}:{0}\r\n\r\n", stand.origin.port())
}

#[tokio::test]
async fn bytes_go_both_ways_each_side_ends_alone_and_early_bytes_go_first() {
    let (stand, origin) = before_a_listener().await;
    let mut client = stand.open("127.0.0.1").await;
    // The client does not wait for the 200.
    client.write_all(format!("{}early\n\0", connect(&stand, "a.example")).as_bytes()).await.expect("sent");
    let head = head_of(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(!head.to_lowercase().contains("content-length") && !head.to_lowercase().contains("transfer-encoding"), "{head}");
    // It is in the journal before anything has gone through.
    let events = stand.school.events();
    assert_eq!((events.len(), events[0].status, &*events[0].method, &*events[0].host), (1, 200, "CONNECT", "a.example"));
    assert_eq!((events[0].intent, &*events[0].path), (Intent::Unknown, ""));

    let (mut server, _) = origin.accept().await.expect("it is dialled");
    client.write_all(b" and late").await.expect("sent");
    client.shutdown().await.expect("sent");
    assert_eq!(until_end(&mut server).await, "early\n\0 and late");
    // The client has ended; the origin has not.
    let big = vec![7; 3 << 20];
    let sending = async {
        server.write_all(&big).await.expect("sent");
        server.shutdown().await.expect("sent");
    };
    let mut got = Vec::new();
    let (_, read) = tokio::join!(sending, client.read_to_end(&mut got));
    assert_eq!((read.expect("it is read"), got == big), (3 << 20, true));
}

#[tokio::test]
async fn a_search_engine_is_dialled_at_its_safe_host() {
    let (stand, origin) = before_a_listener().await;
    let mut client = stand.open("127.0.0.1").await;
    client.write_all(connect(&stand, "google.de").as_bytes()).await.expect("sent");
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 200"), "the usual host has no address here");
    origin.accept().await.expect("it is dialled");
    let events = stand.school.events();
    assert_eq!((events.len(), events[0].action, &*events[0].host), (1, Action::Rewrite, "google.de"));
}

#[tokio::test]
async fn a_blocked_tunnel_is_403_and_closed_and_nothing_is_dialled() {
    let (stand, _origin) = before_a_listener().await;
    let answer = stand.talk(connect(&stand, "www.adult.example")).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.to_lowercase().contains("connection: close"), "{answer}");
    let events = stand.school.events();
    assert_eq!((events.len(), events[0].action, events[0].status), (1, Action::Block, 403));
}

#[tokio::test]
async fn a_tunnel_leads_to_443_and_to_what_is_listed_only() {
    let (stand, _origin) = before_a_listener().await;
    for target in ["a.example:80", "a.example:22", "127.0.0.1:443", "a.example:443", "[::1]:443"] {
        let answer = stand.talk(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("destination_ip_prohibited"), "{target}: {answer}");
    }
}

#[tokio::test]
async fn an_origin_that_refuses_is_502_and_a_name_that_is_none_too() {
    let (stand, origin) = before_a_listener().await;
    drop(origin);
    for (host, word) in [("a.example", "connection_refused"), ("nobody.example", "dns_error")] {
        let answer = stand.talk(connect(&stand, host)).await;
        assert!(answer.starts_with("HTTP/1.1 502") && answer.contains(word), "{answer}");
    }
}

#[tokio::test]
async fn a_connect_that_comes_first_is_answered_as_one_that_comes_later() {
    let (stand, origin) = before_a_listener().await;
    tokio::spawn(async move { while origin.accept().await.is_ok() {} });
    let port = stand.origin.port();
    let before = "GET http://www.adult.example/x HTTP/1.1\r\nHost: www.adult.example\r\n\r\n";
    for (target, head, status) in [
        (format!("a.example:{port}"), "Host: a.example\r\n", 200),
        ("www.adult.example:443".into(), "Host: www.adult.example\r\n", 403),
        ("www.adult.example:443".into(), "Host: a\r\nAccept: text/html\r\nUser-Agent: Mozilla/5.0\r\n", 403),
        ("a.example:22".into(), "Host: a\r\n", 403),
        (format!("nobody.example:{port}"), "Host: a\r\n", 502),
        (format!("a.example:{port}"), "", 400),
        (format!("a.example:{port}"), "Host: a\r\nHost: a\r\n", 400),
        (format!("user:word@a.example:{port}"), "Host: a\r\n", 400),
        ("a.example".into(), "Host: a\r\n", 400),
        ("/".into(), "Host: a\r\n", 400),
        (format!("a.example:{port}"), "Host: a\r\nContent-Length: 3\r\n", 400),
        (format!("a.example:{port}"), "Host: a\r\nTransfer-Encoding: chunked\r\n", 400),
        (format!("a.example:{port}"), "Host : a\r\n", 400),
        (format!("a.example:{port}"), "Host: a\nX: b\r\n", 400),
    ] {
        let request = format!("CONNECT {target} HTTP/1.1\r\n{head}\r\n");
        let events = || stand.school.events().into_iter().filter(|event| event.method == "CONNECT");
        let asked = async |before: &str| {
            let noted = events().count();
            let mut client = stand.open("127.0.0.1").await;
            // A tunnel ends with its origin once the client has said something.
            client.write_all(format!("{before}{request}x").as_bytes()).await.expect("sent");
            let answer = until_end(&mut client).await;
            // When it was said is told of what HTTP says, and of no tunnel.
            let lines = answer.split_inclusive('\n').filter(|line| !line.starts_with("date: "));
            let noted = events().skip(noted).map(|event| (event.status, event.action, event.host.to_string()));
            (lines.collect::<String>(), noted.collect::<Vec<_>>())
        };
        let first = asked("").await;
        let (later, noted) = asked(before).await;
        let begins = later.rfind("HTTP/1.1 ").expect("an answer");
        assert_eq!(first, (later[begins..].to_owned(), noted), "{request}");
        assert!(first.0.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {}", first.0);
    }
}

#[tokio::test]
async fn who_leaves_before_the_answer_is_not_dialled_for_any_longer() {
    let (stand, _silent) = {
        // An address whose queue is full: a SYN to it is not answered.
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port");
        socket.listen(0).expect("it listens");
        let address = socket.local_addr().expect("an address").as_socket().expect("of the internet");
        let limit = Duration::from_millis(100);
        let waiting: Vec<_> = std::iter::from_fn(|| std::net::TcpStream::connect_timeout(&address, limit).ok()).collect();
        (Stand::at(address, Default::default()).await, (socket, waiting))
    };
    let mut client = stand.open("127.0.0.1").await;
    // What it says meanwhile is no reason to give up.
    client.write_all(format!("{}hello", connect(&stand, "a.example")).as_bytes()).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.write_all(b" again").await.expect("still open");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(stand.school.events().len(), 0, "it is being dialled");
    let began = std::time::Instant::now();
    drop(client);
    while stand.school.events().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(2), "it is given up at once");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stand.school.events()[0].status, 0, "it did go out");
}

#[tokio::test]
async fn a_tunnel_is_closed_some_seconds_after_the_word_to_stop() {
    let (mut stand, origin) = before_a_listener().await;
    let mut client = stand.open("127.0.0.1").await;
    client.write_all(connect(&stand, "a.example").as_bytes()).await.expect("sent");
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 200"));
    let (mut server, _) = origin.accept().await.expect("it is dialled");
    stand.stopper.take().expect("held").stop();
    // Still carried during the grace.
    client.write_all(b"x").await.expect("sent");
    assert_eq!(server.read_u8().await.expect("a byte"), b'x');
    assert_eq!(until_end(&mut server).await, "");
    stand.serving.await.expect("it ends by itself");
}
