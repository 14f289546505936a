//! Files that are refused for what they are.

use super::Stand;
use crate::gate::Snapshot;
use crate::journal::Event;
use crate::policy::{Action, Mode, Step};
use crate::words::Download;
use flate2::write::GzEncoder;
use std::io::Write;
use std::num::NonZeroU64;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

const HTML: &str = "Accept: text/html\r\n";

fn program() -> Vec<u8> {
    let mut bytes = b"MZ\x90\0".to_vec();
    bytes.resize(20_000, b'x');
    bytes
}

/// What the origin sends for a path.
fn answer(head: &str) -> Vec<u8> {
    let with = |fields: &str, body: &[u8]| {
        let length = body.len();
        [format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{fields}Content-Length: {length}\r\n\r\n").as_bytes(), body].concat()
    };
    let unsaid = |fields: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n{fields}\r\n");
        let chunks = body.chunks(8000).flat_map(|part| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat());
        [head.as_bytes(), &chunks.collect::<Vec<_>>(), b"0\r\n\r\n"].concat()
    };
    match head.split(' ').nth(1).unwrap_or_default() {
        "/setup" => with("Content-Type: application/octet-stream\r\n", &program()),
        "/picture.png" => unsaid("Content-Type: image/png\r\n", &program()),
        "/packed.exe" if head.contains("accept-encoding: gzip\r\n") => {
            let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::default());
            packer.write_all(&program()).expect("packed");
            with("Content-Encoding: gzip\r\n", &packer.finish().expect("packed"))
        }
        "/hidden.exe" => with("Content-Encoding: br\r\nContent-Type: application/octet-stream\r\n", b"whatever that is"),
        "/part" => {
            let body = "x".repeat(100);
            format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 500-599/20000\r\nContent-Length: 100\r\n\r\n{body}")
                .into()
        }
        "/essay" => with("Content-Disposition: attachment; filename=essay.pdf\r\n", b"%PDF-1.7 an essay"),
        "/run" => with("Content-Type: text/plain\r\nContent-Disposition: attachment; filename*=UTF-8''r%75n.bat\r\n", b"echo 1"),
        "/large" => with("Content-Type: video/mp4\r\n", &vec![b'x'; 2_000_000]),
        "/endless" => unsaid("Content-Type: video/mp4\r\n", &vec![b'x'; 2_000_000]),
        _ => with("Content-Type: text/html\r\n", b"<p>a page"),
    }
}

async fn stand(more: &str) -> Stand {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let head = super::head_of(&mut stream).await;
                let _ = stream.write_all(&answer(&head)).await;
            });
        }
    });
    Stand::with(origin, Arc::default(), more).await
}

fn told(events: &[Event]) -> Vec<(Action, Step, Option<Download>, u16)> {
    let kind = |e: &Event| e.rule.filter(|_| e.step == Step::Download).and_then(Download::from_number);
    events.iter().map(|e| (e.action, e.step, kind(e), e.status)).collect()
}

#[tokio::test]
async fn a_file_is_refused_for_what_it_is_with_a_page_that_says_so() {
    let stand = stand("").await;
    for (path, kind, said) in [
        ("/setup", Download::Program, "It is a program"),
        ("/packed.exe", Download::Program, "It is a program"),
        ("/hidden.exe", Download::Program, "It is a program"),
        ("/run", Download::Script, "a list of commands"),
    ] {
        let page = stand.get("page.example", path, &format!("{HTML}Accept-Encoding: br, gzip\r\n")).await;
        assert!(page.starts_with("HTTP/1.1 403") && page.contains(said), "{path}: {page}");
        for words in ["This file is not available in school", "your form tutor", "Ask for this page here", "0800 1111"] {
            assert!(page.contains(words), "{path}, {words}: {page}");
        }
        let bare = stand.get("page.example", path, "Accept: image/*\r\nAccept-Encoding: gzip\r\n").await;
        assert!(bare.starts_with("HTTP/1.1 403") && !bare.contains("<html"), "{path}: {bare}");
        let events = stand.school.events();
        let refused = (Action::Block, Step::Download, Some(kind), 403);
        assert_eq!(told(&events[events.len() - 2..]), [refused, refused], "{path}");
    }
    let welsh = stand.get("page.example", "/setup", &format!("{HTML}Accept-Language: cy\r\n")).await;
    assert!(welsh.contains("Rhaglen yw hi"), "{welsh}");
    let staff = format!("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", stand.url("page.example", "/setup"));
    assert!(stand.talk_from("127.9.0.1", staff).await.starts_with("HTTP/1.1 200"), "staff install programs");
    for (path, text) in [("/essay", "an essay"), ("/part", "xxx"), ("/page", "<p>a page")] {
        let passed = stand.get("page.example", path, HTML).await;
        assert!(passed.contains(text), "{path}: {passed}");
    }
}

#[tokio::test]
async fn a_program_that_is_called_a_picture_is_cut_and_its_line_says_so() {
    let stand = stand("").await;
    let cut = stand.get("page.example", "/picture.png", "").await;
    assert!(!cut.contains("MZ") && !cut.ends_with("0\r\n\r\n"), "{cut}");
    let refused = (Action::Block, Step::Download, Some(Download::Program), 200);
    assert_eq!(told(&stand.school.events()), [(Action::Allow, Step::Default, None, 200), refused]);
}

#[tokio::test]
async fn what_is_larger_than_the_limit_is_refused_or_cut_where_it_goes_over() {
    let stand = stand("").await;
    let mut next = Snapshot::clone(&stand.school.gate.snapshot());
    next.config.policy.profiles.iter_mut().for_each(|p| p.downloads.most = NonZeroU64::new(1_000_000));
    stand.school.gate.swap(next);
    let page = stand.get("page.example", "/large", HTML).await;
    assert!(page.starts_with("HTTP/1.1 403") && page.contains("larger than a file may be"), "{}", page.len());
    let cut = stand.get("page.example", "/endless", HTML).await;
    assert!(cut.starts_with("HTTP/1.1 200") && !cut.ends_with("0\r\n\r\n"), "{}", cut.len());
    assert!((900_000..1_100_000).contains(&cut.len()), "{}", cut.len());
    let events = stand.school.events();
    let large = |status| (Action::Block, Step::Download, Some(Download::TooLarge), status);
    assert_eq!(told(&events), [large(403), (Action::Allow, Step::Default, None, 200), large(200)]);
    assert!(events[2].bytes_down > 1_000_000 && events[2].bytes_down < 1_100_000, "{}", events[2].bytes_down);
}

#[tokio::test]
async fn where_a_network_only_watches_and_where_a_host_was_let_through_before_nothing_is_refused() {
    let stand = stand("").await;
    let mut next = Snapshot::clone(&stand.school.gate.snapshot());
    next.config.policy.networks[0].mode = Mode::Watch;
    stand.school.gate.swap(next);
    for path in ["/setup", "/picture.png"] {
        assert!(stand.get("page.example", path, HTML).await.contains("MZ"), "{path}");
    }
    let would = |step| (Action::WouldBlock, step, Some(Download::Program), 200);
    let events = stand.school.events();
    assert_eq!(told(&events), [would(Step::Download), (Action::Allow, Step::Default, None, 200), would(Step::Download)]);
    // Help is let through before any profile is asked, as platforms are.
    let visit = stand.school.gate.visit(crate::words::ClientAddr::new([127, 0, 0, 1].into())).expect("ours");
    let help = visit.judge(&crate::words::Host::parse("help.example").expect("a host"), crate::policy::Surface::NoPage);
    assert!(visit.judge_download(&help, Download::Program).is_none());
}
