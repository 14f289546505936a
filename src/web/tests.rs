//! The web door with real sockets.

use crate::gate::school::School;
use crate::net::drain::{Stopper, drain};
use crate::net::fetch::SystemLookup;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::timeout;

mod portal;
mod why;

struct Stand {
    school: School,
    web: SocketAddr,
    _stopper: Stopper,
}

impl Stand {
    async fn with(more: &str) -> Self {
        let mut school = School::with(more);
        let bound = super::bind(&["127.0.0.1:0".parse().expect("an address")], &[]).expect("a port");
        let web = bound.local_addrs()[0];
        Arc::get_mut(&mut school.gate).expect("nobody else's").web = vec![web];
        let (stopper, drain) = drain();
        tokio::spawn(bound.serve(
            school.gate.clone(),
            Arc::new(SystemLookup),
            super::Rooms::default(),
            vec!["127.0.0.1:3128".parse().expect("an address")],
            drain,
        ));
        Self { school, web, _stopper: stopper }
    }

    /// The answer to a GET from this address, with these header lines.
    async fn get(&self, from: &str, target: &str, headers: &str) -> String {
        self.talk(from, &format!("GET {target} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n")).await
    }

    async fn talk(&self, from: &str, request: &str) -> String {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::new(from.parse().expect("an address"), 0)).expect("an address of ours");
        let mut stream = socket.connect(self.web).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut bytes = Vec::new();
        timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.expect("it closes").expect("it is read");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

const HERE: &str = "Host: 127.0.0.1\r\n";
const HTML: &str = "Accept: text/html\r\n";

#[tokio::test]
async fn health_and_metrics_are_for_this_machine_and_the_networks_that_are_named() {
    let named = Stand::with("[web]\nlisten = [\"127.0.0.1:0\"]\nstatus_from = [\"192.0.2.0/24\"]\n").await;
    let health = named.get("127.0.0.1", "/healthz", HERE).await;
    assert!(health.starts_with("HTTP/1.1 200") && health.ends_with("ok\n"), "{health}");
    let metrics = named.get("127.0.0.1", "/metrics", HERE).await;
    for line in [
        "schoolgate_strangers_total 0",
        "schoolgate_events_dropped_total 0",
        "schoolgate_events_written_total 0",
        "schoolgate_lists 3",
        "# TYPE schoolgate_uptime_seconds gauge",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    let may = |ip: &str| {
        super::Hall::open(named.school.gate.clone(), Arc::new(SystemLookup), Default::default(), Vec::new())
            .may_read_status(crate::words::ClientAddr::new(ip.parse().expect("an address")))
    };
    assert_eq!([may("192.0.2.9"), may("192.0.3.9"), may("::1"), may("10.0.0.1")], [true, false, true, false]);
}

#[tokio::test]
async fn a_blocked_name_that_leads_here_shows_its_page_and_is_not_written_down_again() {
    let stand = Stand::with("").await;
    let page = stand.get("127.0.0.1", "/some/path", &format!("Host: www.adult.example\r\n{HTML}")).await;
    assert!(page.starts_with("HTTP/1.1 403"), "{page}");
    for words in
        ["This page is not available in school", "Hill School", "your form tutor", "0800 1111", "content-security-policy"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("Listed as"));
    assert!(stand.get("127.9.0.1", "/", &format!("Host: adult.example\r\n{HTML}")).await.contains("Listed as"));
    // Not its health either, under that name.
    assert!(stand.get("127.0.0.1", "/healthz", &format!("Host: adult.example\r\n{HTML}")).await.starts_with("HTTP/1.1 403"));

    let bare = stand.get("127.0.0.1", "/x.png", "Host: adult.example\r\nAccept: image/*\r\n").await;
    assert!(bare.starts_with("HTTP/1.1 403") && bare.ends_with("\r\n\r\n"), "{bare}");
    let open = stand.get("127.0.0.1", "/", &format!("Host: page.example\r\n{HTML}")).await;
    assert!(open.starts_with("HTTP/1.1 421") && open.contains("Try again in a minute"), "{open}");
    assert_eq!(stand.school.events(), []);
}

#[tokio::test]
async fn the_front_page_says_what_this_box_is_and_to_whom() {
    let stand = Stand::with("[proxy]\ninternal = [\"hill.internal\"]\n").await;
    for host in ["127.0.0.1:8080", "localhost", "gate-1", "GATE-1.hill.internal", "[::1]:8080"] {
        let page = stand.get("127.0.0.1", "/", &format!("Host: {host}\r\n{HTML}")).await;
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("web filter") && page.contains("0800 1111"), "{host}: {page}");
        assert!(page.contains("is in one of"), "{page}");
    }
    let page = stand.get("127.200.0.1", "/", &format!("{HERE}{HTML}")).await;
    assert!(page.contains("is not in one of"), "{page}");
    let foreign = stand.get("127.0.0.1", "/", &format!("Host: gate-1.evil.example\r\n{HTML}")).await;
    assert!(foreign.starts_with("HTTP/1.1 421"), "{foreign}");
    assert!(stand.get("127.0.0.1", "/nothing", &format!("{HERE}{HTML}")).await.starts_with("HTTP/1.1 404"));
    assert!(
        stand
            .talk("127.0.0.1", "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 405")
    );
}

#[tokio::test]
async fn strangers_and_malformed_requests_get_a_line() {
    let stand = Stand::with("").await;
    let stranger = stand.get("127.200.0.1", "/", &format!("Host: adult.example\r\n{HTML}")).await;
    assert!(stranger.starts_with("HTTP/1.1 403") && !stranger.contains("Hill School"), "{stranger}");
    for request in [
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let request = request.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", usize::from(request.contains("Host")));
        let answer = stand.talk("127.0.0.1", &request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{request:?}: {answer}");
    }
}

#[test]
fn browsers_are_asked_to_come_over_tls_alone_only_where_that_leads_here() {
    assert!(super::tls::strict(443).is_some() && super::tls::strict(8443).is_none());
}

#[tokio::test]
async fn a_token_of_another_system_may_come_over_tls_and_not_in_the_clear() {
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"; // of `test`
    let more = format!("[[session]]\nname = \"logon script\"\ntoken_sha256 = \"{hash}\"\nfrom = [\"10.0.0.0/8\"]\n");
    let school = School::with(&more);
    let hall = Arc::new(super::Hall::open(school.gate.clone(), Arc::new(SystemLookup), Default::default(), Vec::new()));
    for (secure, status) in [(true, 400), (false, 403)] {
        let client = crate::words::ClientAddr::new([10, 0, 0, 1].into());
        let peer = super::hall::Peer { client, local: [10, 0, 0, 2].into(), port: 8443, secure };
        let request = axum::extract::Request::post("/api/session").header("authorization", "Bearer test");
        let request = request.body(axum::body::Body::from("{}")).expect("a request");
        let said = super::session::take(axum::extract::State(hall.clone()), peer, request).await;
        assert_eq!(said.status().as_u16(), status, "{secure}");
    }
}
