//! The code on the recovery sheet: 160 random bits as eight groups of five, typed by hand years later.
//!
//! The last sign of a group checks the four before it and the group's place: a sign that was read wrongly, and two that changed
//! places, are found in their group, and groups in the wrong order too.

use super::{SealFault, hpke, random};
use std::fmt;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

/// Crockford's: no I, L, O and U, which are read as 1, 1 and 0, or are no letter of it.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS: usize = 8;
/// Of a group, without its check.
const DATA: usize = 4;

/// What opens everything when no passphrase is known any more.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<[u8; 20]>);

/// Why a text is not a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCode {
    #[error("a recovery code has eight groups of five signs; there are {0} signs here")]
    Length(usize),
    #[error("'{0}' is in no recovery code")]
    Sign(char),
    #[error("group {0} is not as it stands on the sheet: read it again")]
    Group(usize),
}

impl RecoveryCode {
    pub(super) fn make() -> Result<Self, SealFault> {
        random().map(|code| Self(Zeroizing::new(code)))
    }

    /// The code of a text, in capitals or not, with anything or nothing between its groups.
    ///
    /// # Errors
    /// [`BadCode`]: says in which group the slip is.
    pub fn parse(text: &str) -> Result<Self, BadCode> {
        let mut values = Zeroizing::new(Vec::with_capacity(GROUPS * (DATA + 1)));
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let sign = match c.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                sign => sign,
            };
            values.push(SIGNS.iter().position(|s| char::from(*s) == sign).ok_or(BadCode::Sign(c))? as u8);
        }
        if values.len() != GROUPS * (DATA + 1) {
            return Err(BadCode::Length(values.len()));
        }
        let mut code = Zeroizing::new([0; 20]);
        let mut filled = 0;
        for (nth, group) in values.chunks_exact(DATA + 1).enumerate() {
            if check(nth, &group[..DATA]) != group[DATA] {
                return Err(BadCode::Group(nth + 1));
            }
            for value in &group[..DATA] {
                for bit in (0..5).rev() {
                    code[filled / 8] |= (value >> bit & 1) << (7 - filled % 8);
                    filled += 1;
                }
            }
        }
        Ok(Self(code))
    }

    /// The groups as they stand on the sheet.
    pub fn groups(&self) -> [String; GROUPS] {
        let value = |nth: usize| (0..5).fold(0, |v, bit| v << 1 | self.0[(nth * 5 + bit) / 8] >> (7 - (nth * 5 + bit) % 8) & 1);
        std::array::from_fn(|group| {
            let mut values: Vec<u8> = (group * DATA..(group + 1) * DATA).map(value).collect();
            values.push(check(group, &values));
            values.iter().map(|v| char::from(SIGNS[usize::from(*v)])).collect()
        })
    }

    /// The private key of the sheet. The code has 160 random bits: nothing needs to slow down who tries codes.
    pub(super) fn secret(&self) -> StaticSecret {
        StaticSecret::from(*hpke::mac(b"schoolgate recovery sheet", &[&*self.0]))
    }
}

impl fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.groups().join(" "))
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// A sum over GF(32), each sign and the group's number weighed by another power of x: every single slip and every exchange of
/// two signs changes it.
fn check(group: usize, signs: &[u8]) -> u8 {
    let number = (group + 1) as u8;
    signs.iter().chain([&number]).fold(0, |sum, sign| times_x(sum ^ sign))
}

/// Times x, modulo x⁵ + x² + 1.
fn times_x(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 0x20 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> RecoveryCode {
        RecoveryCode(Zeroizing::new(std::array::from_fn(|n| (n * 37 + 11) as u8)))
    }

    #[test]
    fn what_is_printed_is_read_however_it_is_typed() {
        for _ in 0..50 {
            let code = RecoveryCode::make().expect("random");
            let text = code.to_string();
            assert_eq!(text.len(), 47);
            assert_eq!(RecoveryCode::parse(&text).as_ref(), Ok(&code));
            assert_eq!(RecoveryCode::parse(&text.to_lowercase().replace(' ', "-").replace('0', "o")).as_ref(), Ok(&code));
            assert_eq!(RecoveryCode::parse(&format!(" {}\n", text.replace(' ', "").replace('1', "l"))), Ok(code));
        }
    }

    #[test]
    fn every_single_slip_and_every_two_signs_that_changed_places_are_found_in_their_group() {
        let text = code().to_string();
        for (at, sign) in text.char_indices().filter(|(_, c)| *c != ' ') {
            let group = at / 6 + 1;
            for other in SIGNS.iter().map(|s| char::from(*s)).filter(|s| *s != sign) {
                let mut slip = text.clone();
                slip.replace_range(at..=at, &other.to_string());
                assert_eq!(RecoveryCode::parse(&slip), Err(BadCode::Group(group)), "{slip}");
            }
            for other in at + 1..(group * 6 - 1).min(text.len()) {
                let mut signs: Vec<char> = text.chars().collect();
                signs.swap(at, other);
                let slip: String = signs.into_iter().collect();
                if slip != text {
                    assert_eq!(RecoveryCode::parse(&slip), Err(BadCode::Group(group)), "{slip}");
                }
            }
        }
        let mut groups: Vec<_> = text.split(' ').collect();
        groups.swap(2, 5);
        assert_eq!(RecoveryCode::parse(&groups.join(" ")), Err(BadCode::Group(3)));
        assert_eq!(RecoveryCode::parse("AB"), Err(BadCode::Length(2)));
        assert_eq!(RecoveryCode::parse("ü"), Err(BadCode::Sign('ü')));
    }
}
