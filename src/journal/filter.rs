//! Which events are asked for.

use super::event::Event;
use super::rows;
use crate::policy::Action;
use crate::words::{Category, DeviceId, PersonId};
use std::net::IpAddr;

/// Which events of a week are wanted: those that meet every condition given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub person: Option<PersonId>,
    pub device: Option<DeviceId>,
    pub client: Option<IpAddr>,
    /// This host, and every host below it.
    pub host: Option<String>,
    pub action: Option<Action>,
    /// The category that decided, or any that the lists say.
    pub category: Option<Category>,
    /// From this moment on, in milliseconds since 1970; of what one row stands for, the last.
    pub since_ms: Option<i64>,
    /// Before this moment; of what one row stands for, the first.
    pub until_ms: Option<i64>,
    /// After this seq: what is new since the last look.
    pub after: Option<u64>,
    /// Up to this seq.
    pub upto: Option<u64>,
}

impl Filter {
    /// Whether an event of this seq meets it.
    pub fn matches(&self, seq: u64, event: &Event) -> bool {
        let who = event.who.as_ref();
        let last_ms = event.span.map_or(event.when_ms, |span| span.last_ms);
        self.after.is_none_or(|after| seq > after)
            && self.upto.is_none_or(|upto| seq <= upto)
            && self.person.is_none_or(|id| who.is_some_and(|w| w.person == Some(id)))
            && self.device.is_none_or(|id| who.is_some_and(|w| w.device == Some(id)))
            && self.client.is_none_or(|ip| who.is_some_and(|w| w.client.ip() == ip.to_canonical()))
            && self.action.is_none_or(|action| event.action == action)
            && self.category.is_none_or(|c| event.category == Some(c) || event.categories.contains(c))
            && self.since_ms.is_none_or(|since| last_ms >= since)
            && self.until_ms.is_none_or(|until| event.when_ms < until)
            && self.host.as_ref().is_none_or(|host| {
                let (host, below) = rows::host_and_below(host);
                event.host == host || event.host.ends_with(&below)
            })
    }
}
