//! Signing in with the school's Microsoft accounts, against a provider of the test's own, and what is forged.

#[path = "portal/browser.rs"]
mod browser;
mod support;

use browser::{Browser, school};
use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use support::{School, Wish, command};

const TENANT: &str = "8d0b6f2e-0000-4000-8000-0123456789ab";
const SECRET: &str = "the-secret-of-the-gate";

/// An RSA key for signing tokens, made by openssl.
fn rsa(school: &std::path::Path, name: &str) -> RsaKeyPair {
    let file = school.join(name);
    let path = file.to_str().expect("a path");
    command("openssl", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER", "-out", path]);
    let der = std::fs::read(&file).expect("a key");
    // One version of openssl writes PKCS #1, another PKCS #8.
    RsaKeyPair::from_der(&der).or_else(|_| RsaKeyPair::from_pkcs8(&der)).expect("an RSA key")
}

fn signed(key: &RsaKeyPair, header: &Value, claims: &Value) -> String {
    let text = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(header.to_string().as_bytes()),
        BASE64URL_NOPAD.encode(claims.to_string().as_bytes())
    );
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("signed");
    format!("{text}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// What the provider gives for a code, and what it was asked.
#[derive(Default)]
struct Desk {
    token: String,
    challenge: String,
    asked: Vec<String>,
}

/// A provider: keys, and a token for any code that comes with the right secret and verifier.
struct Provider {
    at: String,
    desk: Arc<Mutex<Desk>>,
    key: RsaKeyPair,
}

impl Provider {
    /// On this machine; its certificate is whom the gate of the school trusts.
    fn start(folder: &std::path::Path) -> Self {
        let key = rsa(folder, "provider.der");
        let own = rcgen::KeyPair::generate().expect("a key");
        let wanted = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
        let certificate = wanted.self_signed(&own).expect("a certificate");
        std::fs::write(folder.join("trust.pem"), certificate.pem()).expect("written");
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(own.serialize_der().into()))
            .expect("an identity");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = format!("https://{}", listener.local_addr().expect("its address"));
        let public: RsaPublicKeyComponents<Vec<u8>> = key.public().into();
        let (n, e) = (BASE64URL_NOPAD.encode(&public.n), BASE64URL_NOPAD.encode(&public.e));
        let keys = json!({ "keys": [{ "kty": "RSA", "use": "sig", "kid": "k1", "n": n, "e": e }] }).to_string();
        let desk = Arc::new(Mutex::new(Desk::default()));
        let (config, shared) = (Arc::new(config), desk.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let session = rustls::ServerConnection::new(config.clone()).expect("a session");
                answer(rustls::StreamOwned::new(session, stream), &keys, &shared);
            }
        });
        Self { at, desk, key }
    }

    /// What a browser must be able to bring for its state to be redeemed.
    fn will_give(&self, token: String, challenge: &str) {
        let mut desk = self.desk.lock().expect("its desk");
        (desk.token, desk.challenge) = (token, challenge.to_owned());
    }

    fn claims(&self, nonce: &str) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
        json!({ "iss": format!("{}/{TENANT}/v2.0", self.at), "aud": "the-gate", "iat": now, "nbf": now, "exp": now + 3600,
            "nonce": nonce, "tid": TENANT, "preferred_username": "P1@school.example", "name": "Ada Lovelace" })
    }

    fn good(&self, nonce: &str) -> String {
        signed(&self.key, &json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }), &self.claims(nonce))
    }
}

fn answer(mut stream: impl Read + Write, keys: &str, desk: &Mutex<Desk>) {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    let (head, body) = loop {
        let Ok(read @ 1..) = stream.read(&mut buffer) else { return };
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let mut desk = desk.lock().expect("its desk");
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (status, said) = if path == format!("/{TENANT}/discovery/v2.0/keys") {
        ("200 OK", keys.to_owned())
    } else if path == format!("/{TENANT}/oauth2/v2.0/token") && head.starts_with("POST") {
        let field = |name: &str| body.split('&').find_map(|f| f.strip_prefix(&format!("{name}="))).unwrap_or_default();
        let verified = BASE64URL_NOPAD.encode(digest(&SHA256, field("code_verifier").as_bytes()).as_ref()) == desk.challenge;
        if verified && field("client_secret") == SECRET && field("code") == "c-1" && field("client_id") == "the-gate" {
            ("200 OK", json!({ "token_type": "Bearer", "id_token": desk.token }).to_string())
        } else {
            ("400 Bad Request", json!({ "error": "invalid_grant" }).to_string())
        }
    } else {
        ("404 Not Found", String::new())
    };
    desk.asked.push(format!("{} {path}", head.split(' ').next().unwrap_or_default()));
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{said}", said.len());
    let _ = stream.flush();
}

/// A school with a provider.
fn with_provider() -> (School, Provider) {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start(folder.path());
    let more = format!(
        "[portal.microsoft]\ntenant = \"{TENANT}\"\nclient_id = \"the-gate\"\nsecret_file = \"microsoft.secret\"\n\
         domains = [\"school.example\"]\nauthority = \"{}\"\n",
        provider.at
    );
    let school = school(&Wish { network: "portal = [\"microsoft\"]", more: &more, ..Wish::default() });
    school.write("config/microsoft.secret", &format!("{SECRET}\n"));
    let private = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(school.path("config/microsoft.secret"), private).expect("its mode");
    school.write("trust.pem", &std::fs::read_to_string(folder.path().join("trust.pem")).expect("a certificate"));
    school.import("id,name,role,year\np1,Ada Lovelace,pupil,7\n");
    (school, provider)
}

/// What a browser was sent to the provider with.
struct Sent {
    state: String,
    nonce: String,
    challenge: String,
}

fn sent(browser: &Browser) -> Sent {
    let led = browser.curl("/sign-in/microsoft?notice=1", &[]);
    let to = led.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_else(|| panic!("nowhere: {led}")).trim();
    let value =
        |name: &str| to.split(['?', '&']).find_map(|f| f.strip_prefix(&format!("{name}="))).unwrap_or_default().to_owned();
    assert!(
        to.contains(&format!(
            "/{TENANT}/oauth2/v2.0/authorize?response_type=code&client_id=the-gate&redirect_uri=https%3A%2F%2F"
        )),
        "{to}"
    );
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
    provider.will_give(provider.good(&nonce), &challenge);
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
    let mut claims = provider.claims(&nonce);
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
            let mut claims = provider.claims(nonce);
            claims[name] = value.clone();
            signed(&provider.key, header, &claims)
        }
    };
    let long_ago = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() - 7200;
    let unsigned = |alg: &'static str| {
        let provider = &provider;
        move |nonce: &str| {
            let text = format!(
                "{}.{}",
                BASE64URL_NOPAD.encode(json!({ "alg": alg, "kid": "k1" }).to_string().as_bytes()),
                BASE64URL_NOPAD.encode(provider.claims(nonce).to_string().as_bytes())
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
    let foreign = |nonce: &str| signed(&other_key, &header, &provider.claims(nonce));
    let unknown_key = |nonce: &str| signed(&other_key, &json!({ "alg": "RS256", "kid": "k9" }), &provider.claims(nonce));
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
    provider.will_give(provider.good(&nonce), &challenge);
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
    provider.will_give(provider.good(&nonce), "another challenge");
    assert!(back(&ada, &state).starts_with("HTTP/1.1 502"));
}
