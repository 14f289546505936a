//! CSV → rows, or every fault at once.
//!
//! The first line names the columns, in any order and case: `id`, `name` and `role` must be there; `year`, `form`, `groups`,
//! `until`, `agreement`, `consent`, `device`, `address`, `mac` and `network` may be. `[people.columns]` of the configuration says
//! what else they are called, and then other columns are left alone. A column that is not there says nothing: what the register holds stays.
//!
//! | a line with | is |
//! |---|---|
//! | id, name, role … | a person, and their device if one of `device`, `address`, `mac` is filled in |
//! | an id of another line, and only device columns | a further device of that person |
//! | no id, and only device columns | a device that is nobody's: a trolley's, or a whole `network` seen as one thing |

use super::fault::{Faults, Place, nearest};
use super::plain::{code_point, hostile};
use super::scan::{Field, Line, scan};
use super::{Details, Grouping, Mac, Source, details};
use crate::config::PeopleRules;
use crate::words::person::MAX_GROUPS;
use crate::words::{Network, PersonRole};
use columns::{Column, Columns};
use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::net::IpAddr;

pub(super) mod cells;
mod columns;

/// Most characters of an id. MIS exports have up to 36 (a UUID).
pub(super) const MAX_KEY: usize = 64;

/// Most networks that are devices: each request may look through all of them.
pub(super) const MAX_NETWORKS: usize = 256;

/// What a file says, whole and consistent in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub persons: Vec<PersonRow>,
    pub devices: Vec<DeviceRow>,
    /// Which columns the file has. The others say nothing.
    pub says: Says,
    /// Who speaks: whom it has brought, it withdraws.
    pub source: Source,
}

/// A person as the file has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    pub key: String,
    pub name: String,
    pub role: PersonRole,
    pub year: Option<u8>,
    /// Sorted, each once.
    pub groups: Vec<String>,
    pub details: Details,
}

/// A device as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    pub tag: Option<String>,
    /// The key of whoever has it.
    pub person: Option<String>,
    pub address: Option<IpAddr>,
    pub mac: Option<Mac>,
    pub network: Option<Network>,
}

/// Which of the columns that may be missing a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Says {
    pub year: bool,
    pub groups: bool,
    pub form: bool,
    pub until: bool,
    pub agreement: bool,
    pub consent: bool,
    pub address: bool,
    pub mac: bool,
    pub network: bool,
    /// Any column about devices.
    pub devices: bool,
}

impl Sheet {
    /// Reads the bytes of `file`, whose name is only for the messages.
    ///
    /// # Errors
    /// Every fault in the file, each with its line and column and what would be right.
    pub fn read(csv: &[u8], file: &str, grouping: Grouping, rules: &PeopleRules) -> Result<Self, Faults> {
        let mut faults = Faults::none_in(file);
        let lines = scan(csv, &mut faults);
        let Some((header, lines)) = lines.split_first() else {
            if faults.is_empty() {
                let right = format!("the first line names the columns: {}", columns::all());
                faults.add(Place { line: 1, column: 1 }, "the file is empty", right);
            }
            return Err(faults);
        };
        let Some(columns) = Columns::of(header, rules, &mut faults) else { return Err(faults) };
        let mut reader = Reader::new(grouping, rules, columns, faults);
        lines.iter().filter(|l| !l.broken).for_each(|l| reader.line(l));
        reader.end()
    }
}

/// Reads line after line, and remembers where everything was that may be there only once.
struct Reader<'a> {
    grouping: Grouping<'a>,
    rules: &'a PeopleRules,
    columns: Columns,
    faults: Faults,
    sheet: Sheet,
    keys: HashMap<String, Place>,
    /// Lines that give a further device to a person.
    further: Vec<(String, Place)>,
    tags: HashMap<String, Place>,
    addresses: HashMap<IpAddr, Place>,
    macs: HashMap<Mac, Place>,
    networks: HashMap<Network, Place>,
}

impl<'a> Reader<'a> {
    fn new(grouping: Grouping<'a>, rules: &'a PeopleRules, columns: Columns, faults: Faults) -> Self {
        Self {
            grouping,
            rules,
            faults,
            sheet: Sheet { persons: vec![], devices: vec![], says: columns.says(), source: Source::Import },
            columns,
            keys: HashMap::new(),
            further: vec![],
            tags: HashMap::new(),
            addresses: HashMap::new(),
            macs: HashMap::new(),
            networks: HashMap::new(),
        }
    }

    fn line(&mut self, line: &Line) {
        let (has, expected) = (line.fields.len(), self.columns.count());
        if has != expected {
            let what = format!("this line has {has} fields, the first line {expected}");
            self.faults.add(
                line.place(),
                what,
                "put a comma for each field that is empty, and quotes round a field with a comma",
            );
            return;
        }
        if self.holds_hostile(line) {
            return;
        }
        let columns = self.columns.clone();
        let cell = |column| columns.cell(line, column);
        let about_person = Column::OF_PERSON.into_iter().any(|c| cell(c).is_some());
        let key = match cell(Column::Id) {
            Some(id) if about_person => {
                self.person(line, id);
                Some(id)
            }
            Some(id) => {
                self.further.push((id.text.clone(), id.place));
                Some(id)
            }
            None if about_person => {
                self.faults.add(line.place(), "this person has no id", "give the id the school's own system has for them");
                None
            }
            None => None,
        };
        self.device(line, key.map(|k| k.text.clone()), about_person);
    }

    fn holds_hostile(&mut self, line: &Line) -> bool {
        let before = self.faults.count();
        for field in &line.fields {
            match hostile(&field.text) {
                Some('\n' | '\r') => self.faults.add(field.place, "there is a line break in this field", "write it on one line"),
                Some(c) => self.faults.add(
                    field.place,
                    format!("there is a control character ({}) in this field", code_point(c)),
                    "delete it",
                ),
                None => {}
            }
        }
        self.faults.count() > before
    }

    fn person(&mut self, line: &Line, id: &Field) {
        let columns = self.columns.clone();
        let cell = |column| columns.cell(line, column);
        if id.text.chars().nth(MAX_KEY).is_some() {
            self.faults.add(id.place, format!("this id has more than {MAX_KEY} characters"), "is it in the right column?");
        }
        if let Some(other) = self.keys.insert(id.text.clone(), id.place) {
            let what = format!("the id `{}` is already on line {}", id.text, other.line);
            self.faults.add(id.place, what, "one line a person; a further device has a line with only the id and the device");
        }
        let name = columns.name(line);
        if name.is_empty() {
            self.faults.add(columns.place(line, Column::Name), "this person has no name", "write the name as staff know it");
        }
        let role = match cell(Column::Role) {
            Some(role) => self.fault_or(role, cells::role(&role.text, &self.rules.roles)),
            None if self.rules.role.is_some() => self.rules.role,
            None => {
                self.faults.add(
                    columns.place(line, Column::Role),
                    "this person has no role",
                    format!("write {}", cells::roles()),
                );
                None
            }
        };
        let year = cell(Column::Year).map(|f| self.fault_or(f, cells::year(&f.text)));
        let groups = cell(Column::Groups).map(|f| self.groups(f)).unwrap_or_default();
        let until = cell(Column::Until).and_then(|f| self.fault_or(f, cells::day(&f.text)));
        let agreement = cell(Column::Agreement).and_then(|f| self.fault_or(f, details::agreement(&f.text))).flatten();
        let consent = cell(Column::Consent).and_then(|f| self.fault_or(f, details::consent(&f.text))).flatten();
        let form = cell(Column::Form).map(|f| f.text.clone()).unwrap_or_default();
        let (Some(role), Some(year)) = (role, year.map_or(Some(None), |y| y.map(Some))) else { return };
        self.count_groups(columns.place(line, Column::Groups), role, year, &groups);
        let details = Details { form, until, agreement, consent };
        self.sheet.persons.push(PersonRow { key: id.text.clone(), name, role, year, groups, details });
    }

    fn groups(&mut self, field: &Field) -> Vec<String> {
        let mut groups: Vec<String> = field.text.split(';').map(|g| g.trim().to_owned()).filter(|g| !g.is_empty()).collect();
        groups.sort();
        groups.dedup();
        for group in groups.iter().filter(|g| !self.grouping.knows(g)) {
            let right = match nearest(group, self.grouping.names()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write a group of the configuration, several with `;` between".into(),
            };
            self.faults.add(field.place, format!("`{group}` is no group of the configuration"), right);
        }
        groups
    }

    fn count_groups(&mut self, place: Place, role: PersonRole, year: Option<u8>, by_hand: &[String]) {
        let count = self.grouping.groups(role, year, by_hand).len();
        if count > MAX_GROUPS {
            let what = format!("this person would be in {count} groups, those of year and role included");
            self.faults.add(place, what, format!("{MAX_GROUPS} is the most anyone can be in"));
        }
    }

    fn device(&mut self, line: &Line, person: Option<String>, about_person: bool) {
        let columns = self.columns.clone();
        let cell = |column| columns.cell(line, column);
        let (tag, address, mac, network) =
            (cell(Column::Device), cell(Column::Address), cell(Column::Mac), cell(Column::Network));
        if [tag, address, mac, network].iter().all(Option::is_none) {
            if !about_person {
                self.faults.add(line.place(), "this line has an id and nothing else", "write name and role, or a device");
            }
            return;
        }
        if let Some(network) = network {
            self.check_network_alone(network, person.is_some(), address.is_some() || mac.is_some());
        }
        let row = DeviceRow {
            tag: tag.map(|f| f.text.clone()),
            person,
            address: address.and_then(|f| self.fault_or(f, cells::address(&f.text))),
            mac: mac.and_then(|f| self.fault_or(f, cells::mac(&f.text))),
            network: network.and_then(|f| self.fault_or(f, cells::network(&f.text))),
        };
        let (faults, second) = (&mut self.faults, "one device a line, and each but once");
        once(faults, &mut self.tags, "the device", tag.zip(row.tag.clone()), second);
        once(faults, &mut self.addresses, "the address", address.zip(row.address), second);
        once(faults, &mut self.macs, "the MAC", mac.zip(row.mac), second);
        once(faults, &mut self.networks, "the network", network.zip(row.network), second);
        self.sheet.devices.push(row);
    }

    fn check_network_alone(&mut self, network: &Field, has_person: bool, has_device: bool) {
        if has_person {
            let what = "a whole network cannot be one person's";
            self.faults.add(network.place, what, "write the address or the MAC of their device, or leave the id empty");
        } else if has_device {
            self.faults.add(network.place, "a device has an address or a MAC, or it is a network", "leave one of them empty");
        }
        if self.networks.len() == MAX_NETWORKS {
            let what = format!("there are more than {MAX_NETWORKS} networks");
            self.faults.add(network.place, what, "networks of the school belong in the configuration");
        }
    }

    fn fault_or<T>(&mut self, field: &Field, read: Result<T, (String, String)>) -> Option<T> {
        read.map_err(|(what, right)| self.faults.add(field.place, what, right)).ok()
    }

    fn end(mut self) -> Result<Sheet, Faults> {
        for (key, place) in std::mem::take(&mut self.further) {
            if !self.keys.contains_key(&key) {
                let what = format!("no line says who `{key}` is");
                self.faults.add(place, what, "write name and role on this line, or correct the id");
            }
        }
        self.faults.or(self.sheet)
    }
}

/// Notes where something is said that may be said only once.
fn once<T: Eq + Hash + Display + Clone>(
    faults: &mut Faults,
    said: &mut HashMap<T, Place>,
    what: &str,
    now: Option<(&Field, T)>,
    right: &str,
) {
    let Some((field, value)) = now else { return };
    if let Some(other) = said.get(&value) {
        faults.add(field.place, format!("{what} {value} is already on line {}", other.line), right);
    } else {
        said.insert(value, field.place);
    }
}

#[cfg(test)]
mod tests;
