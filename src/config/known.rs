//! Names that other places refer to: profiles, groups.

use super::fault::{Place, Placed, Wrong, shown};
use super::file::Section;
use super::near::suggest;
use std::collections::HashMap;

/// What is defined, by name.
pub(super) struct Known<T> {
    /// What it is called in a fault: 'profile'.
    what: &'static str,
    by_name: HashMap<String, (T, Place)>,
    /// In the order they were defined, to list them.
    names: Vec<String>,
    /// A file that may define more could not be read: then an unknown name is no fault of the one who wrote it.
    whole: bool,
}

impl<T: Copy> Known<T> {
    pub fn new(what: &'static str, whole: bool) -> Self {
        Self { what, by_name: HashMap::new(), names: Vec::new(), whole }
    }

    /// What a configuration that was read has defined; `place` stands for the places it does not keep.
    pub fn of(what: &'static str, defined: impl IntoIterator<Item = (String, T)>, place: Place) -> Self {
        let mut known = Self::new(what, true);
        for (name, value) in defined {
            known.names.push(name.clone());
            known.by_name.insert(name, (value, place));
        }
        known
    }

    /// Defines a name; a second time is a fault.
    pub fn define(&mut self, section: &Section, name: &Placed<String>, value: T) -> bool {
        if let Some((_, first)) = self.by_name.get(&name.value) {
            let title = format!("there are two {}s called {}", self.what, shown(&name.value));
            section.fault(Wrong::new(title, "give this one another name").at(name.place).first(*first));
            return false;
        }
        self.by_name.insert(name.value.clone(), (value, name.place));
        self.names.push(name.value.clone());
        true
    }

    /// What a name refers to; an unknown one is a fault, `title` says of what.
    pub fn find(&self, section: &Section, name: &Placed<&str>, title: &str) -> Option<T> {
        let found = self.by_name.get(name.value).map(|(value, _)| *value);
        if found.is_none() && self.whole {
            let none = format!("no {} is defined", self.what);
            let label = suggest(name.value, self.names.iter().map(String::as_str), &none);
            section.fault(Wrong::new(title, label).at(name.place));
        }
        found
    }

    /// Whether every file that may define more could be read.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }
}
