//! Lists read and looked up in the plainest way there is: a map of names and a walk up the labels. It shares no code with what
//! it is compared with but the host and the Public Suffix List.

use regex::bytes::{Regex, RegexBuilder};
use schoolgate::lists::{Format, Platforms};
use schoolgate::words::{Category, CategorySet, Host};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A list as a test has it.
pub struct List {
    pub name: String,
    pub category: Category,
    pub format: Format,
    pub text: Vec<u8>,
}

/// One entry of a list.
pub struct Entry {
    pub host: Host,
    pub reach: Reach,
}

/// How far an entry reaches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    Below,
    /// The host and `www.` alone.
    Host,
    /// Nothing but the name.
    Exact,
}

/// What a list says.
pub struct Said {
    pub entries: Vec<Entry>,
    /// Names that, with all below them, the list takes out again.
    pub exceptions: HashSet<String>,
    /// What v2fly says by a pattern over a whole host.
    pub patterns: Vec<Regex>,
}

/// Reads a list.
pub fn read(list: &List, platforms: &Platforms) -> Said {
    let mut said = Said { entries: Vec::new(), exceptions: HashSet::new(), patterns: Vec::new() };
    for line in String::from_utf8_lossy(&list.text).lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '!', ';', '[', '$', '@']) && !line.starts_with("@@") {
            continue;
        }
        let word = line.split_whitespace().next().unwrap_or_default();
        let (name, reach) = match list.format {
            Format::Hosts => (line.split_whitespace().nth(1).unwrap_or_default(), Reach::Below),
            Format::Adblock => match line.strip_prefix("@@||") {
                Some(name) => {
                    said.exceptions.insert(name.trim_end_matches('^').to_owned());
                    continue;
                }
                None if line.starts_with("||") => (line[2..].trim_end_matches('^'), Reach::Below),
                None => (line.trim_start_matches('|').trim_end_matches('^'), Reach::Exact),
            },
            Format::Rpz if !line.ends_with("CNAME .") => continue,
            Format::Rpz => match word.strip_prefix("*.") {
                Some(name) => (name, Reach::Below),
                None => (word, Reach::Exact),
            },
            Format::V2fly => match word.split('#').next().unwrap_or_default().split_once(':') {
                Some(("full", name)) => (name, Reach::Exact),
                Some(("domain", name)) => (name, Reach::Below),
                Some((kind, _)) => {
                    let pattern = word.strip_prefix("regexp:").filter(|_| kind == "regexp");
                    let pattern =
                        pattern.and_then(|text| RegexBuilder::new(text).unicode(false).case_insensitive(true).build().ok());
                    // What fits a name that nobody could mean is refused as too broad.
                    said.patterns.extend(pattern.filter(|pattern| !pattern.is_match(b"zq7xw-kvj.invalid")));
                    continue;
                }
                None => (word.split('#').next().unwrap_or_default(), Reach::Below),
            },
            _ => (word.trim_start_matches("*."), Reach::Below),
        };
        let Ok(host) = Host::parse(name) else { continue };
        if let Some(reach) = reach_of(&host, reach, platforms) {
            said.entries.push(Entry { host, reach });
        }
    }
    said
}

/// How far an entry of this name reaches that the list means so; `None`: it is no entry.
fn reach_of(host: &Host, own: Reach, platforms: &Platforms) -> Option<Reach> {
    if let Some(address) = host.address() {
        let nobody = address.is_loopback() || address.is_unspecified() || address.is_multicast();
        let local = |v4: std::net::Ipv4Addr| v4.is_private() || v4.is_link_local() || v4.is_broadcast();
        let private = matches!(address, std::net::IpAddr::V4(v4) if local(v4));
        return (!nobody && !private).then_some(Reach::Below);
    }
    let (last, labels) = (host.last_labels(1), host.labels());
    if labels < 2 || ["local", "localhost", "localdomain", "arpa"].contains(&last) || last.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let suffix = psl::suffix(host.as_str().as_bytes()).filter(|s| s.as_bytes() == host.as_str().as_bytes());
    match suffix.and_then(|s| s.typ()) {
        Some(psl::Type::Icann) => None,
        Some(psl::Type::Private) => Some(own.max(Reach::Host)),
        None if platforms.contains(host) => Some(own.max(Reach::Host)),
        None => Some(own),
    }
}

/// Every entry of every list by name.
pub struct Reference {
    names: HashMap<String, Vec<(usize, Reach)>>,
    exceptions: Vec<HashSet<String>>,
    patterns: Vec<(Category, Regex)>,
    categories: Vec<Category>,
}

impl Reference {
    pub fn new(lists: &[List], platforms: &Platforms) -> Self {
        let mut names: HashMap<String, Vec<(usize, Reach)>> = HashMap::new();
        let (mut exceptions, mut patterns) = (Vec::new(), Vec::new());
        for (number, list) in lists.iter().enumerate() {
            let said = read(list, platforms);
            for Entry { host, reach } in said.entries {
                names.entry(host.to_string()).or_default().push((number, reach));
            }
            exceptions.push(said.exceptions);
            patterns.extend(said.patterns.into_iter().map(|pattern| (list.category, pattern)));
        }
        Self { names, exceptions, patterns, categories: lists.iter().map(|l| l.category).collect() }
    }

    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.names.keys()
    }

    /// Whether an exception of this list reaches the host.
    pub fn excepts(&self, list: usize, host: &Host) -> bool {
        !self.exceptions[list].is_empty() && suffixes(host).any(|suffix| self.exceptions[list].contains(suffix))
    }

    /// What the lists say of a host: by how many labels the entry has, by a pattern under [`BY_PATTERN`].
    pub fn look_up(&self, host: &Host) -> BTreeMap<u8, CategorySet> {
        let mut found = BTreeMap::new();
        for suffix in suffixes(host) {
            let nearest = match host.as_str().strip_prefix("www.") {
                _ if suffix == host.as_str() => Reach::Exact,
                Some(rest) if rest == suffix => Reach::Host,
                _ => Reach::Below,
            };
            let saying = self.names.get(suffix).into_iter().flatten();
            let saying = saying.filter(|(list, reach)| *reach <= nearest && !self.excepts(*list, host));
            let categories: CategorySet = saying.map(|(list, _)| self.categories[*list]).collect();
            if !categories.is_empty() {
                let labels = if host.is_address() { 1 } else { suffix.split('.').count() as u8 };
                found.insert(labels, categories);
            }
        }
        let fits = self.patterns.iter().filter(|(_, pattern)| pattern.is_match(host.as_str().as_bytes()));
        let by_pattern: CategorySet = fits.map(|(category, _)| *category).collect();
        if !by_pattern.is_empty() {
            found.insert(BY_PATTERN, by_pattern);
        }
        found
    }
}

/// More labels than a host has.
pub const BY_PATTERN: u8 = 128;

/// The host and every parent of it; an address has none, and is no name's parent.
fn suffixes(host: &Host) -> impl Iterator<Item = &str> {
    let text = host.as_str();
    let dots = text.bytes().enumerate().filter(|(_, c)| *c == b'.' && !host.is_address()).map(|(at, _)| at + 1);
    let is_name = |suffix: &&str| suffix.len() == text.len() || suffix.parse::<std::net::IpAddr>().is_err();
    std::iter::once(0).chain(dots).map(|at| &text[at..]).filter(is_name)
}
