//! Dynamic updates (RFC 2136): a school's machines write their own names into its own zones, through us to the zone's server; and
//! the keys they agree on with it to sign them (TKEY, RFC 2930 and 3645).
//!
//! Only zones that `[[dns.forward]]` names, only from the school's own networks. What is in it is between the machine and the
//! server, which checks who it is; the event says which zone, or which key.

use super::door::{Asked, Asker, Door, First, Open, Transport};
use crate::gate::Visit;
use crate::policy::Surface;
use crate::resolve::update::pass;
use crate::wire::{Query, Rcode, answer};
use std::net::SocketAddr;
use std::time::Instant;

/// An update, or a key to be agreed on, on its way to the zone's server.
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
        let (visit, judged, query, length) = (&visit, &judged, &query, bytes.len());
        let asked =
            Asked { visit, judged, personal: false, query, printed: None, asker, length, since, at_once: false, alias: None };
        Some(self.through(bytes, to, &asked, out))
    }

    /// Takes the negotiation of a key with the server of a zone that is forwarded; `None` if it can be meant for none of those.
    pub(super) fn key(&self, bytes: &[u8], asked: &Asked, out: &mut Vec<u8>) -> Option<First> {
        let to = self.resolver.keys(&asked.query.name)?;
        Some(self.through(bytes, to, asked, out))
    }

    fn through(&self, bytes: &[u8], to: SocketAddr, asked: &Asked, out: &mut Vec<u8>) -> First {
        if asked.judged.verdict.blocks() {
            answer::header_only(bytes, Rcode::REFUSED, out);
            self.note(asked, asked.judged, Rcode::REFUSED, out);
            return First::Answered;
        }
        let update = Update { bytes: bytes.into(), to };
        First::Open(asked.open(self.resolver.share(asked.asker.client), Some(update)))
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
