//! By name: whether what a client opens with is what was judged.

use super::Proxy;
use super::alert::Alert;
use super::opening::Opening;
use super::way::Way;
use crate::gate::{Gate, Judged, Visit};
use crate::journal::Door;
use crate::net::destination::Rules;
use crate::policy::{Step, Surface};
use crate::words::{Category, ClientAddr, Host};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long the gate must have answered before it may hold it against anyone that an address has no name: the ledger keeps as
/// long, and so do clients what they were told before.
pub const LEARNS: Duration = crate::gate::ledger::KEPT;

/// What is to be done with a way.
#[derive(Debug)]
pub enum Next {
    /// It is what was judged.
    Carry,
    /// It names what the address it was made to stands for: that is judged, and is what counts from here.
    Named {
        host: Host,
        judged: Judged,
    },
    /// It is let through by a network that only watches, and written down.
    Watched {
        host: Host,
        judged: Judged,
    },
    Refuse {
        host: Host,
        judged: Judged,
        alert: Option<Alert>,
    },
    /// Nobody said what they want.
    Close,
}

/// Holds what a client opened with against what was judged.
///
/// TLS that names another host than CONNECT did is refused, unless machines need both to work: the one name would be judged and
/// the other reached. A protocol that is not TLS is carried only where the configuration names its port or its address.
pub fn next(proxy: &Proxy, way: &Way, opening: &Opening) -> Next {
    // That door judges what the opening says, and nothing else was asked for.
    if way.door == Door::Transparent {
        return Next::Carry;
    }
    match opening {
        Opening::Tls(hello) => match hello.sni {
            Some(sni) if sni == way.host => Next::Carry,
            Some(sni) if way.host.is_address() => by_its_name(&way.visit, sni),
            Some(sni) => another(way, sni),
            None => nameless(proxy, way),
        },
        Opening::NotTls | Opening::Silent | Opening::Gone if may_be_any(proxy, &way.visit, meant(way)) => Next::Carry,
        Opening::NotTls => hidden(way, way.host, None),
        Opening::Unreadable => hidden(way, way.host, Some(Alert::DecodeError)),
        Opening::Silent | Opening::Gone => Next::Close,
    }
}

/// Where a way is meant to lead: through a proxy above, its port is not the one that was asked for.
pub fn meant(way: &Way) -> SocketAddr {
    SocketAddr::new(way.address.ip(), way.port)
}

/// Whether the configuration names this port, or this address with it: then it may speak what it likes.
pub fn may_be_any(proxy: &Proxy, visit: &Visit, address: SocketAddr) -> bool {
    let rules = Rules { config: &visit.snapshot.config, own: &proxy.own };
    rules.config.proxy.ports.contains(&address.port()) || rules.lists(address)
}

fn by_its_name(visit: &Visit, sni: Host) -> Next {
    let judged = visit.judge(&sni, Surface::NoPage);
    if judged.verdict.blocks() {
        Next::Refuse { host: sni, judged, alert: Some(Alert::AccessDenied) }
    } else {
        Next::Named { host: sni, judged }
    }
}

fn another(way: &Way, sni: Host) -> Next {
    // Services of the makers of machines call their own hosts by each other's names (Apple's push does).
    let judged = way.visit.judge(&sni, Surface::NoPage);
    if [&judged, &way.judged].iter().all(|j| j.verdict.step == Step::Platform) {
        return Next::Carry;
    }
    hidden(way, sni, Some(Alert::UnrecognizedName))
}

fn hidden(way: &Way, host: Host, alert: Option<Alert>) -> Next {
    let judged = way.visit.judge_hidden(&host);
    if judged.verdict.blocks() { Next::Refuse { host, judged, alert } } else { Next::Watched { host, judged } }
}

fn nameless(proxy: &Proxy, way: &Way) -> Next {
    match way.host.address().and_then(|_| unresolved(proxy, &way.visit, &way.host, way.address.ip(), &way.judged)) {
        Some(judged) if judged.verdict.blocks() => Next::Refuse { host: way.host, judged, alert: Some(Alert::AccessDenied) },
        Some(judged) => Next::Watched { host: way.host, judged },
        None => Next::Carry,
    }
}

/// The name under which this client was told of an address. What machines need has names enough.
pub fn by_ledger(proxy: &Proxy, client: ClientAddr, address: IpAddr) -> Option<Host> {
    proxy.gate.ledger.name_of(client, address)
}

/// The verdict on an address that nobody gave a name for, where the network wants names. `None`: it is judged by its address.
///
/// What a list, the school or a pass lets through by its address has no need of a name; nor has what is inside the school.
pub fn unresolved(proxy: &Proxy, visit: &Visit, host: &Host, address: IpAddr, judged: &Judged) -> Option<Judged> {
    without_a_name(&proxy.gate, visit, host, address, judged).filter(|_| by_ledger(proxy, visit.who.client, address).is_none())
}

/// [`unresolved`], of an address of which it is known that nobody gave a name for it.
pub fn without_a_name(gate: &Gate, visit: &Visit, host: &Host, address: IpAddr, judged: &Judged) -> Option<Judged> {
    let network = visit.snapshot.config.policy.network(visit.who.network)?;
    let by_address = !matches!(judged.verdict.step, Step::Category | Step::Default);
    let platform = judged.found.categories().contains(Category::PLATFORM);
    let inside = crate::net::destination::is_inside(address);
    if !network.only_resolved || by_address || platform || inside || gate.age() < LEARNS {
        return None;
    }
    Some(visit.judge_hidden(host))
}
