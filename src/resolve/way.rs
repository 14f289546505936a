//! The way to one upstream: a datagram each, or the connection that is kept.

use super::connection::{Connection, Trust};
use super::request::over_udp;
use super::upstream::AskFault;
use crate::config::{Protocol, Upstream as Written};
use hickory_proto::op::DnsRequest;
use hickory_resolver::net::NetError;
use std::sync::Arc;
use std::time::Duration;

pub struct Way {
    pub written: Written,
    connection: Connection,
}

impl Way {
    pub fn new(written: Written, trust: Arc<Trust>) -> Self {
        Self { written, connection: Connection::new(trust) }
    }

    /// The bytes that come back, whole; nothing of them is looked at but that.
    pub async fn bytes(&self, request: DnsRequest, patience: Duration) -> Result<Vec<u8>, AskFault> {
        if let (Protocol::Udp, Some(address)) = (self.written.protocol, self.written.address()) {
            match over_udp(address, request.clone(), patience).await {
                Ok(bytes) if !is_truncated(&bytes) => return Ok(bytes),
                // It does not fit; or somebody answered in another case: a forgery, or a box that changes names. TCP is hard to
                // forge.
                Ok(_) | Err(NetError::QueryCaseMismatch) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        self.connection.ask(&self.written, request, patience).await
    }
}

fn is_truncated(bytes: &[u8]) -> bool {
    bytes.get(2).is_some_and(|flags| flags & 0x02 != 0)
}
