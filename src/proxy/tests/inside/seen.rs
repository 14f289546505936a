//! Searches, safe modes and the school's accounts.

use super::stand::{Inside, Wish, host, now};
use crate::journal::{Decrypted, Intent};
use crate::lists::phrases::Theme;
use crate::net::ca::{Authority, Leaf};

fn of(name: &'static str) -> impl Fn(&Authority) -> Leaf {
    move |world| world.leaf(&host(name), now()).expect("minted")
}

#[tokio::test]
async fn a_search_is_written_down_with_what_it_is_about_and_asked_safely() {
    let inside = Inside::new(Wish { shows: &of("www.google.co.uk"), ..Wish::default() }).await;
    let url = |path: &str| inside.url("www.google.co.uk", path);
    let said = inside.page(&url("/search?q=kill+myself+tonight&safe=off")).await;
    assert!(said.contains("HTTP/2 200"), "{said}");
    inside.page(&url("/search?q=red+f%C3%B6x")).await;
    inside.page(&url("/complete/search?q=how+to+kill")).await;
    let targets: Vec<_> = inside.got().into_iter().map(|g| g.target).collect();
    let safe = "/search?q=kill+myself+tonight&safe=active";
    assert_eq!(targets, [safe, "/search?q=red+f%C3%B6x&safe=active", "/complete/search?q=how+to+kill&safe=active"]);
    let events = inside.stand.school.events();
    let told: Vec<_> = events.iter().filter(|e| &*e.method == "GET").collect();
    let [first, second, guessed] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&*first.search, first.intent, first.decrypted), ("kill myself tonight", Intent::Search, Decrypted::Yes));
    let (theme, severity) = first.theme.expect("it is of a theme");
    assert!(matches!(theme, Theme::Suicide | Theme::SelfHarm) && severity > 0, "{theme}");
    // What the client asked for stands in the log, not what was made of it.
    assert_eq!(&*first.path, "/search?q=kill+myself+tonight&safe=off");
    assert_eq!((&*second.search, second.theme), ("red föx", None));
    let seen = (&*guessed.search, guessed.theme, guessed.intent);
    assert_eq!(seen, ("", None, Intent::Autocomplete), "what is guessed while it is typed is no search");
}

#[tokio::test]
async fn a_search_that_is_sent_as_a_form_is_written_down_and_passed_on_as_it_came() {
    let inside = Inside::new(Wish { shows: &of("html.duckduckgo.com"), ..Wish::default() }).await;
    let url = inside.url("html.duckduckgo.com", "/html/");
    let post = |form: String, more: &'static [&'static str]| {
        let (inside, url) = (&inside, url.clone());
        async move { inside.curl("school.pem", &[&["-H", "Accept: text/html", "--data-raw", &form, &url], more].concat()).await.1 }
    };
    let said = post("b=&q=kill+myself+tonight&kl=uk-en".into(), &[]).await;
    assert!(said.contains(" 200") && said.ends_with("b=&q=kill+myself+tonight&kl=uk-en"), "{said}");
    // What is longer than any search, and what is no form, passes unread.
    let long = format!("q=fox&x={}", "y".repeat(17_000));
    assert!(post(long.clone(), &[]).await.ends_with(&long));
    post("q=fox".into(), &["-H", "Content-Type: text/plain"]).await;
    let events = inside.stand.school.events();
    let told: Vec<_> =
        events.iter().filter(|e| &*e.method == "POST").map(|e| (&*e.search, e.intent, e.theme.is_some())).collect();
    assert_eq!(told[0], ("kill myself tonight", Intent::Search, true));
    assert!(told[1..].iter().all(|(search, ..)| search.is_empty()) && told.len() == 3, "{told:?}");
}

#[tokio::test]
async fn youtube_is_restricted_as_the_profile_says_whatever_the_client_wrote() {
    let inside = Inside::new(Wish { shows: &of("www.youtube.com"), ..Wish::default() }).await;
    inside.curl("school.pem", &["-H", "YouTube-Restrict: Moderate", &inside.url("www.youtube.com", "/watch?v=1")]).await;
    assert_eq!(inside.got()[0].headers["youtube-restrict"], "Strict");
    assert_eq!(inside.got()[0].headers.get_all("youtube-restrict").iter().count(), 1);
}

#[tokio::test]
async fn only_the_school_s_accounts_sign_in() {
    let more = "[inside]\ngoogle_domains = [\"hill.example\", \"school.example\"]\nmicrosoft_tenants = [\"hill.onmicrosoft.com\"]\n\
                microsoft_context = \"72f988bf-86f1-41af-91ab-2d7cd011db47\"\n";
    for (name, headers) in [
        ("accounts.google.com", &[("x-googapps-allowed-domains", "hill.example,school.example")][..]),
        (
            "login.microsoftonline.com",
            &[
                ("restrict-access-to-tenants", "hill.onmicrosoft.com"),
                ("restrict-access-context", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
            ],
        ),
        ("www.other.example", &[]),
    ] {
        let shows = move |world: &Authority| world.leaf(&host(name), now()).expect("minted");
        let inside = Inside::new(Wish { shows: &shows, more, ..Wish::default() }).await;
        let own = "X-GoogApps-Allowed-Domains: evil.example";
        inside.curl("school.pem", &["-H", own, &inside.url(name, "/")]).await;
        let got = inside.got();
        for (header, value) in headers {
            assert_eq!(got[0].headers[*header], *value, "{name}");
        }
        assert_eq!(got[0].headers.contains_key("restrict-access-to-tenants"), name.contains("microsoft"), "{name}");
    }
}
