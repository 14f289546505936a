//! Where a table's entries came from, and what became of each source: the figures behind `lists compile` and `lists status`.

use super::source::{About, Source};
use super::{Format, Reject};
use crate::words::Category;
use std::fmt;

/// How many line numbers of each reason are kept: enough to look at, not enough to fill a screen.
pub const LINES_KEPT: usize = 5;

/// One source, after it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    pub name: String,
    pub category: Category,
    /// As it was read; [`Format::Detect`] if no format fitted.
    /// That of its first file, if it has several.
    pub format: Format,
    /// As its own first lines tell it: a number, a date, the serial of a zone.
    pub version: Option<String>,
    /// What the caller knows of it.
    pub about: About,
    /// The files it was read from.
    pub members: Vec<MemberRead>,
    pub lines: u64,
    pub bytes: u64,
    /// CRC-32 of the bytes.
    pub checksum: u32,
    /// Distinct names, addresses, pages, ranges and patterns that went into the table.
    pub entries: u64,
    /// Entries said again within the source.
    pub duplicates: u64,
    /// Entries that the source's own exceptions took away again.
    pub cancelled: u64,
    /// Entries that stand for the host and `www.` alone.
    pub host_only: u64,
    pub rejects: Rejects,
    /// Whether it is a list at all. Entries of a broken source are not in the table.
    pub broken: Option<Broken>,
    /// Why it is not what its files say now, but its last good version; without entries if there is none.
    pub refused: Option<String>,
}

/// One file of a source, after it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRead {
    /// Empty for a list that is one file.
    pub name: String,
    pub format: Format,
    pub lines: u64,
    pub bytes: u64,
    pub checksum: u32,
}

impl Provenance {
    /// Where a line is that a reject names: lines are numbered on through the files of a source. `17`, or `urls:17`.
    pub fn place(&self, line: u64) -> String {
        let mut left = line;
        for member in &self.members {
            if left <= member.lines {
                return if member.name.is_empty() { left.to_string() } else { format!("{}:{left}", member.name) };
            }
            left -= member.lines;
        }
        line.to_string()
    }

    /// Of a source of which nothing was read yet.
    pub(super) fn of(source: &Source<'_>) -> Self {
        Self { about: source.about.clone(), ..Self::unread(&source.name, source.category) }
    }

    pub(super) fn unread(name: &str, category: Category) -> Self {
        Self {
            name: name.to_owned(),
            category,
            format: Format::Detect,
            version: None,
            about: About::default(),
            members: Vec::new(),
            lines: 0,
            bytes: 0,
            checksum: 0,
            entries: 0,
            duplicates: 0,
            cancelled: 0,
            host_only: 0,
            rejects: Rejects::default(),
            broken: None,
            refused: None,
        }
    }
}

/// Why a whole source is not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A download that failed politely.
    WebPage,
    OtherFormat,
    NoFormat,
    /// Nothing in it became an entry.
    NoEntries,
    /// More of it was refused than taken.
    MostlyRefused,
    /// More exceptions than are held while it is read.
    TooManyExceptions,
}

impl Broken {
    pub(super) const ALL: [Self; 6] =
        [Self::WebPage, Self::OtherFormat, Self::NoFormat, Self::NoEntries, Self::MostlyRefused, Self::TooManyExceptions];

    /// One word, for `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WebPage => "web-page",
            Self::OtherFormat => "other-format",
            Self::NoFormat => "no-format",
            Self::NoEntries => "no-entries",
            Self::MostlyRefused => "mostly-refused",
            Self::TooManyExceptions => "too-many-exceptions",
        }
    }
}

/// As people read it, after the source's name.
impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WebPage => "it is a web page, not a list: fetch it again",
            Self::OtherFormat => "it is in a list format that is not read: fetch it as hosts, domains, adblock or RPZ",
            Self::NoFormat => "no format of a list fits its first lines: say `format = \"hosts\"` or another if it is one",
            Self::NoEntries => "it holds no entry: an empty list would take its category away",
            Self::MostlyRefused => {
                "more of it was refused than taken: it is not the list it should be, or not in the format it is said to be"
            }
            Self::TooManyExceptions => "it makes more than 50,000 exceptions to its own entries: it is a list of what to allow",
        })
    }
}

/// Refused names and lines, by reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejects {
    rows: [Row; Reject::ALL.len()],
}

impl Default for Rejects {
    fn default() -> Self {
        Self { rows: std::array::from_fn(|_| Row::default()) }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) count: u64,
    pub(super) first: Vec<u64>,
}

impl Rejects {
    pub(super) fn add(&mut self, why: Reject, line: u64) {
        let row = &mut self.rows[why as usize];
        row.count += 1;
        if row.first.len() < LINES_KEPT {
            row.first.push(line);
        }
    }

    /// Adds what has no line.
    pub(super) fn count(&mut self, why: Reject, count: u64) {
        self.rows[why as usize].count += count;
    }

    /// As it was counted before: for a table's header.
    pub(super) fn restore(&mut self, why: Reject, row: Row) {
        self.rows[why as usize] = row;
    }

    pub fn total(&self) -> u64 {
        self.rows.iter().map(|r| r.count).sum()
    }

    pub fn of(&self, why: Reject) -> u64 {
        self.rows[why as usize].count
    }

    /// Each reason that occurred: how often, and on which lines first.
    pub fn iter(&self) -> impl Iterator<Item = (Reject, u64, &[u64])> {
        Reject::ALL.into_iter().zip(&self.rows).filter(|(_, r)| r.count > 0).map(|(why, r)| (why, r.count, r.first.as_slice()))
    }
}

/// A head line, then one line a reason:
///
/// ```text
/// ut1/gambling (gambling, domains): 32,240 entries of 32,247 lines, 5 duplicates, 2 refused
///   2 not a host name (lines 17, 4001)
/// ```
impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, category, format) = (&self.name, self.category, self.format);
        write!(
            f,
            "{name} ({category}, {format}): {} of {}, {}, {} refused",
            Counted(self.entries, "entry", "entries"),
            Counted(self.lines, "line", "lines"),
            Counted(self.duplicates, "duplicate", "duplicates"),
            Thousands(self.rejects.total()),
        )?;
        if self.cancelled > 0 {
            write!(f, ", {} cancelled by its own exceptions", Thousands(self.cancelled))?;
        }
        if let Some(broken) = self.broken {
            write!(f, "\n  NOT USED: {broken}")?;
        }
        if let Some(refused) = &self.refused {
            let in_force = if self.entries > 0 { "its last good version is in force" } else { "there is no last good version" };
            write!(f, "\n  NOT USED as it is now: {refused}\n  {in_force}")?;
        }
        for (why, count, first) in self.rejects.iter() {
            write!(f, "\n  {} {why}", Thousands(count))?;
            if first.is_empty() {
                continue;
            }
            write!(f, " (line{} ", if first.len() == 1 { "" } else { "s" })?;
            for (i, line) in first.iter().enumerate() {
                write!(f, "{}{}", if i == 0 { "" } else { ", " }, self.place(*line))?;
            }
            f.write_str(if count > first.len() as u64 { ", …)" } else { ")" })?;
        }
        Ok(())
    }
}

struct Counted(u64, &'static str, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Thousands(self.0), if self.0 == 1 { self.1 } else { self.2 })
    }
}

/// A number as people write it: 4,090,466.
struct Thousands(u64);

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_list_reads_like_a_sentence_and_names_lines() {
        let mut rejects = Rejects::default();
        (1..=7).for_each(|line| rejects.add(Reject::NotAHost, line * 10));
        rejects.add(Reject::Url, 3);
        let mut list = Provenance {
            format: Format::Domains,
            lines: 1_234_567,
            entries: 1_000,
            duplicates: 1,
            rejects,
            ..Provenance::unread("some/list", Category::GAMBLING)
        };
        let text = list.to_string();
        assert_eq!(
            text,
            "some/list (gambling, domains): 1,000 entries of 1,234,567 lines, 1 duplicate, 8 refused\n  \
             7 not a host name (lines 10, 20, 30, 40, 50, …)\n  \
             1 a URL, not a host: a page's address must not close its host (line 3)"
        );
        list.broken = Some(Broken::NoEntries);
        assert!(list.to_string().contains("NOT USED: it holds no entry"));
    }
}
