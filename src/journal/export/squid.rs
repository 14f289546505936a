//! squid's native access.log: `time elapsed client code/status bytes method URL user hierarchy/peer type`
//! (wiki.squid-cache.org, Features/LogFormat), ten fields with a space between.

use super::Line;
use crate::words::escaped;
use std::borrow::Cow;

/// The event as one line of squid's log, without its end. A DNS question has the method `DNS`, a code of UDP and no status.
pub fn squid(line: &Line) -> String {
    let dns = line.door == "dns";
    let blocked = line.action == "block";
    let method = if dns { "DNS" } else { line.method.as_deref().unwrap_or("NONE") };
    let code = match (dns, blocked) {
        (true, true) => "UDP_DENIED",
        (true, false) => "UDP_MISS",
        (false, true) => "TCP_DENIED",
        (false, false) if method == "CONNECT" => "TCP_TUNNEL",
        (false, false) => "TCP_MISS",
    };
    let peer = match (&line.host, blocked || dns) {
        (Some(host), false) => format!("HIER_DIRECT/{}", escaped(host)),
        _ => "HIER_NONE/-".to_owned(),
    };
    format!(
        "{:>10}.{:03} {:>6} {} {code}/{:03} {} {} {} {} {peer} -",
        line.when_ms.div_euclid(1000),
        line.when_ms.rem_euclid(1000),
        line.duration,
        or_dash(&line.client),
        if dns { 0 } else { line.status },
        line.bytes.down,
        escaped(method),
        url(line, method),
        or_dash(&line.person),
    )
}

fn or_dash(text: &Option<String>) -> Cow<'_, str> {
    text.as_deref().map_or(Cow::Borrowed("-"), escaped)
}

/// What squid would call the URL: `host:port` for CONNECT, the name for DNS.
fn url(line: &Line, method: &str) -> String {
    let Some(host) = &line.host else { return "-".to_owned() };
    // An IPv6 literal has brackets in a URL (RFC 3986 §3.2.2).
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let host = escaped(&bracketed);
    let port = line.port.unwrap_or(80);
    match (method, port) {
        ("DNS", _) => host.into_owned(),
        ("CONNECT", port) => format!("{host}:{port}"),
        (_, 80) => format!("http://{host}{}", path(line)),
        (_, 443) => format!("https://{host}{}", path(line)),
        (_, port) => format!("http://{host}:{port}{}", path(line)),
    }
}

fn path(line: &Line) -> Cow<'_, str> {
    line.path.as_deref().map_or(Cow::Borrowed("/"), escaped)
}
