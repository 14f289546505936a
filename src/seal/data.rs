//! The key of a day, and the detail of one event under it.
//!
//! ```text
//! data key: layout · id · made · recipient's public key · HPKE of the key            (sealed: on the disk)
//! detail:   what there is · id of the data key · number under it · ChaCha20-Poly1305 of the texts, filled up to 16 octets
//! ```
//! The detail's number is its nonce: it counts up in the one process that has the key, so that none is used twice.

use super::keys::Opener;
use super::{SealFault, hpke, random};
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use x25519_dalek::PublicKey;
use zeroize::Zeroizing;

/// The first byte of a sealed data key.
const LAYOUT: u8 = 1;
/// Layout, id, made, recipient.
const HEAD: usize = 1 + 4 + 8 + 32;
const SEALED_KEY: usize = HEAD + 32 + hpke::OVERHEAD;
const KEY_INFO: &[u8] = b"schoolgate data key";
const DETAIL_INFO: &[u8] = b"schoolgate detail";

/// What there is: in the clear, since a row of dots tells it anyway.
const PATH: u8 = 1 << 0;
const SEARCH: u8 = 1 << 1;
/// The texts are filled up to this many octets, so that their length tells little.
const BLOCK: usize = 16;
const TAG: usize = 16;
/// Longest path and search that are sealed together.
const MAX_TEXTS: usize = 2560;
/// Longest sealed detail: its head, the lengths of the texts, the texts, what fills them up, and the tag.
pub const MAX_SEALED: usize = (1 + 4 + 10) + 2 * 3 + MAX_TEXTS + BLOCK + TAG;

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Detail {
    /// Path and query.
    pub path: String,
    pub search: String,
}

/// A day's key in the process that seals with it.
pub struct DataKey {
    id: u32,
    key: LessSafeKey,
    sealed: Vec<u8>,
    next: AtomicU64,
}

impl DataKey {
    /// A new one. Its [`DataKey::sealed`] must be on the disk before anything is sealed with it.
    ///
    /// # Errors
    /// [`SealFault::Machine`].
    pub fn make(to: &PublicKey, now_ms: i64) -> Result<Self, SealFault> {
        let (id, key) = (u32::from_le_bytes(random()?), Zeroizing::new(random::<32>()?));
        let head = [&[LAYOUT][..], &id.to_le_bytes(), &now_ms.to_le_bytes(), to.as_bytes()].concat();
        let body = hpke::seal(to, KEY_INFO, &head, &*key)?;
        Ok(Self { id, key: hpke::aead(&key), sealed: [head, body].concat(), next: AtomicU64::new(0) })
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    /// The key, sealed to the school's public key.
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }

    /// Seals what was typed, to be opened only with the same `bound`: whose it is, and where. Longer texts than [`MAX_SEALED`]
    /// leaves room for are a fault of the caller's.
    pub fn seal(&self, path: &str, search: &str, bound: &[u8]) -> Vec<u8> {
        let number = self.next.fetch_add(1, Relaxed);
        let mut out = Vec::with_capacity(48 + path.len() + search.len());
        out.push(if path.is_empty() { 0 } else { PATH } | if search.is_empty() { 0 } else { SEARCH });
        out.extend(self.id.to_le_bytes());
        put_number(&mut out, number);
        let head = out.len();
        put_number(&mut out, path.len() as u64);
        put_number(&mut out, search.len() as u64);
        out.extend(path.as_bytes());
        out.extend(search.as_bytes());
        let filled = (out.len() - head).next_multiple_of(BLOCK);
        out.resize(head + filled, 0);
        let (head, texts) = out.split_at_mut(head);
        let aad = [DETAIL_INFO, head, bound].concat();
        let tag = self.key.seal_in_place_separate_tag(nonce(number), Aad::from(aad), texts);
        let tag = tag.expect("texts of this length can be sealed");
        out.extend(tag.as_ref());
        out
    }
}

/// What is sealed, as far as it can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    pub has_path: bool,
    pub has_search: bool,
    /// The id of its data key.
    pub key: u32,
    number: u64,
    head: usize,
}

impl Sealed {
    /// `None`: these bytes are no sealed detail.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&there, rest) = bytes.split_first()?;
        let (key, mut rest) = rest.split_first_chunk::<4>()?;
        let number = take_number(&mut rest)?;
        let whole = (BLOCK..=MAX_SEALED).contains(&rest.len().checked_sub(TAG)?) && rest.len().is_multiple_of(BLOCK);
        let known = there != 0 && there & !(PATH | SEARCH) == 0;
        (whole && known && bytes.len() <= MAX_SEALED).then_some(Self {
            has_path: there & PATH != 0,
            has_search: there & SEARCH != 0,
            key: u32::from_le_bytes(*key),
            number,
            head: bytes.len() - rest.len(),
        })
    }
}

/// A data key that was opened.
pub struct HeldKey(LessSafeKey);

impl HeldKey {
    /// Opens a data key. `Ok(None)`: it was sealed to a pair of keys that this opener does not have.
    ///
    /// # Errors
    /// [`SealFault::Changed`].
    pub fn open(opener: &Opener, sealed: &[u8]) -> Result<Option<Self>, SealFault> {
        if sealed.len() != SEALED_KEY || sealed[0] != LAYOUT {
            return Err(SealFault::Changed);
        }
        let (head, body) = sealed.split_at(HEAD);
        let recipient = head[HEAD - 32..].first_chunk::<32>().ok_or(SealFault::Changed)?;
        let Some(secret) = opener.secret_of(recipient) else { return Ok(None) };
        let key = hpke::open(secret, KEY_INFO, head, body).ok_or(SealFault::Changed)?;
        let key = key.first_chunk::<32>().ok_or(SealFault::Changed)?;
        Ok(Some(Self(hpke::aead(key))))
    }

    /// What was typed.
    ///
    /// # Errors
    /// [`SealFault::Changed`]: a byte of it was changed, or it was sealed for another person or host.
    pub fn detail(&self, bytes: &[u8], bound: &[u8]) -> Result<Detail, SealFault> {
        self.texts(bytes, bound).ok_or(SealFault::Changed)
    }

    fn texts(&self, bytes: &[u8], bound: &[u8]) -> Option<Detail> {
        let sealed = Sealed::parse(bytes)?;
        let (head, body) = bytes.split_at(sealed.head);
        let aad = [DETAIL_INFO, head, bound].concat();
        let mut body = Zeroizing::new(body.to_vec());
        let mut texts: &[u8] = self.0.open_in_place(nonce(sealed.number), Aad::from(aad), &mut body).ok()?;
        let (path, search) = (take_number(&mut texts)?, take_number(&mut texts)?);
        let (path, rest) = texts.split_at_checked(usize::try_from(path).ok()?)?;
        let (search, fill) = rest.split_at_checked(usize::try_from(search).ok()?)?;
        let whole = fill.len() < BLOCK && fill.iter().all(|b| *b == 0);
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        whole.then_some(Detail { path: text(path)?, search: text(search)? })
    }
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Seven bits an octet, the lowest first (LEB128).
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A number written as short as it can be. `None`: it is not, or is cut off.
fn take_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for nth in 0..10 {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        let part = u64::from(byte & 0x7f);
        number |= part.checked_shl(7 * nth).filter(|shifted| shifted >> (7 * nth) == part)?;
        if byte & 0x80 == 0 {
            return (byte != 0 || nth == 0).then_some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::keys::tests::keys;
    use super::*;
    use proptest::prelude::*;

    fn pair() -> (DataKey, HeldKey) {
        let (keys, opener) = keys();
        let key = DataKey::make(keys.public(), 5).expect("made");
        let held = HeldKey::open(&opener, key.sealed()).expect("whole").expect("of this pair");
        (key, held)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_sealed_is_what_is_opened_and_nothing_else(
            path in ".{0,60}", search in ".{0,40}", bound in proptest::collection::vec(any::<u8>(), 0..40),
            at in any::<prop::sample::Index>(), bit in 0..8u8,
        ) {
            prop_assume!(!path.is_empty() || !search.is_empty());
            let (key, held) = pair();
            let mut sealed = key.seal(&path, &search, &bound);
            prop_assert!(sealed.len() <= path.len() + search.len() + 8 + 2 + BLOCK + TAG, "{} octets", sealed.len());
            let seen = Sealed::parse(&sealed).expect("sealed detail");
            prop_assert_eq!((seen.has_path, seen.has_search, seen.key), (!path.is_empty(), !search.is_empty(), key.id()));
            let detail = Detail { path: path.clone(), search: search.clone() };
            prop_assert_eq!(held.detail(&sealed, &bound).expect("opened"), detail);
            prop_assert!(held.detail(&sealed, &[&bound[..], b"x"].concat()).is_err());
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(held.detail(&sealed, &bound).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (_, held) = pair();
            prop_assert!(held.detail(&bytes, b"").is_err());
            let (_, opener) = keys();
            prop_assert!(!matches!(HeldKey::open(&opener, &bytes), Ok(Some(_))));
        }
    }

    #[test]
    fn the_longest_texts_fit_and_no_nonce_comes_twice() {
        let (key, held) = pair();
        let (path, search) = ("p".repeat(2048), "s".repeat(512));
        for _ in 0..300 {
            let sealed = key.seal(&path, &search, b"");
            assert!(sealed.len() <= MAX_SEALED);
            assert_eq!(held.detail(&sealed, b"").expect("opened").search, search);
        }
        let numbers: Vec<_> = (0..300).map(|_| Sealed::parse(&key.seal("/", "", b"")).expect("sealed").number).collect();
        assert_eq!(numbers, (300..600).collect::<Vec<_>>());
    }

    #[test]
    fn a_path_of_nine_octets_and_one_of_fourteen_are_as_long() {
        let (key, _) = pair();
        let len = |path: &str| key.seal(path, "", b"").len();
        assert_eq!(len("/abcdefgh"), len("/abcdefghijklm"));
        assert_eq!(len("/abcdefgh"), 6 + 16 + 16, "22 octets more than the text at the most common length");
    }

    #[test]
    fn a_data_key_that_was_changed_or_is_for_other_keys_does_not_open() {
        let (keys, opener) = keys();
        let key = DataKey::make(keys.public(), 5).expect("made");
        for at in 0..key.sealed().len() {
            let mut changed = key.sealed().to_vec();
            changed[at] ^= 1;
            let recipient = (HEAD - 32..HEAD).contains(&at);
            match HeldKey::open(&opener, &changed) {
                Ok(None) => assert!(recipient, "octet {at}"),
                Err(SealFault::Changed) => assert!(!recipient, "octet {at}"),
                _ => panic!("octet {at} was opened"),
            }
        }
        let (_, stranger) = super::super::keys::tests::keys();
        assert!(matches!(HeldKey::open(&stranger, key.sealed()), Ok(None)));
    }
}
