//! Codes that change every half minute (TOTP, RFC 6238: SHA-1, 30 seconds, six digits: what every authenticator app reads).

use data_encoding::BASE32_NOPAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use totp_rs::{Algorithm, Builder};

/// Seconds of a step.
const STEP: u64 = 30;

/// Steps that a device's clock may be off, either way.
const OFF: u16 = 1;

const DIGITS: u8 = 6;

/// What a device and the gate share: 160 bits (RFC 4226 §4). It has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 20]);

/// The system gives no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoSecret;

impl Secret {
    /// # Errors
    /// [`NoSecret`].
    pub fn made() -> Result<Self, NoSecret> {
        let mut bytes = [0; 20];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoSecret)?;
        Ok(Self(bytes))
    }

    /// In base32 (RFC 4648 §6): 32 letters and digits.
    pub fn text(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    fn parse(text: &str) -> Option<Self> {
        BASE32_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// What an authenticator app reads as a code of squares (the Key URI Format of Google Authenticator).
    pub fn uri(&self, school: &str, account: &str) -> String {
        let issuer = crate::people::openid::encoded(school);
        let account = crate::people::openid::encoded(account);
        format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", self.text())
    }

    /// The step that a typed code is of, at this time and after the step that was used last. `None`: it is not right, or not any more.
    pub fn step_of(&self, typed: &str, unix_ms: i64, used: u64) -> Option<u64> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let whole = digits.len() == usize::from(DIGITS) && digits.bytes().all(|b| b.is_ascii_digit());
        let now_s = u64::try_from(unix_ms).ok()? / 1000;
        let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(DIGITS).with_step_duration(STEP).with_skew(OFF);
        let totp = builder.with_secret(self.0).build().ok()?;
        totp.check(&digits, now_s).filter(|step| whole && *step > used)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).ok_or_else(|| serde::de::Error::custom("32 letters and digits of base32"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let secret = Secret(*b"12345678901234567890");
        // Appendix B, SHA-1; the last six of its eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.step_of(code, seconds * 1000, 0), Some(seconds as u64 / STEP), "{seconds}");
        }
        assert_eq!(secret.text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_is_good_once_and_for_a_minute_and_a_half() {
        let secret = Secret(*b"12345678901234567890");
        let of = |typed, seconds: i64, used| secret.step_of(typed, seconds * 1000, used);
        let step = 2_000_000_000 / STEP;
        assert_eq!(of("279037", 2_000_000_000 - 30, 0), Some(step), "a device that is ahead");
        assert_eq!(of("279 037 ", 2_000_000_000 + 30, 0), Some(step), "and one that is behind, as apps show it");
        assert_eq!((of("279037", 2_000_000_000 + 60, 0), of("279037", 2_000_000_000 - 60, 0)), (None, None));
        assert_eq!((of("279037", 2_000_000_000, step), of("279037", 2_000_000_000, step + 1)), (None, None), "used");
        assert_eq!(of("279037", 2_000_000_000, step - 1), Some(step));
        for typed in ["", "27903", "2790370", "+79037", "２７９０３７", "279038", "-27903"] {
            assert_eq!(of(typed, 2_000_000_000, 0), None, "{typed}");
        }
        assert_eq!(secret.step_of("279037", -5, 0), None, "a clock before its time");
    }

    #[test]
    fn a_secret_is_read_as_it_is_written_and_an_app_reads_its_uri() {
        let secret = Secret::made().expect("random");
        assert!(Secret::parse(&secret.text()) == Some(secret.clone()) && secret != Secret::made().expect("random"));
        for text in ["", "A", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", "gezdgnbvgy3tqojqgezdgnbvgy3tqojq"] {
            assert!(Secret::parse(text).is_none(), "{text}");
        }
        let uri = Secret(*b"12345678901234567890").uri("Hill & Vale", "a.jones");
        let expected =
            "otpauth://totp/Hill%20%26%20Vale:a.jones?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Hill%20%26%20Vale";
        assert_eq!(uri, expected);
    }
}
