//! What the doors have done since the start: read by `/metrics` and `status`.

use crate::journal::Door;
use crate::policy::Action;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Which door, and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Decision {
    pub door: &'static str,
    pub action: &'static str,
}

/// Counters of the doors. No label holds a person, a client or a host.
#[derive(Debug, Default)]
pub struct Counters {
    pub decisions: Family<Decision, Counter>,
    /// Requests from addresses in no network of the school.
    pub strangers: Counter,
    /// Messages that could not be read.
    pub malformed: Counter,
    /// Questions that no upstream answered in time.
    pub upstream_failures: Counter,
    /// Questions there was no room for: SERVFAIL.
    pub overloads: Counter,
    /// Connections refused because the address they lead to is not for clients.
    pub refused_destinations: Counter,
}

impl Counters {
    /// Verdicts by door and action, in order of both.
    pub fn by_door_and_action(&self) -> Vec<(String, String, u64)> {
        let mut counts = Vec::new();
        for door in Door::ALL {
            for action in Action::ALL {
                let decision = Decision { door: door.word(), action: action.word() };
                let count = self.decisions.get(&decision).map_or(0, |counter| counter.get());
                if count > 0 {
                    counts.push((door.to_string(), action.to_string(), count));
                }
            }
        }
        counts
    }

    pub fn register(&self, registry: &mut Registry) {
        registry.register("decisions", "Verdicts by door and action", self.decisions.clone());
        registry.register("strangers", "Requests from addresses in no network of the school", self.strangers.clone());
        registry.register("malformed", "Messages that could not be read", self.malformed.clone());
        registry.register("upstream_failures", "Questions no upstream answered in time", self.upstream_failures.clone());
        registry.register("overloads", "Questions there was no room for", self.overloads.clone());
        registry.register(
            "refused_destinations",
            "Connections to addresses that are not for clients",
            self.refused_destinations.clone(),
        );
    }
}
