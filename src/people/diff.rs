//! What an import would change: shown by a dry run, done by [`Store::apply`](super::Store::apply).

use super::import::PersonRow;
use super::{Mac, Source};
use crate::words::{DeviceId, Network, PersonId, PersonRole};
use serde::{Serialize, Serializer};
use std::fmt::Display;
use std::net::IpAddr;

mod between;
mod show;

pub(super) use between::year as year_text;

/// How many of one role are too many to leave all at once: a file without them is an export of the others.
/// Four may well be all the governors, and all leave when a board is renewed.
const WHOLE_ROLE: usize = 5;

/// The difference between the register and a file.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    pub added: Vec<Added>,
    /// Role, year or groups change: they will be judged by other rules.
    pub moved: Vec<Changed>,
    /// Anything else changes.
    pub changed: Vec<Changed>,
    /// Withdrawn before, in the file again: the same person, with access again.
    pub returned: Vec<Changed>,
    /// In the register, not in the file: to be withdrawn.
    pub leavers: Vec<Leaver>,
    /// Added by hand, and not in the file: no import brought them, and none withdraws them.
    pub by_hand: Vec<Named>,
    /// In the file, and withdrawn by hand: they stay withdrawn.
    pub held: Vec<Named>,
    /// How many stay as they are.
    pub unchanged: usize,
    pub devices: Devices,
    /// In no group after the import: judged by the network they come from.
    pub ungrouped: Vec<Named>,
    /// Brought by another list before: this one has them from now on.
    #[serde(skip)]
    pub(super) adopted: Vec<PersonId>,
    /// Whose list it is.
    #[serde(skip)]
    pub(super) source: Source,
    /// How many have access before, by role.
    #[serde(skip)]
    present: Vec<(PersonRole, usize)>,
    /// The register this was worked out from.
    #[serde(skip)]
    pub(super) revision: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Added {
    #[serde(rename = "id")]
    pub key: String,
    pub name: String,
    #[serde(serialize_with = "shown")]
    pub role: PersonRole,
    /// 0 is reception.
    pub year: Option<u8>,
    pub groups: Vec<String>,
    #[serde(skip)]
    pub(super) row: PersonRow,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    #[serde(rename = "id")]
    pub key: String,
    pub name: String,
    pub what: Vec<Change>,
    #[serde(skip)]
    pub(super) person: PersonId,
    #[serde(skip)]
    pub(super) to: PersonRow,
}

/// One field, before and after, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub field: &'static str,
    pub from: String,
    pub to: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaver {
    #[serde(rename = "id")]
    pub key: String,
    pub name: String,
    #[serde(serialize_with = "shown")]
    pub role: PersonRole,
    #[serde(skip)]
    pub(super) person: PersonId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    #[serde(rename = "id")]
    pub key: String,
    pub name: String,
}

/// What changes about devices. All empty if the file has no column about them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Devices {
    pub added: Vec<Fitted>,
    pub changed: Vec<DeviceChanged>,
    /// In the register, not in the file.
    pub retired: Vec<Retired>,
}

/// A device as it will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fitted {
    #[serde(rename = "device")]
    pub name: String,
    /// The key of whoever has it.
    pub person: Option<String>,
    pub address: Option<IpAddr>,
    #[serde(serialize_with = "shown_if_any")]
    pub mac: Option<Mac>,
    #[serde(serialize_with = "shown_if_any")]
    pub network: Option<Network>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceChanged {
    #[serde(rename = "device")]
    pub name: String,
    pub what: Vec<Change>,
    #[serde(skip)]
    pub(super) device: DeviceId,
    #[serde(skip)]
    pub(super) to: Fitted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retired {
    #[serde(rename = "device")]
    pub name: String,
    #[serde(skip)]
    pub(super) device: DeviceId,
}

/// Whether an import that withdraws very many people is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    No,
    Yes,
}

/// Why an import is not done unless somebody says it is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "this import would withdraw {leavers} of {present} people, more than half of the register; a file that holds only \
         some of the school does that. Put everyone in one file, or say --force if they have all left"
    )]
    MoreThanHalf { leavers: usize, present: usize },
    #[error(
        "this import would withdraw everyone who is {role}, {leavers} people: there is none in the file. \
         Put everyone in one file, or say --force if they have all left"
    )]
    WholeRole { role: PersonRole, leavers: usize },
}

/// A difference that may be made.
#[derive(Debug, Clone, Copy)]
pub struct Agreed<'a>(pub(super) &'a Diff);

impl Diff {
    /// This difference, if it may be made.
    ///
    /// # Errors
    /// [`Refusal`]: it withdraws more than half of the register, or everyone of a role, and nobody said that is meant.
    pub fn agreed(&self, force: Force) -> Result<Agreed<'_>, Refusal> {
        match self.refusal() {
            Some(refusal) if force == Force::No => Err(refusal),
            _ => Ok(Agreed(self)),
        }
    }

    pub fn is_empty(&self) -> bool {
        let people = [self.moved.len(), self.changed.len(), self.returned.len(), self.leavers.len(), self.added.len()];
        people.iter().sum::<usize>() == 0 && self.adopted.is_empty() && self.devices == Devices::default()
    }

    /// `3 new, 1 moves, 2 leave`: those that are not none.
    pub fn in_a_line(&self) -> String {
        let counts = [
            (self.added.len(), "new"),
            (self.moved.len(), "moved"),
            (self.changed.len(), "changed"),
            (self.returned.len(), "returned"),
            (self.leavers.len(), "left"),
        ];
        let some = counts.into_iter().filter(|(count, _)| *count > 0);
        some.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    }

    /// Whether it tells of anyone more than the file does.
    pub fn shows_register(&self) -> bool {
        let people = [&self.moved, &self.changed, &self.returned];
        !(people.into_iter().all(Vec::is_empty) && self.leavers.is_empty() && self.by_hand.is_empty())
    }

    fn refusal(&self) -> Option<Refusal> {
        let present = self.present.iter().map(|(_, n)| n).sum();
        if self.leavers.len() * 2 > present {
            return Some(Refusal::MoreThanHalf { leavers: self.leavers.len(), present });
        }
        let none_stays = |&(role, n): &(PersonRole, usize)| {
            let leavers = self.leavers.iter().filter(|l| l.role == role).count();
            (n >= WHOLE_ROLE && leavers == n).then_some(Refusal::WholeRole { role, leavers })
        };
        self.present.iter().find_map(none_stays)
    }
}

impl Changed {
    /// Whether they will be judged by other rules.
    fn is_move(&self) -> bool {
        self.what.iter().any(|c| matches!(c.field, "role" | "year" | "form" | "groups"))
    }
}

pub(super) fn shown<T: Display, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(value)
}

pub(super) fn shown_if_any<T: Display, S: Serializer>(value: &Option<T>, s: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => s.collect_str(value),
        None => s.serialize_none(),
    }
}

#[cfg(test)]
mod tests;
