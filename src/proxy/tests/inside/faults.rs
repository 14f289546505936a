//! Origins that cannot prove who they are.

use super::stand::{Inside, Wish, host, now};
use crate::net::ca::{Authority, Leaf};
use crate::policy::Action;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevocationReason, RevokedCertParams,
    SerialNumber,
};
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use std::time::Duration;

const DAY: i64 = 24 * 60 * 60;

fn self_signed(_: &Authority) -> Leaf {
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["a.example".to_owned()]).and_then(|c| c.self_signed(&key)).expect("signed");
    let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let signing = any_ecdsa_type(&private).expect("a key");
    Leaf { certified: Arc::new(CertifiedKey::new(vec![certificate.into()], signing)), ends: 0 }
}

#[tokio::test]
async fn each_fault_of_an_origin_s_certificate_is_a_page_that_says_so_and_nothing_is_asked_of_it() {
    let of = |name: &'static str, at: i64| move |world: &Authority| world.leaf(&host(name), at).expect("minted");
    let stranger = |_: &Authority| super::stand::authority("A Stranger").0.leaf(&host("a.example"), now()).expect("minted");
    for (shows, heading, welsh) in [
        (
            &of("a.example", now() - 100 * DAY) as &dyn Fn(&Authority) -> Leaf,
            "certificate has expired",
            "tystysgrif y dudalen hon wedi dod i ben",
        ),
        (&of("a.example", now() + 10 * DAY), "certificate is not valid yet", "ddim yn ddilys eto"),
        (&of("b.example", now()), "certificate is for another address", "Ar gyfer cyfeiriad arall"),
        (&self_signed, "Nobody vouches for this page", "Does neb yn tystio"),
        (&stranger, "Nobody we know vouches for this page", "Does neb rydyn ni"),
    ] {
        let inside = Inside::new(Wish { shows, ..Wish::default() }).await;
        let page = inside.page(&inside.url("a.example", "/secret")).await;
        assert!(page.contains("HTTP/2 502") && page.contains(heading), "{heading}: {page}");
        assert!(page.contains("proxy-status: schoolgate; error=tls_certificate_error"), "{page}");
        assert!(inside.got().is_empty());
        let last = inside.stand.school.events().pop().expect("an event");
        assert_eq!((last.action, last.status, &*last.path), (Action::Allow, 502, "/secret"), "{heading}");
        let wish = ["-H", "Accept: text/html", "-H", "Accept-Language: cy", &inside.url("a.example", "/secret")];
        let (_, page) = inside.curl("school.pem", &wish).await;
        assert!(page.contains("<html lang=\"cy\">") && page.contains(welsh), "{heading}: {page}");
        // A program gets a line, and no page.
        let (_, line) = inside.curl("school.pem", &[&inside.url("a.example", "/secret")]).await;
        assert!(line.contains(heading) && !line.contains("<html"), "{line}");
    }
}

#[tokio::test]
async fn a_certificate_on_a_revocation_list_is_not_believed() {
    // Its number is known only when it is minted.
    let minted = Arc::new(std::sync::Mutex::new(None::<CertificateDer<'static>>));
    let keep = minted.clone();
    let shows = move |world: &Authority| {
        let leaf = world.leaf(&host("a.example"), now()).expect("minted");
        *keep.lock().expect("nobody panicked") = Some(leaf.certified.cert[0].clone());
        leaf
    };
    let crls = move |world: &crate::net::ca::Made| {
        let der = minted.lock().expect("nobody panicked").clone().expect("it was minted before");
        let key = KeyPair::from_pem(&world.key).expect("a key");
        let issuer = Issuer::from_ca_cert_pem(&world.certificate, key).expect("an issuer");
        let moment = |at: i64| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(at as u64);
        let revoked = RevokedCertParams {
            serial_number: serial_of(&der),
            revocation_time: moment(now() - 60),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: moment(now() - DAY),
            next_update: moment(now() + DAY),
            crl_number: SerialNumber::from(1u64),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        vec![list.signed_by(&issuer).expect("signed").into()]
    };
    let inside = Inside::new(Wish { shows: &shows, crls: &crls, ..Wish::default() }).await;
    let page = inside.page(&inside.url("a.example", "/")).await;
    assert!(page.contains("certificate was taken back") && inside.got().is_empty(), "{page}");
}

/// The serial number of a certificate: the second element of what is signed, after the version.
fn serial_of(der: &[u8]) -> SerialNumber {
    let at = der.windows(5).position(|w| w == [0xa0, 3, 2, 1, 2]).expect("a version") + 5;
    assert_eq!(der[at], 2, "an integer");
    SerialNumber::from_slice(&der[at + 2..at + 2 + usize::from(der[at + 1])])
}
