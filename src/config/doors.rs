//! `[dns]`, `[proxy]`, `[web]`: where each door listens and what it may reach.

use super::encrypted::{self, Certified, Encrypted};
use super::fault::{Placed, Wrong, shown};
use super::file::Section;
use super::item::{Item, List};
use super::kerberos::{self, Kerberos};
use super::names::{self, Forward, Record};
use super::upstream::{self, Upstream};
use super::values;
use crate::words::{BadUrl, Host, Network, Url};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

/// Where the doors listen unless the file says otherwise: on this machine only, on ports that need no rights.
const DNS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5300);
const PROXY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3128);
const WEB: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// The port to suggest for what is redirected.
const TRANSPARENT: u16 = 3129;

/// Their ports by their standards (RFC 7858 §3.1, RFC 8484 §8.1), to suggest.
const DNS_OVER_TLS: u16 = 853;
const DNS_OVER_HTTPS: u16 = 443;

/// A proxy over TLS has no port of its own by any standard: the one beside the proxy's, to suggest.
const PROXY_OVER_TLS: u16 = 3130;

/// Beside the web door's, as DNS over HTTPS may have 443, to suggest.
const WEB_OVER_TLS: u16 = 8443;

/// The port that browsers mean by a name without one.
const HTTPS: u16 = 443;

/// Quad9, which checks DNSSEC and keeps no addresses of askers: until the school writes its own.
const UPSTREAMS: [[u8; 4]; 2] = [[9, 9, 9, 9], [149, 112, 112, 112]];

/// More workers than any box of a school has cores.
const MAX_WORKERS: u32 = 64;

/// More addresses than any box of a school has.
const MAX_LISTEN: usize = 64;

#[derive(Debug, Clone)]
pub struct Dns {
    /// UDP and TCP; empty: the door is shut. As shipped: 127.0.0.1:5300.
    pub listen: Vec<SocketAddr>,
    /// UDP worker threads; 0, as shipped: one a core.
    pub workers: usize,
    /// The resolvers that are asked, in this order.
    pub upstreams: Vec<Upstream>,
    /// Zones that have resolvers of their own.
    pub forwards: Vec<Forward>,
    /// Records that are answered here.
    pub records: Vec<Record>,
    /// Zones that may have private addresses whoever says so: `private_allowed`, and those of `[proxy] internal`.
    pub private_allowed: Vec<Host>,
    pub block_answer: BlockAnswer,
    /// DNS over TLS and over HTTPS. As shipped: neither.
    pub encrypted: Option<Encrypted>,
}

crate::words::person::words! {
    /// What a blocked name is answered with.
    BlockAnswer {
        Nxdomain "nxdomain",
        Nodata "nodata",
        /// 0.0.0.0 and ::
        Zero "zero",
        /// The address that was asked, where the web door shows the block page.
        Page "page",
    }
}

#[derive(Debug, Clone)]
pub struct Proxy {
    /// Empty: the door is shut. As shipped: 127.0.0.1:3128.
    pub listen: Vec<SocketAddr>,
    /// Behind TLS, under the name and certificate of `[dns]`. As shipped: nowhere.
    pub tls_listen: Vec<SocketAddr>,
    /// The proxy between this one and the internet. As shipped: none.
    pub parent: Option<Parent>,
    /// Where connections to ports 80 and 443 are redirected to. As shipped: nowhere.
    pub transparent_listen: Vec<SocketAddr>,
    /// Ports beside 443 for CONNECT, and 80 and 443 for absolute form.
    pub ports: Vec<u16>,
    /// Exact addresses and ports that are reached although they are loopback or private.
    pub destinations: Vec<SocketAddr>,
    /// The school's own networks, which are reached although they are private.
    pub internal_networks: Vec<Network>,
    /// The school's own zones: hosts within them may have private addresses.
    pub internal_zones: Vec<Host>,
    /// Hosts that browsers reach beside the proxy, with everything below them: it is in the PAC file, and is no permission.
    pub direct: Vec<Host>,
    /// As whom tickets are taken where a network asks for them. As shipped: as nobody.
    pub kerberos: Option<Kerberos>,
}

/// Another proxy, through which everything goes that is not the school's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    pub host: Host,
    pub port: u16,
    /// What is reached without it: zones with everything below, and networks.
    pub direct_zones: Vec<Host>,
    pub direct_networks: Vec<Network>,
}

impl Parent {
    /// Whether this host is reached without it.
    pub fn is_direct(&self, host: &Host) -> bool {
        self.direct_zones.iter().any(|zone| host.is_within(zone)) || host.address().is_some_and(|ip| self.is_direct_address(ip))
    }

    /// Whether this address is reached without it.
    pub fn is_direct_address(&self, ip: IpAddr) -> bool {
        self.direct_networks.iter().any(|network| network.contains(ip))
    }
}

#[derive(Debug, Clone)]
pub struct Web {
    /// Empty: the door is shut. As shipped: 127.0.0.1:8080.
    pub listen: Vec<SocketAddr>,
    /// Behind TLS. As shipped: nowhere.
    pub tls_listen: Vec<SocketAddr>,
    /// The one name it has there.
    pub by: Option<Certified>,
    /// Who may read `/metrics` and `/healthz`, beside loopback.
    pub status_from: Vec<Network>,
}

impl Web {
    /// Where the desk is: at the door's one name over TLS. `None`: it has none, or a port that nobody knows before it is there.
    pub fn desk(&self) -> Option<String> {
        let name = &self.by.as_ref()?.name;
        let port = self.tls_listen.first().map(|at| at.port()).filter(|port| *port != 0)?;
        Some(if port == HTTPS { format!("https://{name}/desk") } else { format!("https://{name}:{port}/desk") })
    }
}

/// `folder` is where the paths of files begin.
pub(super) fn read(root: &Section, folder: &Path) -> (Dns, Proxy, Web) {
    let (dns, proxy, web) = (root.section("dns"), root.section("proxy"), root.section("web"));
    let listens = [
        ("dns", listen(&dns, DNS)),
        ("dns over TLS", listen_if_written(&dns, "tls_listen", DNS_OVER_TLS)),
        ("dns over HTTPS", listen_if_written(&dns, "https_listen", DNS_OVER_HTTPS)),
        ("proxy", listen(&proxy, PROXY)),
        ("proxy over TLS", listen_if_written(&proxy, "tls_listen", PROXY_OVER_TLS)),
        ("transparent proxy", listen_if_written(&proxy, "transparent_listen", TRANSPARENT)),
        ("web", listen(&web, WEB)),
        ("web over TLS", listen_if_written(&web, "tls_listen", WEB_OVER_TLS)),
    ];
    one_door_an_address(root, &listens);
    let [at_dns, at_tls, at_https, at_proxy, at_proxy_tls, at_transparent, at_web, at_web_tls] =
        listens.each_ref().map(|(_, at)| at);

    let doors = [at_dns, at_tls, at_https, at_proxy, at_proxy_tls, at_transparent];
    let needed = doors.iter().any(|at| !at.is_empty());
    let bootstrap = List::values(dns.list("bootstrap", values::upstream));
    let upstreams = upstreams(&dns, &bootstrap, at_dns, needed);
    let forwards = names::forwards(&dns, &bootstrap, |upstreams| not_itself(&dns, upstreams, at_dns));
    let records = names::records(&dns);
    let mut private_allowed = names::private_allowed(&dns);
    let workers = dns.value("workers", |item| item.number(0..=MAX_WORKERS)).map_or(0, |v| v.value as usize);
    let asked: Vec<_> = at_dns.iter().chain(at_tls).chain(at_https).copied().collect();
    let block_answer = block_answer(&dns, &asked, at_web);
    let encrypted = encrypted::read(&dns, folder, at_tls, at_https, at_proxy_tls);
    dns.end();
    let read_proxy = read_proxy(&proxy, folder, at_proxy, at_proxy_tls, addresses(at_transparent));
    // What the proxy may reach inside must be known to have an address there.
    private_allowed.extend(&read_proxy.internal_zones);
    let status_from = List::values(web.list("status_from", values::network));
    let by = encrypted::web(&web, folder, at_web_tls);
    web.end();
    (
        Dns { listen: addresses(at_dns), workers, upstreams, forwards, records, private_allowed, block_answer, encrypted },
        read_proxy,
        Web { listen: addresses(at_web), tls_listen: addresses(at_web_tls), by, status_from },
    )
}

fn read_proxy(
    section: &Section,
    folder: &Path,
    listen: &[Placed<SocketAddr>],
    tls_listen: &[Placed<SocketAddr>],
    transparent_listen: Vec<SocketAddr>,
) -> Proxy {
    let ports = List::values(section.list("ports", |item| item.number(1..=65535)));
    let destinations = List::values(section.list("destinations", values::destination));
    let (mut internal_networks, mut internal_zones) = (vec![], vec![]);
    section.list("internal", |item| {
        let text = item.text()?;
        if text.contains('/') || text.parse::<IpAddr>().is_ok() {
            internal_networks.push(values::internal_network(item)?);
        } else {
            internal_zones.push(own_zone(item)?);
        }
        Ok(())
    });
    let parent = parent(section, listen, &internal_networks, &internal_zones);
    let direct = List::values(section.list("direct", values::host));
    let kerberos = kerberos::read(section, folder);
    section.end();
    let ports = ports.into_iter().filter_map(|p| u16::try_from(p).ok()).collect();
    let (listen, tls_listen) = (addresses(listen), addresses(tls_listen));
    Proxy {
        listen,
        tls_listen,
        transparent_listen,
        parent,
        ports,
        destinations,
        internal_networks,
        internal_zones,
        direct,
        kerberos,
    }
}

/// `parent`, and `beside_parent`: what goes without it, beside the school's own.
fn parent(section: &Section, listen: &[Placed<SocketAddr>], networks: &[Network], zones: &[Host]) -> Option<Parent> {
    let written = section.value("parent", parent_proxy);
    let (mut direct_networks, mut direct_zones) = (networks.to_vec(), zones.to_vec());
    let beside = section.list("beside_parent", |item| {
        let text = item.text()?;
        if text.contains('/') || text.parse::<IpAddr>().is_ok() {
            direct_networks.push(values::network(item)?);
        } else {
            direct_zones.push(values::host(item)?);
        }
        Ok(())
    });
    if let Some(beside) = beside.filter(|_| !section.has("parent")) {
        let label = "add the proxy, such as parent = \"http://10.0.0.1:8080\", or delete this";
        section.fault(
            Wrong::new("`beside_parent` says what does not go through `parent`, and there is none", label).at(beside.place),
        );
    }
    let (host, port) = written.as_ref()?.value;
    let own = listen.iter().find(|l| host.address() == Some(l.value.ip()) && l.value.port() == port);
    if let (Some(own), Some(written)) = (own, &written) {
        let wrong = Wrong::new("the proxy would ask itself", "another proxy's address");
        section.fault(wrong.at(written.place).beside(own.place, "it listens here"));
    }
    Some(Parent { host, port, direct_zones, direct_networks })
}

/// `http://10.0.0.1:8080`
fn parent_proxy(item: &Item) -> Result<(Host, u16), Wrong> {
    let text = item.text()?;
    let label = "its address and port, such as \"http://10.0.0.1:8080\"";
    let wrong = || Wrong::new(format!("{} is not a proxy that can be asked", shown(text)), label);
    let authority = text.strip_prefix("http://").ok_or_else(wrong)?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    match Url::parse_authority(authority) {
        Ok((host, Some(port))) => Ok((host, port)),
        Err(BadUrl::UserInfo) => Err(wrong().help("a proxy that wants a password is not supported")),
        _ => Err(wrong()),
    }
}

fn own_zone(item: &Item) -> Result<Host, Wrong> {
    let zone = values::host(item)?;
    if values::is_public_suffix(&zone) {
        let label = "the school's own zone, such as \"school.example\"";
        return Err(Wrong::new(format!("{} is not the school's own", shown(zone.as_str())), label));
    }
    Ok(zone)
}

fn listen(section: &Section, otherwise: SocketAddr) -> Vec<Placed<SocketAddr>> {
    let listen = listen_if_written(section, "listen", otherwise.port());
    let is_written = section.has("listen");
    if is_written { listen } else { vec![Placed { value: otherwise, place: section.place() }] }
}

/// The addresses of this key, none if it is not written. `port` is the one to suggest.
fn listen_if_written(section: &Section, key: &'static str, port: u16) -> Vec<Placed<SocketAddr>> {
    let written = section.list(key, |item| values::listen(item, port));
    if let Some(first) = written.as_ref().and_then(|w| w.items.get(MAX_LISTEN)) {
        section.fault(Wrong::new("one door listens on too many addresses", format!("at most {MAX_LISTEN}")).at(first.place));
    }
    written.map_or_else(Vec::new, |v| v.items.into_iter().take(MAX_LISTEN).collect())
}

fn upstreams(dns: &Section, bootstrap: &[SocketAddr], listen: &[Placed<SocketAddr>], needed: bool) -> Vec<Upstream> {
    let Some(written) = upstream::list(dns, "upstreams", bootstrap) else {
        return UPSTREAMS.iter().map(|ip| SocketAddr::from((*ip, 53)).into()).collect();
    };
    not_itself(dns, &written, listen);
    if written.empty && needed {
        dns.fault(Wrong::new("there is nobody to ask", "at least one resolver, such as \"9.9.9.9\"").at(written.place));
    }
    List::values(Some(written))
}

fn not_itself(dns: &Section, upstreams: &List<Upstream>, listen: &[Placed<SocketAddr>]) {
    for upstream in &upstreams.items {
        if let Some(own) = listen.iter().find(|l| Some(l.value) == upstream.value.address()) {
            let wrong = Wrong::new("the gate would ask itself", "another resolver's address");
            dns.fault(wrong.at(upstream.place).beside(own.place, "it listens here"));
        }
    }
}

/// 'page' answers the address that was asked: it is of use only where the web door answers on that address, port 80.
fn block_answer(dns: &Section, listen: &[Placed<SocketAddr>], web: &[Placed<SocketAddr>]) -> BlockAnswer {
    let words: Vec<_> = BlockAnswer::ALL.iter().map(|a| (a.word(), *a)).collect();
    let Some(answer) = dns.value("block_answer", |item| item.word(&words)) else { return BlockAnswer::Nxdomain };
    if answer.value == BlockAnswer::Page {
        let shows = |asked: IpAddr| {
            web.iter().any(|w| {
                w.value.port() == 80
                    && w.value.is_ipv4() == asked.is_ipv4()
                    && (w.value.ip() == asked || w.value.ip().is_unspecified())
            })
        };
        for asked in listen.iter().filter(|l| !shows(l.value.ip())) {
            let want = SocketAddr::new(asked.value.ip(), 80);
            let wrong = Wrong::new(
                format!("`block_answer = \"page\"`, but no page is shown on {}, which would be answered", asked.value.ip()),
                "\"nxdomain\", or let web listen there",
            );
            dns.fault(wrong.help(format!("[web] listen = [\"{want}\"]")).at(answer.place));
        }
    }
    answer.value
}

/// No two doors on one address and port. A whole family's address holds every address of it.
fn one_door_an_address(root: &Section, doors: &[(&str, Vec<Placed<SocketAddr>>)]) {
    let all: Vec<_> = doors.iter().flat_map(|(door, at)| at.iter().map(move |a| (*door, a))).collect();
    for (i, (door, here)) in all.iter().enumerate() {
        let clash = all[..i].iter().find(|(_, there)| {
            let (a, b) = (here.value, there.value);
            let one = a.ip() == b.ip() || a.is_ipv4() == b.is_ipv4() && (a.ip().is_unspecified() || b.ip().is_unspecified());
            // Port 0 is any free port: another one each time.
            a.port() == b.port() && a.port() != 0 && one
        });
        if let Some((other, there)) = clash {
            let title = format!("{door} and {other} listen on the same address and port");
            let wrong = if door == other {
                Wrong::new(format!("{door} listens twice on the same address and port"), "delete one of them")
            } else {
                Wrong::new(title, format!("another port than {}", here.value.port()))
            };
            root.fault(wrong.at(here.place).beside(there.place, "here already"));
        }
    }
}

fn addresses(listen: &[Placed<SocketAddr>]) -> Vec<SocketAddr> {
    listen.iter().map(|l| l.value).collect()
}
