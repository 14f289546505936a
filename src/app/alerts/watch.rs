//! What was seen, judged: whose it is, of which theme, how soon somebody is told.

use super::hours;
use crate::config::Config;
use crate::gate::Snapshot;
use crate::gate::alerts::{New, Sighting, Whose};
use crate::lists::phrases::Tier;
use crate::people::Register;
use crate::report::themes::{THEMES, theme_of_words};
use crate::report::{Audience, tally};
use crate::words::{CategorySet, PersonRole};

/// Every category of which a block may be an alert in this school.
pub fn watched(config: &Config) -> CategorySet {
    let grave = THEMES.iter().filter(|theme| theme.ranked(&config.scoring).tier >= Tier::High);
    grave.fold(CategorySet::EMPTY, |all, theme| all.or(theme.categories))
}

/// What it would be. `None`: nothing that cannot wait, or nobody's of the pupils. `groups` are the names of the groups it was judged by.
pub fn judged(sighting: &Sighting, snapshot: &Snapshot, groups: &[String], now_ms: i64, count: u64) -> Option<New> {
    let config = &snapshot.config;
    if audience(sighting, config, &snapshot.register, groups) != Audience::Pupils {
        return None;
    }
    let words = sighting.words.and_then(theme_of_words);
    let listed = || tally::theme_for(sighting.step, sighting.category, sighting.categories);
    let of_words = words.map(|theme| theme.ranked(&config.scoring)).filter(|theme| theme.tier >= Tier::High);
    let theme = of_words.or_else(|| listed().map(|theme| theme.ranked(&config.scoring)).filter(|theme| theme.tier >= Tier::High))?;
    let critical = theme.tier == Tier::Critical;
    let zone = &config.school.zone;
    let quiet = hours::is_quiet(&config.alerts, zone, now_ms);
    // Who speaks of themselves is not kept for noon; in quiet hours only if somebody is there to read it.
    let at_once = critical || sighting.first_person && (!quiet || !config.alerts.out_of_hours.is_empty());
    let due_ms = if at_once { now_ms } else { hours::next_digest(&config.alerts, zone, now_ms) };
    Some(New { whose: Whose::of(&sighting.who), theme: theme.id, critical, when_ms: sighting.when_ms, due_ms, count })
}

/// Whom it is about, as the weekly report has it: an adult only if the register says so, or every group is for adults.
fn audience(sighting: &Sighting, config: &Config, register: &Register, groups: &[String]) -> Audience {
    let who = &sighting.who;
    let owner = || who.device.and_then(|id| register.device(id)).and_then(|device| device.person);
    if let Some(person) = who.person.filter(|_| who.sure.may_name()).or_else(owner).and_then(|id| register.person(id)) {
        return if person.role == PersonRole::Pupil { Audience::Pupils } else { Audience::Adults };
    }
    let mut audiences = groups.iter().map(|group| super::super::weekly::audience(config, group));
    let Some(first) = audiences.next() else { return Audience::Pupils };
    if audiences.any(|a| a == Audience::Pupils) { Audience::Pupils } else { first }
}
