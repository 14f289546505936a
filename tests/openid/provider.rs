//! A provider of accounts that is the test's own.

use crate::support::command;
use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

pub const SECRET: &str = "the-secret-of-the-gate";

/// An RSA key for signing tokens, made by openssl.
pub fn rsa(school: &Path, name: &str) -> RsaKeyPair {
    let file = school.join(name);
    let path = file.to_str().expect("a path");
    command("openssl", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER", "-out", path]);
    let der = std::fs::read(&file).expect("a key");
    // One version of openssl writes PKCS #1, another PKCS #8.
    RsaKeyPair::from_der(&der).or_else(|_| RsaKeyPair::from_pkcs8(&der)).expect("an RSA key")
}

pub fn signed(key: &RsaKeyPair, header: &Value, claims: &Value) -> String {
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
pub struct Desk {
    token: String,
    challenge: String,
    pub asked: Vec<String>,
}

/// Where a provider gives tokens for codes, and where its keys are.
#[derive(Debug, Clone)]
pub struct Paths {
    pub token: String,
    pub keys: String,
}

/// A provider: keys, and a token for any code that comes with the right secret and verifier.
pub struct Provider {
    pub at: String,
    pub desk: Arc<Mutex<Desk>>,
    pub key: RsaKeyPair,
}

impl Provider {
    /// At this listener, with these names; its certificate is whom the gate of the school trusts.
    pub fn start(folder: &Path, listener: TcpListener, names: &[&str], paths: Paths) -> Self {
        let key = rsa(folder, "provider.der");
        let own = rcgen::KeyPair::generate().expect("a key");
        let wanted = rcgen::CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).expect("names");
        let certificate = wanted.self_signed(&own).expect("a certificate");
        std::fs::write(folder.join("trust.pem"), certificate.pem()).expect("written");
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(own.serialize_der().into()))
            .expect("an identity");
        let at = format!("https://{}", listener.local_addr().expect("its address"));
        let public: RsaPublicKeyComponents<Vec<u8>> = key.public().into();
        let (n, e) = (BASE64URL_NOPAD.encode(&public.n), BASE64URL_NOPAD.encode(&public.e));
        let keys = json!({ "keys": [{ "kty": "RSA", "use": "sig", "kid": "k1", "n": n, "e": e }] }).to_string();
        let desk = Arc::new(Mutex::new(Desk::default()));
        let (config, shared) = (Arc::new(config), desk.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let session = rustls::ServerConnection::new(config.clone()).expect("a session");
                answer(rustls::StreamOwned::new(session, stream), &paths, &keys, &shared);
            }
        });
        Self { at, desk, key }
    }

    /// What a browser must be able to bring for its state to be redeemed.
    pub fn will_give(&self, token: String, challenge: &str) {
        let mut desk = self.desk.lock().expect("its desk");
        (desk.token, desk.challenge) = (token, challenge.to_owned());
    }

    /// What is signed by its key.
    pub fn sign(&self, claims: &Value) -> String {
        signed(&self.key, &json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }), claims)
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

fn answer(mut stream: impl Read + Write, paths: &Paths, keys: &str, desk: &Mutex<Desk>) {
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
    let (status, said) = if path == paths.keys {
        ("200 OK", keys.to_owned())
    } else if path == paths.token && head.starts_with("POST") {
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
