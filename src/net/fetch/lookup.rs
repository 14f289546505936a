//! From a host to its addresses.

use crate::words::Host;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

/// Addresses of a host in the order to try them, or why there are none.
pub type Looked<'a> = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, String>> + Send + 'a>>;

/// Whoever knows the addresses of hosts: handed in, because a gate that is its own resolver must not ask itself.
pub trait Lookup: Send + Sync {
    fn addresses<'a>(&'a self, host: &'a Host) -> Looked<'a>;
}

/// The system's resolver: `/etc/hosts`, `/etc/resolv.conf`, whatever the box has.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses<'a>(&'a self, host: &'a Host) -> Looked<'a> {
        Box::pin(async move {
            // The port is not used: an address with one is what the system is asked for.
            let found = tokio::net::lookup_host((host.as_str(), 443)).await.map_err(|fault| fault.to_string())?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
