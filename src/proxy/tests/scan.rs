//! Pages scored as they pass.

use super::Stand;
use super::stand::until_end;
use crate::gate::Snapshot;
use crate::lists::phrases::{Effect, Matcher, Rule, rule::Part};
use crate::policy::{Action, Step};
use crate::words::{Category, CategorySet};
use flate2::write::GzEncoder;
use std::io::Write;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const FOX: &str = "<html><p>A red <b>fox</b> sleeps.</p></html>";

/// `red fox` is worth a game, `grey wolf` something adult; pages are scored for everyone.
async fn stand() -> Stand {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let head = super::head_of(&mut stream).await;
                for (part, wait) in answer(&head) {
                    tokio::time::sleep(wait).await;
                    if stream.write_all(&part).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let stand = Stand::at(origin, Arc::default()).await;
    let rule = |text: &str, category| {
        let parts = vec![Part::read(text).expect("a phrase")];
        Rule { parts, effect: Effect::Weigh(110), category: "".into(), file: "test".into(), line: 1 }.speaking_of(category)
    };
    let rules = vec![rule(" red fox ", Category::GAMES), rule(" grey wolf ", Category::ADULT)];
    let mut next = Snapshot::clone(&stand.school.gate.snapshot());
    next.phrases = Some(Arc::new(Matcher::with_rules(Vec::new(), rules).expect("it fits")));
    next.config.policy.profiles.iter_mut().for_each(|p| p.phrase_limit = NonZeroU32::new(100));
    stand.school.gate.swap(next);
    stand
}

fn fine() -> String {
    format!("<p>{}</p>", "nothing here ".repeat(20_000))
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).expect("packed");
    packer.finish().expect("packed")
}

/// What the origin sends for a path, with a wait before each part.
fn answer(head: &str) -> Vec<(Vec<u8>, Duration)> {
    let with = |fields: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{fields}\r\n");
        vec![([head.as_bytes(), body].concat(), Duration::ZERO)]
    };
    let html = "Content-Type: text/html\r\n";
    match head.split(' ').nth(1).unwrap_or_default() {
        "/fox" => with(html, FOX.as_bytes()),
        "/wolf" => with(html, b"<p>A grey wolf"),
        "/packed" if head.contains("accept-encoding: gzip\r\n") => with(&format!("{html}Content-Encoding: gzip\r\n"), &gzip(FOX)),
        "/packed" => with(html, head.as_bytes()),
        "/brotli" => with(&format!("{html}Content-Encoding: br\r\n"), b"whatever that is"),
        "/script" => with("Content-Type: text/javascript\r\n", b"a red fox"),
        "/untold" => with("", b"a red fox"),
        "/fine" => with(&format!("{html}Content-Length: {}\r\n", fine().len()), fine().as_bytes()),
        "/far" => with(html, format!("<p>{} a red fox {}", "x ".repeat(400_000), "y ".repeat(400_000)).as_bytes()),
        "/slow" => {
            let mut parts = with(html, b"<p>first words</p>");
            parts.push((b" a red fox ".to_vec(), super::super::scan::HOLD_FOR + Duration::from_millis(700)));
            parts.push((b"last words".to_vec(), Duration::from_millis(200)));
            parts
        }
        _ => with(html, b"<p>a grey cat"),
    }
}

fn get(stand: &Stand, path: &str) -> String {
    let url = stand.url("page.example", path);
    format!("GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: text/html\r\nAccept-Encoding: br, gzip\r\n\r\n")
}

#[tokio::test]
async fn a_page_is_blocked_by_its_words_for_whom_their_category_is_blocked() {
    let stand = stand().await;
    let (pupil, staff) = ("127.0.0.1", "127.9.0.1");
    for (from, path, shown) in [
        (pupil, "/fox", None),
        (pupil, "/packed", None),
        (pupil, "/untold", None),
        (pupil, "/wolf", None),
        (staff, "/wolf", None),
        (staff, "/fox", Some("A red <b>fox</b> sleeps.")),
        (pupil, "/cat", Some("a grey cat")),
        (pupil, "/script", Some("a red fox")),
    ] {
        let answer = stand.talk_from(from, get(&stand, path)).await;
        match shown {
            None => assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("not available in school"), "{path}: {answer}"),
            Some(text) => assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(text), "{path}: {answer}"),
        }
    }
    assert_eq!(stand.school.gate.counters.unscored.get(), 0);
    assert!(stand.talk(get(&stand, "/brotli")).await.contains("whatever that is"));
    assert_eq!(stand.school.gate.counters.unscored.get(), 1, "it is counted that nobody read it");
    let events = stand.school.events();
    let blocked = events.iter().find(|e| e.path == "/fox").expect("the event");
    assert_eq!((blocked.action, blocked.step, blocked.status), (Action::Block, Step::Category, 403));
    assert_eq!(blocked.rule, Some(110), "what its words weigh");
    assert_eq!((blocked.category, blocked.categories), (Some(Category::GAMES), CategorySet::of(&[Category::GAMES])));
    let seen: Vec<_> = events.iter().filter(|e| e.action == Action::Allow).map(|e| &*e.path).collect();
    assert_eq!(seen, ["/fox", "/cat", "/script", "/brotli"]);
}

#[tokio::test]
async fn what_passes_is_what_the_origin_sent_to_the_byte() {
    let stand = stand().await;
    let answer = stand.talk(get(&stand, "/fine")).await;
    assert!(answer.ends_with(&format!("\r\n\r\n{}", fine())), "{}", answer.len());
}

#[tokio::test]
async fn what_is_seen_too_late_to_hold_the_page_is_cut_off_where_it_is_seen() {
    let stand = stand().await;
    let far = stand.talk(get(&stand, "/far")).await;
    assert!(far.starts_with("HTTP/1.1 200") && !far.contains("y y"), "{}", far.len());

    let mut stream = stand.open("127.0.0.1").await;
    stream.write_all(get(&stand, "/slow").as_bytes()).await.expect("sent");
    let began = Instant::now();
    let mut first = [0; 4096];
    let read = stream.read(&mut first).await.expect("it comes");
    let head = String::from_utf8_lossy(&first[..read]).into_owned();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(began.elapsed() < super::super::scan::HOLD_FOR + Duration::from_millis(600), "it is not held until its end");
    let rest = head + &until_end(&mut stream).await;
    assert!(rest.contains("first words") && !rest.contains("red fox") && !rest.contains("last words"), "{rest}");
    // It was let through, and then it was not.
    let events = stand.school.events();
    for path in ["/far", "/slow"] {
        let lines: Vec<_> = events.iter().filter(|e| e.path == path).map(|e| (e.action, e.rule, e.bytes_down > 0)).collect();
        assert_eq!(lines, [(Action::Allow, None, false), (Action::Block, Some(110), true)], "{path}");
    }
}
