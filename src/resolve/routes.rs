//! Which upstreams a name is asked of: those of its zone, the longest that holds it, else everybody's; or nobody.

use super::ResolveFault;
use super::connection::Trust;
use super::failover::{MAX_OUT, Upstreams};
use super::local::Local;
use super::rebinding::Inside;
use super::upstream::Upstream;
use crate::config::{Dns, Forward, Protocol, Record, Upstream as Written};
use crate::wire::{Message, Query};
use crate::words::{Host, Name};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

/// Most questions out at once to the resolvers of one rule: a school's own server that is off must not take the others' room.
const MAX_OUT_FORWARD: usize = MAX_OUT / 4;

/// Whom to ask, as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub upstreams: Vec<Written>,
    pub forwards: Vec<Forward>,
    pub records: Vec<Record>,
    pub private_allowed: Vec<Host>,
}

impl From<&Dns> for Plan {
    fn from(dns: &Dns) -> Self {
        let Dns { upstreams, forwards, records, private_allowed, .. } = dns.clone();
        Self { upstreams, forwards, records, private_allowed }
    }
}

/// Whom to ask, ready to be asked.
pub struct Routes {
    plan: Plan,
    general: Upstreams,
    forwards: Vec<Upstreams>,
    /// The rule of each zone, by its name on the wire in small letters.
    zones: HashMap<Box<[u8]>, usize>,
    private_allowed: HashSet<Box<[u8]>>,
    pub local: Local,
}

impl Routes {
    /// Upstreams that were there `before` keep their connections and what is known of their health.
    pub fn new(plan: Plan, before: Option<&Self>, trust: &Arc<Trust>) -> Self {
        let known: Vec<&Arc<Upstream>> = before.into_iter().flat_map(Self::upstreams).collect();
        let list = |written: &[Written]| -> Vec<Arc<Upstream>> {
            let stays = |w: &Written| known.iter().find(|u| u.written() == w).map(|u| Arc::clone(u));
            written.iter().map(|w| stays(w).unwrap_or_else(|| Arc::new(Upstream::new(w.clone(), trust)))).collect()
        };
        let zones = plan.forwards.iter().enumerate().flat_map(|(i, f)| f.zones.iter().map(move |z| (wire(z), i)));
        Self {
            general: Upstreams::new(list(&plan.upstreams), MAX_OUT),
            forwards: plan.forwards.iter().map(|f| Upstreams::new(list(&f.upstreams), MAX_OUT_FORWARD)).collect(),
            zones: zones.collect(),
            private_allowed: plan.private_allowed.iter().map(wire).collect(),
            local: Local::new(&plan.records),
            plan,
        }
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    fn upstreams(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        [&self.general].into_iter().chain(&self.forwards).flat_map(Upstreams::list)
    }

    /// The rule of the longest zone that holds this name.
    fn rule(&self, name: &[u8]) -> Option<usize> {
        if self.zones.is_empty() {
            return None;
        }
        suffixes(name).find_map(|suffix| self.zones.get(suffix).copied())
    }

    /// Whether names of this zone have resolvers of their own. `name` is in small letters.
    pub fn forwards(&self, name: &[u8]) -> bool {
        self.rule(name).is_some()
    }

    /// Asks whoever is to be asked for this name.
    ///
    /// # Errors
    /// As [`Upstreams::ask`]; a zone of the school's own is asked of nobody else.
    pub async fn ask(&self, query: &Query) -> Result<Message, ResolveFault> {
        let name = query.name.wire().to_ascii_lowercase();
        if let Some(rule) = self.rule(&name) {
            return self.forwards[rule].ask(query, Inside::Allowed).await;
        }
        let allowed = suffixes(&name).any(|suffix| self.private_allowed.contains(suffix));
        self.general.ask(query, if allowed { Inside::Allowed } else { Inside::Refused }).await
    }

    /// Where dynamic updates of this zone go: to the first resolver of its rule, if that is asked in the clear.
    pub fn updates(&self, zone: &Name) -> Option<SocketAddr> {
        self.writes_to(self.rule(&zone.wire().to_ascii_lowercase())?)
    }

    /// Where a key for dynamic updates is agreed on (RFC 2930): with the server of the zone that holds its name, as Unix makes such
    /// names. Windows takes any; that can only be meant for the one server that there is.
    pub fn keys(&self, name: &Name) -> Option<SocketAddr> {
        if let Some(rule) = self.rule(&name.wire().to_ascii_lowercase()) {
            return self.writes_to(rule);
        }
        let mut servers = (0..self.forwards.len()).filter_map(|rule| self.writes_to(rule));
        let first = servers.next()?;
        servers.all(|other| other == first).then_some(first)
    }

    fn writes_to(&self, rule: usize) -> Option<SocketAddr> {
        let first = self.forwards[rule].list().first()?.written();
        matches!(first.protocol, Protocol::Udp | Protocol::Tcp).then(|| first.address()).flatten()
    }
}

fn wire(zone: &Host) -> Box<[u8]> {
    Name::from(zone).wire().into()
}

/// A name on the wire and every name above it, the longest first.
pub fn suffixes(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(name);
    std::iter::from_fn(move || {
        let this = rest?;
        rest = this.first().filter(|&&len| len > 0).and_then(|&len| this.get(1 + usize::from(len)..));
        Some(this)
    })
}
