//! What a blocked name is answered with, and the words for it.

use crate::config::{BlockAnswer, Config};
use crate::policy::{Step, Verdict};
use crate::wire::{Body, Ede, Made, Query, Rcode, rr};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How long a device may keep a block that goes by the person: short, so that the next pupil at a shared laptop is judged
/// anew, and a lesson's end or a pass is noticed.
pub const PERSONAL_TTL: u32 = 15;

/// How long a device may keep a block that is the same for everyone.
const COMMON_TTL: u32 = 60;

/// The answer for a blocked name. `local` is the address that was asked on, where the web door shows the page.
pub fn answer<'a>(config: &Config, verdict: &Verdict, query: &Query, local: IpAddr, why: &'a str) -> Made<'a> {
    let ttl = if matches!(verdict.step, Step::Locked | Step::HarmfulCode) { COMMON_TTL } else { PERSONAL_TTL };
    let empty = |rcode| Made { rcode, body: Body::Soa { ttl }, error: None };
    let made = match config.dns.block_answer {
        BlockAnswer::Nxdomain => empty(Rcode::NXDOMAIN),
        BlockAnswer::Nodata => empty(Rcode::NOERROR),
        BlockAnswer::Zero if query.kind == rr::AAAA => Made::address(query.kind, Ipv6Addr::UNSPECIFIED.into(), ttl),
        BlockAnswer::Zero => Made::address(query.kind, Ipv4Addr::UNSPECIFIED.into(), ttl),
        BlockAnswer::Page => Made::address(query.kind, local, ttl),
    };
    Made { error: Some((Ede::FILTERED, why)), ..made }
}

/// Why it is blocked, in a few words: the category as people read it, else which step said so.
pub fn why<'a>(config: &'a Config, verdict: &Verdict) -> Cow<'a, str> {
    // Which names are on a licensed list is for nobody to find out by asking.
    if verdict.step == Step::Locked {
        return "not available in school".into();
    }
    match verdict.category {
        Some(category) => match config.title_of(category) {
            Some(title) => title.title.as_str().into(),
            None => config.category_id(category).into(),
        },
        None => match verdict.step {
            Step::Firm | Step::Own => "the school's own list".into(),
            Step::Session => "not open in this session".into(),
            _ => "not on a list of what is open".into(),
        },
    }
}
