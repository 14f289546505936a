//! `[[group]]` and `[[network]]`: who is judged by which profile.

use super::fault::{Place, Placed, Wrong, shown};
use super::file::Section;
use super::item::List;
use super::known::Known;
use super::portal::{self, Way};
use super::profiles::strictest;
use super::sources::Asks;
use super::values;
use crate::policy::{Group, Mode, NetworkRule, Profile, ProfileId, WhenDown};
use crate::words::person::MAX_GROUPS;
use crate::words::{GroupId, Network, NetworkId, PersonRole};
use std::collections::HashMap;

/// More groups or networks than any school or trust has; every packet is held against the ranges of all networks.
const MOST: usize = 1000;

/// What the group of a network is called: `network:library`.
const OF_NETWORK: &str = "network:";

/// Who belongs to a group of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub group: GroupId,
    /// Empty: any year.
    pub years: Vec<u8>,
    /// Empty with years: pupils. Empty without: only those the register names.
    pub roles: Vec<PersonRole>,
}

impl Membership {
    /// Whether someone of this role and year belongs to the group without being named.
    pub fn holds(&self, role: PersonRole, year: Option<u8>) -> bool {
        let pupils = self.roles.is_empty() && !self.years.is_empty();
        let of_role = self.roles.contains(&role) || pupils && role == PersonRole::Pupil;
        of_role && (self.years.is_empty() || year.is_some_and(|y| self.years.contains(&y)))
    }
}

/// Groups, who is in them, and networks.
pub(super) struct People {
    pub groups: Vec<Group>,
    pub members: Vec<Membership>,
    pub networks: Vec<NetworkRule>,
    /// Networks whose devices have the school's certificate authority.
    pub with_ca: Vec<NetworkId>,
    /// Networks of which every address is one that many are behind.
    pub shared: Vec<NetworkId>,
    /// Networks on which people sign in, and by what.
    pub portals: Vec<Placed<(NetworkId, Vec<Way>)>>,
    /// Networks where the proxy asks who it is, and where that is written.
    pub asks: Vec<Placed<Asks>>,
    pub known: Known<GroupId>,
}

pub(super) fn read(root: &Section, profiles: &[Profile], known_profiles: &Known<ProfileId>, whole: bool) -> People {
    let mut people = People {
        groups: vec![],
        members: vec![],
        networks: vec![],
        with_ca: vec![],
        shared: vec![],
        portals: vec![],
        asks: vec![],
        known: Known::new("group", whole),
    };
    for section in at_most(root.sections("group"), "groups") {
        people.group(&section, known_profiles);
        people.not_too_many(&section);
    }
    let (mut names, mut ranges) = (Known::new("network", whole), HashMap::new());
    let sections = at_most(root.sections("network"), "networks");
    if !root.has("network") && whole {
        let wrong = Wrong::new("there is no network", "add a `[[network]]` with the addresses of the school's machines");
        root.fault(wrong.help("the gate answers only machines of its networks: without one it answers nobody").at(root.place()));
    }
    for section in &sections {
        people.network(section, profiles, known_profiles, (&mut names, &mut ranges));
    }
    people
}

fn at_most<'r>(mut sections: Vec<Section<'r>>, what: &str) -> Vec<Section<'r>> {
    if let Some(first) = sections.get(MOST) {
        first.fault(Wrong::new(format!("there are more than {MOST} {what}"), "delete some").at(first.place()));
    }
    sections.truncate(MOST);
    sections
}

impl People {
    fn group(&mut self, section: &Section, profiles: &Known<ProfileId>) {
        let name = section.need("name", values::name);
        let profile = section.need("profile", |item| item.text());
        let profile = profile.and_then(|p| profiles.find(section, &p, "this group has a profile that does not exist"));
        let years = List::values(section.list("years", |item| item.number(0..=13)));
        let roles: Vec<_> = PersonRole::ALL.iter().map(|r| (r.word(), *r)).collect();
        let roles = List::values(section.list("roles", |item| item.word(&roles)));
        let priority = section.value("priority", |item| item.number(1..=255)).and_then(|p| u8::try_from(p.value).ok());
        section.end();

        let Some(name) = name else { return };
        if name.value.starts_with(OF_NETWORK) {
            let title = format!("a name that begins with `{OF_NETWORK}` is a network's");
            return section.fault(Wrong::new(title, "give the group another name").at(name.place));
        }
        let id = GroupId(self.groups.len() as u16);
        // A group whose profile is wrong is still known: who refers to it has made no fault.
        if self.known.define(section, &name, id) {
            self.groups.push(Group { name: name.value, profile: profile.unwrap_or(ProfileId(0)), priority });
            let years = years.into_iter().filter_map(|y| u8::try_from(y).ok()).collect();
            self.members.push(Membership { group: id, years, roles });
        }
    }

    /// Nobody may come into more groups than an ask can hold: the group that would be one too many is told.
    fn not_too_many(&self, section: &Section) {
        let Some(newest) = self.members.last() else { return };
        let years = [None].into_iter().chain((0..=13).map(Some));
        for (role, year) in PersonRole::ALL.iter().flat_map(|r| years.clone().map(move |y| (*r, y))) {
            let held = self.members.iter().filter(|m| m.holds(role, year)).count();
            if held > MAX_GROUPS && newest.holds(role, year) {
                let who = year.map_or(format!("someone with role `{role}`"), |y| format!("a {role} of year {y}"));
                let wrong = Wrong::new(format!("{who} would be in {held} groups"), format!("at most {MAX_GROUPS}"));
                return section.fault(wrong.help("give some of the groups fewer years or roles").at(section.place()));
            }
        }
    }

    fn network(
        &mut self,
        section: &Section,
        profiles: &[Profile],
        known: &Known<ProfileId>,
        (names, taken): (&mut Known<()>, &mut HashMap<Network, Place>),
    ) {
        let name = section.need("name", values::name);
        let ranges = section.need_list("ranges", values::network);
        let profile = unknown_devices(section, profiles, known);
        let mode = section.value("mode", |item| item.word(&[("enforce", Mode::Enforce), ("watch", Mode::Watch)]));
        let mode = mode.map_or(Mode::Enforce, |m| m.value);
        let keep_ech = section.value("keep_ech", |item| item.flag()).map_or(mode == Mode::Watch, |v| v.value);
        let only_resolved = section.value("only_resolved", |item| item.flag()).is_some_and(|v| v.value);
        let words: Vec<_> = WhenDown::ALL.iter().map(|w| (w.word(), *w)).collect();
        let when_down = section.value("when_down", |item| item.word(&words)).map_or(WhenDown::Closed, |v| v.value);
        let garden = section.list("walled_garden", values::host);
        let garden = garden.map(|list| list.items.into_iter().map(|host| host.value).collect());
        let shared = section.value("shared", |item| item.flag()).is_some_and(|v| v.value);
        let ways = section.list("portal", portal::way);
        let ask = section.list("ask", |item| item.word(&[("basic", false), ("negotiate", true)]));
        let one_person = section.value("one_person_per_device", |item| item.flag());
        let ca = section.value("ca", |item| item.word(&[("installed", true), ("none", false)])).is_some_and(|v| v.value);
        section.end();

        for range in ranges.iter().flat_map(|r| &r.items) {
            if let Some(first) = taken.insert(range.value, range.place) {
                let wrong = Wrong::new(format!("{} is in two networks", range.value), "a range belongs to one network");
                section.fault(wrong.at(range.place).first(first));
            }
        }
        if let Some(ranges) = ranges.as_ref().filter(|r| r.empty) {
            section.fault(
                Wrong::new("this network has no addresses", "at least one range, such as \"10.20.0.0/16\"").at(ranges.place),
            );
        }
        if taken.len() > MOST {
            section.fault(Wrong::new(format!("there are more than {MOST} ranges"), "write wider ones").at(section.place()));
        }
        let Some(name) = name.filter(|name| names.define(section, name, ())) else { return };
        let group = GroupId(self.groups.len() as u16);
        let of_network = Placed { value: format!("{OF_NETWORK}{}", name.value), place: name.place };
        if !self.known.define(section, &of_network, group) {
            return;
        }
        if shared {
            self.shared.push(NetworkId(self.networks.len() as u16));
        }
        if let Some(ways) = ways {
            if ways.empty {
                let wrong = Wrong::new("nobody can sign in on this network", "delete this, or name ways such as \"password\"");
                section.fault(wrong.at(ways.place));
            }
            let (network, place) = (NetworkId(self.networks.len() as u16), ways.place);
            self.portals.push(Placed { value: (network, List::values(Some(ways))), place });
        }
        if let Some(ask) = ask.filter(|ask| !ask.empty) {
            let one_person_per_device = one_person.as_ref().is_some_and(|one| one.value);
            let network = NetworkId(self.networks.len() as u16);
            let asks = |for_tickets| ask.items.iter().any(|way| way.value == for_tickets);
            let value = Asks { network, basic: asks(false), negotiate: asks(true), one_person_per_device };
            self.asks.push(Placed { value, place: ask.place });
        } else if let Some(one) = one_person.filter(|one| one.value) {
            let wrong = Wrong::new("nobody is asked who they are here", "add `ask = [\"basic\"]`, or delete this");
            section.fault(wrong.at(one.place));
        }
        if ca {
            self.with_ca.push(NetworkId(self.networks.len() as u16));
        }
        self.groups.push(Group { name: of_network.value, profile: profile.unwrap_or(ProfileId(0)), priority: None });
        let ranges = List::values(ranges);
        let (name, written) = (name.value, mode);
        self.networks.push(NetworkRule { name, ranges, group, mode, written, keep_ech, only_resolved, when_down, garden });
    }
}

/// The profile of devices that nobody knows: a pupils' one, unless `unknown` says outright that it is another.
fn unknown_devices(section: &Section, profiles: &[Profile], known: &Known<ProfileId>) -> Option<ProfileId> {
    let title = "this network has a profile that does not exist";
    let written = section.value("profile", |item| item.text());
    let outright = section.value("unknown", |item| item.text());
    if let (Some(written), Some(outright)) = (&written, &outright) {
        let wrong = Wrong::new("a network has `profile` or `unknown`, not both", "delete one of them");
        section.fault(wrong.at(outright.place).first(written.place));
    }
    if let Some(outright) = outright {
        return known.find(section, &outright, title);
    }
    let Some(written) = written else {
        let strictest = strictest(profiles);
        if strictest.is_none() && known.is_whole() {
            let wrong =
                Wrong::new("no profile is for pupils, so an unknown device here has none", "add `unknown = …` with a profile");
            section.fault(wrong.help("`pupils = true` in a profile makes it one for pupils").at(section.place()));
        }
        return strictest;
    };
    let id = known.find(section, &written, title)?;
    if profiles.get(usize::from(id.0)).is_some_and(|p| !p.pupils) {
        let name = shown(written.value);
        let wrong =
            Wrong::new(format!("an unknown device here would get {name}, which is not for pupils"), "a profile for pupils");
        section.fault(
            wrong
                .help(format!("if that is what you want, write `unknown = \"{}\"` instead of `profile`", written.value))
                .at(written.place),
        );
    }
    Some(id)
}
