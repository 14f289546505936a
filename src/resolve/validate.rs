//! Signatures checked here (RFC 4035), for upstreams with `dnssec = true`.
//!
//! hickory's validator judges the records; the bytes stay those of the upstream (docs/decisions/0008), so that nothing is lost
//! that it does not know.
//!
//! A box whose clock is behind cannot check a signature that is not valid yet, and without names it cannot set its clock. While
//! it has just started, or its clock is plainly not set, such an answer is passed as if it were unsigned.

use super::DEADLINE;
use super::way::Way;
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::dnssec::{Proof, TrustAnchors};
use hickory_proto::op::{DnsRequest, DnsResponse, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};
use hickory_resolver::net::dnssec::DnssecDnsHandle;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsResponseStream, FirstAnswer};
use hickory_resolver::net::{DnsError, DnsHandle, NetError};
use nix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Verdicts on sets of records that are remembered: some hundred octets each.
const MAX_REMEMBERED: usize = 4_096;

/// 2026-01-01, in seconds since 1970: a clock that says less has not been set.
const NOT_SET_BEFORE: u32 = 1_767_225_600;

/// How long after its start a box may still be without the time, in seconds.
const STARTING: i64 = 60 * 60;

/// A signature this much ahead of us, in seconds, says that our clock is behind; zones sign an hour in the past.
const AHEAD: i32 = 300;

/// What came of checking.
pub enum Checked {
    /// Everything in it is signed, up to the root.
    Secure(Vec<u8>),
    /// It is proven that there is nothing to check; or it is no answer about the name at all.
    Unsigned(Vec<u8>),
    /// It should be signed and is not, or wrongly.
    Bogus,
}

/// Checks the answers of one upstream.
pub struct Validator(DnssecDnsHandle<Through>);

/// The validator's way to the upstream: it asks for the keys that it needs by itself.
#[derive(Clone)]
struct Through(Arc<Way>);

impl DnsHandle for Through {
    type Response = DnsResponseStream;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> DnsResponseStream {
        let way = self.0.clone();
        let answer = async move {
            let bytes = way.bytes(request, DEADLINE).await.map_err(|fault| NetError::Msg(fault.to_string()))?;
            DnsResponse::from_buffer(bytes).map_err(NetError::from)
        };
        Box::pin(answer).into()
    }
}

impl Validator {
    pub fn new(way: Arc<Way>, anchors: Arc<TrustAnchors>) -> Self {
        Self(DnssecDnsHandle::with_trust_anchor(Through(way), anchors).validation_cache_size(MAX_REMEMBERED))
    }

    /// Asks, and checks what is said.
    pub async fn ask(&self, request: DnsRequest) -> Result<Checked, NetError> {
        let (response, proof) = match self.0.send(request).first_answer().await {
            Ok(response) => {
                let proof = proof(&response);
                (response, proof)
            }
            Err(NetError::Dns(DnsError::Nsec { response, proof, .. })) => (*response, proof),
            Err(fault) => return Err(fault),
        };
        let says_something = matches!(response.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
        Ok(match proof {
            Proof::Secure if says_something => Checked::Secure(response.into_buffer()),
            Proof::Insecure => Checked::Unsigned(response.into_buffer()),
            _ if !says_something || clock_is_behind(&response, now(), since_start()) => Checked::Unsigned(response.into_buffer()),
            _ => Checked::Bogus,
        })
    }
}

/// The worst that is known of any record; signatures are no records of their own, and whose servers a zone has is signed by
/// its parent only by name.
fn proof(response: &DnsResponse) -> Proof {
    let counts = |r: &&Record| !matches!(r.record_type(), RecordType::RRSIG | RecordType::NS);
    let records = response.answers.iter().chain(&response.authorities).filter(counts);
    let mut proof = None;
    for record in records {
        proof = match (proof, record.proof) {
            (None | Some(Proof::Secure), now) => Some(now),
            (Some(Proof::Insecure), Proof::Secure) => Some(Proof::Insecure),
            (Some(Proof::Insecure), now) => Some(now),
            (worst, _) => worst,
        };
    }
    proof.unwrap_or(Proof::Insecure)
}

/// Seconds since 1970, by a clock that may be wrong.
fn now() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as u32)
}

/// Seconds since the machine started.
fn since_start() -> i64 {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(i64::MAX, |time| time.tv_sec())
}

/// Whether an answer that does not validate may be one that our clock is too slow for: a signature in it begins after `now`,
/// and there is reason not to believe the clock.
pub(super) fn clock_is_behind(response: &DnsResponse, now: u32, since_start: i64) -> bool {
    if now >= NOT_SET_BEFORE && since_start >= STARTING {
        return false;
    }
    let begins = |record: &Record| match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature.input().sig_inception.get()),
        _ => None,
    };
    let records = response.answers.iter().chain(&response.authorities);
    // Serial numbers: the difference counts, whatever the century (RFC 4034 §3.1.5).
    records.filter_map(begins).any(|begins| begins.wrapping_sub(now) as i32 > AHEAD)
}
