//! A page that may be opened by whoever has read that they should think first.

use super::Stand;
use crate::gate::continued::Whose;
use crate::gate::school::WARNED;
use crate::policy::Action;
use crate::words::{ClientAddr, Host};

const HTML: &str = "Accept: text/html\r\n";

fn hello(_: &str) -> &'static str {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
}

#[tokio::test]
async fn a_person_is_shown_the_warning_and_everything_else_goes_by_what_is_done_unseen() {
    let stand = Stand::before_with(hello, WARNED).await;
    let warning = stand.get("adult.example", "/a?b", HTML).await;
    assert!(warning.starts_with("HTTP/1.1 403") && warning.contains("Stop and think first"), "{warning}");
    for words in ["adult.example", "0800 1111", "Hill School", "form-action 'none'"] {
        assert!(warning.contains(words), "{words}: {warning}");
    }
    assert!(!warning.contains("<form") && !warning.contains("Listed as"), "{warning}");
    let (head, _) = warning.split_once("\r\n\r\n").expect("a head");
    assert!(head.to_lowercase().contains("content-language: en-gb"), "{head}");

    let in_welsh = stand.get("adult.example", "/", &format!("{HTML}Accept-Language: cy\r\n")).await;
    assert!(in_welsh.contains("<html lang=\"cy\">") && in_welsh.contains("080880 23456"), "{in_welsh}");

    for (method, headers) in [("GET", "Accept: image/*\r\nReferer: http://page.example/\r\n"), ("POST", HTML), ("GET", "")] {
        let url = stand.url("adult.example", "/");
        let request = format!("{method} {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        let bare = stand.talk(request).await;
        assert!(bare.starts_with("HTTP/1.1 403") && !bare.contains("Stop and think"), "{method} {headers}: {bare}");
    }
    let tunnel = stand.talk(format!("CONNECT adult.example:{} HTTP/1.1\r\nHost: x\r\n\r\n", stand.origin.port())).await;
    assert!(tunnel.starts_with("HTTP/1.1 403"), "{tunnel}");
    assert_eq!(stand.heard(), []);
    assert!(stand.school.events().iter().all(|e| e.action == Action::Warn && e.status == 403));
}

#[tokio::test]
async fn who_went_on_is_let_through_and_nobody_else() {
    let stand = Stand::before_with(hello, WARNED).await;
    let gate = &stand.school.gate;
    let visit = gate.visit(ClientAddr::new([127, 0, 0, 1].into())).expect("one of the school's");
    let host = Host::parse("www.adult.example").expect("a host");
    gate.snapshot().continued.go_on(Whose::of(&visit.who), &host, visit.boot_ms);
    // Whatever comes in force meanwhile.
    gate.swap(crate::gate::Snapshot::clone(&gate.snapshot()));
    for (host, headers) in [("adult.example", HTML), ("pictures.adult.example", "Accept: image/*\r\n")] {
        let answer = stand.get(host, "/", headers).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{host}: {answer}");
    }
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{HTML}\r\n", stand.url("adult.example", "/"));
    assert!(stand.talk_from("127.0.0.2", &request).await.contains("Stop and think first"));
    let mut fresh = crate::gate::Snapshot::clone(&gate.snapshot());
    fresh.continued = Default::default();
    gate.swap(fresh);
    assert!(stand.get("adult.example", "/", HTML).await.starts_with("HTTP/1.1 200"), "it is one for all snapshots");
    let events = stand.school.events();
    let said: Vec<_> = events.iter().map(|e| (e.action, e.status)).collect();
    assert_eq!(said, [(Action::Warn, 200), (Action::Warn, 200), (Action::Warn, 403), (Action::Warn, 200)]);
}
