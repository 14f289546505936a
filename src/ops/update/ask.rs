//! Whom the addresses of the lists' hosts are asked of.

use crate::config::Upstream;
use crate::net::fetch::{Looked, Lookup, SystemLookup};
use crate::resolve::{ResolveFault, Resolver};
use crate::words::Host;
use std::sync::Arc;

/// Asks these resolvers; the system's if there are none, or if none of them answers.
pub(super) fn lookup(bootstrap: &[Upstream]) -> Arc<dyn Lookup> {
    match bootstrap {
        [] => Arc::new(SystemLookup),
        some => Arc::new(Bootstrap { resolver: Resolver::new(some) }),
    }
}

/// A box that is its own resolver cannot ask itself while it starts, nor be sure that it does not block a list's host: it asks
/// these. Some schools let nobody but one resolver ask outside: then the system knows it.
struct Bootstrap {
    resolver: Resolver,
}

impl Lookup for Bootstrap {
    fn addresses<'a>(&'a self, host: &'a Host) -> Looked<'a> {
        Box::pin(async move {
            match self.resolver.addresses(host).await {
                Ok(addresses) => Ok(addresses),
                Err(why @ (ResolveFault::NoSuchName | ResolveFault::NoAddress)) => Err(why.to_string()),
                Err(why) => {
                    SystemLookup.addresses(host).await.map_err(|system| format!("{why}; the system's resolver: {system}"))
                }
            }
        })
    }
}
