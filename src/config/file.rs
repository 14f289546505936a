//! The files as they are written: tables and values with their places, read key by key.
//!
//! Nothing stops at the first fault: a reader says what is wrong, goes on with what it has, and every fault comes out at once.

use super::fault::{Fault, Faults, Place, Placed, Spot, Text, Wrong, shown};
use super::item::{Item, List};
use super::near::suggest;
use std::cell::RefCell;
use std::collections::HashSet;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// All files, parsed; and the faults found so far.
pub(super) struct Reader<'a> {
    texts: &'a [Text],
    documents: Vec<Spanned<DeTable<'a>>>,
    /// The lines of each file that are not TOML, by their first byte.
    broken: Vec<HashSet<usize>>,
    faults: RefCell<Vec<Fault>>,
    /// Every key that was asked for, so that a test can hold the shipped file to naming them all.
    #[cfg(test)]
    pub asked: RefCell<std::collections::BTreeSet<String>>,
}

impl<'a> Reader<'a> {
    pub fn new(texts: &'a [Text]) -> Self {
        let mut faults = Vec::new();
        let mut broken = Vec::new();
        let mut documents = Vec::new();
        for (file, text) in texts.iter().enumerate() {
            let (document, errors) = DeTable::parse_recoverable(&text.text);
            let mut lines = HashSet::new();
            for error in errors {
                let place = Place::of(file, error.span().unwrap_or(0..0));
                // One slip often makes several errors on its line: the first says it.
                if lines.insert(line_of(&text.text, place)) {
                    faults.push(not_toml(error.message()).at(place));
                }
            }
            broken.push(lines);
            documents.push(document);
        }
        Self {
            texts,
            documents,
            broken,
            faults: RefCell::new(faults),
            #[cfg(test)]
            asked: RefCell::default(),
        }
    }

    /// Whether all of these files could be read as TOML: where not, what is missing may be there after all.
    pub fn whole(&self, files: impl IntoIterator<Item = usize>) -> bool {
        files.into_iter().all(|f| self.broken.get(f).is_none_or(HashSet::is_empty))
    }

    /// The top of these files, read as one.
    pub fn root(&self, files: impl IntoIterator<Item = usize>, name: &'static str) -> Section<'_> {
        let tables: Vec<_> = files.into_iter().filter_map(|f| Some((f, self.documents.get(f)?.get_ref()))).collect();
        let place = Place::of(tables.first().map_or(0, |(f, _)| *f), 0..0);
        Section::new(self, name.to_owned(), place, tables)
    }

    pub fn fault(&self, fault: Fault) {
        // What stands on a line that is no TOML was read wrongly, and says nothing.
        let place = fault.place();
        let of_broken_line =
            self.broken.get(place.file).is_some_and(|lines| !lines.is_empty() && lines.contains(&self.line_of(place)));
        if !of_broken_line {
            self.faults.borrow_mut().push(fault);
        }
    }

    pub fn is_faultless(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    /// Every fault found.
    pub fn faults(self) -> Faults {
        Faults::new(self.texts.to_vec(), self.faults.into_inner())
    }

    fn line_of(&self, place: Place) -> usize {
        self.texts.get(place.file).map_or(0, |t| line_of(&t.text, place))
    }
}

fn line_of(text: &str, place: Place) -> usize {
    let before = &text.as_bytes()[..place.start.min(text.len())];
    before.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1)
}

fn not_toml(message: &str) -> Wrong {
    match message {
        "duplicate key" => Wrong::new("this is written twice", "delete one of them"),
        m if m.starts_with("string values must be quoted") => Wrong::new("this is not TOML", "texts stand in quotes: \"…\""),
        m if m.starts_with("invalid basic string, expected `\"`") => {
            Wrong::new("this is not TOML", "the closing quote is missing")
        }
        m => Wrong::new("this is not TOML", m),
    }
}

/// One table, or the same table written in several files: `[dns]` of the main file and of `conf.d`.
pub(super) struct Section<'r> {
    reader: &'r Reader<'r>,
    /// As a fault names it: `[dns]`.
    name: String,
    place: Place,
    tables: Vec<(usize, &'r DeTable<'r>)>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'r> Section<'r> {
    fn new(reader: &'r Reader<'r>, name: String, place: Place, tables: Vec<(usize, &'r DeTable<'r>)>) -> Self {
        Self { reader, name, place, tables, asked: RefCell::default() }
    }

    /// Where it begins.
    pub fn place(&self) -> Place {
        self.place
    }

    pub fn fault(&self, fault: Fault) {
        self.reader.fault(fault);
    }

    /// A place of it, for who opens later what is named there.
    pub fn spot(&self, place: Place) -> Option<Spot> {
        self.reader.texts.get(place.file).map(|text| text.spot(place))
    }

    /// One value, `None` if it is not written or wrong.
    pub fn value<T>(&self, key: &'static str, read: impl FnOnce(&Item<'r>) -> Result<T, Wrong>) -> Option<Placed<T>> {
        let item = self.item(key)?;
        item.keep(self.reader, read)
    }

    /// One value that must be written.
    pub fn need<T>(&self, key: &'static str, read: impl FnOnce(&Item<'r>) -> Result<T, Wrong>) -> Option<Placed<T>> {
        self.missing(key);
        self.value(key, read)
    }

    /// A list of values; one value may stand without brackets. Wrong ones are left out.
    pub fn list<T>(&self, key: &'static str, mut read: impl FnMut(&Item<'r>) -> Result<T, Wrong>) -> Option<List<T>> {
        let item = self.item(key)?;
        let place = item.place;
        let items = match item.value {
            DeValue::Array(array) => {
                array.iter().map(|v| Item { key, place: Place::of(place.file, v.span()), value: v.get_ref() }).collect()
            }
            _ => vec![item],
        };
        let empty = items.is_empty();
        Some(List { items: items.iter().filter_map(|i| i.keep(self.reader, &mut read)).collect(), place, empty })
    }

    /// A list of which each value is either one that `text` reads, or a table `{ key = … }` that `table` reads.
    pub fn texts_or_tables<T>(
        &self,
        key: &'static str,
        text: impl Fn(&Item<'r>) -> Result<T, Wrong>,
        table: impl Fn(&Section<'r>) -> Option<T>,
    ) -> Option<List<T>> {
        let item = self.item(key)?;
        let items = match item.value {
            DeValue::Array(array) => {
                array.iter().map(|v| Item { key, place: Place::of(item.place.file, v.span()), value: v.get_ref() }).collect()
            }
            _ => vec![Item { ..item }],
        };
        let read = |item: &Item<'r>| {
            let DeValue::Table(keys) = item.value else { return item.keep(self.reader, &text) };
            let section = Section::new(self.reader, format!("`{key}`"), item.place, vec![(item.place.file, keys)]);
            let value = table(&section);
            section.end();
            value.map(|value| Placed { value, place: item.place })
        };
        Some(List { items: items.iter().filter_map(read).collect(), place: item.place, empty: items.is_empty() })
    }

    /// A list that must be written.
    pub fn need_list<T>(&self, key: &'static str, read: impl FnMut(&Item<'r>) -> Result<T, Wrong>) -> Option<List<T>> {
        self.missing(key);
        self.list(key, read)
    }

    /// Whether anything is written for this key, right or wrong.
    pub fn has(&self, key: &str) -> bool {
        self.tables.iter().any(|(_, table)| table.contains_key(key))
    }

    /// That one of two keys is written.
    pub fn need_one_of(&self, [one, other]: [&'static str; 2]) {
        if !self.has(one) && !self.has(other) && self.reader.whole(self.tables.iter().map(|(f, _)| *f)) {
            let title = format!("{} has neither `{one}` nor `{other}`", self.name);
            self.fault(Wrong::new(title, format!("add one of `{one}` or `{other}` below this line")).at(self.place));
        }
    }

    fn missing(&self, key: &'static str) {
        if self.item(key).is_none() && self.reader.whole(self.tables.iter().map(|(f, _)| *f)) {
            let wrong = Wrong::new(format!("{} has no `{key}`", self.name), format!("add `{key} = …` below this line"));
            self.fault(wrong.at(self.place));
        }
    }

    /// The table of this key; empty if it is not written.
    pub fn section(&self, key: &'static str) -> Section<'r> {
        self.ask(key);
        let mut place = None;
        let mut tables = Vec::new();
        for (at, value) in self.written(key) {
            match value {
                DeValue::Table(table) => tables.push((at.file, table)),
                DeValue::Array(_) => {
                    let right = match key {
                        "lists" => {
                            "a list of your own is a `[[list]]`; what holds for all of them stands under `[lists]`".to_owned()
                        }
                        _ => format!("write `[{key}]`, in single brackets"),
                    };
                    let wrong = Wrong::new(format!("there is one `{key}` only"), right);
                    self.fault(wrong.at(at));
                }
                _ => self.fault(no_table(key, &format!("[{key}]")).at(at)),
            }
            place = place.or(Some(at));
        }
        Section::new(self.reader, format!("[{}]", self.below(key)), place.unwrap_or(self.place), tables)
    }

    /// What a table of this key is called in full: `key` at the top, `dns.key` below `[dns]`.
    fn below(&self, key: &str) -> String {
        match self.name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
            Some(above) => format!("{above}.{key}"),
            None => key.to_owned(),
        }
    }

    /// Every table of `[[key]]`, in the order they are written.
    pub fn sections(&self, key: &'static str) -> Vec<Section<'r>> {
        self.ask(key);
        let full = self.below(key);
        let mut sections = Vec::new();
        for (at, value) in self.written(key) {
            let DeValue::Array(array) = value else {
                let wrong =
                    Wrong::new(format!("there may be more than one `{key}`"), format!("write `[[{full}]]`, in double brackets"));
                self.fault(wrong.at(at));
                continue;
            };
            for item in array.iter() {
                let place = Place::of(at.file, item.span());
                match item.get_ref() {
                    DeValue::Table(table) => {
                        sections.push(Section::new(self.reader, format!("[[{full}]]"), place, vec![(at.file, table)]));
                    }
                    _ => self.fault(no_table(key, &format!("[[{full}]]")).at(place)),
                }
            }
        }
        sections
    }

    /// Every table `[key.NAME]` with its name, in the order they are written.
    pub fn named(&self, key: &'static str) -> Vec<(Placed<&'r str>, Section<'r>)> {
        self.ask(key);
        let mut named = Vec::new();
        for (at, value) in self.written(key) {
            let DeValue::Table(table) = value else {
                let wrong = Wrong::new(format!("every `{key}` has a name"), format!("write `[{key}.NAME]`"));
                self.fault(wrong.at(at));
                continue;
            };
            for (name, value) in table.iter() {
                let place = Place::of(at.file, name.span());
                let name = name.get_ref().as_ref();
                match value.get_ref() {
                    DeValue::Table(table) => named.push((
                        Placed { value: name, place },
                        Section::new(self.reader, format!("[{key}.{name}]"), place, vec![(at.file, table)]),
                    )),
                    _ => self.fault(no_table(key, &format!("[{key}.NAME]")).at(place)),
                }
            }
        }
        named.sort_by_key(|(name, _)| name.place);
        named
    }

    /// Says which keys are known to nobody. Call it when every key has been asked for.
    pub fn end(&self) {
        let asked = self.asked.borrow();
        for (file, table) in &self.tables {
            for (key, _) in table.iter().filter(|(key, _)| !asked.contains(&key.get_ref().as_ref())) {
                let word = key.get_ref().as_ref();
                let label = suggest(word, asked.iter().copied(), "nothing is known here");
                let wrong = Wrong::new(format!("{} is not known in {}", shown(word), self.name), label);
                self.fault(wrong.at(Place::of(*file, key.span())));
            }
        }
    }

    fn ask(&self, key: &'static str) {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
            #[cfg(test)]
            self.reader.asked.borrow_mut().insert(format!("{} {key}", self.name));
        }
    }

    /// Every table's value of this key, with its place.
    fn written(&self, key: &str) -> Vec<(Place, &'r DeValue<'r>)> {
        self.tables.iter().filter_map(|(f, t)| t.get(key).map(|v| (Place::of(*f, v.span()), v.get_ref()))).collect()
    }

    /// The one value of this key. Two files that both write it disagree, if not today then after the next edit.
    fn item(&self, key: &'static str) -> Option<Item<'r>> {
        let first_time = !self.asked.borrow().contains(&key);
        self.ask(key);
        let written = self.written(key);
        let &(place, value) = written.first()?;
        for (again, _) in written.iter().skip(1).filter(|_| first_time) {
            let wrong = Wrong::new(format!("`{key}` of {} is written in two files", self.name), "delete one of them");
            self.fault(wrong.at(*again).first(place));
        }
        Some(Item { key, place, value })
    }
}

fn no_table(key: &str, right: &str) -> Wrong {
    Wrong::new(format!("`{key}` is a section, not a value"), format!("write `{right}` on a line of its own"))
}
