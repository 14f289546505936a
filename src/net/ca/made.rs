//! A new authority.

use super::{BACKDATED, CaFault};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};

/// Seconds since 1970 as `rcgen` has a time, of a type whose crate is not one of ours; what lies before is 1970.
macro_rules! moment {
    ($second:expr) => {
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(u64::try_from($second).unwrap_or(0))
    };
}
pub(super) use moment;

/// How long an authority holds: five years, in seconds. It is changed by `ca roll`, two side by side, long before that.
pub const LASTS: i64 = 5 * 365 * 24 * 60 * 60;

/// Longest common name (RFC 5280, ub-common-name) and organisation.
const MAX_NAME: usize = 64;

/// An authority's certificate and key, both PEM.
pub struct Made {
    pub certificate: String,
    pub key: String,
}

/// Makes an authority for a school: ECDSA P-256, for [`LASTS`] from `now` (seconds since 1970), and for nothing but to sign
/// certificates of servers. Names are not constrained: it is there to stand for any host.
///
/// # Errors
/// [`CaFault`]: there is no randomness, or it cannot be signed.
pub fn made(school: &str, now: i64) -> Result<Made, CaFault> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut wanted = CertificateParams::default();
    (wanted.not_before, wanted.not_after) = (moment!(now - BACKDATED), moment!(now + LASTS));
    wanted.serial_number = Some(serial()?);
    wanted.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    wanted.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    wanted.key_identifier_method = rcgen::KeyIdMethod::Sha256;
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, cut(school, MAX_NAME));
    // The month tells two apart that stand side by side in a list on a device.
    let month = jiff::Timestamp::from_second(now).unwrap_or_default().strftime("%Y-%m").to_string();
    name.push(DnType::CommonName, format!("{} web filter {month}", cut(school, MAX_NAME - " web filter 2026-11".len())));
    wanted.distinguished_name = name;
    let certificate = wanted.self_signed(&key)?;
    Ok(Made { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// A serial number nobody can guess (RFC 5280 §4.1.2.2: positive, at most 20 octets), and never the same twice: browsers turn
/// away from a second certificate with one issuer and one number.
pub(super) fn serial() -> Result<SerialNumber, CaFault> {
    let mut octets = [0; 16];
    SystemRandom::new().fill(&mut octets).map_err(|_| CaFault::Signing("the system has no randomness".into()))?;
    octets[0] = octets[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&octets))
}

fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}
