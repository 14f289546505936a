//! Which groups of the policy someone is in.

use crate::config::{Config, Membership};
use crate::policy::Policy;
use crate::words::{GroupId, PersonRole};
use std::collections::BTreeSet;

/// The rules of the configuration by which year and role put people in groups, beside the groups they are put in by hand.
#[derive(Debug, Clone, Copy)]
pub struct Grouping<'a> {
    pub policy: &'a Policy,
    pub members: &'a [Membership],
}

impl<'a> Grouping<'a> {
    pub fn of_config(config: &'a Config) -> Self {
        Self { policy: &config.policy, members: &config.members }
    }

    /// Everything someone with this role, year and groups by hand is in; more than `MAX_GROUPS` are not cut off here.
    /// Empty: they are judged by the network they come from.
    pub fn groups(&self, role: PersonRole, year: Option<u8>, by_hand: &[String]) -> BTreeSet<GroupId> {
        let given = self.members.iter().filter(|m| takes(m, role, year)).map(|m| m.group);
        given.chain(by_hand.iter().filter_map(|name| self.policy.group_named(name))).collect()
    }

    /// The same by name, in the order of the configuration.
    pub fn group_names(&self, role: PersonRole, year: Option<u8>, by_hand: &[String]) -> Vec<String> {
        self.groups(role, year, by_hand).into_iter().filter_map(|g| Some(self.policy.group(g)?.name.clone())).collect()
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.policy.group_named(name).is_some()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.policy.groups.iter().map(|g| g.name.as_str())
    }
}

/// Whether a rule takes someone in: years without roles mean pupils, neither means nobody (see [`Membership`]).
fn takes(rule: &Membership, role: PersonRole, year: Option<u8>) -> bool {
    let roles: &[PersonRole] = if rule.roles.is_empty() { &[PersonRole::Pupil] } else { &rule.roles };
    let by_rule = !(rule.years.is_empty() && rule.roles.is_empty());
    by_rule && roles.contains(&role) && (rule.years.is_empty() || year.is_some_and(|y| rule.years.contains(&y)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::policy::{Group, ProfileId};

    /// Groups `year-7` and `year-8` by year, `staff` by role, `chess` and `safeguarding` by hand, `g1` to `g9` for too many.
    pub(in crate::people) fn school() -> (Policy, Vec<Membership>) {
        let names = ["year-7", "year-8", "staff", "chess", "safeguarding", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8", "g9"];
        let groups = names.map(|name| Group { name: name.into(), profile: ProfileId(0), priority: None });
        let rule = |group, years: &[u8], roles: &[PersonRole]| Membership {
            group: GroupId(group),
            years: years.to_vec(),
            roles: roles.to_vec(),
        };
        let members = vec![rule(0, &[7], &[]), rule(1, &[8], &[]), rule(2, &[], &[PersonRole::Staff]), rule(3, &[], &[])];
        (Policy { groups: groups.to_vec(), ..Policy::default() }, members)
    }

    #[test]
    fn year_and_role_give_groups_and_so_does_the_hand() {
        let (policy, members) = school();
        let grouping = Grouping { policy: &policy, members: &members };
        for (role, year, by_hand, groups) in [
            (PersonRole::Pupil, Some(7), &[][..], &["year-7"][..]),
            (PersonRole::Pupil, Some(8), &["chess"], &["year-8", "chess"]),
            (PersonRole::Pupil, Some(9), &[], &[]),
            (PersonRole::Pupil, None, &["gone-from-config"], &[]),
            (PersonRole::Staff, Some(7), &[], &["staff"]),
            (PersonRole::Staff, None, &["safeguarding", "staff"], &["staff", "safeguarding"]),
            (PersonRole::Visitor, None, &[], &[]),
        ] {
            let by_hand: Vec<String> = by_hand.iter().map(|&g| g.into()).collect();
            assert_eq!(grouping.group_names(role, year, &by_hand), groups, "{role} {year:?}");
        }
    }
}
