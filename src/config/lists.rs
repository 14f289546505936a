//! `[lists]` and `[[list]]`: the lists that ship, the sealed ones, those that are fetched, and those the school adds.

use super::categories::Categories;
use super::fault::{Spot, Wrong, shown};
use super::file::Section;
use super::item::{Item, List};
use super::known::Known;
use super::near::suggest;
use super::phrases::{self, PhraseSource};
use super::public::{self, PublicList};
use super::upstream::Upstream;
use super::values;
use crate::lists::Format;
use crate::lists::locked::Key;
use crate::words::{Category, CategorySet, Role};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// Most lists of one table: an entry's sources are numbered in 13 bits, and the lists that ship want some of them.
const MAX_LISTS: usize = 8_000;

/// What `fetch` calls the sources of the catalogue that say `default = true`.
const DEFAULT: &str = "default";

#[derive(Debug, Clone)]
pub struct Lists {
    /// The folder of the lists that ship: one `CATEGORY.txt` a category.
    pub shipped: PathBuf,
    /// The school's own files.
    pub sources: Vec<Source>,
    /// The sealed lists of the locked tier.
    pub locked: Vec<SealedFile>,
    /// Whose signature they must have.
    pub locked_key: Option<Key>,
    /// What is fetched: of the catalogue what `fetch` and `without` leave, then the school's with a `url`.
    pub public: Vec<PublicList>,
    pub update: Update,
    /// Where the files are taken from instead of the network, and where that is written.
    pub offline: Option<PathBuf>,
    pub offline_at: Option<Spot>,
    /// Who is asked for the addresses of the lists' hosts; empty: the system's resolver.
    pub bootstrap: Vec<Upstream>,
    /// A certificate authority beside those of the system's store.
    pub trust: Option<PathBuf>,
    /// Categories that the school blocks by the list that ships alone, and knows it.
    pub shipped_is_enough: CategorySet,
    /// By what pages are scored.
    pub phrases: Vec<PhraseSource>,
}

/// A sealed list, and where it is named: what is wrong with the file is told by who opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedFile {
    pub path: PathBuf,
    pub at: Spot,
}

/// Most sealed lists: a category has a handful of issuers in the world.
const MAX_LOCKED: usize = 16;

/// A list the school added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub category: Category,
    pub file: PathBuf,
    /// Which part of the folder or archive it is, if not all of it.
    pub inside: Option<String>,
    pub format: Format,
}

/// When the public lists are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// When somebody says so.
    Never,
    /// Each day at this minute of the school's.
    Daily(u16),
}

/// What a list's path begins in, and what stands if nothing is written.
pub(super) struct Folders<'a> {
    /// That of the main file.
    pub main: &'a Path,
    /// The lists that ship.
    pub shipped: &'a Path,
}

/// The folder of the lists that ship, as `root` says.
pub(super) fn shipped(root: &Section, folders: &Folders) -> PathBuf {
    let written = root.section("lists").value("shipped", |item| path(item.text()?));
    written.map_or_else(|| folders.shipped.to_owned(), |p| folders.main.join(p.value))
}

/// `upstreams` are those of the doors: asked for the lists' hosts as well unless somebody else is written.
pub(super) fn read(
    root: &Section,
    catalogue: &Section,
    categories: &Categories,
    folders: &Folders,
    upstreams: &[Upstream],
    whole: bool,
) -> Lists {
    let shipped = shipped(root, folders);
    let mut known = Known::new("list", whole);
    let catalogue = Catalogue::read(catalogue, categories, &mut known);
    let section = root.section("lists");
    let _ = section.value("shipped", |item| path(item.text()?));
    let update = section.value("update", update).map_or(Update::Never, |u| u.value);
    let mut public = catalogue.chosen(&section, whole);
    let offline = section.value("offline", |item| path(item.text()?));
    let offline_at = offline.and_then(|written| section.spot(written.place));
    let offline = offline.map(|written| folders.main.join(written.value));
    let bootstrap = section.list("bootstrap", values::upstream);
    let bootstrap = bootstrap.map_or(upstreams.to_vec(), |l| l.items.into_iter().map(|a| a.value.into()).collect());
    let trust = section.value("trust", |item| path(item.text()?)).map(|p| folders.main.join(p.value));
    let enough = section.list("shipped_is_enough", |item| {
        let category = categories.category(item, "this is no category")?;
        match category.filter(|c| c.id().is_none()) {
            Some(_) => Err(Wrong::new("no list ships for a category of the school's own", "give it a [[list]], and delete this")),
            None => Ok(category),
        }
    });
    let shipped_is_enough = List::values(enough).into_iter().flatten().collect();
    let locked = locked(&section, folders.main);
    let locked_key = section.value("locked_key", |item| {
        let wrong = |why| Wrong::new(format!("{} does not check a signature", shown(item.text().unwrap_or_default())), why);
        Key::parse(item.text()?).map_err(|_| wrong("the last line of the issuer's minisign.pub: 56 characters, `RW` first"))
    });
    section.end();

    let sections = root.sections("list");
    if let Some(first) = sections.get(MAX_LISTS) {
        first.fault(Wrong::new(format!("there are more than {MAX_LISTS} lists"), "this is the first too many").at(first.place()));
    }
    let mut sources = Vec::new();
    for section in sections.iter().take(MAX_LISTS) {
        if section.has("url") {
            public.extend(fetched(section, categories, &mut known));
        } else {
            sources.extend(source(section, categories, folders.main, &shipped, &mut known));
        }
    }
    Lists {
        shipped,
        sources,
        locked,
        locked_key: locked_key.map(|key| key.value),
        public: one_folder_each(root, public),
        update,
        offline,
        offline_at,
        bootstrap,
        trust,
        shipped_is_enough,
        phrases: phrases::read(root, categories, folders.main),
    }
}

/// `[[source]]` of `sources.toml`.
struct Catalogue {
    lists: Vec<(PublicList, bool)>,
}

impl Catalogue {
    fn read(root: &Section, categories: &Categories, known: &mut Known<()>) -> Self {
        let read = |section: &Section| {
            let (name, list, default) = public::of_catalogue(section, categories)?;
            known.define(section, &name, ()).then_some((list, default))
        };
        Self { lists: root.sections("source").iter().take(MAX_LISTS).filter_map(read).collect() }
    }

    /// What of the catalogue is fetched, in its order.
    fn chosen(&self, section: &Section, whole: bool) -> Vec<PublicList> {
        let name = |item: &Item, more: &[&str]| {
            let text = item.text()?;
            let names = self.lists.iter().map(|(list, _)| list.name.as_str()).chain(more.iter().copied());
            if whole && !names.clone().any(|n| n == text) {
                let label = suggest(text, names, "no sources.toml is there");
                return Err(Wrong::new(format!("there is no public list {}", shown(text)), label)
                    .help("sources.toml, among the lists that ship, names them all; a `[[list]]` with `url` is always fetched"));
            }
            Ok(text.to_owned())
        };
        let fetch = section.list("fetch", |item| name(item, &[DEFAULT]));
        let fetch = fetch.map_or(vec![DEFAULT.to_owned()], |l| List::values(Some(l)));
        let without = List::values(section.list("without", |item| name(item, &[])));
        let by_default = fetch.iter().any(|f| f == DEFAULT);
        let wanted = |(list, default): &&(PublicList, bool)| {
            (*default && by_default || fetch.contains(&list.name)) && !without.contains(&list.name)
        };
        self.lists.iter().filter(wanted).map(|(list, _)| list.clone()).collect()
    }
}

/// A list of the school's that is fetched.
fn fetched(section: &Section, categories: &Categories, known: &mut Known<()>) -> Option<PublicList> {
    if let Some(file) = section.value("file", Item::text) {
        let wrong = Wrong::new("a list is a file or is fetched, not both", "delete this or `url`");
        section.fault(wrong.at(file.place));
    }
    let (name, list) = public::read(section, categories, NONE_OF_THE_SCHOOLS)?;
    known.define(section, &name, ()).then_some(list)
}

/// Two names that become one folder: the second is left out, and told.
fn one_folder_each(root: &Section, lists: Vec<PublicList>) -> Vec<PublicList> {
    let mut names: HashMap<String, String> = HashMap::new();
    let mut kept = Vec::new();
    for list in lists {
        match names.get(&list.file_name()) {
            Some(other) if *other != list.name => {
                let title = format!("lists {} and {} would be kept in one folder", shown(other), shown(&list.name));
                root.fault(Wrong::new(title, "give one of them another name").at(root.place()));
            }
            _ => {
                names.insert(list.file_name(), list.name.clone());
                kept.push(list);
            }
        }
    }
    kept
}

/// A time of day, or `never`.
fn update(item: &Item) -> Result<Update, Wrong> {
    if item.is_text() && item.text()? == "never" {
        return Ok(Update::Never);
    }
    match values::minute(item) {
        Ok(minute) if minute < 24 * 60 => Ok(Update::Daily(minute)),
        _ => Err(Wrong::new("this is not when lists can be fetched", "a time of day, such as \"03:30\", or \"never\"")),
    }
}

fn locked(section: &Section, folder: &Path) -> Vec<SealedFile> {
    let Some(written) = section.list("locked", |item| path(item.text()?)) else { return Vec::new() };
    if let Some(first) = written.items.get(MAX_LOCKED) {
        let wrong = Wrong::new(format!("there are more than {MAX_LOCKED} sealed lists"), "this is the first too many");
        section.fault(wrong.at(first.place));
    }
    let files = written.items.into_iter().take(MAX_LOCKED);
    files.filter_map(|file| Some(SealedFile { path: folder.join(file.value), at: section.spot(file.place)? })).collect()
}

fn source(section: &Section, categories: &Categories, folder: &Path, shipped: &Path, known: &mut Known<()>) -> Option<Source> {
    let name = section.need("name", values::name);
    let category = section.need("category", |item| categories.category(item, "this list is of a category that does not exist"));
    section.need_one_of(["file", "url"]);
    let file = section.value("file", |item| path(item.text()?));
    let formats: Vec<_> = Format::ALL.iter().map(|f| (f.word(), *f)).collect();
    let format = section.value("format", |item| item.word(&formats)).map_or(Format::Detect, |f| f.value);
    let inside = section.value("path", public::inside).map(|path| path.value);
    section.end();
    let (name, category, file) = (name?, category?, folder.join(file?.value));
    let place = category.place;
    let category = category.value?;
    let outside = category.role() == Role::Locked || !is_below(&file, shipped);
    if let Some(wrong) = not_from_outside(category, NONE_OF_THE_SCHOOLS).filter(|_| outside) {
        section.fault(wrong.at(place));
    }
    known.define(section, &name, ()).then_some(Source { name: name.value, category, file, inside, format })
}

const NONE_OF_THE_SCHOOLS: &str = "no list of the school's may be of category";

/// Why a list from outside the shipped folder may not give this category; `never` begins what is told.
pub(super) fn not_from_outside(category: Category, never: &str) -> Option<Wrong> {
    let opens = "an entry of `[[entry]]` with `action = \"allow\"` allows one host";
    let (label, help) = match category.role() {
        Role::Platform | Role::Help | Role::Rshe | Role::Education => {
            ("only the lists that ship may allow by category", Some(opens))
        }
        Role::Locked => (
            "the locked tier takes sealed lists only: `locked` under [lists]",
            Some("whoever holds the licence seals the plain list with `schoolgate lists seal`, then destroys it"),
        ),
        Role::Signal => ("Schoolgate finds out itself what is new", None),
        Role::HarmfulCode | Role::Ordinary => return None,
    };
    let wrong = Wrong::new(format!("{never} `{category}`"), label);
    Some(match help {
        Some(help) => wrong.help(help),
        None => wrong,
    })
}

pub(super) fn path(text: &str) -> Result<&str, Wrong> {
    if text.is_empty() || text.contains('\0') {
        return Err(Wrong::new(format!("{} is not a path", shown(text)), "the path of a file or folder"));
    }
    Ok(text)
}

/// Whether `file` is below `folder`, by how both are written: no link is followed here.
fn is_below(file: &Path, folder: &Path) -> bool {
    plain(file).starts_with(plain(folder))
}

/// The path without `.` and without `..` after a name.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
