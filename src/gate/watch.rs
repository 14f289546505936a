//! What a worker keeps from one batch of packets to the next: the snapshot in force, the time, who was at which address.
//!
//! Nothing here is older than a batch, or than [`KNOWN_FOR`] for who is where; and nothing here is a lock or a counter that
//! another worker writes.

use super::{Gate, Snapshot, Visit};
use crate::words::{ClientAddr, Confidence, Groups, Known, NetworkId, Who};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long it is believed who is at an address. What says so is read every fifteen seconds (`people::neighbours`).
const KNOWN_FOR: Duration = Duration::from_millis(250);

/// Places for addresses: a large school's, at about a hundred bytes each.
const PLACES: usize = 4_096;

/// One worker's view of the gate.
pub struct Watch {
    visit: Visit,
    seen: Box<[Option<Seen>]>,
    since: Instant,
}

/// An address, and who is there; `None`: a stranger.
type Seen = (ClientAddr, Option<Who>);

/// What a worker has to think anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Nothing,
    /// The configuration, or who is where.
    Policy,
    /// What the lists say of a host, too.
    Lists,
}

impl Watch {
    pub fn new(gate: &Gate) -> Self {
        let snapshot = gate.snapshot();
        // Replaced before anybody sees it.
        let who = Who {
            client: ClientAddr::new(Ipv4Addr::UNSPECIFIED.into()),
            network: NetworkId(u16::MAX),
            device: None,
            person: None,
            groups: Groups::default(),
            known: Known::Network,
            sure: Confidence::Group,
        };
        let moment = gate.clock.now(&snapshot.config.school.zone);
        let visit = Visit { snapshot, who, moment, boot_ms: gate.clock.boot_ms() };
        Self { visit, seen: vec![None; PLACES].into(), since: Instant::now() }
    }

    /// Looks up what is in force and what time it is, for the packets of one batch; or because none has come for a while, so
    /// that an old snapshot is let go.
    pub fn look_up(&mut self, gate: &Gate) -> Changed {
        let changed = self.take(gate);
        let now = Instant::now();
        if changed != Changed::Nothing || now.duration_since(self.since) > KNOWN_FOR {
            self.seen.fill(None);
            self.since = now;
        }
        self.visit.boot_ms = gate.clock.boot_ms();
        gate.clock.turn(&mut self.visit.moment, &self.visit.snapshot.config.school.zone, changed != Changed::Nothing);
        changed
    }

    fn take(&mut self, gate: &Gate) -> Changed {
        let in_force = gate.snapshot.load();
        let mine = &self.visit.snapshot;
        // The old one is held until here, so that no new one can have its address.
        if Arc::ptr_eq(mine, &in_force) {
            return Changed::Nothing;
        }
        let same_lists = Arc::ptr_eq(&mine.table, &in_force.table) && Arc::ptr_eq(&mine.locked, &in_force.locked);
        self.visit.snapshot = Arc::clone(&in_force);
        if same_lists { Changed::Policy } else { Changed::Lists }
    }

    /// What is in force for the present batch.
    pub fn snapshot(&self) -> &Snapshot {
        &self.visit.snapshot
    }

    /// Whether it is known who is at this address, without a look.
    pub fn knows(&self, client: ClientAddr) -> bool {
        self.seen[place_of(client)].is_some_and(|(there, _)| there == client)
    }

    /// Begins a visit of this client in the present batch. `None`: the address is in no network of the school.
    pub fn visit(&mut self, client: ClientAddr) -> Option<&Visit> {
        let place = &mut self.seen[place_of(client)];
        let who = match place {
            Some((there, who)) if *there == client => *who,
            _ => {
                let who = self.visit.snapshot.who(client);
                *place = Some((client, who));
                who
            }
        };
        self.visit.who = who?;
        Some(&self.visit)
    }
}

fn place_of(client: ClientAddr) -> usize {
    let word = match client.ip() {
        IpAddr::V4(ip) => u64::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits() as u64 ^ (ip.to_bits() >> 64) as u64,
    };
    // Fibonacci hashing: the upper bits of the product hang on all of the address.
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize & (PLACES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::school::School;

    #[test]
    fn who_is_where_is_thought_anew_with_the_snapshot_and_strangers_stay_strangers() {
        let school = School::with("");
        let mut watch = Watch::new(&school.gate);
        let client = |last: [u8; 4]| ClientAddr::new(last.into());
        assert_eq!(watch.look_up(&school.gate), Changed::Nothing);
        let (pupil, staff) = (client([127, 0, 0, 1]), client([127, 9, 0, 1]));
        for _ in 0..2 {
            for ours in [pupil, staff] {
                let visit = watch.visit(ours).expect("one of the school's");
                assert_eq!((visit.who.client, visit.who), (ours, school.gate.visit(ours).expect("one of the school's").who));
            }
            assert!(watch.visit(client([192, 0, 2, 1])).is_none());
        }
        let before = watch.visit(pupil).expect("one of the school's").snapshot.version;
        let mut next = Snapshot::clone(&school.gate.snapshot());
        next.version += 1;
        school.gate.swap(next);
        assert_eq!(watch.visit(pupil).map(|v| v.snapshot.version), Some(before), "a batch sees one snapshot");
        assert_eq!(watch.look_up(&school.gate), Changed::Policy);
        assert_eq!(watch.visit(pupil).map(|v| v.snapshot.version), Some(before + 1));
    }
}
