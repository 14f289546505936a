//! Which gate runs by a configuration, and where its data is: written by the gate when it starts, read by commands while what
//! is on disk of the configuration cannot be read. Without it they would not know whom to ask, or ask another school's gate.

use super::files;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where an installed gate writes it as well: the folder that systemd makes for it.
const RUN: &str = "/run/schoolgate";

/// Longest file that is read: two paths.
const MAX_BYTES: u64 = 64 << 10;

#[derive(Debug, Serialize, Deserialize)]
struct OwnGate {
    /// The main file, from the root.
    config: PathBuf,
    data: PathBuf,
}

/// Writes it into the gate's data folder, and into the one systemd made for it.
///
/// # Errors
/// As the file system says.
pub fn note(main: &Path, data: &Path) -> io::Result<()> {
    let noted = serde_json::to_vec(&OwnGate { config: from_root(main), data: std::path::absolute(data)? })?;
    files::replace(&file(data), &noted)?;
    match std::env::var_os("RUNTIME_DIRECTORY") {
        Some(run) => files::replace(&file(Path::new(&run)), &noted),
        None => Ok(()),
    }
}

/// The data folder of the gate that was last started by this main file. `likely` is where it would be by what can be read.
pub fn data_of(main: &Path, likely: &Path) -> Option<PathBuf> {
    let main = from_root(main);
    [likely, Path::new(RUN)]
        .into_iter()
        .find_map(|folder| read(&file(folder)).filter(|noted| noted.config == main))
        .map(|n| n.data)
}

fn read(path: &Path) -> Option<OwnGate> {
    if fs::metadata(path).ok()?.len() > MAX_BYTES {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("gate.json")
}

/// One spelling of a path, whether its file is there or not.
fn from_root(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (whole.parent().and_then(|folder| folder.canonicalize().ok()), whole.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_found_by_its_own_configuration_only() {
        let dir = tempfile::tempdir().expect("a folder");
        let (main, data) = (dir.path().join("schoolgate.toml"), dir.path().join("var"));
        note(&main, &data).expect("written");
        assert_eq!(data_of(&dir.path().join("./schoolgate.toml"), &data), Some(data.clone()));
        assert_eq!(data_of(&dir.path().join("other.toml"), &data), None);
        assert_eq!(data_of(&main, dir.path()), None);
    }
}
