//! What every request to the web door uses, and for whom which page is.

use super::status;
use crate::config::Config;
use crate::gate::Gate;
use crate::net::own::OwnAddresses;
use crate::pages::HEADERS;
use crate::words::{ClientAddr, Host};
use axum::body::Body;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use prometheus_client::registry::Registry;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Who called, and which address of ours: put beside every request by the connection it came on.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    pub client: ClientAddr,
    pub local: IpAddr,
}

/// What every request uses.
pub struct Desk {
    pub gate: Arc<Gate>,
    pub metrics: Registry,
    /// Where the proxy listens.
    pub proxy: Vec<SocketAddr>,
    own: OwnAddresses,
}

impl Desk {
    pub fn open(gate: Arc<Gate>, proxy: Vec<SocketAddr>) -> Self {
        Self { metrics: status::registry(&gate), gate, proxy, own: OwnAddresses::read() }
    }

    /// Whether a Host is this box: its name or `wpad`, alone or in a zone of the school's own, `localhost`, or an
    /// address it has.
    pub fn is_this_box(&self, host: &Host, peer: &Peer, config: &Config) -> bool {
        if let Some(address) = host.address() {
            return address == peer.local.to_canonical() || self.own.contains(address);
        }
        // The name alone, or in a zone of the school's own; `wpad` is what browsers ask for their proxy by.
        let gateway = config.school.gateway.to_ascii_lowercase();
        let alone = |name: &str| name == "wpad" || Host::parse(name).is_ok() && name == gateway;
        let zoned = |zone: &Host| host.as_str().strip_suffix(zone.as_str()).and_then(|h| h.strip_suffix('.'));
        host.as_str() == "localhost" || alone(host.as_str()) || config.proxy.internal_zones.iter().filter_map(zoned).any(alone)
    }

    /// Whether health and metrics are for this client.
    pub fn may_read_status(&self, client: ClientAddr) -> bool {
        let snapshot = self.gate.snapshot();
        client.ip().is_loopback() || snapshot.config.web.status_from.iter().any(|n| n.contains(client.ip()))
    }
}

/// A page with the headers of every page.
pub fn page(status: StatusCode, html: String) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
