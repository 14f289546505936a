//! What was seen at all: which devices, on which networks, in which quarters of an hour, by which policies.

use super::plain::shown;
use super::subject::Subject;
use crate::journal::Names;
use crate::words::{ClientAddr, DeviceId, NetworkId};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Most addresses the register does not know that are told apart.
pub const MAX_STRANGERS: usize = 10_000;

/// Quarters of an hour in the longest week, when the clocks go back.
const QUARTERS: usize = (7 * 24 + 1) * 4;
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// How much was seen of one device of a pupil.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sight {
    pub names: bool,
    pub searches: bool,
}

/// One network in this week.
#[derive(Debug, Default)]
pub struct NetworkSeen {
    pub name: String,
    pub events: u64,
    /// Events with a path: plain HTTP, or decrypted.
    pub whole: u64,
    /// Of them, those within TLS that was looked into.
    pub decrypted: u64,
    /// Blocks that were only written down.
    pub would_block: u64,
    pub subjects: HashSet<Subject>,
}

/// One policy version: its names, and where its networks are in the week's.
struct Version {
    names: Names,
    networks: Vec<u16>,
}

pub struct Seen {
    /// The pupils' devices of the register.
    pub devices: HashMap<DeviceId, Sight>,
    /// Addresses that the register does not know.
    pub strangers: HashSet<ClientAddr>,
    pub networks: Vec<NetworkSeen>,
    pub versions: BTreeSet<u32>,
    quarters: Vec<bool>,
    known: HashMap<u32, Version>,
}

impl Seen {
    pub fn new(pupil_devices: &[DeviceId]) -> Self {
        Self {
            devices: pupil_devices.iter().map(|&d| (d, Sight::default())).collect(),
            strangers: HashSet::new(),
            networks: Vec::new(),
            versions: BTreeSet::new(),
            quarters: vec![false; QUARTERS],
            known: HashMap::new(),
        }
    }

    /// What the ids of a version were called; asked for once a version.
    pub fn names(&mut self, version: u32, ask: &dyn Fn(u32) -> Names) -> &Names {
        &self.version(version, ask).names
    }

    /// Where a network of a version is in [`Seen::networks`].
    pub fn network(&mut self, version: u32, id: NetworkId, ask: &dyn Fn(u32) -> Names) -> u16 {
        if let Some(&place) = self.version(version, ask).networks.get(usize::from(id.0)) {
            return place;
        }
        self.network_named(format!("network {}", id.0))
    }

    /// Something was written down at this time.
    pub fn awake(&mut self, since_start_ms: i64) {
        let quarter = usize::try_from(since_start_ms / QUARTER_MS).unwrap_or(usize::MAX);
        if let Some(seen) = self.quarters.get_mut(quarter) {
            *seen = true;
        }
    }

    /// Whether anything was written down in this quarter of an hour of the week.
    pub fn was_awake(&self, quarter: usize) -> bool {
        self.quarters.get(quarter).copied().unwrap_or(false)
    }

    pub fn stranger(&mut self, client: ClientAddr) {
        if self.strangers.len() < MAX_STRANGERS {
            self.strangers.insert(client);
        }
    }

    fn version(&mut self, version: u32, ask: &dyn Fn(u32) -> Names) -> &Version {
        if !self.known.contains_key(&version) {
            let names = ask(version);
            let networks = names.networks.iter().map(|name| self.network_named(shown(name))).collect();
            self.versions.insert(version);
            self.known.insert(version, Version { names, networks });
        }
        &self.known[&version]
    }

    /// Networks are the same from version to version by their name.
    fn network_named(&mut self, name: String) -> u16 {
        let place = self.networks.iter().position(|n| n.name == name).unwrap_or_else(|| {
            self.networks.push(NetworkSeen { name, ..NetworkSeen::default() });
            self.networks.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }
}

/// The quarters of an hour of a week, by the time each begins, in milliseconds since the week's start.
pub fn quarters() -> impl Iterator<Item = (usize, i64)> {
    (0..QUARTERS).map(|q| (q, q as i64 * QUARTER_MS))
}
