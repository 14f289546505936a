//! Safe search: an allowed name that is answered as another one.
//!
//! ```text
//! A, AAAA        CNAME to the safe host, and its addresses, which our own resolver asks for
//! CNAME, ANY     the CNAME alone
//! HTTPS, SVCB    no such type: what the usual host says there would lead past the safe one
//! the rest       as upstream has it
//! ```

use crate::gate::{Judged, Visit};
use crate::wire::{Body, Made, Query, Rcode, rr};
use crate::words::{Host, Name};

/// How long a client may keep such an answer: it goes by the person, as a block does.
pub const TTL: u32 = super::blocked::PERSONAL_TTL;

/// What a name is answered as.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    pub target: Host,
    /// What is asked in place of the question.
    pub query: Query,
}

/// What is done with a question of this type.
pub enum Do {
    /// Ask for the target, and answer with its addresses.
    Follow(Alias),
    /// Answer with the alias alone.
    Tell(Alias),
    /// Answer that there is no such type.
    Nothing,
}

/// What an allowed question comes to. `None`: it is answered as it is.
pub fn instead(visit: &Visit, host: &Host, judged: &Judged, kind: u16) -> Option<Do> {
    if !matches!(kind, rr::A | rr::AAAA | rr::CNAME | rr::ANY | rr::HTTPS | rr::SVCB) {
        return None;
    }
    let target = visit.rewrite(host, judged)?.host();
    let alias = Alias { target, query: Query::of(Name::from(&target), kind) };
    Some(match kind {
        rr::A | rr::AAAA => Do::Follow(alias),
        rr::CNAME | rr::ANY => Do::Tell(alias),
        _ => Do::Nothing,
    })
}

impl Alias {
    /// The answer, once it is known what the target has.
    pub fn answer<'a>(&'a self, rcode: Rcode, addresses: &'a [std::net::IpAddr], ttl: u32) -> Made<'a> {
        let body = match rcode {
            Rcode::NOERROR | Rcode::NXDOMAIN => Body::Alias { target: &self.query.name, addresses, ttl },
            _ => Body::Nothing,
        };
        Made { rcode, body, error: None }
    }
}
