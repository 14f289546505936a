//! UDP: one thread a socket. What needs an upstream goes to the runtime and is answered from there, by the same socket.

use super::door::{Asker, Door, First, Open, Transport};
use super::front::Front;
use crate::net::{Arrival, Batch, Datagrams, Drain};
use crate::words::ClientAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Questions that may wait for the runtime. It takes them off at once; this is for a burst at a lesson change.
pub const MAX_WAITING: usize = 1_024;

/// Questions from UDP that may be out at once: below the resolver's own bound, each holds about a kilobyte.
const MAX_OUT: usize = 2_048;

/// An allowed question on its way to the upstreams.
pub struct Miss {
    open: Open,
    to: Arrival,
    socket: Arc<Datagrams>,
}

/// Answers until the doors are to stop. Runs on a thread of its own.
pub fn work(socket: &Arc<Datagrams>, door: &Door, misses: &mpsc::Sender<Miss>, drain: &Drain) {
    let mut batch = Batch::new(usize::from(crate::wire::UDP_SIZE));
    let mut front = Front::new(door);
    door.gate.journal.enrol();
    while !drain.has_begun() {
        let taken = match batch.receive(socket) {
            Ok(taken) => taken,
            Err(fault) => {
                tracing::warn!(%fault, "a DNS worker cannot receive; it tries again");
                std::thread::sleep(Duration::from_millis(50)); // so that a lasting fault does not fill the log and a core
                continue;
            }
        };
        front.begin(door);
        front.look_ahead(batch.datagrams());
        let order = front.order();
        for i in order.into_iter().take(taken).map(usize::from) {
            let Some((bytes, to, out)) = batch.slot(i) else { continue };
            let asker = Asker { client: ClientAddr::new(to.peer.ip()), local: to.local, transport: Transport::Udp };
            // One packet that finds a fault of ours must not take the worker, and everyone behind it, along.
            let answer = || match door.gate.testing.who(to.peer) {
                None => front.answer(door, i, bytes, asker, out),
                Some(who) => door.first_of(Some(door.gate.visit_as(who)), bytes, Asker { client: who.client, ..asker }, out),
            };
            match catch_unwind(AssertUnwindSafe(answer)) {
                Ok(First::Silence) => out.clear(),
                Ok(First::Answered) => {}
                Ok(First::Open(open)) => {
                    out.clear();
                    if let Err(full) = misses.try_send(Miss { open: *open, to, socket: socket.clone() }) {
                        door.too_busy(&full.into_inner().open, out);
                    }
                }
                Err(_) => {
                    out.clear();
                    door.gate.counters.malformed.inc();
                    tracing::error!("a query made the DNS door panic; it was not answered");
                }
            }
        }
        let lost = batch.send(socket);
        door.gate.ledger.hand_over();
        if lost > 0 {
            tracing::debug!(lost, "answers could not be sent");
        }
    }
}

/// Takes what the workers cannot answer, until all of them have gone and everything is answered.
pub async fn resolve(door: Arc<Door>, mut misses: mpsc::Receiver<Miss>) {
    let mut out = JoinSet::new();
    loop {
        tokio::select! {
            miss = misses.recv(), if out.len() < MAX_OUT => match miss {
                Some(miss) => {
                    out.spawn(settle(door.clone(), miss));
                }
                None => break,
            },
            Some(_) = out.join_next(), if !out.is_empty() => {}
        }
    }
    while out.join_next().await.is_some() {}
}

async fn settle(door: Arc<Door>, Miss { open, to, socket }: Miss) {
    let mut out = Vec::new();
    door.finish(open, &mut out).await;
    send(&socket, &out, &to);
}

/// A datagram that cannot be sent is lost like any other: the client asks again.
fn send(socket: &Datagrams, bytes: &[u8], to: &Arrival) {
    if let Err(fault) = socket.send(bytes, to) {
        tracing::debug!(%fault, "an answer could not be sent");
    }
}
