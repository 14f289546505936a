//! Everything together: from what was counted to the [`Week`].

use super::asked::Requests;
use super::calendar::{Calendar, date_and_time, in_words};
use super::edition::{Edition, coarse_count};
use super::episodes::{Episode, episodes};
use super::followed::{self, marked};
use super::health;
use super::matters::Case;
use super::noise::{self, Reason};
use super::plain::{capital, count, list, number, shown};
use super::subject::{Ledger, Subject};
use super::sums::{Sums as OfWeek, is_holiday, mean, trend};
use super::tally::{Counts, Whom};
use super::themes::{THEMES, Theme, Tier};
use super::trace::{Kind, Trace};
use super::week::{
    Bypass, CategoryLine, Counted, Coverage, Illegal, Matter, NetworkLine, SetAside, Teaching, ThemeLine, Totals, Week, verdict,
};
use super::wording::{Account, Called, Titles};
use super::world::{Audience, World};
use crate::casebook::Concerns;
use crate::config::Scoring;
use crate::words::{Category, DeviceId, PersonId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Most matters one report holds: more than a person reads in a week, and it says how many it left out.
const MAX_MATTERS: usize = 25;
/// See [`Sums::in_order`].
const MAX_OF_ONE_THEME: usize = 2;
/// So many with one theme, below high, are gathered under one of them on page one.
const CRAZE: usize = 6;
/// Samples a reason, hosts a part.
const SAMPLES: usize = 5;
const HOSTS: usize = 12;
/// Times of hits on the illegal lists.
const MAX_TIMES: usize = 50;

/// What is summed over pupils, subject by subject.
#[derive(Default)]
struct Sums<'l> {
    themes: BTreeMap<usize, Line>,
    kinds: BTreeMap<Kind, Line>,
    aside: BTreeMap<Reason, (u64, BTreeMap<&'l str, u64>)>,
    bypass_names: BTreeMap<&'l str, u64>,
    illegal: Vec<i64>,
    illegal_hits: u64,
    cases: Vec<Case<'l>>,
    adults: Vec<Case<'l>>,
}

/// One theme or category, summed.
#[derive(Default, Clone)]
struct Line {
    episodes: u64,
    events: u64,
    people: u64,
    unnamed: u64,
    by_day: [u64; 7],
}

impl Line {
    fn add(&mut self, subject: Subject, episodes: &[Episode], events: u64, calendar: &mut Calendar) {
        self.episodes += episodes.len() as u64;
        self.events += events;
        match subject {
            Subject::Person(_) => self.people += 1,
            _ => self.unnamed += 1,
        }
        for episode in episodes {
            let day = usize::from(calendar.moment(episode.first_ms).weekday());
            if let Some(count) = self.by_day.get_mut(day) {
                *count += 1;
            }
        }
    }
}

/// Makes the week of what the pass counted.
pub fn close(counts: Counts, calendar: &mut Calendar, world: &World) -> Week {
    let mut ledgers: Vec<(&Whom, &Ledger)> = counts.subjects.iter().collect();
    ledgers.sort_by_key(|(whom, _)| **whom);
    let mut sums = Sums::default();
    for ((subject, audience), ledger) in ledgers {
        match audience {
            Audience::Pupils => {
                let watched = owner(*subject, world).is_some_and(world.watched);
                sums.pupil((*subject, ledger, watched), world.scoring, calendar);
            }
            Audience::Adults => sums.adults.extend(cases((*subject, ledger, false), world.scoring, &meant(ledger), calendar)),
            Audience::Things => {}
        }
    }
    // What somebody has said of it in an earlier week holds, until it grows graver.
    let settled = |case: &Case| world.marks.settled(&case.id(world.week), Concerns::Pupil, case.gravity()).is_some();
    let mut known: Vec<Case>;
    (known, sums.cases) = std::mem::take(&mut sums.cases).into_iter().partition(settled);
    known.sort_by_key(|case| (Reverse(case.urgency()), case.first_ms(), case.subject));
    sums.in_order();

    let title = |category: Category| title(category, &counts.own_categories, world);
    let device = |id: DeviceId| device(id, world);
    let titles = Titles { category: &title, device: &device };
    let left_out = sums.cases.len().saturating_sub(MAX_MATTERS) as u64;
    let mut told = |case: &Case, concerns| {
        let matter = case.matter(called(case, concerns, &counts, world), calendar, &titles);
        marked(matter, world)
    };
    let mut matters: Vec<_> = sums.cases.iter().take(MAX_MATTERS).map(|case| told(case, Concerns::Pupil)).collect();
    let known: Vec<_> = known.iter().take(MAX_MATTERS).map(|case| told(case, Concerns::Pupil)).collect();
    gather(&mut matters, &sums.cases);

    sums.adults.sort_by_key(|case| (Reverse(case.urgency()), case.first_ms(), case.subject));
    let of_head = |case: &&Case| world.head.is_some() && owner(case.subject, world) == world.head;
    let mut about = |concerns: Concerns| -> Vec<Matter> {
        let of = sums.adults.iter().filter(|case| of_head(case) == (concerns == Concerns::Head)).take(MAX_MATTERS);
        of.map(|case| told(case, concerns)).collect()
    };
    let (adults, about_head) = (about(Concerns::Adult), about(Concerns::Head));

    let coverage = coverage(&counts);
    let totals = Totals {
        events: counts.totals.events,
        strays: counts.totals.strays,
        blocked: counts.totals.pupil_blocks,
        warned: counts.totals.pupil_warnings,
        set_aside: counts.totals.adverts + sums.aside.values().map(|(events, _)| events).sum::<u64>(),
        adverts: counts.totals.adverts,
    };
    let networks = networks(&counts, world);
    let mut week = Week {
        edition: Edition::Dsl,
        holiday: is_holiday(calendar),
        late: world.due_ms.map(|due_ms| date_and_time(due_ms, world.zone)),
        trend: Vec::new(),
        assurance: Vec::new(),
        school: shown(world.school),
        gateway: shown(world.gateway),
        week: world.week.to_string(),
        dates: in_words(world.week),
        made: date_and_time(world.made_ms, world.zone),
        unfinished: world.made_ms < calendar.end_ms,
        delivery: world.delivery,
        policy_versions: counts.seen.versions.iter().copied().collect(),
        verdict: verdict(matters.len() as u64 + left_out, sums.episodes(), totals.events, &coverage),
        coverage,
        matters,
        matters_left_out: left_out,
        known,
        // What concerns the head is not told to anybody else, not even that it is there.
        for_head: adults.iter().filter(|matter| !matter.is_settled()).count() as u64,
        adults,
        about_head,
        still_open: world.still_open.as_deref().map(health::still_open),
        incidents: followed::incidents(world),
        signed: followed::signed(&world.signed, world.zone),
        casebook: world.casebook.map(|end| end.to_string()).unwrap_or_default(),
        alerts: super::alerts::alerts(calendar, world),
        limits: health::limits(&coverage, &networks, world, count),
        coarse_limits: health::limits(&coverage, &networks, world, coarse_count),
        networks,
        totals,
        themes: sums.theme_lines(world),
        categories: sums.category_lines(&title, world),
        illegal: sums.illegal(calendar, world),
        bypass: sums.bypass(),
        set_aside: sums.set_aside(&counts),
        teaching: Teaching {
            blocks: counts.totals.teaching,
            hosts: most(&counts.teaching, HOSTS),
            own_allowed: most(&counts.own_allowed, HOSTS),
            passes: counts.totals.passes,
            lessons: most(&counts.lessons, HOSTS),
            asked: Requests::of(&world.requests),
        },
        help: counts.totals.help,
        changes: health::changes(calendar, world),
        health: health::facts(&counts, calendar, world),
        lists: health::lists(&title, world),
        retention: health::retention(calendar, world),
        look_ups: health::look_ups(calendar, world),
    };
    week.trend = trend(world, &OfWeek::of(&week));
    week
}

/// Where many did the like, the most pressing of them stands on page one for all and says how many they are: four lines of one craze
/// tell no more than one. What is high or critical is each one's own.
fn gather(matters: &mut [Matter], cases: &[Case]) {
    for theme in THEMES {
        let many = cases.iter().filter(|case| case.theme.id == theme.id && case.theme.tier < Tier::High).count();
        if many < CRAZE {
            continue;
        }
        let mut of_theme = matters.iter_mut().filter(|matter| matter.theme == theme.id);
        let Some(first) = of_theme.next() else { continue };
        let mut years = BTreeSet::new();
        for other in of_theme {
            other.gathered = true;
            years.extend(other.year.clone().map(|year| (year.len(), year)));
        }
        let years = if years.is_empty() {
            String::new()
        } else {
            format!(" ({})", list(&years.into_iter().map(|(_, year)| year).collect::<Vec<_>>()))
        };
        let others = number(many as u64 - 1);
        first.line = format!("{} {others} others did the like{years}: they are in the pages behind.", first.line);
    }
    // The numbers of page one are those of the pages behind.
    matters.sort_by_key(|matter| matter.gathered);
}

/// Whose a subject is: a person, or a device that is given to them.
fn owner(subject: Subject, world: &World) -> Option<PersonId> {
    match subject {
        Subject::Person(id) => Some(id),
        Subject::Device(id) => (world.device)(id).and_then(|d| d.person),
        Subject::Address(_) | Subject::Crowd(_) => None,
    }
}

/// The traces that someone may have meant.
fn meant(ledger: &Ledger) -> Vec<&Trace> {
    ledger.traces.iter().filter(|t| noise::set_aside(t).is_none()).collect()
}

/// What of these traces needs a person, theme by theme.
fn cases<'l>(
    whose: (Subject, &'l Ledger, bool),
    scoring: &'l Scoring,
    meant: &[&'l Trace],
    calendar: &mut Calendar,
) -> Vec<Case<'l>> {
    let cases = THEMES.iter().filter_map(|theme| Case::new(theme, scoring, whose, meant, calendar));
    cases.filter(Case::is_matter).collect()
}

fn of_theme<'l>(traces: &[&'l Trace], theme: &Theme) -> Vec<&'l Trace> {
    traces.iter().copied().filter(|t| t.theme.is_some_and(|t| t.id == theme.id)).collect()
}

impl<'l> Sums<'l> {
    fn pupil(&mut self, whose: (Subject, &'l Ledger, bool), scoring: &'l Scoring, calendar: &mut Calendar) {
        let (subject, ledger, _) = whose;
        for trace in &ledger.traces {
            if let Some(reason) = noise::set_aside(trace) {
                let (events, names) = self.aside.entry(reason).or_default();
                *events += trace.hits;
                *names.entry(&trace.name).or_default() += trace.hits;
            }
        }
        let meant = meant(ledger);
        // No samples: somebody meant these names.
        let again: u64 = meant.iter().map(|t| t.hits.saturating_sub(u64::from(t.attempts))).sum();
        if again > 0 {
            self.aside.entry(Reason::Duplicate).or_default().0 += again;
        }
        for (place, theme) in THEMES.iter().enumerate() {
            let traces = of_theme(&meant, theme);
            if traces.is_empty() {
                continue;
            }
            self.themes.entry(place).or_default().add(subject, &episodes(traces.iter().copied()), hits(&traces), calendar);
            match theme.id {
                "illegal" => {
                    self.illegal_hits += hits(&traces);
                    self.illegal.extend(traces.iter().flat_map(|t| &t.runs).map(|run| run.first_ms));
                }
                "bypass" => traces.iter().for_each(|t| *self.bypass_names.entry(&t.name).or_default() += t.hits),
                _ => {}
            }
        }
        for kind in meant.iter().map(|t| t.kind).filter(|kind| *kind != Kind::Search).collect::<BTreeSet<_>>() {
            let traces: Vec<_> = meant.iter().copied().filter(|t| t.kind == kind).collect();
            self.kinds.entry(kind).or_default().add(subject, &episodes(traces.iter().copied()), hits(&traces), calendar);
        }
        self.cases.extend(cases(whose, scoring, &meant, calendar));
    }

    /// The most pressing first. Below high, no theme takes more than two places before the others had theirs: a craze of a
    /// whole year must not push a child in another trouble off page one.
    fn in_order(&mut self) {
        self.cases.sort_by_key(|case| (Reverse(case.urgency()), case.first_ms(), case.subject));
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let (first, then): (Vec<_>, Vec<_>) = std::mem::take(&mut self.cases).into_iter().partition(|case| {
            let places = places.entry(case.theme.id).or_default();
            *places += 1;
            case.theme.tier >= Tier::High || *places <= MAX_OF_ONE_THEME
        });
        self.cases = first.into_iter().chain(then).collect();
    }

    /// Of everything that was blocked: an episode of two categories counts in both.
    fn episodes(&self) -> u64 {
        self.kinds.values().map(|line| line.episodes).sum()
    }

    fn theme_lines(&self, world: &World) -> Vec<ThemeLine> {
        let line = |(place, line): (&usize, &Line)| {
            let theme = THEMES.get(*place)?;
            let Line { episodes, events, people, unnamed, by_day } = line.clone();
            let tier = world.scoring.tier(theme.id);
            let mean = mean(world, |past| past.themes.get(theme.id).copied().unwrap_or(0));
            let (id, title, tier) = (theme.id, theme.title, tier.word());
            Some(ThemeLine { theme: id, title, tier, episodes, events, people, unnamed, by_day, mean })
        };
        let mut lines: Vec<_> = self.themes.iter().filter_map(line).collect();
        lines.sort_by_key(|line| Reverse(world.scoring.tier(line.theme)));
        lines
    }

    fn category_lines(&self, title: &dyn Fn(Category) -> String, world: &World) -> Vec<CategoryLine> {
        let mut lines: Vec<_> = self
            .kinds
            .iter()
            .map(|(kind, line)| {
                let title = match kind {
                    Kind::Category(category) => title(*category),
                    Kind::Search => "Searches".into(),
                    Kind::School => "The school's own entries".into(),
                    Kind::Session => "Exams and withdrawn sessions".into(),
                    Kind::Default => "Not on a profile's short list".into(),
                    Kind::Download => "Downloads refused for what they are".into(),
                };
                let Line { episodes, events, people, unnamed, by_day } = line.clone();
                let mean = mean(world, |past| past.categories.get(&title).copied().unwrap_or(0));
                CategoryLine { title, episodes, events, people, unnamed, by_day, mean }
            })
            .collect();
        lines.sort_by(|a, b| b.episodes.cmp(&a.episodes).then_with(|| a.title.cmp(&b.title)));
        lines
    }

    fn illegal(&mut self, calendar: &mut Calendar, world: &World) -> Illegal {
        self.illegal.sort_unstable();
        let times = self.illegal.iter().take(MAX_TIMES).map(|ms| calendar.day_and_time(*ms)).collect();
        Illegal { present: world.health.locked_present, hits: self.illegal_hits, times }
    }

    fn bypass(&self) -> Bypass {
        let place = THEMES.iter().position(|t| t.id == "bypass").unwrap_or_default();
        let line = self.themes.get(&place).cloned().unwrap_or_default();
        let (defaults, names) = self.aside.get(&Reason::Default).cloned().unwrap_or_default();
        Bypass {
            episodes: line.episodes,
            events: line.events,
            people: line.people,
            unnamed: line.unnamed,
            names: most(&self.bypass_names, HOSTS),
            defaults,
            default_names: most(&names, SAMPLES),
        }
    }

    fn set_aside(&self, counts: &Counts) -> Vec<SetAside> {
        let line = |reason: Reason, events, samples| SetAside { reason: reason.word(), title: reason.title(), events, samples };
        let adverts =
            (counts.totals.adverts > 0).then(|| line(Reason::Advert, counts.totals.adverts, most(&counts.adverts, SAMPLES)));
        let others = self.aside.iter().map(|(reason, (events, names))| line(*reason, *events, most(names, SAMPLES)));
        let mut lines: Vec<_> = adverts.into_iter().chain(others).collect();
        lines.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.title.cmp(b.title)));
        lines
    }
}

fn hits(traces: &[&Trace]) -> u64 {
    traces.iter().map(|t| t.hits).sum()
}

/// The most frequent, then by name.
fn most<K: AsRef<str>>(counts: &BTreeMap<K, u64>, how_many: usize) -> Vec<Counted> {
    let mut all: Vec<_> = counts.iter().map(|(text, count)| Counted { text: text.as_ref().to_owned(), count: *count }).collect();
    all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
    all.truncate(how_many);
    all
}

/// What a case's subject is called. An account only for a person we are sure enough of.
fn called(case: &Case, concerns: Concerns, counts: &Counts, world: &World) -> Called {
    let ids: BTreeSet<DeviceId> = case.episodes.iter().flat_map(|e| e.devices.iter().copied()).collect();
    let places: BTreeSet<u16> = case.episodes.iter().flat_map(|e| e.networks.iter().copied()).collect();
    let person = match case.subject {
        Subject::Person(id) => Some(match (world.person)(id) {
            Some(p) => Account { key: shown(&p.key), name: shown(&p.name), year: p.year.map(year) },
            None => Account { key: format!("no. {} (no longer in the register)", id.0), name: String::new(), year: None },
        }),
        _ => None,
    };
    let address = match case.subject {
        Subject::Address(client) => Some(client.to_string()),
        _ => None,
    };
    Called {
        week: world.week,
        concerns,
        owner: owner(case.subject, world).and_then(world.person).map(|p| p.key),
        person,
        address,
        devices: ids.into_iter().map(|id| device(id, world)).collect(),
        networks: places.iter().filter_map(|n| counts.seen.networks.get(usize::from(*n))).map(|n| n.name.clone()).collect(),
    }
}

fn year(year: u8) -> String {
    if year == 0 { "Reception".into() } else { format!("Year {year}") }
}

fn device(id: DeviceId, world: &World) -> String {
    (world.device)(id).map_or_else(|| format!("device {} (no longer in the register)", id.0), |d| shown(&d.name))
}

/// The title of a category as people read it.
fn title(category: Category, own: &BTreeMap<u8, String>, world: &World) -> String {
    (world.title)(category).map(|t| shown(&t)).unwrap_or_else(|| {
        let id = own.get(&category.bit()).cloned().unwrap_or_else(|| category.to_string());
        capital(&id.replace('-', " "))
    })
}

fn coverage(counts: &Counts) -> Coverage {
    let devices = &counts.seen.devices;
    let of = |seen: fn(&super::seen::Sight) -> bool| devices.values().filter(|s| seen(s)).count() as u64;
    Coverage {
        pupil_devices: devices.len() as u64,
        searches: of(|s| s.searches),
        names: of(|s| s.names),
        nothing: of(|s| !s.names && !s.searches),
        strangers: counts.seen.strangers.len() as u64,
    }
}

/// Every network of the configuration in its order, then those that were seen and are there no more.
fn networks(counts: &Counts, world: &World) -> Vec<NetworkLine> {
    let line = |name: &str, state: &'static str| {
        let seen = counts.seen.networks.iter().find(|n| n.name == name);
        let events = seen.map_or(0, |n| n.events);
        let whole = seen.map_or(0, |n| n.whole);
        NetworkLine {
            name: name.to_owned(),
            state,
            watched: seen.map_or(0, |n| n.would_block),
            clients: seen.map_or(0, |n| n.subjects.len() as u64),
            events,
            by_name_only: events - whole,
            whole,
            decrypted: seen.map_or(0, |n| n.decrypted),
        }
    };
    let mut lines: Vec<_> = world.networks.iter().map(|n| line(&shown(&n.name), n.state.word())).collect();
    for gone in &counts.seen.networks {
        if gone.events > 0 && !lines.iter().any(|l| l.name == gone.name) {
            lines.push(line(&gone.name, ""));
        }
    }
    lines
}
