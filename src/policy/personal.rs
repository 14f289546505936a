//! What goes by the person: where two who may sit at one machine, or one of them at two times, would be told different things.
//!
//! A client keeps what it is told for a while. What was told a teacher must not serve the pupil who has the laptop next.

use super::safe::engines::{YOUTUBE, engine};
use super::{Act, Mode, OwnEntries, Policy, Safe};
use crate::lists::Found;
use crate::words::{Category, CategorySet, GroupId, Groups, Host, NetworkId};

/// In what the people who may sit at a machine of one network differ: those whom nobody knows, and everybody of the school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personal {
    /// Categories that not all of them have alike at all times.
    categories: CategorySet,
    /// What no category speaks for is not the same to all.
    otherwise: bool,
    rshe: For,
    /// Before somebody has signed in there, little is open.
    garden: bool,
    search: bool,
    youtube: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Everybody,
    Some,
    Nobody,
}

impl Personal {
    /// At this network, for the people of these groups.
    pub fn of(policy: &Policy, network: NetworkId, people: impl Iterator<Item = GroupId>) -> Self {
        let rule = policy.network(network);
        let groups: Vec<GroupId> = people.chain(rule.map(|rule| rule.group)).collect();
        let profiles = || groups.iter().filter_map(|&id| policy.profile(policy.group(id)?.profile));
        let safe = || profiles().map(|p| p.safe);
        let rshe = match (profiles().any(|p| p.rshe), profiles().all(|p| p.rshe)) {
            (_, true) => For::Everybody,
            (true, false) => For::Some,
            (false, false) => For::Nobody,
        };
        let garden = rule.is_some_and(|rule| rule.garden.is_some());
        let nothing = Self { categories: CategorySet::EMPTY, otherwise: false, rshe, garden, search: false, youtube: false };
        if rule.is_some_and(|rule| rule.mode == Mode::Watch) {
            // It lets everybody through, and rewrites nothing.
            return nothing;
        }
        let mut differing = CategorySet::EMPTY;
        for category in CategorySet::ORDINARY.iter() {
            if !are_alike(groups.iter().flat_map(|&group| acts(policy, group, category))) {
                differing.insert(category);
            }
        }
        let otherwise = !are_alike(profiles().map(|p| p.otherwise == Act::Block));
        let (search, youtube) = (!are_alike(safe().map(|s: Safe| s.search)), !are_alike(safe().map(|s| s.youtube)));
        Self { categories: differing, otherwise, search, youtube, ..nothing }
    }

    /// Whether a host may be judged or answered differently for two of them, or for one at another time.
    ///
    /// It goes by the precedence, as [`decide`](super::decide()) does, and where it is not sure it says yes. Of what is written
    /// down later, a new entry, a new pass or who is withdrawn, it knows nothing.
    pub fn concerns(&self, host: &Host, found: &Found, policy: &Policy) -> bool {
        self.rewrites(host) || self.judges(host, found, policy)
    }

    fn rewrites(&self, host: &Host) -> bool {
        (self.search || self.youtube)
            && engine(host.as_str()).is_some_and(|engine| if engine.name == YOUTUBE.name { self.youtube } else { self.search })
    }

    fn judges(&self, host: &Host, found: &Found, policy: &Policy) -> bool {
        let categories = found.categories();
        let any_of = |set: CategorySet| !categories.and(set).is_empty();
        if any_of(CategorySet::LOCKED) || categories.contains(Category::PLATFORM) {
            return false;
        }
        // Whoever is in an exam is let to little.
        if !policy.exams.is_empty() {
            return true;
        }
        if categories.contains(Category::HELP) {
            return false;
        }
        if self.garden {
            return true;
        }
        if categories.contains(Category::RSHE) && self.rshe != For::Nobody {
            return self.rshe == For::Some;
        }
        let own = policy.own.touches(host).then_some(&policy.own);
        if own.is_some_and(|own| own.is_for_some(host)) {
            return true;
        }
        // From here on entries are for everybody and for good.
        let settled = |own: &OwnEntries| own.firm_block(host, &Groups::default(), 0).is_some();
        if any_of(CategorySet::HARMFUL_CODE) || own.is_some_and(settled) {
            return false;
        }
        if policy.passes.iter().any(|opened| opened.pass.opens(host, "", categories)) {
            return true;
        }
        if own.is_some_and(|own| own.speaking(host, &Groups::default(), 0).is_some()) || categories.contains(Category::EDUCATION)
        {
            return false;
        }
        let ordinary = categories.and(CategorySet::ORDINARY);
        if ordinary.is_empty() { self.otherwise } else { !ordinary.and(self.categories).is_empty() }
    }
}

/// What becomes of a category for one group, at any time, where no page can be shown.
fn acts(policy: &Policy, group: GroupId, category: Category) -> impl Iterator<Item = Act> {
    let profile = policy.group(group).and_then(|group| policy.profile(group.profile));
    let cells = policy.timetable.cells().iter().filter(move |c| c.category == category && c.group.is_none_or(|g| g == group));
    profile.into_iter().flat_map(move |profile| {
        // Who was warned and went on is let through, and nobody else is.
        let unseen = |act| if act == Act::Warn { [profile.warn_unseen, Act::Allow] } else { [act; 2] };
        [profile.cell(category)].into_iter().chain(cells.clone().map(|cell| cell.act)).flat_map(unseen)
    })
}

fn are_alike<T: PartialEq>(mut all: impl Iterator<Item = T>) -> bool {
    let first = all.next();
    first.is_none_or(|first| all.all(|other| other == first))
}

#[cfg(test)]
mod tests;
