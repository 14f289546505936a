//! The rows of a week, a page at a time.

use super::{Filter, ReadFault, Stored, Week};
use rusqlite::params_from_iter;
use rusqlite::types::Value;
use std::collections::VecDeque;

/// Rows fetched at a time: a reader never holds a transaction open over an export, which would keep the write-ahead log growing.
pub(super) const PAGE: usize = 1000;

/// The events of a week, a page at a time.
pub struct Events<'a> {
    pub(super) week: &'a Week,
    pub(super) sql: String,
    pub(super) next: Next,
    pub(super) page: VecDeque<Stored>,
    pub(super) ended: bool,
}

/// Which rows come next.
pub(super) enum Next {
    /// Those after this seq that meet the conditions of these values.
    After(u64, Vec<Value>),
    /// These, as far as they meet the filter.
    Seqs(Filter, VecDeque<u64>),
}

impl Events<'_> {
    fn fetch(&mut self) -> Result<(), ReadFault> {
        let at = |source| self.week.fault(source);
        let mut statement = self.week.db.prepare_cached(&self.sql).map_err(at)?;
        match &mut self.next {
            Next::After(after, values) => {
                let given = std::iter::once(Value::from(*after as i64)).chain(values.iter().cloned());
                let mut rows = statement.query(params_from_iter(given)).map_err(at)?;
                let mut read = 0;
                while let Some(row) = rows.next().map_err(at)? {
                    read += 1;
                    let stored = self.week.stored(row)?;
                    *after = stored.seq;
                    self.page.push_back(stored);
                }
                self.ended = read < PAGE;
            }
            Next::Seqs(filter, seqs) => {
                while self.page.len() < PAGE
                    && let Some(seq) = seqs.pop_front()
                {
                    let mut rows = statement.query([seq as i64]).map_err(at)?;
                    if let Some(row) = rows.next().map_err(at)? {
                        let stored = self.week.stored(row)?;
                        if filter.matches(seq, &stored.event) {
                            self.page.push_back(stored);
                        }
                    }
                }
                self.ended = seqs.is_empty();
            }
        }
        Ok(())
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Stored, ReadFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty()
            && !self.ended
            && let Err(fault) = self.fetch()
        {
            self.ended = true;
            return Some(Err(fault));
        }
        self.page.pop_front().map(Ok)
    }
}
