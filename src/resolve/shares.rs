//! How many open questions one client may have, so that one broken or hostile machine does not take everyone's.
//!
//! Whichever door they come by: a proxy that resolves for its clients without a share is the way round that of the DNS door.

use crate::words::ClientAddr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most open questions of one client, whatever the others do. A browser that restores 50 tabs asks for some 100 names within a
/// second or two, most of which are remembered; a domain controller that asks for a whole school has a handful open. Names whose
/// own servers are silent hold a place for the whole deadline, and anybody can make up such names.
pub const MAX_OPEN: usize = 64;

/// Open questions by client.
#[derive(Default)]
pub struct Shares(Mutex<HashMap<ClientAddr, usize>>);

/// One open question; given back when dropped.
pub struct Share {
    of: Arc<Shares>,
    client: ClientAddr,
}

impl Shares {
    /// One more for this client, unless it has its share.
    pub fn take(self: &Arc<Self>, client: ClientAddr) -> Option<Share> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = open.entry(client).or_default();
        if *mine == MAX_OPEN {
            return None;
        }
        *mine += 1;
        Some(Share { of: self.clone(), client })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut open = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = open.get_mut(&self.client) {
            *mine -= 1;
            if *mine == 0 {
                open.remove(&self.client);
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
        let held: Vec<_> = (0..MAX_OPEN).map(|_| shares.take(client(1))).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(shares.take(client(1)).is_none());
        let innocent: Vec<_> = (0..MAX_OPEN).map(|_| shares.take(client(2))).collect();
        assert!(innocent.iter().all(Option::is_some));
        drop((held, innocent));
        assert!(shares.take(client(1)).is_some());
        assert!(shares.0.lock().expect("a lock").is_empty(), "nothing stays behind");
    }
}
