//! What is written for the DSL alone: sealed to a public key that the gate has, opened by a passphrase that it has not.
//!
//! Comes in: what was typed, and the public key of `DATA/seal/keys.json`. Goes out: bytes that say nothing without one of its
//! readers' passphrases, or the recovery sheet. Always holds: a private key is on the disk only sealed; a byte that was changed is a
//! fault and never another text; what was sealed for one event does not open at another's person or host.
//!
//! ```text
//! passphrase ─ Argon2id ─▶ reader's key ─┐
//! recovery sheet ────────▶ sheet's key ──┴─ opens ─▶ the school's private key ─ opens ─▶ a day's data key ─ opens ─▶ path, search
//! ```
//!
//! - [`keys`]      [`Keys`]: the school's pair, its readers and its recovery sheet; [`Opener`]: what a passphrase opens
//! - [`data`]      the key of a day, and the detail of one event under it
//! - [`recovery`]  the code of the sheet in the safe
//! - [`hpke`]      bytes sealed to a public key (RFC 9180)

#![allow(rustdoc::private_intra_doc_links, reason = "the table of contents names rooms that are nobody else's business")]

mod data;
mod hpke;
mod keys;
mod recovery;

pub use data::{DataKey, Detail, HeldKey, MAX_SEALED, Sealed};
pub use keys::{Keys, MAX_READERS, Opener, SHORTEST_PASSPHRASE};
pub use recovery::{BadCode, RecoveryCode};

use std::path::{Path, PathBuf};

/// What keeps something from being sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealFault {
    #[error("the system gives no random numbers, or too little memory for a passphrase")]
    Machine,
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path} is not what Schoolgate wrote ({why}): take it from a backup")]
    File { path: PathBuf, why: String },
    #[error("{path} was written by a newer Schoolgate (version {found}): use that version")]
    Newer { path: PathBuf, found: u32 },
    #[error("the name or the passphrase is not right")]
    Wrong,
    #[error("this is not the recovery sheet of these keys: it may be of an older one")]
    WrongSheet,
    #[error("there is no reader '{0}'")]
    NoReader(String),
    #[error("'{0}' is the only reader: add another first, or nobody but the recovery sheet opens anything")]
    LastReader(String),
    #[error("there is a reader '{0}' already")]
    Taken(String),
    #[error("a reader's name has 1 to 64 characters, and none that cannot be seen")]
    BadName,
    #[error("there are {MAX_READERS} readers already")]
    Full,
    #[error("a passphrase has at least {SHORTEST_PASSPHRASE} characters: four words that do not belong together are a good one")]
    Short,
    #[error("what is sealed here has been changed, or is of somebody else: it is not shown")]
    Changed,
}

/// Where the keys are.
pub fn file(data: &Path) -> PathBuf {
    data.join("seal").join("keys.json")
}

fn random<const N: usize>() -> Result<[u8; N], SealFault> {
    use ring::rand::{SecureRandom, SystemRandom};
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealFault::Machine)?;
    Ok(bytes)
}
