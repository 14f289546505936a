//! Tokens that an OpenID provider signs (RFC 7515, RFC 7519), read under the keys it publishes (RFC 7517).
//!
//! RS256, which every provider has (OpenID Connect Core §15.1), and ES256, as the key is one or the other (RFC 7518 §3): a token does
//! not choose how it is checked. What it says of its own key, by address or in itself, is not read.

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// Longest token that is looked at: those of Microsoft with groups are some 4 KiB.
pub const MAX_TOKEN: usize = 16 * 1024;

/// Most keys of one provider: they have two to eight.
const MAX_KEYS: usize = 32;

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    #[error("it is no signed token")]
    Form,
    #[error("it is not signed by RS256 or ES256, as its key is")]
    Algorithm,
    #[error("it is signed by a key that the provider does not publish")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
}

/// The keys a provider signs with.
#[derive(Debug, Default)]
pub struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: String,
    public: Public,
}

#[derive(Debug)]
enum Public {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point of P-256, uncompressed (SEC 1 §2.3.3).
    P256(Vec<u8>),
}

impl Public {
    fn read(key: &WrittenKey) -> Option<Self> {
        let number = |digits: &Option<String>| decoded(digits.as_deref()?);
        match (&*key.kty, key.crv.as_deref()) {
            ("RSA", _) => Some(Self::Rsa { modulus: number(&key.n)?, exponent: number(&key.e)? }),
            ("EC", Some("P-256")) => {
                let (x, y) = (number(&key.x)?, number(&key.y)?);
                (x.len() == 32 && y.len() == 32).then(|| Self::P256([&[4], &x[..], &y].concat()))
            }
            _ => None,
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RS256",
            Self::P256(_) => "ES256",
        }
    }

    fn has_signed(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa { modulus, exponent } => {
                let public = RsaPublicKeyComponents { n: modulus, e: exponent };
                public.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
            }
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok(),
        }
    }
}

#[derive(Deserialize)]
struct WrittenKeys {
    keys: Vec<WrittenKey>,
}

#[derive(Deserialize)]
struct WrittenKey {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What must be understood, and is not.
    crit: Option<Value>,
}

impl Keys {
    /// Reads what a provider publishes; keys of other kinds or for other things are left out. `None`: it is no such text.
    pub fn read(json: &[u8]) -> Option<Self> {
        let written: WrittenKeys = serde_json::from_slice(json).ok()?;
        let ours = |key: WrittenKey| {
            let public = Public::read(&key)?;
            let signs = key.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
                && key.alg.as_deref().is_none_or(|alg| alg == public.algorithm());
            Some(Key { id: key.kid?, public }).filter(|_| signs)
        };
        Some(Self(written.keys.into_iter().take(MAX_KEYS).filter_map(ours).collect()))
    }

    /// What a token says, if one of these keys has signed it.
    ///
    /// # Errors
    /// [`BadToken`].
    pub fn open(&self, token: &str) -> Result<Value, BadToken> {
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(BadToken::Form);
        };
        if token.len() > MAX_TOKEN {
            return Err(BadToken::Form);
        }
        let decoded = |part: &str| decoded(part).ok_or(BadToken::Form);
        let Header { alg, kid, crit } = serde_json::from_slice(&decoded(header)?).map_err(|_| BadToken::Form)?;
        if !["RS256", "ES256"].contains(&&*alg) || crit.is_some() {
            return Err(BadToken::Algorithm);
        }
        let signed = &token[..header.len() + 1 + claims.len()];
        let signature = decoded(signature)?;
        let key = self.0.iter().find(|key| Some(&key.id) == kid.as_ref()).ok_or(BadToken::UnknownKey)?;
        if key.public.algorithm() != alg {
            return Err(BadToken::Algorithm);
        }
        if !key.public.has_signed(signed.as_bytes(), &signature) {
            return Err(BadToken::Signature);
        }
        serde_json::from_slice(&decoded(claims)?).map_err(|_| BadToken::Form)
    }
}

/// Base64 for URLs, without padding (RFC 7515 §2).
fn decoded(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

    /// RFC 7515 appendix A.2: a key and what it signed.
    const KEY: &str = r#"{"keys":[{"kty":"EC","kid":"other","crv":"P-256"},{"kty":"RSA","kid":"a2","use":"sig","alg":"RS256","e":"AQAB",
        "n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]}"#;
    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    #[test]
    fn only_what_a_published_key_has_signed_by_rs256_is_read() {
        let keys = Keys::read(KEY.as_bytes()).expect("keys");
        // Its header names no key; every provider's does.
        assert_eq!(keys.open(TOKEN), Err(BadToken::UnknownKey));
        let mut nameless = Keys::read(KEY.as_bytes()).expect("keys");
        nameless.0.iter_mut().for_each(|key| key.id.clear());
        let (header, rest) = TOKEN.split_once('.').expect("three parts");
        let with = |header: &str| format!("{}.{rest}", BASE64URL_NOPAD.encode(header.as_bytes()));
        assert!(header == BASE64URL_NOPAD.encode(br#"{"alg":"RS256"}"#));
        for (token, why) in [
            (with(r#"{"alg":"none","kid":"a2"}"#), BadToken::Algorithm),
            (with(r#"{"alg":"HS256","kid":"a2"}"#), BadToken::Algorithm),
            (with(r#"{"alg":"RS256","kid":"a2","crit":["b64"]}"#), BadToken::Algorithm),
            (with(r#"{"alg":"RS256","kid":"other"}"#), BadToken::UnknownKey),
            (with(r#"{"alg":"RS256","kid":"a2"}"#), BadToken::Signature),
            (with("{}"), BadToken::Form),
            (format!("{TOKEN}.x"), BadToken::Form),
            (TOKEN.replace("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJqb2Vi"), BadToken::UnknownKey),
            ("a".repeat(MAX_TOKEN + 1), BadToken::Form),
            (String::new(), BadToken::Form),
        ] {
            assert_eq!(keys.open(&token).err(), Some(why), "{token}");
        }
        assert!(Keys::read(b"[]").is_none() && Keys::read(b"{\"keys\":[]}").is_some_and(|keys| keys.0.is_empty()));
    }

    #[test]
    fn the_signature_of_the_standard_holds_and_a_changed_letter_does_not() {
        let keys = Keys::read(KEY.as_bytes()).expect("keys");
        let (signed, signature) = TOKEN.rsplit_once('.').expect("three parts");
        let verify = |signed: &str| keys.0[0].public.has_signed(signed.as_bytes(), &decoded(signature).expect("base64"));
        assert!(verify(signed));
        assert!(!verify(&signed.replacen('J', "K", 1)));
    }

    /// RFC 7515 appendix A.3, and a key of the test's own.
    #[test]
    fn es256_is_read_under_a_key_that_is_one_and_no_key_is_taken_for_another_kind() {
        let keys = br#"{"keys":[{"kty":"EC","crv":"P-256","kid":"a3","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
        let signed =
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature =
            decoded("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q").expect("base64");
        let public = &Keys::read(keys).expect("keys").0[0].public;
        assert!(public.has_signed(signed.as_bytes(), &signature) && !public.has_signed(&signed.as_bytes()[1..], &signature));
        assert!(!public.has_signed(signed.as_bytes(), &[0; 64]), "CVE-2022-21449");

        let random = SystemRandom::new();
        let own = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let own = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, own.as_ref(), &random).expect("a key");
        let point = own.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|number| BASE64URL_NOPAD.encode(number));
        let rsa = KEY.trim_start_matches("{\"keys\":[").trim_end_matches("]}");
        let written =
            |more: &str| format!(r#"{{"keys":[{rsa},{{"kty":"EC","crv":"P-256","kid":"own","x":"{x}","y":"{y}"{more}}}]}}"#);
        let keys = Keys::read(written("").as_bytes()).expect("keys");
        let token = |header: &str| {
            let text = format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(br#"{"sub":"p1"}"#));
            let signature = own.sign(&random, text.as_bytes()).expect("signed");
            format!("{text}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
        };
        let right = token(r#"{"alg":"ES256","kid":"own"}"#);
        assert_eq!(keys.open(&right), Ok(serde_json::json!({"sub": "p1"})));
        for (token, why) in [
            (token(r#"{"alg":"RS256","kid":"own"}"#), BadToken::Algorithm),
            (token(r#"{"alg":"ES256","kid":"a2"}"#), BadToken::Algorithm),
            (token(r#"{"alg":"ES384","kid":"own"}"#), BadToken::Algorithm),
            (token(r#"{"alg":"ES256"}"#), BadToken::UnknownKey),
            (right.replace("eyJzdWIiOiJwMSJ9", "eyJzdWIiOiJwMiJ9"), BadToken::Signature),
            (format!("{}AAAA", right), BadToken::Signature),
        ] {
            assert_eq!(keys.open(&token), Err(why), "{token}");
        }
        // A key for something else, of another curve, or too short.
        for more in [r#","use":"enc""#, r#","alg":"RS256""#] {
            assert_eq!(Keys::read(written(more).as_bytes()).expect("keys").open(&right), Err(BadToken::UnknownKey), "{more}");
        }
        for (before, after) in [("P-256", "P-384"), (&*x, &x[..40]), (&*y, "")] {
            let keys = Keys::read(written("").replace(before, after).as_bytes()).expect("keys");
            assert_eq!(keys.open(&right), Err(BadToken::UnknownKey), "{before}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_it(text in ".{0,80}") {
            let _ = (Keys::read(text.as_bytes()), Keys::default().open(&text));
        }
    }
}
