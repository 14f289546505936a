//! Bytes sealed to a public key: HPKE (RFC 9180) in its base mode, one message, with X25519, HKDF-SHA256 and ChaCha20-Poly1305.
//!
//! The parts are libraries' (x25519-dalek, and ring, which TLS is made of here too); what joins them is the standard's, and its own
//! test vectors hold this file to it.

use super::{SealFault, random};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// `DHKEM(X25519, HKDF-SHA256)` (§7.1).
const KEM: &[u8] = b"KEM\x00\x20";
/// The same with `HKDF-SHA256` (§7.2) and `ChaCha20Poly1305` (§7.3).
const SUITE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x03";
/// Every hash, key and shared secret here.
const LEN: usize = 32;
/// What sealing adds: the sender's public key, and the tag.
pub const OVERHEAD: usize = LEN + 16;

/// Seals `plain` so that only the secret of `to` opens it, and only with the same `info` and `aad`.
pub fn seal(to: &PublicKey, info: &[u8], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealFault> {
    seal_from(&StaticSecret::from(random::<LEN>()?), to, info, aad, plain)
}

fn seal_from(ephemeral: &StaticSecret, to: &PublicKey, info: &[u8], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealFault> {
    let enc = PublicKey::from(ephemeral);
    let (key, nonce) = schedule(&*shared(ephemeral, to, &enc, to).ok_or(SealFault::Machine)?, info);
    let mut body = plain.to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut body).map_err(|_| SealFault::Machine)?;
    Ok([enc.as_bytes().as_slice(), &body].concat())
}

/// Opens what [`seal`] made for this secret. `None`: it was made for another, or for something else, or was changed.
pub fn open(secret: &StaticSecret, info: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (enc, body) = sealed.split_first_chunk::<LEN>()?;
    let enc = PublicKey::from(*enc);
    let (key, nonce) = schedule(&*shared(secret, &enc, &enc, &PublicKey::from(secret))?, info);
    let mut body = Zeroizing::new(body.to_vec());
    let len = key.open_in_place(nonce, Aad::from(aad), &mut body).ok()?.len();
    body.truncate(len);
    Some(body)
}

/// §4.1, `Encap` and `Decap`: our secret and their public key, and the two public keys of the message.
fn shared(mine: &StaticSecret, theirs: &PublicKey, enc: &PublicKey, recipient: &PublicKey) -> Option<Zeroizing<[u8; LEN]>> {
    let dh = mine.diffie_hellman(theirs);
    // §7.1.4: a public key that makes every secret the same is refused.
    if !dh.was_contributory() {
        return None;
    }
    let context = [enc.as_bytes().as_slice(), recipient.as_bytes()].concat();
    let prk = extract(KEM, b"", b"eae_prk", dh.as_bytes());
    Some(expand::<LEN>(KEM, &prk, b"shared_secret", &context))
}

/// §5.1, `KeySchedule` in the base mode; the nonce is that of the first and only message.
fn schedule(shared: &[u8; LEN], info: &[u8]) -> (LessSafeKey, Nonce) {
    let (id, info) = (extract(SUITE, b"", b"psk_id_hash", b""), extract(SUITE, b"", b"info_hash", info));
    let context = [[0].as_slice(), &*id, &*info].concat();
    let secret = extract(SUITE, shared, b"secret", b"");
    let key = expand::<LEN>(SUITE, &secret, b"key", &context);
    let nonce = expand::<NONCE_LEN>(SUITE, &secret, b"base_nonce", &context);
    (aead(&key), Nonce::assume_unique_for_key(*nonce))
}

pub(super) fn aead(key: &[u8; LEN]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("a key of this cipher has 32 octets"))
}

/// §4, `LabeledExtract`.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Zeroizing<[u8; LEN]> {
    mac(salt, &[b"HPKE-v1", suite, label, ikm])
}

/// §4, `LabeledExpand`, of no more than one block.
fn expand<const N: usize>(suite: &[u8], prk: &[u8; LEN], label: &[u8], info: &[u8]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= LEN) };
    let block = mac(prk, &[&(N as u16).to_be_bytes(), b"HPKE-v1", suite, label, info, &[1]]);
    let mut out = Zeroizing::new([0; N]);
    out.copy_from_slice(&block[..N]);
    out
}

/// HMAC-SHA256 of the parts.
pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; LEN]> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    let mut out = Zeroizing::new([0; LEN]);
    out.copy_from_slice(context.sign().as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
    }

    fn key(hex: &str) -> [u8; 32] {
        bytes(hex).try_into().expect("32 octets")
    }

    /// RFC 9180, A.2.1.
    #[test]
    fn it_is_hpke_to_the_byte() {
        let recipient = StaticSecret::from(key("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"));
        let ephemeral = StaticSecret::from(key("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600"));
        let to = PublicKey::from(&recipient);
        assert_eq!(to.as_bytes(), &key("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"));
        let info = bytes("4f6465206f6e2061204772656369616e2055726e");
        let aad = bytes("436f756e742d30");
        let plain = bytes("4265617574792069732074727574682c20747275746820626561757479");
        let sealed = bytes(concat!(
            "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
        ));
        assert_eq!(seal_from(&ephemeral, &to, &info, &aad, &plain).expect("sealed"), sealed);
        assert_eq!(*open(&recipient, &info, &aad, &sealed).expect("opened"), plain);
    }

    proptest! {
        #[test]
        fn only_the_same_bytes_for_the_same_purpose_open(
            plain in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0..8u8
        ) {
            let secret = StaticSecret::from(random::<32>().expect("random"));
            let mut sealed = seal(&PublicKey::from(&secret), b"info", b"aad", &plain).expect("sealed");
            prop_assert_eq!(sealed.len(), plain.len() + OVERHEAD);
            prop_assert_eq!(&*open(&secret, b"info", b"aad", &sealed).expect("opened"), &plain);
            prop_assert!(open(&secret, b"other", b"aad", &sealed).is_none() && open(&secret, b"info", b"", &sealed).is_none());
            let other = StaticSecret::from(random::<32>().expect("random"));
            prop_assert!(open(&other, b"info", b"aad", &sealed).is_none());
            // X25519 passes over the highest bit of a public key; it is bound by the context all the same.
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(open(&secret, b"info", b"aad", &sealed).is_none());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            prop_assert!(open(&StaticSecret::from([7; 32]), b"", b"", &bytes).is_none());
        }
    }

    #[test]
    fn a_public_key_that_makes_every_secret_the_same_is_refused() {
        assert!(seal(&PublicKey::from([0; 32]), b"", b"", b"x").is_err());
    }
}
