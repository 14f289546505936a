//! Safe search: which hosts are answered as others, and for whom.
//!
//! Operators of search engines, and YouTube, keep hosts on which their safe mode cannot be switched off. A school's DNS answers
//! the usual hosts as these (CNAME), and the proxy goes there.
//!
//! - [`engines`]  the hosts

pub mod engines;

use super::decide::counting_groups;
use super::{Policy, ProfileId};
use crate::words::{GroupId, Groups, Host};
use engines::{YOUTUBE, YOUTUBE_MODERATE, YOUTUBE_STRICT};

crate::words::person::words! {
    /// YouTube's restricted mode, the strictest last.
    Youtube {
        Off "off",
        Moderate "moderate",
        Strict "strict",
    }
}

/// What a profile has of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Safe {
    /// Search engines are answered as their safe hosts.
    pub search: bool,
    pub youtube: Youtube,
}

impl Safe {
    /// What a profile that says nothing has.
    pub const STRICTEST: Self = Self { search: true, youtube: Youtube::Strict };
}

impl std::fmt::Display for Safe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let search = if self.search { "safe search" } else { "search as it is" };
        match self.youtube {
            Youtube::Off => write!(f, "{search}, YouTube as it is"),
            mode => write!(f, "{search}, YouTube {mode}"),
        }
    }
}

/// A host that is answered as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewrite {
    /// As people know it: 'Google'.
    pub engine: &'static str,
    /// What it is answered as.
    pub target: &'static str,
    /// The group whose profile has it so: the strictest of those that count.
    pub group: GroupId,
    pub profile: ProfileId,
}

/// What an allowed host is answered as for someone in these groups. `None`: as itself.
///
/// Whatever step allowed it: an entry that opens a host opens it with its safe mode, which is the group's. It looks at the host
/// first: few hosts are of an engine.
pub fn rewrite(host: &Host, groups: &Groups, policy: &Policy) -> Option<Rewrite> {
    let engine = engines::engine(host.as_str())?;
    let is_youtube = engine.name == YOUTUBE.name;
    let mut said: Option<(Youtube, Rewrite)> = None;
    for (group, profile) in counting_groups(groups, policy) {
        let safe = policy.profile(profile).map_or(Safe::STRICTEST, |p| p.safe);
        let strictness = match (is_youtube, safe.search) {
            (true, _) => safe.youtube,
            (false, true) => Youtube::Strict,
            (false, false) => Youtube::Off,
        };
        let target = match strictness {
            Youtube::Off => continue,
            Youtube::Moderate => YOUTUBE_MODERATE,
            Youtube::Strict if is_youtube => YOUTUBE_STRICT,
            Youtube::Strict => engine.safe,
        };
        if said.is_none_or(|(strictest, _)| strictness > strictest) {
            said = Some((strictness, Rewrite { engine: engine.name, target, group, profile }));
        }
    }
    said.map(|(_, rewrite)| rewrite)
}

/// What the profiles of someone in these groups have of it: of each the strictest that counts.
pub fn strictest(groups: &Groups, policy: &Policy) -> Safe {
    let of = |(_, profile)| policy.profile(profile).map_or(Safe::STRICTEST, |p| p.safe);
    let both = |one: Safe, other: Safe| Safe { search: one.search || other.search, youtube: one.youtube.max(other.youtube) };
    counting_groups(groups, policy).map(of).reduce(both).unwrap_or(Safe::STRICTEST)
}

impl Rewrite {
    /// What a profile that leaves it alone says.
    pub fn off(&self) -> &'static str {
        if self.engine == YOUTUBE.name { "youtube = \"off\"" } else { "safe_search = false" }
    }

    /// The target as a host.
    pub fn host(&self) -> Host {
        // The tables hold nothing else: a test reads each.
        Host::parse_ascii(self.target.as_bytes()).unwrap_or(Host::from(std::net::IpAddr::from([0, 0, 0, 0])))
    }
}

#[cfg(test)]
mod tests;
