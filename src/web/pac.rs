//! The proxy auto-configuration file: which requests a browser hands to the proxy, as a function of JavaScript that it runs.
//!
//! At `/proxy.pac`, and at `/wpad.dat` for machines that look for `wpad.` in their zone (draft-ietf-wrec-wpad-01). What is the
//! school's own goes straight there; all else to the proxy and nowhere beside it: what cannot reach the gate fails, and does not go
//! round it.

use super::front;
use super::hall::{Hall, Peer};
use crate::config::Config;
use crate::words::{Host, Network};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::{HeaderMap, StatusCode};
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Addresses that mean this machine or the network it is in, wherever it is (RFC 1122, RFC 1918, RFC 3927).
const PRIVATE: [(&str, &str); 5] = [
    ("127.0.0.0", "255.0.0.0"),
    ("10.0.0.0", "255.0.0.0"),
    ("172.16.0.0", "255.240.0.0"),
    ("192.168.0.0", "255.255.0.0"),
    ("169.254.0.0", "255.255.0.0"),
];

/// How long a browser may keep it: a change reaches everyone within a lesson.
const KEPT: &str = "max-age=1800";

pub async fn page(State(hall): State<Arc<Hall>>, peer: Peer, headers: HeaderMap) -> Response {
    let Some(visit) = hall.gate.visit(peer.client) else {
        hall.gate.counters.strangers.inc();
        return (StatusCode::FORBIDDEN, "This file is for the school's own networks.\n").into_response();
    };
    match at(&hall.proxy, peer.local) {
        Some(at) => {
            let headers = [(CONTENT_TYPE, "application/x-ns-proxy-autoconfig"), (CACHE_CONTROL, KEPT)];
            let config = &visit.snapshot.config;
            let asks = config.sources.asks_at(visit.who.network);
            // A ticket is for a name, which the browser takes from here.
            let service = config.proxy.kerberos.as_ref().filter(|_| asks.negotiate).map(|kerberos| &kerberos.host);
            let over_tls = over_tls(config, service).filter(|_| asks.basic || asks.negotiate).unwrap_or_default();
            let plain = service.map_or_else(|| at.to_string(), |host| format!("{host}:{}", at.port()));
            (headers, file(config, &format!("{over_tls}PROXY {plain}"))).into_response()
        }
        None => front::nothing(State(hall), headers).await,
    }
}

/// The proxy over TLS, by the name in its certificate: for those who are asked who they are. `None`: its port is not written, or
/// tickets are for another name than the certificate.
fn over_tls(config: &Config, service: Option<&Host>) -> Option<String> {
    let port = config.proxy.tls_listen.first()?.port();
    let name = &config.dns.encrypted.as_ref()?.by.name;
    (port != 0 && service.is_none_or(|service| service == name)).then(|| format!("HTTPS {name}:{port}; "))
}

/// Where a client that reached us at `local` reaches the proxy: there, if the proxy listens there, else where it does.
fn at(proxy: &[SocketAddr], local: IpAddr) -> Option<SocketAddr> {
    let local = local.to_canonical();
    let here = proxy.iter().find(|p| p.ip() == local || p.ip().is_unspecified() && p.is_ipv4() == local.is_ipv4());
    match here {
        Some(here) => Some(SocketAddr::new(local, here.port())),
        None => proxy.iter().find(|p| !p.ip().is_unspecified()).copied(),
    }
}

/// Every word of it is a host, an address or a number: nothing in it can end a string of JavaScript.
fn file(config: &Config, through: &str) -> String {
    let proxy = &config.proxy;
    let mut js = String::from("function FindProxyForURL(url, host) {\n  host = host.toLowerCase().replace(/\\.$/, \"\");\n");
    // A name without a dot is in the machine's own zone.
    js.push_str("  if (host.indexOf(\".\") < 0 && host.indexOf(\":\") < 0) return \"DIRECT\";\n");
    js.push_str("  if (/^\\d+\\.\\d+\\.\\d+\\.\\d+$/.test(host)) {\n");
    let own = proxy.internal_networks.iter().filter_map(|n| Some((n, mask(n)?)));
    let ranges = PRIVATE.iter().map(|(base, mask)| (base.to_string(), mask.to_string()));
    for (base, mask) in ranges.chain(own.map(|(n, mask)| (n.base().to_string(), mask.to_string()))) {
        let _ = writeln!(js, "    if (isInNet(host, \"{base}\", \"{mask}\")) return \"DIRECT\";");
    }
    js.push_str("  }\n  if (/^\\[?(::1|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/.test(host)) return \"DIRECT\";\n");
    for zone in proxy.internal_zones.iter().chain(&proxy.direct) {
        let _ = writeln!(js, "  if (host == \"{zone}\" || dnsDomainIs(host, \".{zone}\")) return \"DIRECT\";");
    }
    // Who signs in is known by where they come from.
    if let Some(by) = &config.web.by {
        let _ = writeln!(js, "  if (host == \"{}\") return \"DIRECT\";", by.name);
    }
    // What cannot speak TLS to a proxy is nobody's there, and judged so.
    let _ = write!(js, "  return \"{through}\";\n}}\n");
    js
}

fn mask(network: &Network) -> Option<std::net::Ipv4Addr> {
    let IpAddr::V4(_) = network.base() else { return None };
    let bits = u32::MAX.checked_shl(32 - u32::from(network.prefix())).unwrap_or(0);
    Some(bits.into())
}
