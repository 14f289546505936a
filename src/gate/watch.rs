//! What a worker keeps from one batch of packets to the next: the snapshot in force, the time, who was at which address.
//!
//! Nothing here is older than a batch, or than [`KNOWN_FOR`] for who is where; and nothing here is a lock that is waited
//! for, or a counter that another worker writes.

use super::flood::{BELIEVED_SECONDS, BUSY, Counted, Pace, place_of, seed};
use super::{Gate, Noted, Snapshot, Visit, on_large_pages};
use crate::lists::touch;
use crate::words::{ClientAddr, Confidence, Groups, Known, NetworkId, Who};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long it is believed who is at an address if nothing is heard that changes it.
const KNOWN_FOR: Duration = Duration::from_millis(250);

/// Places for addresses: a large school's, at 128 bytes each, so that they fill one large page.
const PLACES: usize = 16_384;

/// One worker's view of the gate.
pub struct Watch {
    visit: Visit,
    seen: Box<[Seen]>,
    since: Instant,
    /// Who was seen under an earlier number is looked up anew.
    sight: u32,
    /// Of the roster, when it was last asked.
    generation: u32,
    /// The present second since the machine started.
    second: u32,
    /// Places of those who ask much in it.
    busy: Vec<u32>,
    /// What is still to be told the others of an earlier second.
    counted: (u32, Vec<Counted>),
    seed: u64,
}

/// An address, and who is there: in two cache lines that stand together.
#[derive(Clone, Copy)]
#[repr(C, align(128))]
struct Seen {
    client: ClientAddr,
    sight: u32,
    /// `None`: a stranger.
    who: Option<Who>,
    /// It asks without end, at all workers together: believed until this second.
    flood_until: u32,
    pace: Pace,
}

const _: () = assert!(size_of::<Seen>() == 128);

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
            since: None,
            mac: None,
        };
        let moment = gate.clock.now(&snapshot.config.school.zone);
        let visit = Visit { snapshot, who, signed: None, moment, boot_ms: gate.clock.boot_ms(), noted: Noted::Row };
        let nobody = Seen { client: who.client, who: None, sight: 0, flood_until: 0, pace: Pace::default() };
        // As much as there may be, so that no question waits for room.
        let busy = Vec::with_capacity(PLACES);
        let mut seen = Vec::with_capacity(PLACES);
        on_large_pages(seen.spare_capacity_mut());
        seen.resize(PLACES, nobody);
        Self {
            visit,
            seen: seen.into(),
            since: Instant::now(),
            sight: 1,
            generation: 0,
            second: 0,
            busy,
            counted: (0, Vec::new()),
            seed: seed(),
        }
    }

    /// Looks up what is in force and what time it is, for the packets of one batch; or because none has come for a while, so
    /// that an old snapshot is let go.
    pub fn look_up(&mut self, gate: &Gate, now: Instant) -> Changed {
        let changed = self.take(gate);
        let generation = self.visit.snapshot.register.roster().generation();
        let moved = std::mem::replace(&mut self.generation, generation) != generation;
        if changed != Changed::Nothing || moved || now.duration_since(self.since) > KNOWN_FOR {
            self.sight = self.sight.wrapping_add(1);
            self.since = now;
        }
        self.visit.boot_ms = gate.clock.boot_ms();
        let second = (self.visit.boot_ms / 1000) as u32;
        let before = std::mem::replace(&mut self.second, second);
        if before != second {
            gate.floods.write_earlier(gate.clock.unix_ms(), &gate.journal);
            self.count_up(before);
        }
        if !self.counted.1.is_empty() {
            self.tell(gate);
        }
        gate.clock.turn(&mut self.visit.moment, &self.visit.snapshot.config.school.zone, changed != Changed::Nothing);
        changed
    }

    /// Gathers how much each of those has asked in a second who asked much.
    fn count_up(&mut self, second: u32) {
        let seen = &self.seen;
        let counted = |place: u32| {
            let Seen { client, pace, .. } = &seen[place as usize];
            Counted { client: *client, place, count: pace.of(second) }
        };
        self.counted.0 = second;
        self.counted.1.clear();
        self.counted.1.extend(self.busy.drain(..).map(counted).filter(|counted| counted.count > 0));
    }

    /// Tells the others; if they are at it themselves, with the next batch.
    fn tell(&mut self, gate: &Gate) {
        let (second, counted) = &self.counted;
        let (seen, until) = (&mut self.seen, self.second.saturating_add(BELIEVED_SECONDS));
        let told = gate.paces.tell(*second, counted, |counted, flood| {
            let place = &mut seen[counted.place as usize];
            if place.client == counted.client {
                place.flood_until = if flood { until } else { 0 };
            }
        });
        if told {
            self.counted.1.clear();
        }
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

    /// Asks memory for who is at this address, and waits for nothing.
    pub fn approach(&self, client: ClientAddr) {
        let place = &self.seen[place_of(client, self.seed, PLACES)];
        // Its first line and its last: it has no more than two.
        touch(std::slice::from_ref(place), 0);
        touch(std::slice::from_ref(&place.pace), 0);
    }

    /// Begins a visit of this client in the present batch. `None`: the address is in no network of the school.
    pub fn visit(&mut self, client: ClientAddr) -> Option<&Visit> {
        let at = place_of(client, self.seed, PLACES);
        let place = &mut self.seen[at];
        if place.client != client || place.sight != self.sight {
            let who = self.visit.snapshot.who(client);
            who.iter().for_each(|who| self.visit.snapshot.heard(who, self.visit.boot_ms));
            if place.client != client && !place.pace.yields() {
                // How fast the other one asks must not be forgotten: this one is looked up each time.
                self.visit.noted = Noted::Row;
                self.visit.who = who?;
                return Some(&self.visit);
            }
            if place.client != client {
                (place.pace, place.flood_until) = (Pace::default(), 0);
            }
            *place = Seen { client, who, sight: self.sight, ..*place };
        }
        let flood_here = place.pace.count(self.second);
        let flood = self.second < place.flood_until;
        // Of a flood every second is told, so that its end is heard of.
        if place.pace.of(self.second) == if flood { 1 } else { BUSY } {
            self.busy.push(at as u32);
        }
        self.visit.who = place.who?;
        self.visit.noted = if (flood_here || flood) && !self.visit.who.is_many() { Noted::Sum } else { Noted::Row };
        Some(&self.visit)
    }
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
        assert_eq!(watch.look_up(&school.gate, Instant::now()), Changed::Nothing);
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
        assert_eq!(watch.look_up(&school.gate, Instant::now()), Changed::Policy);
        assert_eq!(watch.visit(pupil).map(|v| v.snapshot.version), Some(before + 1));
    }

    /// A worker's second, with so many questions of each client: whether each was one of a flood.
    fn second_of(gate: &Gate, watch: &mut Watch, second: u32, asked: &[(ClientAddr, u32)]) -> Vec<bool> {
        let before = std::mem::replace(&mut watch.second, second);
        if before != second {
            watch.count_up(before);
            watch.tell(gate);
        }
        let mut flood = |client, times| (0..times).map(|_| watch.visit(client).map(|v| v.noted)).last() == Some(Some(Noted::Sum));
        asked.iter().map(|&(client, times)| flood(client, times)).collect()
    }

    #[test]
    fn a_client_that_spreads_its_questions_over_the_workers_is_a_flood_at_each_and_its_neighbour_at_none() {
        let school = School::with("");
        let gate = &school.gate;
        let mut workers = [Watch::new(gate), Watch::new(gate)];
        let (flood, innocent) = (ClientAddr::new([127, 0, 0, 1].into()), ClientAddr::new([127, 0, 0, 2].into()));
        // Of neither worker's half alone would anybody say so; the neighbour asks as much as it may, at both together.
        let mut ask = |second: u32, of_flood: u32| {
            workers.each_mut().map(|worker| second_of(gate, worker, second, &[(flood, of_flood), (innocent, 100)]))
        };
        for second in 100..112 {
            assert_eq!(ask(second, 101), [[false, false], [false, false]], "{second}");
        }
        for second in 112..140 {
            let said = ask(second, 101);
            assert!(second < 113 || said == [[true, false], [true, false]], "{second}: {said:?}");
        }
        // It asks as little as anybody, and soon has rows again.
        for second in 140..160 {
            let said = ask(second, 5);
            assert!(second < 146 || said == [[false, false], [false, false]], "{second}: {said:?}");
        }
    }

    #[test]
    fn a_client_that_goes_from_one_worker_to_the_next_is_a_flood_at_each() {
        let school = School::with("");
        let gate = &school.gate;
        let mut workers = [0; 4].map(|_| Watch::new(gate));
        let (flood, innocent) = (ClientAddr::new([127, 0, 0, 1].into()), ClientAddr::new([127, 0, 0, 2].into()));
        for second in 100..160u32 {
            for (i, worker) in workers.iter_mut().enumerate() {
                let asked = [(flood, if second % 4 == i as u32 { 300 } else { 0 }), (innocent, 20)];
                let said = second_of(gate, worker, second, &asked);
                assert!(!said[1], "the neighbour, {second}");
                assert!(asked[0].1 == 0 || second < 120 || said[0], "{second} at {i}");
            }
        }
    }

    #[test]
    fn of_a_client_that_asks_without_end_sums_are_kept_and_of_another_every_row() {
        use crate::gate::Heard;
        use crate::journal::{Door, Intent};
        use crate::policy::{Action, Surface};
        use crate::words::Host;
        let school = School::with("");
        let mut watch = Watch::new(&school.gate);
        let (flood, innocent) = (ClientAddr::new([127, 0, 0, 1].into()), ClientAddr::new([127, 0, 0, 2].into()));
        let mut ask = |second: u32, client: ClientAddr, host: &str| {
            watch.second = second;
            let visit = watch.visit(client).expect("one of the school's").clone();
            let visit = Visit {
                moment: crate::words::Moment { unix_ms: 1_794_996_000_000 + i64::from(second) * 1000, ..visit.moment },
                ..visit
            };
            let heard = Heard {
                door: Door::Dns,
                method: "",
                host: host.to_owned().into(),
                port: 0,
                path: "",
                query_type: 1,
                intent: Intent::Unknown,
                status: 0,
                bytes_up: 40,
                bytes_down: 60,
                duration_ms: 0,
                within: Default::default(),
            };
            let judged = visit.judge(&Host::parse(host).expect("a host"), Surface::NoPage);
            school.gate.note(&visit, &judged, heard);
        };
        for second in 0..20 {
            for n in 0..300 {
                ask(second, flood, &format!("n{second}-{n}.example"));
                if n % 10 == 0 {
                    ask(second, flood, "www.adult.example");
                    ask(second, flood, "malware.example");
                    ask(second, flood, "locked.example");
                    ask(second, flood, "help.example");
                    ask(second, innocent, &format!("i{second}-{n}.example"));
                }
            }
        }
        let rows = school.events();
        let of = |client: ClientAddr| rows.iter().filter(move |e| e.who.is_some_and(|w| w.client == client));
        assert_eq!(of(innocent).count(), 20 * 30);
        assert!(of(innocent).all(|e| e.count == 1 && e.host.starts_with('i')));
        let sums: Vec<_> = of(flood).filter(|e| e.is_sum()).collect();
        // One for what is allowed and one a blocked category, each second.
        assert_eq!(sums.len(), 10 * 3);
        let count = |action, category: Option<&str>| {
            sums.iter()
                .filter(|e| e.action == action && e.category.and_then(|c| c.id()) == category)
                .map(|e| e.count)
                .sum::<u32>()
        };
        assert_eq!(count(Action::Allow, None), 10 * 300);
        assert_eq!((count(Action::Block, Some("adult")), count(Action::Block, Some("malware"))), (10 * 30, 10 * 30));
        let names = of(flood).filter(|e| !e.is_sum() && e.when_ms >= 1_794_996_010_000);
        assert!({ names }.all(|e| e.step == crate::policy::Step::Locked && e.host.is_empty() && e.rule.is_some()));
        // Whoever asks for help, and however often, it is counted and nobody's.
        let help = rows.iter().filter(|e| e.step == crate::policy::Step::Help);
        assert_eq!(help.clone().map(|e| e.count).sum::<u32>(), 20 * 30);
        assert!({ help }.all(|e| e.who.is_none() && e.host.is_empty() && e.group.is_none()));
        assert_eq!(rows.iter().map(|e| e.count).sum::<u32>(), 20 * (300 + 5 * 30), "the counts add up");
    }
}
