//! The pass itself: the sums of the week, and in order the rows that are told one by one.

use super::calendar::Calendar;
use super::close::close;
use super::noise;
use super::plain::shown;
use super::seen::Seen;
use super::subject::{Ledger, Subject, family};
use super::themes::{Theme, theme, theme_of, theme_of_words};
use super::trace::{Hit, Kind};
use super::week::Week;
use super::world::{Audience, World};
use crate::journal::read::{Filter, ReadFault, Stored};
use crate::journal::rollup::{self, Cell, Leave, SLOT_MS};
use crate::journal::tail::Part;
use crate::journal::{Event, Intent};
use crate::policy::{Action, Step};
use crate::words::{Category, CategorySet, Host, Who};
use std::collections::{BTreeMap, HashMap};

/// A subject, and whom it was judged as. An address or a device that is nobody's may be a pupil's and an adult's in one week, and what it
/// was first must not hide what it was later.
pub type Whom = (Subject, Audience);

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
    pub subjects: HashMap<Whom, Ledger>,
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
    let mut telling = Telling::new(world);
    events.for_each(|(seq, event)| telling.row(seq, event));
    telling.close()
}

/// The week from the parts of the journal it is in. A row that cannot be read ends it with that fault, never with a shorter week.
///
/// # Errors
/// [`ReadFault`]: a part cannot be read.
pub fn of_parts(parts: &[Part], world: &World) -> Result<Week, ReadFault> {
    let mut telling = Telling::new(world);
    for part in parts {
        let summed = match part {
            Part::File(file) => file.each_cell(&mut |from_ms, who, version, cell| {
                telling.cell(from_ms, who, version, cell);
            })?,
            Part::Tail(_) => false,
        };
        match part {
            Part::File(file) if summed => {
                for (who, version, opened, count) in file.uses()? {
                    telling.opened(&who, version, opened, count);
                }
                for row in file.told()? {
                    let Stored { seq, event, .. } = row?;
                    telling.told(seq, event);
                }
            }
            part => {
                for row in part.events(&Filter::default()) {
                    let Stored { seq, event, .. } = row?;
                    telling.row(seq, event);
                }
            }
        }
    }
    Ok(telling.close())
}

/// A week on its way: from rows, or from the cells of sums that the journal keeps of them and those rows that are told one by one.
/// Either way it comes to the same.
pub struct Telling<'w, 'e> {
    world: &'w World<'w>,
    calendar: Calendar<'w>,
    counts: Counts,
    /// What rows say of later, by time and the order in which they came, each with its seq.
    waiting: BTreeMap<(i64, u64, u64), Event<'e>>,
    nth: u64,
}

impl<'w, 'e> Telling<'w, 'e> {
    pub fn new(world: &'w World) -> Self {
        Self {
            world,
            calendar: Calendar::new(world.week, world.zone, world.school_days),
            counts: Counts {
                subjects: HashMap::new(),
                seen: Seen::new(world.pupil_devices),
                totals: Totals::default(),
                adverts: BTreeMap::new(),
                teaching: BTreeMap::new(),
                own_allowed: BTreeMap::new(),
                lessons: BTreeMap::new(),
                floods: BTreeMap::new(),
                own_categories: BTreeMap::new(),
            },
            waiting: BTreeMap::new(),
            nth: 0,
        }
    }

    /// A row that is in no cell that is told.
    pub fn row(&mut self, seq: u64, event: Event<'e>) {
        let who = event.who.as_ref().filter(|_| !rollup::is_help(&event));
        let mut counted = false;
        for attempt in event.attempts() {
            if let Some(cell) = Cell::of(&attempt) {
                let from_ms = attempt.when_ms.div_euclid(SLOT_MS) * SLOT_MS;
                counted |= self.cell(from_ms, who, event.policy_version, &cell);
            }
        }
        if let Some(who) = who.filter(|_| counted) {
            let count = u64::from(event.count.max(1));
            Leave::all_of(&event).for_each(|opened| self.opened(who, event.policy_version, opened, count));
        }
        self.told(seq, event);
    }

    /// The sums of one person's five minutes, from their beginning. False: they are not of this week, or of nothing.
    pub fn cell(&mut self, from_ms: i64, who: Option<&Who>, version: u32, cell: &Cell) -> bool {
        if !self.calendar.contains(from_ms) {
            self.counts.totals.strays += cell.events;
            return false;
        }
        // What is left out has rows, and no sums.
        if cell.events > 0 {
            self.counts.cell(from_ms - self.calendar.start_ms, who, version, cell, self.world);
        }
        cell.events > 0
    }

    /// What the school had opened let something through, so often; for someone of whom a cell was told.
    pub fn opened(&mut self, who: &Who, version: u32, opened: Leave, count: u64) {
        self.counts.opened(who, version, opened, count, self.world);
    }

    /// A row that is told by itself, in the order of their seqs; its sums are in a cell.
    pub fn told(&mut self, seq: u64, event: Event<'e>) {
        // What a row says of later comes in its place among the others.
        while self.waiting.len() > MAX_WAITING
            || self.waiting.first_key_value().is_some_and(|((when, ..), _)| *when <= event.when_ms)
        {
            let Some(((_, _, seq), earlier)) = self.waiting.pop_first() else { break };
            self.counts.told(seq, &earlier, &mut self.calendar, self.world);
        }
        let mut attempts = event.attempts();
        if let Some(first) = attempts.next() {
            self.counts.told(seq, &first, &mut self.calendar, self.world);
        }
        for later in attempts {
            self.nth += 1;
            self.waiting.insert((later.when_ms, self.nth, seq), later);
        }
    }

    pub fn close(mut self) -> Week {
        for ((_, _, seq), event) in std::mem::take(&mut self.waiting) {
            self.counts.told(seq, &event, &mut self.calendar, self.world);
        }
        close(self.counts, &mut self.calendar, self.world)
    }
}

impl Counts {
    fn cell(&mut self, since_start_ms: i64, who: Option<&Who>, version: u32, cell: &Cell, world: &World) {
        self.totals.events += cell.events;
        self.totals.help += cell.help;
        self.seen.awake(since_start_ms);
        let Some(who) = who else { return };
        let whom = self.whom(who, version, world);
        let (subject, audience) = whom;
        if cell.sums > 0 {
            *self.floods.entry(subject).or_default() += cell.sums;
        }
        let network = self.seen.network(version, who.network, world.names);
        self.sight(cell, who, subject, network, audience);
        if audience == Audience::Things {
            return;
        }
        if audience == Audience::Pupils {
            self.totals.pupil_blocks += cell.blocked;
            self.totals.pupil_warnings += cell.warned;
            self.totals.adverts += cell.adverts;
            self.totals.teaching += cell.teaching;
            self.totals.passes += cell.passes;
            if cell.own.iter().any(|c| !self.own_categories.contains_key(&c.bit())) {
                let names = self.seen.names(version, world.names);
                self.own_categories.extend(names.categories.iter().map(|(bit, id)| (*bit, shown(id))));
            }
        }
        // Machines talk to their makers all day long: no activity of a person.
        if cell.names > 0
            && let Some(ledger) = self.subjects.get_mut(&whom)
        {
            let slot = u16::try_from(since_start_ms / SLOT_MS).unwrap_or(u16::MAX);
            ledger.active(slot, cell);
        }
    }

    fn opened(&mut self, who: &Who, version: u32, opened: Leave, count: u64, world: &World) {
        let (_, audience) = self.whom(who, version, world);
        if audience != Audience::Pupils {
            return;
        }
        let names = self.seen.names(version, world.names);
        match opened {
            Leave::Pass(pass) => {
                let lesson = names.lesson(pass).map(shown).unwrap_or_else(|| format!("pass {pass}"));
                add(&mut self.lessons, lesson, count, MAX_TEACHING);
            }
            Leave::Entry(id) => {
                let rule = id.and_then(|id| names.rule(id)).map(shown).unwrap_or_else(|| "an entry since removed".into());
                add(&mut self.own_allowed, rule, count, MAX_TEACHING);
            }
        }
    }

    /// One attempt, by itself: what was blocked or searched for, and the names that came with it.
    fn told(&mut self, seq: u64, event: &Event, calendar: &mut Calendar, world: &World) {
        if !calendar.contains(event.when_ms) || rollup::is_left_out(event) || rollup::is_help(event) {
            return;
        }
        let Some(who) = event.who else { return };
        let whom = self.whom(&who, event.policy_version, world);
        let (_, audience) = whom;
        let network = self.seen.network(event.policy_version, who.network, world.names);
        if audience == Audience::Things {
            return;
        }
        let (blocked, advert) = (rollup::is_blocked(event), noise::is_advert(event.category));
        let count = u64::from(event.count.max(1));
        if audience == Audience::Pupils && blocked {
            if event.categories.contains(Category::EDUCATION) && event.step != Step::Locked {
                add(&mut self.teaching, shown(&event.host), count, MAX_TEACHING);
            }
            if advert {
                add(&mut self.adverts, entry(event), count, MAX_ADVERTS);
            }
        }
        let Some(ledger) = self.subjects.get_mut(&whom).filter(|_| event.step != Step::Platform) else { return };
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
        let family = family(&event.host);
        if blocked && !advert {
            let theme = theme_for(event.step, event.category, event.categories).map(|t| t.ranked(world.scoring));
            ledger.blocked(entry(event), kind(event), theme, family, &hit);
        } else {
            ledger.allowed(hit.at_ms, family);
        }
        // What was typed says more than where it went: it counts whatever the answer was.
        let words = event.theme.and_then(|(words, severity)| Some((theme_of_words(words)?, severity)));
        if let Some((theme, severity)) = words.filter(|_| event.intent.is_meant()) {
            let hit = Hit { severity, intent: Intent::Search, let_through: false, ..hit };
            ledger.searched(format!("a search on {}", place(&event.host)), theme.ranked(world.scoring), &hit);
        }
    }

    /// Whose event this is, and who they were then; makes their ledger if it is their first.
    fn whom(&mut self, who: &Who, version: u32, world: &World) -> Whom {
        let mut whom = (Subject::of(who), self.audience(who, version, world));
        if self.subjects.len() >= MAX_SUBJECTS && !self.subjects.contains_key(&whom) {
            whom.0 = Subject::Crowd(who.network);
        }
        self.subjects.entry(whom).and_modify(|ledger| ledger.seen_as(who)).or_insert_with(|| Ledger::new(who));
        whom
    }

    /// An adult if the register says so of the person, or of the one the device is given to; else whom the groups are for.
    /// A mere guess at a member of staff must not take a pupil's matter out of the report.
    fn audience(&mut self, who: &Who, version: u32, world: &World) -> Audience {
        let names = self.seen.names(version, world.names);
        let groups = who.groups.iter().filter_map(|g| names.groups.get(usize::from(g.0))).map(|g| (world.audience)(g));
        let owner = |device| (world.device)(device).and_then(|d| d.person);
        Audience::of(who, owner, |person| (world.person)(person).map(|p| p.role), groups)
    }

    /// Coverage: what was seen of whom, whatever it was.
    fn sight(&mut self, cell: &Cell, who: &Who, subject: Subject, network: u16, audience: Audience) {
        if let Some(sight) = who.device.and_then(|d| self.seen.devices.get_mut(&d)) {
            sight.names |= cell.named;
            sight.searches |= cell.searched;
        }
        if who.device.is_none() && audience == Audience::Pupils {
            self.seen.stranger(who.client);
        }
        if let Some(seen) = self.seen.networks.get_mut(usize::from(network)) {
            seen.events += cell.events;
            seen.whole += cell.whole;
            seen.decrypted += cell.decrypted;
            seen.would_block += cell.would_block;
            seen.subjects.insert(subject);
        }
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
pub fn theme_for(step: Step, category: Option<Category>, categories: CategorySet) -> Option<&'static Theme> {
    match step {
        Step::Locked => theme("illegal"),
        Step::HarmfulCode | Step::Session | Step::Download => None,
        _ if categories.contains(Category::RSHE) => None,
        _ => theme_of(categories.or(category.into_iter().collect())),
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
