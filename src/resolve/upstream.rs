//! One upstream: over UDP, over TCP if the answer does not fit, and whether it has been answering.
//!
//! The messages travel by hickory-net's client streams (random id, random port, random case in the name, retransmission,
//! framing), and are taken as bytes. hickory-resolver's `lookup` would give records instead: it drops the authority section
//! of answers, makes errors of negative ones, and has no place for AD and CD; its `NameServerPool` makes errors of negative
//! answers too, and waits for one upstream's time-out before it asks the next. A filter that forwards must not lose what it
//! does not know.

use crate::wire::{BadMessage, HEADER, Message, Query, Rcode, UDP_SIZE};
use hickory_proto::op::{DnsRequest, DnsRequestOptions, Query as Asked};
use hickory_proto::rr::{DNSClass, Name as AskedName, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};
use hickory_resolver::net::DnsHandle;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsRequestSender, FirstAnswer};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A datagram that was lost is sent again after this long: above the round trip of a slow school line (200 ms), low enough
/// to try four times within the deadline.
const RETRANSMIT: Duration = Duration::from_millis(700);
const TRIES: u8 = 4;

/// Failures in a row after which an upstream is asked last.
const PATIENCE: u32 = 3;

/// How long it is asked last before it gets another chance.
const REST: Duration = Duration::from_secs(5);

pub struct Upstream {
    pub address: SocketAddr,
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
    #[error("its answer is broken: {0}")]
    Broken(#[from] BadMessage),
    #[error("it answered another question")]
    Elsewhere,
    #[error("the question cannot be sent on")]
    Unsendable,
}

impl Upstream {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, health: Mutex::default() }
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
        let bytes = match self.over_udp(request.clone(), patience).await {
            Ok(bytes) if is_truncated(&bytes) => self.over_tcp(request, patience).await?,
            // Somebody answered in another case: a forgery, or a box that changes names. TCP is hard to forge.
            Err(NetError::QueryCaseMismatch) => self.over_tcp(request, patience).await?,
            bytes => bytes?,
        };
        let asked = query.name.wire().len() + 4;
        let echoed = bytes.get(HEADER..HEADER + asked).ok_or(AskFault::Elsewhere)?;
        let (name, rest) = echoed.split_at(query.name.wire().len());
        let same = name.eq_ignore_ascii_case(query.name.wire());
        if !same || rest != [query.kind.to_be_bytes(), query.class.to_be_bytes()].concat() {
            return Err(AskFault::Elsewhere);
        }
        Ok(Message::read(bytes)?)
    }

    async fn over_udp(&self, mut request: DnsRequest, patience: Duration) -> Result<Vec<u8>, NetError> {
        request.options_mut().retry_interval = RETRANSMIT;
        let mut client = UdpClientStream::builder(self.address, TokioRuntimeProvider::new())
            .with_timeout(Some(patience))
            .with_max_retries(TRIES)
            // The kernel's choice is random, and never a port that a door is about to listen on.
            .with_os_port_selection(true)
            .build();
        Ok(client.send_message(request).first_answer().await?.into_buffer())
    }

    async fn over_tcp(&self, request: DnsRequest, patience: Duration) -> Result<Vec<u8>, NetError> {
        // The provider owns the task that drives the connection: both end with this function.
        let provider = TokioRuntimeProvider::new();
        let client = TcpClientStream::exchange(self.address, None, patience, None, provider.clone()).await?;
        Ok(client.send(request).first_answer().await?.into_buffer())
    }

    /// Whether it has failed so often lately that others come first.
    pub fn rests(&self, now: Instant) -> bool {
        self.health().resting_until.is_some_and(|until| now < until)
    }

    pub fn answered(&self) {
        let before = std::mem::take(&mut *self.health());
        if before.resting_until.is_some() {
            tracing::info!(upstream = %self.address, "the upstream answers again");
        }
    }

    pub fn failed(&self, now: Instant) {
        let mut health = self.health();
        health.failures = health.failures.saturating_add(1);
        if health.failures >= PATIENCE && health.resting_until.is_none_or(|until| now >= until) {
            if health.resting_until.is_none() {
                tracing::warn!(upstream = %self.address, "the upstream does not answer; others are asked before it");
            }
            health.resting_until = Some(now + REST);
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The question in hickory's words. `None` for a name it cannot read.
fn request(query: &Query, edns: bool) -> Option<DnsRequest> {
    let name = AskedName::read(&mut BinDecoder::new(query.name.wire())).ok()?;
    let mut asked = Asked::query(name, RecordType::from(query.kind));
    asked.query_class = DNSClass::from(query.class);
    let mut options = DnsRequestOptions::default();
    options.use_edns = edns;
    options.edns_payload_len = UDP_SIZE;
    options.edns_set_dnssec_ok = query.dnssec_ok();
    options.case_randomization = true;
    let mut request = DnsRequest::from_query(asked, options);
    request.metadata.checking_disabled = query.checking_disabled;
    // Always asked for (RFC 6840 §5.7): the answer is kept for clients that want to know and those that do not.
    request.metadata.authentic_data = true;
    Some(request)
}

fn is_truncated(bytes: &[u8]) -> bool {
    bytes.get(2).is_some_and(|flags| flags & 0x02 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_that_fails_rests_and_gets_another_chance() {
        let upstream = Upstream::new(([192, 0, 2, 53], 53).into());
        let now = Instant::now();
        for failures in 1..PATIENCE {
            upstream.failed(now);
            assert!(!upstream.rests(now), "{failures}");
        }
        upstream.failed(now);
        assert!(upstream.rests(now) && !upstream.rests(now + REST));
        upstream.failed(now + REST); // the chance is not taken
        assert!(upstream.rests(now + REST));
        upstream.answered();
        assert!(!upstream.rests(now + REST));
    }
}
