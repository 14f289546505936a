//! The names this gate has in the school's own zones: `why`, where a device sees what did not open, and `wpad`, by which browsers
//! look for their proxy; and the one by which people open the web door over TLS.
//!
//! A record that the school has written for such a name counts before ours, and so does what a zone's own resolvers say.

use super::Config;
use crate::words::Host;
use std::net::{IpAddr, SocketAddr};

/// Where the web door must listen for each: a browser asks for `wpad.dat` on port 80 only.
const NAMES: [(&str, Option<u16>); 2] = [("why", None), ("wpad", Some(80))];

impl Config {
    /// Our name in the first zone of the school's own where a client that reaches us at `at` is led to us by it.
    pub fn own_name(&self, label: &str, at: IpAddr) -> Option<Host> {
        let names = self.proxy.internal_zones.iter().filter_map(|zone| Host::parse(&format!("{label}.{zone}")).ok());
        let listens = |listen: &[SocketAddr]| listen.iter().any(|l| l.ip().is_unspecified() || l.ip() == at);
        let written = |name: &Host| self.dns.records.iter().any(|record| record.name == *name);
        { names }.find(|name| written(name) || listens(&self.dns.listen) && self.is_own_name(name, at))
    }

    /// Whether a name is one of ours that is answered with the address that was asked, `at`.
    pub fn is_own_name(&self, host: &Host, at: IpAddr) -> bool {
        self.is_served(host, at)
            && !self.dns.records.iter().any(|record| record.name == *host)
            && !self.dns.forwards.iter().flat_map(|forward| &forward.zones).any(|zone| host.is_within(zone))
    }

    /// Whether the web door has this name, and is reached by it at `at`.
    fn is_served(&self, host: &Host, at: IpAddr) -> bool {
        let reached = |l: &SocketAddr| l.ip().is_unspecified() || l.ip() == at;
        if self.web.by.as_ref().is_some_and(|by| by.name == *host) {
            return self.web.tls_listen.iter().any(reached);
        }
        let Some((_, port)) = NAMES.iter().find(|(label, _)| host.as_str().split('.').next() == Some(label)) else {
            return false;
        };
        let zone = host.last_labels(host.labels().saturating_sub(1));
        let serves = |l: &SocketAddr| reached(l) && port.is_none_or(|port| port == l.port());
        self.proxy.internal_zones.iter().any(|z| z.as_str() == zone) && self.web.listen.iter().any(serves)
    }
}
