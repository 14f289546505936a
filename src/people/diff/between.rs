//! The register beside a file: who is who, which device is which.

use super::super::details::{Source, agreement_text, consent_text, day_text};
use super::super::import::{DeviceRow, PersonRow, Says};
use super::super::{Device, Grouping, Person, Register, Sheet};
use super::{Added, Change, Changed, DeviceChanged, Devices, Diff, Fitted, Leaver, Named, Retired};
use crate::words::{Day, DeviceId, PersonId, PersonRole};
use std::collections::{HashMap, HashSet};
use std::fmt::Display;

impl Diff {
    /// What importing `sheet` would change in `register`.
    pub fn between(register: &Register, sheet: &Sheet, grouping: Grouping) -> Self {
        let mut diff = Self {
            added: vec![],
            moved: vec![],
            changed: vec![],
            returned: vec![],
            leavers: vec![],
            by_hand: vec![],
            held: vec![],
            unchanged: 0,
            devices: Devices::default(),
            ungrouped: vec![],
            adopted: vec![],
            source: sheet.source,
            present: present(register),
            revision: register.revision(),
        };
        let known: HashMap<&str, &Person> = register.persons().map(|p| (p.key.as_str(), p)).collect();
        let mut in_file = HashSet::new();
        for row in &sheet.persons {
            in_file.insert(row.key.as_str());
            let old = known.get(row.key.as_str()).copied();
            let to = resolved(row, old, sheet.says);
            if grouping.groups(to.role, to.year, &to.groups).is_empty() {
                diff.ungrouped.push(Named { key: to.key.clone(), name: to.name.clone() });
            }
            if let Some(old) = old.filter(|old| old.source != sheet.source && old.source.is_list()) {
                diff.adopted.push(old.id);
            }
            diff.person(old, to);
        }
        let in_file = &in_file;
        let missing = |source| register.present().filter(move |p| p.source == source && !in_file.contains(p.key.as_str()));
        let leaver = |p: &Person| Leaver { key: p.key.clone(), name: p.name.clone(), role: p.role, person: p.id };
        diff.leavers = missing(sheet.source).map(leaver).collect();
        diff.by_hand = missing(Source::Hand).map(|p| Named { key: p.key.clone(), name: p.name.clone() }).collect();
        if sheet.says.devices {
            diff.devices = devices(register, sheet);
        }
        diff
    }

    fn person(&mut self, old: Option<&Person>, to: PersonRow) {
        let Some(old) = old else {
            let row = to.clone();
            let PersonRow { key, name, role, year, groups, .. } = to;
            return self.added.push(Added { key, name, role, year, groups, row });
        };
        let what = person_changes(old, &to, self.source);
        let changed = Changed { key: old.key.clone(), name: to.name.clone(), what, person: old.id, to };
        // The last day they had is the last day that the file still gives them.
        let is_over = old.details.until.is_some() && old.details.until == changed.to.details.until;
        if old.is_withdrawn() && old.held {
            self.held.push(Named { key: changed.key, name: changed.name });
        } else if old.is_withdrawn() && is_over {
            self.unchanged += 1;
        } else if old.is_withdrawn() {
            self.returned.push(changed);
        } else if changed.what.is_empty() {
            self.unchanged += 1;
        } else if changed.is_move() {
            self.moved.push(changed);
        } else {
            self.changed.push(changed);
        }
    }
}

fn present(register: &Register) -> Vec<(PersonRole, usize)> {
    PersonRole::ALL.iter().map(|&role| (role, register.present().filter(|p| p.role == role).count())).collect()
}

/// The row, with what the file does not speak of as the register has it.
fn resolved(row: &PersonRow, old: Option<&Person>, says: Says) -> PersonRow {
    let mut to = row.clone();
    if let Some(old) = old {
        if !says.year {
            to.year = old.year;
        }
        if !says.groups {
            to.groups.clone_from(&old.groups);
        }
        let (new, old) = (&mut to.details, &old.details);
        if !says.form {
            new.form.clone_from(&old.form);
        }
        if !says.until {
            new.until = old.until;
        }
        if !says.agreement {
            new.agreement.clone_from(&old.agreement);
        }
        if !says.consent {
            new.consent = old.consent;
        }
    }
    to
}

fn person_changes(old: &Person, to: &PersonRow, source: Source) -> Vec<Change> {
    let mut what = vec![];
    // Whom the school's own system has from now on leaves with it; of two such systems the one is as good as the other.
    if !old.source.is_list() {
        change(&mut what, "brought by", &old.source.word(), &source.word());
    }
    change(&mut what, "name", &old.name, &to.name);
    change(&mut what, "role", &old.role, &to.role);
    change(&mut what, "year", &year(old.year), &year(to.year));
    change(&mut what, "groups", &old.groups.join(";"), &to.groups.join(";"));
    let (from, to) = (&old.details, &to.details);
    let day = |day: Option<Day>| day.map(day_text).unwrap_or_default();
    change(&mut what, "form", &from.form, &to.form);
    change(&mut what, "until", &day(from.until), &day(to.until));
    change(&mut what, "agreement", &agreement_text(from.agreement.as_ref()), &agreement_text(to.agreement.as_ref()));
    change(&mut what, "consent", &consent_text(from.consent.as_ref()), &consent_text(to.consent.as_ref()));
    what
}

/// `R`, `7`, or nothing.
pub(in crate::people) fn year(year: Option<u8>) -> String {
    match year {
        Some(0) => "R".into(),
        Some(y) => y.to_string(),
        None => String::new(),
    }
}

fn change(what: &mut Vec<Change>, field: &'static str, from: &dyn Display, to: &dyn Display) {
    let (from, to) = (from.to_string(), to.to_string());
    if from != to {
        what.push(Change { field, from, to });
    }
}

fn devices(register: &Register, sheet: &Sheet) -> Devices {
    let mut devices = Devices::default();
    let same = same_devices(register, sheet);
    let keys: HashMap<PersonId, &str> = register.persons().map(|p| (p.id, p.key.as_str())).collect();
    for (row, old) in sheet.devices.iter().zip(&same) {
        let Some(old) = old else {
            devices.added.push(fitted(row, None, sheet.says));
            continue;
        };
        let to = fitted(row, Some(old), sheet.says);
        let owner = old.person.and_then(|p| keys.get(&p).copied());
        let what = device_changes(old, owner, &to);
        if !what.is_empty() {
            devices.changed.push(DeviceChanged { name: old.name.clone(), what, device: old.id, to });
        }
    }
    let in_file: HashSet<DeviceId> = same.iter().flatten().map(|d| d.id).collect();
    let gone = register.devices().filter(|d| d.retired.is_none() && !in_file.contains(&d.id));
    devices.retired = gone.map(|d| Retired { name: d.name.clone(), device: d.id }).collect();
    devices
}

/// Which device of the register each row of the file means: the one with its tag; else the one with its MAC, under whatever
/// tag; else the one at its address or network, unless a tag or a MAC says it is another. A device that was retired comes
/// back by its tag or MAC: it is the same thing.
fn same_devices<'r>(register: &'r Register, sheet: &Sheet) -> Vec<Option<&'r Device>> {
    // In use before retired, the last retired before those earlier.
    let mut order: Vec<&Device> = register.devices().collect();
    order.sort_by_key(|d| (d.retired.as_ref().map(|r| std::cmp::Reverse(r.at_ms)), d.id));
    let mut by_tag = HashMap::new();
    let mut by_mac = HashMap::new();
    let mut by_place = HashMap::new();
    for device in order {
        by_tag.entry(device.name.clone()).or_insert(device);
        device.mac.map(|m| by_mac.entry(m).or_insert(device));
        for place in places(device.address, device.network).filter(|_| device.retired.is_none()) {
            by_place.entry(place).or_insert(device);
        }
    }
    let mut same = vec![None; sheet.devices.len()];
    let mut taken = HashSet::new();
    let mut pass = |find: &dyn Fn(&DeviceRow) -> Option<&'r Device>| {
        for (row, same) in sheet.devices.iter().zip(&mut same).filter(|(_, same)| same.is_none()) {
            *same = find(row).filter(|d| taken.insert(d.id));
        }
    };
    pass(&|row| by_tag.get(row.tag.as_ref()?).copied());
    pass(&|row| by_mac.get(&row.mac?).copied());
    pass(&|row| {
        let device = places(row.address, row.network).find_map(|p| by_place.get(&p).copied())?;
        let other_mac = row.mac.zip(device.mac).is_some_and(|(a, b)| a != b);
        let other_tag = row.tag.is_some() && is_tagged(device);
        (!other_mac && !other_tag).then_some(device)
    });
    same
}

fn places(address: Option<impl Display>, network: Option<impl Display>) -> impl Iterator<Item = String> {
    address.map(|a| a.to_string()).into_iter().chain(network.map(|n| n.to_string()))
}

/// Whether somebody named it, and its name is not just what it is known by.
fn is_tagged(device: &Device) -> bool {
    !known_by(device.address, device.mac, device.network).any(|k| k == device.name)
}

fn known_by(
    address: Option<impl Display>,
    mac: Option<impl Display>,
    network: Option<impl Display>,
) -> impl Iterator<Item = String> {
    mac.map(|m| m.to_string()).into_iter().chain(places(address, network))
}

/// The device as it will be, with what the file does not speak of as the register has it.
fn fitted(row: &DeviceRow, old: Option<&Device>, says: Says) -> Fitted {
    let address = if says.address { row.address } else { old.and_then(|d| d.address) };
    let mac = if says.mac { row.mac } else { old.and_then(|d| d.mac) };
    let network = if says.network { row.network } else { old.and_then(|d| d.network) };
    let tag = row.tag.clone().or_else(|| old.filter(|d| is_tagged(d)).map(|d| d.name.clone()));
    let name = tag.or_else(|| known_by(address, mac, network).next()).unwrap_or_default();
    Fitted { name, person: row.person.clone(), address, mac, network }
}

fn device_changes(old: &Device, owner: Option<&str>, to: &Fitted) -> Vec<Change> {
    let text = |value: Option<&dyn Display>| value.map(|v| v.to_string()).unwrap_or_default();
    fn any<T: Display>(value: &Option<T>) -> Option<&dyn Display> {
        value.as_ref().map(|v| v as &dyn Display)
    }
    let mut what = vec![];
    change(&mut what, "in use", &if old.retired.is_some() { "no" } else { "yes" }, &"yes");
    change(&mut what, "device", &old.name, &to.name);
    change(&mut what, "person", &owner.unwrap_or_default(), &text(any(&to.person)));
    change(&mut what, "address", &text(any(&old.address)), &text(any(&to.address)));
    change(&mut what, "mac", &text(any(&old.mac)), &text(any(&to.mac)));
    change(&mut what, "network", &text(any(&old.network)), &text(any(&to.network)));
    what
}
