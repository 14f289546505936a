//! Questions that the gate asks its own doors, to see whether they do what they should.
//!
//! They come as packets, from a socket of the gate's own, and are judged as if they were somebody's: a network's, a group's. So the
//! whole way is tried, also for networks that nothing can be sent from here. They are in the log as what they are, and nobody's.

use crate::words::Who;
use arc_swap::ArcSwapOption;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

/// Which socket is the gate's own at this moment, and whose its questions are taken for.
#[derive(Debug, Default)]
pub struct Testing {
    /// 0: none. All that a worker looks at for any other packet.
    port: AtomicU16,
    asks: ArcSwapOption<(SocketAddr, Who)>,
}

impl Testing {
    /// What comes from this socket is taken for somebody's. The socket must be bound, to an address of this machine: nobody else
    /// can send from there.
    pub fn ask_as(&self, from: SocketAddr, who: Who) {
        self.asks.store(Some(Arc::new((from, who))));
        self.port.store(from.port(), Ordering::Release);
    }

    pub fn end(&self) {
        self.port.store(0, Ordering::Release);
        self.asks.store(None);
    }

    /// Whose a packet is taken for. `None`: it is none of the gate's own.
    #[inline]
    pub fn who(&self, peer: SocketAddr) -> Option<Who> {
        if self.port.load(Ordering::Acquire) != peer.port() {
            return None;
        }
        let asks = self.asks.load();
        asks.as_deref().filter(|(from, _)| *from == peer).map(|(_, who)| *who)
    }
}
