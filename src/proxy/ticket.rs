//! A Kerberos ticket that a request shows: opened beside the runtime, few at once.

use super::Proxy;
use crate::gate::Visit;
use crate::people::Signed;
use crate::people::kerberos::{self, NotOpened, Opened};
use crate::wire::negotiate::{NotShown, Shown};
use crate::words::{Confidence, Known};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Tickets that are opened at once: each takes well under a millisecond, and all of them write into one file.
const AT_ONCE: usize = 4;

/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(5);

/// Turns to open tickets.
pub struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// Why nobody is known by a ticket.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    #[error(transparent)]
    Shown(#[from] NotShown),
    #[error(transparent)]
    Opened(#[from] NotOpened),
    #[error("too many tickets are shown at once")]
    Busy,
}

/// Whose ticket it is; `None`: of somebody of the domain whom the register does not know. `private`: nobody on the way could take it
/// and be the first to show it.
pub async fn signed(
    proxy: &Proxy,
    visit: &Visit,
    private: bool,
    shown: Result<Shown, NotShown>,
) -> Result<Option<Signed>, NotSigned> {
    let tally = &proxy.gate.tickets;
    let opened = opened(proxy, visit, shown).await;
    let count = |number: &AtomicU64| number.fetch_add(1, Relaxed);
    match &opened {
        Ok(Opened::Person(_)) => _ = count(&tally.believed),
        Ok(Opened::Nobody) => _ = count(&tally.unknown),
        Err(NotSigned::Busy) => _ = count(&tally.busy),
        Err(why) => tally.refuse(why),
    }
    let Opened::Person(person) = opened? else { return Ok(None) };
    let sure = if private { Confidence::High } else { Confidence::Medium };
    let since = crate::words::Since::of_ms(visit.moment.unix_ms);
    Ok(Some(Signed { person, known: Known::Kerberos, sure, since }))
}

async fn opened(proxy: &Proxy, visit: &Visit, shown: Result<Shown, NotShown>) -> Result<Opened, NotSigned> {
    let shown = shown?;
    let Ok(Ok(turn)) = timeout(TURN, proxy.turns.0.clone().acquire_owned()).await else { return Err(NotSigned::Busy) };
    let snapshot = visit.snapshot.clone();
    // The turn is given back when the ticket has been opened, whether or not the client is still there.
    let opening = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        kerberos::open(&snapshot.config, &shown, &snapshot.register)
    });
    Ok(opening.await.map_err(|_| NotSigned::Busy)??)
}
