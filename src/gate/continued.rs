//! Who was warned of a host and said to go on: remembered for a quarter of an hour, in memory only.
//!
//! It is asked only where a verdict is a warning, so whoever is not warned pays nothing for it. It is one for all snapshots: a
//! change of the lists in the middle of a lesson takes nothing back. A restart does, and the page warns again.

use crate::words::{ClientAddr, DeviceId, Host, PersonId, Who};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a warning that was read lets through: a search and what it leads to, not a lesson.
pub const LASTS_MS: u64 = 15 * 60 * 1000;

/// Most that are remembered: every pupil of a large school twice. Each is some 350 bytes.
const MOST: usize = 4_096;

/// Most of one client: its next one takes the place of the one that ends first, not of somebody else's.
const MOST_OF_ONE: usize = 32;

/// Who said so: the device, or the address where no device is known, and who was signed in there. Another person at the same
/// device is warned anew, and so is the same person at another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Whose {
    at: At,
    person: Option<PersonId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Device(DeviceId),
    Address(ClientAddr),
}

impl Whose {
    pub fn of(who: &Who) -> Self {
        Self { at: who.device.map_or(At::Address(who.client), At::Device), person: who.person }
    }
}

/// What was said, and until when it holds, in milliseconds since the machine started: no setting of the clock makes it longer.
#[derive(Debug, Default)]
pub struct Continued(Mutex<HashMap<(Whose, Host), u64>>);

impl Continued {
    /// Lets a client through to a host, and to what is below it, for [`LASTS_MS`].
    pub fn go_on(&self, whose: Whose, host: &Host, boot_ms: u64) {
        let mut all = self.all();
        all.retain(|_, until| *until > boot_ms);
        let key = (whose, without_www(host));
        if !all.contains_key(&key) {
            let mine = |(of, _): &(Whose, Host)| *of == whose;
            if all.keys().filter(|key| mine(key)).count() >= MOST_OF_ONE {
                give_up_one(&mut all, mine);
            } else if all.len() >= MOST {
                give_up_one(&mut all, |_| true);
            }
        }
        all.insert(key, boot_ms.saturating_add(LASTS_MS));
    }

    /// Until when this client is let through to a host. `None`: the warning stands.
    pub fn until(&self, whose: Whose, host: &Host, boot_ms: u64) -> Option<u64> {
        let all = self.all();
        if all.is_empty() {
            return None;
        }
        let said = |name: Host| all.get(&(whose, name)).copied().filter(|until| *until > boot_ms);
        if host.is_address() {
            return said(*host);
        }
        host.suffixes().filter_map(|name| Host::parse_ascii(name.as_bytes()).ok()).find_map(said)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<(Whose, Host), u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the one of these that ends first.
fn give_up_one(all: &mut HashMap<(Whose, Host), u64>, of: impl Fn(&(Whose, Host)) -> bool) {
    let first = all.iter().filter(|(key, _)| of(key)).min_by_key(|(_, until)| **until).map(|(key, _)| *key);
    if let Some(key) = first {
        all.remove(&key);
    }
}

/// A page and its `www.` are one to whoever reads the warning; not where everything under the rest belongs to others.
fn without_www(host: &Host) -> Host {
    let bare = host.as_str().strip_prefix("www.").filter(|bare| {
        let suffix = psl::suffix(bare.as_bytes());
        bare.contains('.') && suffix.is_none_or(|suffix| suffix.as_bytes() != bare.as_bytes())
    });
    bare.and_then(|bare| Host::parse_ascii(bare.as_bytes()).ok()).unwrap_or(*host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Confidence, Groups, Known, NetworkId};

    fn whose(address: u8, device: Option<u32>, person: Option<u32>) -> Whose {
        Whose::of(&Who {
            client: ClientAddr::new([10, 0, 0, address].into()),
            network: NetworkId(0),
            device: device.map(DeviceId),
            person: person.map(PersonId),
            groups: Groups::default(),
            known: Known::Network,
            sure: Confidence::Group,
            since: None,
            mac: None,
        })
    }

    fn host(name: &str) -> Host {
        Host::parse(name).expect("a host")
    }

    #[test]
    fn it_is_for_that_client_that_host_and_a_quarter_of_an_hour() {
        let continued = Continued::default();
        continued.go_on(whose(1, None, Some(7)), &host("www.shop.example"), 1_000);
        let on = |whose, name: &str, at| continued.until(whose, &host(name), at).is_some();
        let mine = whose(1, None, Some(7));
        for name in ["shop.example", "www.shop.example", "pictures.shop.example"] {
            assert!(on(mine, name, 1_000 + LASTS_MS - 1), "{name}");
        }
        assert!(!on(mine, "shop.example", 1_000 + LASTS_MS));
        assert!(!on(mine, "example", 1_000) && !on(mine, "other.example", 1_000) && !on(mine, "myshop.example", 1_000));
        for other in [whose(1, None, Some(8)), whose(1, None, None), whose(2, None, Some(7)), whose(1, Some(1), Some(7))] {
            assert!(!on(other, "shop.example", 1_000), "{other:?}");
        }
        // A device keeps it when its address changes.
        continued.go_on(whose(1, Some(5), None), &host("192.0.2.1"), 1_000);
        assert!(on(whose(9, Some(5), None), "192.0.2.1", 1_000) && !on(whose(1, Some(6), None), "192.0.2.1", 1_000));
    }

    #[test]
    fn what_belongs_to_many_is_not_opened_by_one_of_them() {
        let continued = Continued::default();
        continued.go_on(whose(1, None, None), &host("www.blogspot.com"), 0);
        assert!(continued.until(whose(1, None, None), &host("someone.blogspot.com"), 1).is_none());
        assert!(continued.until(whose(1, None, None), &host("www.blogspot.com"), 1).is_some());
    }

    #[test]
    fn one_client_takes_nothing_from_another_and_all_of_them_are_bounded() {
        let continued = Continued::default();
        let victim = whose(1, None, None);
        continued.go_on(victim, &host("a.example"), 0);
        for n in 0..2 * MOST {
            continued.go_on(whose(2, None, None), &host(&format!("n{n}.example")), 1 + n as u64);
        }
        assert!(continued.until(victim, &host("a.example"), 1).is_some());
        assert_eq!(continued.all().len(), 1 + MOST_OF_ONE);
        for person in 0..MOST as u32 + 9 {
            continued.go_on(whose(3, None, Some(person)), &host("a.example"), 50);
        }
        assert_eq!(continued.all().len(), MOST);
    }
}
