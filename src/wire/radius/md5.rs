//! MD5 (RFC 1321) and HMAC-MD5 (RFC 2104): what RADIUS is signed with, whatever one thinks of it; nothing else here is.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest as _, Md5};

pub type Digest = [u8; 16];

/// Of several parts as if they were one.
pub fn md5(parts: &[&[u8]]) -> Digest {
    parts.iter().fold(Md5::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

/// Of several parts as if they were one.
pub fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> Digest {
    let keyed = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().fold(keyed, |signed, part| signed.chain_update(part)).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(digest: Digest) -> String {
        digest.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// RFC 1321 §A.5.
    #[test]
    fn the_digests_of_the_rfc() {
        for (text, expected) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ] {
            assert_eq!(hex(md5(&[text.as_bytes()])), expected, "{text}");
            for cut in 0..text.len() {
                assert_eq!(hex(md5(&[&text.as_bytes()[..cut], &text.as_bytes()[cut..]])), expected);
            }
        }
    }

    /// RFC 2202 §2.
    #[test]
    fn the_signatures_of_the_rfc() {
        assert_eq!(hex(hmac_md5(&[0x0b; 16], &[b"Hi There"])), "9294727a3638bb1c13f48ef8158bfc9d");
        assert_eq!(hex(hmac_md5(b"Jefe", &[b"what do ya want ", b"for nothing?"])), "750c783e6ab0b503eaa86e310a5db738");
        let long = "Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(hex(hmac_md5(&[0xaa; 80], &[long.as_bytes()])), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    }
}
