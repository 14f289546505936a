//! A school's week made up, always the same: 1,500 people, 200,000 hosts by Zipf, 80 % DNS, 15 % CONNECT, 5 % inspected with a path
//! of 40 bytes that nothing else has. One host in twenty is blocked, most of those for adverts; the twenty best known never.

use schoolgate::journal::{Decrypted, Door, Event, Intent};
use schoolgate::policy::{Act, Action, ProfileId, Step, Verdict};
use schoolgate::words::{
    Category, CategorySet, ClientAddr, Confidence, DeviceId, GroupId, Groups, Known, Mac, NetworkId, PersonId, Who,
};
use std::net::Ipv4Addr;

pub const PEOPLE: u32 = 1_500;
pub const HOSTS: usize = 200_000;
/// Groups that pupils are in: a year each.
pub const YEARS: u16 = 7;

/// Hosts that everybody knows.
const BEST_KNOWN: usize = 20;

/// Makes the events of the mix, one after the other.
pub struct Mix {
    /// How much of all requests goes to this host and those better known.
    share: Vec<f64>,
    pub hosts: Vec<String>,
    path: String,
    random: u64,
    nth: u64,
}

impl Mix {
    pub fn new() -> Self {
        let weights = || (1..=HOSTS).map(|rank| 1.0 / rank as f64);
        let all: f64 = weights().sum();
        let share = weights().scan(0.0, |sum, weight| {
            *sum += weight / all;
            Some(*sum)
        });
        let (below, under) =
            (["www", "api", "static", "edge-7", "img", "login", "m", "eu-west-2"], ["com", "org", "net", "example"]);
        let host = |rank: usize| format!("{}.name{rank}.{}", below[rank % 8], under[rank / 8 % 4]);
        Self {
            share: share.collect(),
            hosts: (0..HOSTS).map(host).collect(),
            path: String::new(),
            random: 0x9e37_79b9_7f4a_7c15,
            nth: 0,
        }
    }

    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// A host, by how well it is known.
    pub fn host(&mut self) -> usize {
        let at = self.random() as f64 / u64::MAX as f64;
        self.share.partition_point(|share| *share < at).min(HOSTS - 1)
    }

    /// The next event, at this moment.
    pub fn event(&mut self, when_ms: i64) -> Event<'_> {
        let (rank, dice) = (self.host(), self.random());
        self.nth += 1;
        let category = blocked(rank);
        let (allowed, action) = (category.is_none(), if category.is_some() { Action::Block } else { Action::Allow });
        let verdict = Verdict {
            act: Act::Allow,
            action,
            step: if allowed { Step::Default } else { Step::Category },
            labels: if allowed { 0 } else { 2 },
            category,
            kind: None,
            rule: None,
            pass: None,
            group: Some(GroupId((dice % u64::from(YEARS)) as u16)),
            cell: None,
            profile: ProfileId(1),
        };
        let person = (dice >> 8) as u32 % PEOPLE;
        let (up, down, took) = (dice >> 20, dice >> 30, dice >> 40);
        let event = Event {
            when_ms,
            boot_ms: when_ms as u64 / 2,
            policy_version: 1,
            ..Event::of(&verdict, Door::Dns, Some(who(person)))
        };
        let categories = category.into_iter().collect::<CategorySet>();
        match self.nth % 20 {
            0 => {
                self.path = format!("/articles/{:029}.", self.nth * 7919);
                let intent = if took.is_multiple_of(4) { Intent::Navigation } else { Intent::SubResource };
                Event {
                    door: Door::Proxy,
                    method: "GET".into(),
                    host: self.hosts[rank].as_str().into(),
                    port: 443,
                    path: self.path.as_str().into(),
                    intent,
                    status: 200,
                    bytes_up: 600 + up % 400,
                    bytes_down: 500 + down % 200_000,
                    duration_ms: 20 + (took % 500) as u32,
                    decrypted: Decrypted::Yes,
                    categories,
                    ..event
                }
            }
            1..=3 => Event {
                door: Door::Proxy,
                method: "CONNECT".into(),
                host: self.hosts[rank].as_str().into(),
                port: 443,
                status: 200,
                bytes_up: 1_500 + up % 10_000,
                bytes_down: 4_000 + down % 2_000_000,
                duration_ms: 500 + (took % 60_000) as u32,
                decrypted: Decrypted::Network,
                categories,
                ..event
            },
            _ => Event {
                host: self.hosts[rank].as_str().into(),
                query_type: [1, 28, 65][(took % 3) as usize],
                bytes_up: 30 + self.hosts[rank].len() as u64,
                bytes_down: 60 + down % 100,
                duration_ms: (took % 30) as u32,
                categories,
                ..event
            },
        }
    }
}

/// What a host is blocked for.
fn blocked(rank: usize) -> Option<Category> {
    let of = (rank as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    match of % 1_000 {
        _ if rank < BEST_KNOWN => None,
        0..37 => Some(Category::ADVERTS),
        37..46 => Some(Category::SOCIAL_NETWORKING),
        46..49 => Some(Category::GAMES),
        49 => Some(if (of / 1_000).is_multiple_of(10) { Category::SELF_HARM } else { Category::GAMBLING }),
        _ => None,
    }
}

/// A pupil at the laptop that is given to them.
pub fn who(person: u32) -> Who {
    let [_, _, c, d] = person.to_be_bytes();
    Who {
        client: ClientAddr::new(Ipv4Addr::new(10, 20, c, d).into()),
        mac: Mac::of([0x3c, 0x22, 0xfb, 0, c, d]).ok(),
        network: NetworkId(0),
        device: Some(DeviceId(person + 1)),
        person: Some(PersonId(person + 1)),
        groups: Groups::one(GroupId((person % u32::from(YEARS)) as u16)),
        known: Known::Mac,
        sure: Confidence::Medium,
        since: None,
    }
}
