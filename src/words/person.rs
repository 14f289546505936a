//! Who: persons, devices and groups by id, how we know, how sure we are.

use super::Mac;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

/// A person of the register. Given once, never to anyone else: old log lines must go on meaning the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub u32);

/// Some of the persons of a register, a bit an id: asked of every request. Ids are given one after the other; those of a file that
/// somebody has edited may be anything, and are no less of the set. A clone shares it.
#[derive(Debug, Clone, Default)]
pub struct PersonSet {
    bits: Arc<[u64]>,
    /// Ids past [`MOST_BITS`], in their order.
    beyond: Arc<[PersonId]>,
}

/// Ids below this have a bit: 128 KB of them at most.
const MOST_BITS: u32 = 1 << 20;

impl PersonSet {
    #[inline]
    pub fn contains(&self, person: PersonId) -> bool {
        match self.bits.get((person.0 / 64) as usize) {
            Some(bits) => bits >> (person.0 % 64) & 1 == 1,
            None => self.beyond.binary_search(&person).is_ok(),
        }
    }
}

impl FromIterator<PersonId> for PersonSet {
    fn from_iter<I: IntoIterator<Item = PersonId>>(persons: I) -> Self {
        let (near, mut beyond): (Vec<_>, Vec<_>) = persons.into_iter().partition(|person| person.0 < MOST_BITS);
        beyond.sort_unstable();
        let words = near.iter().max().map_or(0, |last| last.0 as usize / 64 + 1);
        let mut bits = vec![0u64; words];
        for PersonId(id) in near {
            bits[id as usize / 64] |= 1 << (id % 64);
        }
        Self { bits: bits.into(), beyond: beyond.into() }
    }
}

/// A device of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u32);

/// A group, by its place in the policy of one snapshot. Its name is in `policy::Policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u16);

/// Where a request came from, an IPv4-mapped address as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientAddr(IpAddr);

impl ClientAddr {
    pub fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    pub fn ip(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for ClientAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Declares an enum whose words are the ones written in files and shown to people.
macro_rules! words {
    ($(#[$doc:meta])* $enum:ident { $($(#[$vdoc:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $enum { $($(#[$vdoc])* $variant,)* }

        impl $enum {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word for it in files, logs and pages.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.word() == word)
            }

            /// The variant of this number, as stored in a record.
            pub fn from_u8(number: u8) -> Option<Self> {
                Self::ALL.get(usize::from(number)).copied()
            }
        }

        impl $crate::words::by_word::Word for $enum {
            fn read(text: &str) -> Option<Self> {
                Self::from_word(text)
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a person is to the school.
    PersonRole {
        Pupil "pupil",
        Staff "staff",
        Governor "governor",
        Supply "supply",
        Contractor "contractor",
        Volunteer "volunteer",
        Parent "parent",
        Visitor "visitor",
    }
}

words! {
    /// How we know who is asking. [`Known::trust`] says who is believed when two say different things.
    Known {
        /// Only the network is known: a group, never a person.
        Network "network",
        /// The register gives this device, by its fixed address, to the person.
        Address "address",
        /// The register gives this device, by its MAC, to the person.
        Mac "mac",
        /// The device calls itself so when it asks for an address: a label, which anybody can give a machine.
        HostName "host-name",
        /// Another system of the school says who is signed in there.
        Session "session",
        /// They signed in on the portal.
        Portal "portal",
        /// They signed in to the proxy, with a password.
        Basic "basic",
        /// They signed in to the network: 802.1X, told by RADIUS accounting.
        Radius "radius",
        /// They signed in to the domain, and the proxy has seen the ticket.
        Kerberos "kerberos",
        /// Many are behind this address: a group, never a person.
        Shared "shared",
    }
}

words! {
    /// How sure we are of who is asking. `Low` and `Group` never name a child in a headline.
    Confidence {
        Group "group",
        Low "low",
        Medium "medium",
        High "high",
    }
}

impl Known {
    /// Of two that say different things the one with more is believed; of two alike, the later.
    pub fn trust(self) -> u8 {
        match self {
            Self::Network | Self::Shared => 0,
            Self::HostName => 1,
            Self::Address => 2,
            Self::Mac => 3,
            Self::Session | Self::Portal | Self::Basic => 4,
            Self::Radius => 5,
            Self::Kerberos => 6,
        }
    }

    /// Whether somebody showed who they are, which a device that is given to somebody does not.
    pub fn is_sign_in(self) -> bool {
        self.trust() >= Self::Session.trust()
    }

    /// How sure we may be at most of who it is.
    pub fn at_best(self) -> Confidence {
        match self {
            Self::Network | Self::Shared => Confidence::Group,
            Self::HostName => Confidence::Low,
            Self::Address | Self::Mac | Self::Session | Self::Portal | Self::Basic => Confidence::Medium,
            Self::Radius | Self::Kerberos => Confidence::High,
        }
    }
}

impl Confidence {
    /// Whether a person may be named on page one of the report.
    pub fn may_name(self) -> bool {
        self >= Self::Medium
    }
}

/// Since when something is known, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Since(NonZeroU32);

impl Since {
    /// Of milliseconds since 1970. `None`: before 1970 or after 2106, which no clock that is set says.
    pub fn of_ms(ms: i64) -> Option<Self> {
        u32::try_from(ms.div_euclid(1000)).ok().and_then(Self::of_seconds)
    }

    /// Of seconds since 1970.
    pub fn of_seconds(seconds: u32) -> Option<Self> {
        NonZeroU32::new(seconds).map(Self)
    }

    pub fn seconds(self) -> u32 {
        self.0.get()
    }

    /// Milliseconds since 1970.
    pub fn ms(self) -> i64 {
        i64::from(self.seconds()) * 1000
    }
}

/// A network of the configuration, by its place in the policy of one snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkId(pub u16);

/// Most groups that one person is in. A person in more is refused by the register, which says so.
pub const MAX_GROUPS: usize = 8;

/// The groups someone is judged by: sorted, at most [`MAX_GROUPS`], held in place.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Groups {
    len: u8,
    ids: [u16; MAX_GROUPS],
}

impl Groups {
    pub fn one(group: GroupId) -> Self {
        Self::default().with(group)
    }

    /// These and one more. A group there is no place for is left out: check [`MAX_GROUPS`] where groups are given.
    #[must_use]
    pub fn with(mut self, group: GroupId) -> Self {
        let len = usize::from(self.len);
        if let Err(place) = self.ids[..len].binary_search(&group.0)
            && len < MAX_GROUPS
        {
            self.ids.copy_within(place..len, place + 1);
            self.ids[place] = group.0;
            self.len += 1;
        }
        self
    }

    pub fn contains(&self, group: GroupId) -> bool {
        self.ids[..usize::from(self.len)].binary_search(&group.0).is_ok()
    }

    pub fn iter(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.ids[..usize::from(self.len)].iter().map(|&id| GroupId(id))
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl FromIterator<GroupId> for Groups {
    fn from_iter<I: IntoIterator<Item = GroupId>>(groups: I) -> Self {
        groups.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|g| g.0)).finish()
    }
}

/// Who is asking, as far as we know: what every door gets for a client's address, and every event carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    pub client: ClientAddr,
    /// The device's hardware address, where the roster knows it.
    pub mac: Option<Mac>,
    pub network: NetworkId,
    pub device: Option<DeviceId>,
    pub person: Option<PersonId>,
    /// Never empty: at least the group of the network.
    pub groups: Groups,
    pub known: Known,
    pub sure: Confidence,
    /// Since when that is known. `None`: for as long as the register, or the configuration, says so.
    pub since: Option<Since>,
}

impl Who {
    /// Whether many are behind the address: no limit of one client's is theirs.
    pub fn is_many(&self) -> bool {
        self.known == Known::Shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_whom_it_was_made_of_and_an_id_that_somebody_made_up_takes_no_memory() {
        let all = [1, 64, 200, MOST_BITS - 1, MOST_BITS, u32::MAX - 1];
        let set: PersonSet = all.into_iter().map(PersonId).collect();
        for id in (0..400).chain([MOST_BITS - 2, MOST_BITS - 1, MOST_BITS, MOST_BITS + 1, u32::MAX - 1, u32::MAX]) {
            assert_eq!(set.contains(PersonId(id)), all.contains(&id), "{id}");
        }
        assert!(!PersonSet::default().contains(PersonId(0)));
        assert!(set.bits.len() * 64 <= MOST_BITS as usize);
    }
}
