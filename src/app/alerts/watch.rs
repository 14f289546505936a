//! What was seen, judged: whose it is, of which theme, how soon somebody is told.

use super::hours;
use crate::casebook::{Casebook, CasebookFault, watch as casebook_watch};
use crate::config::Config;
use crate::gate::Snapshot;
use crate::gate::alerts::{New, Sighting, Whose};
use crate::lists::phrases::Tier;
use crate::people::{Person, Register};
use crate::report::themes::{THEMES, Theme, theme_of_words};
use crate::report::{Audience, tally};
use crate::words::{CategorySet, PersonRole};
use std::collections::HashSet;

/// Every category of which a block may be an alert in this school, if somebody is watched more closely, or nobody.
pub fn watched(config: &Config, closely: &Closely) -> CategorySet {
    let least = if closely.is_empty() { Tier::High } else { Tier::Medium };
    let grave = THEMES.iter().filter(|theme| theme.ranked(&config.scoring).tier >= least);
    grave.fold(CategorySet::EMPTY, |all, theme| all.or(theme.categories))
}

/// Ids in the register of pupils whom the DSL has watched more closely: what is about them counts one tier more, as in the report.
pub type Closely = HashSet<String>;

/// Who they are now.
///
/// # Errors
/// [`CasebookFault`].
pub fn closely(config: &Config, now_ms: i64) -> Result<Closely, CasebookFault> {
    let Some(casebook) = Casebook::peek(&config.data)? else { return Ok(Closely::new()) };
    Ok(casebook_watch::at(&casebook.read(), now_ms, now_ms + 1)?.into_iter().map(|w| w.person).collect())
}

/// By what sightings are judged.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    pub snapshot: &'a Snapshot,
    pub closely: &'a Closely,
    pub now_ms: i64,
}

impl Judge<'_> {
    /// What it would be. `None`: nothing that cannot wait, or nobody's of the pupils. `groups` are the names of the groups it was
    /// judged by.
    pub fn judged(self, sighting: &Sighting, groups: &[String], count: u64) -> Option<New> {
        let (config, now_ms) = (&self.snapshot.config, self.now_ms);
        let person = named(sighting, &self.snapshot.register);
        if audience(person, config, groups) != Audience::Pupils {
            return None;
        }
        let closely = person.is_some_and(|person| self.closely.contains(&person.key));
        let grave = |theme: &'static Theme| {
            let ranked = theme.ranked(&config.scoring);
            Some(if closely { ranked.one_up() } else { ranked }).filter(|theme| theme.tier >= Tier::High)
        };
        let of_words = sighting.words.and_then(theme_of_words).and_then(grave);
        let listed = || tally::theme_for(sighting.step, sighting.category, sighting.categories);
        let theme = of_words.or_else(|| listed().and_then(grave))?;
        let critical = theme.tier == Tier::Critical;
        let zone = &config.school.zone;
        let quiet = hours::is_quiet(&config.alerts, zone, now_ms);
        // Who speaks of themselves is not kept for noon; in quiet hours only if somebody is there to read it.
        let at_once = critical || sighting.first_person && (!quiet || !config.alerts.out_of_hours.is_empty());
        let due_ms = if at_once { now_ms } else { hours::next_digest(&config.alerts, zone, now_ms) };
        Some(New { whose: Whose::of(&sighting.who), theme: theme.id, critical, when_ms: sighting.when_ms, due_ms, count })
    }
}

/// Whoever of the register it is sure to be, or whose device it is.
fn named<'r>(sighting: &Sighting, register: &'r Register) -> Option<&'r Person> {
    let who = &sighting.who;
    let owner = || who.device.and_then(|id| register.device(id)).and_then(|device| device.person);
    who.person.filter(|_| who.sure.may_name()).or_else(owner).and_then(|id| register.person(id))
}

/// Whom it is about, as the weekly report has it: an adult only if the register says so, or every group is for adults.
fn audience(person: Option<&Person>, config: &Config, groups: &[String]) -> Audience {
    if let Some(person) = person {
        return if person.role == PersonRole::Pupil { Audience::Pupils } else { Audience::Adults };
    }
    let mut audiences = groups.iter().map(|group| super::super::weekly::audience(config, group));
    let Some(first) = audiences.next() else { return Audience::Pupils };
    if audiences.any(|a| a == Audience::Pupils) { Audience::Pupils } else { first }
}
