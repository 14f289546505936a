//! One record, and the hash that ties it to the one before.
//!
//! The hash of a record is of the hash before it, its number, time and kind, and of the digest of its texts. That digest is of the texts
//! and some random bytes beside them: when a school must forget, texts and random bytes go, the digest stays, and the chain holds.

use crate::words::by_word;
use crate::words::person::words;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Most characters of a text that is one line: who, about, approved by.
const MAX_LINE: usize = 200;

/// Most characters of a text of some sentences.
const MAX_TEXT: usize = 4000;

/// Most bytes of [`Entry::detail`].
pub const MAX_DETAIL: usize = 1 << 20;

words! {
    /// What kind of thing a record tells. The words stand in the file: one is never taken back or used for something else.
    Kind {
        /// Somebody looked at what shows a person.
        LookUp "look-up",
        /// What is filtered was changed: entries, passes, exams, networks, configuration, certificates.
        Change "change",
        /// Who has access was changed: the register.
        Register "register",
        /// What somebody said of a matter of a report.
        Mark "mark",
        /// Somebody signed a week's report.
        SignOff "sign-off",
        /// An incident was opened, or added to.
        Incident "incident",
        /// A pupil is watched more closely for a while, or no longer.
        Watch "watch",
        /// Detail that was sealed was opened.
        Opening "opening",
        /// Somebody has seen an alert.
        Acknowledgement "acknowledgement",
        /// A report or a mail went out, or was confirmed.
        Delivery "delivery",
        /// Texts of a record were deleted for good.
        Erasure "erasure",
        /// The casebook itself: files of before read in, a backup brought back.
        Casebook "casebook",
    }
}

/// What is to be recorded. Everything but kind, who and what may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    #[serde(with = "by_word")]
    pub kind: Kind,
    /// A login name, or who acted where nobody is known by one: `the gate`.
    pub who: String,
    /// What was done, in words: `allow quiz.example for secondary`.
    pub what: String,
    /// Whom or what it is about, as one word: a person's id in the register, a host, a matter, an incident's number.
    pub about: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
    /// The reason, or the purpose of a look-up.
    pub why: Option<String>,
    pub approved_by: Option<String>,
    /// What the kind has besides, as JSON.
    pub detail: Option<String>,
}

impl Entry {
    pub fn new(kind: Kind, who: &str, what: impl Into<String>) -> Self {
        Self {
            kind,
            who: line(who),
            what: text(&what.into()),
            about: None,
            before: None,
            after: None,
            why: None,
            approved_by: None,
            detail: None,
        }
    }

    #[must_use]
    pub fn about(self, about: &str) -> Self {
        Self { about: Some(line(about)).filter(|t| !t.is_empty()), ..self }
    }

    /// What held before, and what holds now; an empty text says nothing.
    #[must_use]
    pub fn from_to(self, before: &str, after: &str) -> Self {
        let said = |t: &str| Some(text(t)).filter(|t| !t.is_empty());
        Self { before: said(before), after: said(after), ..self }
    }

    #[must_use]
    pub fn why(self, why: &str) -> Self {
        Self { why: Some(text(why)).filter(|t| !t.is_empty()), ..self }
    }

    #[must_use]
    pub fn approved_by(self, who: Option<&str>) -> Self {
        Self { approved_by: who.map(line).filter(|t| !t.is_empty()), ..self }
    }

    /// JSON of at most [`MAX_DETAIL`] bytes; [`super::Casebook::add`] refuses more.
    #[must_use]
    pub fn detail(self, detail: String) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// What is recorded where nobody knows whether it came to its end.
    pub(super) fn cut_off(self) -> Self {
        Self { what: text(&format!("{}; it was cut off: look whether it was done", self.what)), ..self }
    }

    /// The texts in the order in which the digest has them.
    fn texts(&self) -> [Option<&str>; 8] {
        [
            Some(&self.who),
            Some(&self.what),
            self.about.as_ref(),
            self.before.as_ref(),
            self.after.as_ref(),
            self.why.as_ref(),
            self.approved_by.as_ref(),
            self.detail.as_ref(),
        ]
        .map(|text| text.map(String::as_str))
    }

    /// The digest of the texts, with the random bytes that make it no way to guess them by.
    pub(super) fn digest(&self, salt: &[u8]) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(b"schoolgate casebook texts 1\0");
        put(&mut context, salt);
        for text in self.texts() {
            match text {
                None => context.update(&[0]),
                Some(text) => {
                    context.update(&[1]);
                    put(&mut context, text.as_bytes());
                }
            }
        }
        Hash::of(context)
    }
}

/// One line, without control characters.
fn line(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(MAX_LINE).collect()
}

/// Some lines, without other control characters.
pub(super) fn text(text: &str) -> String {
    text.trim().chars().filter(|c| *c == '\n' || !c.is_control()).take(MAX_TEXT).collect()
}

/// One record of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// From 1, without gaps.
    pub number: u64,
    /// Milliseconds since 1970.
    pub when_ms: i64,
    pub entry: Entry,
    pub hash: Hash,
}

/// SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What stands before the first record.
    pub const START: Self = Self([0; 32]);

    fn of(context: Context) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }

    /// The hash of a record after the one of this hash.
    pub(super) fn then(self, number: u64, when_ms: i64, kind: &str, texts: Self) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(b"schoolgate casebook record 1\0");
        context.update(&self.0);
        context.update(&number.to_be_bytes());
        context.update(&when_ms.to_be_bytes());
        put(&mut context, kind.as_bytes());
        context.update(&texts.0);
        Self::of(context)
    }
}

/// With its length before it, so that no two runs of texts are the same bytes.
fn put(context: &mut Context, bytes: &[u8]) {
    context.update(&(bytes.len() as u64).to_be_bytes());
    context.update(bytes);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The end of the chain at some time, as a report prints it: `NUMBER:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    pub number: u64,
    pub hash: Hash,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl FromStr for Anchor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a number, a colon and 64 digits of hexadecimal, as the report prints them: 118:9f2c…";
        let (number, hex) = text.trim().split_once(':').ok_or(wrong)?;
        let digits: Vec<u8> = hex.chars().filter(|c| *c != ' ').map_while(|c| c.to_digit(16)).map(|d| d as u8).collect();
        if digits.len() != 64 || hex.chars().filter(|c| *c != ' ').count() != 64 {
            return Err(wrong);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Self { number: number.parse().map_err(|_| wrong)?, hash: Hash(bytes) })
    }
}
