//! MD5 (RFC 1321) and HMAC-MD5 (RFC 2104): what RADIUS is signed with, whatever one thinks of it; nothing else here is.

const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// `floor(2^32 * abs(sin(i + 1)))`, RFC 1321 §3.4.
static SINES: std::sync::LazyLock<[u32; 64]> =
    std::sync::LazyLock::new(|| std::array::from_fn(|i| (f64::from(i as u32 + 1).sin().abs() * 4_294_967_296.0) as u32));

pub type Digest = [u8; 16];

/// Of several parts as if they were one.
pub fn md5(parts: &[&[u8]]) -> Digest {
    let mut message = parts.concat();
    let bits = (message.len() as u64).wrapping_mul(8);
    message.push(0x80);
    message.resize(message.len().next_multiple_of(64), 0);
    if message.len() as u64 - 8 < bits / 8 + 1 {
        message.resize(message.len() + 64, 0);
    }
    let at = message.len() - 8;
    message[at..].copy_from_slice(&bits.to_le_bytes());
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in message.as_chunks::<64>().0 {
        round(&mut state, block);
    }
    let mut digest = [0; 16];
    for (to, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *to = word.to_le_bytes();
    }
    digest
}

fn round(state: &mut [u32; 4], block: &[u8; 64]) {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let [mut a, mut b, mut c, mut d] = *state;
    for i in 0..64 {
        let (mixed, word) = match i / 16 {
            0 => (b & c | !b & d, i),
            1 => (d & b | !d & c, 5 * i + 1),
            2 => (b ^ c ^ d, 3 * i + 5),
            _ => (c ^ (b | !d), 7 * i),
        };
        let sum = a.wrapping_add(mixed).wrapping_add(SINES[i]).wrapping_add(words[word % 16]);
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(SHIFTS[i / 16][i % 4]));
    }
    for (state, word) in state.iter_mut().zip([a, b, c, d]) {
        *state = state.wrapping_add(word);
    }
}

pub fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> Digest {
    let mut padded = [0u8; 64];
    if key.len() > 64 {
        padded[..16].copy_from_slice(&md5(&[key]));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let inner = padded.map(|b| b ^ 0x36);
    let inner = md5(&[&[&inner[..]], parts].concat());
    md5(&[&padded.map(|b| b ^ 0x5c), &inner])
}

/// Whether two digests are the same, in a time that does not say where they differ.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
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
        // Lengths at which the padding begins another block.
        for (len, expected) in [
            (55, "ef1772b6dff9a122358552954ad0df65"),
            (56, "3b0c8ac703f828b04c6c197006d17218"),
            (64, "014842d480b571495a4a0363793f7367"),
        ] {
            assert_eq!(hex(md5(&["a".repeat(len).as_bytes()])), expected, "{len}");
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
