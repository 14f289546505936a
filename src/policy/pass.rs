//! A pass: what someone with the right to has opened, for whom, until when.

use crate::words::{Category, CategorySet, Grade, Host};

/// A pass in force. Which sessions it reaches is settled before it comes into an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    pub id: u16,
    /// The host it opens, with everything below; `None` opens whole categories.
    pub host: Option<Host>,
    pub categories: CategorySet,
    /// Who opened it, and so how far it goes.
    pub grade: Grade,
}

impl Pass {
    /// Whether the pass opens a host of these categories: every one that would be judged must be within what its giver may open.
    pub fn opens(&self, host: &Host, categories: CategorySet) -> bool {
        let named = match &self.host {
            Some(opened) => host.is_within(opened),
            None => !categories.and(self.categories).is_empty(),
        };
        named && categories.and(CategorySet::ORDINARY).iter().all(|c| self.may_open(c))
    }

    fn may_open(&self, category: Category) -> bool {
        match category.grade() {
            Grade::Never => false,
            Grade::Lead => self.grade == Grade::Lead,
            Grade::Teacher => self.grade != Grade::Never,
        }
    }
}
