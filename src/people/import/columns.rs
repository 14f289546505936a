//! The first line: which field is what.

use super::super::fault::{Faults, Place, nearest};
use super::super::plain::plain;
use super::super::scan::{Field, Line};
use super::Says;

/// A column we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Name,
    Role,
    Year,
    Groups,
    Device,
    Address,
    Mac,
    Network,
}

const COLUMNS: [(&str, Column); 9] = [
    ("id", Column::Id),
    ("name", Column::Name),
    ("role", Column::Role),
    ("year", Column::Year),
    ("groups", Column::Groups),
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
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    at: [Option<usize>; COLUMNS.len()],
    count: usize,
}

impl Columns {
    /// `None` if a fault was added without which the lines cannot be understood.
    pub fn of(header: &Line, faults: &mut Faults) -> Option<Self> {
        let before = faults.count();
        let mut columns = Self { at: [None; COLUMNS.len()], count: header.fields.len() };
        if header.broken {
            return None;
        }
        if let [only] = header.fields.as_slice()
            && only.text.contains([';', '\t'])
        {
            faults.add(only.place, "the columns are not separated by commas", "save the file as 'CSV (comma delimited)'");
            return None;
        }
        for (i, field) in header.fields.iter().enumerate() {
            columns.put(i, field, faults);
        }
        for (name, column) in COLUMNS {
            if REQUIRED.contains(&column) && columns.at[column as usize].is_none() {
                let right = format!("the first line names the columns: {}", all());
                faults.add(header.place(), format!("there is no column `{name}`"), right);
            }
        }
        (faults.count() == before).then_some(columns)
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
            address: has(Column::Address),
            mac: has(Column::Mac),
            network: has(Column::Network),
            devices: [Column::Device, Column::Address, Column::Mac, Column::Network].into_iter().any(has),
        }
    }
}
