//! What the lists say of one page: the entries of its host, and those that are pages of it, and patterns.

use super::{Header, Table, hash};
use crate::lists::key::Key;
use crate::lists::parse::Within;
use crate::lists::pattern::Set;
use crate::lists::source::Stands;
use crate::lists::{Found, KindId, Match, path};
use crate::words::Host;
use crate::words::host::PAGE;

/// Most bytes of a URL that patterns look at: what is longer than browsers send is looked at as far as this.
const LOOKED_AT: usize = 4096;

/// The patterns of a table, by what they look at.
#[derive(Default)]
pub(super) struct Patterns {
    host: Option<Set>,
    url: Option<Set>,
}

impl Patterns {
    /// `None`: one is no pattern, or of a kind that is not there.
    pub fn of(header: &Header, kinds: usize) -> Option<Self> {
        let number = |at: usize| u16::try_from(at).ok();
        let within = |within: Within| {
            let some = header.patterns.iter().enumerate().filter(|(_, pattern)| pattern.within == within);
            let some = some.map(|(at, pattern)| Some((number(at)?, pattern.text.as_str()))).collect::<Option<Vec<_>>>()?;
            if some.is_empty() { Some(None) } else { Set::of(&some).map(Some) }
        };
        let known = header.patterns.iter().all(|pattern| (pattern.kind as usize) < kinds);
        known.then_some(Self { host: within(Within::Host)?, url: within(Within::Url)? })
    }
}

impl Table {
    /// Everything the lists say of a page: what they say of its host, and every entry that is this page or one above it.
    /// `path` is path and query, as a door has it. A table without pages and patterns is asked for the host only.
    pub fn lookup_url(&self, host: &Host, path: &str) -> Found {
        let of_host = self.lookup(host);
        if self.header.asked.pages == 0 && self.patterns.url.is_none() {
            return of_host;
        }
        let readings: Vec<String> = path::readings(path).collect();
        let mut found = Found::NOTHING;
        if self.header.asked.pages > 0 {
            readings.iter().for_each(|path| self.pages(host, path, &mut found));
        }
        found = found.or(&of_host);
        if let Some(patterns) = &self.patterns.url {
            for path in &readings {
                let mut url = format!("{host}{path}");
                url.truncate(LOOKED_AT);
                self.add_patterns(patterns, url.as_bytes(), &mut found);
            }
        }
        found
    }

    fn pages(&self, host: &Host, path: &str, found: &mut Found) {
        let page = Key::of_page(host);
        let of_host = hash::name_hash(page.as_bytes());
        for end in path::ends(path) {
            let Some(number) = self.kind_of_page(&page, of_host, &path.as_bytes()[..end]) else { continue };
            let Some(categories) = self.kinds.get(number as usize).map(|kind| kind.of[Stands::Same as usize]) else { continue };
            if !categories.is_empty() {
                let labels = page.labels() | PAGE;
                push(found, Match { categories, labels, at: end as u16, kind: KindId(number) });
            }
        }
    }

    fn kind_of_page(&self, page: &Key, of_host: u64, path: &[u8]) -> Option<u32> {
        let key = page.with_path(path)?;
        let hash = hash::with_label(of_host, path);
        if self.header.filter.may_hold(self.filter(), hash) { self.kind_of(key.as_bytes(), hash) } else { None }
    }

    /// What patterns for hosts say of one. Without any this is one comparison.
    pub(super) fn with_host_patterns(&self, host: &Host, mut found: Found) -> Found {
        if let Some(patterns) = &self.patterns.host {
            self.add_patterns(patterns, host.as_str().as_bytes(), &mut found);
        }
        found
    }

    fn add_patterns(&self, patterns: &Set, text: &[u8], found: &mut Found) {
        for at in patterns.found(text) {
            let Some(kind) = self.header.patterns.get(usize::from(at)).map(|pattern| pattern.kind) else { continue };
            let Some(categories) = self.kinds.get(kind as usize).map(|kind| kind.of[Stands::Same as usize]) else { continue };
            push(found, Match { categories, labels: PAGE, at, kind: KindId(kind) });
        }
    }

    /// The text of the entry that matched this host and path: a name, a range, a page, a pattern.
    pub fn entry_text(&self, host: &Host, path: &str, found: &Match) -> String {
        match (found.labels & PAGE != 0, found.labels & !PAGE) {
            (false, labels) => host.entry(labels).into_owned(),
            (true, 0) => {
                let pattern = self.header.patterns.get(usize::from(found.at));
                pattern.map(|pattern| format!("/{}/", pattern.text)).unwrap_or_default()
            }
            (true, labels) => {
                let (page, end) = (Key::of_page(host), usize::from(found.at));
                let of_host = hash::name_hash(page.as_bytes());
                let holds = |path: &&str| self.kind_of_page(&page, of_host, path.as_bytes()) == Some(found.kind.0);
                let readings: Vec<String> = path::readings(path).collect();
                let path = readings.iter().filter_map(|path| path.get(..end)).find(holds);
                format!("{}{}", host.last_labels(labels), path.unwrap_or_default())
            }
        }
    }
}

/// Adds a match that another reading of the path has not brought.
fn push(found: &mut Found, new: Match) {
    if !found.matches().contains(&new) {
        found.push(new);
    }
}
