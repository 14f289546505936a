//! What the doors have done since the start: read by `/metrics` and `status`.

use crate::journal::Door;
use crate::policy::Action;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Which door, and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decision {
    door: &'static str,
    action: &'static str,
}

/// More doors and more actions than there are.
const DOORS: usize = 8;
const ACTIONS: usize = 8;
const _: () = assert!(Door::ALL.len() <= DOORS && Action::ALL.len() <= ACTIONS);

/// How many threads count beside one another. With one number for all, a core waits for the other at every packet.
const SHARDS: usize = 16;

/// Verdicts by door and action, counted by each thread in lines of its own and added up by who reads them.
#[derive(Debug, Clone, Default)]
pub struct Decisions(Arc<[Shard; SHARDS]>);

/// A thread's counts, in cache lines that no other thread writes.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard([[AtomicU64; ACTIONS]; DOORS]);

thread_local! {
    static MINE: Cell<Option<usize>> = const { Cell::new(None) };
}

impl Decisions {
    /// Counts one verdict, or as many as one event stands for.
    pub fn add(&self, door: Door, action: Action, count: u64) {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let mine = MINE.get().unwrap_or_else(|| {
            let mine = NEXT.fetch_add(1, Relaxed) % SHARDS;
            MINE.set(Some(mine));
            mine
        });
        self.0[mine].0[door as usize][action as usize].fetch_add(count, Relaxed);
    }

    /// Those that are not zero, in order of door and action.
    fn all(&self) -> Vec<(Door, Action, u64)> {
        let pairs = Door::ALL.iter().flat_map(|&door| Action::ALL.iter().map(move |&action| (door, action)));
        let sum = |door: Door, action: Action| self.0.iter().map(|s| s.0[door as usize][action as usize].load(Relaxed)).sum();
        pairs.map(|(door, action)| (door, action, sum(door, action))).filter(|(.., count)| *count > 0).collect()
    }
}

impl Collector for Decisions {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut family = encoder.encode_descriptor("decisions", "Verdicts by door and action", None, MetricType::Counter)?;
        for (door, action, count) in self.all() {
            let labels = Decision { door: door.word(), action: action.word() };
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// Counters of the doors. No label holds a person, a client or a host.
#[derive(Debug, Default)]
pub struct Counters {
    pub decisions: Decisions,
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
    /// Tunnels that are open.
    pub tunnels: Gauge,
    /// Connections the proxy holds at once, at most.
    pub most_connections: Gauge,
    /// Octets that tunnels have moved, both ways.
    pub tunnel_bytes: Counter,
    /// Pages that were to be scored, and came packed in a way that was not asked for.
    pub unscored: Counter,
    /// Open connections closed because they would be blocked by now.
    pub closed_anew: Counter,
}

impl Counters {
    /// Verdicts by door and action, in order of both.
    pub fn by_door_and_action(&self) -> Vec<(String, String, u64)> {
        self.decisions.all().into_iter().map(|(door, action, count)| (door.to_string(), action.to_string(), count)).collect()
    }

    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(self.decisions.clone()));
        registry.register("strangers", "Requests from addresses in no network of the school", self.strangers.clone());
        registry.register("malformed", "Messages that could not be read", self.malformed.clone());
        registry.register("upstream_failures", "Questions no upstream answered in time", self.upstream_failures.clone());
        registry.register("overloads", "Questions there was no room for", self.overloads.clone());
        registry.register(
            "refused_destinations",
            "Connections to addresses that are not for clients",
            self.refused_destinations.clone(),
        );
        registry.register("tunnels", "Tunnels that are open", self.tunnels.clone());
        registry.register("most_connections", "Connections the proxy holds at most", self.most_connections.clone());
        registry.register("tunnel_bytes", "Octets that tunnels have moved, both ways", self.tunnel_bytes.clone());
        registry.register("unscored", "Pages to be scored that came in a packing nobody asked for", self.unscored.clone());
        let closed = "Open connections closed because they would be blocked by now";
        registry.register("closed_anew", closed, self.closed_anew.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_threads_counted_is_one_sum_in_the_metrics() {
        let counters = Counters::default();
        std::thread::scope(|scope| {
            for _ in 0..2 * SHARDS {
                scope.spawn(|| (0..100).for_each(|_| counters.decisions.add(Door::Dns, Action::Block, 1)));
            }
        });
        counters.decisions.add(Door::Proxy, Action::Allow, 3);
        let expected = [("dns", "block", 3_200), ("proxy", "allow", 3)].map(|(d, a, n)| (d.to_owned(), a.to_owned(), n));
        assert_eq!(counters.by_door_and_action(), expected);
        let mut registry = Registry::with_prefix("schoolgate");
        counters.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).expect("written");
        assert!(text.contains("schoolgate_decisions_total{door=\"dns\",action=\"block\"} 3200"), "{text}");
        assert!(text.contains("# TYPE schoolgate_decisions counter"), "{text}");
    }
}
