//! `/healthz` and `/metrics`.

use super::hall::{Hall, Peer};
use crate::gate::Gate;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// The OpenMetrics text format, as prometheus-client writes it.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub async fn health(State(hall): State<Arc<Hall>>, peer: Peer) -> Response {
    if !hall.may_read_status(peer.client) {
        return not_for_you();
    }
    (StatusCode::OK, [(CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

pub async fn metrics(State(hall): State<Arc<Hall>>, peer: Peer) -> Response {
    if !hall.may_read_status(peer.client) {
        return not_for_you();
    }
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &hall.metrics) {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS), (CACHE_CONTROL, "no-store")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn not_for_you() -> Response {
    (StatusCode::FORBIDDEN, "Status is for this machine and the networks of [web] status_from.\n").into_response()
}

/// Everything that is counted, each name beginning with `schoolgate_`.
pub fn registry(gate: &Arc<Gate>) -> Registry {
    let mut registry = Registry::with_prefix("schoolgate");
    gate.counters.register(&mut registry);
    registry.register_collector(Box::new(Live { gate: gate.clone(), since: Instant::now() }));
    registry
}

/// What others count, read when it is asked for.
struct Live {
    gate: Arc<Gate>,
    since: Instant,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("since", &self.since).finish_non_exhaustive()
    }
}

impl Collector for Live {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let tally = self.gate.journal.tally();
        for (name, help, count) in [
            ("events_written", "Events in segments and week files", tally.written),
            ("events_dropped", "Events for which there was no room", tally.dropped),
            ("events_replayed", "Events taken over from before the start", tally.replayed),
            ("week_files_broken", "Week files that could not be read and were set aside", tally.broken),
        ] {
            ConstCounter::new(count).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let snapshot = self.gate.snapshot();
        for (name, help, unit, value) in [
            ("events_undated", "Events that wait for the clock to be set", None, tally.undated as i64),
            ("week_files_unchecked", "Week files not looked through since the start", None, tally.unchecked as i64),
            ("journal_stalled", "1 while the disk takes no events", None, i64::from(tally.stalled)),
            (
                "journal_left_out",
                "1 while the disk is nearly full: paths and searches of what was allowed are left out",
                None,
                i64::from(tally.left_out),
            ),
            (
                "journal_summed",
                "1 while the disk is all but full: what was allowed is kept as sums alone",
                None,
                i64::from(tally.summed),
            ),
            ("table_damaged", "1 while the disk has spoilt the table", None, i64::from(snapshot.condition.damaged.is_some())),
            ("lists", "Sources in the table of lists", None, snapshot.table.lists().len() as i64),
            ("policy_version", "The version that events are judged by now", None, i64::from(snapshot.version)),
            ("tasks", "Tasks of the doors that are under way, each connection's among them", None, tasks()),
            ("uptime", "Since this door was opened", Some(&Unit::Seconds), self.since.elapsed().as_secs() as i64),
        ] {
            ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?)?;
        }
        Ok(())
    }
}

/// Outside of a runtime there is none.
fn tasks() -> i64 {
    let alive = tokio::runtime::Handle::try_current().map_or(0, |runtime| runtime.metrics().num_alive_tasks());
    i64::try_from(alive).unwrap_or(i64::MAX)
}
