//! What cannot wait for the weekly report: seen as it is written down, gathered by person and theme, numbered, acknowledged.
//!
//! The doors put what may matter into a bounded queue and never wait: what finds no room is counted, and found in the journal by
//! whoever takes from it (`app::alerts`), as is what a kill left there. Everything is kept whole by whoever opens them: the gate
//! knows no files of the school.
//!
//! Always holds: a number is given once; one alert for one subject and one theme, however often; nothing here says what was typed or
//! where somebody went.

use crate::journal::{Door, Event, Intent};
use crate::lists::phrases::Theme;
use crate::policy::{Action, Step};
use crate::words::{Category, CategorySet, Who};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What may wait to be looked at: some seconds of a school of which everybody searches for it.
const QUEUE: usize = 1024;

/// Most alerts that are kept. Of more the oldest that are acknowledged go, then the oldest.
const MOST: usize = 2_000;

/// What comes within half an hour of what is acknowledged is of the same: it parts episodes, too.
const PAUSE_MS: i64 = 30 * 60 * 1000;

/// An alert that nobody acknowledged counts on for so long. Then another is made, and told.
const LONGEST_MS: i64 = 24 * 60 * 60 * 1000;

/// Longest name of who acknowledges.
const MAX_BY: usize = 100;

/// Words by which somebody who searches speaks of themselves, in English and Welsh.
const FIRST_PERSON: &[&str] = &["i", "im", "ive", "me", "my", "myself", "mine", "fi", "fy", "dwi"];

/// Whom an alert is about: a person only if we are sure enough to name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    Person(u32),
    Device(u32),
    Address(IpAddr),
}

impl Whose {
    pub fn of(who: &Who) -> Self {
        match (who.person, who.device) {
            (Some(person), _) if who.sure.may_name() => Self::Person(person.0),
            (_, Some(device)) => Self::Device(device.0),
            _ => Self::Address(who.client.ip()),
        }
    }
}

/// What of an event it takes to see whether it matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting {
    pub when_ms: i64,
    pub who: Who,
    pub step: Step,
    pub action: Action,
    pub category: Option<Category>,
    pub categories: CategorySet,
    /// What the words of a search are about.
    pub words: Option<Theme>,
    /// They speak of whoever searches.
    pub first_person: bool,
    pub count: u32,
    pub policy_version: u32,
}

impl Sighting {
    /// `None`: it is nothing that may matter. `watched` is every category of which a block may.
    pub fn of(event: &Event, watched: CategorySet) -> Option<Self> {
        let words = event.theme.map(|(theme, _)| theme).filter(|_| event.intent >= Intent::Link);
        let meant = !matches!(event.intent, Intent::Background | Intent::SubResource);
        let blocked = matches!(event.action, Action::Block | Action::WouldBlock) && meant;
        let all = event.categories.or(event.category.into_iter().collect());
        let listed = event.step == Step::Locked || blocked && !all.and(watched).is_empty();
        let who = event.who.filter(|_| words.is_some() || listed)?;
        // Who looks for help is never an alert.
        let help = event.step == Step::Help || event.categories.contains(Category::HELP);
        (event.door != Door::SelfTest && !help).then(|| Self {
            when_ms: event.when_ms,
            who,
            step: event.step,
            action: event.action,
            category: event.category,
            categories: event.categories,
            words,
            first_person: words.is_some() && is_first_person(&event.search),
            count: event.count.max(1),
            policy_version: event.policy_version,
        })
    }
}

fn is_first_person(words: &str) -> bool {
    let mut words = words.split(|c: char| !c.is_alphanumeric());
    words.any(|word| FIRST_PERSON.iter().any(|first| word.eq_ignore_ascii_case(first)))
}

/// How somebody was told, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub when_ms: i64,
    pub how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// At once.
    AtOnce,
    /// With others, at noon or in the afternoon.
    Digest,
    /// At once, to whoever is on duty when school is not.
    OutOfHours,
    /// Again, because nobody had acknowledged it.
    Deputy,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The login name.
    pub by: String,
    pub when_ms: i64,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    pub number: u32,
    pub whose: Whose,
    /// A theme's id.
    pub theme: String,
    pub critical: bool,
    pub first_ms: i64,
    pub last_ms: i64,
    /// How often, as far as the journal has been read.
    pub count: u64,
    /// When somebody is to be told.
    pub due_ms: i64,
    pub told: Vec<Told>,
    pub acknowledged: Option<Acknowledged>,
}

/// What would be an alert, or one more of the same.
#[derive(Debug, Clone)]
pub struct New {
    pub whose: Whose,
    pub theme: &'static str,
    pub critical: bool,
    pub when_ms: i64,
    pub due_ms: i64,
    /// 0: the journal will tell how often.
    pub count: u64,
}

/// One notice that another system is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: String,
    pub body: String,
    pub made_ms: i64,
    pub next_ms: i64,
    pub tries: u32,
    /// Why it has not been taken.
    pub why: String,
}

/// Something about the gate itself that somebody was told of, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ailment {
    pub line: String,
    pub since_ms: i64,
    pub told: bool,
    /// Looks at which it was no longer there.
    pub gone: u32,
}

/// All that is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub last_number: u32,
    /// Up to which row the journal has been read; `None`: not at all.
    pub read: Option<u64>,
    pub alerts: Vec<Alert>,
    pub notices: Vec<Notice>,
    /// What is wrong with the gate, by what stays the same of it.
    pub ailments: BTreeMap<String, Ailment>,
    /// How often something found no room in the queue.
    pub missed: u64,
}

impl State {
    /// Makes an alert, or lets one count on. Its number, if it is new.
    pub fn raise(&mut self, new: &New) -> Option<u32> {
        let joins = |alert: &&mut Alert| {
            let most = if alert.acknowledged.is_some() { PAUSE_MS } else { LONGEST_MS };
            alert.whose == new.whose && alert.theme == new.theme && new.when_ms - alert.last_ms <= most
        };
        if let Some(alert) = self.alerts.iter_mut().rev().find(joins) {
            alert.last_ms = alert.last_ms.max(new.when_ms);
            alert.first_ms = alert.first_ms.min(new.when_ms);
            alert.count += new.count;
            alert.critical |= new.critical;
            if alert.told.is_empty() {
                alert.due_ms = alert.due_ms.min(new.due_ms);
            }
            return None;
        }
        self.last_number = self.last_number.checked_add(1).unwrap_or(1);
        self.alerts.push(Alert {
            number: self.last_number,
            whose: new.whose,
            theme: new.theme.to_owned(),
            critical: new.critical,
            first_ms: new.when_ms,
            last_ms: new.when_ms,
            count: new.count,
            due_ms: new.due_ms,
            told: Vec::new(),
            acknowledged: None,
        });
        if self.alerts.len() > MOST {
            let oldest = self.alerts.iter().position(|alert| alert.acknowledged.is_some()).unwrap_or(0);
            self.alerts.remove(oldest);
        }
        Some(self.last_number)
    }
}

/// Writes all of them down.
pub type Keep = Box<dyn Fn(&State) -> Result<(), String> + Send + Sync>;

/// The alerts of a gate.
pub struct Alerts {
    queue: SyncSender<Sighting>,
    seen: Mutex<Receiver<Sighting>>,
    /// Categories of which a block may matter.
    watched: AtomicU64,
    missed: AtomicU64,
    state: Mutex<State>,
    keep: Option<Keep>,
}

impl Default for Alerts {
    fn default() -> Self {
        let (queue, seen) = sync_channel(QUEUE);
        let (watched, missed, state) = Default::default();
        Self { queue, seen: Mutex::new(seen), watched, missed, state, keep: None }
    }
}

impl Alerts {
    pub fn open(state: State, keep: Keep) -> Self {
        Self { state: Mutex::new(state), keep: Some(keep), ..Self::default() }
    }

    /// From now on blocks of these categories may matter.
    pub fn watch(&self, categories: CategorySet) {
        self.watched.store(categories.bits(), Relaxed);
    }

    /// Looks at what was just written down. Never waits.
    #[inline]
    pub fn see(&self, event: &Event) {
        if event.theme.is_none() && event.action == Action::Allow {
            return;
        }
        let watched = CategorySet::from_bits(self.watched.load(Relaxed));
        if let Some(sighting) = Sighting::of(event, watched)
            && self.queue.try_send(sighting).is_err()
        {
            self.missed.fetch_add(1, Relaxed);
        }
    }

    /// The same of an event that the journal has.
    pub fn sighting(&self, event: &Event) -> Option<Sighting> {
        Sighting::of(event, CategorySet::from_bits(self.watched.load(Relaxed)))
    }

    /// What was seen since the last call, and how much found no room.
    pub fn taken(&self) -> (Vec<Sighting>, u64) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.try_iter().take(QUEUE).collect(), self.missed.swap(0, Relaxed))
    }

    /// Changes what is kept, and writes it down. Where that fails it holds all the same, until the process ends: a full disk is no
    /// reason to tell nobody.
    ///
    /// # Errors
    /// Why it is not written down, beside what came of the change.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> (T, Result<(), String>) {
        let mut state = self.state();
        let before = state.clone();
        let came = change(&mut state);
        let kept = match &self.keep {
            Some(keep) if *state != before => keep(&state),
            _ => Ok(()),
        };
        (came, kept)
    }

    /// All that is kept.
    pub fn kept(&self) -> State {
        self.state().clone()
    }

    /// Every alert, the oldest first.
    pub fn all(&self) -> Vec<Alert> {
        self.state().alerts.clone()
    }

    /// Writes down that somebody has seen it. The first who did stays.
    ///
    /// # Errors
    /// There is no such number, or it cannot be written down.
    pub fn acknowledge(&self, number: u32, by: &str, now_ms: i64) -> Result<Alert, String> {
        let by: String = by.chars().filter(|c| !c.is_control()).take(MAX_BY).collect();
        let (found, kept) = self.change(|state| {
            let alert = state.alerts.iter_mut().find(|alert| alert.number == number)?;
            alert.acknowledged.get_or_insert(Acknowledged { by, when_ms: now_ms });
            Some(alert.clone())
        });
        let found = found.ok_or_else(|| format!("there is no alert {number}: `schoolgate alerts list` shows those there are"))?;
        kept.map(|()| found)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(whose: u32, when_ms: i64) -> New {
        New { whose: Whose::Person(whose), theme: "suicide", critical: true, when_ms, due_ms: when_ms, count: 1 }
    }

    #[test]
    fn forty_searches_of_one_child_are_one_alert_and_what_comes_after_it_was_seen_is_another() {
        let mut state = State::default();
        let numbers: Vec<_> = (0..40).filter_map(|n| state.raise(&new(1, n * 60_000))).collect();
        assert_eq!((numbers, state.alerts[0].count), (vec![1], 40));
        assert_eq!(state.raise(&new(2, 0)), Some(2), "another child is another alert");
        state.alerts[0].acknowledged = Some(Acknowledged { by: "dsl".into(), when_ms: 40 * 60_000 });
        assert_eq!(state.raise(&new(1, 50 * 60_000)), None, "the same episode");
        assert_eq!(state.raise(&new(1, 50 * 60_000 + PAUSE_MS + 1)), Some(3));
        // What the journal tells late is of the one there is.
        assert_eq!(state.raise(&new(1, 20 * 60_000)), None);
    }

    #[test]
    fn whoever_acknowledged_it_first_stays_and_a_full_queue_is_counted() {
        let alerts = Alerts::default();
        alerts.change(|state| state.raise(&new(1, 5))).1.expect("kept");
        assert_eq!(alerts.acknowledge(1, "first\n", 10).expect("there").acknowledged.expect("it is").by, "first");
        assert_eq!(alerts.acknowledge(1, "second", 20).expect("there").acknowledged.expect("it is").by, "first");
        assert!(alerts.acknowledge(9, "x", 20).is_err());
    }

    #[test]
    fn words_of_the_first_person_are_told_from_others() {
        for (words, is) in [
            ("how can i kill myself", true),
            ("I'm so fat", true),
            ("my dad hits me", true),
            ("anorexia essay", false),
            ("Miami time", false),
        ] {
            assert_eq!(is_first_person(words), is, "{words}");
        }
    }
}
