//! Numbers that grow by little, as bytes.

/// Adds seqs at the end: each as how much more it is than the one before, or how much less.
pub fn extend(stored: Option<Vec<u8>>, seqs: &[u64]) -> Option<Vec<u8>> {
    if seqs.is_empty() {
        return stored;
    }
    let mut bytes = stored.unwrap_or_default();
    let mut known = Vec::new();
    read_seqs(&bytes, &mut known);
    let mut last = known.last().copied().unwrap_or(0);
    for seq in seqs {
        let more = seq.wrapping_sub(last) as i64;
        let mut left = ((more << 1) ^ (more >> 63)) as u64;
        while left >= 0x80 {
            bytes.push(left as u8 | 0x80);
            left >>= 7;
        }
        bytes.push(left as u8);
        last = *seq;
    }
    Some(bytes)
}

/// Adds them to `out`.
pub fn read_seqs(bytes: &[u8], out: &mut Vec<u64>) {
    let (mut last, mut number, mut shift) = (0u64, 0u64, 0);
    for byte in bytes {
        number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte & 0x80 == 0 {
            let more = (number >> 1) as i64 ^ -((number & 1) as i64);
            last = last.wrapping_add(more as u64);
            out.push(last);
            (number, shift) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn seqs_come_back_in_whatever_pieces_they_were_added(pieces in proptest::collection::vec(proptest::collection::vec(any::<u64>(), 0..5), 0..5)) {
            let bytes = pieces.iter().fold(None, |bytes, piece| extend(bytes, piece));
            let mut read = Vec::new();
            read_seqs(&bytes.unwrap_or_default(), &mut read);
            prop_assert_eq!(read, pieces.concat());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            read_seqs(&bytes, &mut Vec::new());
        }
    }
}
