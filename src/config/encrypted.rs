//! `[dns]`, its encrypted part: DNS over TLS and over HTTPS, under a name and a certificate.

use crate::words::Host;
use std::net::SocketAddr;

/// Where DNS over HTTPS is asked (RFC 8484 §4.1.1 leaves it to the server; this is what everybody writes).
pub const HTTPS_PATH: &str = "/dns-query";

/// DNS over TLS and over HTTPS: at least one of them is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted {
    /// Of this resolver; the certificate is for it.
    pub name: Host,
    /// DNS over TLS (RFC 7858).
    pub tls_listen: Vec<SocketAddr>,
    /// DNS over HTTPS (RFC 8484), at [`HTTPS_PATH`].
    pub https_listen: Vec<SocketAddr>,
}
