//! Certificates for hosts, minted as they are asked for and kept.

use super::made::{moment, serial};
use super::{Authority, BACKDATED, CaFault};
use crate::words::Host;
use quick_cache::sync::Cache;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    SanType,
};
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use std::sync::Arc;

/// How long a certificate holds from when it is minted: 90 days. With what it is backdated by it stays far below the 398 days that
/// browsers take.
const LASTS: i64 = 90 * 24 * 60 * 60;

/// One that ends within so many seconds is minted anew: 30 days.
const RENEWED: i64 = 30 * 24 * 60 * 60;

/// Hosts whose certificates are kept: what a school of 1,500 visits in a week is some tens of thousands, most of them once. Each
/// is about 1 kB.
const KEPT: usize = 8192;

/// Longest common name (RFC 5280, ub-common-name). Longer hosts stand in the alternative names only, where clients look.
const MAX_COMMON_NAME: usize = 64;

/// A certificate with its chain and key, and when it ends.
#[derive(Clone)]
pub struct Leaf {
    pub certified: Arc<CertifiedKey>,
    /// The last second it holds, since 1970.
    pub ends: i64,
}

/// What has been minted, and the one key of it all: made at the start, and gone with the process.
pub(super) struct Leaves {
    key: KeyPair,
    signing: Arc<dyn SigningKey>,
    kept: Cache<Host, Leaf>,
}

impl Leaves {
    pub fn new() -> Result<Self, CaFault> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(|fault| CaFault::Key(fault.to_owned()))?;
        let signing = any_ecdsa_type(&private).map_err(|fault| CaFault::Key(fault.to_string()))?;
        Ok(Self { key, signing, kept: Cache::new(KEPT) })
    }

    pub fn get(&self, authority: &Authority, host: &Host, now: i64) -> Result<Leaf, CaFault> {
        // A clock that was set back makes what was minted before one of the future.
        let good =
            |leaf: &Leaf| leaf.ends > now.saturating_add(RENEWED).min(authority.ends) && leaf.ends <= now.saturating_add(LASTS);
        if let Some(leaf) = self.kept.get(host).filter(good) {
            return Ok(leaf);
        }
        let leaf = self.mint(authority, host, now)?;
        self.kept.insert(*host, leaf.clone());
        Ok(leaf)
    }

    fn mint(&self, authority: &Authority, host: &Host, now: i64) -> Result<Leaf, CaFault> {
        let ends = now.saturating_add(LASTS).min(authority.ends);
        let mut wanted = CertificateParams::default();
        (wanted.not_before, wanted.not_after) = (moment!(now.saturating_sub(BACKDATED)), moment!(ends));
        wanted.serial_number = Some(serial()?);
        wanted.subject_alt_names = vec![match host.address() {
            Some(address) => SanType::IpAddress(address),
            None => SanType::DnsName(host.as_str().try_into()?),
        }];
        wanted.distinguished_name = DistinguishedName::new();
        let common = if host.as_str().len() <= MAX_COMMON_NAME { host.as_str() } else { "schoolgate" };
        wanted.distinguished_name.push(DnType::CommonName, common);
        wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        wanted.use_authority_key_identifier_extension = true;
        let certificate: CertificateDer<'static> = wanted.signed_by(&self.key, &authority.issuer)?.into();
        let chain = vec![certificate, authority.certificate.clone()];
        Ok(Leaf { certified: Arc::new(CertifiedKey::new(chain, self.signing.clone())), ends })
    }
}
