//! Whose an event is, and all that a week keeps of them: bounded, whatever they do.

use super::tally::SHOWN_AROUND;
use super::themes::Ranked;
use super::trace::{Hit, Kind, Trace};
use crate::journal::rollup::{Cell, Whose};
use crate::words::{CategorySet, ClientAddr, Confidence, DeviceId, Known, NetworkId, PersonId, Who};
use std::collections::{HashMap, VecDeque};

/// Whom something is counted for. A person only if we are sure enough to name them; else the device, else the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Person(PersonId),
    Device(DeviceId),
    Address(ClientAddr),
    /// Everyone of a network for whom there was no place any more.
    Crowd(NetworkId),
}

impl Subject {
    /// What it is called in the ids of matters: by the register's numbers, which never mean anybody else.
    pub fn word(&self) -> String {
        match self {
            Self::Person(id) => format!("person-{}", id.0),
            Self::Device(id) => format!("device-{}", id.0),
            Self::Address(client) => format!("address-{client}"),
            Self::Crowd(network) => format!("network-{}", network.0),
        }
    }

    pub fn of(who: &Who) -> Self {
        match Whose::of(who) {
            Whose::Person(person) => Self::Person(person),
            Whose::Device(device) => Self::Device(device),
            Whose::Address(client) => Self::Address(client),
        }
    }
}

/// Traces of themes of one subject; what is more shares one trace a kind, without names.
const MAX_THEMED: usize = 64;
/// Traces of anything else: apart, so that no flood of widgets can hide the one name that matters.
const MAX_PLAIN: usize = 64;
/// Runs of all traces of one subject.
const MAX_RUNS: usize = 1024;

/// Names within this time of each other came in one moment: a page asks for what it is made of within a second or so.
const MOMENT_MS: i64 = 1500;
/// Names of one moment that are remembered.
const MAX_MOMENT: usize = 32;

pub use crate::journal::rollup::SLOT_MS;

/// What a subject did in five minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slot {
    /// Slots since the start of the week.
    pub number: u16,
    pub names: u16,
    /// Searches among them.
    pub searches: u16,
    /// Of what a pass let through.
    pub passed: CategorySet,
    /// Of what was allowed: what was blocked may be noise, which is known only at the end.
    pub categories: CategorySet,
}

/// One name of the moment that is going on.
#[derive(Debug, Clone, Copy)]
struct Recent {
    at_ms: i64,
    /// Of the last two labels of its host: a page and its `www` are no company to each other.
    family: u64,
    /// The trace whose attempt it began, if others that follow make it company.
    trace: Option<usize>,
}

/// All that a week keeps of one subject.
#[derive(Debug)]
pub struct Ledger {
    pub sure: Confidence,
    pub known: Known,
    pub traces: Vec<Trace>,
    pub slots: Vec<Slot>,
    /// By kind, theme and name: one search engine has words of many themes.
    index: HashMap<(Kind, &'static str, String), usize>,
    themed: usize,
    runs: usize,
    recent: VecDeque<Recent>,
}

impl Ledger {
    pub fn new(who: &Who) -> Self {
        Self {
            sure: who.sure,
            known: who.known,
            traces: Vec::new(),
            slots: Vec::new(),
            index: HashMap::new(),
            themed: 0,
            runs: 0,
            recent: VecDeque::new(),
        }
    }

    /// The least sure we were, of all that is counted here.
    pub fn seen_as(&mut self, who: &Who) {
        if (who.sure, who.known) < (self.sure, self.known) {
            (self.sure, self.known) = (who.sure, who.known);
        }
    }

    /// Something was asked for in these five minutes, blocked or not.
    pub fn active(&mut self, number: u16, cell: &Cell) {
        let place = self.slots.partition_point(|slot| slot.number < number);
        if self.slots.get(place).is_none_or(|slot| slot.number != number) {
            self.slots.insert(place, Slot { number, ..Slot::default() });
        }
        if let Some(slot) = self.slots.get_mut(place) {
            let count = |count: u64| u16::try_from(count).unwrap_or(u16::MAX);
            slot.names = slot.names.saturating_add(count(cell.names));
            slot.searches = slot.searches.saturating_add(count(cell.searches));
            slot.categories = slot.categories.or(cell.shown.and(SHOWN_AROUND));
            slot.passed = slot.passed.or(cell.passed);
        }
    }

    /// A name of the moment that is no trace of its own.
    pub fn allowed(&mut self, at_ms: i64, family: u64) {
        self.company(at_ms, family, None);
    }

    /// A block. `name` is safe to show.
    pub fn blocked(&mut self, name: String, kind: Kind, theme: Option<Ranked>, family: u64, hit: &Hit) {
        let place = self.trace_of(name, kind, theme);
        let begins = self.traces.get(place).is_some_and(|t| t.begins_attempt(hit.at_ms));
        let room = self.runs < MAX_RUNS;
        if let Some(trace) = self.traces.get_mut(place)
            && trace.hit(hit, room)
        {
            self.runs += 1;
        }
        if begins {
            // A page that was let through asks for its parts: what follows is then no sign of a widget.
            let follows = (!hit.let_through).then_some(place);
            if self.company(hit.at_ms, family, follows)
                && let Some(trace) = self.traces.get_mut(place)
            {
                trace.in_company();
            }
        }
    }

    /// Words of a theme that somebody searched for. `name` says where, never what.
    pub fn searched(&mut self, name: String, theme: Ranked, hit: &Hit) {
        let place = self.trace_of(name, Kind::Search, Some(theme));
        let room = self.runs < MAX_RUNS;
        if let Some(trace) = self.traces.get_mut(place)
            && trace.hit(hit, room)
        {
            self.runs += 1;
        }
    }

    /// Adds a name to the moment; says whether other names were in it already, and tells their traces of this one.
    fn company(&mut self, at_ms: i64, family: u64, trace: Option<usize>) -> bool {
        // By their times alone: what the week is told from may leave out what was far from every block.
        while self.recent.len() >= MAX_MOMENT {
            self.recent.pop_front();
        }
        let mut company = false;
        for other in self.recent.iter().filter(|r| r.family != family && (at_ms - r.at_ms).abs() <= MOMENT_MS) {
            company = true;
            if let Some(trace) = other.trace.and_then(|t| self.traces.get_mut(t)) {
                trace.in_company();
            }
        }
        self.recent.push_back(Recent { at_ms, family, trace });
        company
    }

    fn trace_of(&mut self, name: String, kind: Kind, theme: Option<Ranked>) -> usize {
        let full = match theme {
            Some(_) => self.themed >= MAX_THEMED,
            None => self.index.len() - self.themed >= MAX_PLAIN,
        };
        let mut key = (kind, theme.map_or("", |t| t.theme.id), name);
        if full && !self.index.contains_key(&key) {
            // A name no host can have: it never meets one.
            key.2 = match theme {
                Some(theme) => format!("(more names: {})", theme.id),
                None => "(more names)".into(),
            };
        }
        if let Some(&place) = self.index.get(&key) {
            return place;
        }
        let place = self.traces.len();
        self.traces.push(Trace::new(key.2.clone(), kind, theme));
        self.themed += usize::from(theme.is_some());
        self.index.insert(key, place);
        place
    }
}

/// A number for the last two labels of a host.
pub fn family(host: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let start = host.rmatch_indices('.').nth(1).map_or(0, |(dot, _)| dot + 1);
    let mut hasher = DefaultHasher::new();
    host.get(start..).unwrap_or(host).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::themes::theme_of;
    use super::*;
    use crate::config::Scoring;
    use crate::journal::Intent;
    use crate::words::{Category, Groups};

    fn ledger() -> Ledger {
        let who = Who {
            client: ClientAddr::new([10, 0, 0, 1].into()),
            network: NetworkId(0),
            device: None,
            person: None,
            groups: Groups::default(),
            known: Known::Network,
            sure: Confidence::Group,
            since: None,
            mac: None,
        };
        Ledger::new(&who)
    }

    fn hit(at_ms: i64) -> Hit {
        Hit {
            at_ms,
            seq: 1,
            severity: 0,
            count: 1,
            intent: Intent::Unknown,
            lesson: true,
            device: None,
            network: 0,
            let_through: false,
        }
    }

    fn block(ledger: &mut Ledger, name: &str, category: Category, at_ms: i64) {
        let theme = theme_of(CategorySet::of(&[category])).map(|t| t.ranked(Scoring::shipped()));
        ledger.blocked(name.into(), Kind::Category(category), theme, family(name), &hit(at_ms));
    }

    #[test]
    fn a_flood_of_widgets_hides_no_name_that_matters_and_takes_no_more_room() {
        let mut ledger = ledger();
        for i in 0..10_000 {
            block(&mut ledger, &format!("w{i}.example"), Category::SOCIAL_NETWORKING, i * 2_000_000);
        }
        block(&mut ledger, "worry.example", Category::SELF_HARM, 2_000_000 * 10_000);
        assert_eq!(ledger.traces.len(), MAX_PLAIN + 2);
        assert!(ledger.traces.iter().map(|t| t.runs.len()).sum::<usize>() <= MAX_RUNS + ledger.traces.len());
        assert_eq!(ledger.traces.iter().map(|t| t.hits).sum::<u64>(), 10_001, "nothing is lost from the counts");
        assert!(ledger.traces.iter().any(|t| t.name == "worry.example" && t.hits == 1));
    }

    #[test]
    fn company_comes_before_or_after_but_never_from_the_same_family() {
        let mut ledger = ledger();
        block(&mut ledger, "before.example", Category::GAMBLING, 0);
        ledger.allowed(1_000, family("www.page.test"));
        block(&mut ledger, "after.example", Category::GAMBLING, 2_000);
        block(&mut ledger, "bet.test", Category::GAMBLING, 60_000);
        ledger.allowed(60_100, family("www.bet.test"));
        let company: Vec<_> = ledger.traces.iter().map(|t| (t.name.as_str(), t.companioned)).collect();
        assert_eq!(company, [("before.example", 1), ("after.example", 1), ("bet.test", 0)]);
    }
}
