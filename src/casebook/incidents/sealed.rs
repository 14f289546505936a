//! The words of an incident: sealed before they are in a record, once the school has keys.
//!
//! What the rules need stays as it is: whom an incident is about, its day and category, its matter, whether it is closed. In the place of
//! each text stand dots, and what they stand for is sealed beside them, as one text for one record: what was sealed in one record opens
//! in no other. The chain is of what is in the record, dots and sealed bytes, so it is proved without a key.

use super::super::chain::{Entry, Kind, text};
use super::super::review::json;
use super::super::store::{Casebook, CasebookFault, Reading};
use super::{Detail, Fields, fits};
use crate::journal::Taken;
use crate::journal::export::DOTS;
use crate::seal::{self, Detail as Typed, Keys, Opener, SealFault};
use crate::words::person::words;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

/// A record of a change of the school's keys begins with it.
pub const OF_KEYS: &str = "seal: ";

/// What is sealed is filled up to so many octets, so that its length does not tell what it says.
const FULL: usize = 256;

words! {
    /// How the words of a record are shown.
    Words {
        /// They are not sealed, or there are none.
        Clear "clear",
        /// Dots stand for them.
        Sealed "sealed",
        /// They were sealed, and somebody has opened them.
        Opened "opened",
        /// Dots, although they were to be opened: they are not as they were written, or were sealed to keys that are lost.
        Unopened "unopened",
    }
}

/// What the dots of a record stand for.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Hidden {
    fields: Fields,
    /// Rows of the log, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<String>,
    /// What was typed in each of them, sealed once more, at the door.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taken: Vec<Option<Taken>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    why: String,
}

/// What becomes of words that are to be written.
pub enum Sealer {
    /// No keys have been made: they are kept as they are.
    Clear,
    To(Box<Keys>),
}

impl Sealer {
    /// That of a casebook's folder.
    ///
    /// # Errors
    /// [`CasebookFault::Seal`]: there are or were keys, and they cannot be used. Then nothing is written in the clear.
    pub fn of(casebook: &Casebook) -> Result<Self, CasebookFault> {
        if let Some(keys) = Keys::read(casebook.folder())? {
            return Ok(Self::To(Box::new(keys)));
        }
        let changes = casebook.read().of(Kind::Change)?;
        if changes.iter().any(|change| change.entry.what.starts_with(OF_KEYS)) {
            return Err(SealFault::File { path: seal::file(casebook.folder()), why: "it is gone".into() }.into());
        }
        Ok(Self::Clear)
    }

    /// The record of an incident, to be put at the end now.
    ///
    /// # Errors
    /// [`CasebookFault`]: it cannot be sealed, or is too long.
    pub fn entry(
        &self,
        reading: &Reading,
        (who, what): (&str, &str),
        incident: u64,
        mut detail: Detail,
        why: &str,
    ) -> Result<Entry, CasebookFault> {
        let mut why = text(why);
        if let Self::To(keys) = self {
            let hidden = hide(&mut detail, &mut why);
            if hidden != Hidden::default() {
                let mut plain = json(&hidden)?;
                let full = plain.len().next_multiple_of(FULL);
                plain.extend(std::iter::repeat_n(' ', full - plain.len()));
                let record = reading.last()?.map_or(1, |end| end.number + 1);
                detail.sealed = Some(BASE64.encode(&keys.seal_text(&bound(incident, record), &plain)?));
            }
        }
        let entry = Entry::new(Kind::Incident, who, what).about(&incident.to_string()).why(&why);
        Ok(entry.detail(fits(json(&detail)?)?))
    }
}

/// Of which incident and record words are.
fn bound(incident: u64, record: u64) -> String {
    format!("incident {incident}, record {record}")
}

/// Takes the words out of a record, and leaves dots.
fn hide(detail: &mut Detail, why: &mut String) -> Hidden {
    let mut hidden = Hidden::default();
    for (shown, kept) in detail.fields.words().zip(hidden.fields.words()) {
        *kept = shown.as_mut().map(dots);
    }
    hidden.lines = detail.evidence.iter_mut().map(|row| dots(&mut row.line)).collect();
    hidden.taken = detail.evidence.iter_mut().map(|row| row.taken.take()).collect();
    if !why.is_empty() {
        hidden.why = dots(why);
    }
    hidden
}

fn dots(text: &mut String) -> String {
    std::mem::replace(text, DOTS.to_owned())
}

/// Puts the words back, if there is somebody who opens them.
pub(super) fn open(detail: &mut Detail, why: &mut String, (incident, record): (u64, u64), with: Option<&Opener>) -> Words {
    let Some(sealed) = &detail.sealed else { return Words::Clear };
    let Some(opener) = with else { return Words::Sealed };
    let opened = || -> Option<Hidden> {
        let text = opener.text(&bound(incident, record), &BASE64.decode(sealed.as_bytes()).ok()?).ok()?;
        serde_json::from_str(&text).ok()
    };
    let Some(mut hidden) = opened() else { return Words::Unopened };
    for (shown, kept) in detail.fields.words().zip(hidden.fields.words()) {
        if let Some(text) = kept.take() {
            *shown = Some(text);
        }
    }
    for (row, line) in detail.evidence.iter_mut().zip(hidden.lines) {
        row.line = line;
    }
    for (row, taken) in detail.evidence.iter_mut().zip(hidden.taken) {
        row.typed = taken.and_then(|taken| taken.open(opener)).map(|Typed { path, search }| match search.as_str() {
            "" => path,
            search => format!("{path}, searched for '{search}'"),
        });
    }
    if !hidden.why.is_empty() {
        *why = hidden.why;
    }
    Words::Opened
}

/// How many records of incidents have words that are not sealed: those of before there were keys.
///
/// # Errors
/// [`CasebookFault`].
pub fn in_the_clear(reading: &Reading) -> Result<usize, CasebookFault> {
    let clear = |detail: &str| serde_json::from_str(detail).is_ok_and(|detail: Detail| detail.sealed.is_none());
    Ok(reading.of(Kind::Incident)?.iter().filter(|record| record.entry.detail.as_deref().is_some_and(clear)).count())
}
