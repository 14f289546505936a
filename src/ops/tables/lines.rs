//! Where an entry stands in the files of a list.

use super::files::{ListFile, list_files};
use crate::config::Config;
use crate::lists::{self, Line};
use crate::ops::members;
use crate::words::Host;
use std::io;
use std::path::{Path, PathBuf};

/// Where an entry stands in the files of one list: `file:line`.
pub fn places(config: &Config, list: &str, entry: &str) -> Vec<String> {
    let Ok(entry) = Host::parse(entry) else { return Vec::new() };
    let Some(file) = list_files(config).into_iter().find(|file| file.name == list) else { return Vec::new() };
    let place = |line: &Line| format!("{}:{}", member_path(&file.path, &line.member).display(), line.number);
    lines(&file, &entry).unwrap_or_default().iter().map(place).collect()
}

/// Where a line's file is: the list's own, one in its folder, or one beside it that it includes.
pub fn member_path(list: &Path, member: &str) -> PathBuf {
    match member {
        "" => list.to_owned(),
        member => match list.with_file_name(member) {
            beside if list.is_file() && beside.exists() => beside,
            _ => list.join(member),
        },
    }
}

/// The lines of a list's file that an entry came from.
///
/// # Errors
/// As the file system says.
pub fn lines(file: &ListFile, entry: &Host) -> io::Result<Vec<Line>> {
    let open = || members::open(&file.path, file.inside.as_deref(), file.format);
    // Most lists write an entry as it is called; where that finds nothing (a range of addresses, a zone), each line is read.
    let quick = lists::scan_in_members(open()?.as_mut(), entry)?;
    if quick.is_empty() { lists::find_in_members(open()?.as_mut(), entry) } else { Ok(quick) }
}
