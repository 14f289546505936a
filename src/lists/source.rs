//! A list and what is known of it before it is read.

use super::table::bytes::{Reader, Writer};
use crate::words::person::words;
use crate::words::{Category, Role};
use std::io::{self, BufRead};

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
        /// `||name^` and what else of adblock's rules says something of names, or of a name's pages.
        Adblock "adblock",
        /// A response policy zone: `name CNAME .`
        Rpz "rpz",
        /// Addresses, and ranges of them no wider than /24, or /48.
        Addresses "addresses",
        /// `full:name`, `domain:name`: the data of v2fly's domain-list-community.
        V2fly "v2fly",
        /// `host/path` or a whole URL a line: pages, never their hosts.
        Urls "urls",
        /// A POSIX extended regular expression a line, looked for in URLs, as squidGuard has them.
        Expressions "expressions",
        /// A regular expression a line, looked for in host names, as Pi-hole has them.
        Regex "regex",
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
    /// The host and `www.` in front of it, nothing else: a whole platform, of which a list means the one host.
    HostOnly,
    /// The host itself (`|name^`, `full:name`, an RPZ owner without `*.`).
    Exact,
}

/// What a source says of a name in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum Says {
    /// The name is an entry: [`Reach::Below`].
    Below,
    /// The name is an entry: [`Reach::HostOnly`].
    HostOnly,
    /// The name is an entry: [`Reach::Exact`].
    Exact,
    /// An exception, of the same reaches, to this source's own wider entries.
    NotBelow,
    NotHost,
    NotExact,
}

impl Says {
    pub(super) const ALL: [Self; 6] = [Self::Below, Self::HostOnly, Self::Exact, Self::NotBelow, Self::NotHost, Self::NotExact];

    pub(super) fn entry(reach: Reach) -> Self {
        match reach {
            Reach::Below => Self::Below,
            Reach::HostOnly => Self::HostOnly,
            Reach::Exact => Self::Exact,
        }
    }

    pub(super) fn exception(reach: Reach) -> Self {
        match reach {
            Reach::Below => Self::NotBelow,
            Reach::HostOnly => Self::NotHost,
            Reach::Exact => Self::NotExact,
        }
    }

    pub(super) fn is_exception(self) -> bool {
        matches!(self, Self::NotBelow | Self::NotHost | Self::NotExact)
    }

    /// How far the entry reaches; `None` of an exception.
    pub(super) fn reach(self) -> Option<Reach> {
        match self {
            Self::Below => Some(Reach::Below),
            Self::HostOnly => Some(Reach::HostOnly),
            Self::Exact => Some(Reach::Exact),
            Self::NotBelow | Self::NotHost | Self::NotExact => None,
        }
    }

    /// Whether it speaks of a host that stands so to its name.
    pub(super) fn reaches(self, stands: Stands) -> bool {
        match self {
            Self::Below | Self::NotBelow => true,
            Self::HostOnly | Self::NotHost => stands != Stands::Below,
            Self::Exact | Self::NotExact => stands == Stands::Same,
        }
    }
}

/// How a host stands to the name of an entry that is itself or one of its parents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Stands {
    /// It is the name.
    Same,
    /// It is the name with `www.` in front.
    Www,
    /// It is anything else below the name.
    Below,
}

impl Stands {
    /// `whole` is the host's key, `entry` the beginning of it that is the entry's.
    pub(super) fn of(whole: &[u8], entry: &[u8]) -> Self {
        match whole.get(entry.len()..) {
            None | Some(b"") => Self::Same,
            Some(b".www") => Self::Www,
            Some(_) => Self::Below,
        }
    }
}

/// One list to compile.
pub struct Source<'a> {
    /// As people know it: `ut1/gambling`. It stands in the log and in `explain`.
    pub name: String,
    pub category: Category,
    pub origin: Origin,
    /// [`Reach::HostOnly`] if the list's own rule is that its entries do not reach below.
    pub reach: Reach,
    /// What the list does not say of itself.
    pub about: About,
    pub members: &'a mut dyn Members,
}

/// What is known of a list beside its lines: it stands in the table, for whoever asks what a table was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// When its files were last changed, or fetched; milliseconds since 1970.
    pub dated_ms: Option<i64>,
    pub licence: Option<String>,
    /// Where its keepers tell about it, or where it was fetched.
    pub home: Option<String>,
}

impl About {
    pub(super) fn write(&self, to: &mut Writer) {
        to.u8(self.dated_ms.is_some().into());
        to.u64(self.dated_ms.unwrap_or_default() as u64);
        // No licence and an empty one are the same.
        to.text(self.licence.as_deref().unwrap_or_default());
        to.text(self.home.as_deref().unwrap_or_default());
    }

    pub(super) fn read(from: &mut Reader) -> Option<Self> {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (dated, ms) = (from.u8()? != 0, from.u64()? as i64);
        Some(Self { dated_ms: dated.then_some(ms), licence: text(from.text()?), home: text(from.text()?) })
    }
}

/// The files a list is made of, one after another: itself, or the members of a folder or an archive.
pub trait Members {
    /// The next one; `None` after the last.
    ///
    /// # Errors
    /// What the file system or the archive says.
    fn next_member(&mut self) -> io::Result<Option<Member<'_>>>;
}

/// One file of a list.
pub struct Member<'a> {
    /// Its name in the folder or archive (`urls`), empty for a list that is one file.
    pub name: String,
    pub format: Format,
    pub reader: &'a mut dyn BufRead,
}

/// A list that is one file.
pub struct Single<'a> {
    format: Format,
    reader: Option<&'a mut dyn BufRead>,
    read: Option<&'a mut dyn BufRead>,
}

impl<'a> Single<'a> {
    pub fn new(format: Format, reader: &'a mut dyn BufRead) -> Self {
        Self { format, reader: Some(reader), read: None }
    }
}

impl Members for Single<'_> {
    fn next_member(&mut self) -> io::Result<Option<Member<'_>>> {
        self.read = self.reader.take();
        let format = self.format;
        Ok(self.read.as_deref_mut().map(|reader| Member { name: String::new(), format, reader }))
    }
}

/// Whether to be in this category is to be let through: only hand-written lists may say so.
pub(super) fn lets_through(category: Category) -> bool {
    matches!(category.role(), Role::Platform | Role::Help | Role::Rshe | Role::Education)
}
