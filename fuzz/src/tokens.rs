//! What somebody shows to say who they are: tokens of OpenID providers, Kerberos tickets in a header.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use schoolgate::wire::jose::{Keys, MAX_TOKEN as MAX_OPENID};
use schoolgate::wire::negotiate::{MAX_TOKEN, Shown};
use std::sync::LazyLock;

/// A provider's key and what it publishes, made when the target starts.
static PROVIDER: LazyLock<(EcdsaKeyPair, Keys)> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).expect("a key");
    let point = key.public_key().as_ref();
    let (x, y) = (BASE64URL_NOPAD.encode(&point[1..33]), BASE64URL_NOPAD.encode(&point[33..]));
    let keys = format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"k","x":"{x}","y":"{y}"}}]}}"#);
    let keys = Keys::read(keys.as_bytes()).expect("keys");
    (key, keys)
});

/// Nothing that the provider has not signed is believed; what it has signed says what was signed, and nothing when a letter of it is
/// another. The bytes are a token, the keys of a provider, and claims behind the first byte, which says which letter is changed.
pub fn openid(bytes: &[u8]) {
    let (key, keys) = &*PROVIDER;
    let text = String::from_utf8_lossy(bytes);
    assert!(keys.open(&text).is_err(), "nobody has the key");
    if let Some(theirs) = Keys::read(bytes) {
        assert!(theirs.open(&text).is_err());
    }
    let Some((at, claims)) = bytes.split_first() else { return };
    let signed = format!("{}.{}", BASE64URL_NOPAD.encode(br#"{"alg":"ES256","kid":"k"}"#), BASE64URL_NOPAD.encode(claims));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed");
    let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()));
    match (keys.open(&token), serde_json::from_slice::<serde_json::Value>(claims)) {
        (Ok(read), Ok(said)) => assert_eq!(read, said),
        (Err(_), said) if said.is_err() || token.len() > MAX_OPENID => {}
        (read, said) => panic!("{read:?} {said:?}"),
    }
    let mut bent = token.into_bytes();
    let at = usize::from(*at) % bent.len();
    bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
    assert!(keys.open(&String::from_utf8(bent).expect("letters")).is_err(), "letter {at}");
}

/// What is found to be a ticket is a part of the token, as it is, in its form.
pub fn negotiate(bytes: &[u8]) {
    let _ = Shown::read(bytes);
    match Shown::read(format!("Negotiate {}", BASE64.encode(bytes)).as_bytes()) {
        None => panic!("its scheme is Negotiate"),
        Some(Err(_)) => {}
        Some(Ok(shown)) => {
            let ticket = shown.octets();
            assert!(bytes.len() <= MAX_TOKEN + 2 && ticket.len() < bytes.len() && ticket[0] == 0x60);
            assert!(bytes.windows(ticket.len()).any(|part| part == ticket));
            assert!(!bytes.starts_with(b"NTLMSSP"));
        }
    }
}
