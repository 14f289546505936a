//! A list and what is known of it before it is read.

use crate::words::{Category, Role};
use std::fmt;
use std::io::BufRead;

/// How the lines of a list are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Told from its first lines.
    #[default]
    Detect,
    /// `0.0.0.0 name name…`
    Hosts,
    /// One name a line.
    Domains,
}

impl Format {
    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Hosts => "hosts",
            Self::Domains => "domains",
        }
    }

    /// The format of this word.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Detect, Self::Hosts, Self::Domains].into_iter().find(|f| f.as_str() == word)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who keeps a list, and so how far it is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In `blocklists/`: written for Schoolgate, read by people, covered by tests.
    Shipped,
    /// The school's own file: it may block whatever the school means to block.
    School,
    /// Somebody else's list: it may not close a canary, nor say that anything is platform, help, rshe or education.
    Public,
}

/// How far an entry reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// The host and everything below it.
    Below,
    /// The host and `www.` in front of it, nothing else.
    HostOnly,
}

/// One list to compile.
pub struct Source<'a> {
    /// As people know it: `ut1/gambling`. It stands in the log and in `explain`.
    pub name: String,
    pub category: Category,
    pub format: Format,
    pub origin: Origin,
    /// [`Reach::HostOnly`] if the list's own rule is that its entries do not reach below.
    pub reach: Reach,
    pub reader: &'a mut dyn BufRead,
}

/// Whether to be in this category is to be let through: only hand-written lists may say so.
pub(super) fn lets_through(category: Category) -> bool {
    matches!(category.role(), Role::Platform | Role::Help | Role::Rshe | Role::Education)
}
