//! A school's backup: one sealed file a night, and the way back.
//!
//! Comes in: a configuration, the folder to write to, a passphrase. Goes out: a file that was read again to its end before it took
//! its name; the older ones, but for the newest so many, are deleted only then.
//! Always holds: a failure leaves the last good one; a file is brought back whole or not at all; nothing in it can be read without its
//! passphrase; the gate goes on meanwhile.
//!
//! - [`taken`]    what is taken: the one list
//! - [`sealed`]   the encrypted stream
//! - [`pack`]     files in, files out
//! - [`restore`]  on a bare machine

pub mod pack;
pub mod restore;
pub mod sealed;
pub mod taken;

use super::files;
use crate::config::Config;
use crate::journal::week::timestamp;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};

/// The last entry of a backup.
const MANIFEST: &str = "manifest.json";

/// How a backup's name ends.
const ENDING: &str = ".sgbackup";

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub made_ms: i64,
    pub school: String,
    pub gateway: String,
    /// The version of Schoolgate that made it.
    pub version: String,
    /// Where the data was.
    pub data: PathBuf,
    /// Where the configuration was.
    pub config: PathBuf,
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
    pub is_database: bool,
}

/// A backup that was made and read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Good {
    pub when_ms: i64,
    pub file: PathBuf,
    pub bytes: u64,
    pub sha256: String,
    pub files: usize,
}

/// What is known of the backups of a gate: `DATA/backup.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub good: Option<Good>,
    /// Of the last try, if it was after that.
    pub failed: Option<Failed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    pub when_ms: i64,
    pub why: String,
}

/// Why there is no backup, or nothing was brought back.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the passphrase in {path} cannot be read: {source}")]
    Passphrase { path: PathBuf, source: io::Error },
    #[error("a passphrase has {} to {} characters: four words or more", sealed::MIN_PASSPHRASE, sealed::MAX_PASSPHRASE)]
    Short,
    #[error("{0}")]
    Found(io::Error),
    #[error("{path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("the database {path} cannot be copied: {source}")]
    Database { path: PathBuf, source: rusqlite::Error },
    #[error("the backup cannot be written: {0}")]
    Written(io::Error),
    #[error("{path}: {source}")]
    Place { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Sealed(io::Error),
    #[error("it is not whole: {0}")]
    Manifest(String),
    #[error("{0} is not empty: a backup is brought back to a folder with nothing in it")]
    NotEmpty(PathBuf),
}

/// The passphrase in the first line of a file.
///
/// # Errors
/// It cannot be read, or is too short to hold.
pub fn passphrase(path: &Path) -> Result<String, Fault> {
    let mut text = String::new();
    let read = files::open_regular(path).and_then(|file| file.take(4096).read_to_string(&mut text));
    read.map_err(|source| Fault::Passphrase { path: path.to_owned(), source })?;
    long_enough(text.lines().next().unwrap_or_default())
}

/// # Errors
/// [`Fault::Short`].
pub fn long_enough(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    let fits = (sealed::MIN_PASSPHRASE..=sealed::MAX_PASSPHRASE).contains(&text.chars().count());
    if fits { Ok(text.to_owned()) } else { Err(Fault::Short) }
}

/// Where a backup goes, and how many stay.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub to: &'a Path,
    pub passphrase: &'a str,
    pub keep: usize,
}

/// Makes a backup: written beside, read again, renamed; then the oldest ones go. Good or not, it is written down.
///
/// # Errors
/// [`Fault`]: the last good one is as it was.
pub fn make(config: &Config, main: &Path, place: Place, now_ms: i64, progress: &mut dyn FnMut(u64)) -> Result<Good, Fault> {
    let outcome = made(config, main, place, now_ms, progress);
    match &outcome {
        Ok(good) => keep(&config.data, &State { good: Some(good.clone()), failed: None }),
        Err(fault) => failed(&config.data, fault, now_ms),
    }
    outcome
}

/// Writes down that a try came to nothing.
pub fn failed(data: &Path, fault: &Fault, now_ms: i64) {
    keep(data, &State { failed: Some(Failed { when_ms: now_ms, why: fault.to_string() }), ..state(data) });
}

fn keep(data: &Path, state: &State) {
    let kept = serde_json::to_vec(state).map_err(io::Error::from).and_then(|text| files::replace(&state_file(data), &text));
    if let Err(fault) = kept {
        tracing::error!(%fault, "how the backup went cannot be written down");
    }
}

fn made(config: &Config, main: &Path, place: Place, now_ms: i64, progress: &mut dyn FnMut(u64)) -> Result<Good, Fault> {
    let Place { to, passphrase, keep } = place;
    let written = Fault::Written;
    files::make_folder(to).map_err(written)?;
    let main = fs::canonicalize(main).unwrap_or_else(|_| main.to_owned());
    let to = fs::canonicalize(to).map_err(written)?;
    let config = &Config { data: fs::canonicalize(&config.data).map_err(Fault::Found)?, ..config.clone() };
    let path = to.join(name(config, now_ms));
    let beside = PathBuf::from(format!("{}.new", path.display()));
    let work = config.data.join("backup.work");
    let outcome = (|| {
        let files = taken::taken(config, &main, &to).map_err(Fault::Found)?;
        let _ = fs::remove_dir_all(&work);
        files::make_folder(&work).map_err(written)?;
        let manifest = Manifest {
            made_ms: now_ms,
            school: config.school.name.clone(),
            gateway: config.school.gateway.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            data: config.data.clone(),
            config: main.clone(),
            parts: Vec::new(),
        };
        let file = BufWriter::new(files::private(&beside).map_err(written)?);
        let (file, manifest) = pack::write(file, passphrase, (manifest, &files), &work, progress)?;
        let file = file.into_inner().map_err(|fault| written(fault.into_error()))?;
        files::belongs_to_folder(&file, &to).map_err(written)?;
        file.sync_all().map_err(written)?;
        // It is good when it was read, not when it was written.
        let again = File::open(&beside).map_err(written)?;
        let read = pack::read(BufReader::new(again), passphrase, &mut |_, _, _| Ok(()))?;
        if read != manifest {
            return Err(Fault::Manifest("what was read is not what was written".into()));
        }
        let (bytes, sha256) = summed(&beside).map_err(written)?;
        fs::rename(&beside, &path).map_err(written)?;
        File::open(&to).and_then(|folder| folder.sync_all()).map_err(written)?;
        Ok(Good { when_ms: now_ms, file: path.clone(), bytes, sha256, files: manifest.parts.len() })
    })();
    let _ = fs::remove_dir_all(&work);
    match &outcome {
        Ok(_) => prune(config, &to, keep),
        Err(_) => drop(fs::remove_file(&beside)),
    }
    outcome
}

fn summed(path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut sum, mut bytes, mut buffer) = (File::open(path)?, Context::new(&SHA256), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                sum.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    Ok((bytes, sum.finish().as_ref().iter().map(|b| format!("{b:02x}")).collect()))
}

/// `schoolgate-GATEWAY-2026-11-22.sgbackup`: one a day, in the order of their names.
fn name(config: &Config, now_ms: i64) -> String {
    let day = timestamp(now_ms).to_zoned(config.school.zone.clone()).date();
    format!("{}{day}{ENDING}", prefix(config))
}

fn prefix(config: &Config) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    format!("schoolgate-{}-", config.school.gateway.chars().map(plain).collect::<String>())
}

/// Deletes all but the newest so many of this gateway.
fn prune(config: &Config, folder: &Path, keep: usize) {
    let prefix = prefix(config);
    let ours = |name: &str| {
        let day = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(ENDING));
        day.is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok())
    };
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut names: Vec<String> = entries.flatten().filter_map(|e| e.file_name().into_string().ok()).filter(|n| ours(n)).collect();
    names.sort_unstable_by(|a, b| b.cmp(a));
    for old in names.iter().skip(keep.max(1)) {
        if let Err(fault) = fs::remove_file(folder.join(old)) {
            tracing::warn!(%fault, file = old, "an old backup cannot be deleted");
        }
    }
}

fn state_file(data: &Path) -> PathBuf {
    data.join("backup.json")
}

/// What is known of the backups of this data.
pub fn state(data: &Path) -> State {
    fs::read(state_file(data)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}
