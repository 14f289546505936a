//! `[profile.NAME]`: what one kind of person may do, inherited and resolved to masks.

use super::categories::Categories;
use super::fault::{Placed, Wrong};
use super::file::Section;
use super::known::Known;
use crate::policy::{Act, Profile, ProfileId, Safe, Youtube};
use crate::words::{Category, CategorySet, Download, Downloads};
use std::num::{NonZeroU32, NonZeroU64};

/// More profiles than any school or trust can tell apart; their number is stored in 16 bits.
const MAX_PROFILES: usize = 1000;

/// Of a page's weight: e2guardian's own limits are 50 to 160.
const MAX_LIMIT: u32 = 100_000;

/// Of `max_mb`: a terabyte.
const MAX_MB: u32 = 1_000_000;

/// What is written of one profile, before what it extends is added.
struct Written {
    name: String,
    /// The place of this in the list, and where it is written.
    extends: Option<Placed<usize>>,
    pupils: bool,
    rshe: Option<bool>,
    warn_unseen: Option<Act>,
    default: Option<Act>,
    safe_search: Option<bool>,
    youtube: Option<Youtube>,
    phrase_limit: Option<u32>,
    refused: Option<Vec<Download>>,
    /// Of one file, in octets; 0: none.
    most: Option<u64>,
    block: CategorySet,
    warn: CategorySet,
    allow: Vec<Placed<Category>>,
}

/// All profiles and their names.
pub(super) fn read(roots: &[&Section], categories: &Categories, whole: bool) -> (Vec<Profile>, Known<ProfileId>) {
    let mut known = Known::new("profile", whole);
    let mut sections = Vec::new();
    for (name, section) in roots.iter().flat_map(|root| root.named("profile")) {
        if known.len() == MAX_PROFILES {
            section.fault(Wrong::new(format!("there are more than {MAX_PROFILES} profiles"), "delete some").at(name.place));
            break;
        }
        if known.define(&section, &name.map(str::to_owned), ProfileId(sections.len() as u16)) {
            sections.push((name.value.to_owned(), section));
        }
    }
    let written: Vec<_> = sections.iter().map(|(name, section)| read_one(name.clone(), section, categories, &known)).collect();
    let mut done: Vec<Option<Profile>> = vec![None; written.len()];
    for i in 0..written.len() {
        resolve(i, &written, &sections, categories, &mut done);
    }
    (done.into_iter().flatten().collect(), known)
}

fn read_one(name: String, section: &Section, categories: &Categories, known: &Known<ProfileId>) -> Written {
    let extends = section.value("extends", |item| item.text());
    let extends = extends.and_then(|parent| {
        let id = known.find(section, &parent, "this profile extends one that does not exist")?;
        Some(parent.map(|_| usize::from(id.0)))
    });
    let (mut block, mut warn, mut allow) = (CategorySet::EMPTY, CategorySet::EMPTY, Vec::new());
    let mut seen: Vec<Placed<Category>> = Vec::new();
    for (key, verb) in [("block", "blocks"), ("warn", "warns of"), ("allow", "allows")] {
        let title = format!("this profile {verb} a category that does not exist");
        for named in section.list(key, |item| categories.judged(item, &title)).map_or(vec![], |l| l.items) {
            let Some(category) = named.value else { continue };
            if let Some(first) = seen.iter().find(|s| s.value == category) {
                let wrong =
                    Wrong::new(format!("`{}` is written twice in one profile", categories.id(category)), "delete one of them");
                section.fault(wrong.at(named.place).first(first.place));
                continue;
            }
            seen.push(named.map(|_| category));
            match key {
                "block" => block.insert(category),
                "warn" => warn.insert(category),
                _ => allow.push(named.map(|_| category)),
            }
        }
    }
    let act = |key| section.value(key, |item| item.word(&[("block", Act::Block), ("allow", Act::Allow)])).map(|v| v.value);
    let flag = |key| section.value(key, |item| item.flag()).map(|v| v.value);
    let downloads = section.section("downloads");
    let kinds = Download::ALL.iter().filter(|kind| **kind != Download::TooLarge);
    let kinds: Vec<_> = kinds.map(|kind| (kind.word(), *kind)).collect();
    let refused =
        downloads.list("block", |item| item.word(&kinds)).map(|list| list.items.into_iter().map(|kind| kind.value).collect());
    let most = downloads.value("max_mb", |item| item.number(0..=MAX_MB)).map(|mb| u64::from(mb.value) * 1_000_000);
    downloads.end();
    let words: Vec<_> = Youtube::ALL.iter().map(|y| (y.word(), *y)).collect();
    let written = Written {
        name,
        extends,
        pupils: flag("pupils").unwrap_or(false),
        rshe: flag("rshe"),
        warn_unseen: act("warn_unseen"),
        default: act("default"),
        safe_search: flag("safe_search"),
        youtube: section.value("youtube", |item| item.word(&words)).map(|v| v.value),
        phrase_limit: section.value("phrase_limit", |item| item.number(0..=MAX_LIMIT)).map(|v| v.value),
        refused,
        most,
        block,
        warn,
        allow,
    };
    section.end();
    written
}

/// Resolves a profile after those it extends, from the far end of the chain, so that no chain is too long for the stack.
fn resolve(
    start: usize,
    written: &[Written],
    sections: &[(String, Section)],
    categories: &Categories,
    done: &mut [Option<Profile>],
) {
    let mut chain = vec![start];
    let mut on_chain = vec![false; written.len()];
    on_chain[start] = true;
    while let Some(parent) = chain.last().and_then(|&i| written[i].extends).filter(|p| done[p.value].is_none()) {
        if on_chain[parent.value] {
            let last = chain.last().map_or(start, |&i| i);
            let title = match chain.len() {
                _ if parent.value == last => "this profile extends itself".to_owned(),
                _ => format!("this profile extends itself by way of `{}`", written[parent.value].name),
            };
            sections[last].1.fault(Wrong::new(title, "delete this, or extend another").at(parent.place));
            break;
        }
        on_chain[parent.value] = true;
        chain.push(parent.value);
    }
    while let Some(i) = chain.pop().filter(|&i| done[i].is_none()) {
        let parent = written[i].extends.and_then(|p| done[p.value].clone());
        done[i] = Some(inherit(&written[i], parent, &sections[i].1, categories));
    }
}

fn inherit(own: &Written, parent: Option<Profile>, section: &Section, categories: &Categories) -> Profile {
    let (inherits, block, warn) = match &parent {
        Some(p) => (true, p.block, p.warn),
        None => (false, CategorySet::EMPTY, CategorySet::EMPTY),
    };
    let mut allowed = CategorySet::EMPTY;
    for category in &own.allow {
        // Whoever writes it believes that it does something.
        if !block.or(warn).contains(category.value) && (inherits || own.extends.is_none()) {
            let title = format!("nothing this profile extends blocks `{}`", categories.id(category.value));
            let wrong = Wrong::new(title, "delete this")
                .help("what a profile does not block or warn of is allowed; `allow` undoes what it inherits");
            section.fault(wrong.at(category.place));
        }
        allowed.insert(category.value);
    }
    let safe = parent.as_ref().map_or(Safe::STRICTEST, |p| p.safe);
    let says = allowed.or(own.block).or(own.warn);
    Profile {
        name: own.name.clone(),
        block: block.without(says).or(own.block),
        warn: warn.without(says).or(own.warn),
        rshe: own.rshe.or(parent.as_ref().map(|p| p.rshe)).unwrap_or(false),
        warn_unseen: own.warn_unseen.or(parent.as_ref().map(|p| p.warn_unseen)).unwrap_or(Act::Block),
        phrase_limit: match own.phrase_limit {
            Some(limit) => NonZeroU32::new(limit),
            None => parent.as_ref().and_then(|p| p.phrase_limit),
        },
        downloads: downloads(own, parent.as_ref().map(|p| p.downloads).unwrap_or_default()),
        otherwise: own.default.or(parent.map(|p| p.otherwise)).unwrap_or(Act::Allow),
        pupils: own.pupils,
        safe: Safe { search: own.safe_search.unwrap_or(safe.search), youtube: own.youtube.unwrap_or(safe.youtube) },
    }
}

/// What is written of either stands; the other is inherited.
fn downloads(own: &Written, inherited: Downloads) -> Downloads {
    let mut downloads = own.refused.as_ref().map_or(inherited, |kinds| Downloads::refusing(kinds.iter().copied()));
    downloads.most = own.most.map_or(inherited.most, NonZeroU64::new);
    downloads
}

/// The strictest profile for pupils: what an unknown device is judged by.
pub(super) fn strictest(profiles: &[Profile]) -> Option<ProfileId> {
    let strictness = |p: &Profile| (p.otherwise, p.block.len(), p.warn.len(), !p.rshe, p.safe);
    let pupils = profiles.iter().enumerate().filter(|(_, p)| p.pupils);
    // `max_by_key` takes the last of equals: reversed, that is the first written.
    pupils.rev().max_by_key(|(_, p)| strictness(p)).map(|(i, _)| ProfileId(i as u16))
}
