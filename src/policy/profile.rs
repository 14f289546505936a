//! What a group may do: profiles resolved to masks, and who has which.

use super::decide::counting_groups;
use super::{Act, Exams, OwnEntries, Passes, Safe, Timetable};
use crate::words::{Category, CategorySet, Download, Downloads, GroupId, Groups, Host, Network, NetworkId};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

/// A profile, by its place in [`Policy::profiles`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileId(pub u16);

/// What one kind of person may do. A category in neither mask is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    pub block: CategorySet,
    pub warn: CategorySet,
    /// Whether rshe is allowed whatever else its names are listed as.
    pub rshe: bool,
    /// What a warning becomes where no page can be shown.
    pub warn_unseen: Act,
    /// What happens to a name that no category speaks for.
    pub otherwise: Act,
    /// Whether an unknown device may get this profile: it is for pupils.
    pub pupils: bool,
    /// What search engines and YouTube are answered as.
    pub safe: Safe,
    /// From which weight of its phrases on a page is taken for what they say. `None`: pages are not scored.
    pub phrase_limit: Option<NonZeroU32>,
    /// What may not be downloaded.
    pub downloads: Downloads,
}

impl Profile {
    /// The profile's cell for one category.
    pub fn cell(&self, category: Category) -> Act {
        if self.block.contains(category) {
            Act::Block
        } else if self.warn.contains(category) {
            Act::Warn
        } else {
            Act::Allow
        }
    }
}

/// A group of people and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub profile: ProfileId,
    /// Over a person's groups the strictest wins, unless one has priority; of several, the highest number.
    pub priority: Option<u8>,
}

/// Whether a network's verdicts are done or only written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Enforce,
    /// What is locked or harms machines is blocked; the rest is written down as `would-block`.
    Watch,
    /// Somebody has switched it off for a while: only what is locked is blocked. No configuration says so.
    Off,
}

/// A network of the school: who comes from there, and how it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRule {
    pub name: String,
    pub ranges: Vec<Network>,
    /// What someone is judged by whom we do not know.
    pub group: GroupId,
    /// What is in force.
    pub mode: Mode,
    /// What the configuration says.
    pub written: Mode,
    /// HTTPS and SVCB answers keep the encrypted client hello (`ech`) and HTTP/3: the gate then sees fewer names.
    pub keep_ech: bool,
    /// An address that the gate gave nobody a name for is not reached.
    pub only_resolved: bool,
    /// What this network has while the gate is down.
    pub when_down: WhenDown,
    /// What is open before somebody has signed in, beside what machines need and help. `None`: what its group may.
    pub garden: Option<Arc<[Host]>>,
}

crate::words::person::words! {
    /// What a network has while the gate is down.
    WhenDown {
        /// Nothing: what nobody filters is not reached.
        Closed "closed",
        /// The internet, straight on.
        Open "open",
    }
}

/// Everything [`decide`](super::decide()) goes by. Immutable: a change makes another.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    pub profiles: Vec<Profile>,
    pub groups: Vec<Group>,
    pub networks: Vec<NetworkRule>,
    pub timetable: Timetable,
    pub own: OwnEntries,
    /// What somebody has opened for a while.
    pub passes: Passes,
    /// Who is held to less for a while.
    pub exams: Exams,
}

impl Policy {
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(usize::from(id.0))
    }

    pub fn profile(&self, id: ProfileId) -> Option<&Profile> {
        self.profiles.get(usize::from(id.0))
    }

    pub fn group_named(&self, name: &str) -> Option<GroupId> {
        self.groups.iter().position(|g| g.name == name).map(|i| GroupId(i as u16))
    }

    pub fn network(&self, id: NetworkId) -> Option<&NetworkRule> {
        self.networks.get(usize::from(id.0))
    }

    /// From which weight of its phrases on a page is taken for what they say, for someone in these groups: the lowest limit.
    pub fn phrase_limit(&self, groups: &Groups) -> Option<NonZeroU32> {
        counting_groups(groups, self).filter_map(|(_, profile)| self.profile(profile)?.phrase_limit).min()
    }

    /// What someone in these groups may not download: what any of their profiles refuses.
    pub fn downloads(&self, groups: &Groups) -> Downloads {
        let profiles = counting_groups(groups, self).filter_map(|(_, profile)| self.profile(profile));
        profiles.fold(Downloads::default(), |all, profile| all.and(profile.downloads))
    }

    /// Whose profile refuses such a file to someone in these groups; of several limits, the lowest.
    pub fn refuses_download(&self, groups: &Groups, kind: Download) -> Option<(GroupId, ProfileId)> {
        let refusing = |(group, id)| {
            let downloads = self.profile(id)?.downloads;
            downloads.refuses(kind).then_some((downloads.most.filter(|_| kind == Download::TooLarge), group, id))
        };
        counting_groups(groups, self).filter_map(refusing).min_by_key(|(most, ..)| *most).map(|(_, group, id)| (group, id))
    }

    /// The network of an address: the longest range that holds it. `None`: a stranger, who is not answered.
    pub fn network_of(&self, address: IpAddr) -> Option<NetworkId> {
        let mut best: Option<(u8, usize)> = None;
        for (i, network) in self.networks.iter().enumerate() {
            for range in network.ranges.iter().filter(|r| r.contains(address)) {
                if best.is_none_or(|(prefix, _)| range.prefix() > prefix) {
                    best = Some((range.prefix(), i));
                }
            }
        }
        best.map(|(_, i)| NetworkId(i as u16))
    }
}
