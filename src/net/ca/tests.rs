use super::*;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore};
use std::sync::Arc;
use std::time::Duration;

/// Sunday 22 November 2026.
const NOW: i64 = 1_795_305_600;
const DAY: i64 = 24 * 60 * 60;

fn authority() -> Authority {
    let made = made::made("Hill School", NOW).expect("made");
    Authority::read(made.certificate.as_bytes(), made.key.as_bytes()).expect("read")
}

fn host(text: &str) -> Host {
    Host::parse(text).expect("a host")
}

/// What a client that trusts the authority says of what is shown to it, at a moment.
fn said(authority: &Authority, leaf: &Leaf, name: &str, at: i64) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).expect("a root");
    let provider = Arc::new(default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().expect("a verifier");
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let at = UnixTime::since_unix_epoch(Duration::from_secs(at as u64));
    verifier.verify_server_cert(&leaf.certified.cert[0], &[], &name, &[], at).map(drop)
}

#[test]
fn a_certificate_is_for_its_one_host_and_for_a_client_whose_clock_is_behind() {
    let authority = authority();
    for name in ["www.example.com", "192.0.2.7", "2001:db8::1", &format!("{0}.{0}.example", "a".repeat(60))] {
        let leaf = authority.leaf(&host(name), NOW).expect("minted");
        for at in [NOW - 47 * 3600, NOW, NOW + 89 * DAY] {
            assert_eq!(said(&authority, &leaf, name, at), Ok(()), "{name}");
        }
        assert!(said(&authority, &leaf, name, NOW + 91 * DAY).is_err());
        for other in ["example.com", "a.www.example.com", "192.0.2.8"] {
            let fault = said(&authority, &leaf, other, NOW).expect_err("another host");
            let named = matches!(
                fault,
                rustls::Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
                )
            );
            assert!(named, "{fault}");
        }
    }
}

#[test]
fn what_was_minted_is_kept_until_it_is_near_its_end_and_numbers_differ() {
    let authority = authority();
    let minted = |name: &str, at| authority.leaf(&host(name), at).expect("minted").certified.cert[0].clone();
    let first = minted("a.example", NOW);
    assert_eq!(first, minted("a.example", NOW + 59 * DAY));
    assert_ne!(first, minted("a.example", NOW + 61 * DAY));
    // A clock that was wrong, and is right again.
    let future = minted("b.example", NOW + 400 * DAY);
    assert_ne!(future, minted("b.example", NOW));
    let number = |der: &[u8]| x509(der, "-serial");
    assert_ne!(number(&minted("c.example", NOW)), number(&minted("d.example", NOW)));
}

#[test]
fn openssl_reads_what_the_authority_and_its_certificates_say() {
    let authority = authority();
    let leaf = authority.leaf(&host("www.example.com"), NOW).expect("minted");
    let (of_authority, of_leaf) = (x509(authority.certificate(), "-text"), x509(&leaf.certified.cert[0], "-text"));
    for part in
        ["CA:TRUE, pathlen:0", "Hill School web filter 2026-11", "Not After : Nov 21", "prime256v1", "Certificate Sign, CRL Sign"]
    {
        assert!(of_authority.contains(part), "{part}: {of_authority}");
    }
    assert!(!of_authority.contains("Name Constraints"));
    for part in ["DNS:www.example.com\n", "TLS Web Server Authentication", "Digital Signature", "prime256v1"] {
        assert!(of_leaf.contains(part), "{part}: {of_leaf}");
    }
    let after = |text: &str, title: &str| {
        let (_, rest) = text.split_once(title).expect(title);
        rest.lines().nth(1).expect("a line").trim().to_owned()
    };
    assert_eq!(after(&of_authority, "Subject Key Identifier"), after(&of_leaf, "Authority Key Identifier"));
}

#[test]
fn an_authority_is_certificate_and_key_of_one_another() {
    let (one, other) = (made::made("One", NOW).expect("made"), made::made("Other", NOW).expect("made"));
    for (certificate, key, why) in [
        ("", &one.key[..], "BEGIN CERTIFICATE"),
        (&one.certificate, "", "BEGIN PRIVATE KEY"),
        (&one.certificate, &other.key, "its key cannot be used"),
        (&one.key, &one.key, "BEGIN CERTIFICATE"),
    ] {
        let fault = Authority::read(certificate.as_bytes(), key.as_bytes()).map(drop).expect_err(why);
        assert!(fault.to_string().contains(why), "{fault}");
    }
    // A name of any length, in any script.
    for school in ["", &"ysgol ".repeat(40), &"学校".repeat(40)] {
        let made = made::made(school, NOW).expect("made");
        Authority::read(made.certificate.as_bytes(), made.key.as_bytes()).expect("read");
    }
}

#[test]
fn apples_profile_is_a_plist_with_the_certificate_in_it_and_the_same_each_time() {
    let made = made::made("Hill & Dale <School>", NOW).expect("made");
    let profile = carried::mobileconfig("Hill & Dale <School>", &made.certificate);
    assert!(profile.contains("<string>Hill &amp; Dale &lt;School&gt;</string>") && profile.contains("com.apple.security.root"));
    let base64: String = made.certificate.lines().filter(|l| !l.starts_with('-')).collect();
    let inside = profile.split_once("<data>").and_then(|(_, rest)| rest.split_once("</data>")).expect("data").0;
    assert_eq!(inside.split_whitespace().collect::<String>(), base64);
    assert_eq!(profile, carried::mobileconfig("Hill & Dale <School>", &made.certificate));
}

fn x509(der: &[u8], what: &str) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let openssl = Command::new("openssl")
        .args(["x509", "-inform", "der", "-noout", what])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut openssl = openssl.expect("openssl");
    openssl.stdin.take().expect("piped").write_all(der).expect("sent");
    String::from_utf8_lossy(&openssl.wait_with_output().expect("it ends").stdout).into_owned()
}
