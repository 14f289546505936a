//! SHA-256 (FIPS 180-4) in base 64, for one test: the hash in the headers is that of the sheet.

/// The first 32 bits of the fractional parts of a power of a prime, exactly: 2^32 · p^(1/root), whole part cut off.
fn fraction(prime: u128, root: u32) -> u32 {
    let (mut low, mut high) = (0u128, 1 << 36);
    // Largest x with x^root ≤ p · 2^(32·root): for cubes this is at most 409 · 2^96, which fits.
    while low + 1 < high {
        let middle = (low + high) / 2;
        if middle.pow(root) <= prime << (32 * root) { low = middle } else { high = middle }
    }
    low as u32
}

fn primes(count: usize) -> Vec<u128> {
    (2u128..).filter(|n| (2..*n).all(|d| n % d != 0)).take(count).collect()
}

pub fn sha256(data: &[u8]) -> [u8; 32] {
    let k: Vec<u32> = primes(64).into_iter().map(|p| fraction(p, 3)).collect();
    let mut h: Vec<u32> = primes(8).into_iter().map(|p| fraction(p, 2)).collect();
    let mut padded = data.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((data.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut w: Vec<u32> = block.chunks(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect();
        for i in 16..64 {
            let s0 = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ (w[i - 15] >> 3);
            let s1 = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ (w[i - 2] >> 10);
            w.push(w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1));
        }
        let mut v = h.clone();
        for i in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let choice = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 = v[7].wrapping_add(s1).wrapping_add(choice).wrapping_add(k[i]).wrapping_add(w[i]);
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v.rotate_right(1);
            v[4] = v[4].wrapping_add(t1);
            v[0] = t1.wrapping_add(s0).wrapping_add(majority);
        }
        h.iter_mut().zip(v).for_each(|(h, v)| *h = h.wrapping_add(v));
    }
    let mut digest = [0; 32];
    digest.chunks_mut(4).zip(h).for_each(|(to, h)| to.copy_from_slice(&h.to_be_bytes()));
    digest
}

pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for part in bytes.chunks(3) {
        let bits = part.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - part.len()));
        for i in 0..4 {
            let digit = char::from(DIGITS[(bits >> (18 - 6 * i)) as usize & 63]);
            out.push(if i <= part.len() { digit } else { '=' });
        }
    }
    out
}

#[test]
fn hashes_are_those_of_the_standard() {
    for (data, expected) in [
        (&b"abc"[..], "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
        (&[b'a'; 55], "n0OQ+NMMLdkuyfCVtl4rmumwqSWlJY4kHJ8ekQ9zQxg="),
        (&[b'a'; 56], "s1Q5pKxvCUi21vnjxq8PX1kM4g8b3nCQ73lwaG7Gc4o="),
        (&[b'a'; 1000], "Qe3s5C1j6Nm/UVqbppMuHCDLyfWl0TRkWttdsblzfqM="),
    ] {
        assert_eq!(base64(&sha256(data)), expected);
    }
}
