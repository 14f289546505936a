//! Where an entry stands in the files of a list.

use super::files::{ListFile, list_files};
use crate::config::Config;
use crate::lists::{self, Line};
use crate::words::Host;
use std::fs::File;
use std::io::{self, BufReader};

/// Where an entry stands in the files of one list: `file:line`.
pub fn places(config: &Config, list: &str, entry: &str) -> Vec<String> {
    let Ok(entry) = Host::parse(entry) else { return Vec::new() };
    let Some(file) = list_files(config).into_iter().find(|file| file.name == list) else { return Vec::new() };
    lines(&file, &entry).unwrap_or_default().iter().map(|line| format!("{}:{}", file.path.display(), line.number)).collect()
}

/// The lines of a list's file that an entry came from.
///
/// # Errors
/// As the file system says.
pub fn lines(file: &ListFile, entry: &Host) -> io::Result<Vec<Line>> {
    lists::find_lines(&mut BufReader::new(File::open(&file.path)?), file.format, entry)
}
