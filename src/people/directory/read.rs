//! Entries of the directory → a sheet of people.

use super::ask::Found;
use super::{Entry, same_dn};
use crate::config::{Directory, PeopleRules};
use crate::people::import::{MAX_KEY, PersonRow, Says, cells};
use crate::people::plain::hostile;
use crate::people::{Details, Grouping, Register, Sheet, Source};
use crate::words::person::MAX_GROUPS;
use std::collections::HashSet;

/// Longest name of a person, in characters.
const LONGEST_NAME: usize = 200;

/// Most faults that are told one by one.
const TOLD: usize = 20;

/// What the directory says, as a sheet.
#[derive(Debug)]
pub struct Listed {
    pub sheet: Sheet,
    /// In no group with a role, and no attribute says one: they are not brought.
    pub without_role: usize,
    /// Entries that cannot be taken as they are, and why: whoever they are stays as they were.
    pub faulty: usize,
    pub faults: Vec<String>,
}

pub fn listed(found: &Found, directory: &Directory, rules: &PeopleRules, grouping: Grouping, register: &Register) -> Listed {
    let of = &directory.attributes;
    let year = of.year.is_some() || directory.groups.iter().any(|group| group.year.is_some());
    let says = Says {
        year,
        groups: directory.groups.iter().any(|group| group.group.is_some()),
        form: of.form.is_some(),
        until: of.until.is_some(),
        ..Says::default()
    };
    let sheet = Sheet { persons: vec![], devices: vec![], says, source: Source::Directory };
    let mut listed = Listed { sheet, without_role: 0, faulty: 0, faults: vec![] };
    let mut keys = HashSet::new();
    for entry in &found.people {
        match person(entry, found, directory, rules, grouping) {
            Ok(Some(row)) if keys.insert(row.key.clone()) => listed.sheet.persons.push(row),
            Ok(Some(row)) => listed.fault(&row.key, "two entries have this id"),
            Ok(None) => listed.without_role += 1,
            Err((key, why)) => {
                listed.fault(&key, &why);
                // Whoever cannot be read has not left.
                if let Some(old) = register.person_of_key(&key).filter(|old| !old.is_withdrawn() && keys.insert(key)) {
                    let (key, name, groups) = (old.key.clone(), old.name.clone(), old.groups.clone());
                    let (role, year, details) = (old.role, old.year, old.details.clone());
                    listed.sheet.persons.push(PersonRow { key, name, role, year, groups, details });
                }
            }
        }
    }
    listed
}

impl Listed {
    fn fault(&mut self, key: &str, why: &str) {
        self.faulty += 1;
        if self.faults.len() < TOLD {
            self.faults.push(format!("{}: {why}", crate::people::plain::plain(key)));
        }
    }
}

/// `Ok(None)`: nobody that is brought. The error has the id, or the entry's name where it has none.
fn person(
    entry: &Entry,
    found: &Found,
    directory: &Directory,
    rules: &PeopleRules,
    grouping: Grouping,
) -> Result<Option<PersonRow>, (String, String)> {
    let of = &directory.attributes;
    let dn = same_dn(&entry.dn);
    let groups: Vec<_> = directory.groups.iter().zip(&found.members).filter(|(_, inside)| inside.contains(&dn)).collect();
    let groups = || groups.iter().map(|(group, _)| *group);
    let attribute = |name: &Option<String>| name.as_deref().and_then(|name| entry.first(name));
    let Some(key) = entry.first(&of.id) else { return Err((entry.dn.clone(), format!("it has no `{}`", of.id))) };
    let fault = |why: String| (key.to_owned(), why);
    if key.chars().count() > MAX_KEY || hostile(key).is_some() {
        return Err(fault(format!("its `{}` is too long, or has control characters", of.id)));
    }
    let written = attribute(&of.role).map(|text| cells::role(text, &rules.roles));
    let role = match (groups().find_map(|group| group.role), written) {
        (Some(role), _) => role,
        (None, Some(written)) => written.map_err(|(what, _)| fault(what))?,
        (None, None) => match rules.role {
            Some(role) => role,
            None => return Ok(None),
        },
    };
    let name = entry.first(&of.name).ok_or_else(|| fault(format!("it has no `{}`", of.name)))?;
    if name.chars().count() > LONGEST_NAME || hostile(name).is_some() {
        return Err(fault(format!("its `{}` is too long, or has control characters", of.name)));
    }
    let written = attribute(&of.year).map(cells::year).transpose().map_err(|(what, _)| fault(what))?;
    let year = groups().find_map(|group| group.year).or(written);
    let until = attribute(&of.until).map(cells::day).transpose().map_err(|(what, _)| fault(what))?;
    let form = attribute(&of.form).unwrap_or_default();
    if form.chars().count() > MAX_KEY || hostile(form).is_some() {
        return Err(fault("its form is too long, or has control characters".into()));
    }
    let mut by_hand: Vec<String> = groups().filter_map(|group| group.group.clone()).collect();
    by_hand.sort();
    by_hand.dedup();
    if grouping.groups(role, year, &by_hand).len() > MAX_GROUPS {
        return Err(fault(format!("they would be in more than {MAX_GROUPS} groups")));
    }
    let details = Details { form: form.to_owned(), until, ..Details::default() };
    Ok(Some(PersonRow { key: key.to_owned(), name: name.to_owned(), role, year, groups: by_hand, details }))
}
