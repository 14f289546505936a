//! Tokens that an OpenID provider signs (RFC 7515, RFC 7519), read under the keys it publishes (RFC 7517).
//!
//! One algorithm, RS256, which every provider has (OpenID Connect Core §15.1): a token does not choose how it is checked. What it
//! says of its own key, by address or in itself, is not read.

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
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
    #[error("it is not signed by RS256")]
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
    modulus: Vec<u8>,
    exponent: Vec<u8>,
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
            let signs = key.purpose.as_deref().is_none_or(|p| p == "sig") && key.alg.as_deref().is_none_or(|a| a == "RS256");
            let whole = (key.kid?, decoded(&key.n?)?, decoded(&key.e?)?);
            (key.kty == "RSA" && signs).then_some(Key { id: whole.0, modulus: whole.1, exponent: whole.2 })
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
        if alg != "RS256" || crit.is_some() {
            return Err(BadToken::Algorithm);
        }
        let signed = &token[..header.len() + 1 + claims.len()];
        let signature = decoded(signature)?;
        let key = self.0.iter().find(|key| Some(&key.id) == kid.as_ref()).ok_or(BadToken::UnknownKey)?;
        let public = RsaPublicKeyComponents { n: &key.modulus, e: &key.exponent };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).map_err(|_| BadToken::Signature)?;
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
        let verify = |signed: &str| {
            let key = &keys.0[0];
            let public = RsaPublicKeyComponents { n: &key.modulus, e: &key.exponent };
            let signature = decoded(signature).expect("base64");
            public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).is_ok()
        };
        assert!(verify(signed));
        assert!(!verify(&signed.replacen('J', "K", 1)));
    }

    proptest! {
        #[test]
        fn nothing_panics_it(text in ".{0,80}") {
            let _ = (Keys::read(text.as_bytes()), Keys::default().open(&text));
        }
    }
}
