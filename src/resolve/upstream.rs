//! One upstream: asked by its protocol, over TCP if an answer does not fit into a datagram; and whether it has been answering.
//!
//! The messages travel by hickory-net's client streams (random id, random port, random case in the name, retransmission,
//! framing), and are taken as bytes. hickory-resolver's `lookup` would give records instead: it drops the authority section
//! of answers, makes errors of negative ones, and has no place for AD and CD; its `NameServerPool` makes errors of negative
//! answers too, and waits for one upstream's time-out before it asks the next. A filter that forwards must not lose what it
//! does not know.

use super::connection::{Connection, Trust};
use super::request::{over_udp, request};
use crate::config::{Protocol, Upstream as Written};
use crate::net::destination;
use crate::net::tls::TlsFault;
use crate::wire::{BadMessage, HEADER, Message, Query, Rcode};
use hickory_resolver::net::NetError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which an upstream is asked last.
const PATIENCE: u32 = 3;

/// How long it is asked last before it gets another chance.
const REST: Duration = Duration::from_secs(5);

pub struct Upstream {
    pub written: Written,
    connection: Connection,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    failures: u32,
    resting_until: Option<Instant>,
}

/// Why an upstream's answer could not be had or used.
#[derive(Debug, thiserror::Error)]
pub enum AskFault {
    #[error("{0}")]
    Net(#[from] NetError),
    #[error("{0}")]
    Tls(#[from] TlsFault),
    #[error("nobody says where it is; are the addresses of `bootstrap` under [dns] right?")]
    Unknown,
    #[error("its answer is broken: {0}")]
    Broken(#[from] BadMessage),
    #[error("it answered another question")]
    Elsewhere,
    #[error("the question cannot be sent on")]
    Unsendable,
}

impl Upstream {
    pub fn new(written: Written, trust: Arc<Trust>) -> Self {
        Self { written, connection: Connection::new(trust), health: Mutex::default() }
    }

    /// Whether it is outside the school: who knows the internet's names, and has no business with the school's addresses.
    pub fn is_public(&self) -> bool {
        self.written.address().is_none_or(|address| destination::is_public(address.ip()))
    }

    /// Asks, waiting no longer than `patience`.
    pub async fn ask(&self, query: &Query, patience: Duration) -> Result<Message, AskFault> {
        let message = self.exchange(query, true, patience).await?;
        // An old box that does not know EDNS (RFC 6891 §6.2.2): asked again without.
        if matches!(message.rcode(), Rcode::FORMERR | Rcode::NOTIMP) {
            return self.exchange(query, false, patience).await;
        }
        Ok(message)
    }

    async fn exchange(&self, query: &Query, edns: bool, patience: Duration) -> Result<Message, AskFault> {
        let request = request(query, edns).ok_or(AskFault::Unsendable)?;
        let bytes = match (self.written.protocol, self.written.address()) {
            (Protocol::Udp, Some(address)) => match over_udp(address, request.clone(), patience).await {
                Ok(bytes) if !is_truncated(&bytes) => bytes,
                // It does not fit; or somebody answered in another case: a forgery, or a box that changes names. TCP is hard to
                // forge.
                Ok(_) | Err(NetError::QueryCaseMismatch) => self.connection.ask(&self.written, request, patience).await?,
                Err(fault) => return Err(fault.into()),
            },
            _ => self.connection.ask(&self.written, request, patience).await?,
        };
        let asked = query.name.wire().len() + 4;
        let echoed = bytes.get(HEADER..HEADER + asked).ok_or(AskFault::Elsewhere)?;
        let (name, rest) = echoed.split_at(query.name.wire().len());
        let same = name.eq_ignore_ascii_case(query.name.wire());
        if !same || rest != [query.kind.to_be_bytes(), query.class.to_be_bytes()].concat() {
            return Err(AskFault::Elsewhere);
        }
        let mut message = Message::read(bytes)?;
        if !self.written.trusted_ad {
            message.disown_authenticity();
        }
        Ok(message)
    }

    /// Whether it has failed so often lately that others come first.
    pub fn rests(&self, now: Instant) -> bool {
        self.health().resting_until.is_some_and(|until| now < until)
    }

    pub fn answered(&self) {
        let before = std::mem::take(&mut *self.health());
        if before.resting_until.is_some() {
            tracing::info!(upstream = %self.written, "the upstream answers again");
        }
    }

    /// `why` is for the service log.
    pub fn failed(&self, now: Instant, why: &dyn std::fmt::Display) {
        let mut health = self.health();
        health.failures = health.failures.saturating_add(1);
        if health.failures >= PATIENCE && health.resting_until.is_none_or(|until| now >= until) {
            if health.resting_until.is_none() {
                tracing::warn!(upstream = %self.written, %why, "the upstream does not answer; others are asked before it");
            }
            health.resting_until = Some(now + REST);
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_truncated(bytes: &[u8]) -> bool {
    bytes.get(2).is_some_and(|flags| flags & 0x02 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_that_fails_rests_and_gets_another_chance() {
        let upstream = Upstream::new(std::net::SocketAddr::from(([192, 0, 2, 53], 53)).into(), Arc::default());
        let now = Instant::now();
        for failures in 1..PATIENCE {
            upstream.failed(now, &"silence");
            assert!(!upstream.rests(now), "{failures}");
        }
        upstream.failed(now, &"silence");
        assert!(upstream.rests(now) && !upstream.rests(now + REST));
        upstream.failed(now + REST, &"silence"); // the chance is not taken
        assert!(upstream.rests(now + REST));
        upstream.answered();
        assert!(!upstream.rests(now + REST));
    }
}
