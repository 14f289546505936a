//! Dynamic updates (RFC 2136): a school's machines write their own names into its own zones, through us to the zone's server.
//!
//! Only zones that `[[dns.forward]]` names, only from the school's own networks. What is in the update is between the machine
//! and the server, which checks who it is; the event says which zone.

use super::door::{Asker, Door, First, Open, Transport};
use crate::gate::Visit;
use crate::policy::Surface;
use crate::resolve::update::pass;
use crate::wire::{Query, Rcode, answer};
use std::net::SocketAddr;
use std::time::Instant;

/// An update on its way to the zone's server.
pub struct Update {
    bytes: Box<[u8]>,
    to: SocketAddr,
}

impl Door {
    /// Takes an update of a zone that is forwarded; `None` if it is none of those.
    pub(super) fn update(&self, bytes: &[u8], visit: Visit, asker: Asker, since: Instant, out: &mut Vec<u8>) -> Option<First> {
        let query = Query::read_update(bytes)?;
        let to = self.resolver.updates(&query.name)?;
        let judged = match query.name.nearest_host() {
            Some(host) => visit.judge(&host, Surface::NoPage),
            None => visit.judge_unlisted(Surface::NoPage),
        };
        let (share, update) = (self.resolver.share(asker.client), Some(Update { bytes: bytes.into(), to }));
        let personal = false; // nothing in it is kept
        let open = Open { visit, judged, personal, query, asker, length: bytes.len(), since, alias: None, share, update };
        if judged.verdict.blocks() {
            answer::header_only(bytes, Rcode::REFUSED, out);
            self.note(&open.asked(), &judged, Rcode::REFUSED, out);
            return Some(First::Answered);
        }
        Some(First::Open(Box::new(open)))
    }

    /// Passes it on, and the server's answer back.
    pub(super) async fn finish_update(&self, open: &Open, update: &Update, out: &mut Vec<u8>) {
        match pass(&update.bytes, update.to, open.asker.transport != Transport::Udp).await {
            Some(said) => *out = said,
            None => {
                self.gate.counters.upstream_failures.inc();
                answer::header_only(&update.bytes, Rcode::SERVFAIL, out);
            }
        }
        let rcode = Rcode(out.get(3).map_or(Rcode::SERVFAIL.0, |code| u16::from(code & 0x0f)));
        self.note(&open.asked(), &open.judged, rcode, out);
    }

    /// Answers an update for which there is no room.
    pub(super) fn too_busy_update(&self, open: &Open, update: &Update, out: &mut Vec<u8>) {
        self.gate.counters.overloads.inc();
        answer::header_only(&update.bytes, Rcode::SERVFAIL, out);
        self.note(&open.asked(), &open.judged, Rcode::SERVFAIL, out);
    }
}
