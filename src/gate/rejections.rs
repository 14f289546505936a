//! Hosts at which devices turned the gate's own certificate away: apps that take their maker's only, and devices that do not have
//! the school's authority. Held in memory, for `status` to propose exceptions; no line of the service log names one.

use crate::words::{ClientAddr, Host};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most hosts that are remembered: with more, the one not seen for longest is forgotten.
const MOST_HOSTS: usize = 512;

/// Most devices that are remembered of one host, and in all.
const MOST_CLIENTS: usize = 32;
const MOST_KNOWN: usize = 4096;

/// A device that turned away so many hosts' certificates, and took none, does not have the authority.
const WITHOUT: usize = 3;

/// What is remembered.
#[derive(Debug, Default)]
pub struct Rejections(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    hosts: HashMap<Host, Turned>,
    /// Devices that have taken a certificate of the gate's since the start.
    took: BTreeSet<ClientAddr>,
}

/// What devices did at one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    pub times: u32,
    pub clients: BTreeSet<ClientAddr>,
    /// Milliseconds since 1970.
    pub last_ms: i64,
    /// What the last of them said: `unknown_ca`.
    pub said: &'static str,
}

/// What somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposal {
    /// An app that takes its maker's certificates only: an exception would let it through, judged by name.
    Except(Host, Turned),
    /// A device that does not have the authority, on a network whose devices are said to have it; and at how many hosts.
    Without(ClientAddr, usize),
}

impl Rejections {
    /// A client turned the gate's certificate away.
    pub fn turned_away(&self, host: &Host, client: ClientAddr, said: &'static str, now_ms: i64) {
        let mut memory = self.memory();
        if memory.hosts.len() >= MOST_HOSTS && !memory.hosts.contains_key(host) {
            let oldest = memory.hosts.iter().min_by_key(|(_, turned)| turned.last_ms).map(|(host, _)| *host);
            oldest.map(|host| memory.hosts.remove(&host));
        }
        let new = Turned { times: 0, clients: BTreeSet::new(), last_ms: now_ms, said };
        let turned = memory.hosts.entry(*host).or_insert(new);
        (turned.times, turned.last_ms, turned.said) = (turned.times.saturating_add(1), now_ms, said);
        if turned.clients.len() < MOST_CLIENTS {
            turned.clients.insert(client);
        }
    }

    /// A client took it.
    pub fn took(&self, client: ClientAddr) {
        let mut memory = self.memory();
        if memory.took.len() < MOST_KNOWN {
            memory.took.insert(client);
        }
    }

    /// What to look at: devices without the authority first, then hosts, the most often turned away first.
    pub fn proposals(&self) -> Vec<Proposal> {
        let memory = self.memory();
        let mut by_client: HashMap<ClientAddr, usize> = HashMap::new();
        for client in memory.hosts.values().flat_map(|turned| &turned.clients) {
            *by_client.entry(*client).or_default() += 1;
        }
        by_client.retain(|client, hosts| *hosts >= WITHOUT && !memory.took.contains(client));
        let mut hosts: Vec<_> =
            memory.hosts.iter().filter(|(_, t)| !t.clients.iter().all(|c| by_client.contains_key(c))).collect();
        hosts.sort_by(|(a, of_a), (b, of_b)| of_b.times.cmp(&of_a.times).then(a.as_str().cmp(b.as_str())));
        let mut without: Vec<_> = by_client.iter().map(|(client, hosts)| (*client, *hosts)).collect();
        without.sort_unstable();
        let without = without.into_iter().map(|(client, hosts)| Proposal::Without(client, hosts));
        without.chain(hosts.into_iter().map(|(host, turned)| Proposal::Except(*host, turned.clone()))).collect()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: u8) -> ClientAddr {
        ClientAddr::new([10, 0, 0, n].into())
    }

    fn host(n: usize) -> Host {
        Host::parse(&format!("app{n}.example")).expect("a host")
    }

    #[test]
    fn a_pinned_app_is_told_from_a_device_without_the_authority() {
        let rejections = Rejections::default();
        rejections.took(client(1));
        for n in 0..5 {
            rejections.turned_away(&host(n), client(9), "unknown_ca", 1);
        }
        rejections.turned_away(&host(0), client(1), "certificate_unknown", 2);
        rejections.turned_away(&host(0), client(1), "certificate_unknown", 3);
        let proposals = rejections.proposals();
        assert_eq!(proposals[0], Proposal::Without(client(9), 5));
        let [Proposal::Except(host_0, turned)] = &proposals[1..] else { panic!("{proposals:?}") };
        assert_eq!((*host_0, turned.times, turned.last_ms, turned.said), (host(0), 3, 3, "certificate_unknown"));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_goes() {
        let rejections = Rejections::default();
        rejections.took(client(1));
        for n in 0..MOST_HOSTS + 10 {
            rejections.turned_away(&host(n), client(1), "bad_certificate", n as i64);
        }
        let memory = rejections.memory();
        assert!(memory.hosts.len() == MOST_HOSTS && !memory.hosts.contains_key(&host(9)) && memory.hosts.contains_key(&host(10)));
    }
}
