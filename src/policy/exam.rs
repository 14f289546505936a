//! Exams: a room, a group or people held to a short list, from and until a time.

use super::Whom;
use crate::words::{Host, Who};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// One exam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exam {
    pub id: u16,
    pub whom: Whom,
    /// Milliseconds since 1970.
    pub from_ms: i64,
    pub until_ms: i64,
    /// What stays open, each with everything below it, beside what machines need.
    pub allow: Vec<Host>,
    pub by: String,
    pub reason: String,
}

impl Exam {
    pub fn in_force(&self, now_ms: i64) -> bool {
        (self.from_ms..self.until_ms).contains(&now_ms)
    }
}

/// Every exam of a snapshot: those to come, those that are on, those that have ended since. A clone shares them.
#[derive(Debug, Clone, Default)]
pub struct Exams(Arc<[Exam]>);

impl Exams {
    pub fn new(exams: impl IntoIterator<Item = Exam>) -> Self {
        Self(exams.into_iter().collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Exam> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The exam they are in; of several, the first that was written. `v4`: the IPv4 addresses of a device that asks from another.
    pub fn holding(&self, who: &Who, v4: impl Fn() -> [Option<Ipv4Addr>; 2], now_ms: i64) -> Option<&Exam> {
        let holds = |whom: &Whom| {
            let Whom::Room(ranges) = whom else { return whom.holds(who) };
            whom.holds(who) || v4().into_iter().flatten().any(|v4| ranges.iter().any(|range| range.contains(v4.into())))
        };
        self.iter().find(|exam| exam.in_force(now_ms) && holds(&exam.whom))
    }
}
