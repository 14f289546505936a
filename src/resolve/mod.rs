use crate::words::Host;
use std::net::{IpAddr, SocketAddr};

/// Asks the upstreams, and remembers.
pub struct Resolver;

#[derive(Debug, thiserror::Error)]
pub enum ResolveFault {
    #[error("no such name")]
    NoSuchName,
    #[error("no upstream answered in time")]
    Unanswered,
}

impl Resolver {
    pub fn new(_upstreams: &[SocketAddr]) -> Self { todo!() }
    /// The addresses of a host, unfiltered, in the order to try them. An address is its own.
    pub async fn addresses(&self, _host: &Host) -> Result<Vec<IpAddr>, ResolveFault> { todo!() }
}
