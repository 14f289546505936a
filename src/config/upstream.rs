//! Whom the resolver asks, by which protocol, and whose certificate must be shown.

use super::fault::{Wrong, shown};
use super::file::Section;
use super::item::{Item, List};
use super::values;
use crate::words::Host;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// More resolvers than anybody asks for one zone.
const MAX_UPSTREAMS: usize = 16;

/// Where DNS over HTTPS is asked unless the URL says otherwise (RFC 8484 §4.1.1 leaves it open; this is what all have).
const PATH: &str = "/dns-query";

/// Longest path of a URL; they have some ten characters, those that name an account some fifty.
const MAX_PATH: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// UDP, and TCP for what does not fit.
    Udp,
    Tcp,
    /// RFC 7858.
    Tls,
    /// RFC 8484, over HTTP/2.
    Https,
}

/// One resolver that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    pub protocol: Protocol,
    /// Its address; or its name, for which `bootstrap` is asked.
    pub host: Host,
    pub port: u16,
    /// What its certificate must name: what stands behind `#`, else `host`.
    pub certificate: Host,
    /// Of its URL; empty unless it is asked over HTTPS.
    pub path: String,
    /// Who is asked, over UDP, for the address of a resolver written by name.
    pub bootstrap: Arc<[SocketAddr]>,
    /// Signatures of its answers are checked here (RFC 4035).
    pub dnssec: bool,
    /// Its word that it has checked them (the AD bit) is passed on: whoever is asked in the clear can be spoken for.
    pub trusted_ad: bool,
}

impl Upstream {
    fn new(protocol: Protocol, host: Host, port: u16) -> Self {
        let (path, bootstrap) = (String::new(), Arc::from([]));
        Self { protocol, host, port, certificate: host, path, bootstrap, dnssec: false, trusted_ad: false }
    }

    /// Where it is, if it is written by address.
    pub fn address(&self) -> Option<SocketAddr> {
        self.host.address().map(|ip| SocketAddr::new(ip, self.port))
    }
}

impl From<SocketAddr> for Upstream {
    /// Over UDP, in the clear.
    fn from(address: SocketAddr) -> Self {
        Self::new(Protocol::Udp, Host::from(address.ip()), address.port())
    }
}

/// As it may be written; what is asked in the clear over UDP, as address and port.
impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.protocol {
            Protocol::Udp => "",
            Protocol::Tcp => "tcp://",
            Protocol::Tls => "tls://",
            Protocol::Https => "https://",
        };
        f.write_str(scheme)?;
        match self.address() {
            Some(address) => write!(f, "{address}")?,
            None => write!(f, "{}:{}", self.host, self.port)?,
        }
        f.write_str(&self.path)?;
        if self.certificate != self.host { write!(f, "#{}", self.certificate) } else { Ok(()) }
    }
}

/// The resolvers of a key, each a text or `{ at = "…", dnssec = true, trusted_ad = true }`.
pub(super) fn list(section: &Section, key: &'static str, bootstrap: &[SocketAddr]) -> Option<List<Upstream>> {
    let bootstrap: Arc<[SocketAddr]> = bootstrap.into();
    let text = |item: &Item| {
        let mut upstream = one(item)?;
        if upstream.address().is_none() {
            if bootstrap.is_empty() {
                let label = "its address, with the name behind `#`, or `bootstrap` under [dns]";
                return Err(Wrong::new(format!("nobody is asked for the address of {}", shown(upstream.host.as_str())), label)
                    .help("[dns] bootstrap = [\"9.9.9.9\", \"149.112.112.112\"]"));
            }
            upstream.bootstrap = bootstrap.clone();
        }
        Ok(upstream)
    };
    let list = section.texts_or_tables(key, text, |table| {
        let at = table.need("at", text);
        let dnssec = table.value("dnssec", Item::flag).is_some_and(|v| v.value);
        let trusted_ad = table.value("trusted_ad", Item::flag);
        if let Some(trusted) = trusted_ad.filter(|t| t.value && dnssec) {
            let wrong = Wrong::new("its signatures are checked here: its own word is not needed", "delete one of the two");
            table.fault(wrong.at(trusted.place));
        }
        Some(Upstream { dnssec, trusted_ad: trusted_ad.is_some_and(|t| t.value), ..at?.value })
    })?;
    if let Some(first) = list.items.get(MAX_UPSTREAMS) {
        section.fault(Wrong::new("these are too many resolvers", format!("at most {MAX_UPSTREAMS}")).at(first.place));
    }
    Some(list)
}

/// `9.9.9.9`, `192.0.2.53:5353`, `tcp://9.9.9.9`, `tls://9.9.9.9#dns.quad9.net`, `https://dns.quad9.net/dns-query`.
fn one(item: &Item) -> Result<Upstream, Wrong> {
    let text = item.text()?;
    let Some((scheme, rest)) = text.split_once("://") else { return Ok(values::upstream(item)?.into()) };
    let wrong = |label: &str| Wrong::new(format!("{} is not a resolver", shown(text)), label);
    let (protocol, port) = match scheme {
        "udp" => (Protocol::Udp, 53),
        "tcp" => (Protocol::Tcp, 53),
        "tls" => (Protocol::Tls, 853),
        "https" => (Protocol::Https, 443),
        _ => return Err(wrong("an address, or one of `tcp://`, `tls://`, `https://` before it")),
    };
    let encrypted = matches!(protocol, Protocol::Tls | Protocol::Https);
    let (rest, certificate) = match rest.split_once('#') {
        Some((rest, name)) => (rest, Some(Host::parse(name).map_err(|bad| wrong(&format!("behind `#`: {bad}")))?)),
        None => (rest, None),
    };
    if certificate.is_some() && !encrypted {
        return Err(wrong("without `#`: only `tls://` and `https://` show a certificate"));
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = place(authority, port).ok_or_else(|| wrong("an address or a name behind `://`, perhaps with a port"))?;
    if !encrypted && host.address().is_none() {
        return Err(wrong("its address, such as \"tcp://9.9.9.9\""));
    }
    let path = match (protocol, path) {
        (Protocol::Https, "" | "/") => PATH,
        (Protocol::Https, path) if path.len() <= MAX_PATH && path.bytes().all(|b| b.is_ascii_graphic()) => path,
        (_, "" | "/") if protocol != Protocol::Https => "",
        _ => return Err(wrong("without what stands behind the address")),
    };
    let certificate = certificate.unwrap_or(host);
    if protocol == Protocol::Https && certificate.address().is_some_and(|ip| ip.is_ipv6()) {
        return Err(wrong("with the name of its certificate behind `#`: over HTTPS an IPv6 address is none"));
    }
    Ok(Upstream { certificate, path: path.to_owned(), ..Upstream::new(protocol, host, port) })
}

/// A host and a port that can be reached: `9.9.9.9`, `9.9.9.9:853`, `[2620:fe::fe]:853`, `dns.quad9.net`.
fn place(text: &str, port: u16) -> Option<(Host, u16)> {
    let (host, port) = if let Ok(address) = text.parse::<SocketAddr>() {
        (Host::from(address.ip()), address.port())
    } else if let Ok(host) = Host::parse(text) {
        (host, port)
    } else {
        let (host, port) = text.rsplit_once(':')?;
        (Host::parse(host).ok()?, port.parse().ok()?)
    };
    let reachable = |ip: IpAddr| !ip.is_unspecified() && !ip.is_multicast();
    (port != 0 && host.address().is_none_or(reachable)).then_some((host, port))
}
