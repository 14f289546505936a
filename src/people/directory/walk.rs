//! Who is in a group, and in the groups in it, where the directory does not know by itself.

use super::same_dn;
use std::collections::{HashSet, VecDeque};

/// Groups in groups in groups: deeper than anybody means it.
const DEEPEST: usize = 16;

/// Groups that are read for one group of the configuration.
const MOST_GROUPS: usize = 1000;

/// A group, and the names in it.
pub struct Group {
    pub members: Vec<String>,
}

/// Where groups are read.
pub trait Groups {
    type Fault;

    /// `None`: there is nothing of that name.
    fn group(&mut self, dn: &str) -> impl Future<Output = Result<Option<Group>, Self::Fault>> + Send;
}

/// Everybody in a group; `None`: it is not there. `people` are the names of those who may be: anything else in it is a group, or nothing. A group that is in
/// itself is read once.
///
/// # Errors
/// The directory's, of any group: of half of them nobody would know who has left.
pub async fn everybody<G: Groups>(
    groups: &mut G,
    dn: &str,
    people: &HashSet<String>,
) -> Result<Option<HashSet<String>>, G::Fault> {
    let mut found = HashSet::new();
    let mut seen = HashSet::from([same_dn(dn)]);
    let mut waiting = VecDeque::from([(dn.to_owned(), 0)]);
    while let Some((dn, depth)) = waiting.pop_front() {
        let Some(group) = groups.group(&dn).await? else {
            if depth == 0 {
                return Ok(None);
            }
            continue;
        };
        for member in group.members {
            let name = same_dn(&member);
            if people.contains(&name) {
                found.insert(name);
            } else if depth < DEEPEST && seen.len() < MOST_GROUPS && seen.insert(name) {
                waiting.push_back((member, depth + 1));
            }
        }
    }
    Ok(Some(found))
}
