//! A made-up school whose weeks are scripted, event by event.

use crate::casebook::{Anchor, Incident, Marks, SignOff};
use crate::config::Scoring;
use crate::journal::{Decrypted, Door, Event, Intent, Names};
use crate::lists::phrases::Theme as Words;
use crate::people::{Device, Person, Stamp};
use crate::policy::{Action, ProfileId, SchoolDays, Step, Verdict};
use crate::report::*;
use crate::words::{
    Category, CategorySet, ClientAddr, Confidence, DeviceId, GroupId, Groups, Known, NetworkId, PersonId, PersonRole, Who,
};
use jiff::tz::TimeZone;
use std::borrow::Cow;

pub const MINUTE: i64 = 60_000;
/// Group ids of the one policy version.
const PUPILS: GroupId = GroupId(0);
const STAFF: GroupId = GroupId(1);
const THINGS: GroupId = GroupId(2);

pub struct Script {
    pub school: String,
    pub week: IsoWeek,
    pub zone: TimeZone,
    pub persons: Vec<Person>,
    pub devices: Vec<Device>,
    pub networks: Vec<NetworkFact>,
    pub changes: Vec<Change>,
    pub health: Health,
    pub school_days: SchoolDays,
    pub events: Vec<Event<'static>>,
    pub past: Vec<Sums>,
    pub head: Option<PersonId>,
    pub look_ups: Option<Vec<LookUp>>,
    pub watched: Vec<PersonId>,
    pub marks: Marks,
    pub signed: Vec<SignOff>,
    pub incidents: Vec<Incident>,
    pub casebook: Option<Anchor>,
}

fn person(id: PersonId, key: &str, name: &str, role: PersonRole, year: Option<u8>) -> Person {
    let granted = Stamp { at_ms: 0, by: "it".into() };
    Person {
        id,
        key: key.into(),
        name: name.into(),
        role,
        year,
        groups: Vec::new(),
        granted,
        details: Default::default(),
        source: Default::default(),
        held: false,
        withdrawn: None,
    }
}

fn device(id: DeviceId, name: &str, person: Option<PersonId>) -> Device {
    Device { id, name: name.into(), person, address: None, mac: None, network: None, retired: None }
}

impl Script {
    /// `pupils` pupils p1 … with laptops of the same number, no events.
    pub fn new(pupils: u32) -> Self {
        let pupil = |n: u32| (PersonId(n), format!("p{n:04}"), format!("Pupil Number{n}"), Some(7 + (n % 5) as u8));
        let persons = (1..=pupils).map(pupil).map(|(id, key, name, year)| person(id, &key, &name, PersonRole::Pupil, year));
        let devices = (1..=pupils).map(|n| device(DeviceId(n), &format!("Laptop {n}"), Some(PersonId(n))));
        let list = |name: &str, category, entries| ListFact { name: name.into(), category, entries, age_days: Some(3) };
        Self {
            school: "Hillside School".into(),
            week: IsoWeek::parse("2026-W47").expect("a week"),
            zone: TimeZone::get("Europe/London").expect("a zone"),
            persons: persons.collect(),
            devices: devices.collect(),
            networks: vec![
                NetworkFact { name: "classrooms".into(), state: NetworkState::On },
                NetworkFact { name: "boarding".into(), state: NetworkState::On },
            ],
            changes: Vec::new(),
            health: Health {
                lists: vec![list("adult.txt", Category::ADULT, 41_203), list("gambling.txt", Category::GAMBLING, 2_310)],
                started_ms: Some(1_795_000_000_000),
                clock_set: true,
                backup_days: Some(1),
                ..Health::default()
            },
            school_days: SchoolDays::default(),
            events: Vec::new(),
            past: Vec::new(),
            head: None,
            look_ups: None,
            watched: Vec::new(),
            marks: Marks::default(),
            signed: Vec::new(),
            incidents: Vec::new(),
            casebook: None,
        }
    }

    /// Milliseconds of a day of the week (0 is Monday) and a local time.
    pub fn at(&self, day: i64, hour: i64, minute: i64) -> i64 {
        self.week.bounds(&self.zone).0 + ((day * 24 + hour) * 60 + minute) * MINUTE
    }

    pub fn add_person(&mut self, key: &str, name: &str, role: PersonRole) -> PersonId {
        let id = PersonId(self.persons.len() as u32 + 1);
        let year = (role == PersonRole::Pupil).then_some(9);
        self.persons.push(person(id, key, name, role, year));
        id
    }

    pub fn add_device(&mut self, name: &str, person: Option<PersonId>) -> DeviceId {
        let id = DeviceId(self.devices.len() as u32 + 1);
        self.devices.push(device(id, name, person));
        id
    }

    /// Everyone asks for ordinary names each lesson hour.
    pub fn lessons(&mut self) {
        for person in self.persons.clone() {
            for day in 0..5 {
                for quarter in 32..66 {
                    let at = self.at(day, 0, quarter * 15) + i64::from(person.id.0 % 60) * 7_000;
                    let hosts = ["www.bbc.co.uk", "classroom.google.com", "en.wikipedia.org"];
                    let host = hosts[(quarter as usize + person.id.0 as usize) % 3];
                    self.allow(at, owner(person.id), host, &[]);
                }
            }
        }
    }

    /// A page full of widgets: its own name, then what it is made of within a second.
    pub fn page_with_widgets(&mut self, at: i64, who: Who) {
        self.allow(at, who, "news.example.org", &[]);
        for (i, (host, category)) in [
            ("ads.adnetwork.example", Category::ADVERTS),
            ("pixel.tracker.example", Category::ADVERTS),
            ("connect.facenet.example", Category::SOCIAL_NETWORKING),
            ("promo.casino.example", Category::GAMBLING),
        ]
        .into_iter()
        .enumerate()
        {
            self.block(at + 200 + 150 * i as i64, who, host, category);
        }
    }

    pub fn allow(&mut self, at: i64, who: Who, host: &str, categories: &[Category]) {
        let step = match categories {
            [Category::PLATFORM] => Step::Platform,
            [Category::RSHE, ..] => Step::Rshe,
            _ => Step::Default,
        };
        self.event(at, Some(who), host, Action::Allow, step, categories);
    }

    pub fn block(&mut self, at: i64, who: Who, host: &str, category: Category) {
        self.event(at, Some(who), host, Action::Block, Step::Category, &[category]);
    }

    pub fn would_block(&mut self, at: i64, who: Who, host: &str, category: Category) {
        self.event(at, Some(who), host, Action::WouldBlock, Step::Category, &[category]);
    }

    /// A hit on the locked tier, as the gate writes it: with the person, without the address.
    pub fn locked(&mut self, at: i64, who: Who) {
        self.event(at, Some(who), "", Action::Block, Step::Locked, &[Category::ILLEGAL_CSAM]);
    }

    /// A visit to one entry of the illegal lists.
    pub fn locked_entry(&mut self, at: i64, number: u32, who: Who) {
        self.locked(at, who);
        if let Some(event) = self.events.last_mut() {
            event.rule = Some(number);
        }
    }

    /// A visit to help, as the gate writes it: with nobody.
    pub fn help(&mut self, at: i64) {
        self.event(at, None, "", Action::Allow, Step::Help, &[Category::HELP]);
    }

    pub fn event(&mut self, at: i64, who: Option<Who>, host: &str, action: Action, step: Step, categories: &[Category]) {
        let verdict = Verdict {
            act: crate::policy::Act::Allow,
            action,
            step,
            labels: if action == Action::Allow || host.is_empty() { 0 } else { 2 },
            category: categories.first().copied(),
            kind: None,
            rule: None,
            pass: None,
            group: None,
            cell: None,
            profile: ProfileId(0),
        };
        self.events.push(Event {
            when_ms: at,
            host: Cow::Owned(host.to_owned()),
            categories: CategorySet::of(categories),
            query_type: 1,
            policy_version: 3,
            ..Event::of(&verdict, Door::Dns, who)
        });
    }

    /// The last event was meant this much, as the request showed.
    pub fn meant(&mut self, intent: Intent) {
        if let Some(event) = self.events.last_mut() {
            event.intent = intent;
        }
    }

    /// A search of a page that was looked into, as the proxy writes it.
    pub fn search(&mut self, at: i64, who: Who, words: &'static str, theme: Option<(Words, u8)>) {
        self.allow(at, who, "www.google.com", &[]);
        if let Some(event) = self.events.last_mut() {
            event.door = Door::Proxy;
            event.intent = Intent::Search;
            event.search = Cow::Borrowed(words);
            event.path = Cow::Borrowed("/search");
            event.theme = theme;
            event.decrypted = Decrypted::Yes;
        }
    }

    pub fn week(&self) -> Week {
        let mut events = self.events.clone();
        events.sort_by_key(|e| e.when_ms);
        self.week_of((1..).zip(events))
    }

    /// The week of these events in this school.
    pub fn week_of(&self, events: impl Iterator<Item = (u64, Event<'static>)>) -> Week {
        self.told(events, Scoring::shipped())
    }

    /// The week, weighed by this table.
    pub fn week_by(&self, scoring: &Scoring) -> Week {
        let mut events = self.events.clone();
        events.sort_by_key(|e| e.when_ms);
        self.told((1..).zip(events), scoring)
    }

    fn told(&self, events: impl Iterator<Item = (u64, Event<'static>)>, scoring: &Scoring) -> Week {
        let pupil = |id: &PersonId| self.persons.iter().any(|p| p.id == *id && p.role == PersonRole::Pupil);
        let pupil_devices: Vec<DeviceId> =
            self.devices.iter().filter(|d| d.person.as_ref().is_none_or(pupil)).map(|d| d.id).collect();
        tally(
            events,
            &World {
                school: &self.school,
                gateway: "gate1",
                zone: &self.zone,
                week: self.week,
                made_ms: self.at(7, 7, 0),
                delivery: 12,
                due_ms: None,
                past: &self.past,
                head: self.head,
                names: &|_| Names {
                    groups: vec!["year-9".into(), "staff".into(), "things".into()],
                    networks: vec!["classrooms".into(), "boarding".into(), "visitors".into()],
                    rules: vec![(7, "allow revision.example".into())],
                    passes: vec![(4, "extremism for 1 person until 2026-11-18 10:45 (t.jones: Pupil Number7's essay)".into())],
                    ..Names::default()
                },
                person: &|id| self.persons.iter().find(|p| p.id == id).cloned(),
                is_pupil: &|key| self.persons.iter().any(|p| p.key == key && p.role == PersonRole::Pupil),
                device: &|id| self.devices.iter().find(|d| d.id == id).cloned(),
                pupil_devices: &pupil_devices,
                audience: &|group| match group {
                    "staff" => Audience::Adults,
                    "things" => Audience::Things,
                    _ => Audience::Pupils,
                },
                title: &|category| (category == Category::SOCIAL_NETWORKING).then(|| "Social networking".into()),
                school_days: &self.school_days,
                scoring,
                networks: self.networks.clone(),
                watched: &|id| self.watched.contains(&id),
                marks: &self.marks,
                signed: self.signed.clone(),
                incidents: self.incidents.clone(),
                casebook: self.casebook,
                still_open: None,
                changes: self.changes.clone(),
                requests: Vec::new(),
                health: self.health.clone(),
                retention: None,
                look_ups: self.look_ups.clone(),
            },
        )
    }
}

/// A person on the laptop of the same number, known by its MAC.
pub fn owner(person: PersonId) -> Who {
    on(Some(person), Some(DeviceId(person.0)), Known::Mac, Confidence::Medium)
}

/// Someone on a device, as known and as sure as said.
pub fn on(person: Option<PersonId>, device: Option<DeviceId>, known: Known, sure: Confidence) -> Who {
    let last = person.map(|p| p.0).or(device.map(|d| d.0)).unwrap_or(200);
    Who {
        client: ClientAddr::new([10, 20, (last >> 8) as u8, last as u8].into()),
        network: NetworkId(0),
        device,
        person,
        groups: Groups::one(PUPILS),
        known,
        sure,
        since: None,
        mac: None,
    }
}

/// A device of a group that is not for pupils.
pub fn staff_room(address: [u8; 4]) -> Who {
    Who {
        client: ClientAddr::new(address.into()),
        groups: Groups::one(STAFF),
        ..on(None, None, Known::Network, Confidence::Group)
    }
}

pub fn printer() -> Who {
    Who { groups: Groups::one(THINGS), ..on(None, Some(DeviceId(900)), Known::Address, Confidence::Medium) }
}
