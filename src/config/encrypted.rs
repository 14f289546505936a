//! What is served over TLS under a name and a certificate: the encrypted part of `[dns]`, and that of `[web]`.

use super::fault::{Placed, Spot, Wrong, shown};
use super::file::Section;
use super::item::Item;
use super::values;
use crate::words::Host;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where DNS over HTTPS is asked (RFC 8484 §4.1.1 leaves it to the server; this is what everybody writes).
pub const HTTPS_PATH: &str = "/dns-query";

/// DNS over TLS and over HTTPS, and the name and certificate that the proxy over TLS has, too: at least one of the three is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted {
    /// Of this resolver.
    pub by: Certified,
    /// DNS over TLS (RFC 7858).
    pub tls_listen: Vec<SocketAddr>,
    /// DNS over HTTPS (RFC 8484), at [`HTTPS_PATH`].
    pub https_listen: Vec<SocketAddr>,
}

/// A name, and what a door proves by that it is the one of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The certificate is for it.
    pub name: Host,
    /// Certificate first, then those that lead to its authority.
    pub certificate: PemFile,
    pub key: PemFile,
}

/// A PEM file, and where it is named: what is wrong with it is told by who opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PemFile {
    pub path: PathBuf,
    pub at: Spot,
}

impl Encrypted {
    /// The port that clients are told of, if DNS over TLS is served.
    pub fn tls_port(&self) -> Option<u16> {
        self.tls_listen.first().map(SocketAddr::port)
    }

    /// The port that clients are told of, if DNS over HTTPS is served.
    pub fn https_port(&self) -> Option<u16> {
        self.https_listen.first().map(SocketAddr::port)
    }
}

/// What the keys of a section are called in its faults.
struct Keys {
    section: &'static str,
    /// Who it is, and whom it is known to.
    name: &'static str,
    /// What its name may be.
    example: &'static str,
    certificate: &'static str,
    key: &'static str,
}

const OF_DNS: Keys = Keys {
    section: "[dns]",
    name: "add the name that clients know this resolver by: name = \"dns.school.example\"",
    example: "dns.school.example",
    certificate: "add the certificate of that name (PEM): certificate = \"dns.pem\"",
    key: "add the certificate's private key (PEM): key = \"dns.key\"",
};

const OF_WEB: Keys = Keys {
    section: "[web]",
    name: "add the name that people open it by: name = \"portal.school.example\"",
    example: "portal.school.example",
    certificate: "add the certificate of that name (PEM): certificate = \"portal.pem\"",
    key: "add the certificate's private key (PEM): key = \"portal.key\"",
};

/// `folder` is where paths begin.
pub(super) fn read(
    dns: &Section,
    folder: &Path,
    tls_listen: &[Placed<SocketAddr>],
    https_listen: &[Placed<SocketAddr>],
    proxy_tls: &[Placed<SocketAddr>],
) -> Option<Encrypted> {
    let served = if tls_listen.is_empty() && https_listen.is_empty() {
        "the proxy is served over TLS"
    } else {
        "DNS is served over TLS or HTTPS"
    };
    let first = tls_listen.first().or(https_listen.first()).or(proxy_tls.first());
    let by = certified(dns, folder, first, served, &OF_DNS)?;
    let addresses = |listen: &[Placed<SocketAddr>]| listen.iter().map(|l| l.value).collect();
    Some(Encrypted { by, tls_listen: addresses(tls_listen), https_listen: addresses(https_listen) })
}

/// As whom the web door is served over TLS, if it is.
pub(super) fn web(web: &Section, folder: &Path, tls_listen: &[Placed<SocketAddr>]) -> Option<Certified> {
    certified(web, folder, tls_listen.first(), "the web door is served over TLS", &OF_WEB)
}

/// `first`: where it is served, if anywhere.
fn certified(
    section: &Section,
    folder: &Path,
    first: Option<&Placed<SocketAddr>>,
    served: &str,
    keys: &Keys,
) -> Option<Certified> {
    let name = section.value("name", |item| own_name(item, keys.example));
    let certificate = section.value("certificate", |item| pem_path(item));
    let key = section.value("key", |item| pem_path(item));
    let first = first?;
    for (missing, right) in [("name", keys.name), ("certificate", keys.certificate), ("key", keys.key)] {
        if !section.has(missing) {
            let title = format!("{served}, and {} has no `{missing}`", keys.section);
            section.fault(Wrong::new(title, right).at(first.place));
        }
    }
    let file = |written: Placed<PathBuf>| Some(PemFile { path: folder.join(written.value), at: section.spot(written.place)? });
    Some(Certified { name: name?.value, certificate: file(certificate?)?, key: file(key?)? })
}

fn own_name(item: &Item, example: &str) -> Result<Host, Wrong> {
    let name = values::host(item)?;
    if name.address().is_some() || values::is_public_suffix(&name) {
        let what = if example == OF_DNS.example { "a resolver" } else { "the web door" };
        let title = format!("{} is not a name that {what} can have", shown(name.as_str()));
        return Err(Wrong::new(title, format!("a name in the school's own zone, such as \"{example}\"")));
    }
    Ok(name)
}

pub(super) fn pem_path(item: &Item) -> Result<PathBuf, Wrong> {
    match item.text()? {
        text if text.is_empty() || text.contains('\0') => {
            Err(Wrong::new(format!("{} is not a path", shown(text)), "the path of a PEM file"))
        }
        text => Ok(PathBuf::from(text)),
    }
}
