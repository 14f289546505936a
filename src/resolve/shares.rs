//! How many open questions one client may have, so that one broken or hostile machine does not take everyone's.
//!
//! Whichever door they come by: a proxy that resolves for its clients without a share is the way round that of the DNS door.

use crate::words::ClientAddr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Open questions of all clients from which on room is short: half of what the upstreams are asked at once. One client may have
/// all of these: a browser that restores 50 tabs asks for some 100 names, a domain controller that asks for a whole school
/// has a handful open, but for when upstreams are slow.
pub const SHORT: usize = super::failover::MAX_OUT / 2;

/// Most open questions of one client where room is short: a page with all its names at once. Names whose own servers are
/// silent hold a place for the whole deadline, and anybody can make up such names.
pub const SMALL_SHARE: usize = 16;

/// Open questions by client.
#[derive(Default)]
pub struct Shares(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    all: usize,
    by_client: HashMap<ClientAddr, usize>,
}

/// One open question; given back when dropped.
pub struct Share {
    of: Arc<Shares>,
    client: ClientAddr,
}

impl Shares {
    /// One more for this client, unless room is short and it has its share.
    pub fn take(self: &Arc<Self>, client: ClientAddr) -> Option<Share> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = open.by_client.get(&client).copied().unwrap_or(0);
        if open.all >= SHORT && mine >= SMALL_SHARE {
            return None;
        }
        open.by_client.insert(client, mine + 1);
        open.all += 1;
        Some(Share { of: self.clone(), client })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut open = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        if let Some(mine) = open.by_client.get_mut(&self.client) {
            *mine -= 1;
            if *mine == 0 {
                open.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_share_and_takes_nobody_elses() {
        let shares = Arc::new(Shares::default());
        let client = |last: u8| ClientAddr::new([10, 0, 0, last].into());
        let held: Vec<_> = (0..SHORT).map(|_| shares.take(client(1))).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(shares.take(client(1)).is_none());
        // However many join in: who comes later has room.
        let more: Vec<_> = (2..8).flat_map(|c| (0..SMALL_SHARE).map(move |_| c)).map(|c| shares.take(client(c))).collect();
        assert!(more.iter().all(Option::is_some));
        assert!(shares.take(client(2)).is_none());
        assert!(shares.take(client(9)).is_some());
        drop((held, more));
        assert!(shares.take(client(1)).is_some());
        let taken = shares.0.lock().expect("a lock");
        assert!(taken.all == 0 && taken.by_client.is_empty(), "nothing stays behind");
    }
}
