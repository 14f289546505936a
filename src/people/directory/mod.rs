//! The school's directory, by LDAP: people brought into the register from Active Directory, Samba or OpenLDAP.
//!
//! Comes in: what the configuration says (`[people.directory]`). Goes out: a [`Sheet`] such as a file gives, so that what changes
//! is the same [`Diff`](super::Diff), shown before it is made.
//! Always holds: nothing goes in the clear, and the server is verified; an answer that is cut short changes nothing; of an
//! entry that cannot be read nobody is withdrawn; when more leave than the school said, a person decides.
//!
//! - [`ask`]   connections, pages, and who is in which group
//! - [`walk`]  groups in groups, where the directory does not know by itself
//! - [`read`]  entries → a sheet
//! - [`sync`]  what changes, made or shown
//! - [`state`] how the last one went, kept in a file

mod ask;
mod read;
mod state;
mod sync;
mod walk;

pub use ask::{DirectoryFault, Found, ask};
pub use state::State;
pub use sync::{Synced, fetch, settle};

use std::collections::HashMap;

/// One entry of the directory, as far as it was asked for. Names of attributes are in small letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    pub dn: String,
    pub values: HashMap<String, Vec<String>>,
}

impl Entry {
    fn first(&self, attribute: &str) -> Option<&str> {
        self.all(attribute).first().map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn all(&self, attribute: &str) -> &[String] {
        self.values.get(&attribute.to_lowercase()).map_or(&[], Vec::as_slice)
    }
}

/// A distinguished name as it is compared: RFC 4517 §4.2.15, as far as case and spaces go.
fn same_dn(dn: &str) -> String {
    let mut out = String::with_capacity(dn.len());
    // Whether the next character is escaped, and whether what was last begins a name or a value.
    let (mut escaped, mut begins) = (false, true);
    for part in dn.to_lowercase().chars() {
        if begins && !escaped && part == ' ' {
            continue;
        }
        begins = !escaped && matches!(part, ',' | '=');
        if begins {
            out.truncate(out.trim_end_matches(' ').len());
        }
        escaped = !escaped && part == '\\';
        out.push(part);
    }
    out
}

#[cfg(test)]
mod tests;
