//! An event as bytes: what rings and segments hold.
//!
//! Every field is bounded, so that the largest record is known ([`MAX_BODY`]) and a ring's record never needs the heap.
//! The layout has a number of its own: a ring or segment of an older gate is read by the gate that follows it.

use super::event::{Decrypted, Door, Event, Intent};
use crate::lists::ListId;
use crate::lists::phrases::Theme;
use crate::policy::{Action, CellId, ProfileId, Step};
use crate::seal::{MAX_SEALED, Sealed};
use crate::words::person::MAX_GROUPS;
use crate::words::{
    Category, CategorySet, ClientAddr, Confidence, DeviceId, GroupId, Groups, Known, Mac, NetworkId, PersonId, Since, Who,
};
use std::borrow::Cow;
use std::net::IpAddr;

/// The first byte of a body.
const LAYOUT: u8 = 1;

/// Longest host: a name of 255 octets (RFC 1035 §2.3.4) printed with every octet as `\DDD` has 1,016 characters and its dots.
pub const MAX_HOST: usize = 1100;
/// Longest path and query kept. Browsers and servers take 8 KiB; the first 2 KiB say what was asked for.
pub const MAX_PATH: usize = 2048;
/// Longest method kept. The longest registered one, `UPDATEREDIRECTREF`, has 17 characters; the longest in use, `PROPPATCH`, 9.
pub const MAX_METHOD: usize = 16;
/// Longest search kept. Google takes 32 words, Bing 1,500 characters; the first half kilobyte says what was meant.
pub const MAX_SEARCH: usize = 512;

/// What is not text: the fixed fields, every optional one, an IPv6 client and the most groups.
const MAX_FIXED: usize =
    3 + 5 + 16 + 2 + 2 + 4 + 2 + 16 + 4 + 4 + 2 + 8 + (16 + 2 + 4 + 4 + 2 + 1 + 2 * MAX_GROUPS + 4 + 6) + 15 + 5 + 5 + 2;
/// Longest body.
pub const MAX_BODY: usize = MAX_FIXED + MAX_HOST + MAX_METHOD + MAX_SEALED;
const _: () = assert!(MAX_SEALED > MAX_PATH + MAX_SEARCH);

/// Which optional fields a body has: one bit each.
mod has {
    pub const WHO: u16 = 1 << 0;
    pub const V6: u16 = 1 << 1;
    pub const DEVICE: u16 = 1 << 2;
    pub const PERSON: u16 = 1 << 3;
    pub const CATEGORY: u16 = 1 << 4;
    pub const LIST: u16 = 1 << 5;
    pub const RULE: u16 = 1 << 6;
    pub const GROUP: u16 = 1 << 7;
    pub const CELL: u16 = 1 << 8;
    pub const PASS: u16 = 1 << 9;
    pub const SEARCH: u16 = 1 << 10;
    pub const THEME: u16 = 1 << 11;
    pub const DECRYPTED: u16 = 1 << 12;
    pub const SINCE: u16 = 1 << 13;
    pub const MAC: u16 = 1 << 14;
    /// The last there is room for: the next needs another layout.
    pub const SEALED: u16 = 1 << 15;
}

/// Why bytes are not an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    #[error("the record ends too early")]
    Short,
    #[error("the record goes on after its last field")]
    Long,
    #[error("the record has layout {0}, which this version of Schoolgate does not know")]
    Layout(u8),
    #[error("the record's field `{0}` holds what no event has")]
    Field(&'static str),
}

/// Appends the event's body to `out`: at most [`MAX_BODY`] bytes. Text that is too long is cut at a character.
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    let (method, host, path) = (cut(&event.method, MAX_METHOD), cut(&event.host, MAX_HOST), cut(&event.path, MAX_PATH));
    let start = out.len();
    out.resize(start + MAX_FIXED, 0);
    let mut fixed = Filling { bytes: &mut out[start..], len: 0 };
    fixed.put([LAYOUT]);
    fixed.put(flags(event).to_le_bytes());
    fixed.put([event.door as u8, event.action as u8, event.step as u8, event.intent as u8, event.labels]);
    fixed.put(event.when_ms.to_le_bytes());
    fixed.put(event.boot_ms.to_le_bytes());
    fixed.put(event.port.to_le_bytes());
    fixed.put(event.query_type.to_le_bytes());
    fixed.put(event.count.to_le_bytes());
    fixed.put(event.status.to_le_bytes());
    fixed.put(event.bytes_up.to_le_bytes());
    fixed.put(event.bytes_down.to_le_bytes());
    fixed.put(event.duration_ms.to_le_bytes());
    fixed.put(event.policy_version.to_le_bytes());
    fixed.put(event.profile.0.to_le_bytes());
    fixed.put(event.categories.bits().to_le_bytes());
    if let Some(who) = &event.who {
        fixed.put_who(who);
    }
    event.category.into_iter().for_each(|c| fixed.put([c.bit()]));
    event.list.into_iter().for_each(|l| fixed.put(l.0.to_le_bytes()));
    event.rule.into_iter().for_each(|r| fixed.put(r.to_le_bytes()));
    event.group.into_iter().for_each(|g| fixed.put(g.0.to_le_bytes()));
    event.cell.into_iter().for_each(|c| fixed.put(c.0.to_le_bytes()));
    event.pass.into_iter().for_each(|p| fixed.put(p.to_le_bytes()));
    event.theme.into_iter().for_each(|(theme, severity)| fixed.put([theme as u8, severity]));
    if event.decrypted != Decrypted::NotAsked {
        fixed.put([event.decrypted as u8]);
    }
    fixed.put([method.len() as u8]);
    fixed.put((host.len() as u16).to_le_bytes());
    fixed.put((path.len() as u16).to_le_bytes());
    let texts = [method, host, path].map(str::as_bytes);
    let end = start + fixed.len;
    out.truncate(end);
    out.reserve(method.len() + host.len() + path.len());
    { texts }.into_iter().filter(|text| !text.is_empty()).for_each(|text| out.extend_from_slice(text));
    if !event.search.is_empty() {
        let search = cut(&event.search, MAX_SEARCH);
        out.extend_from_slice(&(search.len() as u16).to_le_bytes());
        out.extend_from_slice(search.as_bytes());
    }
    if let Some(sealed) = &event.sealed {
        out.extend_from_slice(&(sealed.len() as u16).to_le_bytes());
        out.extend_from_slice(sealed);
    }
}

/// What is not text, on its way: in place, so that no field asks the heap for room.
struct Filling<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl Filling<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, field: [u8; N]) {
        self.bytes[self.len..self.len + N].copy_from_slice(&field);
        self.len += N;
    }

    fn put_who(&mut self, who: &Who) {
        match who.client.ip() {
            IpAddr::V4(ip) => self.put(ip.octets()),
            IpAddr::V6(ip) => self.put(ip.octets()),
        }
        self.put(who.network.0.to_le_bytes());
        who.device.into_iter().for_each(|d| self.put(d.0.to_le_bytes()));
        who.person.into_iter().for_each(|p| self.put(p.0.to_le_bytes()));
        self.put([who.known as u8, who.sure as u8, who.groups.iter().count() as u8]);
        who.groups.iter().for_each(|g| self.put(g.0.to_le_bytes()));
        who.since.into_iter().for_each(|s| self.put(s.seconds().to_le_bytes()));
        who.mac.into_iter().for_each(|m| self.put(m.octets()));
    }
}

fn flags(event: &Event) -> u16 {
    let who = event.who.as_ref();
    [
        (has::WHO, who.is_some()),
        (has::V6, who.is_some_and(|w| w.client.ip().is_ipv6())),
        (has::DEVICE, who.is_some_and(|w| w.device.is_some())),
        (has::PERSON, who.is_some_and(|w| w.person.is_some())),
        (has::CATEGORY, event.category.is_some()),
        (has::LIST, event.list.is_some()),
        (has::RULE, event.rule.is_some()),
        (has::GROUP, event.group.is_some()),
        (has::CELL, event.cell.is_some()),
        (has::PASS, event.pass.is_some()),
        (has::SEARCH, !event.search.is_empty()),
        (has::THEME, event.theme.is_some()),
        (has::DECRYPTED, event.decrypted != Decrypted::NotAsked),
        (has::SINCE, who.is_some_and(|w| w.since.is_some())),
        (has::MAC, who.is_some_and(|w| w.mac.is_some())),
        (has::SEALED, event.sealed.is_some()),
    ]
    .into_iter()
    .fold(0, |flags, (bit, set)| if set { flags | bit } else { flags })
}

/// The first `most` bytes of a text, or one to three fewer where that would cut a character in two.
pub(super) fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// Reads a body.
///
/// # Errors
/// [`BadRecord`]: too short, too long, of another layout, or with a field that holds what no event has.
pub fn decode(body: &[u8]) -> Result<Event<'_>, BadRecord> {
    let mut from = Fields(body);
    let layout = from.u8()?;
    if layout != LAYOUT {
        return Err(BadRecord::Layout(layout));
    }
    let flags = from.u16()?;
    let door = Door::from_u8(from.u8()?).ok_or(BadRecord::Field("door"))?;
    let action = Action::from_u8(from.u8()?).ok_or(BadRecord::Field("action"))?;
    let step = Step::from_u8(from.u8()?).ok_or(BadRecord::Field("step"))?;
    let intent = Intent::from_u8(from.u8()?).ok_or(BadRecord::Field("intent"))?;
    let mut event = Event {
        labels: from.u8()?,
        when_ms: from.u64()? as i64,
        boot_ms: from.u64()?,
        door,
        who: None,
        method: Cow::Borrowed(""),
        host: Cow::Borrowed(""),
        path: Cow::Borrowed(""),
        port: from.u16()?,
        query_type: from.u16()?,
        action,
        step,
        category: None,
        list: None,
        rule: None,
        group: None,
        cell: None,
        pass: None,
        intent,
        count: from.u32()?,
        span: None,
        status: from.u16()?,
        bytes_up: from.u64()?,
        bytes_down: from.u64()?,
        duration_ms: from.u32()?,
        policy_version: from.u32()?,
        profile: ProfileId(from.u16()?),
        categories: CategorySet::from_bits(from.u64()?),
        sealed: None,
        search: Cow::Borrowed(""),
        theme: None,
        decrypted: Decrypted::NotAsked,
    };
    let has = |bit| flags & bit != 0;
    if has(has::WHO) {
        event.who = Some(decode_who(flags, &mut from)?);
    } else if has(has::V6) || has(has::DEVICE) || has(has::PERSON) || has(has::SINCE) || has(has::MAC) {
        return Err(BadRecord::Field("flags"));
    }
    if has(has::CATEGORY) {
        event.category = Some(Category::from_bit(from.u8()?).ok_or(BadRecord::Field("category"))?);
    }
    event.list = has(has::LIST).then(|| from.u16()).transpose()?.map(ListId);
    event.rule = has(has::RULE).then(|| from.u32()).transpose()?;
    event.group = has(has::GROUP).then(|| from.u16()).transpose()?.map(GroupId);
    event.cell = has(has::CELL).then(|| from.u16()).transpose()?.map(CellId);
    event.pass = has(has::PASS).then(|| from.u16()).transpose()?;
    if has(has::THEME) {
        event.theme = Some((Theme::from_u8(from.u8()?).ok_or(BadRecord::Field("theme"))?, from.u8()?));
    }
    if has(has::DECRYPTED) {
        event.decrypted = Decrypted::from_u8(from.u8()?).ok_or(BadRecord::Field("decrypted"))?;
    }
    let (method, host, path) = (usize::from(from.u8()?), usize::from(from.u16()?), usize::from(from.u16()?));
    event.method = from.text(method, MAX_METHOD, "method")?;
    event.host = from.text(host, MAX_HOST, "host")?;
    event.path = from.text(path, MAX_PATH, "path")?;
    if has(has::SEARCH) {
        let search = usize::from(from.u16()?);
        event.search = from.text(search, MAX_SEARCH, "search")?;
    }
    if has(has::SEALED) {
        let len = usize::from(from.u16()?);
        let sealed = from.take(len)?;
        let alone = event.path.is_empty() && event.search.is_empty();
        Sealed::parse(sealed).filter(|_| alone).ok_or(BadRecord::Field("sealed"))?;
        event.sealed = Some(Cow::Borrowed(sealed));
    }
    if from.0.is_empty() { Ok(event) } else { Err(BadRecord::Long) }
}

fn decode_who(flags: u16, from: &mut Fields) -> Result<Who, BadRecord> {
    let client = if flags & has::V6 != 0 { IpAddr::from(from.array::<16>()?) } else { IpAddr::from(from.array::<4>()?) };
    let network = NetworkId(from.u16()?);
    let device = (flags & has::DEVICE != 0).then(|| from.u32()).transpose()?.map(DeviceId);
    let person = (flags & has::PERSON != 0).then(|| from.u32()).transpose()?.map(PersonId);
    let known = Known::from_u8(from.u8()?).ok_or(BadRecord::Field("known"))?;
    let sure = Confidence::from_u8(from.u8()?).ok_or(BadRecord::Field("sure"))?;
    let count = from.u8()?;
    if usize::from(count) > MAX_GROUPS {
        return Err(BadRecord::Field("groups"));
    }
    let mut groups = Groups::default();
    for _ in 0..count {
        groups = groups.with(GroupId(from.u16()?));
    }
    let since = (flags & has::SINCE != 0).then(|| from.u32()).transpose()?;
    let since = since.map(|s| Since::of_seconds(s).ok_or(BadRecord::Field("since"))).transpose()?;
    let mac = (flags & has::MAC != 0).then(|| from.array::<6>()).transpose()?;
    let mac = mac.map(|m| Mac::of(m).map_err(|_| BadRecord::Field("mac"))).transpose()?;
    Ok(Who { client: ClientAddr::new(client), mac, network, device, person, groups, known, sure, since })
}

/// Where a body says its moment: milliseconds since 1970, and since the machine started.
pub const MOMENT: std::ops::Range<usize> = 8..24;

/// The moment a body says, without reading the rest: its time since 1970, and since the machine started.
pub fn moment(body: &[u8]) -> Option<(i64, u64)> {
    let mut from = Fields(body.get(MOMENT)?);
    Some((from.u64().ok()? as i64, from.u64().ok()?))
}

/// What of a body is the same of every question that is the same: all but when it was, how often, how long it took and how large
/// it was. `None`: it is no question.
pub fn question(body: &[u8]) -> Option<[&[u8]; 4]> {
    let dns = body.first() == Some(&LAYOUT) && body.get(3) == Some(&(Door::Dns as u8));
    let parts = [body.get(..8)?, body.get(24..28)?, body.get(32..34)?, body.get(54..)?];
    dns.then_some(parts)
}

/// What is left to read.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], BadRecord> {
        let (field, rest) = self.0.split_at_checked(len).ok_or(BadRecord::Short)?;
        self.0 = rest;
        Ok(field)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], BadRecord> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(BadRecord::Short)?;
        self.0 = rest;
        Ok(*field)
    }

    pub fn u8(&mut self) -> Result<u8, BadRecord> {
        self.array::<1>().map(|[b]| b)
    }

    pub fn u16(&mut self) -> Result<u16, BadRecord> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, BadRecord> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, BadRecord> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self, len: usize, most: usize, field: &'static str) -> Result<Cow<'a, str>, BadRecord> {
        if len > most {
            return Err(BadRecord::Field(field));
        }
        std::str::from_utf8(self.take(len)?).map(Cow::Borrowed).map_err(|_| BadRecord::Field(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::samples::{any_event, event};
    use proptest::prelude::*;

    fn bytes(event: &Event) -> Vec<u8> {
        let mut out = Vec::new();
        encode(event, &mut out);
        out
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(event in any_event()) {
            let body = bytes(&event);
            prop_assert!(body.len() <= MAX_BODY);
            prop_assert_eq!(decode(&body), Ok(event.clone()));
            prop_assert_eq!(moment(&body), Some((event.when_ms, event.boot_ms)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = (decode(&bytes), moment(&bytes));
        }

        #[test]
        fn a_changed_byte_never_makes_it_panic(event in any_event(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let mut body = bytes(&event);
            let at = at.index(body.len());
            body[at] = to;
            if let Ok(read) = decode(&body) {
                let mut again = Vec::new();
                encode(&read, &mut again);
                prop_assert!(again.len() <= MAX_BODY);
            }
        }
    }

    #[test]
    fn text_that_is_too_long_is_cut_at_a_character() {
        let (host, path, method) = ("ü".repeat(1000), "x€".repeat(2000), "M".repeat(300));
        let long = Event { host: host.into(), path: path.into(), method: method.into(), ..event(1) };
        let body = bytes(&long);
        assert!(body.len() <= MAX_BODY);
        let read = decode(&body).expect("a record");
        assert_eq!((read.host.len(), read.path.len(), read.method.len()), (1100, 2048, 16));
        assert!(long.path.starts_with(&*read.path));
    }

    #[test]
    fn a_record_that_is_not_whole_is_refused() {
        let body = bytes(&event(1));
        for len in 0..body.len() {
            assert!(decode(&body[..len]).is_err(), "{len} bytes");
        }
        assert_eq!(decode(&[&body[..], &[0]].concat()), Err(BadRecord::Long));
        assert_eq!(decode(&[9]), Err(BadRecord::Layout(9)));
    }

    /// These numbers stand in every week file written so far.
    #[test]
    fn stored_numbers_are_never_given_to_another_word() {
        let numbers = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let of = |words: Vec<&'static str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert!(of(Door::ALL.iter().map(|d| d.word()).collect()).starts_with(&numbers(&[
            "dns",
            "proxy",
            "transparent",
            "portal"
        ])));
        assert!(of(Action::ALL.iter().map(|a| a.word()).collect()).starts_with(&numbers(&[
            "allow",
            "block",
            "warn",
            "rewrite",
            "would-block"
        ])));
        assert!(of(Intent::ALL.iter().map(|i| i.word()).collect()).starts_with(&numbers(&[
            "unknown",
            "background",
            "sub-resource",
            "link",
            "navigation",
            "search"
        ])));
        assert!(of(Step::ALL.iter().map(|s| s.word()).collect()).starts_with(&numbers(&[
            "locked",
            "platform",
            "session",
            "help",
            "rshe",
            "harmful-code",
            "firm",
            "pass",
            "own",
            "education",
            "category",
            "default"
        ])));
        assert!(of(Theme::ALL.iter().map(|t| t.word()).collect()).starts_with(&numbers(&[
            "suicide",
            "threat",
            "self-harm",
            "grooming",
            "radicalisation",
            "eating-disorder",
            "abuse",
            "nudify",
            "drugs-supply",
            "bullying-hate",
            "misogyny",
            "sexting",
            "adult",
            "gambling",
            "bypass",
            "identity-theft"
        ])));
        assert!(of(Decrypted::ALL.iter().map(|d| d.word()).collect()).starts_with(&numbers(&[
            "not-asked",
            "yes",
            "no-authority",
            "network",
            "category",
            "group",
            "banking",
            "health",
            "pinned",
            "exception"
        ])));
        assert!(of(Known::ALL.iter().map(|k| k.word()).collect()).starts_with(&numbers(&[
            "network",
            "address",
            "mac",
            "host-name",
            "session",
            "portal",
            "basic",
            "radius",
            "kerberos",
            "shared"
        ])));
        assert!(
            of(Confidence::ALL.iter().map(|c| c.word()).collect()).starts_with(&numbers(&["group", "low", "medium", "high"]))
        );
    }
}
