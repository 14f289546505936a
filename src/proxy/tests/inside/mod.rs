//! Looking into TLS, with curl and with clients that write bytes.

mod faults;
mod seen;
mod stand;
mod warned;

use crate::gate::Snapshot;
use crate::journal::Decrypted;
use crate::policy::{Action, Mode};
use stand::{BOTH, Inside, ONE, Wish, host, read_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn both_sides_speak_what_both_can_and_each_request_has_its_line() {
    for (origin, client, version) in [
        (BOTH, "--http2", "HTTP/2"),
        (BOTH, "--http1.1", "HTTP/1.1"),
        (ONE, "--http2", "HTTP/1.1"),
        (&[][..], "--http2", "HTTP/1.1"),
    ] {
        let inside = Inside::new(Wish { speaks: origin, ..Wish::default() }).await;
        let (one, two) = (inside.url("a.example", "/one?x=1"), inside.url("a.example", "/two"));
        let (code, said) = inside.curl("school.pem", &[client, &one, &two]).await;
        assert!(code == 0 && said.contains(&format!("{version} 200")), "{client}: {said}");
        assert!(said.contains("of /one") && said.contains("of /two"), "{said}");
        assert!(!said.to_lowercase().contains("alt-svc"), "another way to the origin is not told of: {said}");
        let got = inside.got();
        assert_eq!(got.iter().map(|g| g.target.as_str()).collect::<Vec<_>>(), ["/one?x=1", "/two"]);
        assert!(got.iter().all(|g| format!("{:?}", g.version).starts_with(version) && g.connection == 0), "{got:?}");
        assert!(got.iter().all(|g| !g.headers.contains_key("via")));
        let events = inside.stand.school.events();
        let told: Vec<_> = events.iter().map(|e| (&*e.method, &*e.path, e.status, e.decrypted)).collect();
        let within = |path| ("GET", path, 200, Decrypted::Yes);
        assert_eq!(told, [("CONNECT", "", 200, Decrypted::Yes), within("/one?x=1"), within("/two")]);
    }
}

#[tokio::test]
async fn a_page_is_judged_by_its_whole_address_and_its_block_page_is_shown_inside() {
    let inside =
        Inside::new(Wish { shows: &|w| w.leaf(&host("shared.example"), stand::now()).expect("minted"), ..Wish::default() }).await;
    let open = inside.page(&inside.url("shared.example", "/other")).await;
    assert!(open.contains("HTTP/2 200"), "{open}");
    let blocked = inside.page(&inside.url("shared.example", "/locked/page")).await;
    assert!(blocked.contains("HTTP/2 403") && blocked.contains("This page is not available in school"), "{blocked}");
    let last = inside.stand.school.events().pop().expect("an event");
    assert_eq!((last.action, &*last.host, &*last.path, last.decrypted), (Action::Block, "", "", Decrypted::Yes));
    assert_eq!(inside.got().len(), 1, "nothing of it reached the origin");
}

#[tokio::test]
async fn a_blocked_host_s_page_is_shown_inside_and_written_down_once() {
    let inside = Inside::new(Wish::default()).await;
    let page = inside.page(&inside.url("www.adult.example", "/x?y")).await;
    assert!(page.contains("HTTP/1.1 403") && page.contains("This page is not available in school"), "{page}");
    let events = inside.stand.school.events();
    let told: Vec<_> = events.iter().map(|e| (&*e.method, &*e.host, &*e.path, e.action, e.decrypted)).collect();
    assert_eq!(told, [("GET", "www.adult.example", "/x?y", Action::Block, Decrypted::Yes)]);
    // Who does not trust the authority is blocked all the same, and written down as well.
    let (code, _) = inside.curl("world.pem", &[&inside.url("adult.example", "/")]).await;
    assert_eq!(code, 60);
    for _ in 0..100 {
        if inside.stand.school.events().len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let last = inside.stand.school.events().pop().expect("an event");
    assert_eq!((&*last.method, &*last.host, last.action, last.status), ("CONNECT", "adult.example", Action::Block, 403));
    assert!(inside.got().is_empty());
}

#[tokio::test]
async fn a_device_sees_whether_it_trusts_the_authority() {
    let inside = Inside::new(Wish { installed: false, ..Wish::default() }).await;
    let check = "https://trusted.schoolgate.internal/";
    let (code, said) = inside.curl("school.pem", &[check]).await;
    assert!(code == 0 && said.contains("Yes: it is trusted here"), "{said}");
    assert_eq!(inside.curl("world.pem", &[check]).await.0, 60);
    assert!(inside.stand.school.events().is_empty(), "it is no visit");
}

#[tokio::test]
async fn what_is_left_alone_is_passed_as_it_is_and_the_log_says_why() {
    let privates = "[banking]\nbank.example\n[pinned]\napp.example\n[health]\nhealth.example\n";
    let named =
        |name: &'static str| move |world: &crate::net::ca::Authority| world.leaf(&host(name), stand::now()).expect("minted");
    let (inside, without) = ("[inside]\nexcept = [\"left.example\"]\n", "[inside]\nwithout = [\"adult\"]\n");
    let group = "[[group]]\nname = \"nobody\"\nprofile = \"staff\"\n[inside]\ngroups = [\"nobody\"]\n";
    for (name, more, installed, why) in [
        ("www.bank.example", "", true, Decrypted::Banking),
        ("app.example", "", true, Decrypted::Pinned),
        ("health.example", "", true, Decrypted::Health),
        ("a.left.example", inside, true, Decrypted::Exception),
        ("a.example", group, true, Decrypted::Group),
        ("a.example", without, false, Decrypted::Network),
        ("help.example", "", true, Decrypted::Category),
    ] {
        let inside = Inside::new(Wish { shows: &named(name), privates, more, installed, ..Wish::default() }).await;
        let (code, said) = inside.curl("world.pem", &[&inside.url(name, "/")]).await;
        assert!(code == 0 && said.contains("of /"), "{name}: {said}");
        let events = inside.stand.school.events();
        assert_eq!(events.iter().map(|e| e.decrypted).collect::<Vec<_>>(), [why], "{name}");
    }
}

#[tokio::test]
async fn a_client_that_turns_the_certificate_away_is_remembered() {
    let inside = Inside::new(Wish::default()).await;
    let (code, said) = inside.curl("world.pem", &[&inside.url("a.example", "/")]).await;
    assert_eq!(code, 60, "{said}");
    for _ in 0..100 {
        if !inside.stand.school.gate.rejections.proposals().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let proposals = inside.stand.school.gate.rejections.proposals();
    let [crate::gate::rejections::Proposal::Except(name, turned)] = &proposals[..] else { panic!("{proposals:?}") };
    assert_eq!((name.as_str(), turned.times, turned.said), ("a.example", 1, "unknown_ca"));
}

#[tokio::test]
async fn two_names_that_a_network_only_watches_are_passed_as_they_are() {
    let inside = Inside::new(Wish::default()).await;
    let mut next = Snapshot::clone(&inside.stand.school.gate.snapshot());
    next.config.policy.networks[0].mode = Mode::Watch;
    inside.stand.school.gate.swap(next);
    let port = inside.stand.origin.port();
    // CONNECT names b.example, and the hello a.example, whose certificate the origin has.
    let other = format!("a.example:{port}:b.example:{port}");
    let (code, said) = inside.curl("world.pem", &["--connect-to", &other, &inside.url("a.example", "/two")]).await;
    assert_eq!(code, 0, "{said}");
    let hidden = inside.stand.school.events().into_iter().find(|e| e.host == "a.example").expect("a line");
    assert_eq!(hidden.action, Action::WouldBlock);
}

#[tokio::test]
async fn a_request_for_another_host_than_the_connection_s_is_421() {
    let inside = Inside::new(Wish::default()).await;
    let mut stream = inside.open("a.example").await;
    let port = inside.stand.origin.port();
    for (other, status) in [("b.example", "421"), ("a.example:1", "421"), ("www.adult.example", "403")] {
        let request = format!("GET /x HTTP/1.1\r\nHost: {other}\r\nAccept: application/json\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let said = read_until(&mut stream, ".\n").await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{other}: {said}");
    }
    // The connection goes on with what it is for.
    stream.write_all(format!("GET /y HTTP/1.1\r\nHost: A.example:{port}\r\n\r\n").as_bytes()).await.expect("sent");
    assert!(read_until(&mut stream, "of /y\n").await.starts_with("HTTP/1.1 200"));
    assert_eq!(inside.got().len(), 1);
    let events = inside.stand.school.events();
    assert_eq!(events.iter().map(|e| (&*e.host, e.status)).collect::<Vec<_>>()[1], ("b.example", 421));
    assert_eq!(inside.got()[0].headers["host"], format!("a.example:{port}"));
}

#[tokio::test]
async fn a_websocket_passes_both_ways() {
    let inside = Inside::new(Wish { speaks: ONE, ..Wish::default() }).await;
    let mut stream = inside.open("a.example").await;
    let ask = "GET /socket HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.expect("sent");
    let head = read_until(&mut stream, "\r\n\r\n").await.to_lowercase();
    assert!(
        head.starts_with("http/1.1 101") && head.contains("upgrade: websocket") && head.contains("connection: upgrade"),
        "{head}"
    );
    // What is no HTTP must not be read as such.
    stream.write_all(b"\x00he\xffo").await.expect("sent");
    let mut back = [0; 5];
    stream.read_exact(&mut back).await.expect("an echo");
    assert_eq!(&back, b"\x00HE\xffO");
    // Another protocol than WebSocket is not asked for.
    let mut stream = inside.open("a.example").await;
    stream
        .write_all(b"GET /plain HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        .await
        .expect("sent");
    assert!(read_until(&mut stream, "of /plain\n").await.starts_with("HTTP/1.1 200"));
    assert!(!inside.got().last().expect("a request").headers.contains_key("upgrade"));
}

#[tokio::test]
async fn trailers_uploads_and_100_continue_pass() {
    let inside = Inside::new(Wish { speaks: ONE, ..Wish::default() }).await;
    let mut stream = inside.open("a.example").await;
    let ask = "GET /trailers HTTP/1.1\r\nHost: a.example\r\nConnection: TE\r\nTE: trailers\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.expect("sent");
    let said = read_until(&mut stream, "42\r\n\r\n").await.to_lowercase();
    assert!(said.contains("trailer: x-sum") && said.contains("x-sum: 42"), "{said}");
    let ask = "POST /echo HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.expect("sent");
    let head = read_until(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 100"), "{head}");
    stream.write_all(b"hello").await.expect("sent");
    assert!(read_until(&mut stream, "hello").await.starts_with("HTTP/1.1 200"));
    // A body that can be read in two ways is refused here as everywhere.
    let ask = "POST /echo HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.expect("sent");
    assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn large_bodies_pass_over_http_2_and_many_requests_share_a_connection() {
    let inside = Inside::new(Wish::default()).await;
    let big = inside.path("big");
    std::fs::write(&big, vec![b'y'; 2 << 20]).expect("written");
    let (sent, back) = (format!("@{}", big.display()), inside.path("back"));
    let (code, said) = inside
        .curl(
            "school.pem",
            &["--http2", "--data-binary", &sent, "-o", back.to_str().expect("a path"), &inside.url("a.example", "/echo")],
        )
        .await;
    assert_eq!(code, 0, "{said}");
    let back = std::fs::read(&back).expect("it is there");
    assert!(back.ends_with(&vec![b'y'; 2 << 20]));
    let mut more = vec!["--http2", "--parallel"];
    let urls: Vec<_> = (0..10).map(|n| inside.url("a.example", &format!("/big?{n}"))).collect();
    urls.iter().for_each(|url| more.extend(["-o", "/dev/null", url]));
    let (code, said) = inside.curl("school.pem", &more).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(inside.got().len(), 11);
}

#[tokio::test]
async fn an_origin_that_closes_ends_the_client_s_connection_after_its_answer_and_the_next_one_is_new() {
    let inside = Inside::new(Wish { speaks: ONE, ..Wish::default() }).await;
    let urls = [inside.url("a.example", "/close"), inside.url("a.example", "/after")];
    let (code, said) = inside.curl("school.pem", &[&urls[0], &urls[1]]).await;
    assert!(code == 0 && said.contains("closing") && said.contains("of /after"), "{said}");
    assert_eq!(inside.got().iter().map(|g| g.connection).collect::<Vec<_>>(), [0, 1]);
}
