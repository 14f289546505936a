//! By name: what a client opens with is held against what it asked for.

use super::stand::until_end;
use super::{Stand, head_of};
use crate::gate::school::School;
use crate::journal::{Decrypted, Door, Event};
use crate::policy::Surface;
use crate::policy::{Action, Step};
use crate::proxy::alert::Alert;
use crate::proxy::connection::Ends;
use crate::proxy::named::{self, Next};
use crate::proxy::opening::{Opening, opening};
use crate::proxy::way::Way;
use crate::proxy::{OwnAddresses, Proxy};
use crate::resolve::Resolver;
use crate::wire::hello::tests::wanting;
use crate::words::{Category, ClientAddr, Host};
use bytes::{Bytes, BytesMut};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a client gets after the 200, and what the origin gets, when it connects to `host` and opens with `bytes`.
async fn opened(host: &str, bytes: &[u8]) -> (String, String, Vec<Event<'static>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let stand = Stand::at(listener.local_addr().expect("an address"), Default::default()).await;
    let mut client = stand.open("127.0.0.1").await;
    let connect = format!("CONNECT {host}:{0} HTTP/1.1\r\nHost: {host}:{0}\r\n\r\n", stand.origin.port());
    client.write_all(connect.as_bytes()).await.expect("sent");
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 200"), "{host}");
    let (mut server, _) = listener.accept().await.expect("it is dialled");
    // In two pieces: an opening is whole when it is, not when a segment ends.
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    client.write_all(first).await.expect("sent");
    tokio::task::yield_now().await;
    client.write_all(rest).await.expect("sent");
    client.shutdown().await.expect("sent");
    let got = until_end(&mut server).await;
    let _ = server.write_all(b"answer").await;
    drop(server);
    let told = until_end(&mut client).await;
    (told, got, stand.school.events())
}

fn alert(alert: Alert) -> String {
    String::from_utf8_lossy(&[21, 3, 3, 0, 2, 2, alert as u8]).into_owned()
}

#[tokio::test]
async fn a_connect_that_opens_with_its_own_name_or_none_is_carried_whole() {
    let chromium = include_bytes!("../../wire/hello/chromium.bin");
    let nameless = include_bytes!("../../wire/hello/openssl-no-sni.bin");
    for (host, bytes) in
        [("www.school.example", &chromium[..]), ("a.example", nameless), ("WWW.A.example", &wanting("www.a.example"))]
    {
        let (told, got, events) = opened(host, bytes).await;
        assert_eq!((told.as_str(), got == String::from_utf8_lossy(bytes)), ("answer", true), "{host}");
        assert_eq!(events.len(), 1, "{host}");
    }
}

#[tokio::test]
async fn a_connect_that_opens_with_another_name_is_told_so_and_both_names_are_written_down() {
    let (told, got, events) = opened("a.example", &wanting("b.example")).await;
    assert_eq!((told, got.as_str()), (alert(Alert::UnrecognizedName), ""), "nothing reaches the origin");
    let [asked, hidden] = &events[..] else { panic!("{events:?}") };
    assert_eq!((asked.action, &*asked.host), (Action::Allow, "a.example"));
    assert_eq!((hidden.action, hidden.step, hidden.category), (Action::Block, Step::Category, Some(Category::BYPASS)));
    assert_eq!(
        (&*hidden.host, &*hidden.path, hidden.status, hidden.door),
        ("b.example", " (asked for as a.example)", 403, Door::Proxy)
    );
    assert!(hidden.group.is_some() && hidden.who.is_some());
}

#[tokio::test]
async fn help_stays_nobodys_business_on_either_side_of_two_names() {
    for (asked, opens) in [("help.example", "b.example"), ("b.example", "help.example")] {
        let (_, _, events) = opened(asked, &wanting(opens)).await;
        assert_eq!(events.len(), 2);
        assert!(events.iter().all(|e| !e.path.contains("help") && !e.host.contains("help")), "{events:?}");
    }
}

#[tokio::test]
async fn what_a_connect_to_an_address_opens_with_is_judged() {
    let (told, got, events) = opened("127.0.0.1", &wanting("www.adult.example")).await;
    assert_eq!((told, got.as_str()), (alert(Alert::AccessDenied), ""));
    assert_eq!(
        (events[1].action, &*events[1].host, events[1].category),
        (Action::Block, "www.adult.example", Some(Category::ADULT))
    );
    let (told, _, events) = opened("127.0.0.1", &wanting("a.example")).await;
    assert_eq!((told.as_str(), events.len(), &*events[1].host, events[1].action), ("answer", 2, "a.example", Action::Allow));
    assert_eq!(events[1].decrypted, Decrypted::NoAuthority, "why it was not looked into");
}

#[tokio::test]
async fn an_opening_that_cannot_be_read_is_told_so() {
    let mut broken = wanting("a.example");
    let last = broken.len() - 1;
    broken[last] = b' ';
    let (told, got, events) = opened("a.example", &broken).await;
    assert_eq!((told, got.as_str(), events[1].category), (alert(Alert::DecodeError), "", Some(Category::BYPASS)));
}

#[tokio::test]
async fn where_any_protocol_may_be_spoken_an_origin_may_begin() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let stand = Stand::at(listener.local_addr().expect("an address"), Default::default()).await;
    let mut client = stand.open("127.0.0.1").await;
    let connect = format!("CONNECT a.example:{0} HTTP/1.1\r\nHost: a.example:{0}\r\n\r\n", stand.origin.port());
    client.write_all(connect.as_bytes()).await.expect("sent");
    head_of(&mut client).await;
    let (mut server, _) = listener.accept().await.expect("it is dialled");
    server.write_all(b"220 mail").await.expect("sent");
    let mut greeting = [0; 8];
    let heard = tokio::time::timeout(std::time::Duration::from_secs(4), client.read_exact(&mut greeting)).await;
    heard.expect("long before an opening is given up").expect("it is read");
    assert_eq!(&greeting, b"220 mail");
}

/// A proxy of this school, and a way of a pupil to an address that nobody reaches.
async fn way(more: &str, host: &str, address: &str) -> (School, Proxy, Way) {
    let school = School::with(more);
    let resolver = Arc::new(Resolver::new(&[SocketAddr::from(([127, 0, 0, 1], 9))]));
    let proxy = Proxy {
        gate: school.gate.clone(),
        resolver,
        own: OwnAddresses::read(),
        open: Arc::default(),
        checking: Default::default(),
        turns: Default::default(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let (stream, origin) = (TcpStream::connect(at).await.expect("it listens"), TcpStream::connect(at).await.expect("it listens"));
    let client = ClientAddr::new([127, 0, 0, 1].into());
    let visit = proxy.gate.visit(client).expect("ours");
    let (host, address): (_, SocketAddr) = (Host::parse(host).expect("a host"), address.parse().expect("an address"));
    let judged = visit.judge(&host, Surface::NoPage);
    let (port, door, already) = (address.port(), Door::Proxy, Bytes::new());
    let ends = Ends { client, peer: at, local: at.ip(), private: false };
    (school, proxy, Way { visit, judged, host, port, door, ends, stream: stream.into(), already, origin, address })
}

#[tokio::test]
async fn another_protocol_is_carried_only_where_the_configuration_names_its_port_or_address() {
    let at = "203.0.113.9:443";
    for (more, carried) in [
        ("", false),
        ("[proxy]\nports = [22]\n", false),
        ("[proxy]\nports = [443]\n", true),
        ("[proxy]\ndestinations = [\"203.0.113.9:443\"]\n", true),
        ("[proxy]\ndestinations = [\"203.0.113.9:22\"]\n", false),
    ] {
        let (_school, proxy, way) = way(more, "a.example", at).await;
        let next = named::next(&proxy, &way, &Opening::NotTls);
        assert_eq!(matches!(next, Next::Carry), carried, "{more}: {next:?}");
        if let Next::Refuse { judged, alert, .. } = next {
            assert_eq!((judged.verdict.category, alert), (Some(Category::BYPASS), None), "no alert to what is not TLS");
        }
        assert_eq!(matches!(named::next(&proxy, &way, &Opening::Silent), Next::Carry), carried, "{more}");
    }
    let watch = "[[network]]\nname = \"w\"\nranges = [\"127.0.0.1\"]\nmode = \"watch\"\n";
    let (_school, proxy, way) = way(watch, "a.example", at).await;
    let Next::Watched { judged, .. } = named::next(&proxy, &way, &Opening::NotTls) else { panic!("it only watches") };
    assert_eq!((judged.verdict.action, judged.verdict.blocks()), (Action::WouldBlock, false));
}

#[tokio::test]
async fn an_address_that_nobody_was_told_of_is_refused_where_the_network_wants_names() {
    let wants = "[[network]]\nname = \"w\"\nranges = [\"127.0.0.1\"]\nonly_resolved = true\n";
    let mut already = BytesMut::from(&include_bytes!("../../wire/hello/openssl-no-sni.bin")[..]);
    for (more, host, refused) in [
        (wants, "203.0.113.9", true),
        ("", "203.0.113.9", false),
        (wants, "a.example", false),
        (&format!("{wants}[[entry]]\nhost = \"203.0.113.9\"\naction = \"allow\"\nreason = \"a test\"\n"), "203.0.113.9", false),
    ] {
        let (_school, proxy, mut way) = way(more, host, "203.0.113.9:443").await;
        let opening = opening(&mut way.stream, &mut already).await;
        let next = named::next(&proxy, &way, &opening);
        assert_eq!(matches!(next, Next::Refuse { .. }), refused, "{more} {host}: {next:?}");
        if !refused || host != "203.0.113.9" {
            continue;
        }
        let told = [way.address.ip()];
        let mark = proxy.gate.ledger.mark("b.example", &told);
        proxy.gate.ledger.tell(way.ends.client, mark, 1_000, || ("b.example", &told));
        proxy.gate.ledger.hand_over();
        while named::by_ledger(&proxy, way.ends.client, told[0]).is_none() {
            tokio::task::yield_now().await;
        }
        assert!(matches!(named::next(&proxy, &way, &opening), Next::Carry), "it was told of it");
    }
}
