//! A pass: what someone with the right to has opened, for whom, until when.

use crate::words::{Category, CategorySet, Grade, GroupId, Groups, Host};
use std::sync::Arc;

/// A pass in force. Which sessions it reaches is settled before it comes into an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    pub id: u16,
    /// The host it opens, with everything below; `None` opens whole categories.
    pub host: Option<Host>,
    pub categories: CategorySet,
    /// Who opened it, and so how far it goes.
    pub grade: Grade,
}

impl Pass {
    /// Whether the pass opens a host of these categories: every one that would be judged must be within what its giver may open.
    pub fn opens(&self, host: &Host, categories: CategorySet) -> bool {
        let named = match &self.host {
            Some(opened) => host.is_within(opened),
            None => !categories.and(self.categories).is_empty(),
        };
        named && categories.and(CategorySet::ORDINARY).iter().all(|c| self.may_open(c))
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
    pub group: GroupId,
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

    /// The first pass in force for one of these groups that opens a host of these categories.
    pub fn opening(&self, host: &Host, categories: CategorySet, groups: &Groups, now_ms: i64) -> Option<&Pass> {
        let speaking = |o: &&Opened| o.in_force(now_ms) && groups.contains(o.group) && o.pass.opens(host, categories);
        self.iter().find(speaking).map(|o| &o.pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_for_its_group_and_for_its_time() {
        let host = Host::parse("www.video.example").expect("a host");
        let opened = |id, group, categories: &[Category], grade| Opened {
            pass: Pass { id, host: None, categories: CategorySet::of(categories), grade },
            group: GroupId(group),
            from_ms: 100,
            until_ms: 200,
            by: "t.jones".into(),
            reason: "a lesson".into(),
        };
        let passes = Passes::new([
            opened(1, 0, &[Category::ADULT], Grade::Lead),
            opened(2, 0, &[Category::VIDEO], Grade::Teacher),
            opened(3, 1, &[Category::VIDEO], Grade::Teacher),
        ]);
        let open = |categories: &[Category], group, now| {
            passes.opening(&host, CategorySet::of(categories), &Groups::one(GroupId(group)), now).map(|p| p.id)
        };
        assert_eq!(open(&[Category::VIDEO], 0, 100), Some(2));
        assert_eq!(open(&[Category::VIDEO], 1, 199), Some(3));
        for (categories, group, now) in [
            (&[Category::VIDEO][..], 0, 200),
            (&[Category::VIDEO], 0, 99),
            (&[Category::VIDEO], 2, 150),
            (&[Category::GAMES], 0, 150),
            (&[Category::ADULT], 0, 150),
            (&[Category::VIDEO, Category::SELF_HARM], 0, 150),
        ] {
            assert_eq!(open(categories, group, now), None, "{categories:?} {group} {now}");
        }
    }
}
