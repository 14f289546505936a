//! What changed, added up: how often, for how many people, which hosts.

use super::Fate;
use crate::words::{ClientAddr, PersonId};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Hosts of a row that are counted at a time. When there are more the rarest half is forgotten: of those that come back the count
/// is too low, and the most asked for stay.
const MAX_HOSTS: usize = 4096;

/// Hosts of a row that are told.
const TOLD: usize = 10;

/// Most people of a row that are told apart: twice the largest school.
const MAX_PEOPLE: usize = 50_000;

/// What a policy does that the other does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Change {
    pub was: Fate,
    pub is: Fate,
}

/// What changes for one group by one category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub was: Fate,
    pub is: Fate,
    /// Of hosts that are on the list of education.
    pub education: bool,
    pub group: String,
    /// The category that decides, else the step.
    pub because: String,
    pub times: u64,
    /// People; where nobody was known, addresses. None is named.
    pub people: usize,
    /// Those most asked for.
    pub hosts: Vec<Host>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Host {
    pub host: String,
    pub times: u64,
}

/// Whom something happened to: only told apart, never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    Person(PersonId),
    Address(IpAddr),
}

impl Whose {
    pub fn of(person: Option<PersonId>, client: ClientAddr) -> Self {
        person.map_or_else(|| Self::Address(client.ip()), Self::Person)
    }
}

/// Education, change, group, because.
type Key = (bool, Change, String, String);

#[derive(Debug, Default)]
pub(super) struct Sums(HashMap<Key, Sum>);

#[derive(Debug, Default)]
struct Sum {
    times: u64,
    people: HashSet<Whose>,
    hosts: HashMap<String, u64>,
}

impl Sums {
    pub fn add(&mut self, (education, change, group, because): (bool, Change, &str, &str), whose: Whose, host: &str, count: u64) {
        let sum = self.0.entry((education, change, group.to_owned(), because.to_owned())).or_default();
        sum.times += count;
        if sum.people.len() < MAX_PEOPLE {
            sum.people.insert(whose);
        }
        match sum.hosts.get_mut(host) {
            Some(times) => *times += count,
            None => {
                sum.make_room();
                sum.hosts.insert(host.to_owned(), count);
            }
        }
    }

    /// Education first, then what gets stricter, then by people.
    pub fn rows(self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.0.into_iter().map(|(key, sum)| sum.row(key)).collect();
        rows.sort_by(|a, b| {
            let place = |row: &Row| (!row.education, Reverse(row.is), Reverse(row.people), Reverse(row.times));
            place(a).cmp(&place(b)).then_with(|| (&a.group, &a.because).cmp(&(&b.group, &b.because)))
        });
        rows
    }
}

impl Sum {
    fn make_room(&mut self) {
        if self.hosts.len() < MAX_HOSTS {
            return;
        }
        let mut counts: Vec<u64> = self.hosts.values().copied().collect();
        let (_, middle, _) = counts.select_nth_unstable(MAX_HOSTS / 2);
        let middle = *middle;
        let more = self.hosts.values().filter(|times| **times > middle).count();
        // Of many that were asked for equally often, some go.
        let mut room = (MAX_HOSTS / 2).saturating_sub(more);
        self.hosts.retain(|_, times| {
            let stays = *times == middle && room > 0;
            room -= usize::from(stays);
            stays || *times > middle
        });
    }

    fn row(self, (education, change, group, because): Key) -> Row {
        let mut hosts: Vec<Host> = self.hosts.into_iter().map(|(host, times)| Host { host, times }).collect();
        hosts.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.host.cmp(&b.host)));
        hosts.truncate(TOLD);
        let Change { was, is } = change;
        Row { was, is, education, group, because, times: self.times, people: self.people.len(), hosts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_million_hosts_the_most_asked_for_are_told_and_few_are_held() {
        let mut sums = Sums::default();
        let change = Change { was: Fate::Allow, is: Fate::Block };
        for n in 0..100_000_u32 {
            let host = if n % 10 == 0 { "often.example".to_owned() } else { format!("h{n}.example") };
            let whose = Whose::Address(IpAddr::from([10, 0, (n >> 8) as u8 & 1, n as u8]));
            sums.add((false, change, "pupils", "games"), whose, &host, 2);
        }
        assert!(sums.0.values().all(|sum| sum.hosts.len() <= MAX_HOSTS));
        let rows = sums.rows();
        assert_eq!((rows.len(), rows[0].times, rows[0].people), (1, 200_000, 512));
        assert_eq!(rows[0].hosts[0], Host { host: "often.example".into(), times: 20_000 });
    }
}
