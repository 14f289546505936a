//! One question in hickory's words, and one over UDP: random id, random port, random case in the name, sent again if lost.

use crate::wire::{Query, UDP_SIZE};
use hickory_proto::op::{DnsRequest, DnsRequestOptions, Query as Asked};
use hickory_proto::rr::{DNSClass, Name as AskedName, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsRequestSender, FirstAnswer};
use std::net::SocketAddr;
use std::time::Duration;

/// A datagram that was lost is sent again after this long: above the round trip of a slow school line (200 ms), low enough
/// to try four times within the deadline.
pub const RETRANSMIT: Duration = Duration::from_millis(700);
const TRIES: u8 = 4;

/// The question in hickory's words. `None` for a name it cannot read.
pub fn request(query: &Query, edns: bool) -> Option<DnsRequest> {
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

/// Asks over UDP, waiting no longer than `patience`.
///
/// # Errors
/// [`NetError`]; [`NetError::QueryCaseMismatch`] if the answer has the name in another case.
pub async fn over_udp(to: SocketAddr, mut request: DnsRequest, patience: Duration) -> Result<Vec<u8>, NetError> {
    request.options_mut().retry_interval = RETRANSMIT;
    let mut client = UdpClientStream::builder(to, TokioRuntimeProvider::new())
        .with_timeout(Some(patience))
        .with_max_retries(TRIES)
        // The kernel's choice is random, and never a port that a door is about to listen on.
        .with_os_port_selection(true)
        .build();
    Ok(client.send_message(request).first_answer().await?.into_buffer())
}
