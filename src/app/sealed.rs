//! The keys of what is sealed: kept, and used, which is recorded.
//!
//! Whoever opens what was typed is written down with their purpose before anything is shown, and so is a wrong passphrase. Wrong ones
//! are counted for all readers together: who tries names and passphrases is soon told to wait. That slows down who uses this
//! command; who has a copy of the file is slowed down by what a try costs ([`crate::seal`]).

use crate::casebook::incidents::OF_KEYS;
use crate::casebook::{self, CasebookFault, Entry, Kind};
use crate::config::Config;
use crate::journal::Kept;
use crate::ops::{files, look_ups};
use crate::seal::{self, Keys, Opener, SealFault};
use std::io;
use std::path::Path;
use std::slice;
use std::time::Duration;

/// How long a wrong passphrase counts, in milliseconds.
const REMEMBERED_MS: i64 = 15 * 60 * 1000;
/// So many wrong ones within that, and nobody is let in until one is forgotten.
const MOST_WRONG: usize = 10;
/// What a wrong passphrase is recorded as.
const WRONG: &str = "a wrong passphrase for what is sealed";

/// Why nothing was opened.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    #[error("{0}")]
    Seal(#[from] SealFault),
    /// To be told after this time.
    #[error("the name or the passphrase is not right; it was recorded")]
    Wrong(Duration),
    #[error("there were {MOST_WRONG} wrong passphrases within a quarter of an hour: wait until {0}, or use the recovery sheet")]
    Wait(String),
    #[error(transparent)]
    Record(#[from] CasebookFault),
    #[error("the recovery sheet cannot be written: {0}")]
    Sheet(io::Error),
    #[error("nothing is sealed here: `schoolgate seal init` makes the keys")]
    NoKeys,
    #[error("there are keys already: `schoolgate seal status`")]
    There,
}

/// Who opens, what for.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub name: &'a str,
    pub passphrase: &'a str,
    /// Who asks: an account of this machine, or of the desk.
    pub by: &'a str,
    /// What is to be shown: `log search of p0904`.
    pub what: &'a str,
    pub purpose: &'a str,
    pub now_ms: i64,
}

/// The school's keys.
///
/// # Errors
/// [`NotOpened::NoKeys`], or they cannot be read.
pub fn keys(data: &Path) -> Result<Keys, NotOpened> {
    Keys::read(data)?.ok_or(NotOpened::NoKeys)
}

/// Opens the private keys for a reader, who is recorded with their purpose. It takes some tenths of a second.
///
/// # Errors
/// [`NotOpened`]; a wrong passphrase is recorded too.
pub fn open(config: &Config, reader: Reader) -> Result<Opener, NotOpened> {
    let (data, now_ms) = (&config.data, reader.now_ms);
    let recent = look_ups::between(data, now_ms - REMEMBERED_MS, i64::MAX)?;
    let wrong: Vec<_> = recent.iter().filter(|l| l.what.starts_with(WRONG)).map(|l| l.when_ms).collect();
    if let Some(first) = wrong.len().checked_sub(MOST_WRONG).and_then(|nth| wrong.get(nth)) {
        return Err(NotOpened::Wait(crate::gate::snapshot::local_time(config, first + REMEMBERED_MS)));
    }
    let keys = keys(data)?;
    let name: String = reader.name.trim().chars().filter(|c| !c.is_control()).take(64).collect();
    match keys.open(reader.name, reader.passphrase) {
        Ok(opener) => {
            // Their name stands with who looked, and not with what: the record is told to whom it is about, without names.
            let who = format!("{name} ({})", reader.by);
            look_ups::record_opening(data, &who, &format!("what was typed: {}", reader.what), reader.purpose, now_ms)?;
            Ok(opener)
        }
        Err(SealFault::Wrong) => {
            look_ups::record_of(data, reader.by, &format!("{WRONG}, as {name}"), reader.purpose, now_ms)?;
            Err(NotOpened::Wrong(Duration::from_secs(1 << wrong.len().min(5))))
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Makes a change to the keys, alone, and writes it down with what it was, such as `new keys`: in the place of the file, or not at all.
///
/// # Errors
/// What `change` says, or the disk.
pub fn change<T>(
    config: &Config,
    (who, what, now_ms): (&str, &str, i64),
    change: impl FnOnce(Option<Keys>) -> Result<(Keys, T), NotOpened>,
) -> Result<T, NotOpened> {
    let path = seal::file(&config.data);
    let at = |source| SealFault::Io { path: path.clone(), source };
    let _alone = files::alone(&path).map_err(at)?;
    let (keys, done) = change(Keys::read(&config.data)?)?;
    let made = Entry::new(Kind::Change, who, format!("{OF_KEYS}{what}")).why(&format!("keys {}", keys.fingerprint()));
    let begun = casebook::begin(&config.data, now_ms, slice::from_ref(&made))?;
    files::replace_private(&path, &keys.text()).map_err(at)?;
    begun.done(vec![made])?;
    Ok(done)
}

/// Whether the journal has data keys, of whatever keys of the school's.
pub fn were_keys(config: &Config) -> bool {
    std::fs::read_dir(super::journal_dir(config).join("keys")).is_ok_and(|mut files| files.next().is_some())
}

/// What is to be done about what is kept of what was typed; `None`: it is sealed.
pub fn needs_you(kept: Kept) -> Option<&'static str> {
    match kept {
        Kept::Sealed => None,
        Kept::Clear => Some(
            "what pupils type is not sealed: whoever may read the disk or a backup reads it; `schoolgate seal init` makes the keys",
        ),
        Kept::Withheld => Some(
            "what pupils type is not kept at all: the keys it is to be sealed with are gone or broken; put seal/keys.json back \
             from a backup",
        ),
    }
}

#[cfg(test)]
mod tests;
