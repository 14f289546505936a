//! Signing in with the school's Microsoft or Google accounts, against a provider of the test's own, and what is forged.

#[path = "portal/browser.rs"]
mod browser;
#[path = "openid/provider.rs"]
mod provider;
mod support;

use browser::{Browser, school};
use data_encoding::BASE64URL_NOPAD;
use provider::{Paths, Provider, SECRET, now, rsa, signed};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use support::{School, Wish};

const TENANT: &str = "8d0b6f2e-0000-4000-8000-0123456789ab";

fn claims(provider: &Provider, nonce: &str) -> Value {
    let now = now();
    json!({ "iss": format!("{}/{TENANT}/v2.0", provider.at), "aud": "the-gate", "iat": now, "nbf": now, "exp": now + 3600,
        "nonce": nonce, "tid": TENANT, "preferred_username": "P1@school.example", "name": "Ada Lovelace" })
}

fn good(provider: &Provider, nonce: &str) -> String {
    provider.sign(&claims(provider, nonce))
}

/// A school with a provider.
fn with_provider() -> (School, Provider) {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let paths = Paths { token: format!("/{TENANT}/oauth2/v2.0/token"), keys: format!("/{TENANT}/discovery/v2.0/keys") };
    let provider = Provider::start(folder.path(), listener, &["127.0.0.1"], paths);
    let more = format!(
        "[portal.microsoft]\ntenant = \"{TENANT}\"\nclient_id = \"the-gate\"\nsecret_file = \"provider.secret\"\n\
         domains = [\"school.example\"]\nauthority = \"{}\"\n",
        provider.at
    );
    (of(folder.path(), "microsoft", &more), provider)
}

/// A school whose people sign in with accounts of this provider, whom its gate trusts.
fn of(folder: &std::path::Path, way: &str, more: &str) -> School {
    let school = school(&Wish { network: &format!("portal = [\"{way}\"]"), more, ..Wish::default() });
    school.write("config/provider.secret", &format!("{SECRET}\n"));
    let private = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(school.path("config/provider.secret"), private).expect("its mode");
    school.write("trust.pem", &std::fs::read_to_string(folder.join("trust.pem")).expect("a certificate"));
    school.import("id,name,role,year\np1,Ada Lovelace,pupil,7\n");
    school
}

/// What a browser was sent to the provider with.
struct Sent {
    state: String,
    nonce: String,
    challenge: String,
}

fn sent(browser: &Browser) -> Sent {
    sent_to(browser, "microsoft", &format!("/{TENANT}/oauth2/v2.0/authorize"))
}

fn sent_to(browser: &Browser, way: &str, authorize: &str) -> Sent {
    let led = browser.curl(&format!("/sign-in/{way}?notice=1"), &[]);
    let to = led.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_else(|| panic!("nowhere: {led}")).trim();
    let value =
        |name: &str| to.split(['?', '&']).find_map(|f| f.strip_prefix(&format!("{name}="))).unwrap_or_default().to_owned();
    assert!(to.contains(&format!("{authorize}?response_type=code&client_id=the-gate&redirect_uri=https%3A%2F%2F")), "{to}");
    assert_eq!((value("code_challenge_method"), value("scope")), ("S256".into(), "openid%20profile%20email".into()));
    Sent { state: value("state"), nonce: value("nonce"), challenge: value("code_challenge") }
}

fn back(browser: &Browser, state: &str) -> String {
    browser.curl(&format!("/sign-in/microsoft/back?code=c-1&state={state}"), &[])
}

#[test]
fn an_account_of_the_schools_own_tenant_signs_its_person_in() {
    let (school, provider) = with_provider();
    let gate = school.start();
    let ada = Browser::new(&gate, "127.0.9.1", "ada");
    let page = ada.page();
    assert!(
        page.contains("sign in with Microsoft") && page.contains("What the school sees") && !page.contains("<form"),
        "{page}"
    );
    let Sent { state, nonce, challenge } = sent(&ada);
    provider.will_give(good(&provider, &nonce), &challenge);
    let done = back(&ada, &state);
    assert!(done.starts_with("HTTP/1.1 200") && done.contains("You are signed in") && !done.contains("Ada"), "{done}");
    assert!(done.contains("set-cookie: __Host-schoolgate=") && done.contains("SameSite=Strict"), "{done}");
    assert_eq!(ada.who("account.example"), (Some("p1".into()), "portal".into()));
    let notice = school.json(&["people", "list", "--purpose", "a test"])[0]["notice"].to_string();
    assert!(notice.starts_with("\"1, 20"), "{notice}");
    assert_eq!(
        provider.desk.lock().expect("its desk").asked,
        [format!("POST /{TENANT}/oauth2/v2.0/token"), format!("GET /{TENANT}/discovery/v2.0/keys"),]
    );
    let again = back(&ada, &state);
    assert!(again.starts_with("HTTP/1.1 403") && again.contains("Please try once more"), "a state is good once: {again}");
    let log = school.service_log();
    assert!(!log.contains(SECRET) && !log.contains("school.example\""), "{log}");
    // Somebody the school does not have.
    let bob = Browser::new(&gate, "127.0.9.2", "bob");
    let Sent { state, nonce, challenge } = sent(&bob);
    let mut claims = claims(&provider, &nonce);
    claims["preferred_username"] = json!("nobody@school.example");
    provider.will_give(signed(&provider.key, &json!({ "alg": "RS256", "kid": "k1" }), &claims), &challenge);
    let unknown = back(&bob, &state);
    assert!(
        unknown.starts_with("HTTP/1.1 403")
            && unknown.contains("your form tutor")
            && unknown.contains("does not have this account"),
        "{unknown}"
    );
    assert_eq!(bob.who("nobody.example").0, None);
}

#[test]
fn nothing_forged_signs_anybody_in() {
    let (school, provider) = with_provider();
    let gate = school.start();
    let other_key = rsa(school.folder.path(), "other.der");
    let header = json!({ "alg": "RS256", "kid": "k1" });
    let ada = Browser::new(&gate, "127.0.9.1", "ada");
    type Forge<'f> = &'f dyn Fn(&str) -> String;
    let with = |name: &'static str, value: Value| {
        let (provider, header) = (&provider, &header);
        move |nonce: &str| {
            let mut claims = claims(provider, nonce);
            claims[name] = value.clone();
            signed(&provider.key, header, &claims)
        }
    };
    let long_ago = now() - 7200;
    let unsigned = |alg: &'static str| {
        let provider = &provider;
        move |nonce: &str| {
            let text = format!(
                "{}.{}",
                BASE64URL_NOPAD.encode(json!({ "alg": alg, "kid": "k1" }).to_string().as_bytes()),
                BASE64URL_NOPAD.encode(claims(provider, nonce).to_string().as_bytes())
            );
            // What whoever knows the public key could make of it as a secret.
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, provider.key.public().as_ref());
            let tag = if alg == "HS256" {
                BASE64URL_NOPAD.encode(ring::hmac::sign(&key, text.as_bytes()).as_ref())
            } else {
                String::new()
            };
            format!("{text}.{tag}")
        }
    };
    let (nonce, tenant, issuer, audience) = (
        with("nonce", json!("another")),
        with("tid", json!("9188040d-6c67-4c5b-b112-36a304b66dad")),
        with("iss", json!("https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0")),
        with("aud", json!("another-gate")),
    );
    let (expired, domain) = (with("exp", json!(long_ago)), with("preferred_username", json!("p1@evil.example")));
    let (none, symmetric) = (unsigned("none"), unsigned("HS256"));
    let foreign = |nonce: &str| signed(&other_key, &header, &claims(&provider, nonce));
    let unknown_key = |nonce: &str| signed(&other_key, &json!({ "alg": "RS256", "kid": "k9" }), &claims(&provider, nonce));
    let forged: [(&str, Forge); 10] = [
        ("signature", &foreign),
        ("key", &unknown_key),
        ("nonce", &nonce),
        ("tenant", &tenant),
        ("issuer", &issuer),
        ("audience", &audience),
        ("expired", &expired),
        ("domain", &domain),
        ("none", &none),
        ("HS256", &symmetric),
    ];
    for (what, forge) in forged {
        let Sent { state, nonce, challenge } = sent(&ada);
        provider.will_give(forge(&nonce), &challenge);
        let refused = back(&ada, &state);
        assert!(refused.starts_with("HTTP/1.1 403") && !refused.contains("__Host-schoolgate="), "{what}: {refused}");
    }
    // A state that another browser, or another device, was given; one that nobody was; none. It stays good for whom it was given.
    let Sent { state, nonce, challenge } = sent(&ada);
    provider.will_give(good(&provider, &nonce), &challenge);
    let other = Browser::new(&gate, "127.0.9.1", "other");
    other.page();
    for refused in [
        back(&other, &state),
        back(&ada.stolen_on("127.0.9.2"), &state),
        back(&ada, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        back(&ada, ""),
        ada.curl(&format!("/sign-in/google/back?code=c-1&state={state}"), &[]),
    ] {
        assert!(!refused.contains("You are signed in") && !refused.contains("__Host-schoolgate="), "{refused}");
    }
    assert_eq!(ada.who("forged.example").0, None);
    assert!(back(&ada, &state).starts_with("HTTP/1.1 200"));
    // A code with another verifier than it was asked for with.
    let Sent { state, nonce, .. } = sent(&ada);
    provider.will_give(good(&provider, &nonce), "another challenge");
    assert!(back(&ada, &state).starts_with("HTTP/1.1 502"));
}

#[test]
fn an_account_of_the_schools_google_domain_signs_its_person_in_and_one_of_another_domain_nobody() {
    // Where the stub says that every name is: Google's addresses are fixed.
    let at = (schoolgate::demo::internet::ORIGIN, 443);
    let listener = match TcpListener::bind(at) {
        Ok(listener) => listener,
        Err(fault) => {
            assert!(!nix::unistd::geteuid().is_root(), "{at:?}: {fault}");
            println!("NOT RUN: port 443 wants root");
            return;
        }
    };
    let folder = tempfile::tempdir().expect("a folder");
    let paths = Paths { token: "/token".into(), keys: "/oauth2/v3/certs".into() };
    let provider = Provider::start(folder.path(), listener, &["oauth2.googleapis.com", "www.googleapis.com"], paths);
    let more = "[portal.google]\nclient_id = \"the-gate\"\nsecret_file = \"provider.secret\"\ndomains = [\"school.example\"]\n";
    let school = of(folder.path(), "google", more);
    let gate = school.start();
    let claims = |nonce: &str| {
        json!({ "iss": "https://accounts.google.com", "aud": "the-gate", "azp": "the-gate", "iat": now(), "exp": now() + 3600,
            "nonce": nonce, "hd": "school.example", "email": "p1@school.example", "email_verified": true })
    };
    let ada = Browser::new(&gate, "127.0.9.1", "ada");
    assert!(ada.page().contains("sign in with Google"), "{}", ada.page());
    let back = |claims: &dyn Fn(&str) -> Value| {
        let Sent { state, nonce, challenge } = sent_to(&ada, "google", "https://accounts.google.com/o/oauth2/v2/auth");
        provider.will_give(provider.sign(&claims(&nonce)), &challenge);
        ada.curl(&format!("/sign-in/google/back?code=c-1&state={state}"), &[])
    };
    for (name, value) in [
        ("hd", json!("evil.example")),
        // An account of a person's own has none.
        ("hd", json!(null)),
        ("email", json!("p1@gmail.com")),
        ("email_verified", json!(false)),
        ("aud", json!("another-gate")),
        ("iss", json!("https://accounts.google.com.evil.example")),
    ] {
        let forged = |nonce: &str| {
            let mut claims = claims(nonce);
            claims[name] = value.clone();
            claims
        };
        let refused = back(&forged);
        assert!(refused.starts_with("HTTP/1.1 403") && !refused.contains("__Host-schoolgate="), "{name}: {refused}");
    }
    assert_eq!(ada.who("forged.example").0, None);
    let done = back(&claims);
    assert!(done.starts_with("HTTP/1.1 200") && done.contains("You are signed in"), "{done}{}", school.service_log());
    assert_eq!(ada.who("account.example"), (Some("p1".into()), "portal".into()));
    let asked = &provider.desk.lock().expect("its desk").asked;
    assert!(asked.contains(&"POST /token".to_owned()) && asked.contains(&"GET /oauth2/v3/certs".to_owned()), "{asked:?}");
}
