//! What looking into TLS takes: the school's authority for clients, and whom origins are verified by.

use super::ca::{Authority, CaFault};
use super::tls::{self, TlsFault};
use crate::lists::private::Privates;
use crate::words::Host;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::pki_types::CertificateRevocationListDer;
use rustls::server::ResolvesServerCertUsingSni;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ServerConfig};
use std::sync::Arc;

/// The protocols within TLS that are carried, as ALPN names them (RFC 7301).
pub const HTTP_2: &[u8] = b"h2";
pub const HTTP_1: &[u8] = b"http/1.1";

/// Everything that looking inside uses, read once.
pub struct Inspection {
    pub authority: Arc<Authority>,
    /// Hosts that are never looked into.
    pub privates: Privates,
    /// How many revocation lists origins are held against; 0: a certificate that was taken back is not known as such.
    pub crls: usize,
    /// The certificate that devices are to have (PEM): that of the authority, or of the one that will follow it.
    pub carried: String,
    /// Whether it is of the one that will follow.
    pub follows: bool,
    origins: ClientConfig,
    clients: ServerConfig,
}

impl std::fmt::Debug for Inspection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inspection").field("authority", &self.authority).finish_non_exhaustive()
    }
}

impl Inspection {
    /// Origins are verified by the authorities of this box and those of `trust` (PEM), and held against `crls`.
    ///
    /// # Errors
    /// [`TlsFault`]: nobody is trusted, or a revocation list cannot be read.
    pub fn new(
        authority: Arc<Authority>,
        privates: Privates,
        trust: Option<&[u8]>,
        crls: Vec<CertificateRevocationListDer<'static>>,
        (carried, follows): (String, bool),
    ) -> Result<Self, TlsFault> {
        let count = crls.len();
        let origins = tls::origins(trust, crls)?;
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
        // The certificate is put in for each connection: this one has none.
        let mut clients = builder.with_no_client_auth().with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
        clients.ticketer = Ticketer::new()?;
        Ok(Self { authority, privates, crls: count, carried, follows, origins, clients })
    }

    /// For one connection to an origin, which is offered these protocols.
    pub fn to_origin(&self, protocols: &[&[u8]]) -> Arc<ClientConfig> {
        let mut config = self.origins.clone();
        config.alpn_protocols = protocols.iter().map(|p| p.to_vec()).collect();
        Arc::new(config)
    }

    /// For one client's connection to `host`, on which this protocol is spoken. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`CaFault::Signing`].
    pub fn to_client(&self, host: &Host, protocol: Option<&[u8]>, now: i64) -> Result<Arc<ServerConfig>, CaFault> {
        let mut config = self.clients.clone();
        config.cert_resolver = Arc::new(SingleCertAndKey::from(self.authority.leaf(host, now)?.certified));
        config.alpn_protocols = protocol.into_iter().map(<[u8]>::to_vec).collect();
        Ok(Arc::new(config))
    }
}
