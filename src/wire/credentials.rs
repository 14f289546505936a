//! `Proxy-Authorization: Basic …` (RFC 7617): a name and a password in base64.

use data_encoding::BASE64_NOPAD;
use std::fmt;

/// Longest value of the field that is looked at: a name and a password of 300 characters each.
pub const MAX_FIELD: usize = 1024;

/// A name and a password, as they were typed. Printed it says neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Basic {
    pub name: String,
    pub password: String,
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Basic { .. }")
    }
}

impl Basic {
    /// Reads the value of the field. `None`: another scheme, or nothing that has a name and a password in UTF-8.
    pub fn read(field: &[u8]) -> Option<Self> {
        let field = str::from_utf8(field).ok().filter(|field| field.len() <= MAX_FIELD)?;
        let (scheme, encoded) = field.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let text = String::from_utf8(BASE64_NOPAD.decode(encoded.trim().trim_end_matches('=').as_bytes()).ok()?).ok()?;
        let (name, password) = text.split_once(':')?;
        // RFC 7617 §2: neither may hold a control character.
        let plain = !name.trim().is_empty() && !text.chars().any(char::is_control);
        plain.then(|| Self { name: name.trim().to_owned(), password: password.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(field: &str) -> Option<(String, String)> {
        Basic::read(field.as_bytes()).map(|basic| (basic.name, basic.password))
    }

    #[test]
    fn a_name_and_a_password_are_read_as_rfc_7617_has_them() {
        for (field, expected) in [
            ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some(("Aladdin", "open sesame"))),
            ("basic  dGVzdDoxMjPCow==", Some(("test", "123£"))),
            ("BASIC dGVzdDoxMjPCow", Some(("test", "123£"))),
            ("Basic cDE6YTpi", Some(("p1", "a:b"))),
            ("Basic cDE6", Some(("p1", ""))),
            ("Basic Onh5", None),
            ("Basic cDE=", None),
            ("Basic dGVzdDoxMjOj", None),
            ("Basic cDE6YQBi", None),
            ("Basic cDE6*", None),
            ("Basic c", None),
            ("Basic", None),
            ("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", None),
            ("", None),
        ] {
            let expected = expected.map(|(name, password)| (name.to_owned(), password.to_owned()));
            assert_eq!(read(field), expected, "{field}");
        }
        let long = format!("Basic {}", "QUFB".repeat(MAX_FIELD / 4));
        assert_eq!(read(&long), None);
    }

    #[test]
    fn it_is_not_printed() {
        let basic = Basic::read(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").expect("it can be read");
        let printed = format!("{basic:?}");
        assert!(!printed.contains("Aladdin") && !printed.contains("sesame"), "{printed}");
    }

    proptest! {
        #[test]
        fn nothing_panics_it(field in proptest::collection::vec(any::<u8>(), 0..200), text in "[A-Za-z0-9+/=]{0,40}") {
            let _ = Basic::read(&field);
            let _ = Basic::read(format!("Basic {text}").as_bytes());
        }
    }
}
