//! Resolve, judge, connect.

use super::request::Asked;
use super::{Proxy, parent, race};
use crate::gate::{Judged, Visit};
use crate::net::destination::{self, Port, Rules, Why};
use crate::policy::Surface;
use crate::resolve::{LeadsTo, ResolveFault};
use crate::words::Host;
use hyper::StatusCode;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpStream;

/// Addresses tried: two dead families and a live one are reached, a name with hundreds does not hold the client up.
const MOST_TRIED: usize = 5;

/// Why nothing was reached, in words that go on from the host: 'a.example: there is no such name'.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    #[error("there is no such name, or it has no address")]
    NoSuchName,
    #[error("no name server answered for it")]
    Unresolved,
    #[error("it does not lead to an address that is reached from here: {0}")]
    Refused(Why),
    /// What the name leads to is blocked.
    #[error("it leads to what is blocked")]
    Blocked(Box<Judged>),
    #[error("it did not take the connection: {0}")]
    Failed(io::Error),
    #[error("it did not answer in time")]
    TimedOut,
}

impl Unreached {
    /// The status that says so (RFC 9110 §15.6, RFC 9209 §2.3).
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchName | Self::Failed(_) => StatusCode::BAD_GATEWAY,
            Self::Unresolved | Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Refused(_) | Self::Blocked(_) => StatusCode::FORBIDDEN,
        }
    }

    /// The verdict on what it leads to, if that is why.
    pub fn judged(&self) -> Option<Judged> {
        match self {
            Self::Blocked(behind) => Some(**behind),
            _ => None,
        }
    }

    /// The word of RFC 9209 for it, for the Proxy-Status field.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoSuchName => "dns_error",
            Self::Unresolved => "dns_timeout",
            Self::Refused(_) => "destination_ip_prohibited",
            Self::Blocked(_) => "http_request_denied",
            Self::Failed(_) => "connection_refused",
            Self::TimedOut => "connection_timeout",
        }
    }
}

/// A connection over which the request can go.
pub struct Dialled {
    pub stream: TcpStream,
    /// The machine at its other end.
    pub address: SocketAddr,
    /// It is another proxy, which is to be told in full where the request goes.
    pub by_parent: bool,
}

/// A connection to where the request goes, or to the proxy above that leads there; a tunnel through that is open already.
pub async fn dial(proxy: &Proxy, visit: &Visit, judged: &Judged, asked: &Asked) -> Result<Dialled, Unreached> {
    let dialled = reach(proxy, visit, judged, asked).await;
    match &dialled {
        Err(Unreached::Refused(_)) => proxy.gate.counters.refused_destinations.inc(),
        Err(Unreached::Unresolved) => proxy.gate.counters.upstream_failures.inc(),
        _ => 0,
    };
    dialled
}

async fn reach(proxy: &Proxy, visit: &Visit, judged: &Judged, asked: &Asked) -> Result<Dialled, Unreached> {
    let host = asked.host;
    if port(proxy, visit, asked) == Port::Shut {
        return Err(Unreached::Refused(Why::Port));
    }
    // Where safe search has another host in its place, that one is dialled, as the DNS door would have it.
    let safe = visit.rewrite(&host, judged).map(|r| r.host());
    let parent = visit.snapshot.config.proxy.parent.as_ref().filter(|parent| !parent.is_direct(&host));
    let resolved = match (safe, asked.at) {
        // An address that was named by what the client was told of it.
        (None, Some(at)) => Ok(LeadsTo { names: Vec::new(), addresses: vec![at] }),
        _ => resolved(proxy, visit, &safe.unwrap_or(host)).await,
    };
    let found = match (resolved, parent) {
        (Ok(found), _) => found,
        // What the school's resolvers do not know, the proxy above may.
        (Err(_), Some(_)) => LeadsTo { names: Vec::new(), addresses: Vec::new() },
        (Err(ResolveFault::NoSuchName | ResolveFault::NoAddress), None) => return Err(Unreached::NoSuchName),
        (Err(_), None) => return Err(Unreached::Unresolved),
    };
    // A name that only leads to a blocked one is blocked here as it is by the DNS door.
    for name in safe.iter().chain(&found.names) {
        may_lead_to(visit, judged, name)?;
    }
    let (mut may, mut last) = (Vec::new(), Unreached::NoSuchName);
    for ip in interleaved(found.addresses).take(MOST_TRIED) {
        let address = SocketAddr::new(ip, asked.port);
        match may_reach(proxy, visit, judged, asked, address) {
            Ok(()) => may.push(address),
            // The next address may be a public one.
            Err(refused @ Unreached::Refused(_)) => last = refused,
            Err(blocked) => return Err(blocked),
        }
    }
    match parent.filter(|parent| !may.iter().any(|address| parent.is_direct_address(address.ip()))) {
        // A name that has nothing but addresses that are refused is not asked of another.
        Some(_) if may.is_empty() && matches!(last, Unreached::Refused(_)) => Err(last),
        Some(parent) => Box::pin(parent::reach(proxy, parent, asked, safe.unwrap_or(host))).await,
        None if may.is_empty() => Err(last),
        None => race::connect(&may).await.map(|(stream, address)| Dialled { stream, address, by_parent: false }),
    }
}

/// Where the host leads. If that has to be asked for, it is for both families, and takes two places among the open questions of this
/// client.
async fn resolved(proxy: &Proxy, visit: &Visit, host: &Host) -> Result<LeadsTo, ResolveFault> {
    if let Some(known) = proxy.resolver.known(host) {
        return known;
    }
    let place = || proxy.resolver.share(visit.who.client);
    let (Some(_v4), Some(_v6)) = (place(), place()) else {
        proxy.gate.counters.overloads.inc();
        return Err(ResolveFault::Busy);
    };
    Box::pin(proxy.resolver.leads_to(host)).await
}

/// Whether this address may be reached, or reached again, for this visit.
pub fn may_reach(proxy: &Proxy, visit: &Visit, judged: &Judged, asked: &Asked, address: SocketAddr) -> Result<(), Unreached> {
    let rules = Rules { config: &visit.snapshot.config, own: &proxy.own };
    if let Some(why) = destination::refused(address, &asked.host, port(proxy, visit, asked), &rules) {
        return Err(Unreached::Refused(why));
    }
    may_lead_to(visit, judged, &Host::from(address.ip()))
}

/// Whether what stands behind the host lets it be reached.
fn may_lead_to(visit: &Visit, judged: &Judged, behind: &Host) -> Result<(), Unreached> {
    match visit.judge_behind(judged, behind, Surface::NoPage) {
        Some(behind) if behind.verdict.blocks() => Err(Unreached::Blocked(Box::new(behind))),
        _ => Ok(()),
    }
}

fn port(proxy: &Proxy, visit: &Visit, asked: &Asked) -> Port {
    Rules { config: &visit.snapshot.config, own: &proxy.own }.port(asked.port, asked.usual_ports())
}

/// The families in turn (RFC 8305 §4), so that a dead one costs one time-out and not all.
fn interleaved(addresses: Vec<IpAddr>) -> impl Iterator<Item = IpAddr> {
    let first_is_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|ip| ip.is_ipv6() == first_is_v6);
    let most = first.len().max(second.len());
    (0..most).flat_map(move |i| [first.get(i).copied(), second.get(i).copied()]).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_the_resolvers_first_is_first() {
        let ips = |text: &str| {
            text.split(' ').filter(|t| !t.is_empty()).map(|t| t.parse().expect("an address")).collect::<Vec<IpAddr>>()
        };
        for (resolved, tried) in [
            ("2001:db8::1 2001:db8::2 192.0.2.1", "2001:db8::1 192.0.2.1 2001:db8::2"),
            ("192.0.2.1 192.0.2.2 2001:db8::1 192.0.2.3", "192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.3"),
            ("192.0.2.1", "192.0.2.1"),
            ("", ""),
        ] {
            assert_eq!(interleaved(ips(resolved)).collect::<Vec<_>>(), ips(tried), "{resolved}");
        }
    }
}
