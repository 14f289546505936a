//! Who guesses at passwords is slowed: by name and address together, by name alone, and by address alone.
//!
//! | what fails | goes free | then waits, twice as long each time | at most |
//! |---|---|---|---|
//! | a name, from one address | [`Kind::Pair`] 5 | from 2 s | 15 minutes |
//! | a name, from anywhere | [`Kind::Name`] 20 | from 1 s | 1 minute |
//! | an address, any names | [`Kind::Address`] 40 | from 1 s | 5 minutes |
//!
//! Nobody can lock somebody else out for longer than a minute, nor a class behind one address for longer than five. What was
//! wrong is forgotten an hour after the last time, and of a name and address as soon as the password was right. Times are the
//! machine's own, which nobody sets. Names are held as keyed hashes, so that what was typed into the wrong field is nowhere.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Names, addresses and pairs that are remembered at once; of more the one that failed longest ago is forgotten.
pub const MOST: usize = 8192;

/// After so long without another failure it is forgotten.
const FORGOTTEN_MS: u64 = 60 * 60 * 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Pair,
    Name,
    Address,
}

impl Kind {
    /// How many failures go free, the first wait and the longest, both in milliseconds.
    fn limits(self) -> (u32, u64, u64) {
        match self {
            Self::Pair => (5, 2_000, 15 * 60_000),
            Self::Name => (20, 1_000, 60_000),
            Self::Address => (40, 1_000, 5 * 60_000),
        }
    }
}

type Key = (Kind, u64);

#[derive(Debug, Clone, Copy)]
struct Failed {
    times: u32,
    last_ms: u64,
}

impl Failed {
    /// When the next may be tried.
    fn next_ms(self, kind: Kind) -> u64 {
        let (free, first, longest) = kind.limits();
        let Some(over) = self.times.checked_sub(free) else { return 0 };
        let wait = first.checked_shl(over.min(32)).unwrap_or(longest).min(longest);
        self.last_ms.saturating_add(wait)
    }

    fn is_forgotten(self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.last_ms) > FORGOTTEN_MS
    }
}

/// Who has guessed wrong of late. One for every door that takes passwords.
#[derive(Debug, Default)]
pub struct Attempts {
    failed: Mutex<HashMap<Key, Failed>>,
    hasher: RandomState,
}

/// It is too soon to try again: after so many seconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many wrong passwords: wait {seconds} seconds")]
pub struct Wait {
    pub seconds: u64,
}

/// One that is being tried. It counts as wrong unless it is said to be otherwise, so that many at once are not free.
#[derive(Debug)]
#[must_use = "what is dropped counts as wrong"]
pub struct Attempt<'a> {
    attempts: &'a Attempts,
    keys: [Key; 3],
}

impl Attempts {
    /// Begins one, by a name as it was typed, from an address; `now_ms` is since the machine started.
    ///
    /// # Errors
    /// [`Wait`]: nothing is to be checked, nor said of the password.
    pub fn begin(&self, name: &str, client: IpAddr, now_ms: u64) -> Result<Attempt<'_>, Wait> {
        let keys = self.keys(name, client);
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let next = |(kind, _): &Key, failed: &Failed| if failed.is_forgotten(now_ms) { 0 } else { failed.next_ms(*kind) };
        let next_ms = keys.iter().filter_map(|key| failed.get(key).map(|f| next(key, f))).max().unwrap_or(0);
        if next_ms > now_ms {
            return Err(Wait { seconds: (next_ms - now_ms).div_ceil(1000) });
        }
        for key in keys {
            if failed.len() >= MOST && !failed.contains_key(&key) {
                make_room(&mut failed, now_ms);
            }
            let entry = failed.entry(key).or_insert(Failed { times: 0, last_ms: now_ms });
            let times = if entry.is_forgotten(now_ms) { 0 } else { entry.times };
            *entry = Failed { times: times.saturating_add(1), last_ms: now_ms };
        }
        drop(failed);
        Ok(Attempt { attempts: self, keys })
    }

    fn keys(&self, name: &str, client: IpAddr) -> [Key; 3] {
        let name = name.trim().to_lowercase();
        // Whoever has one IPv6 address has all of its /64.
        let client = match client.to_canonical() {
            IpAddr::V4(v4) => u128::from(v4.to_bits()),
            IpAddr::V6(v6) => v6.to_bits() >> 64 << 64 | 1 << 63,
        };
        let hash = |kind| match kind {
            Kind::Pair => self.hasher.hash_one((&name, client)),
            Kind::Name => self.hasher.hash_one(&name),
            Kind::Address => self.hasher.hash_one(client),
        };
        [Kind::Pair, Kind::Name, Kind::Address].map(|kind| (kind, hash(kind)))
    }
}

/// Forgets what may be, or an eighth of all: those that failed longest ago.
fn make_room(failed: &mut HashMap<Key, Failed>, now_ms: u64) {
    failed.retain(|_, f| !f.is_forgotten(now_ms));
    if failed.len() < MOST {
        return;
    }
    let mut times: Vec<_> = failed.values().map(|f| f.last_ms).collect();
    let (_, &mut oldest, _) = times.select_nth_unstable(MOST / 8);
    let mut left = MOST / 8;
    failed.retain(|_, f| {
        let goes = left > 0 && f.last_ms <= oldest;
        left -= usize::from(goes);
        !goes
    });
}

impl Attempt<'_> {
    /// The password was right: name and address begin anew; of the address alone this one is taken back.
    pub fn right(self) {
        let mut failed = self.attempts.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let [pair, name, address] = self.keys;
        failed.remove(&pair);
        take_back(&mut failed, name);
        take_back(&mut failed, address);
    }

    /// Nothing was checked: it is as if it had not been tried.
    pub fn not_made(self) {
        let mut failed = self.attempts.failed.lock().unwrap_or_else(PoisonError::into_inner);
        self.keys.into_iter().for_each(|key| take_back(&mut failed, key));
    }
}

fn take_back(failed: &mut HashMap<Key, Failed>, key: Key) {
    if let Some(entry) = failed.get_mut(&key) {
        entry.times -= u32::from(entry.times > 0);
        if entry.times == 0 {
            failed.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests;
