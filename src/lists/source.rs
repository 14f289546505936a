//! A list and what is known of it before it is read.

use crate::words::person::words;
use crate::words::{Category, Role};
use std::io::BufRead;

words! {
    /// How the lines of a list are written.
    Format {
        /// Told from its first lines.
        Detect "detect",
        /// `0.0.0.0 name name…`
        Hosts "hosts",
        /// One name a line.
        Domains "domains",
        /// `*.name` a line, for the name and everything below it.
        Wildcard "wildcard",
        /// `||name^` and what else of adblock's rules says something of names.
        Adblock "adblock",
        /// A response policy zone: `name CNAME .`
        Rpz "rpz",
        /// Addresses and small ranges of them.
        Addresses "addresses",
        /// `full:name`, `domain:name`: the data of v2fly's domain-list-community.
        V2fly "v2fly",
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
    /// The host and `www.` in front of it, nothing else. Also what a list means by the exact name (`|name^`, `full:name`, an RPZ
    /// owner without `*.`): what people call a host answers with and without `www.`.
    HostOnly,
}

/// What a source says of a name in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum Says {
    /// The name is an entry: [`Reach::Below`].
    Below,
    /// The name is an entry: [`Reach::HostOnly`].
    HostOnly,
    /// An exception, of the same reaches, to this source's own wider entries.
    NotBelow,
    NotHost,
}

impl Says {
    pub(super) const ALL: [Self; 4] = [Self::Below, Self::HostOnly, Self::NotBelow, Self::NotHost];

    pub(super) fn entry(reach: Reach) -> Self {
        match reach {
            Reach::Below => Self::Below,
            Reach::HostOnly => Self::HostOnly,
        }
    }

    pub(super) fn exception(reach: Reach) -> Self {
        match reach {
            Reach::Below => Self::NotBelow,
            Reach::HostOnly => Self::NotHost,
        }
    }

    pub(super) fn is_exception(self) -> bool {
        matches!(self, Self::NotBelow | Self::NotHost)
    }

    /// Whether it speaks of a host that is this name or below it.
    pub(super) fn reaches(self, names_host: bool) -> bool {
        names_host || matches!(self, Self::Below | Self::NotBelow)
    }
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
