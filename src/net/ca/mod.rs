//! The school's own certificate authority, by which the gate looks into HTTPS on devices that trust it.
//!
//! Comes in: the authority's certificate and key, a host. Goes out: a certificate for that one host, signed by the authority.
//! Always holds: the authority's key never leaves this room; a certificate is for one host, holds for 92 days at most, and is
//! shown only to who asked for that host.
//!
//! - [`made`]    a new authority
//! - [`leaf`]    certificates for hosts, minted as they are asked for and kept
//! - [`carried`] the authority's certificate as devices take it

pub mod carried;
pub mod leaf;
pub mod made;

pub use leaf::Leaf;
pub use made::Made;

use crate::wire::certificate;
use crate::words::Host;
use leaf::Leaves;
use rcgen::{Issuer, KeyPair};
use ring::digest::{SHA256, digest};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// Clocks of devices may be so far behind ours, in seconds: 48 hours.
pub const BACKDATED: i64 = 48 * 60 * 60;

/// A host that the gate answers itself where it is asked for through the proxy, under the authority: whoever sees its page without
/// a warning trusts it. `internal` is nobody's on the internet (ICANN, 2024).
pub const CHECK_HOST: &str = "trusted.schoolgate.internal";

/// Why an authority cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaFault {
    #[error("its certificate cannot be used: {0}")]
    Certificate(String),
    #[error("its key cannot be used: {0}")]
    Key(String),
    #[error("a certificate could not be signed: {0}")]
    Signing(String),
}

impl From<rcgen::Error> for CaFault {
    fn from(fault: rcgen::Error) -> Self {
        Self::Signing(fault.to_string())
    }
}

/// An authority that signs.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    /// The last second it holds, since 1970.
    pub ends: i64,
    leaves: Leaves,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

impl Authority {
    /// Reads an authority from its certificate and key (PEM).
    ///
    /// # Errors
    /// [`CaFault`] says which of the two cannot be used, and why.
    pub fn read(certificate: &[u8], key: &[u8]) -> Result<Self, CaFault> {
        let wrong = |fault: &dyn std::fmt::Display| CaFault::Certificate(fault.to_string());
        let der = CertificateDer::from_pem_slice(certificate)
            .map_err(|_| wrong(&"there is none in it (it is to be PEM: -----BEGIN CERTIFICATE-----)"))?;
        let ends = certificate::ends(&der).ok_or_else(|| wrong(&"it does not say when it ends"))?;
        let private = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| CaFault::Key("there is none in it (it is to be PEM: -----BEGIN PRIVATE KEY-----)".into()))?;
        // That the two belong together is asked here: a certificate signed by another key is turned away by every device.
        CertifiedKey::from_der(vec![der.clone()], private.clone_key(), &default_provider())
            .map_err(|fault| CaFault::Key(fault.to_string()))?;
        let key = KeyPair::try_from(&private).map_err(|fault| CaFault::Key(fault.to_string()))?;
        // With the subject key identifier as it is stored, whoever made it and by whatever method.
        let issuer = Issuer::from_ca_cert_der(&der, key).map_err(|fault| wrong(&fault))?;
        Ok(Self { certificate: der, issuer, ends, leaves: Leaves::new()? })
    }

    /// The certificate, as DER.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// SHA-256 of the certificate, as devices show it: `AB:CD:…`.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.certificate)
    }

    /// The certificate for this host and no other, with its key; minted if there is none that will do. `now` is in seconds since
    /// 1970.
    ///
    /// # Errors
    /// [`CaFault::Signing`].
    pub fn leaf(&self, host: &Host, now: i64) -> Result<Leaf, CaFault> {
        self.leaves.get(self, host, now)
    }
}

/// SHA-256 of a certificate (DER), as devices show it.
pub fn fingerprint(der: &[u8]) -> String {
    let octets: Vec<_> = digest(&SHA256, der).as_ref().iter().map(|octet| format!("{octet:02X}")).collect();
    octets.join(":")
}

#[cfg(test)]
mod tests;
