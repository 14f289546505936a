//! What a blocked name is answered with, and the words for it.

use crate::config::{BlockAnswer, Config};
use crate::policy::{Step, Verdict};
use crate::wire::answer::structured_room;
use crate::wire::{Body, Ede, Made, Query, Rcode, rr};
use crate::words::Category;
use serde::Serialize;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How long a device may keep what goes by the person, a block or what is allowed: short, so that the next pupil at a shared laptop is judged
/// anew, and a lesson's end or a pass is noticed.
pub const PERSONAL_TTL: u32 = 15;

/// How long a device may keep a block that is the same for everyone.
const COMMON_TTL: u32 = 60;

/// The answer for a blocked name, to be kept for `most` seconds at most. `local` is the address that was asked on, where the web
/// door shows the page; `text` is [`text`]'s.
///
/// A name of the locked tier is answered as one that the school blocks itself, in every octet: which names are on a licensed list
/// is for nobody to find out by asking.
pub fn answer<'a>(config: &Config, verdict: &Verdict, query: &Query, local: IpAddr, most: u32, text: &'a str) -> Made<'a> {
    // What the operator blocks to protect machines, and what is blocked because the school asks for it (RFC 8914 §4.16, §4.18).
    // Censored (§4.17), what somebody outside demands, would tell the locked tier.
    let (ttl, code) = match verdict.step {
        Step::HarmfulCode => (COMMON_TTL.min(most), Ede::BLOCKED),
        _ => (PERSONAL_TTL, Ede::FILTERED),
    };
    let empty = |rcode| Made { rcode, body: Body::Soa { ttl }, error: None };
    let made = match config.dns.block_answer {
        BlockAnswer::Nxdomain => empty(Rcode::NXDOMAIN),
        BlockAnswer::Nodata => empty(Rcode::NOERROR),
        BlockAnswer::Zero if query.kind == rr::AAAA => Made::address(query.kind, Ipv6Addr::UNSPECIFIED.into(), ttl),
        BlockAnswer::Zero => Made::address(query.kind, Ipv4Addr::UNSPECIFIED.into(), ttl),
        BlockAnswer::Page => Made::address(query.kind, local, ttl),
    };
    Made { error: Some((code, text)), ..made }
}

/// The text for a blocked name: structured if the client asked for that and it fits, else a few plain words.
pub fn text<'a>(config: &'a Config, verdict: &Verdict, query: &Query) -> Cow<'a, str> {
    if query.edns.is_none() {
        return Cow::Borrowed(""); // the client could not hear it
    }
    let why = why(config, verdict);
    if !query.structured_errors() {
        return why;
    }
    let school = &config.school;
    let structured = Structured {
        contact: &school.contact,
        justification: format!("{why}. Ask {}.", school.whom_to_see),
        sub_error: match (verdict.step, verdict.category) {
            (Step::HarmfulCode, Some(Category::MALWARE)) => Some(1),
            (Step::HarmfulCode, Some(Category::PHISHING)) => Some(2),
            _ => None,
        },
        organisation: &school.name,
        language: "en",
    };
    match serde_json::to_string(&structured) {
        Ok(json) if json.len() <= structured_room(query) => json.into(),
        _ => why,
    }
}

/// draft-ietf-dnsop-structured-dns-error: as short as can be.
#[derive(Serialize)]
struct Structured<'a> {
    #[serde(rename = "c", skip_serializing_if = "<[_]>::is_empty")]
    contact: &'a [String],
    #[serde(rename = "j")]
    justification: String,
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    sub_error: Option<u8>,
    #[serde(rename = "o")]
    organisation: &'a str,
    #[serde(rename = "l")]
    language: &'static str,
}

/// What is said of the school's own blocks, and of the locked tier.
const NOT_AVAILABLE: &str = "not available in school";

/// Why it is blocked, in a few words: the category as people read it, else which step said so.
fn why<'a>(config: &'a Config, verdict: &Verdict) -> Cow<'a, str> {
    match verdict.category {
        // Not a word of these: they are told as the school's own are.
        _ if verdict.step == Step::Locked => NOT_AVAILABLE.into(),
        Some(category) => match config.title_of(category) {
            Some(title) => title.title.as_str().into(),
            None => config.category_id(category).into(),
        },
        None => match verdict.step {
            Step::Firm | Step::Own => NOT_AVAILABLE.into(),
            Step::Session => "not open in this session".into(),
            _ => "not on a list of what is open".into(),
        },
    }
}
