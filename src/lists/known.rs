//! What no list may do by mistake: close a whole platform, or a canary.

use super::parse::lines::{Line, Lines};
use super::parse::text::without_comment;
use super::{Origin, Reach, Reject};
use crate::words::{Category, CategorySet, Host, Role};
use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead};

/// What the compiler knows besides the lists. The default knows nothing.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub platforms: Platforms,
    pub canaries: Canaries,
}

/// A fault of `platforms.txt` or `canaries.txt`.
#[derive(Debug, thiserror::Error)]
pub enum KnownFault {
    #[error("reading stopped after line {line}: {error}")]
    Read { line: u64, error: io::Error },
    #[error("line {line}: {why}")]
    Line { line: u64, why: Reject },
    #[error("line {line}: `{section}` is no section of this file: write `[every]` or `[popular]`")]
    Section { line: u64, section: String },
    #[error("line {line}: a name before the first section: write `[every]` or `[popular]` above it")]
    NoSection { line: u64 },
}

/// Names of whole hosting platforms (telegra.ph, github.io): an entry equal to one stands for that host and `www.` alone.
#[derive(Debug, Clone, Default)]
pub struct Platforms(HashSet<Host>);

impl Platforms {
    /// Reads `platforms.txt`: one name a line, `#` comments.
    ///
    /// # Errors
    /// Every fault of the file, with its line.
    pub fn read(reader: &mut dyn BufRead) -> Result<Self, Vec<KnownFault>> {
        let mut names = HashSet::new();
        let mut faults = Vec::new();
        each_line(reader, &mut faults, |_, text| {
            names.insert(Host::parse(text).map_err(|_| Reject::NotAHost)?);
            Ok(())
        });
        if faults.is_empty() { Ok(Self(names)) } else { Err(faults) }
    }

    pub fn contains(&self, host: &Host) -> bool {
        self.0.contains(host)
    }

    /// In no order.
    pub fn iter(&self) -> impl Iterator<Item = &Host> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Host> for Platforms {
    fn from_iter<I: IntoIterator<Item = Host>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

/// Names that no public list may close by mistake.
#[derive(Debug, Clone, Default)]
pub struct Canaries {
    every: Nest,
    popular: Nest,
}

impl Canaries {
    /// The categories whose lists may not name what everybody visits. A list of social networks may name facebook.com.
    pub const HARM: CategorySet = CategorySet::of(&[
        Category::ADULT,
        Category::VIOLENCE,
        Category::WEAPONS,
        Category::HATE,
        Category::EXTREMISM,
        Category::SELF_HARM,
        Category::DRUGS,
        Category::GAMBLING,
        Category::CRIME,
        Category::MALWARE,
        Category::PHISHING,
    ]);

    /// Reads `canaries.txt`: `[every]` and `[popular]`, one name a line below them, `#` comments.
    ///
    /// # Errors
    /// Every fault of the file, with its line.
    pub fn read(reader: &mut dyn BufRead) -> Result<Self, Vec<KnownFault>> {
        let mut canaries = Self::default();
        let mut faults = Vec::new();
        let mut wrong_place = Vec::new();
        let mut popular = None;
        each_line(reader, &mut faults, |line, text| {
            match (text, popular) {
                ("[every]", _) => popular = Some(false),
                ("[popular]", _) => popular = Some(true),
                (section, _) if section.starts_with('[') => {
                    wrong_place.push(KnownFault::Section { line, section: section.to_owned() });
                }
                (_, None) => wrong_place.push(KnownFault::NoSection { line }),
                (name, Some(popular)) => {
                    let host = Host::parse(name).map_err(|_| Reject::NotAHost)?;
                    if popular { canaries.popular.add(host) } else { canaries.every.add(host) }
                }
            }
            Ok(())
        });
        faults.append(&mut wrong_place);
        if faults.is_empty() { Ok(canaries) } else { Err(faults) }
    }

    /// Takes the names of a list that ships (education, help, platform) as canaries for lists of every category.
    ///
    /// # Errors
    /// Every fault of the file, with its line.
    pub fn add_every(&mut self, reader: &mut dyn BufRead) -> Result<(), Vec<KnownFault>> {
        let mut faults = Vec::new();
        each_line(reader, &mut faults, |_, text| {
            self.every.add(Host::parse(text).map_err(|_| Reject::NotAHost)?);
            Ok(())
        });
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// The canary that an entry of this category would close, if any. Lists that let through close nothing, and nobody may
    /// take an entry from the locked tier.
    pub fn closed_by(&self, entry: &Host, reach: Reach, category: Category) -> Option<&Host> {
        if !matches!(category.role(), Role::Ordinary | Role::HarmfulCode) {
            return None;
        }
        let popular = if Self::HARM.contains(category) { self.popular.closed_by(entry, reach) } else { None };
        self.every.closed_by(entry, reach).or(popular)
    }

    /// The canaries of lists of this category.
    pub fn of(&self, category: Category) -> impl Iterator<Item = &Host> {
        let popular = Self::HARM.contains(category).then(|| self.popular());
        let closes = matches!(category.role(), Role::Ordinary | Role::HarmfulCode);
        closes.then(|| self.every().chain(popular.into_iter().flatten())).into_iter().flatten()
    }

    /// Canaries for lists of every category.
    pub fn every(&self) -> impl Iterator<Item = &Host> {
        self.every.names.iter()
    }

    /// Canaries for lists of [`Canaries::HARM`] only.
    pub fn popular(&self) -> impl Iterator<Item = &Host> {
        self.popular.names.iter()
    }
}

/// Canaries, and every parent of one with the canary it would close.
#[derive(Debug, Clone, Default)]
struct Nest {
    names: HashSet<Host>,
    parents: HashMap<String, Host>,
}

impl Nest {
    fn add(&mut self, canary: Host) {
        for parent in canary.suffixes().skip(1) {
            self.parents.entry(parent.to_owned()).or_insert(canary);
        }
        self.names.insert(canary);
    }

    fn closed_by(&self, entry: &Host, reach: Reach) -> Option<&Host> {
        self.names.get(entry).or_else(|| match reach {
            Reach::Below => self.parents.get(entry.as_str()),
            Reach::HostOnly => self.names.get(format!("www.{entry}").as_str()),
            Reach::Exact => None,
        })
    }
}

/// What an entry of a list of this origin reaches once what is known has been asked, or why it is not taken.
///
/// # Errors
/// [`Reject::PublicSuffix`], [`Reject::Canary`].
pub(super) fn reach_of(entry: &Host, category: Category, origin: Origin, own: Reach, known: &Known) -> Result<Reach, Reject> {
    let suffix = if entry.is_address() { None } else { psl::suffix(entry.as_str().as_bytes()) };
    let owner = suffix.filter(|s| s.as_bytes() == entry.as_str().as_bytes()).and_then(|s| s.typ());
    let reach = match owner {
        // nhs.uk and gov.uk are public suffixes with one owner: what ships may let them through, nothing may block them.
        Some(psl::Type::Icann) if !(origin == Origin::Shipped && super::source::lets_through(category)) => {
            // `nhs.uk` is both: a list that names it does worse than one that names `co.uk`.
            let canary = origin == Origin::Public && known.canaries.closed_by(entry, Reach::HostOnly, category).is_some();
            return Err(if canary { Reject::Canary } else { Reject::PublicSuffix });
        }
        Some(psl::Type::Private) => own.max(Reach::HostOnly),
        _ if known.platforms.contains(entry) => own.max(Reach::HostOnly),
        _ => own,
    };
    if origin == Origin::Public && known.canaries.closed_by(entry, reach, category).is_some() {
        return Err(Reject::Canary);
    }
    Ok(reach)
}

fn each_line(reader: &mut dyn BufRead, faults: &mut Vec<KnownFault>, mut each: impl FnMut(u64, &str) -> Result<(), Reject>) {
    let mut lines = Lines::new(reader);
    loop {
        let at = lines.count();
        let (line, said) = match lines.next_line() {
            Ok(Some((line, Line::Text(text)))) => match without_comment(text, b"#") {
                Ok("") => continue,
                Ok(text) => (line, each(line, text)),
                Err(why) => (line, Err(why)),
            },
            Ok(Some((line, Line::TooLong))) => (line, Err(Reject::TooLong)),
            Ok(None) => return,
            Err(error) => return faults.push(KnownFault::Read { line: at, error }),
        };
        if let Err(why) = said {
            faults.push(KnownFault::Line { line, why });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host {
        Host::parse(text).expect("a host")
    }

    fn known() -> Known {
        let canaries = "# c\n[every]\nbbc.co.uk\nwww.gov.uk\nfonts.example.net\n[popular]\nfacebook.com\n";
        Known {
            platforms: Platforms::read(&mut "# p\ntelegra.ph\n".as_bytes()).expect("platforms"),
            canaries: Canaries::read(&mut canaries.as_bytes()).expect("canaries"),
        }
    }

    #[test]
    fn a_suffix_is_refused_and_a_platform_stands_for_itself() {
        let known = known();
        for (entry, expected) in [
            ("example.com", Ok(Reach::Below)),
            ("com.example.com", Ok(Reach::Below)),
            ("co.uk", Err(Reject::PublicSuffix)),
            ("nhs.uk", Err(Reject::PublicSuffix)),
            ("github.io", Ok(Reach::HostOnly)),
            ("someone.github.io", Ok(Reach::Below)),
            ("telegra.ph", Ok(Reach::HostOnly)),
            ("203.0.113.7", Ok(Reach::Below)),
        ] {
            assert_eq!(reach_of(&host(entry), Category::ADULT, Origin::School, Reach::Below, &known), expected, "{entry}");
        }
        let shipped = |category| reach_of(&host("nhs.uk"), category, Origin::Shipped, Reach::Below, &known);
        assert_eq!(shipped(Category::HELP), Ok(Reach::Below));
        assert_eq!(shipped(Category::ADULT), Err(Reject::PublicSuffix));
    }

    #[test]
    fn a_public_list_closes_no_canary_but_the_school_may() {
        let known = known();
        for (entry, category, origin, refused) in [
            ("bbc.co.uk", Category::VIDEO, Origin::Public, true),
            ("bbc.co.uk", Category::VIDEO, Origin::School, false),
            ("bbc.co.uk", Category::EDUCATION, Origin::Public, false),
            ("bbc.co.uk", Category::ILLEGAL_CSAM, Origin::Public, false),
            ("example.net", Category::ADVERTS, Origin::Public, true),
            ("ads.bbc.co.uk", Category::ADVERTS, Origin::Public, false),
            ("facebook.com", Category::SOCIAL_NETWORKING, Origin::Public, false),
            ("facebook.com", Category::PHISHING, Origin::Public, true),
        ] {
            let reach = reach_of(&host(entry), category, origin, Reach::Below, &known);
            assert_eq!(reach == Err(Reject::Canary), refused, "{entry} {category} {origin:?}");
        }
        let only = |entry| known.canaries.closed_by(&host(entry), Reach::HostOnly, Category::ADULT).is_some();
        assert!(only("gov.uk") && !only("co.uk"));
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        let text = "early.example\n[every]\nok.example\nno/host\n[some]\n";
        let faults = Canaries::read(&mut text.as_bytes()).expect_err("three faults");
        let mut said: Vec<_> = faults.iter().map(ToString::to_string).collect();
        said.sort();
        assert_eq!(said.len(), 3);
        for (said, starts) in said.iter().zip(["line 1: a name before", "line 4: not a host", "line 5: `[some]` is no section"]) {
            assert!(said.starts_with(starts), "{said}");
        }
        assert!(Platforms::read(&mut b"ok.example\n\x01\n".as_slice()).is_err());
    }
}
