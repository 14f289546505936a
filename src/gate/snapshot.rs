//! Configuration, policy, table and register: what one request sees, swapped as one.

use super::Continued;
use crate::config::{Config, Shared};
use crate::journal::Names;
use crate::lists::phrases::Matcher;
use crate::lists::{Ahead, Found, Locked, Table};
use crate::net::inspection::Inspection;
use crate::net::tls::Identity;
use crate::people::{Grouping, Person, Register, Signed};
use crate::policy::{Mode, Opened, Personal, What, Whom};
use crate::resolve::WireAnswer;
use crate::resolve::behind::Behind;
use crate::words::{ClientAddr, Confidence, DeviceId, GroupId, Groups, Host, Known, NetworkId, PersonId, PersonSet, Who};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Everything a visit is judged by. Immutable: a reload makes another, and so does a change of the school's own entries or of a
/// pass, which shares all the rest with the one before it.
#[derive(Clone)]
pub struct Snapshot {
    /// The number its names are stored under in the journal.
    pub version: u32,
    pub config: Config,
    pub table: Arc<Table>,
    /// The sealed lists: asked before the table, and beside it.
    pub locked: Arc<Locked>,
    pub register: Arc<Register>,
    pub condition: Condition,
    /// Who the gate is to those who ask it over TLS, or why it is nobody. `None`: nothing is served over TLS.
    pub identity: Option<Shown>,
    /// The same of the web door, which has a name of its own.
    pub web_identity: Option<Shown>,
    /// What looking into TLS takes, or why nothing is looked into. `None`: the school has no authority.
    pub inspection: Option<Result<Arc<Inspection>, Arc<str>>>,
    /// Which words mean what: the terms that ship and the school's phrase lists. `None`: nothing is looked for.
    pub phrases: Option<Arc<Matcher>>,
    /// Who went on after a warning: the same one in every snapshot of a gate.
    pub continued: Arc<Continued>,
    groups_of: Arc<HashMap<PersonId, Groups>>,
    /// Whose access is switched off.
    pub(super) withheld: PersonSet,
    /// Devices that go from hand to hand, and whom they are judged as.
    shared_devices: Arc<HashMap<DeviceId, Option<GroupId>>>,
    /// What goes by the person, at each network of the policy.
    personal: Arc<[Personal]>,
}

/// Who the gate shows itself to be over TLS, or why it cannot.
pub type Shown = Result<Arc<Identity>, Arc<str>>;

/// What is wrong with the table itself, beside what is in it. It is of one table: with another in force it is over.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// The disk spoilt the table that should be in force: somebody must look.
    pub damaged: Option<Arc<str>>,
    /// The filter is not held in memory, and why.
    pub not_held: Option<Arc<str>>,
}

impl Snapshot {
    pub fn new(version: u32, config: Config, table: Arc<Table>, locked: Arc<Locked>, register: Arc<Register>) -> Self {
        let groups_of = grouped(&config, &register);
        let personal = personal(&config, &groups_of).collect();
        let withheld = register.withheld(&config.people).collect();
        let shared_devices = shared_devices(&config, &register).collect();
        let (condition, continued) = Default::default();
        Self {
            version,
            config,
            table,
            locked,
            register,
            condition,
            identity: None,
            web_identity: None,
            inspection: None,
            phrases: None,
            continued,
            groups_of: Arc::new(groups_of),
            withheld,
            shared_devices: Arc::new(shared_devices),
            personal,
        }
    }

    /// The same with another register.
    #[must_use]
    pub fn with_register(mut self, register: Arc<Register>) -> Self {
        let groups_of = grouped(&self.config, &register);
        self.personal = personal(&self.config, &groups_of).collect();
        self.withheld = register.withheld(&self.config.people).collect();
        self.groups_of = Arc::new(groups_of);
        self.register = register;
        self
    }

    /// The groups a person of the register is judged by; none if they are in none.
    pub fn groups_of(&self, person: PersonId) -> Groups {
        self.groups_of.get(&person).copied().unwrap_or_default()
    }

    /// Who is at this address. `None`: in no network of the school.
    ///
    /// Someone the register does not know, or who is in no group, is judged by their network.
    pub fn who(&self, client: ClientAddr) -> Option<Who> {
        let policy = &self.config.policy;
        let network = policy.network_of(client.ip())?;
        let of_network = Groups::one(policy.network(network)?.group);
        let (mac, seen) = self.register.sighting(client);
        let nobody = Who {
            client,
            mac,
            network,
            device: seen.and_then(|seen| seen.device),
            person: None,
            groups: of_network,
            known: Known::Network,
            sure: Confidence::Group,
            since: None,
        };
        if let Some(group) = self.shared_at(network, client) {
            return Some(Who { groups: group.map_or(of_network, Groups::one), known: Known::Shared, ..nobody });
        }
        let Some(seen) = seen else { return Some(nobody) };
        if let Some(group) = seen.device.and_then(|device| self.shared_devices.get(&device)) {
            // Whoever is signed in there is not written down: the next child has it in their hands a minute later.
            let known = self.register.seat(client).map_or(Known::HostName, |seat| seat.known);
            return Some(Who { groups: group.map_or(of_network, Groups::one), known, ..nobody });
        }
        let own = seen.person.and_then(|p| self.groups_of.get(&p)).filter(|g| !g.is_empty());
        let groups = own.copied().unwrap_or(of_network);
        Some(Who { person: seen.person, groups, known: seen.known, sure: seen.sure, since: seen.since, ..nobody })
    }

    /// [`Snapshot::who`] of a request that itself says whose it is, if `signed` does. A device that goes from hand to hand stays
    /// nobody's: what is saved on it is the last child's.
    pub fn who_signed(&self, client: ClientAddr, signed: Option<Signed>) -> Option<Who> {
        let who = self.who(client)?;
        let of_hands = who.device.is_some_and(|device| self.shared_devices.contains_key(&device));
        let Some(Signed { person, known, sure, since }) = signed.filter(|_| !of_hands) else { return Some(who) };
        let own = self.groups_of.get(&person).filter(|g| !g.is_empty()).copied();
        let of_network = || self.config.policy.network(who.network).map(|network| Groups::one(network.group));
        let groups = own.or_else(of_network)?;
        Some(Who { person: Some(person), groups, known, sure, since, ..who })
    }

    /// Somebody's device asks: where a sign-in ends by silence it goes on. Of all sources the portal's alone do.
    pub fn heard(&self, who: &Who, now_ms: u64) {
        if who.known == Known::Portal {
            self.register.roster().heard(who.client.ip(), now_ms);
        }
    }

    /// The network of an address and the groups that somebody there is judged by, whoever is there now: for what happened before.
    /// `None`: in no network of the school.
    pub fn as_judged(&self, at: ClientAddr, device: Option<DeviceId>, person: Option<PersonId>) -> Option<(NetworkId, Groups)> {
        let network = self.config.policy.network_of(at.ip())?;
        let of_network = Groups::one(self.config.policy.network(network)?.group);
        let own = person.map(|person| self.groups_of(person)).filter(|groups| !groups.is_empty());
        let of_hands = || device.and_then(|device| self.shared_devices.get(&device).copied());
        let shared = || self.shared_at(network, at).or_else(of_hands).flatten();
        Some((network, own.unwrap_or_else(|| shared().map_or(of_network, Groups::one))))
    }

    /// Whether the configuration says that many are behind an address; and whom it is judged as, if not as its network.
    pub fn shared_at(&self, network: NetworkId, client: ClientAddr) -> Option<Option<GroupId>> {
        let sources = &self.config.sources;
        let holds = |shared: &&Shared| shared.addresses.iter().any(|range| range.contains(client.ip()));
        let named = sources.shared.iter().find(holds).map(|shared| shared.group);
        named.or_else(|| sources.shared_networks.contains(&network).then_some(None))
    }

    /// Whether what a host is judged or answered by goes by who asks at this network, or when: where the filter is off for a while,
    /// everything.
    pub fn is_personal(&self, network: NetworkId, host: &Host, found: &Found) -> bool {
        let policy = &self.config.policy;
        let personal = self.personal.get(usize::from(network.0));
        policy.network(network).is_some_and(|rule| rule.mode == Mode::Off)
            || personal.is_some_and(|personal| personal.concerns(host, found, policy))
    }

    /// Everything the lists say of a host, or of a page of it; the sealed ones among them.
    pub fn find(&self, host: &Host, path: &str) -> Found {
        let found = if path.is_empty() { self.table.lookup(host) } else { self.table.lookup_url(host, path) };
        self.with_locked(host, path, found)
    }

    /// What the lists say of what stands behind an answer.
    pub fn behind(&self, answer: &WireAnswer) -> Arc<Behind> {
        answer.behind(&self.table, &self.locked, |host| self.find(host, ""))
    }

    /// [`Snapshot::find`] of a host whose first half has been done, for this snapshot's table.
    pub fn find_after(&self, host: &Host, ahead: &Ahead) -> Found {
        self.with_locked(host, "", self.table.lookup_after(host, ahead))
    }

    fn with_locked(&self, host: &Host, path: &str, mut found: Found) -> Found {
        if let Some(entry) = self.locked.find(host, path) {
            found.lock(entry);
        }
        found
    }

    /// What the ids of this snapshot are called.
    pub fn names(config: &Config, table: &Table, locked: &Locked) -> Names {
        let policy = &config.policy;
        Names {
            school: config.school.name.clone(),
            gateway: config.school.gateway.clone(),
            profiles: policy.profiles.iter().map(|p| p.name.clone()).collect(),
            groups: policy.groups.iter().map(|g| g.name.clone()).collect(),
            networks: policy.networks.iter().map(|n| n.name.clone()).collect(),
            lists: table.lists().iter().map(|l| l.name.clone()).collect(),
            locked: locked.editions(),
            cells: policy.timetable.cells().iter().map(|c| c.name.clone()).collect(),
            rules: policy.own.names(),
            passes: policy.passes.iter().map(|o| (o.pass.id, lesson(config, o))).collect(),
            categories: config
                .categories
                .iter()
                .filter(|t| t.category.id().is_none())
                .map(|t| (t.category.bit(), t.id.clone()))
                .collect(),
        }
    }
}

fn grouped(config: &Config, register: &Register) -> HashMap<PersonId, Groups> {
    let grouping = Grouping::of_config(config);
    let groups_of = |p: &Person| grouping.groups(p.role, p.year, &p.groups).into_iter().collect();
    register.persons().map(|p| (p.id, groups_of(p))).collect()
}

/// Devices of the register that the configuration says go from hand to hand.
fn shared_devices(config: &Config, register: &Register) -> impl Iterator<Item = (DeviceId, Option<GroupId>)> {
    let shared: Vec<_> = config.sources.shared.iter().filter(|shared| !shared.devices.is_empty()).collect();
    let in_use = register.devices().filter(|device| device.retired.is_none() && !shared.is_empty());
    let found = in_use.filter_map(|device| {
        let shared = shared.iter().find(|shared| shared.has_device(&device.name))?;
        Some((device.id, shared.group))
    });
    found.collect::<Vec<_>>().into_iter()
}

/// What goes by the person at each network. The people are those whom the register knows.
fn personal(config: &Config, groups_of: &HashMap<PersonId, Groups>) -> impl Iterator<Item = Personal> {
    let shared = config.sources.shared.iter().filter_map(|shared| shared.group);
    let people: HashSet<GroupId> = groups_of.values().flat_map(Groups::iter).chain(shared).collect();
    let networks = 0..config.policy.networks.len() as u16;
    networks.map(move |network| Personal::of(&config.policy, NetworkId(network), people.iter().copied()))
}

/// What a pass opens and for whom: `video for year-9`.
pub fn opened(config: &Config, opened: &Opened) -> String {
    let what = match &opened.pass.what {
        What::Categories(categories) => categories.iter().map(|c| config.category_id(c)).collect::<Vec<_>>().join(", "),
        What::Host(host) => host.to_string(),
        What::Page(host, path) => format!("{host}{path}"),
        What::Video(video) => video.to_string(),
    };
    format!("{what} for {}", whom(config, &opened.whom))
}

/// What the journal and the report call what happens under a pass: `video for year-9 until 2026-11-18 14:30 (t.jones: rivers)`.
fn lesson(config: &Config, pass: &Opened) -> String {
    let until = local_time(config, pass.until_ms);
    format!("{} until {until} ({}: {})", opened(config, pass), pass.by, pass.reason)
}

/// Whom a pass or an exam is for. Persons are counted: their names are the register's.
pub fn whom(config: &Config, whom: &Whom) -> String {
    match whom {
        Whom::Group(group) => config.policy.group(*group).map_or("nobody", |g| g.name.as_str()).to_owned(),
        Whom::Network(network) => {
            format!("network {}", config.policy.network(*network).map_or("(gone)", |n| n.name.as_str()))
        }
        Whom::Persons(persons) if persons.len() == 1 => "1 person".to_owned(),
        Whom::Persons(persons) => format!("{} people", persons.len()),
        Whom::Room(ranges) => {
            let room = config.rooms.iter().find(|room| room.ranges == *ranges);
            room.map_or_else(|| "a room".to_owned(), |room| format!("room {}", room.name))
        }
    }
}

/// A moment by the school's clock.
pub fn local_time(config: &Config, ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(config.school.zone.clone());
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::school::School;
    use crate::people::{Person, Stamp};
    use crate::words::PersonRole;

    #[test]
    fn sources_mean_the_people_of_the_register_that_is_in_force_and_of_no_other() {
        let school = School::with("");
        let roster = school.gate.snapshot().register.roster().clone();
        let pupil = Person {
            id: PersonId(1),
            key: "p1".into(),
            name: "A Pupil".into(),
            role: PersonRole::Pupil,
            year: Some(7),
            groups: vec![],
            granted: Stamp { at_ms: 0, by: "it".into() },
            details: Default::default(),
            source: Default::default(),
            held: false,
            withdrawn: None,
        };
        let register = Register::new(vec![pupil], vec![], 1).expect("no clash").with_roster(roster.clone());
        let next = Snapshot::clone(&school.gate.snapshot()).with_register(Arc::new(register));
        assert_eq!(roster.account("p1"), None, "it is not in force yet");
        let before = school.gate.snapshot();
        school.gate.swap(next);
        assert_eq!(roster.account("p1"), Some(PersonId(1)));
        school.gate.swap(Snapshot::clone(&before));
        assert_eq!(roster.account("p1"), None, "it is not in force any more");
    }
}
