//! A page within TLS that may be opened by whoever has read that they should think first.

use super::stand::{self, Inside, Wish, host};
use crate::gate::continued::Whose;
use crate::gate::school::WARNED;
use crate::journal::Decrypted;
use crate::net::ca::{Authority, Leaf};
use crate::policy::{Act, Action};
use crate::words::ClientAddr;

const URL: &str = "www.adult.example";

fn adult(world: &Authority) -> Leaf {
    world.leaf(&host(URL), stand::now()).expect("minted")
}

async fn inside(more: &str) -> Inside {
    Inside::new(Wish { shows: &adult, more, ..Wish::default() }).await
}

fn goes_on(inside: &Inside) {
    let gate = &inside.stand.school.gate;
    let visit = gate.visit(ClientAddr::new([127, 0, 0, 1].into())).expect("one of the school's");
    gate.snapshot().continued.go_on(Whose::of(&visit.who), &host(URL), visit.boot_ms);
}

#[tokio::test]
async fn a_person_is_warned_within_tls_and_goes_on_at_the_gate_s_own_door() {
    let inside = inside(WARNED).await;
    let url = inside.url(URL, "/x?y");
    let warning = inside.page(&url).await;
    assert!(warning.contains("HTTP/1.1 403") && warning.contains("Stop and think first"), "{warning}");
    assert!(warning.contains("href=\"http://127.0.0.1:8080/why\"") && !warning.contains("<form"), "{warning}");
    let (head, _) = warning.split_once("\r\n\r\n").expect("a head");
    let head = head.to_lowercase();
    assert!(head.contains("content-language: en-gb") && head.contains("connection: close"), "{head}");
    assert!(!head.contains("set-cookie") && head.contains("form-action 'none'"), "{head}");
    let welsh = inside.curl("school.pem", &["-H", "Accept: text/html", "-H", "Accept-Language: cy", &url]).await.1;
    assert!(welsh.contains("<html lang=\"cy\">") && welsh.contains("Aros a meddwl yn gyntaf"), "{welsh}");

    // What is no navigation, and what a page would take something from, is refused plainly.
    for more in [&["-H", "Accept: image/*", "-e", "https://www.adult.example/"][..], &["-H", "Accept: text/html", "-d", "a=b"]] {
        let bare = inside.curl("school.pem", &[more, &[&url]].concat()).await.1;
        assert!(bare.contains("HTTP/1.1 403") && !bare.contains("Stop and think"), "{bare}");
    }
    assert!(inside.got().is_empty());
    goes_on(&inside);
    let page = inside.page(&url).await;
    assert!(page.contains("HTTP/2 200") && page.contains("of /x"), "both sides speak what both can: {page}");
    let events = inside.stand.school.events();
    assert!(events.iter().all(|e| e.action == Action::Warn), "{events:?}");
    let within: Vec<_> = events.iter().filter(|e| e.method != "CONNECT").map(|e| (e.status, e.decrypted)).collect();
    assert_eq!(within, [403, 403, 403, 403, 200].map(|status| (status, Decrypted::Yes)));
}

#[tokio::test]
async fn where_a_warning_unseen_lets_through_it_is_seen_within_tls() {
    let inside = inside(WARNED).await;
    let mut next = crate::gate::Snapshot::clone(&inside.stand.school.gate.snapshot());
    next.config.policy.profiles.iter_mut().for_each(|profile| profile.warn_unseen = Act::Allow);
    inside.stand.school.gate.swap(next);
    let (one, two) = (inside.url(URL, "/one"), inside.url(URL, "/two"));
    let warning = inside.curl("school.pem", &["-H", "Accept: text/html", &one, &two]).await.1;
    assert_eq!(warning.matches("HTTP/2 403").count(), 2, "{warning}");
    assert!(inside.got().is_empty());
    let picture = inside.curl("school.pem", &["-H", "Accept: image/*", "-e", &one, &one]).await.1;
    assert!(picture.contains("HTTP/2 200"), "{picture}");
    goes_on(&inside);
    assert!(inside.page(&one).await.contains("HTTP/2 200"));
}
