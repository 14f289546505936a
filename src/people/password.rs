//! Passwords: made so that their owner can type them, kept as Argon2id (RFC 9106), checked one at a time.

use argon2::{Algorithm, Argon2, Params, Version};
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt::Write;
use std::sync::{Condvar, Mutex, PoisonError};

mod words;

/// What one check costs: 19 MiB and two passes, OWASP's least for Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const SALT: usize = 16;
const HASH: usize = 32;

/// Longest password that is looked at.
pub const MAX_PASSWORD: usize = 128;

/// How many may wait for a check while another is done.
pub const WAITING: usize = 8;

/// The checks at once of a machine with this much memory: one where there is 1 GB, at most one a core.
pub fn at_once(memory_bytes: u64, cores: usize) -> usize {
    let by_memory = (memory_bytes >> 30).saturating_sub(1).max(1);
    usize::try_from(by_memory).unwrap_or(1).min(cores.max(1)).min(4)
}

/// What keeps a password from being made or kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers, or too little memory for a password")]
pub struct NoPassword;

/// The text that is kept of a password: `argon2id$MEMORY$PASSES$SALT$HASH`, the last two in hexadecimal.
///
/// # Errors
/// [`NoPassword`].
pub fn hash(password: &str) -> Result<String, NoPassword> {
    let mut salt = [0; SALT];
    SystemRandom::new().fill(&mut salt).map_err(|_| NoPassword)?;
    let out = derived(password, &salt, MEMORY_KIB, PASSES).ok_or(NoPassword)?;
    Ok(format!("argon2id${MEMORY_KIB}${PASSES}${}${}", hex(&salt), hex(&out)))
}

/// Whether this is the password that was kept. It takes tens of milliseconds and 19 MiB: see [`Checks`].
fn is_right(password: &str, kept: &str) -> bool {
    let mut parts = kept.split('$');
    let mut read = || {
        let (kind, memory, passes) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let (salt, hash) = (unhex(parts.next()?)?, unhex(parts.next()?)?);
        // What was written with more than this was not written here.
        let ours = kind == "argon2id" && memory <= 4 * MEMORY_KIB && passes <= 10 && hash.len() == HASH;
        (ours && parts.next().is_none()).then_some((memory, passes, salt, hash))
    };
    let Some((memory, passes, salt, hash)) = read() else { return false };
    let Some(out) = derived(password, &salt, memory, passes) else { return false };
    // Every byte, wherever the first one differs.
    out.iter().zip(&hash).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

fn derived(password: &str, salt: &[u8], memory: u32, passes: u32) -> Option<[u8; HASH]> {
    let params = Params::new(memory, passes, 1, Some(HASH)).ok()?;
    let mut out = [0; HASH];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(password.as_bytes(), salt, &mut out).ok()?;
    Some(out)
}

/// Checks of passwords: so many at once, so many waiting, and no more.
#[derive(Debug)]
pub struct Checks {
    at_once: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    waiting: usize,
}

/// Everybody signs in at this moment: to be told to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many people sign in at this moment")]
pub struct Busy;

impl Checks {
    pub fn new(at_once: usize) -> Self {
        Self { at_once: at_once.max(1), state: Mutex::default(), freed: Condvar::new() }
    }

    /// Whether this is the password that was kept. Of somebody who has none, or is not there (`None`), it takes as long to say
    /// no. It waits: not for a thread that serves anybody.
    ///
    /// # Errors
    /// [`Busy`]: [`WAITING`] wait already.
    pub fn check(&self, password: &str, kept: Option<&str>) -> Result<bool, Busy> {
        if password.len() > MAX_PASSWORD {
            return Ok(false);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.running >= self.at_once {
            if state.waiting >= WAITING {
                return Err(Busy);
            }
            state.waiting += 1;
            state = self.freed.wait_while(state, |s| s.running >= self.at_once).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.running += 1;
        drop(state);
        let _running = Running(self);
        Ok(match kept {
            Some(kept) => is_right(password, kept),
            None => {
                derived(password, &[0; SALT], MEMORY_KIB, PASSES);
                false
            }
        })
    }
}

/// One check under way.
struct Running<'a>(&'a Checks);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).running -= 1;
        self.0.freed.notify_one();
    }
}

/// How hard a password may be to type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Three short words: up to year 2. 24 bits: enough where guessing is slowed.
    Youngest,
    /// Three words and two digits: years 3 to 6.
    Young,
    /// Four words and two digits.
    Grown,
}

impl Kind {
    /// For someone of this year; `None`: no pupil of one.
    pub fn of_year(year: Option<u8>) -> Self {
        match year {
            Some(0..=2) => Self::Youngest,
            Some(3..=6) => Self::Young,
            _ => Self::Grown,
        }
    }
}

/// A new password.
///
/// # Errors
/// [`NoPassword`].
pub fn made(kind: Kind) -> Result<String, NoPassword> {
    let random = SystemRandom::new();
    let mut bytes = [0; 6];
    random.fill(&mut bytes).map_err(|_| NoPassword)?;
    let count = if kind == Kind::Grown { 4 } else { 3 };
    let words: Vec<_> = bytes.iter().take(count).map(|b| words::SHORT[usize::from(*b)]).collect();
    let number = || u16::from_le_bytes([bytes[4], bytes[5]]) % 100;
    Ok(match kind {
        Kind::Youngest => words.join(" "),
        Kind::Young | Kind::Grown => format!("{} {:02}", words.join(" "), number()),
    })
}

/// Letters and digits that nobody takes for another.
const PLAIN: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// What is printed on a voucher after its number: `K7WM-9XTB-Q4`, 50 bits.
///
/// # Errors
/// [`NoPassword`].
pub fn voucher() -> Result<String, NoPassword> {
    let mut bytes = [0; 10];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoPassword)?;
    let letters: Vec<u8> = bytes.iter().map(|b| PLAIN[usize::from(b % 32)]).collect();
    let groups: Vec<_> = letters.chunks(4).map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect();
    Ok(groups.join("-"))
}

/// A password as it was meant: capitals, and spaces, hyphens and points between words, do not count.
pub fn folded(typed: &str) -> String {
    typed.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).flat_map(char::to_lowercase).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || text.len() > 256 || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests;
