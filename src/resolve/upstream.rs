//! One upstream: asked by its protocol, over TCP if an answer does not fit into a datagram; and whether it has been answering.
//!
//! The messages travel by hickory-net's client streams (random id, random port, random case in the name, retransmission,
//! framing), and are taken as bytes. hickory-resolver's `lookup` would give records instead: it drops the authority section
//! of answers, makes errors of negative ones, and has no place for AD and CD; its `NameServerPool` makes errors of negative
//! answers too, and waits for one upstream's time-out before it asks the next. A filter that forwards must not lose what it
//! does not know.

use super::connection::Trust;
use super::request::request;
use super::validate::{Checked, Validator};
use super::way::Way;
use crate::config::Upstream as Written;
use crate::net::destination;
use crate::net::tls::TlsFault;
use crate::wire::{BadMessage, Ede, HEADER, Made, Message, Query, Rcode};
use hickory_resolver::net::NetError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which an upstream is asked last.
const PATIENCE: u32 = 3;

/// How long it is asked last before it gets another chance.
const REST: Duration = Duration::from_secs(5);

pub struct Upstream {
    way: Arc<Way>,
    /// `None`: what it says is not checked.
    validator: Option<Validator>,
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
    pub fn new(written: Written, trust: &Arc<Trust>) -> Self {
        let way = Arc::new(Way::new(written, trust.clone()));
        let validator = way.written.dnssec.then(|| Validator::new(way.clone(), trust.anchors.clone()));
        Self { way, validator, health: Mutex::default() }
    }

    pub fn written(&self) -> &Written {
        &self.way.written
    }

    /// Whether it is outside the school: who knows the internet's names, and has no business with the school's addresses.
    pub fn is_public(&self) -> bool {
        self.written().address().is_none_or(|address| destination::is_public(address.ip()))
    }

    /// Asks, waiting no longer than `patience`.
    pub async fn ask(&self, query: &Query, patience: Duration) -> Result<Message, AskFault> {
        // Who checks by himself says so with CD, and gets what there is (RFC 4035 §3.2.2).
        if let Some(validator) = self.validator.as_ref().filter(|_| !query.checking_disabled) {
            let checked = tokio::time::timeout(patience, self.checked(validator, query)).await;
            return checked.unwrap_or(Err(AskFault::Net(NetError::Timeout)));
        }
        let mut message = self.exchange(query, true, patience).await?;
        // An old box that does not know EDNS (RFC 6891 §6.2.2): asked again without.
        if matches!(message.rcode(), Rcode::FORMERR | Rcode::NOTIMP) {
            message = self.exchange(query, false, patience).await?;
        }
        if !self.written().trusted_ad {
            message.disown_authenticity();
        }
        Ok(message)
    }

    async fn exchange(&self, query: &Query, edns: bool, patience: Duration) -> Result<Message, AskFault> {
        let request = request(query, edns).ok_or(AskFault::Unsendable)?;
        let bytes = self.way.bytes(request, patience).await?;
        answers(query, &bytes)?;
        Ok(Message::read(bytes)?)
    }

    async fn checked(&self, validator: &Validator, query: &Query) -> Result<Message, AskFault> {
        let (bytes, secure) = match validator.ask(request(query, true).ok_or(AskFault::Unsendable)?).await? {
            Checked::Secure(bytes) => (bytes, true),
            Checked::Unsigned(bytes) => (bytes, false),
            Checked::Bogus => {
                let error = Some((Ede::DNSSEC_BOGUS, "its signatures are missing or wrong"));
                return Ok(Message::made(query, Made { error, ..Made::bare(Rcode::SERVFAIL) }));
            }
        };
        answers(query, &bytes)?;
        let mut message = Message::read(bytes)?;
        if !query.dnssec_ok() {
            message = message.without_signatures()?;
        }
        if secure {
            message.vouch()
        } else {
            message.disown_authenticity()
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
            tracing::info!(upstream = %self.written(), "the upstream answers again");
        }
    }

    /// `why` is for the service log.
    pub fn failed(&self, now: Instant, why: &dyn std::fmt::Display) {
        let mut health = self.health();
        health.failures = health.failures.saturating_add(1);
        if health.failures >= PATIENCE && health.resting_until.is_none_or(|until| now >= until) {
            if health.resting_until.is_none() {
                tracing::warn!(upstream = %self.written(), %why, "the upstream does not answer; others are asked before it");
            }
            health.resting_until = Some(now + REST);
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether these bytes answer this question: the same name, type and class.
fn answers(query: &Query, bytes: &[u8]) -> Result<(), AskFault> {
    let asked = query.name.wire().len() + 4;
    let echoed = bytes.get(HEADER..HEADER + asked).ok_or(AskFault::Elsewhere)?;
    let (name, rest) = echoed.split_at(query.name.wire().len());
    let same = name.eq_ignore_ascii_case(query.name.wire());
    let kind = rest == [query.kind.to_be_bytes(), query.class.to_be_bytes()].concat();
    if same && kind { Ok(()) } else { Err(AskFault::Elsewhere) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_that_fails_rests_and_gets_another_chance() {
        let upstream = Upstream::new(std::net::SocketAddr::from(([192, 0, 2, 53], 53)).into(), &Arc::default());
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
