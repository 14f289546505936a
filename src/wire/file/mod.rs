//! What a file is, by its first bytes and its name: never by what a server says of its type.
//!
//! Comes in: the name it would be saved under, and its bytes as they come. Goes out: what a profile may refuse it as.
//! Always holds: no more than [`HEAD`] bytes are kept; what is no sign of any kind is known at the first bytes, so a stream of
//! events is not held up; no bytes make it panic.
//!
//! - [`name`]    what it would be saved as
//! - [`magic`]   what its first bytes say
//! - [`archive`] whether an archive has a password, or is a program

mod archive;
mod magic;
mod name;

pub use name::Name;

use crate::words::download::Download;
use magic::Said;

/// Most bytes of the beginning that are kept until it is known. Names in a zip's first headers are within a few hundred.
pub const HEAD: usize = 4096;

/// How a file would come to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// It is kept as a file.
    Saved,
    /// A browser shows it, or a page uses it.
    Shown,
}

/// One file on its way.
#[derive(Debug)]
pub struct Look {
    name: Name,
    comes: Comes,
    state: State,
    /// Bytes so far.
    at: u64,
}

#[derive(Debug)]
enum State {
    /// Not known yet: the bytes so far.
    Head(Vec<u8>),
    /// It is a kind if these bytes stand there.
    Later {
        sign: Sign,
        met: Vec<u8>,
    },
    Done,
}

/// Bytes further on that say what a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sign {
    /// From the start of the file.
    at: u64,
    bytes: &'static [u8],
    kind: Download,
}

/// ISO 9660 (ECMA-119 §8.1): the identifier of the first volume descriptor, in the seventeenth sector.
const ISO: Sign = Sign { at: 16 * 2048 + 1, bytes: b"CD001", kind: Download::DiskImage };

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Its next bytes may tell.
    More,
    Is(Download),
    /// Nothing that is refused, as far as the beginning says. A sign may still come: see [`Look::is_done`].
    Fine,
}

impl Look {
    pub fn new(name: Name, comes: Comes) -> Self {
        Self { name, comes, state: State::Head(Vec::new()), at: 0 }
    }

    /// Whether no more bytes are wanted.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Found {
        let from = self.at;
        self.at = self.at.saturating_add(bytes.len() as u64);
        match &mut self.state {
            State::Done => Found::Fine,
            State::Later { .. } => self.look_for(from, bytes),
            State::Head(head) => {
                let (kept, beyond) = bytes.split_at(bytes.len().min(HEAD - head.len()));
                head.extend_from_slice(kept);
                let full = head.len() == HEAD;
                match self.judge(full) {
                    Found::Fine => self.look_for(from.saturating_add(kept.len() as u64), beyond),
                    found => found,
                }
            }
        }
    }

    /// There are no more bytes.
    pub fn end(&mut self) -> Option<Download> {
        let found = self.judge(true);
        self.state = State::Done;
        if let Found::Is(kind) = found { Some(kind) } else { None }
    }

    /// Judges the head. `last`: there is no more of it.
    fn judge(&mut self, last: bool) -> Found {
        let State::Head(head) = &self.state else { return Found::Fine };
        let (next, found) = match magic::said(head, last, &self.name, self.comes) {
            Said::More if !last => return Found::More,
            Said::Is(kind) => (State::Done, Found::Is(kind)),
            Said::Text => (State::Done, Found::Fine),
            Said::Later(sign) => (State::later(sign, head), Found::Fine),
            Said::More | Said::Fine => (State::later(ISO, head), Found::Fine),
        };
        self.state = next;
        found
    }

    /// Looks for a sign in bytes that begin at `from`, right after those before.
    fn look_for(&mut self, from: u64, bytes: &[u8]) -> Found {
        let State::Later { sign, met } = &mut self.state else { return Found::Fine };
        let next = sign.at.saturating_add(met.len() as u64);
        let Some(bytes) = usize::try_from(next.saturating_sub(from)).ok().and_then(|skip| bytes.get(skip..)) else {
            return Found::Fine;
        };
        met.extend_from_slice(&bytes[..bytes.len().min(sign.bytes.len() - met.len())]);
        let (kind, whole, so_far) = (sign.kind, met.len() == sign.bytes.len(), sign.bytes.starts_with(met));
        if whole || !so_far {
            self.state = State::Done;
        }
        if whole && so_far { Found::Is(kind) } else { Found::Fine }
    }
}

impl State {
    /// A sign further on, of which the beginning may have come.
    fn later(sign: Sign, head: &[u8]) -> Self {
        let met = usize::try_from(sign.at).ok().and_then(|at| head.get(at..)).unwrap_or_default();
        Self::Later { sign, met: met[..met.len().min(sign.bytes.len())].to_vec() }
    }
}

#[cfg(test)]
mod tests;
