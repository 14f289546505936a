//! What is sealed, opened for a reader who has signed in.

use super::read::Stored;
use super::sealing::{bound, sealed_key};
use crate::seal::{Detail, HeldKey, Opener};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// Most rows that are named as changed: with more, something else is wrong than a row.
const MOST_NAMED: usize = 100;

/// What stayed sealed although it was to be opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unopened {
    /// The seqs of rows that are not as they were written, the first [`MOST_NAMED`].
    pub changed: Vec<u64>,
    /// Rows whose data key is missing, was changed, or was sealed to other keys of the school's.
    pub without_key: u64,
}

impl Unopened {
    /// This and what stayed sealed in another week.
    pub fn add(&mut self, other: Self) {
        self.changed.extend(other.changed);
        self.without_key += other.without_key;
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What was typed in one event, taken along sealed, with its sealed key and whose it is: it opens when its week is long deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    // BASE64, all three.
    sealed: String,
    key: String,
    bound: String,
}

impl Taken {
    pub(super) fn new(sealed: &[u8], key: &[u8], bound: &[u8]) -> Self {
        let [sealed, key, bound] = [sealed, key, bound].map(|bytes| BASE64.encode(bytes));
        Self { sealed, key, bound }
    }

    /// Path and search. `None`: it is not as it was written, or was sealed to other keys.
    pub fn open(&self, opener: &Opener) -> Option<Detail> {
        let bytes = |text: &str| BASE64.decode(text.as_bytes()).ok();
        let key = opener.data_key(&bytes(&self.key)?).ok().flatten()?;
        key.detail(&bytes(&self.sealed)?, &bytes(&self.bound)?).ok()
    }
}

/// An opener at work on one week, with the data keys it has opened.
pub struct Opened {
    opener: Arc<Opener>,
    keys: RefCell<HashMap<u32, Option<Rc<HeldKey>>>>,
    unopened: RefCell<Unopened>,
}

impl Opened {
    pub fn new(opener: Arc<Opener>) -> Self {
        Self { opener, keys: RefCell::default(), unopened: RefCell::default() }
    }

    pub fn unopened(&self) -> Unopened {
        self.unopened.borrow().clone()
    }

    /// Opens what is sealed in an event. What cannot be opened stays sealed, and is counted. `file` finds a sealed data key in the
    /// week's file; one that is not there yet is in the journal's folder.
    pub fn open(
        &self,
        stored: &mut Stored,
        journal: Option<&Path>,
        file: impl FnOnce(u32) -> rusqlite::Result<Option<Vec<u8>>>,
    ) -> rusqlite::Result<()> {
        let Some(bytes) = stored.event.sealed.take() else { return Ok(()) };
        let key = match crate::seal::Sealed::parse(&bytes) {
            None => None,
            Some(sealed) => Some(self.key(sealed.key, journal, file)?),
        };
        let detail = match key {
            Some(Some(key)) => key.detail(&bytes, &bound(&stored.event)).ok(),
            Some(None) => {
                self.unopened.borrow_mut().without_key += 1;
                stored.event.sealed = Some(bytes);
                return Ok(());
            }
            None => None,
        };
        match detail {
            Some(detail) => {
                (stored.event.path, stored.event.search) = (Cow::Owned(detail.path), Cow::Owned(detail.search));
            }
            None => {
                let mut unopened = self.unopened.borrow_mut();
                if unopened.changed.len() < MOST_NAMED {
                    unopened.changed.push(stored.seq);
                }
                stored.event.sealed = Some(bytes);
            }
        }
        Ok(())
    }

    fn key(
        &self,
        id: u32,
        journal: Option<&Path>,
        file: impl FnOnce(u32) -> rusqlite::Result<Option<Vec<u8>>>,
    ) -> rusqlite::Result<Option<Rc<HeldKey>>> {
        if let Some(known) = self.keys.borrow().get(&id) {
            return Ok(known.clone());
        }
        let sealed = file(id)?.or_else(|| sealed_key(journal?, id));
        let held = sealed.and_then(|sealed| self.opener.data_key(&sealed).ok().flatten()).map(Rc::new);
        self.keys.borrow_mut().insert(id, held.clone());
        Ok(held)
    }
}
