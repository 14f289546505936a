use super::*;
use crate::net::framing::Framed;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Response, Version};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncWriteExt, duplex};

/// What a reader makes of a request.
type Read = (Method, Uri, HeaderMap);

fn here(head: &[u8]) -> Option<Read> {
    let request = connect(&Bytes::copy_from_slice(head))?;
    Some((request.method().clone(), request.uri().clone(), request.headers().clone()))
}

/// The CONNECT of HTTP/1.1 that hyper reads first, as it is set up for clients.
async fn by_hyper(said: &[u8]) -> Option<Read> {
    let (mut client, server) = duplex(256 * 1024);
    client.write_all(said).await.expect("room");
    drop(client);
    let read = Arc::new(Mutex::new(None));
    let service = service_fn(|request: Request<Incoming>| {
        let of_11 = request.version() == Version::HTTP_11 && request.method() == Method::CONNECT;
        let request = of_11.then(|| (request.method().clone(), request.uri().clone(), request.headers().clone()));
        read.lock().expect("nobody panicked").get_or_insert(request);
        async { Ok::<_, Infallible>(Response::new(String::new())) }
    });
    let framed = TokioIo::new(Framed::new(server));
    let mut http = http1::Builder::new();
    let _ = http.max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS).serve_connection(framed, service).with_upgrades().await;
    read.lock().expect("nobody panicked").take().flatten()
}

fn blocking<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}

/// What a browser says.
const PLAIN: &str =
    "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nProxy-Connection: keep-alive\r\nUser-Agent: Mozilla/5.0\r\n\r\n";

#[test]
fn a_connect_is_read_as_hyper_reads_it_or_not_here() {
    let many = |count: usize| format!("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(count));
    for (head, taken) in [
        (PLAIN.to_owned(), true),
        ("CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: a\r\n\r\n".into(), true),
        ("CONNECT a.example:443 HTTP/1.1\r\n\r\n".into(), true),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".into(), true),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".into(), true),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost:\ta \t\r\nX:\r\nY: \x7e\r\n\r\n".into(), true),
        ("CONNECT user:word@a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n".into(), true),
        (many(99), true),
        (many(100), false),
        ("CONNECT a.example:443 HTTP/1.0\r\nHost: a\r\n\r\n".into(), false),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n".into(), false),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n".into(), false),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".into(), false),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n".into(), false),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost : a\r\n\r\n".into(), false),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost\r\n\r\n".into(), false),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost: a\0\r\n\r\n".into(), false),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost: a\rX: b\r\n\r\n".into(), false),
        ("CONNECT a.example:443 HTTP/1.1\nHost: a\n\n".into(), false),
        ("CONNECT  a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n".into(), false),
        ("CONNECT a.example:443  HTTP/1.1\r\nHost: a\r\n\r\n".into(), false),
        ("CONNECT a.example:443 HTTP/1.1 \r\nHost: a\r\n\r\n".into(), false),
        ("CONNECT a example:443 HTTP/1.1\r\nHost: a\r\n\r\n".into(), false),
        ("connect a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n".into(), false),
        ("CONNECTX a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n".into(), false),
        ("GET http://a.example/ HTTP/1.1\r\nHost: a\r\n\r\n".into(), false),
        (PLAIN.trim_end().to_owned(), false),
        (format!("{PLAIN}early"), false),
    ] {
        let read = here(head.as_bytes());
        assert_eq!(read.is_some(), taken, "{head:?}");
        if read.is_some() {
            assert_eq!(read, blocking(by_hyper(head.as_bytes())), "{head:?}");
        }
    }
}

/// Heads that are nearly right: lines of what is usual, with a few octets put in.
fn heads() -> impl Strategy<Value = Vec<u8>> {
    let begins = proptest::sample::select(vec![
        "CONNECT a.example:443 HTTP/1.1",
        "CONNECT a.example:443 HTTP/1.0",
        "CONNECT [::1]:443 HTTP/1.1",
        "CONNECT / HTTP/1.1",
        "CONNECT http://a.example/ HTTP/1.1",
        "CONNECT a.example HTTP/1.1",
        "CONNECT * HTTP/1.1",
        "OPTIONS a.example:443 HTTP/1.1",
    ]);
    let fields = proptest::sample::select(vec![
        "Host: a.example:443",
        "Content-Length: 0",
        "Content-Length: 00",
        "Content-Length: 3",
        "Transfer-Encoding: chunked",
        "Connection: close",
        "Expect: 100-continue",
        "Upgrade: x",
        "X: \u{e9}",
        "Y:",
        "Z: a:b",
        "",
    ]);
    let ends = proptest::sample::select(vec!["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r"]);
    let put = (any::<prop::sample::Index>(), proptest::sample::select(&b"\0\r\n\t :,;=\x0b\x7f\x80\xffaA0"[..]));
    (begins, proptest::collection::vec((fields, ends), 0..5), proptest::collection::vec(put, 0..3)).prop_map(
        |(begin, fields, puts)| {
            let mut head = format!("{begin}\r\n").into_bytes();
            for (field, end) in fields {
                head.extend_from_slice(field.as_bytes());
                head.extend_from_slice(end.as_bytes());
            }
            head.extend_from_slice(b"\r\n");
            for (at, octet) in puts {
                head.insert(at.index(head.len()), octet);
            }
            head
        },
    )
}

proptest! {
    /// Both readers agree on whatever the first of them finds whole.
    #[test]
    fn what_is_taken_here_is_what_hyper_would_have_taken(said in heads()) {
        let read = blocking(async { first(&mut &said[..], Duration::from_secs(1)).await });
        let hypers = blocking(by_hyper(&said));
        match read {
            Some(First::Connect { request, head, after }) => {
                let read = (request.method().clone(), request.uri().clone(), request.headers().clone());
                prop_assert_eq!(Some(read), hypers);
                // Empty lines before it are nobody's.
                prop_assert!(said.ends_with(&joined(&head, &after)));
            }
            Some(First::Other(all)) => {
                prop_assert_eq!(hypers, None);
                prop_assert!(said.ends_with(&all));
            }
            None => prop_assert!(said.is_empty()),
        }
    }
}

async fn read_in(pieces: &[&[u8]], limit: Duration) -> Option<First> {
    let (mut client, mut server) = duplex(1 << 20);
    let reading = tokio::spawn(async move { first(&mut server, limit).await });
    for piece in pieces {
        // It may have read enough and gone.
        let _ = client.write_all(piece).await;
        tokio::task::yield_now().await;
    }
    // Held, or it would have ended.
    let read = reading.await.expect("it ran");
    drop(client);
    read
}

#[tokio::test]
async fn a_head_may_come_in_pieces_and_what_follows_it_is_kept() {
    let said = format!("\r\n{PLAIN}\x16\x03\x01");
    for cut in 1..said.len() {
        let (one, two) = said.as_bytes().split_at(cut);
        match read_in(&[one, two], HOUR).await {
            Some(First::Connect { head, mut after, .. }) => {
                // What comes after the head may not have been read with it.
                after.extend_from_slice(&b"\x16\x03\x01"[after.len()..]);
                assert_eq!((&head[..], &after[..]), (PLAIN.as_bytes(), &b"\x16\x03\x01"[..]), "{cut}");
            }
            other => panic!("{cut}: {other:?}"),
        }
    }
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn what_will_never_be_a_head_is_given_on_at_once_and_what_never_comes_is_not_waited_for() {
    let long = [b"GET / HTTP/1.1\r\nX: ", &vec![b'x'; MAX_HEAD][..]].concat();
    for said in [&b"GET / HTTP/1.1\nHost: a"[..], b"\n", b"\x16\x03\x01\n", &long, b"GET / HTTP/1.1\r\n\r\nbody"] {
        match read_in(&[said], HOUR).await {
            // No more is read than is needed to tell.
            Some(First::Other(all)) => assert!(!all.is_empty() && said.starts_with(&all)),
            other => panic!("{other:?}"),
        }
    }
    let short = Duration::from_millis(20);
    for said in [&b""[..], b"CONNECT a.example:443 HTTP/1.1\r\nHost:", b"\r\n\r\n\r\n", b"CONN"] {
        assert!(read_in(&[said], short).await.is_none(), "{said:?}");
    }
}

#[tokio::test]
async fn empty_lines_before_a_head_are_not_kept() {
    let (mut client, mut server) = duplex(1 << 10);
    let reading = tokio::spawn(async move { first(&mut server, HOUR).await });
    for _ in 0..2 * MAX_HEAD / 1000 {
        client.write_all("\r\n".repeat(500).as_bytes()).await.expect("it is read");
    }
    client.write_all(PLAIN.as_bytes()).await.expect("it is read");
    assert!(matches!(reading.await, Ok(Some(First::Connect { .. }))));
}
