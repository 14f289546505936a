//! The hash that the filter asks by. It never decides a match: only whether the stored names need to be asked.

use crate::lists::key::host_of;

/// Odd constants without structure: the digits of π (as in Blowfish's P-array).
const K: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345];

/// Where every name starts.
pub(in crate::lists) const START: u64 = K[0];

/// Goes one label further: from the hash of `example.com` to that of `www.example.com`.
pub(in crate::lists) fn with_label(mut hash: u64, label: &[u8]) -> u64 {
    let (chunks, rest) = label.as_chunks::<8>();
    for chunk in chunks {
        hash = fold(hash ^ u64::from_le_bytes(*chunk));
    }
    // Up to seven bytes; the length goes where the eighth would be, so that labels cannot run into each other.
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[7] = label.len() as u8;
    fold(hash ^ u64::from_le_bytes(last))
}

/// The hash of a whole key: of its host, and then of what follows it, a page or the length of a range, as if it were one label.
pub(in crate::lists) fn name_hash(key: &[u8]) -> u64 {
    let (host, tail) = key.split_at(host_of(key));
    let hash = host.split(|&c| c == b'.').fold(START, with_label);
    if tail.is_empty() { hash } else { with_label(hash, tail) }
}

/// Mixes two halves of a full product: every bit of the input reaches every bit of the result.
fn fold(x: u64) -> u64 {
    let product = u128::from(x) * u128::from(K[1]);
    product as u64 ^ (product >> 64) as u64
}

/// A number for any bytes: the content number of a table.
pub(in crate::lists) fn of_bytes(hash: u64, bytes: &[u8]) -> u64 {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let hash = chunks.iter().fold(hash, |hash, chunk| fold(hash.rotate_left(5) ^ u64::from_le_bytes(*chunk)));
    with_label(hash, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_run_into_each_other() {
        let hashes =
            ["com.ab.c", "com.a.bc", "com.abc", "com.ab.c.", "com.abcdefgh", "com.abcdefg.h"].map(|k| name_hash(k.as_bytes()));
        for (i, a) in hashes.iter().enumerate() {
            assert!(!hashes[i + 1..].contains(a), "{i}");
        }
    }

    /// These numbers are in every table file: another hash is another format version.
    #[test]
    fn the_hash_is_never_changed() {
        assert_eq!(name_hash(b"com.example.www"), with_label(name_hash(b"com.example"), b"www"));
        assert_eq!(name_hash(b"com.example"), GOLDEN);
    }

    const GOLDEN: u64 = 18_274_263_057_924_349_860;
}
