//! `[dns]`, its encrypted part: DNS over TLS and over HTTPS, under a name and a certificate.

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
    /// Of this resolver; the certificate is for it.
    pub name: Host,
    /// Certificate first, then those that lead to its authority.
    pub certificate: PemFile,
    pub key: PemFile,
    /// DNS over TLS (RFC 7858).
    pub tls_listen: Vec<SocketAddr>,
    /// DNS over HTTPS (RFC 8484), at [`HTTPS_PATH`].
    pub https_listen: Vec<SocketAddr>,
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

/// `folder` is where paths begin.
pub(super) fn read(
    dns: &Section,
    folder: &Path,
    tls_listen: &[Placed<SocketAddr>],
    https_listen: &[Placed<SocketAddr>],
    proxy_tls: &[Placed<SocketAddr>],
) -> Option<Encrypted> {
    let name = dns.value("name", own_name);
    let certificate = dns.value("certificate", |item| pem_path(item));
    let key = dns.value("key", |item| pem_path(item));
    let first = tls_listen.first().or(https_listen.first()).or(proxy_tls.first())?;
    let served = if tls_listen.is_empty() && https_listen.is_empty() {
        "the proxy is served over TLS"
    } else {
        "DNS is served over TLS or HTTPS"
    };
    for missing in ["name", "certificate", "key"].into_iter().filter(|k| !dns.has(k)) {
        let title = format!("{served}, and [dns] has no `{missing}`");
        let right = match missing {
            "name" => "add the name that clients know this resolver by: name = \"dns.school.example\"",
            "certificate" => "add the certificate of that name (PEM): certificate = \"dns.pem\"",
            _ => "add the certificate's private key (PEM): key = \"dns.key\"",
        };
        dns.fault(Wrong::new(title, right).at(first.place));
    }
    let file = |written: Placed<PathBuf>| Some(PemFile { path: folder.join(written.value), at: dns.spot(written.place)? });
    let addresses = |listen: &[Placed<SocketAddr>]| listen.iter().map(|l| l.value).collect();
    Some(Encrypted {
        name: name?.value,
        certificate: file(certificate?)?,
        key: file(key?)?,
        tls_listen: addresses(tls_listen),
        https_listen: addresses(https_listen),
    })
}

fn own_name(item: &Item) -> Result<Host, Wrong> {
    let name = values::host(item)?;
    if name.address().is_some() || values::is_public_suffix(&name) {
        let title = format!("{} is not a name that a resolver can have", shown(name.as_str()));
        return Err(Wrong::new(title, "a name in the school's own zone, such as \"dns.school.example\""));
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
