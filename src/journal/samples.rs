//! Events for the tests of this room.

use super::event::{Decrypted, Door, Event, Intent};
use super::record::{MAX_HOST, MAX_METHOD, MAX_PATH, MAX_SEARCH};
use crate::lists::ListId;
use crate::lists::phrases::Theme;
use crate::policy::{Action, CellId, ProfileId, Step};
use crate::words::{
    Category, CategorySet, ClientAddr, Confidence, DeviceId, GroupId, Groups, Known, Mac, NetworkId, PersonId, Since, Who,
};
use proptest::prelude::*;
use std::net::IpAddr;

/// Wednesday of week 47 of 2026, 10:00 in London.
pub const WEDNESDAY: i64 = 1_794_996_000_000;

pub fn who(person: u32) -> Who {
    Who {
        client: ClientAddr::new(IpAddr::from([10, 20, 0, person as u8])),
        mac: Mac::of([0x3c, 0x22, 0xfb, 0, 0, person as u8]).ok(),
        network: NetworkId(0),
        device: Some(DeviceId(person + 1000)),
        person: Some(PersonId(person)),
        groups: Groups::one(GroupId(3)).with(GroupId(1)),
        known: Known::Address,
        sure: Confidence::High,
        since: Since::of_ms(WEDNESDAY - 600_000),
    }
}

/// The `n`th event of a row: an allowed question for `host-N.example` from person `N % 10`.
pub fn event(n: u64) -> Event<'static> {
    Event {
        when_ms: WEDNESDAY + n as i64,
        boot_ms: 5_000 + n,
        door: Door::Dns,
        who: Some(who((n % 10) as u32)),
        method: "".into(),
        host: format!("host-{n}.example").into(),
        port: 0,
        path: "".into(),
        query_type: 1,
        action: Action::Allow,
        step: Step::Default,
        category: None,
        categories: CategorySet::EMPTY,
        list: None,
        labels: 0,
        rule: None,
        group: None,
        cell: None,
        profile: ProfileId(0),
        pass: None,
        intent: Intent::Unknown,
        count: 1,
        span: None,
        status: 0,
        bytes_up: 0,
        bytes_down: 0,
        duration_ms: 3,
        policy_version: 1,
        sealed: None,
        search: "".into(),
        theme: None,
        decrypted: Decrypted::NotAsked,
    }
}

fn any_who() -> impl Strategy<Value = Who> {
    let ids = (any::<u16>(), any::<Option<u32>>(), any::<Option<u32>>());
    let groups = proptest::collection::vec(any::<u16>(), 0..8);
    (any::<IpAddr>(), ids, groups, 0..10u8, 0..4u8, any::<u32>(), any::<Option<[u8; 6]>>()).prop_map(
        |(ip, (network, device, person), groups, known, sure, since, mac)| Who {
            client: ClientAddr::new(ip),
            mac: mac.and_then(|m| Mac::of(m).ok()),
            network: NetworkId(network),
            device: device.map(DeviceId),
            person: person.map(PersonId),
            groups: groups.into_iter().map(GroupId).collect(),
            known: Known::from_u8(known).expect("below 10"),
            sure: Confidence::from_u8(sure).expect("below 4"),
            since: Since::of_seconds(since),
        },
    )
}

fn any_text(most: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..most / 4).prop_map(|chars| chars.into_iter().collect())
}

/// Bytes that look sealed.
fn any_sealed() -> impl Strategy<Value = Vec<u8>> {
    (1..4u8, any::<[u8; 4]>(), 0..0x80u8, proptest::collection::vec(any::<[u8; 16]>(), 2..9))
        .prop_map(|(there, key, number, blocks)| [&[there][..], &key, &[number], blocks.as_flattened()].concat())
}

/// Any event whose texts are within their bounds.
pub fn any_event() -> impl Strategy<Value = Event<'static>> {
    let words = (0..4u8, 0..5u8, 0..12u8, 0..6u8);
    let texts = (any_text(MAX_METHOD), any_text(MAX_HOST), any_text(MAX_PATH), any_text(MAX_SEARCH));
    let numbers = (any::<i64>(), any::<u64>(), any::<u16>(), any::<u16>(), any::<u32>(), any::<u16>());
    let sizes = (any::<u64>(), any::<u64>(), any::<u32>(), any::<u32>(), any::<u16>(), any::<u64>(), any::<u8>());
    let why = (
        proptest::option::of(0..64u8),
        any::<Option<u16>>(),
        any::<Option<u32>>(),
        any::<Option<u16>>(),
        any::<Option<u16>>(),
        any::<Option<u16>>(),
    );
    let inside = (proptest::option::of((0..16u8, any::<u8>())), 0..10u8, proptest::option::weighted(0.2, any_sealed()));
    (words, texts, numbers, sizes, why, inside, proptest::option::of(any_who())).prop_map(
        |(words, (method, host, path, search), numbers, sizes, why, inside, who)| Event {
            // What is sealed is nowhere else.
            when_ms: numbers.0,
            boot_ms: numbers.1,
            door: Door::from_u8(words.0).expect("below 4"),
            who,
            method: method.into(),
            host: host.into(),
            port: numbers.2,
            path: if inside.2.is_some() { "" } else { &path }.to_owned().into(),
            query_type: numbers.3,
            action: Action::from_u8(words.1).expect("below 5"),
            step: Step::from_u8(words.2).expect("below 12"),
            category: why.0.and_then(Category::from_bit),
            categories: CategorySet::from_bits(sizes.5),
            list: why.1.map(ListId),
            labels: sizes.6,
            rule: why.2,
            group: why.3.map(GroupId),
            cell: why.4.map(CellId),
            profile: ProfileId(sizes.4),
            pass: why.5,
            intent: Intent::from_u8(words.3).expect("below 6"),
            count: numbers.4,
            span: None,
            status: numbers.5,
            bytes_up: sizes.0,
            bytes_down: sizes.1,
            duration_ms: sizes.2,
            policy_version: sizes.3,
            search: if inside.2.is_some() { "" } else { &search }.to_owned().into(),
            sealed: inside.2.map(Into::into),
            theme: inside.0.and_then(|(theme, severity)| Some((Theme::from_u8(theme)?, severity))),
            decrypted: Decrypted::from_u8(inside.1).expect("below 10"),
        },
    )
}
