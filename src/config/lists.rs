//! `[lists]` and `[[list]]`: the lists that ship, the sealed ones, and those the school adds.

use super::categories::Categories;
use super::fault::{Spot, Wrong, shown};
use super::file::Section;
use super::known::Known;
use super::values;
use crate::lists::Format;
use crate::lists::locked::Key;
use crate::words::{Category, Role};
use std::path::{Component, Path, PathBuf};

/// Most lists of one table: an entry's sources are numbered in 13 bits, and the lists that ship want some of them.
const MAX_LISTS: usize = 8_000;

#[derive(Debug, Clone)]
pub struct Lists {
    /// The folder of the lists that ship: one `CATEGORY.txt` a category.
    pub shipped: PathBuf,
    pub sources: Vec<Source>,
    /// The sealed lists of the locked tier.
    pub locked: Vec<SealedFile>,
    /// Whose signature they must have.
    pub locked_key: Option<Key>,
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
    pub format: Format,
}

/// `folder` is that of the main file: paths of lists begin there. `shipped` holds if nothing else is written.
pub(super) fn read(root: &Section, categories: &Categories, folder: &Path, shipped: &Path) -> Lists {
    let section = root.section("lists");
    let written = section.value("shipped", |item| path(item.text()?));
    let locked = locked(&section, folder);
    let locked_key = section.value("locked_key", |item| {
        let wrong = |why| Wrong::new(format!("{} does not check a signature", shown(item.text().unwrap_or_default())), why);
        Key::parse(item.text()?).map_err(|_| wrong("the last line of the issuer's minisign.pub: 56 characters, `RW` first"))
    });
    section.end();
    let shipped = written.map_or_else(|| shipped.to_owned(), |p| folder.join(p.value));
    let mut known = Known::new("list", true);
    let sections = root.sections("list");
    if let Some(first) = sections.get(MAX_LISTS) {
        first.fault(Wrong::new(format!("there are more than {MAX_LISTS} lists"), "this is the first too many").at(first.place()));
    }
    let sources = sections.iter().take(MAX_LISTS).filter_map(|s| source(s, categories, folder, &shipped, &mut known)).collect();
    Lists { shipped, sources, locked, locked_key: locked_key.map(|key| key.value) }
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
    let file = section.need("file", |item| path(item.text()?));
    let formats: Vec<_> = Format::ALL.iter().map(|f| (f.word(), *f)).collect();
    let format = section.value("format", |item| item.word(&formats)).map_or(Format::Detect, |f| f.value);
    section.end();
    let (name, category, file) = (name?, category?, folder.join(file?.value));
    let place = category.place;
    let category = category.value?;
    let outside = category.role() == Role::Locked || !is_below(&file, shipped);
    if let Some(wrong) = not_from_outside(category).filter(|_| outside) {
        section.fault(wrong.at(place));
    }
    known.define(section, &name, ()).then_some(Source { name: name.value, category, file, format })
}

/// Why a list from outside the shipped folder may not give this category.
fn not_from_outside(category: Category) -> Option<Wrong> {
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
    let wrong = Wrong::new(format!("no list of the school's may be of category `{category}`"), label);
    Some(match help {
        Some(help) => wrong.help(help),
        None => wrong,
    })
}

fn path(text: &str) -> Result<&str, Wrong> {
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
