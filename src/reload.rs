//! From files to a configuration: which files there are, and what they hold.
//!
//! Comes in: the path given with `--config`, or none. Goes out: a [`Config`], or every reason why there is none.
//! Always holds: nothing is changed here; a file is read whole or not at all, and never more than [`MAX_TEXT`] of it.
//!
//! Where paths begin: `[data] dir` in the folder the process is started in; the files of lists and `[lists] shipped` in the
//! folder of the main file.

use crate::config::{self, Around, Config, Faults, Files, MAX_ENTRIES, MAX_TEXT, Text};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the main file is looked for if nobody names one.
const MAINS: [&str; 2] = ["config/schoolgate.toml", "/etc/schoolgate/schoolgate.toml"];

/// What the package installs and an upgrade replaces.
const SHARED: &str = "/usr/share/schoolgate";

/// Beside the main file, else as it ships: as installed, else as it was when this was built.
const BESIDE: [(&str, &str); 4] = [
    ("profiles.toml", include_str!("../config/profiles.toml")),
    ("categories.toml", include_str!("../config/categories.toml")),
    ("term-dates.toml", include_str!("../config/term-dates.toml")),
    ("matters.toml", include_str!("../config/matters.toml")),
];

/// The catalogue of public lists, if the folder of the lists that ship has none.
const SOURCES: (&str, &str) = ("sources.toml", include_str!("../blocklists/sources.toml"));

/// More files than any support firm's share is cut into.
const MAX_PARTS: usize = 256;

/// 2026-01-01: no clock that is set says less, for then this was not written yet.
const NOT_SET_BEFORE_MS: i64 = 1_767_225_600_000;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    #[error("there is no configuration: neither {} nor {} is there; name the file with `--config FILE`", MAINS[0], MAINS[1])]
    None,
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Unread(Vec<FileFault>),
    #[error("{0}")]
    Wrong(#[from] Faults),
}

impl ReadFault {
    /// All of it for a person; `colour` is for terminals.
    pub fn render(&self, colour: bool) -> String {
        match self {
            Self::Wrong(faults) => faults.render(colour),
            Self::None | Self::Unread(_) => {
                self.to_string().lines().map(|l| format!("error: {l}\n")).collect::<String>().trim_end().to_owned()
            }
        }
    }

    /// The first of it with its place, on one line.
    pub fn in_a_line(&self) -> String {
        match self {
            Self::Wrong(faults) => faults.in_a_line(),
            Self::Unread(faults) => faults.first().map_or_else(String::new, ToString::to_string),
            Self::None => self.to_string(),
        }
    }
}

/// Why one file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is larger than {} KiB: that is no configuration", path.display(), most / 1024)]
    TooLarge { path: PathBuf, most: usize },
    #[error("{}:{line}:{column}: this is not UTF-8; save the file as UTF-8", path.display())]
    NotUtf8 { path: PathBuf, line: usize, column: usize },
    #[error("{} holds more than {MAX_PARTS} files ending in .toml", path.display())]
    TooManyParts { path: PathBuf },
}

/// Reads the configuration that is in force here: the file named, else `./config/schoolgate.toml`, else
/// `/etc/schoolgate/schoolgate.toml`, with what stands beside it and what the commands have written.
///
/// # Errors
/// [`ReadFault`]: every file that cannot be read, or every fault in what they hold.
pub fn read_config(path: Option<&Path>) -> Result<Config, ReadFault> {
    Ok(config::read(&read_files(path, system_ms())?)?)
}

/// [`read_config`] as far as it goes, with what is wrong beside it: for a command that a running gate answers, which needs little
/// of the configuration, and may not fail because somebody is about to write it.
///
/// # Errors
/// [`ReadFault::None`]: there is none at all.
pub fn read_as_far(path: Option<&Path>) -> Result<(Config, Option<ReadFault>), ReadFault> {
    let (files, unread) = gather(path, system_ms())?;
    let (config, wrong) = config::read_as_far(&files);
    let fault = if unread.is_empty() { wrong.map(ReadFault::Wrong) } else { Some(ReadFault::Unread(unread)) };
    Ok((config, fault))
}

/// Reads the files of a configuration without understanding them: for a command that wants to know whether a change of
/// one of them would be right before it writes it. `now_ms` is the time that entries with an end are held against.
///
/// # Errors
/// [`ReadFault`]: every file that cannot be read.
pub fn read_files(path: Option<&Path>, now_ms: i64) -> Result<Files, ReadFault> {
    match gather(path, now_ms)? {
        (files, faults) if faults.is_empty() => Ok(files),
        (_, faults) => Err(ReadFault::Unread(faults)),
    }
}

/// [`read_config`] with one file in the place of another, to see what it would do: `profiles.toml`, `categories.toml`,
/// `term-dates.toml` or `matters.toml` by its name, else the main file. A folder is a configuration of its own.
///
/// # Errors
/// As [`read_config`].
pub fn read_changed(path: Option<&Path>, changed: &Path) -> Result<Config, ReadFault> {
    if changed.is_dir() {
        return read_config(Some(&changed.join("schoolgate.toml")));
    }
    let mut files = read_files(path, system_ms())?;
    let text = read_text(changed, Missing::IsAFault).map_err(|fault| ReadFault::Unread(vec![fault]))?;
    let name = changed.file_name().unwrap_or_default().to_string_lossy();
    let place = match &*name {
        "profiles.toml" => &mut files.profiles,
        "categories.toml" => &mut files.categories,
        "term-dates.toml" => &mut files.term_dates,
        "matters.toml" => &mut files.matters,
        _ => &mut files.main,
    };
    place.clone_from(&text.unwrap_or_else(|| Text { path: changed.to_owned(), text: String::new() }));
    Ok(config::read(&files)?)
}

/// The texts of a configuration, those that cannot be read as if they were empty, and why.
fn gather(path: Option<&Path>, now_ms: i64) -> Result<(Files, Vec<FileFault>), ReadFault> {
    let main = main_file(path)?;
    let folder = main.parent().unwrap_or(Path::new("")).to_owned();
    let mut faults = Vec::new();
    let mut keep = |read: Result<Option<Text>, FileFault>| match read {
        Ok(text) => text,
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    let main = keep(read_text(&main, Missing::IsAFault)).unwrap_or_else(|| Text { path: main, text: String::new() });
    let parts = match parts_of(&folder) {
        Ok(paths) => paths.iter().filter_map(|path| keep(read_text(path, Missing::IsAFault))).collect(),
        Err(fault) => {
            keep(Err(fault));
            Vec::new()
        }
    };
    let [profiles, categories, term_dates, matters] = BESIDE.map(|(name, shipped)| {
        let beside = [folder.join(name), Path::new(SHARED).join("config").join(name)];
        let found = beside.iter().find_map(|path| keep(read_text(path, Missing::IsNone)));
        found.unwrap_or_else(|| Text { path: Path::new("(as it ships)").join(name), text: shipped.to_owned() })
    });
    let shipped = shipped_lists(&folder);
    let (name, built_in) = SOURCES;
    let sources = keep(read_text(&config::shipped_folder(&main, &parts, &shipped).join(name), Missing::IsNone));
    let sources = sources.unwrap_or_else(|| Text { path: Path::new("(as it ships)").join(name), text: built_in.to_owned() });
    let entries = keep(read_entries(&config::data_folder(&main, &parts)));
    let now_ms = (now_ms >= NOT_SET_BEFORE_MS).then_some(now_ms);
    let around = Around { host_name: host_name(), shipped, now_ms };
    Ok((Files { main, parts, profiles, categories, term_dates, matters, sources, entries, around }, faults))
}

/// Where the commands keep the school's own entries.
pub fn entries_file(data: &Path) -> PathBuf {
    data.join("entries.toml")
}

/// The main file that is meant, whether it is there or not.
///
/// # Errors
/// [`ReadFault::None`] if nobody names one and none is where it is looked for.
pub fn main_file(path: Option<&Path>) -> Result<PathBuf, ReadFault> {
    if let Some(path) = path {
        return Ok(path.to_owned());
    }
    MAINS.iter().map(PathBuf::from).find(|path| path.exists()).ok_or(ReadFault::None)
}

/// `conf.d/*.toml`, in the order of their names. No folder, no parts.
fn parts_of(folder: &Path) -> Result<Vec<PathBuf>, FileFault> {
    let folder = folder.join("conf.d");
    let unreadable = |source| FileFault::Unreadable { path: folder.clone(), source };
    let found = match folder.read_dir() {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.map_err(unreadable)?,
    };
    let mut parts = Vec::new();
    for file in found {
        let path = file.map_err(unreadable)?.path();
        // What an editor leaves behind (`.x.toml.swp`, `x.toml~`, `.#x.toml`) is no part.
        let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|e| e == "toml") {
            parts.push(path);
        }
        if parts.len() > MAX_PARTS {
            return Err(FileFault::TooManyParts { path: folder.clone() });
        }
    }
    parts.sort();
    Ok(parts)
}

/// What it means that a file is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsAFault,
    IsNone,
}

fn read_text(path: &Path, missing: Missing) -> Result<Option<Text>, FileFault> {
    read_bounded(path, missing, MAX_TEXT)
}

/// The file of the school's own entries, if there is one.
///
/// # Errors
/// It is there and cannot be read.
pub fn read_entries(data: &Path) -> Result<Option<Text>, FileFault> {
    read_bounded(&entries_file(data), Missing::IsNone, MAX_ENTRIES)
}

fn read_bounded(path: &Path, missing: Missing, most: usize) -> Result<Option<Text>, FileFault> {
    let unreadable = |source| FileFault::Unreadable { path: path.to_owned(), source };
    let file = match File::open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound && missing == Missing::IsNone => return Ok(None),
        file => file.map_err(unreadable)?,
    };
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(FileFault::TooLarge { path: path.to_owned(), most });
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let good = String::from_utf8_lossy(&e.as_bytes()[..e.utf8_error().valid_up_to()]).into_owned();
        let line = good.bytes().filter(|&b| b == b'\n').count() + 1;
        let column = good.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        FileFault::NotUtf8 { path: path.to_owned(), line, column }
    })?;
    Ok(Some(Text { path: path.to_owned(), text }))
}

/// `blocklists` beside the folder of the configuration, as in the source; else as installed.
pub fn shipped_lists(folder: &Path) -> PathBuf {
    let beside = match folder.parent() {
        Some(parent) => parent.join("blocklists"),
        None => folder.join("../blocklists"),
    };
    if beside.is_dir() { beside } else { Path::new(SHARED).join("blocklists") }
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "gateway".to_owned() } else { name.trim().to_owned() }
}

fn system_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const MAIN: &str = "[data]\ndir = \"DATA\"\n[[network]]\nname = \"lab\"\nranges = [\"10.0.0.0/8\"]\n";

    /// A folder with a configuration in it, and the path of its main file.
    fn school() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let main = folder.path().join("config/schoolgate.toml");
        fs::create_dir_all(folder.path().join("config/conf.d")).expect("made");
        fs::write(&main, MAIN.replace("DATA", &folder.path().join("var").display().to_string())).expect("written");
        (folder, main)
    }

    fn faults(main: &Path) -> String {
        read_config(Some(main)).map_or_else(|fault| fault.render(false), |_| "no fault".into())
    }

    #[test]
    fn the_configuration_of_the_source_is_found_and_has_no_fault() {
        // Tests are started in the folder of the crate.
        let config = read_config(None).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(config.policy.networks[0].name, "this machine");
        assert!(!config.school.gateway.is_empty());
    }

    #[test]
    fn what_is_not_beside_the_file_is_taken_as_it_ships() {
        let (folder, main) = school();
        let config = read_config(Some(&main)).unwrap_or_else(|fault| panic!("{fault}"));
        assert!(config.policy.profiles.iter().any(|p| p.name == "sixth-form"));
        assert_eq!(config.lists.shipped, Path::new("/usr/share/schoolgate/blocklists"));
        fs::create_dir(folder.path().join("blocklists")).expect("made");
        fs::write(folder.path().join("config/profiles.toml"), "[profile.all]\npupils = true\n").expect("written");
        let config = read_config(Some(&main)).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(config.policy.profiles.len(), 1);
        assert_eq!(config.lists.shipped, folder.path().join("blocklists"));
    }

    #[test]
    fn parts_and_the_entries_of_the_commands_are_read() {
        let (folder, main) = school();
        let conf_d = folder.path().join("config/conf.d");
        for (name, text) in [
            ("b.toml", "[[entry]]\nhost = \"b.example\"\naction = \"block\"\n"),
            ("a.toml", "[dns]\nworkers = 3\n"),
            (".a.toml", "not ="),
            ("a.toml~", "not ="),
            ("README", "not ="),
        ] {
            fs::write(conf_d.join(name), text).expect("written");
        }
        fs::create_dir(folder.path().join("var")).expect("made");
        fs::write(folder.path().join("var/entries.toml"), "[[entry]]\nid = 1\nhost = \"a.example\"\naction = \"allow\"\n")
            .expect("written");
        let config = read_config(Some(&main)).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!((config.dns.workers, config.policy.own.len()), (3, 2));
        let files = read_files(Some(&main), 0).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(
            files.parts.iter().map(|p| p.path.clone()).collect::<Vec<_>>(),
            [conf_d.join("a.toml"), conf_d.join("b.toml")]
        );
    }

    #[test]
    fn every_file_that_cannot_be_read_is_told_at_once() {
        let (folder, main) = school();
        let config = folder.path().join("config");
        fs::write(config.join("profiles.toml"), vec![b'#'; MAX_TEXT + 1]).expect("written");
        fs::write(config.join("categories.toml"), b"# one\n# tw\xff").expect("written");
        fs::create_dir(config.join("term-dates.toml")).expect("made");
        let at = config.display();
        let told = faults(&main);
        for part in [
            format!("error: {at}/profiles.toml is larger than 1024 KiB: that is no configuration\n"),
            format!("error: {at}/categories.toml:2:5: this is not UTF-8; save the file as UTF-8\n"),
            format!("error: {at}/term-dates.toml cannot be read: "),
        ] {
            assert!(told.contains(&part), "{part} is not in:\n{told}");
        }
        assert!(faults(&config.join("other.toml")).starts_with(&format!("error: {at}/other.toml cannot be read: ")));
    }

    #[test]
    fn a_wrong_file_is_told_with_its_line() {
        let (folder, main) = school();
        let part = folder.path().join("config/conf.d/firm.toml");
        fs::write(&part, "[dns]\nworker = 3\n").expect("written");
        let told = faults(&main);
        assert!(told.contains(&format!("--> {}:2:1", part.display())) && told.contains("did you mean `workers`?"), "{told}");
    }
}
