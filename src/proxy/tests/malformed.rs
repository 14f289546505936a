//! Requests that are wrong, and clients that are nobody's.

use super::Stand;
use super::stand::until_end;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

fn ok(_: &str) -> &'static str {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
}

#[tokio::test]
async fn what_cannot_be_read_in_one_way_is_400_or_431_and_closed() {
    let stand = Stand::before(ok).await;
    let url = stand.url("a.example", "/");
    let long = format!("GET {url} HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "x".repeat(300_000));
    let many = format!("GET {url} HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(200));
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("\x16\x03\x01\x02\0\x01\0\x01\n".to_owned(), 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
        (format!("GET {url} HTTP/1.1\r\n\r\n"), 400),
        (format!("GET {url} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"), 400),
        (format!("GET {url} HTTP/1.1\nHost: x\n\n"), 400),
        (format!("TRACE {url} HTTP/1.1\r\nHost: x\r\n\r\n"), 400),
        (format!("POST {url} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"), 400),
        (format!("POST {url} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"), 400),
        ("GET http://user:word@a.example/ HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
        ("GET ftp://a.example/ HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
        ("GET http://a..example/ HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
        (long, 431),
        (many, 431),
    ] {
        let answer = stand.talk(&request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{:?}: {answer}",
            request.chars().take(60).collect::<String>()
        );
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
    assert_eq!(stand.heard(), []);
    // Counted when the connection is over, which the client sees a moment before.
    while stand.school.gate.counters.malformed.get() < 15 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stand.school.events(), []);
    // And the next one is served.
    assert!(stand.get("a.example", "/", "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_body_that_goes_wrong_is_cut_and_hides_no_request() {
    let stand = Stand::before(ok).await;
    let url = stand.url("a.example", "/");
    let request = format!(
        "POST {url} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\n\r\nGET {url}hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    );
    stand.talk(&request).await;
    assert!(!stand.heard().iter().any(|(_, head)| head.contains("hidden")), "{:?}", stand.heard());
}

#[tokio::test]
async fn an_address_in_no_network_gets_403_and_is_not_written_down() {
    let stand = Stand::before(ok).await;
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", stand.url("a.example", "/"));
    let answer = stand.talk_from("127.200.0.1", &request).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.to_lowercase().contains("connection: close"), "{answer}");
    assert_eq!(stand.school.gate.counters.strangers.get(), 1);
    assert_eq!(stand.school.events(), []);
    assert_eq!(stand.heard(), []);
}

#[tokio::test]
async fn half_a_head_is_not_waited_for_for_long() {
    let stand = Stand::before(ok).await;
    let mut client = stand.open("127.0.0.1").await;
    client.write_all(b"GET http://a.example/ HTTP/1.1\r\nHost:").await.expect("sent");
    assert_eq!(until_end(&mut client).await, "");
}
