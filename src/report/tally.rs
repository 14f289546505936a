//! The pass itself: every event of the week, once, in order.

use super::calendar::Calendar;
use super::close::close;
use super::noise;
use super::plain::shown;
use super::seen::Seen;
use super::subject::{Did, Ledger, SLOT_MS, Subject, family};
use super::themes::{Theme, theme, theme_of, theme_of_words};
use super::trace::{Hit, Kind};
use super::week::Week;
use super::world::{Audience, World};
use crate::journal::{Decrypted, Door, Event, Intent};
use crate::policy::{Action, Step};
use crate::words::{Category, CategorySet, Host, PersonRole, Who};
use std::collections::{BTreeMap, HashMap};

/// Most subjects that are told apart; more share one a network. Four times the largest school's devices.
const MAX_SUBJECTS: usize = 20_000;
/// Most hosts of education that are told apart.
const MAX_TEACHING: usize = 500;
/// Most attempts that wait for their place: those of a minute of a large school.
const MAX_WAITING: usize = 20_000;
/// Most advert names that are told apart, for samples.
const MAX_ADVERTS: usize = 5_000;

/// What may be shown of what else somebody asked for around a matter. Left out: what would be a guess about faith,
/// sexuality or health (rshe, help, the school's own categories), and what everybody's machine does.
pub const SHOWN_AROUND: CategorySet = CategorySet::from_bits(
    ((1 << crate::words::category::FIRST_OWN) - 1)
        & !CategorySet::of(&[Category::RSHE, Category::HELP, Category::PLATFORM, Category::ADVERTS, Category::NEW]).bits(),
);

/// Everything counted so far.
pub struct Counts {
    pub subjects: HashMap<Subject, Ledger>,
    pub seen: Seen,
    pub totals: Totals,
    /// Adverts denied to pupils, by name.
    pub adverts: BTreeMap<String, u64>,
    /// Blocked hosts of education: events.
    pub teaching: BTreeMap<String, u64>,
    /// What the school's own entries let through: events by entry.
    pub own_allowed: BTreeMap<String, u64>,
    /// By the pass they were under.
    pub lessons: BTreeMap<String, u64>,
    /// Who asked without end, and how many of the questions are sums without names.
    pub floods: BTreeMap<Subject, u64>,
    /// Ids of the school's own categories, as the last policy had them.
    pub own_categories: BTreeMap<u8, String>,
}

/// Sums over everybody; `pupils_` over those in the report.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    pub events: u64,
    /// Events outside the week, which were left out.
    pub strays: u64,
    pub pupil_blocks: u64,
    pub pupil_warnings: u64,
    pub adverts: u64,
    pub teaching: u64,
    pub passes: u64,
    pub help: u64,
}

/// Tells the week from its events, which come in order, each with its row in the week file.
pub fn tally<'e>(events: impl Iterator<Item = (u64, Event<'e>)>, world: &World) -> Week {
    let mut calendar = Calendar::new(world.week, world.zone, world.school_days);
    let mut counts = Counts {
        subjects: HashMap::new(),
        seen: Seen::new(world.pupil_devices),
        totals: Totals::default(),
        adverts: BTreeMap::new(),
        teaching: BTreeMap::new(),
        own_allowed: BTreeMap::new(),
        lessons: BTreeMap::new(),
        floods: BTreeMap::new(),
        own_categories: BTreeMap::new(),
    };
    let mut waiting: BTreeMap<(i64, u64, u64), Event> = BTreeMap::new();
    let mut nth = 0u64;
    for (seq, event) in events {
        // What a row says of later comes in its place among the others.
        while waiting.len() > MAX_WAITING || waiting.first_key_value().is_some_and(|((when, ..), _)| *when <= event.when_ms) {
            let Some(((_, _, seq), earlier)) = waiting.pop_first() else { break };
            counts.event(seq, &earlier, &mut calendar, world);
        }
        let mut attempts = attempts(event);
        if let Some(first) = attempts.next() {
            counts.event(seq, &first, &mut calendar, world);
        }
        for later in attempts {
            nth += 1;
            waiting.insert((later.when_ms, nth, seq), later);
        }
    }
    waiting.iter().for_each(|((_, _, seq), event)| counts.event(*seq, event, &mut calendar, world));
    close(counts, &mut calendar, world)
}

/// An event that stands for several, attempt by attempt: as many as there were, at even distances between the first and the last.
fn attempts(event: Event<'_>) -> impl Iterator<Item = Event<'_>> {
    let (last_ms, attempts) = event.span.map_or((event.when_ms, 1), |s| (s.last_ms, s.attempts.clamp(1, event.count.max(1))));
    let others = attempts - 1;
    (0..attempts).map(move |nth| Event {
        when_ms: event.when_ms + i64::from(nth) * (last_ms - event.when_ms) / i64::from(others.max(1)),
        count: if nth == 0 { event.count - others } else { 1 },
        span: None,
        ..event.clone()
    })
}

impl Counts {
    fn event(&mut self, seq: u64, event: &Event, calendar: &mut Calendar, world: &World) {
        if !calendar.contains(event.when_ms) {
            self.totals.strays += 1;
            return;
        }
        // The gate asked itself: it is no event of the school's.
        if event.door == Door::SelfTest {
            return;
        }
        // Each request within has a line of its own.
        if event.method == "CONNECT" && event.decrypted == Decrypted::Yes {
            return;
        }
        let count = u64::from(event.count.max(1));
        self.totals.events += count;
        self.seen.awake(event.when_ms - calendar.start_ms);
        // A visit to help belongs to nobody; if ever one came with somebody, it must not be linked here.
        if event.step == Step::Help || event.categories.contains(Category::HELP) {
            self.totals.help += count;
            return;
        }
        let Some(who) = event.who else { return };

        let subject = self.subject(&who, event.policy_version, world);
        if event.is_sum() {
            *self.floods.entry(subject).or_default() += count;
        }
        let network = self.seen.network(event.policy_version, who.network, world.names);
        let Some(audience) = self.subjects.get(&subject).map(|l| l.audience) else { return };
        self.sight(event, &who, subject, network, audience);
        if audience == Audience::Things {
            return;
        }
        if audience == Audience::Pupils {
            self.teaching(event, world);
        }

        let moment = calendar.moment(event.when_ms);
        let hit = Hit {
            at_ms: event.when_ms,
            seq,
            severity: 0,
            count: event.count.max(1),
            intent: event.intent,
            lesson: calendar.is_lesson(&moment),
            device: who.device,
            network,
            let_through: event.action == Action::WouldBlock,
        };
        self.subject_event(event, subject, audience, &hit, (calendar.start_ms, world));
    }

    /// One event into its subject's ledger.
    fn subject_event(
        &mut self,
        event: &Event,
        subject: Subject,
        audience: Audience,
        hit: &Hit,
        (start_ms, world): (i64, &World),
    ) {
        let blocked = matches!(event.action, Action::Block | Action::WouldBlock);
        let advert = noise::is_advert(event.category);
        let pupils = audience == Audience::Pupils;
        if pupils && event.action == Action::Warn {
            self.totals.pupil_warnings += u64::from(hit.count);
        }
        if blocked && pupils {
            self.totals.pupil_blocks += u64::from(hit.count);
            if advert {
                self.advert(event);
            }
        }
        let Some(ledger) = self.subjects.get_mut(&subject) else { return };
        if event.step == Step::Platform {
            // Machines talk to their makers all day long: no company, no activity of a person.
            return;
        }
        let slot = u16::try_from((hit.at_ms - start_ms) / SLOT_MS).unwrap_or(u16::MAX);
        let searched = event.intent == Intent::Search && event.has_search();
        let did = Did {
            searched,
            shown: if blocked { CategorySet::EMPTY } else { event.categories.and(SHOWN_AROUND) },
            passed: if event.pass.is_some() { event.categories } else { CategorySet::EMPTY },
        };
        ledger.active(slot, hit.count, &did);
        let family = family(&event.host);
        if blocked && !advert {
            let theme = theme_for(event).map(|t| t.ranked(world.scoring));
            ledger.blocked(entry(event), kind(event), theme, family, hit);
        } else {
            ledger.allowed(hit.at_ms, family);
        }
        // What was typed says more than where it went: it counts whatever the answer was.
        let words = event.theme.and_then(|(words, severity)| Some((theme_of_words(words)?, severity)));
        if let Some((theme, severity)) = words.filter(|_| event.intent.is_meant()) {
            let hit = Hit { severity, intent: Intent::Search, let_through: false, ..*hit };
            ledger.searched(format!("a search on {}", place(&event.host)), theme.ranked(world.scoring), &hit);
        }
    }

    /// Whose event this is; makes their ledger if it is their first.
    fn subject(&mut self, who: &Who, version: u32, world: &World) -> Subject {
        let mut subject = Subject::of(who);
        if self.subjects.len() >= MAX_SUBJECTS && !self.subjects.contains_key(&subject) {
            subject = Subject::Crowd(who.network);
        }
        match self.subjects.get_mut(&subject) {
            Some(ledger) => ledger.seen_as(who),
            None => {
                let audience = self.audience(who, version, world);
                let network = self.seen.network(version, who.network, world.names);
                self.subjects.insert(subject, Ledger::new(audience, who, network));
            }
        }
        subject
    }

    /// An adult if the register says so of the person, or of the one the device is given to; else whom the groups are for.
    /// A mere guess at a member of staff must not take a pupil's matter out of the report.
    fn audience(&mut self, who: &Who, version: u32, world: &World) -> Audience {
        let owner = || who.device.and_then(world.device).and_then(|d| d.person);
        if let Some(person) = who.person.filter(|_| who.sure.may_name()).or_else(owner).and_then(world.person) {
            return if person.role == PersonRole::Pupil { Audience::Pupils } else { Audience::Adults };
        }
        let names = self.seen.names(version, world.names);
        let mut audiences = who.groups.iter().filter_map(|g| names.groups.get(usize::from(g.0))).map(|g| (world.audience)(g));
        // Someone in no group we know may be a pupil.
        let Some(first) = audiences.next() else { return Audience::Pupils };
        if audiences.any(|a| a == Audience::Pupils) { Audience::Pupils } else { first }
    }

    /// Coverage: what was seen of whom, whatever it was.
    fn sight(&mut self, event: &Event, who: &Who, subject: Subject, network: u16, audience: Audience) {
        if let Some(sight) = who.device.and_then(|d| self.seen.devices.get_mut(&d)) {
            sight.names |= !event.host.is_empty() || event.step == Step::Locked;
            sight.searches |= event.intent == Intent::Search;
        }
        if who.device.is_none() && audience == Audience::Pupils {
            self.seen.stranger(who.client);
        }
        if let Some(seen) = self.seen.networks.get_mut(usize::from(network)) {
            let count = u64::from(event.count.max(1));
            seen.events += count;
            seen.whole += if event.has_path() { count } else { 0 };
            seen.decrypted += if event.decrypted == Decrypted::Yes { count } else { 0 };
            seen.would_block += if event.action == Action::WouldBlock { count } else { 0 };
            seen.subjects.insert(subject);
        }
    }

    fn teaching(&mut self, event: &Event, world: &World) {
        let count = u64::from(event.count.max(1));
        let blocked = matches!(event.action, Action::Block | Action::WouldBlock);
        if blocked && event.categories.contains(Category::EDUCATION) && event.step != Step::Locked {
            self.totals.teaching += count;
            add(&mut self.teaching, shown(&event.host), count, MAX_TEACHING);
        }
        self.totals.passes += if event.step == Step::Pass { count } else { 0 };
        if let Some(pass) = event.pass {
            let lesson = self.seen.names(event.policy_version, world.names).lesson(pass).map(shown);
            add(&mut self.lessons, lesson.unwrap_or_else(|| format!("pass {pass}")), count, MAX_TEACHING);
        }
        if event.step == Step::Own && event.action == Action::Allow {
            let names = self.seen.names(event.policy_version, world.names);
            let rule = names.rules.iter().find(|(id, _)| Some(*id) == event.rule).map(|(_, text)| shown(text));
            add(&mut self.own_allowed, rule.unwrap_or_else(|| "an entry since removed".into()), count, MAX_TEACHING);
        }
        let own = event.categories.without(CategorySet::from_bits((1 << crate::words::category::FIRST_OWN) - 1));
        if own.iter().any(|c| !self.own_categories.contains_key(&c.bit())) {
            let names = self.seen.names(event.policy_version, world.names);
            self.own_categories.extend(names.categories.iter().map(|(bit, id)| (*bit, shown(id))));
        }
    }

    fn advert(&mut self, event: &Event) {
        let count = u64::from(event.count.max(1));
        self.totals.adverts += count;
        add(&mut self.adverts, entry(event), count, MAX_ADVERTS);
    }
}

/// Adds to a count by name; names past `most` share one.
fn add(counts: &mut BTreeMap<String, u64>, name: String, count: u64, most: usize) {
    let name = if counts.len() < most || counts.contains_key(&name) { name } else { "(more names)".into() };
    *counts.entry(name).or_default() += count;
}

/// What a block counts under.
fn kind(event: &Event) -> Kind {
    match (event.step, event.category) {
        (Step::Session, _) => Kind::Session,
        (Step::Download, _) => Kind::Download,
        (Step::Own | Step::Firm, _) => Kind::School,
        (_, Some(_)) if event.categories.contains(Category::RSHE) => Kind::Category(Category::RSHE),
        (_, Some(category)) => Kind::Category(category),
        (_, None) => Kind::Default,
    }
}

/// The theme of a block: of everything the host is, if the school blocks it by an entry of its own. What harms machines is
/// no worry about a child, and an exam blocks everything. Public lists file support for faith, sexuality and recovery under
/// adult or drugs: what is rshe is in no theme, or the report would guess at what it must not.
fn theme_for(event: &Event) -> Option<&'static Theme> {
    match event.step {
        Step::Locked => theme("illegal"),
        Step::HarmfulCode | Step::Session | Step::Download => None,
        _ if event.categories.contains(Category::RSHE) => None,
        _ => theme_of(event.categories.or(event.category.into_iter().collect())),
    }
}

/// The text that stands for a blocked host: the list's entry that matched, else its registrable name. Safe to show.
fn entry(event: &Event) -> String {
    if event.step == Step::Locked {
        // By its number, so that two addresses are not counted as one asked for twice.
        return event.rule.map_or_else(|| "address hidden".into(), |number| format!("address hidden (entry {number})"));
    }
    if event.is_sum() {
        return "(too many names to keep)".into();
    }
    let text = match Host::parse(&event.host) {
        // A list may hold the whole of icloud.com as one: the name says that it was the device.
        Ok(host) if noise::is_device_default(host.as_str()) => shown(host.as_str()),
        Ok(host) if event.labels > 0 => shown(&host.entry(event.labels)),
        _ => place(&event.host),
    };
    if text.is_empty() { "(no name)".into() } else { text }
}

/// The registrable name of a host, or what it is called if it has none. Safe to show.
fn place(host: &str) -> String {
    match Host::parse(host) {
        Ok(host) if !host.is_address() => shown(psl::domain_str(host.as_str()).unwrap_or(host.as_str())),
        _ => shown(host),
    }
}
