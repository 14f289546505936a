//! The first line: which field is what.

use super::super::fault::{Faults, Place, nearest};
use super::super::plain::plain;
use super::super::scan::{Field, Line};
use super::Says;
use crate::config::PeopleRules;

/// A column we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Name,
    Role,
    Year,
    Form,
    Groups,
    Until,
    Agreement,
    Consent,
    Device,
    Address,
    Mac,
    Network,
}

impl Column {
    /// Those that say something of a person beside who it is.
    pub const OF_PERSON: [Self; 8] =
        [Self::Name, Self::Role, Self::Year, Self::Form, Self::Groups, Self::Until, Self::Agreement, Self::Consent];
}

/// As [`crate::config::COLUMNS`].
const COLUMNS: [(&str, Column); 13] = [
    ("id", Column::Id),
    ("name", Column::Name),
    ("role", Column::Role),
    ("year", Column::Year),
    ("form", Column::Form),
    ("groups", Column::Groups),
    ("until", Column::Until),
    ("agreement", Column::Agreement),
    ("consent", Column::Consent),
    ("device", Column::Device),
    ("address", Column::Address),
    ("mac", Column::Mac),
    ("network", Column::Network),
];

/// Without these nobody can be given access.
const REQUIRED: [Column; 3] = [Column::Id, Column::Name, Column::Role];

/// All of them, as they are written.
pub(super) fn all() -> String {
    COLUMNS.map(|(name, _)| name).join(",")
}

/// Where each column is in a line.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    at: [Option<usize>; COLUMNS.len()],
    /// Where the parts of a name are, which are put together.
    names: Vec<usize>,
    count: usize,
}

impl Columns {
    /// `None` if a fault was added without which the lines cannot be understood.
    pub fn of(header: &Line, rules: &PeopleRules, faults: &mut Faults) -> Option<Self> {
        let before = faults.count();
        let mut columns = Self { at: [None; COLUMNS.len()], names: Vec::new(), count: header.fields.len() };
        if header.broken {
            return None;
        }
        if let [only] = header.fields.as_slice()
            && only.text.contains([';', '\t'])
        {
            faults.add(only.place, "the columns are not separated by commas", "save the file as 'CSV (comma delimited)'");
            return None;
        }
        if rules.columns.is_empty() {
            for (i, field) in header.fields.iter().enumerate() {
                columns.put(i, field, faults);
            }
        } else {
            columns.map(header, rules, faults);
        }
        columns.names =
            if columns.names.is_empty() { columns.at[Column::Name as usize].into_iter().collect() } else { columns.names };
        for (name, column) in COLUMNS {
            let given = column == Column::Role && rules.role.is_some();
            if REQUIRED.contains(&column) && !given && rules.columns.is_empty() && columns.at[column as usize].is_none() {
                let right = format!("the first line names the columns: {}", all());
                faults.add(header.place(), format!("there is no column `{name}`"), right);
            }
        }
        (faults.count() == before).then_some(columns)
    }

    /// The columns of a school's own system, by the configuration. Others are left alone.
    fn map(&mut self, header: &Line, rules: &PeopleRules, faults: &mut Faults) {
        let theirs = || header.fields.iter().map(|f| f.text.trim());
        for (ours, names) in &rules.columns {
            let Some((_, column)) = COLUMNS.into_iter().find(|(name, _)| name == ours) else { continue };
            for name in names {
                let mut found = theirs().enumerate().filter(|(_, text)| text.eq_ignore_ascii_case(name)).map(|(i, _)| i);
                let (Some(place), None) = (found.next(), found.next()) else {
                    let (is_there, meant) = (theirs().any(|t| t.eq_ignore_ascii_case(name)), nearest(name, theirs()));
                    let what = if is_there {
                        format!("the column `{}` is there twice", plain(name))
                    } else {
                        format!("there is no column `{}`, which [people.columns] has for `{ours}`", plain(name))
                    };
                    let right = match meant.filter(|_| !is_there) {
                        Some(meant) => format!("is it `{}`?", plain(meant)),
                        None => "export it, or correct [people.columns]".into(),
                    };
                    faults.add(header.place(), what, right);
                    continue;
                };
                self.at[column as usize].get_or_insert(place);
                if column == Column::Name {
                    self.names.push(place);
                }
            }
        }
        if self.at[Column::Role as usize].is_none() && rules.role.is_none() {
            let right = "write `role = …` under [people.columns], or `role` under [people] for everyone in the file";
            faults.add(header.place(), "nothing says which role these people have", right);
        }
    }

    /// The name, of however many columns.
    pub fn name(&self, line: &Line) -> String {
        let parts = self.names.iter().filter_map(|i| Some(line.fields.get(*i)?.text.trim()));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    fn put(&mut self, i: usize, field: &Field, faults: &mut Faults) {
        let name = field.text.to_lowercase();
        let Some((_, column)) = COLUMNS.into_iter().find(|(n, _)| *n == name) else {
            let shown = plain(&field.text);
            let what = if name.is_empty() { "this column has no name".into() } else { format!("`{shown}` is no column we know") };
            let right = match nearest(&name, COLUMNS.into_iter().map(|(n, _)| n)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("delete it; we know {}", all()),
            };
            return faults.add(field.place, what, right);
        };
        if self.at[column as usize].replace(i).is_some() {
            faults.add(field.place, format!("the column `{name}` is there twice"), "delete one");
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// The field of this column, if it is there and not empty.
    pub fn cell<'l>(&self, line: &'l Line, column: Column) -> Option<&'l Field> {
        line.fields.get(self.at[column as usize]?).filter(|f| !f.text.is_empty())
    }

    /// Where the field of this column is, empty or not; the line, if there is no such column.
    pub fn place(&self, line: &Line, column: Column) -> Place {
        self.at[column as usize].and_then(|i| line.fields.get(i)).map_or_else(|| line.place(), |f| f.place)
    }

    pub fn says(&self) -> Says {
        let has = |column: Column| self.at[column as usize].is_some();
        Says {
            year: has(Column::Year),
            groups: has(Column::Groups),
            form: has(Column::Form),
            until: has(Column::Until),
            agreement: has(Column::Agreement),
            consent: has(Column::Consent),
            address: has(Column::Address),
            mac: has(Column::Mac),
            network: has(Column::Network),
            devices: [Column::Device, Column::Address, Column::Mac, Column::Network].into_iter().any(has),
        }
    }
}
