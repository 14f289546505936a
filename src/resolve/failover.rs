//! Several upstreams: which is asked first, and when the next one is asked as well.
//!
//! The first is asked; if it says nothing for [`HEDGE`], or fails, the next is asked as well, and so on; the first good
//! answer wins. Those that have failed lately come last. So one dead upstream costs the first few questions half a second,
//! and the others nothing.

use super::ResolveFault;
use super::rebinding::{self, Inside};
use super::upstream::{AskFault, Upstream};
use crate::wire::{Ede, Message, Query, Rcode};
use hickory_resolver::net::NetError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// No question waits longer than this for upstreams: a client gives up after 5 s (resolv.conf(5)) and must have heard of the
/// failure before.
pub const DEADLINE: Duration = Duration::from_secs(3);

/// How long one upstream may be silent before the next is asked as well.
const HEDGE: Duration = Duration::from_millis(500);

/// Most questions out at once to everybody's upstreams: sixteen clients with all they may have. Over UDP each has a socket of
/// its own; the doors raise the process's limit at the start (`ops::limits`).
pub const MAX_OUT: usize = 16 * super::shares::MAX_OPEN;

/// Those that are asked for some zone, or for everything else.
pub struct Upstreams {
    list: Vec<Arc<Upstream>>,
    out: Semaphore,
}

impl Upstreams {
    /// `most` questions are out at once.
    pub fn new(list: Vec<Arc<Upstream>>, most: usize) -> Self {
        Self { list, out: Semaphore::new(most) }
    }

    pub fn list(&self) -> &[Arc<Upstream>] {
        &self.list
    }

    /// Asks until somebody answers or [`DEADLINE`] is over.
    ///
    /// A SERVFAIL or REFUSED is the answer only if nobody has a better one. `inside` says whether an answer from outside the
    /// school may have addresses inside.
    pub async fn ask(&self, query: &Query, inside: Inside) -> Result<Message, ResolveFault> {
        let end = tokio::time::Instant::now() + DEADLINE;
        let Ok(Ok(_slot)) = tokio::time::timeout_at(end, self.out.acquire()).await else { return Err(ResolveFault::Busy) };
        let mut waiting = in_order(&self.list, Instant::now()).into_iter();
        let mut asked = JoinSet::new();
        let mut lesser = None;
        loop {
            if let Some(upstream) = waiting.next() {
                asked.spawn(attempt(upstream, *query, end, inside));
            } else if asked.is_empty() {
                break;
            }
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            let patience = if waiting.len() > 0 { HEDGE.min(left) } else { left };
            match timeout(patience, asked.join_next()).await {
                // What has been found false is not to be had from whoever does not look.
                Ok(Some(Ok(Ok(message)))) if message.error().is_some_and(|(code, _)| code == Ede::DNSSEC_BOGUS) => {
                    return Ok(message);
                }
                Ok(Some(Ok(Ok(message)))) if matches!(message.rcode(), Rcode::SERVFAIL | Rcode::REFUSED) => {
                    lesser.get_or_insert(message);
                }
                Ok(Some(Ok(Ok(message)))) => return Ok(message),
                Ok(_) => {} // it failed, and was written down as failing
                Err(_) if left <= patience => break,
                Err(_) => {} // it is silent: the next is asked as well
            }
        }
        lesser.ok_or(ResolveFault::Unanswered)
    }
}

/// Those that answer, in the order they were written; then those that rest.
fn in_order(list: &[Arc<Upstream>], now: Instant) -> Vec<Arc<Upstream>> {
    let (resting, awake): (Vec<_>, Vec<_>) = list.iter().cloned().partition(|u| u.rests(now));
    awake.into_iter().chain(resting).collect()
}

async fn attempt(upstream: Arc<Upstream>, query: Query, end: tokio::time::Instant, inside: Inside) -> Result<Message, AskFault> {
    let mut mark = Mark { upstream, since: Instant::now(), settled: false };
    let patience = end.saturating_duration_since(tokio::time::Instant::now());
    let said = mark.upstream.ask(&query, patience).await;
    mark.settled = true;
    let said = match said {
        Ok(message) if inside == Inside::Refused && mark.upstream.is_public() => Ok(rebinding::guard(&query, message)),
        said => said,
    };
    match &said {
        Ok(_) => mark.upstream.answered(),
        // What it said cannot be used, but it speaks.
        Err(AskFault::Broken(_) | AskFault::Unsendable | AskFault::Net(NetError::Proto(_))) => {}
        Err(fault) => {
            tracing::debug!(upstream = %mark.upstream.written(), %fault, "an upstream failed");
            mark.upstream.failed(Instant::now(), fault);
        }
    }
    said
}

/// Writes down that an upstream was silent when another's answer, or the deadline, ended the wait for it.
struct Mark {
    upstream: Arc<Upstream>,
    since: Instant,
    settled: bool,
}

impl Drop for Mark {
    fn drop(&mut self) {
        if !self.settled && self.since.elapsed() >= HEDGE {
            self.upstream.failed(Instant::now(), &"it was silent, and another answered");
        }
    }
}
