//! A certificate that is not valid yet says that our clock is behind.
//!
//! A box without a battery starts in 1970, or where it was switched off, and learns the time over a network that it reaches by
//! the names its resolver answers. If it held a certificate's first day against such a clock, it would have no names, so no
//! time, for good. So a certificate that is not valid *yet* is judged at its own first moment: name, chain, signatures and use
//! are verified as ever, and one that has expired by our clock is refused. What an attacker gains is nothing: nobody has
//! certificates of the future (docs/decisions/0012).

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// A chain has its own certificate and one or two above it: each may move the moment forward once.
const MOST_STEPS: usize = 6;

#[derive(Debug)]
pub struct Verifier(Arc<WebPkiServerVerifier>);

impl Verifier {
    /// # Errors
    /// Nobody is trusted.
    pub fn new(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Result<Self, rustls::client::VerifierBuilderError> {
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map(Self)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        mut now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        for _ in 0..MOST_STEPS {
            match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) if not_before > now => {
                    now = not_before;
                }
                verified => return verified,
            }
        }
        Err(Error::InvalidCertificate(CertificateError::NotValidYet))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
    use std::time::Duration;

    /// Seconds since 1970 of 1 January of a year, about.
    fn year(year: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 31_556_952))
    }

    #[test]
    fn a_clock_that_is_behind_refuses_nobody_but_for_what_else_is_wrong() {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.not_before = date_time_ymd(2020, 1, 1);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
        let mut params = CertificateParams::new(vec!["dns.test".to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(2026, 6, 1), date_time_ymd(2026, 9, 1));
        let key = KeyPair::generate().expect("a key");
        let leaf = params.signed_by(&key, &authority).expect("a certificate");

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).expect("an authority");
        let verifier = Verifier::new(roots, provider.clone()).expect("somebody is trusted");
        let mut others = RootCertStore::empty();
        let stranger = KeyPair::generate().expect("a key");
        let stranger = CertificateParams::default().self_signed(&stranger).expect("an authority");
        others.add(stranger.der().clone()).expect("an authority");
        let strict = Verifier::new(others, provider).expect("somebody is trusted");

        let verify = |verifier: &Verifier, name: &str, now| {
            let name = ServerName::try_from(name.to_owned()).expect("a name");
            verifier.verify_server_cert(leaf.der(), &[], &name, &[], now).is_ok()
        };
        for (now, good) in [(1970, true), (2019, true), (2026, true), (2027, false), (2040, false)] {
            assert_eq!(verify(&verifier, "dns.test", year(now)), good, "{now}");
            assert!(!verify(&verifier, "other.test", year(now)), "{now}: another name");
            assert!(!verify(&strict, "dns.test", year(now)), "{now}: an authority that nobody trusts");
        }
    }
}
