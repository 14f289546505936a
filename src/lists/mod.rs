pub mod found;
use crate::words::{Category, Host};
pub use found::{Found, KindId, ListId, Match};

/// One source of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    pub name: String,
    pub category: Category,
}

/// A compiled table: bytes in, look-ups out.
pub struct Table;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TableFault(pub String);

impl Table {
    /// Reads a table file's bytes (a memory map, usually).
    pub fn open(_bytes: Box<dyn AsRef<[u8]> + Send + Sync>) -> Result<Self, TableFault> {
        todo!()
    }
    pub fn lookup(&self, _host: &Host) -> Found {
        todo!()
    }
    pub fn lists(&self) -> &[Provenance] {
        todo!()
    }
    /// The first source of this kind that says this category.
    pub fn list_of(&self, _kind: KindId, _category: Category) -> Option<ListId> {
        todo!()
    }
    /// A number of the table's content: another table, another number.
    pub fn generation(&self) -> u64 {
        todo!()
    }
}
