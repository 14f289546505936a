//! Absolute form.

use super::stand::until_end;
use super::{Stand, head_of};
use crate::journal::{Door, Intent};
use crate::policy::{Action, Step};
use crate::resolve::shares::MAX_OPEN;
use crate::words::ClientAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn hello(_: &str) -> &'static str {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n\r\nhello"
}

/// The head of an answer in small letters, and its body.
fn parts(answer: &str) -> (String, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    (head.to_lowercase(), body)
}

#[tokio::test]
async fn an_allowed_request_goes_through_and_is_one_line_in_the_journal() {
    let stand = Stand::before(hello).await;
    let answer = stand.get("page.example", "/a?b=1", "Accept: text/html\r\nProxy-Connection: keep-alive\r\n").await;
    let (head, body) = parts(&answer);
    assert!(head.starts_with("http/1.1 200 ok") && head.contains("via: 1.1 schoolgate") && head.contains("x-end: 2"), "{head}");
    assert!(!head.contains("x-hop"), "{head}");
    assert_eq!(body, "hello");

    let (_, heard) = stand.heard().remove(0);
    assert!(heard.starts_with("GET /a?b=1 HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains(&format!("host: page.example:{}\r\n", stand.origin.port())), "{heard}");
    assert!(heard.contains("via: 1.1 schoolgate\r\n") && !heard.to_lowercase().contains("proxy-connection"), "{heard}");

    let events = stand.school.events();
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!((event.door, event.action, event.step, event.status), (Door::Proxy, Action::Allow, Step::Default, 200));
    assert_eq!((&*event.method, &*event.host, &*event.path), ("GET", "page.example", "/a?b=1"));
    assert_eq!((event.port, event.bytes_down, event.intent), (stand.origin.port(), 5, Intent::Navigation));
}

#[tokio::test]
async fn a_blocked_navigation_gets_the_page_and_everything_else_a_bare_403() {
    let stand = Stand::before(hello).await;
    let page = stand.get("www.adult.example", "/", "Accept: text/html\r\n").await;
    let (head, body) = parts(&page);
    assert!(head.starts_with("http/1.1 403") && head.contains("cache-control: no-store"), "{head}");
    for words in ["Hill School", "This page is not available in school", "your form tutor", "0800 1111", "you are not in trouble"]
    {
        assert!(body.contains(words), "{words}: {body}");
    }
    let bare = stand.get("www.adult.example", "/x.png", "Accept: image/*\r\nReferer: http://page.example/\r\n").await;
    let (head, body) = parts(&bare);
    assert!(head.starts_with("http/1.1 403") && body.is_empty(), "{bare}");
    assert_eq!(stand.heard(), []);

    let events = stand.school.events();
    let seen: Vec<_> = events.iter().map(|e| (e.action, e.status, e.intent)).collect();
    assert_eq!(seen, [(Action::Block, 403, Intent::Navigation), (Action::Block, 403, Intent::SubResource)]);
}

#[tokio::test]
async fn the_category_is_for_staff_alone() {
    let stand = Stand::before(hello).await;
    let request =
        format!("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: text/html\r\n\r\n", stand.url("adult.example", "/"));
    for (from, told) in [("127.0.0.1", false), ("127.9.0.1", true)] {
        let page = stand.talk_from(from, &request).await;
        assert!(page.contains("This page is not available in school"), "{page}");
        assert_eq!(page.contains("Listed as"), told, "{from}");
    }
}

#[tokio::test]
async fn names_asked_through_the_proxy_count_to_the_clients_share() {
    let stand = Stand::before(hello).await;
    let client = ClientAddr::new([127, 0, 0, 1].into());
    let held: Vec<_> = (0..MAX_OPEN).filter_map(|_| stand.resolver.share(client)).collect();
    assert_eq!(held.len(), MAX_OPEN);
    let url = stand.url("a.example", "/");
    let request = format!("GET {url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let busy = stand.talk_from("127.0.0.1", &request).await;
    assert!(busy.starts_with("HTTP/1.1 504 "), "{busy}");
    let other = stand.talk_from("127.0.0.2", &request).await;
    assert!(other.starts_with("HTTP/1.1 200 "), "{other}");
    drop(held);
    let again = stand.talk_from("127.0.0.1", &request).await;
    assert!(again.starts_with("HTTP/1.1 200 "), "{again}");
}

#[tokio::test]
async fn a_name_that_leads_to_a_blocked_one_is_blocked() {
    let stand = Stand::before(hello).await;
    let answer = stand.get("cname.example", "/", "Accept: text/html\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("not available in school"), "{answer}");
    let events = stand.school.events();
    assert_eq!((events.len(), events[0].action, &*events[0].host), (1, Action::Block, "cname.example"));
}

#[tokio::test]
async fn one_clients_requests_to_one_origin_share_a_connection() {
    let stand = Stand::before(hello).await;
    let mut client = stand.open("127.0.0.1").await;
    for (host, path) in [("a.example", "/1"), ("a.example", "/2"), ("b.example", "/3")] {
        let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", stand.url(host, path));
        client.write_all(request.as_bytes()).await.expect("sent");
        assert!(head_of(&mut client).await.starts_with("HTTP/1.1 200"));
        let mut body = [0; 5];
        client.read_exact(&mut body).await.expect("a body");
    }
    let connections: Vec<usize> = stand.heard().iter().map(|(number, _)| *number).collect();
    assert_eq!(connections, [0, 0, 1]);
}

#[tokio::test]
async fn what_only_asks_is_asked_again_when_a_kept_connection_is_closed() {
    // The second request finds its connection closed by the origin.
    let stand =
        Stand::before(|head| if head.starts_with("GET /gone") && !head.contains("again") { "" } else { hello(head) }).await;
    let mut client = stand.open("127.0.0.1").await;
    let mut ask = async |method: &str, path: &str, more: &str| {
        let request = format!("{method} {} HTTP/1.1\r\nHost: x\r\n{more}\r\n", stand.url("a.example", path));
        client.write_all(request.as_bytes()).await.expect("sent");
        let head = head_of(&mut client).await;
        let length = head.to_lowercase().split_once("content-length: ").and_then(|(_, l)| l.split("\r\n").next()?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        client.read_exact(&mut body).await.expect("a body");
        head
    };
    assert!(ask("GET", "/1", "").await.starts_with("HTTP/1.1 200"));
    // Asked twice, on the kept connection and on a new one, and given up then.
    assert!(ask("GET", "/gone", "").await.starts_with("HTTP/1.1 502"));
    let asked: Vec<usize> = stand.heard().iter().map(|(number, _)| *number).collect();
    assert_eq!(asked, [0, 0, 1]);
}

#[tokio::test]
async fn bodies_stream_both_ways_and_are_framed_anew() {
    let stand = Stand::before(|_| {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
    })
    .await;
    let url = stand.url("a.example", "/");
    let request =
        format!("POST {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let answer = stand.talk(&request).await;
    let (head, body) = parts(&answer);
    assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
    assert!(
        body.contains("hello") && body.contains(" world") && !body.contains("ext") && body.ends_with("0\r\n\r\n"),
        "{body:?}"
    );

    // To a client of HTTP/1.0 the end of the body is the end of the connection.
    let answer = stand.talk(format!("GET {url} HTTP/1.0\r\n\r\n")).await;
    assert_eq!(parts(&answer).1, "hello world", "{answer}");
}

#[tokio::test]
async fn answers_without_a_body_have_none() {
    let stand = Stand::before(|head| match head {
        h if h.starts_with("HEAD /long") => "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        h if h.starts_with("HEAD") => "HTTP/1.1 200 OK\r\n\r\n",
        h if h.starts_with("GET /304") => "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 1000\r\n\r\n",
        _ => "HTTP/1.1 204 No Content\r\n\r\n",
    })
    .await;
    let mut client = stand.open("127.0.0.1").await;
    for (method, path, status, length) in
        [("HEAD", "/long", 200, Some("1000")), ("HEAD", "/", 200, None), ("GET", "/304", 304, None), ("GET", "/204", 204, None)]
    {
        let request = format!("{method} {} HTTP/1.1\r\nHost: x\r\n\r\n", stand.url("a.example", path));
        client.write_all(request.as_bytes()).await.expect("sent");
        let head = head_of(&mut client).await.to_lowercase();
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        let said = head.split_once("content-length: ").and_then(|(_, l)| l.split("\r\n").next().map(str::to_owned));
        assert_eq!(said.as_deref(), length, "{method} {path}: {head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
    }
}

#[tokio::test]
async fn the_client_goes_on_with_its_body_when_the_origin_says_so() {
    let stand = Stand::before(|head| match head {
        // Refused before a byte of the body: what follows on this connection is not read as a request.
        h if h.starts_with("PUT") => "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        h if h.starts_with("POST") => "HTTP/1.1 100 Continue\r\n\r\n",
        _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    })
    .await;
    let ask = |method: &str| {
        let url = stand.url("a.example", "/");
        format!("{method} {url} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 18\r\n\r\n")
    };
    let mut client = stand.open("127.0.0.1").await;
    client.write_all(ask("POST").as_bytes()).await.expect("sent");
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 100"));
    // A body that the scripted origin takes for its next request, and answers.
    client.write_all(b"GET /x HTTP/1.1\r\n\r").await.expect("sent");
    client.shutdown().await.expect("sent");
    drop(client);

    let answer = stand.talk(ask("PUT")).await;
    assert!(answer.starts_with("HTTP/1.1 417"), "{answer}");
    assert!(stand.heard().iter().any(|(_, head)| head.starts_with("PUT") && head.contains("expect: 100-continue")));
}

#[tokio::test]
async fn an_origin_that_fails_is_said_plainly() {
    let stand = Stand::before(|head| match head {
        h if h.starts_with("GET /switch") => "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        h if h.starts_with("GET /lengths") => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        h if h.starts_with("GET /closes") => "",
        _ => "this is not HTTP\r\n\r\n",
    })
    .await;
    for (host, path, status, word) in [
        ("a.example", "/", 502, "http_protocol_error"),
        ("a.example", "/closes", 502, "http_protocol_error"),
        ("a.example", "/lengths", 502, "http_protocol_error"),
        ("a.example", "/switch", 502, "http_upgrade_failed"),
        ("nobody.example", "/", 502, "dns_error"),
    ] {
        let answer = stand.get(host, path, "Accept: text/html\r\n").await;
        let (head, body) = parts(&answer);
        assert!(head.starts_with(&format!("http/1.1 {status}")) && head.contains(word), "{host}{path}: {head}");
        assert!(body.contains("Childline") && !body.contains("not available in school"), "{body}");
        let line = stand.get(host, path, "").await;
        let (_, body) = parts(&line);
        assert!(body.contains(host) && !body.contains('<'), "{body}");
    }
    assert!(stand.school.events().iter().all(|e| e.action == Action::Allow && e.status == 502));
}

#[tokio::test]
async fn neither_the_gateway_nor_private_addresses_nor_other_ports_are_reached() {
    let stand = Stand::before(hello).await;
    let (web, origin) = (stand.proxy.port(), stand.origin.port());
    for target in [
        format!("127.0.0.1:{web}"),
        format!("page.example:{web}"),
        "127.0.0.1".into(),
        "[::1]".into(),
        "[::ffff:127.0.0.1]:80".into(),
        format!("127.0.0.2:{origin}"),
        "10.0.0.1".into(),
        "169.254.169.254".into(),
        "localhost".into(),
        "page.example".into(),
        "page.example:25".into(),
    ] {
        let answer = stand.talk(format!("GET http://{target}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        let (head, body) = parts(&answer);
        assert!(head.starts_with("http/1.1 403") && head.contains("destination_ip_prohibited"), "{target}: {head}");
        assert!(!body.contains("hello"), "{target}");
    }
    assert_eq!(stand.school.gate.counters.refused_destinations.get(), 11);
    assert_eq!(stand.heard(), []);
}

#[tokio::test]
async fn a_visit_to_help_is_counted_and_nobody_is_written_down() {
    let stand = Stand::before(hello).await;
    assert!(stand.get("chat.help.example", "/talk", "").await.starts_with("HTTP/1.1 200"));
    let events = stand.school.events();
    assert_eq!((events.len(), events[0].step, events[0].who), (1, Step::Help, None));
    assert_eq!((&*events[0].host, &*events[0].path, events[0].port), ("", "", 0));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_has_left_its_line() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let stand = Stand::at(silent.local_addr().expect("an address"), Default::default()).await;
    let mut client = stand.open("127.0.0.1").await;
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", stand.url("a.example", "/"));
    client.write_all(request.as_bytes()).await.expect("sent");
    let (mut taken, _) = silent.accept().await.expect("it is dialled");
    head_of(&mut taken).await;
    drop(client);
    // The proxy closes towards the origin, too.
    assert_eq!(until_end(&mut taken).await, "");
    let events = stand.school.events();
    assert_eq!((events.len(), events[0].status, &*events[0].host), (1, 0, "a.example"));
}
