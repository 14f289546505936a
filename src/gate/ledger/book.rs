//! Who was told which address for which name: bounded for each client, and in all.

use super::KEPT;
use crate::words::ClientAddr;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

/// Most addresses of one client.
pub const A_CLIENT: usize = 4_096;
/// Most addresses of all: a thousand devices with some 250 each; 20 MiB.
const IN_ALL: usize = 1 << 18;
/// Of more than may be kept, those who have more than this give up theirs first.
const A_SHARE: usize = A_CLIENT / 4;

/// See the file's head.
#[derive(Debug, Default)]
pub struct Book {
    clients: HashMap<ClientAddr, HashMap<IpAddr, Entry>>,
    /// Each name once.
    hosts: HashSet<Arc<str>>,
    entries: usize,
}

/// For which name, and when last, in seconds since 1970.
#[derive(Debug, Clone)]
struct Entry {
    host: Arc<str>,
    at: u32,
}

impl Book {
    /// A client was given these addresses for a name.
    pub fn tell(&mut self, client: ClientAddr, host: &str, addresses: &[IpAddr], at: u32) {
        let host = match self.hosts.get(host) {
            Some(known) => known.clone(),
            None => {
                let host: Arc<str> = host.into();
                self.hosts.insert(host.clone());
                host
            }
        };
        let of_client = self.clients.entry(client).or_default();
        for address in addresses {
            let new = of_client.insert(address.to_canonical(), Entry { host: host.clone(), at }).is_none();
            self.entries += usize::from(new);
        }
        if of_client.len() > A_CLIENT {
            self.entries -= halve(of_client);
        }
        if self.entries > IN_ALL {
            self.make_room();
        }
    }

    /// The name for which a client was given an address, if that is not too long ago.
    pub fn name_of(&self, client: ClientAddr, address: IpAddr, now: u32) -> Option<&str> {
        let entry = self.clients.get(&client)?.get(&address.to_canonical())?;
        is_kept(entry.at, now).then_some(&*entry.host)
    }

    /// Forgets what is too old.
    pub fn forget(&mut self, now: u32) {
        self.retain(|at| is_kept(at, now));
    }

    fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.clients.retain(|_, entries| {
            entries.retain(|_, entry| keep(entry.at));
            !entries.is_empty()
        });
        self.entries = self.clients.values().map(HashMap::len).sum();
        self.hosts.retain(|host| Arc::strong_count(host) > 1);
    }

    /// Those who have much give up the older half; if that is not enough, so does everybody.
    fn make_room(&mut self) {
        for entries in self.clients.values_mut().filter(|entries| entries.len() > A_SHARE) {
            halve(entries);
        }
        let left = self.clients.values().map(HashMap::len).sum::<usize>();
        let all = if left > IN_ALL / 4 * 3 { median(self.clients.values().flatten().map(|(_, e)| e.at).collect()) } else { 0 };
        self.retain(|at| at > all);
    }

    /// Everything, for the file: client, address, name, when.
    pub fn each(&self) -> impl Iterator<Item = (ClientAddr, IpAddr, &str, u32)> {
        self.clients.iter().flat_map(|(client, entries)| entries.iter().map(|(a, e)| (*client, *a, &*e.host, e.at)))
    }

    #[cfg(test)]
    pub fn len(&self) -> (usize, usize) {
        (self.entries, self.hosts.len())
    }
}

fn is_kept(at: u32, now: u32) -> bool {
    u64::from(at.abs_diff(now)) < KEPT.as_secs()
}

/// Takes away the older half. Returns how many that were.
fn halve(entries: &mut HashMap<IpAddr, Entry>) -> usize {
    let before = entries.len();
    let middle = median(entries.values().map(|e| e.at).collect());
    let mut of_middle = 0;
    entries.retain(|_, entry| {
        // Of those told in the same second, every other one.
        of_middle += usize::from(entry.at == middle);
        entry.at > middle || (entry.at == middle && of_middle % 2 == 0)
    });
    before - entries.len()
}

fn median(mut times: Vec<u32>) -> u32 {
    let middle = times.len() / 2;
    if times.is_empty() { 0 } else { *times.select_nth_unstable(middle).1 }
}
