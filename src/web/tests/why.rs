//! What did not open on a device, and its buttons.

use super::Stand;
use crate::gate::requests::{Kind, MOST_A_DAY};
use crate::gate::school::WARNED;
use crate::gate::{Heard, Visit};
use crate::journal::{Door, Intent};
use crate::policy::{Act, Surface};
use crate::words::{ClientAddr, Host, PersonId};

fn visit(stand: &Stand, from: &str) -> Visit {
    stand.school.gate.visit(ClientAddr::new(from.parse().expect("an address"))).expect("one of the school's")
}

/// This client asks for that, and it is written down.
fn meets(stand: &Stand, visit: &Visit, method: &str, host: &str, intent: Intent) {
    let judged = visit.judge(&Host::parse(host).expect("a host"), Surface::Page);
    let (door, port) = if method.is_empty() { (Door::Dns, 0) } else { (Door::Proxy, 80) };
    let heard = Heard {
        door,
        method,
        host: host.into(),
        port,
        path: if method.is_empty() { "" } else { "/page?a=1&b" },
        query_type: 1,
        intent,
        status: 403,
        bytes_up: 0,
        bytes_down: 0,
        duration_ms: 0,
        within: Default::default(),
    };
    stand.school.gate.note(visit, &judged, heard);
}

impl Stand {
    async fn why(&self, from: &str) -> String {
        self.get(from, "/why", "Host: localhost\r\nAccept: text/html\r\n").await
    }

    /// A form that a browser sends from our own page.
    async fn press(&self, from: &str, form: &str) -> String {
        self.post(from, form, "Host: localhost\r\nOrigin: http://localhost\r\n").await
    }

    async fn post(&self, from: &str, form: &str, headers: &str) -> String {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let length = form.len();
        let head = format!("POST /why HTTP/1.1\r\nConnection: close\r\n{headers}{kind}\r\nContent-Length: {length}\r\n\r\n");
        self.talk(from, &(head + form)).await
    }

    fn act(&self, from: &str, host: &str) -> Act {
        visit(self, from).judge(&Host::parse(host).expect("a host"), Surface::NoPage).verdict.act
    }
}

#[tokio::test]
async fn a_device_sees_what_it_met_and_nothing_of_others_of_help_and_of_the_locked_tier() {
    let stand = Stand::with("").await;
    let mine = visit(&stand, "127.0.0.1");
    for host in ["www.adult.example", "locked.example", "help.example", "page.example", "malware.example"] {
        meets(&stand, &mine, "GET", host, Intent::Navigation);
    }
    meets(&stand, &mine, "GET", "ad.adult.example", Intent::SubResource);
    meets(&stand, &visit(&stand, "127.0.0.2"), "GET", "other.adult.example", Intent::Navigation);
    let mut pupil = mine.clone();
    pupil.who.person = Some(PersonId(9));
    meets(&stand, &pupil, "GET", "before.adult.example", Intent::Navigation);

    let page = stand.why("127.0.0.1").await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("form-action 'self'"), "{page}");
    for shown in ["www.adult.example", "malware.example", "Ask for this page", "I came here by accident", "0800 1111"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    for hidden in
        [">locked.example", "help.example", "page.example", "ad.adult", "other.adult", "before.adult", "Adult", "adult content"]
    {
        assert!(!page.contains(hidden), "{hidden}: {page}");
    }
    meets(&stand, &visit(&stand, "127.9.0.1"), "", "www.adult.example", Intent::Unknown);
    let staff = stand.get("127.9.0.1", "/", "Host: why\r\nAccept: text/html\r\n").await;
    assert!(staff.contains("What did not open") && staff.contains("www.adult.example"), "{staff}");
    let category = stand.school.gate.snapshot().config.title_of(crate::words::Category::ADULT).expect("a title").title.clone();
    assert!(staff.contains(&category) && !page.contains(&category), "{category}: {staff}");
    assert!(stand.why("127.200.0.1").await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn who_asks_again_at_once_is_shown_what_was_read_and_of_many_hosts_there_are_twenty() {
    let stand = Stand::with("").await;
    let mine = visit(&stand, "127.0.0.1");
    for n in 0..30 {
        meets(&stand, &mine, "GET", &format!("n{n}.adult.example"), Intent::Navigation);
        meets(&stand, &mine, "", &format!("n{n}.adult.example"), Intent::Unknown);
    }
    let page = stand.why("127.0.0.1").await;
    assert_eq!(page.matches("<form method").count(), 20, "{page}");
    assert!(page.contains("n29.adult.example") && !page.contains(">n9.adult.example"), "{page}");
    meets(&stand, &mine, "GET", "later.adult.example", Intent::Navigation);
    assert!(!stand.why("127.0.0.1").await.contains("later.adult"));
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    assert!(stand.why("127.0.0.1").await.contains("later.adult"));
}

#[tokio::test]
async fn going_on_is_a_form_of_our_own_page_for_what_this_client_was_warned_of() {
    let stand = Stand::with(WARNED).await;
    let mine = visit(&stand, "127.0.0.1");
    meets(&stand, &mine, "GET", "www.adult.example", Intent::Navigation);
    meets(&stand, &mine, "GET", "malware.example", Intent::Navigation);
    meets(&stand, &visit(&stand, "127.0.0.2"), "GET", "other.adult.example", Intent::Navigation);
    assert!(stand.why("127.0.0.1").await.contains("Go on to this page"));

    let go_on = "do=go-on&host=www.adult.example";
    for (form, headers) in [
        (go_on, "Host: localhost\r\n"),
        (go_on, "Host: localhost\r\nOrigin: http://www.adult.example\r\n"),
        (go_on, "Host: localhost\r\nOrigin: null\r\n"),
        (go_on, "Host: localhost\r\nOrigin: http://localhost\r\nSec-Fetch-Site: cross-site\r\n"),
        // Under a name that is not ours, as by rebinding, or under the blocked page's own.
        (go_on, "Host: evil.example\r\nOrigin: http://evil.example\r\n"),
        (go_on, "Host: www.adult.example\r\nOrigin: http://www.adult.example\r\n"),
    ] {
        let refused = stand.post("127.0.0.1", form, headers).await;
        assert!(!refused.contains("You may go on") && !refused.starts_with("HTTP/1.1 200"), "{headers}: {refused}");
    }
    for form in
        ["do=go-on&host=other.adult.example", "do=go-on&host=malware.example", "do=go-on&host=", "do=x&host=www.adult.example"]
    {
        let refused = stand.press("127.0.0.1", form).await;
        assert!(!refused.contains("You may go on"), "{form}: {refused}");
    }
    let address = stand.get("127.0.0.1", &format!("/why?{go_on}"), "Host: localhost\r\n").await;
    assert!(!address.contains("You may go on"));
    assert_eq!(stand.act("127.0.0.1", "www.adult.example"), Act::Block);

    let done = stand.press("127.0.0.1", go_on).await;
    assert!(done.starts_with("HTTP/1.1 200") && done.contains("You may go on"), "{done}");
    assert!(done.contains("href=\"http://www.adult.example/page?a=1&#38;b\""), "{done}");
    assert_eq!(stand.act("127.0.0.1", "www.adult.example"), Act::Allow);
    assert_eq!([stand.act("127.0.0.1", "malware.example"), stand.act("127.0.0.2", "www.adult.example")], [Act::Block; 2]);
    let mut other = visit(&stand, "127.0.0.1");
    other.who.person = Some(PersonId(3));
    let host = Host::parse("www.adult.example").expect("a host");
    assert_eq!(other.judge(&host, Surface::NoPage).verdict.act, Act::Block, "another person at the same device");
    assert!(stand.why("127.0.0.1").await.contains("Open for you until"));
}

#[tokio::test]
async fn what_is_asked_for_is_kept_once_with_who_asked_unless_they_would_rather_not_say() {
    let stand = Stand::with("").await;
    meets(&stand, &visit(&stand, "127.0.0.1"), "GET", "www.adult.example", Intent::Navigation);
    assert!(stand.why("127.0.0.1").await.contains("What do you need it for?"));
    let ask = "do=ask&host=www.adult.example&why=for+%3Chistory%3E";
    for _ in 0..2 {
        assert!(stand.press("127.0.0.1", ask).await.contains("Thank you, we have it"));
    }
    assert!(stand.why("127.0.0.1").await.contains("Nobody has answered yet"));
    assert!(stand.press("127.0.0.1", "do=ask&host=not-met.example&why=x").await.contains("not on your list"));
    assert!(stand.press("127.0.0.1", "do=accident&host=www.adult.example").await.contains("by accident"));
    assert!(
        stand.press("127.0.0.1", "do=report&host=https%3A%2F%2Fbad.example%2Fx&why=rude&nameless=1").await.contains("Thank you")
    );
    assert!(stand.press("127.0.0.1", "do=report&host=not+a+name").await.contains("not the name of a page"));

    let all = stand.school.gate.requests.all();
    let said: Vec<_> = all.iter().map(|r| (r.kind, r.host.as_str(), r.why.as_str(), r.client.is_some())).collect();
    let expected = [
        (Kind::Open, "www.adult.example", "for <history>", true),
        (Kind::Accident, "www.adult.example", "", true),
        (Kind::Block, "bad.example", "rude", false),
    ];
    assert_eq!(said, expected);
    assert_eq!((all[0].network.as_str(), all[0].groups.len(), all[2].groups.len()), ("pupils", 1, 0));

    for n in 0..MOST_A_DAY {
        stand.press("127.0.0.1", &format!("do=report&host=n{n}.example")).await;
    }
    let enough = stand.press("127.0.0.1", "do=report&host=more.example").await;
    assert!(enough.starts_with("HTTP/1.1 429") && enough.contains("enough for today"), "{enough}");
    assert!(stand.press("127.0.0.3", "do=report&host=more.example").await.starts_with("HTTP/1.1 200"));
    let long = stand.press("127.0.0.3", &format!("do=report&host=a.example&why={}", "x".repeat(9_000))).await;
    assert!(long.starts_with("HTTP/1.1 400"), "{long}");
}

#[tokio::test]
async fn every_page_of_the_door_is_in_the_browser_s_language() {
    let stand = Stand::with("").await;
    for (path, words) in [("/", "Hidlydd gwe"), ("/why", "Beth wnaeth ddim agor"), ("/nothing", "Does dim tudalen fel hon")] {
        let page = stand.get("127.0.0.1", path, "Host: localhost\r\nAccept-Language: cy-GB,en;q=0.5\r\n").await;
        assert!(page.contains("<html lang=\"cy\">") && page.contains("content-language: cy"), "{page}");
        assert!(page.contains(&words.replace('\'', "&#39;")) && page.contains("Meic"), "{page}");
    }
    let blocked = stand.get("127.0.0.1", "/", "Host: adult.example\r\nAccept: text/html\r\nAccept-Language: cy\r\n").await;
    assert!(blocked.contains("ddim ar gael yn yr ysgol") && blocked.contains("/why\""), "{blocked}");
}
