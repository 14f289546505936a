//! Another proxy between this one and the internet.

use super::stand::{Stand, head_of, until_end};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A gate whose parent is the one listener, and whose origin is the other.
async fn below_a_parent(direct: &str) -> (Stand, TcpListener, TcpListener) {
    let parent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (above, port) = (parent.local_addr().expect("an address"), origin.local_addr().expect("an address").port());
    let keys = format!("parent = \"http://{above}\"\nbeside_parent = [{direct}]\nports = [{port}]\n");
    let stand = Stand::with(origin.local_addr().expect("an address"), Arc::default(), &keys).await;
    (stand, parent, origin)
}

#[tokio::test]
async fn a_page_is_asked_of_the_parent_in_full_and_a_tunnel_with_connect() {
    let (stand, parent, _origin) = below_a_parent("\"near.example\"").await;
    let port = stand.origin.port();
    let mut client = stand.open("127.0.0.1").await;
    let get =
        |path: &str, more: &str| format!("GET {} HTTP/1.1\r\nHost: far.example\r\n{more}\r\n", stand.url("far.example", path));
    client.write_all(get("/a?b", "").as_bytes()).await.expect("sent");
    let (mut above, _) = parent.accept().await.expect("it is asked");
    let head = head_of(&mut above).await;
    assert!(head.starts_with(&format!("GET http://far.example:{port}/a?b HTTP/1.1\r\n")), "{head}");
    assert!(head.contains(&format!("host: far.example:{port}")), "{head}");
    above.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await.expect("sent");
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 200"));
    assert_eq!((client.read_u8().await.ok(), client.read_u8().await.ok()), (Some(b'h'), Some(b'i')));
    // The next goes the same way, on the same connection.
    client.write_all(get("/again", "Connection: close\r\n").as_bytes()).await.expect("sent");
    let head = head_of(&mut above).await;
    assert!(head.starts_with(&format!("GET http://far.example:{port}/again ")), "{head}");
    above.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("sent");
    assert!(until_end(&mut client).await.starts_with("HTTP/1.1 204"));

    let mut client = stand.open("127.0.0.1").await;
    client
        .write_all(format!("CONNECT far.example:{port} HTTP/1.1\r\nHost: far.example:{port}\r\n\r\n").as_bytes())
        .await
        .expect("sent");
    let (mut above, _) = parent.accept().await.expect("it is asked");
    assert!(head_of(&mut above).await.starts_with(&format!("CONNECT far.example:{port} HTTP/1.1\r\n")));
    above.write_all(b"HTTP/1.1 200 OK\r\n\r\nfirst").await.expect("sent");
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 200"));
    client.write_all(b"hello").await.expect("sent");
    client.shutdown().await.expect("ended");
    assert_eq!(until_end(&mut above).await, "hello");
    drop(above);
    assert_eq!(until_end(&mut client).await, "first");
}

#[tokio::test]
async fn what_is_direct_goes_past_the_parent_and_what_is_private_goes_nowhere() {
    let (stand, parent, origin) = below_a_parent("\"near.example\"").await;
    let port = stand.origin.port();
    let mut client = stand.open("127.0.0.1").await;
    let connect = |host: &str| format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
    client.write_all(connect("www.near.example").as_bytes()).await.expect("sent");
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 200"));
    origin.accept().await.expect("it is dialled");
    // A name that the school's resolvers do not know goes to the parent, a private address does not.
    let unknown = stand.open("127.0.0.1").await;
    let mut unknown = unknown;
    unknown.write_all(b"CONNECT nobody.example:443 HTTP/1.1\r\nHost: nobody.example\r\n\r\n").await.expect("sent");
    let (mut above, _) = parent.accept().await.expect("it is asked");
    assert!(head_of(&mut above).await.starts_with("CONNECT nobody.example:443 "));
    above.write_all(b"HTTP/1.1 503 Busy\r\n\r\n").await.expect("sent");
    assert!(head_of(&mut unknown).await.starts_with("HTTP/1.1 502"));
    for target in ["10.0.0.1:443", "127.0.0.1:443"] {
        let answer = stand.talk(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("destination_ip_prohibited"), "{target}: {answer}");
    }
    let answer = stand.talk(connect("www.adult.example")).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}
