//! Whether every category that is blocked has a list to block it by. The lists that ship are a few dozen names each: enough to see
//! that a category works, never enough to rest on.

use crate::config::Config;
use crate::lists::{Origin, Provenance};
use crate::ops::tables;
use crate::words::{Category, CategorySet};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// A category that is blocked and has no real list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    pub category: String,
    /// What to do about it.
    pub switch_on: String,
}

/// Every category that some profile blocks, or that is blocked for everyone, and that no list but the one that ships names. Left
/// out are those of [`shipped_only`].
pub fn missing(config: &Config, lists: &[Provenance]) -> Vec<Missing> {
    let public = public_lists(config);
    let missing = unlisted(config, lists).without(enough(config, lists));
    let missing = missing.iter().map(|c| Missing { category: config.category_id(c), switch_on: switch_on(c, &public) });
    missing.collect()
}

/// The categories that have no list but the one that ships, which the school has said is enough for them.
pub fn shipped_only(config: &Config, lists: &[Provenance]) -> Vec<String> {
    unlisted(config, lists).and(enough(config, lists)).iter().map(|c| config.category_id(c)).collect()
}

/// What the school takes from the lists that ship alone, as far as one does ship.
fn enough(config: &Config, lists: &[Provenance]) -> CategorySet {
    let used = |l: &&Provenance| l.broken.is_none() && l.entries > 0;
    let there: CategorySet = lists.iter().filter(used).map(|l| l.category).collect();
    config.lists.shipped_is_enough.and(there)
}

/// Every category that is blocked and that no list but the one that ships names.
fn unlisted(config: &Config, lists: &[Provenance]) -> CategorySet {
    let wanted = config.policy.profiles.iter().fold(CategorySet::HARMFUL_CODE, |all, profile| all.or(profile.block));
    let shipped: HashSet<String> =
        tables::list_files(config).into_iter().filter(|f| f.origin == Origin::Shipped).map(|f| f.name).collect();
    let real = lists.iter().filter(|l| l.broken.is_none() && l.entries > 0 && !shipped.contains(&l.name));
    let there: CategorySet = real.map(|l| l.category).collect();
    wanted.without(there)
}

/// In one line, for those who only look whether all is well.
pub fn in_a_line(missing: &[Missing]) -> Option<String> {
    /// Categories that are named; a line with all of them is read by nobody.
    const NAMED: usize = 4;
    let first: Vec<&str> = missing.iter().take(NAMED).map(|m| m.category.as_str()).collect();
    let more = missing.len().saturating_sub(NAMED);
    let and = if more > 0 { format!(" and {more} more") } else { String::new() };
    let verb = if missing.len() == 1 { "is" } else { "are" };
    (!missing.is_empty()).then(|| {
        format!(
            "NOT READY: {}{and} {verb} blocked with no real list. `schoolgate lists status` says which to switch on",
            first.join(", ")
        )
    })
}

/// What of `sources.toml` matters here.
#[derive(Default, Deserialize)]
struct Catalogue {
    #[serde(default)]
    source: Vec<PublicList>,
}

#[derive(Deserialize)]
struct PublicList {
    name: String,
    category: String,
    #[serde(default)]
    default: bool,
}

/// The public lists that are known of. Where there is no catalogue, none is: `check` says what is wrong with it.
fn public_lists(config: &Config) -> Vec<PublicList> {
    let text = std::fs::read_to_string(config.lists.shipped.join("sources.toml")).unwrap_or_default();
    toml::from_str::<Catalogue>(&text).unwrap_or_default().source
}

fn switch_on(category: Category, public: &[PublicList]) -> String {
    let mut of = public.iter().filter(|list| category.id() == Some(list.category.as_str()));
    match of.clone().find(|list| list.default).or_else(|| of.next()) {
        Some(list) if list.default => format!("`schoolgate lists update` fetches {}", list.name),
        Some(list) => format!("add \"{}\" to `fetch` of [lists], then `schoolgate lists update`", list.name),
        None => {
            let id = category.id().unwrap_or_default();
            format!(
                "no public list is known: give one as a [[list]], or say that what ships is enough: `shipped_is_enough = [\"{id}\"]`"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_switch_on_names_a_list_or_says_that_there_is_none() {
        let list = |name: &str, category: &str, default| PublicList { name: name.into(), category: category.into(), default };
        let public = [list("a/other", "adult", false), list("a/adult", "adult", true), list("a/games", "games", false)];
        for (category, says) in [
            (Category::ADULT, "`schoolgate lists update` fetches a/adult"),
            (Category::GAMES, "add \"a/games\" to `fetch`"),
            (Category::HATE, "no public list is known"),
        ] {
            assert!(switch_on(category, &public).starts_with(says), "{category}");
        }
    }

    #[test]
    fn a_line_names_a_few_and_counts_the_rest() {
        let missing = |count: usize| -> Vec<Missing> {
            (0..count).map(|i| Missing { category: format!("c{i}"), switch_on: String::new() }).collect()
        };
        assert_eq!(in_a_line(&[]), None);
        assert!(in_a_line(&missing(1)).is_some_and(|line| line.starts_with("NOT READY: c0 is blocked")));
        assert!(in_a_line(&missing(9)).is_some_and(|line| line.contains("c0, c1, c2, c3 and 5 more are blocked")));
    }
}
