//! A pass: what someone with the right to has opened, for whom, until when.

use super::Video;
use crate::words::{Category, CategorySet, Grade, GroupId, Host, Network, NetworkId, PersonId, Who};
use std::sync::Arc;

/// What a pass opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Whole categories.
    Categories(CategorySet),
    /// A host with everything below it.
    Host(Host),
    /// A page of this host and everything below it. See [`What::is_part`].
    Page(Host, String),
    /// A video with its player.
    Video(Video),
}

impl What {
    /// Whether only a path tells it from the rest of its host. A door that sees none opens the host if another will see the path
    /// (TLS to it is looked into), and otherwise nothing.
    pub fn is_part(&self) -> bool {
        matches!(self, Self::Page(..) | Self::Video(_))
    }

    /// Whether this is meant. `path` is empty where a door sees none.
    fn names(&self, host: &Host, path: &str, categories: CategorySet) -> bool {
        match self {
            Self::Categories(opened) => !categories.and(*opened).is_empty(),
            Self::Host(opened) => host.is_within(opened),
            Self::Page(opened, page) => host == opened && (path.is_empty() || is_below(path, page)),
            Self::Video(video) => video.needs(host, path),
        }
    }
}

/// Whether a path is this page, or below it. A query of the page's own must be there; without one any is right. A path that climbs
/// (`/page/../another`, in whatever writing a server takes for that) is not.
fn is_below(path: &str, page: &str) -> bool {
    let Some(rest) = path.strip_prefix(page) else { return false };
    if climbs(path) {
        return false;
    }
    rest.is_empty() || page.ends_with('/') || rest.starts_with(if page.contains('?') { &['&'][..] } else { &['/', '?'] })
}

pub(super) fn climbs(path: &str) -> bool {
    let place = path.split('?').next().unwrap_or_default().to_ascii_lowercase();
    let plain = place.replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").replace('\\', "/");
    plain.contains("/..")
}

/// Whom something is for, that holds for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    Group(GroupId),
    Persons(Arc<[PersonId]>),
    Network(NetworkId),
    /// The addresses of a room.
    Room(Arc<[Network]>),
}

impl Whom {
    pub fn holds(&self, who: &Who) -> bool {
        match self {
            Self::Group(group) => who.groups.contains(*group),
            Self::Persons(persons) => who.person.is_some_and(|p| persons.contains(&p)),
            Self::Network(network) => who.network == *network,
            Self::Room(ranges) => ranges.iter().any(|range| range.contains(who.client.ip())),
        }
    }
}

/// A pass in force. Which sessions it reaches is settled before it comes into an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    pub id: u16,
    pub what: What,
    /// Who opened it, and so how far it goes.
    pub grade: Grade,
}

impl Pass {
    /// Whether the pass is for this page, of a host of these categories.
    pub fn opens(&self, host: &Host, path: &str, categories: CategorySet) -> bool {
        self.what.names(host, path, categories) && self.reaches(categories)
    }

    /// Whether every category that would be judged is within what its giver may open.
    pub fn reaches(&self, categories: CategorySet) -> bool {
        categories.and(CategorySet::ORDINARY).iter().all(|c| self.may_open(c))
    }

    fn may_open(&self, category: Category) -> bool {
        match category.grade() {
            Grade::Never => false,
            Grade::Lead => self.grade == Grade::Lead,
            Grade::Teacher => self.grade != Grade::Never,
        }
    }
}

/// A pass and whom it is for. It ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub pass: Pass,
    pub whom: Whom,
    /// Milliseconds since 1970. Before its beginning nothing is open either: a gate that starts with its clock at 1970 opens nothing.
    pub from_ms: i64,
    pub until_ms: i64,
    pub by: String,
    pub reason: String,
}

impl Opened {
    pub fn in_force(&self, now_ms: i64) -> bool {
        (self.from_ms..self.until_ms).contains(&now_ms)
    }
}

/// Every pass of a snapshot, those that have ended since among them. A clone shares them.
#[derive(Debug, Clone, Default)]
pub struct Passes(Arc<[Opened]>);

impl Passes {
    pub fn new(passes: impl IntoIterator<Item = Opened>) -> Self {
        Self(passes.into_iter().collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Opened> {
        self.0.iter()
    }

    /// The passes in force for them that speak of this page of a host of these categories; where no path is seen, of its host.
    pub fn speaking<'a>(
        &'a self,
        (host, path): (&Host, &str),
        categories: CategorySet,
        who: &Who,
        now_ms: i64,
    ) -> impl Iterator<Item = &'a Opened> {
        self.iter().filter(move |o| o.in_force(now_ms) && o.whom.holds(who) && o.pass.opens(host, path, categories))
    }
}

#[cfg(test)]
mod tests;
