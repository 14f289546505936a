//! The addresses of this machine, read from its interfaces and looked at again as they change.

use arc_swap::ArcSwap;
use nix::ifaddrs::getifaddrs;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an answer of the kernel holds. A DHCP lease or a new VLAN is seen within this time; a netlink dump costs
/// some tens of microseconds, too much for every request of a busy gate, nothing every few seconds.
const FRESH: Duration = Duration::from_secs(5);

/// Every address of every local interface.
pub struct OwnAddresses(ArcSwap<Seen>);

struct Seen {
    at: Instant,
    addresses: HashSet<IpAddr>,
}

impl OwnAddresses {
    pub fn read() -> Self {
        Self(ArcSwap::from_pointee(Seen { at: Instant::now(), addresses: interfaces().unwrap_or_default() }))
    }

    /// These and no others, for tests of the rules.
    #[cfg(test)]
    pub fn fixed(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let at = Instant::now() + Duration::from_secs(24 * 60 * 60);
        Self(ArcSwap::from_pointee(Seen { at, addresses: addresses.into_iter().collect() }))
    }

    /// Whether this machine has the address.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let seen = self.0.load();
        if seen.at.elapsed() < FRESH {
            return seen.addresses.contains(&ip.to_canonical());
        }
        // If the kernel does not answer, what it said before is the safer guess than nothing.
        let addresses = interfaces().unwrap_or_else(|| seen.addresses.clone());
        let answer = addresses.contains(&ip.to_canonical());
        self.0.store(Arc::new(Seen { at: Instant::now(), addresses }));
        answer
    }
}

fn interfaces() -> Option<HashSet<IpAddr>> {
    let all = getifaddrs().ok()?;
    Some(
        all.filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip())))
        })
        .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_its_loopback_address_and_nobody_elses() {
        let own = OwnAddresses::read();
        assert!(own.contains("127.0.0.1".parse().expect("an address")));
        assert!(own.contains("::ffff:127.0.0.1".parse().expect("an address")));
        assert!(!own.contains("192.0.2.77".parse().expect("an address")));
    }
}
