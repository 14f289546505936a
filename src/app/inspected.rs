//! What `status` says of looking into TLS, and what of it needs somebody.

use crate::gate::rejections::Proposal;
use crate::gate::snapshot::local_time;
use crate::gate::{Gate, Snapshot};

/// Seconds before the authority ends from which `status` says so: 180 days, as its follower must reach every device first.
const AHEAD: i64 = 180 * 24 * 60 * 60;

/// Most exceptions, and most devices without the authority, that have a line each.
const SHOWN: usize = 5;

/// A line of what is so; lines of what needs somebody.
pub fn inspected(gate: &Gate, snapshot: &Snapshot, now_ms: i64, needs_you: &mut Vec<String>) -> Option<String> {
    let config = &snapshot.config;
    let inspection = match &snapshot.inspection {
        None => {
            if !config.inside.networks.is_empty() {
                needs_you.push(
                    "a network says `ca = \"installed\"`, and the school has no authority: `schoolgate ca init` makes it".into(),
                );
            }
            return None;
        }
        Some(Err(why)) => {
            needs_you.push(format!("nothing is looked into: {why}"));
            return Some("none that can be used".into());
        }
        Some(Ok(inspection)) => inspection,
    };
    let until = local_time(config, inspection.authority.ends.saturating_mul(1000));
    let left = inspection.authority.ends.saturating_sub(now_ms.div_euclid(1000));
    if inspection.follows {
        needs_you.push(
            "the authority that follows is made, and the old one signs: when devices have it, `schoolgate ca roll --take`".into(),
        );
    } else if left < 0 {
        needs_you
            .push(format!("the certificate authority ended on {until}, and devices turn away from it: `schoolgate ca roll`"));
    } else if left < AHEAD {
        needs_you.push(format!("the certificate authority ends on {until}: `schoolgate ca roll` makes the one that follows"));
    }
    needs_you.extend(proposals(gate));
    let named = |id| config.policy.network(id).map_or("", |network| network.name.as_str());
    let networks: Vec<_> = config.inside.networks.iter().map(|id| named(*id)).collect();
    let on = if networks.is_empty() {
        "no network has it installed".to_owned()
    } else {
        format!("looks inside on {}", networks.join(", "))
    };
    let revoked = match inspection.crls {
        0 => "whether an origin's certificate was taken back is not known".to_owned(),
        count => format!("{count} revocation lists"),
    };
    Some(format!("until {until}; {on}; {revoked}"))
}

fn proposals(gate: &Gate) -> Vec<String> {
    let (mut hosts, mut clients) = (Vec::new(), Vec::new());
    for proposal in gate.rejections.proposals() {
        match proposal {
            Proposal::Except(host, turned) => hosts.push(format!(
                "{host} turned the gate's certificate away ({} times, {} devices, {}): if an app takes its maker's only, \
                 `[inside] except = [\"{host}\"]` leaves it alone",
                turned.times,
                turned.clients.len(),
                turned.said
            )),
            Proposal::Without(client, count) => clients.push(format!(
                "the device at {client} turned the gate's certificate away at {count} hosts and took it at none: \
                 it does not have the school's authority"
            )),
        }
    }
    [clients, hosts].into_iter().flat_map(|lines| first(lines)).collect()
}

fn first(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0
        && let Some(last) = lines.last_mut()
    {
        last.push_str(&format!(" (and {more} more)"));
    }
    lines
}
