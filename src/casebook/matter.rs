//! What a matter is called from one report to the next, and how grave it was when somebody looked at it.

use crate::journal::IsoWeek;
use crate::lists::phrases::Tier;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

use super::may::Concerns;

/// Longest text of an id.
const MAX_ID: usize = 160;

/// One theme of one subject in one week: `2026-W47.person-12.self-harm`. It stays the same however often the report is made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatterId {
    pub week: IsoWeek,
    /// `person-12`, `device-7`, `address-10.20.0.9`: by the register's numbers, which never mean anybody else.
    pub subject: String,
    /// The theme's id.
    pub theme: String,
}

/// This is no matter's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no matter; the report names each, such as 2026-W47.person-12.self-harm")]
pub struct BadMatter;

impl MatterId {
    /// The same theme of the same subject, in whatever week.
    pub fn is_alike(&self, other: &Self) -> bool {
        self.subject == other.subject && self.theme == other.theme
    }
}

impl fmt::Display for MatterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.week, self.subject, self.theme)
    }
}

impl FromStr for MatterId {
    type Err = BadMatter;

    fn from_str(text: &str) -> Result<Self, BadMatter> {
        let (week, rest) = text.trim().split_once('.').ok_or(BadMatter)?;
        let (subject, theme) = rest.rsplit_once('.').ok_or(BadMatter)?;
        let plain = |text: &str, more: &[char]| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || more.contains(&c))
        };
        if text.len() > MAX_ID || !plain(subject, &['.', ':']) || !plain(theme, &[]) {
            return Err(BadMatter);
        }
        let week = IsoWeek::parse(week).map_err(|_| BadMatter)?;
        Ok(Self { week, subject: subject.to_owned(), theme: theme.to_owned() })
    }
}

impl Serialize for MatterId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MatterId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How grave a matter is: more is a higher tier, or what was typed where before there were only visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gravity {
    pub tier: Tier,
    /// Something was searched for, not only visited.
    pub searched: bool,
}

impl Gravity {
    /// Whether this is more than somebody saw before.
    pub fn is_graver_than(self, before: Self) -> bool {
        self.tier > before.tier || self.searched && !before.searched
    }
}

/// What is known of a matter where somebody marks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterRef {
    pub id: MatterId,
    pub concerns: Concerns,
    /// Whom it is about, by their id in the register: the person, or whose the device is.
    pub person: Option<String>,
    pub gravity: Gravity,
    /// What it is called in lists: `Gambling, p0904`.
    pub title: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_and_nothing_else_is_one() {
        for text in ["2026-W47.person-12.self-harm", "2026-W01.address-10.20.0.9.bypass", "2026-W01.address-2001:db8::9.adult"] {
            assert_eq!(text.parse::<MatterId>().expect(text).to_string(), text);
        }
        for text in [
            "",
            "2026-W47",
            "2026-W47.person-12",
            "2026-W99.person-1.adult",
            "2026-W47..adult",
            "2026-W47.person-1.",
            "2026-W47.person 1.adult",
            "2026-W47.person-1.ad/ult",
            "2026-W47.<b>.adult",
        ] {
            assert_eq!(text.parse::<MatterId>(), Err(BadMatter), "{text}");
        }
    }

    #[test]
    fn what_is_typed_or_of_a_higher_tier_is_graver() {
        let of = |tier, searched| Gravity { tier, searched };
        for (now, before, graver) in [
            (of(Tier::Low, false), of(Tier::Low, false), false),
            (of(Tier::Low, true), of(Tier::Low, false), true),
            (of(Tier::Low, false), of(Tier::Low, true), false),
            (of(Tier::High, false), of(Tier::Low, true), true),
            (of(Tier::Low, true), of(Tier::High, true), false),
        ] {
            assert_eq!(now.is_graver_than(before), graver, "{now:?} after {before:?}");
        }
    }
}
