//! Where an entry stands in the files of a list.

use super::files::{ListFile, list_files};
use crate::config::Config;
use crate::lists::{self, Line};
use crate::ops::members;
use std::io;
use std::path::PathBuf;

/// Where an entry stands in the files of one list: `file:line`.
pub fn places(config: &Config, list: &str, entry: &str) -> Vec<String> {
    let Some(file) = list_files(config).into_iter().find(|file| file.name == list) else { return Vec::new() };
    let place = |line: &Line| format!("{}:{}", member_path(&file, &line.member).display(), line.number);
    lines(&file, entry).unwrap_or_default().iter().map(place).collect()
}

/// Where a line's file is: the list's own, one in its folder or archive, or one beside it that it includes.
pub fn member_path(file: &ListFile, member: &str) -> PathBuf {
    let list = file.inside.as_ref().map_or(file.path.clone(), |inside| file.path.join(inside.trim_matches('/')));
    match member {
        "" => list,
        member => match list.with_file_name(member) {
            beside if list.is_file() && beside.exists() => beside,
            _ => list.join(member),
        },
    }
}

/// The lines of a list's file that an entry came from, named as the table names it: a name, a range, a page, a `/pattern/`.
///
/// # Errors
/// As the file system says.
pub fn lines(file: &ListFile, entry: &str) -> io::Result<Vec<Line>> {
    lists::find_entry(&mut || members::open(&file.path, file.inside.as_deref(), file.format), entry)
}
