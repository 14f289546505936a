//! `[people]`: what somebody must have to have access, and how the school's own system exports people.

use super::directory::{self, Directory};
use super::fault::Wrong;
use super::file::Section;
use super::groups::People;
use super::item::List;
use super::values;
use crate::words::PersonRole;
use std::path::Path;

/// Most columns that are put together, and most words for one role.
const MOST: usize = 32;

/// What somebody must have to have access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Required {
    /// The school's rules, accepted in the version that is in force.
    pub agreement: bool,
    /// A parent's consent, of pupils.
    pub consent: bool,
}

/// What the school keeps of people, and how its own system exports it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleRules {
    pub required: Required,
    /// The version of the school's rules that is in force. `None`: any.
    pub agreement: Option<String>,
    /// Of those for whom a file has none.
    pub role: Option<PersonRole>,
    /// Our columns, and what the file calls them. Empty: as we do, and every column of the file is one of ours.
    pub columns: Vec<(&'static str, Vec<String>)>,
    /// More words for roles, in small letters.
    pub roles: Vec<(String, PersonRole)>,
    /// Where people are brought from.
    pub directory: Option<Directory>,
}

/// Every column that an import looks for.
pub const COLUMNS: [&str; 13] =
    ["id", "name", "role", "year", "form", "groups", "until", "agreement", "consent", "device", "address", "mac", "network"];

/// `folder` is where paths begin.
pub(super) fn read(root: &Section, folder: &Path, people: &People) -> PeopleRules {
    let section = root.section("people");
    let kinds = [("agreement", false), ("consent", true)];
    let required = List::values(section.list("require", |item| item.word(&kinds)));
    let roles: Vec<_> = PersonRole::ALL.iter().map(|r| (r.word(), *r)).collect();
    let agreement = section.value("agreement", values::name).map(|v| v.value);
    let role = section.value("role", |item| item.word(&roles)).map(|v| v.value);
    let columns = section.section("columns");
    let written = COLUMNS.iter().filter_map(|column| {
        let theirs = names(&columns, column)?;
        if theirs.len() > 1 && *column != "name" {
            let wrong = Wrong::new(format!("`{column}` cannot be put together from several columns"), "one column");
            columns.fault(wrong.at(columns.place()));
        }
        Some((*column, theirs))
    });
    let written: Vec<_> = written.collect();
    for column in ["id", "name"] {
        if !written.is_empty() && !written.iter().any(|(c, _)| *c == column) {
            let wrong =
                Wrong::new(format!("[people.columns] does not say which column is `{column}`"), format!("add `{column} = …`"));
            columns.fault(wrong.at(columns.place()));
        }
    }
    columns.end();
    let of_roles = section.section("roles");
    let mut words = Vec::new();
    for role in PersonRole::ALL {
        words.extend(names(&of_roles, role.word()).unwrap_or_default().into_iter().map(|word| (word.to_lowercase(), *role)));
    }
    of_roles.end();
    let directory = directory::read(&section, folder, people, role);
    section.end();
    PeopleRules {
        required: Required { agreement: required.contains(&false), consent: required.contains(&true) },
        agreement,
        role,
        columns: written,
        roles: words,
        directory,
    }
}

fn names(section: &Section, key: &'static str) -> Option<Vec<String>> {
    let list = section.list(key, values::name)?;
    if list.items.len() > MOST || list.empty {
        let wrong = Wrong::new(format!("`{key}` has none or too many"), format!("from one to {MOST}"));
        section.fault(wrong.at(list.place));
    }
    Some(List::values(Some(list)))
}
