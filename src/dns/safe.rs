//! Safe search: an allowed name that is answered as another one.
//!
//! ```text
//! A, AAAA        CNAME to the safe host, and its addresses, which our own resolver asks for
//! CNAME, ANY     the CNAME alone
//! HTTPS, SVCB    no such type: what the usual host says there would lead past the safe one
//! the rest       as upstream has it
//! ```

use super::door::Asked;
use crate::policy::safe::engines::engine;
use crate::wire::{Body, Made, Query, Rcode, rr};
use crate::words::{Host, Name};
use std::net::IpAddr;

/// How long a client may keep such an answer: it goes by the person, as a block does.
pub const TTL: u32 = super::blocked::PERSONAL_TTL;

/// What a name is answered as.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    pub target: Host,
    /// What is asked in place of the question.
    pub query: Query,
}

/// What is done instead with a question.
pub enum Instead {
    /// The target is asked for, and its addresses are the answer.
    Follow(Alias),
    /// The alias alone is the answer.
    Tell(Alias),
    /// There is no such type.
    Nothing,
}

/// What an allowed question comes to. `None`: it is answered as it is.
pub(super) fn instead(asked: &Asked, host: &Host) -> Option<Instead> {
    let kind = asked.query.kind;
    if asked.query.class != rr::CLASS_IN || !matches!(kind, rr::A | rr::AAAA | rr::CNAME | rr::ANY | rr::HTTPS | rr::SVCB) {
        return None;
    }
    let target = asked.visit.rewrite(host, asked.judged)?.host();
    let alias = Alias { target, query: Query::of(Name::from(&target), kind) };
    Some(match kind {
        rr::A | rr::AAAA => Instead::Follow(alias),
        rr::CNAME | rr::ANY => Instead::Tell(alias),
        _ => Instead::Nothing,
    })
}

/// Whether a host is one that may be answered as another, for somebody.
pub fn concerns(host: &Host) -> bool {
    engine(host.as_str()).is_some()
}

impl Instead {
    pub fn followed(&self) -> Option<&Alias> {
        if let Self::Follow(alias) = self { Some(alias) } else { None }
    }

    /// The answer that needs no upstream.
    pub fn told(&self) -> Option<Made<'_>> {
        match self {
            Self::Follow(_) => None,
            Self::Tell(alias) => Some(alias.answer(Rcode::NOERROR, &[], TTL)),
            Self::Nothing => Some(Made { body: Body::Soa { ttl: TTL }, ..Made::bare(Rcode::NOERROR) }),
        }
    }
}

impl Alias {
    /// The answer, once it is known what the target has.
    pub fn answer<'a>(&'a self, rcode: Rcode, addresses: &'a [IpAddr], ttl: u32) -> Made<'a> {
        let body = match rcode {
            Rcode::NOERROR | Rcode::NXDOMAIN => Body::Alias { target: &self.query.name, addresses, ttl },
            _ => Body::Nothing,
        };
        Made { rcode, body, error: None }
    }
}
