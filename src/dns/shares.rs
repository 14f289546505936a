//! How many open questions one client may have, so that one broken or hostile machine does not take everyone's.

use crate::words::ClientAddr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most open questions of one client. A browser that restores 50 tabs asks for some 100 names at once; a domain controller
/// that asks for a whole school has a handful open, but for when upstreams are slow.
pub const MAX_SHARE: u16 = 256;

/// Open questions by client.
#[derive(Default)]
pub struct Shares(Mutex<HashMap<ClientAddr, u16>>);

/// One open question; given back when dropped.
pub struct Share {
    of: Arc<Shares>,
    client: ClientAddr,
}

impl Shares {
    /// One more for this client, unless it has its share.
    pub fn take(self: &Arc<Self>, client: ClientAddr) -> Option<Share> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(client).or_default();
        if *count == MAX_SHARE {
            return None;
        }
        *count += 1;
        Some(Share { of: self.clone(), client })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut open = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
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
        let held: Vec<_> = (0..MAX_SHARE).map(|_| shares.take(client(1))).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(shares.take(client(1)).is_none());
        assert!(shares.take(client(2)).is_some());
        drop(held);
        assert!(shares.take(client(1)).is_some());
        assert!(shares.0.lock().expect("a lock").is_empty(), "nothing stays behind");
    }
}
