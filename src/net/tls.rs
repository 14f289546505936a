//! Every configuration of TLS, in one file: the ring provider, given explicitly; versions 1.2 and 1.3.

use crate::wire::certificate;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, ServerConfig, SignatureScheme};
use std::sync::Arc;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    #[error("this box trusts no certificate authority: `apt install ca-certificates`, or name one with `trust` under [lists]{0}")]
    NobodyTrusted(String),
    #[error("no certificate can be read from it: {0}")]
    BadPem(String),
    #[error("{0}")]
    Rustls(#[from] rustls::Error),
    #[error("{0}")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}

/// For asking servers of the internet: who they are is always verified, against the authorities of this box and those of
/// `more` (PEM, one certificate or several).
///
/// # Errors
/// [`TlsFault`]: `more` holds no certificate, or nobody at all is trusted.
pub fn client(more: Option<&[u8]>) -> Result<Arc<ClientConfig>, TlsFault> {
    let roots = roots(more)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// For asking the school's directory: as [`client`], and no protocol is named, which LDAP has none of.
///
/// # Errors
/// As [`client`].
pub fn directory(more: Option<&[u8]>) -> Result<Arc<ClientConfig>, TlsFault> {
    let mut config = Arc::unwrap_or_clone(client(more)?);
    config.alpn_protocols.clear();
    Ok(Arc::new(config))
}

/// For handing mail to the server of this name, which is verified as for [`client`].
///
/// # Errors
/// As [`client`], in words.
pub fn mail(server: &str, more: Option<&[u8]>) -> Result<TlsParameters, String> {
    let more = more.map(|pem| CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>());
    let more = more.transpose().map_err(|fault| TlsFault::BadPem(fault.to_string()).to_string())?.unwrap_or_default();
    // The authorities of this box, without a word here: that is how lettre is built.
    let mut parameters = TlsParameters::builder(server.to_owned());
    for certificate in more {
        let certificate = Certificate::from_der(certificate.to_vec()).map_err(|fault| fault.to_string())?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build().map_err(|fault| fault.to_string())
}

/// For asking resolvers, whose certificate is verified as for [`client`], but for one that is not valid yet: see
/// [`super::early`]. The protocol (ALPN) is for the caller to say.
///
/// # Errors
/// As [`client`].
pub fn resolvers(more: Option<&[u8]>) -> Result<ClientConfig, TlsFault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = super::early::Verifier::new(roots(more)?, provider.clone())?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// For asking origins on behalf of clients: verified as for [`client`], and held against these revocation lists, as far as they
/// go: of an authority whose list is not among them nothing is known (RFC 5280 §6.3). A list that is out of date counts no longer.
///
/// # Errors
/// As [`client`], and a list that cannot be read.
pub fn origins(more: Option<&[u8]>, crls: Vec<CertificateRevocationListDer<'static>>) -> Result<ClientConfig, TlsFault> {
    let provider = Arc::new(default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(more)?), provider.clone())
        .with_crls(crls)
        .allow_unknown_revocation_status()
        .build()?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.dangerous().with_custom_certificate_verifier(Arc::new(Origins(verifier))).with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}

/// Sessions with origins that are gone on with: eight each of 512 names. Each is some 5 kB, most of it the origin's certificates, and
/// origins give two.
const SESSIONS: usize = 4096;

/// A certificate that nobody but itself has signed.
#[derive(Debug, thiserror::Error)]
#[error("it is signed by itself")]
pub struct SelfSigned;

/// Verifies as webpki does, and says of what nobody vouches for whether it is signed by itself.
#[derive(Debug)]
struct Origins(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Origins {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match &verified {
            Err(rustls::Error::InvalidCertificate(fault)) => {
                // An authority's own certificate, shown as a server's, has a fault of its own.
                let unknown = matches!(fault, CertificateError::UnknownIssuer | CertificateError::Other(_));
                if unknown && certificate::is_self_issued(end_entity) {
                    return Err(CertificateError::Other(OtherError(Arc::new(SelfSigned))).into());
                }
                verified
            }
            _ => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Who is trusted: the authorities of this box, and those of `more`.
fn roots(more: Option<&[u8]>) -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    // A store may hold what nobody can read any more; what can be read counts.
    roots.add_parsable_certificates(found.certs);
    if let Some(pem) = more {
        let mut any = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|fault| TlsFault::BadPem(fault.to_string()))?;
            roots.add(certificate).map_err(|fault| TlsFault::BadPem(fault.to_string()))?;
            any = true;
        }
        if !any {
            return Err(TlsFault::BadPem("there is none in it (it is to be PEM: -----BEGIN CERTIFICATE-----)".into()));
        }
    }
    if roots.is_empty() {
        let why = found.errors.first().map_or(String::new(), |fault| format!(" ({fault})"));
        return Err(TlsFault::NobodyTrusted(why));
    }
    Ok(roots)
}

/// Most certificates of a chain: real ones have two to four.
const MAX_CHAIN: usize = 10;

/// Who this box is to those who ask it over TLS.
#[derive(Debug)]
pub struct Identity {
    /// For DNS over TLS (RFC 7858).
    pub dns: Arc<ServerConfig>,
    /// For DNS over HTTPS (RFC 8484).
    pub https: Arc<ServerConfig>,
    /// For HTTP/1.1: the proxy, and the web door.
    pub http: Arc<ServerConfig>,
    /// The last second its certificate holds, since 1970.
    pub ends: i64,
}

/// Which of the two files is wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    #[error("{0}")]
    Certificate(String),
    #[error("{0}")]
    Key(String),
}

/// For clients of `name`: `chain` (PEM) begins with the certificate for it, `key` (PEM) is the private key. Sessions are resumed
/// by tickets, which hold as long as this identity; nothing is taken before the handshake is done (0-RTT could be replayed).
///
/// # Errors
/// [`IdentityFault`]: what is wrong with which of the two, and what it should be.
pub fn identity(name: &str, chain: &[u8], key: &[u8]) -> Result<Identity, IdentityFault> {
    use IdentityFault::{Certificate, Key};
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).take(MAX_CHAIN + 1).collect();
    let chain = read.map_err(|fault| Certificate(format!("no certificate can be read from it: {fault}")))?;
    let Some(first) = chain.first() else {
        return Err(Certificate("there is no certificate in it (it is to be PEM: -----BEGIN CERTIFICATE-----)".into()));
    };
    if chain.len() > MAX_CHAIN {
        return Err(Certificate(format!("it holds more than {MAX_CHAIN} certificates: that is a store, not a chain")));
    }
    let parsed = ParsedCertificate::try_from(first);
    let parsed = parsed.map_err(|fault| Certificate(format!("its first certificate cannot be used: {fault}")))?;
    let ends = certificate::ends(first).ok_or_else(|| Certificate("its first certificate does not say when it ends".into()))?;
    let wanted = ServerName::try_from(name).map_err(|fault| Certificate(format!("{name} is no name for TLS: {fault}")))?;
    if verify_server_name(&parsed, &wanted).is_err() {
        return Err(Certificate(format!("it is not for {name}: its subjectAltName must name that host")));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
        Key("there is no private key in it that can be read (it is to be PEM: -----BEGIN PRIVATE KEY-----)".into())
    })?;
    let provider = Arc::new(default_provider());
    let certified = CertifiedKey::from_der(chain, key, &provider)
        .map_err(|fault| Key(format!("it cannot be used with the certificate: {fault}")))?;
    let certified = Arc::new(SingleCertAndKey::from(certified));
    let config = |protocols: &[&[u8]]| -> Result<_, rustls::Error> {
        let config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let mut config = config.with_no_client_auth().with_cert_resolver(certified.clone());
        config.alpn_protocols = protocols.iter().map(|p| p.to_vec()).collect();
        config.ticketer = Ticketer::new()?;
        Ok(Arc::new(config))
    };
    let all =
        || -> Result<_, rustls::Error> { Ok((config(&[b"dot"])?, config(&[b"h2", b"http/1.1"])?, config(&[b"http/1.1"])?)) };
    let (dns, https, http) = all().map_err(|fault| Key(fault.to_string()))?;
    Ok(Identity { dns, https, http, ends })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    fn made(name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(vec![name.to_owned()]).and_then(|c| c.self_signed(&key));
        (certificate.expect("a certificate").pem(), key.serialize_pem())
    }

    #[test]
    fn an_identity_is_a_certificate_for_its_name_with_its_own_key() {
        let (chain, key) = made("dns.school.example");
        let (other_chain, other_key) = made("dns.other.example");
        let said = |chain: &str, key: &str| identity("dns.school.example", chain.as_bytes(), key.as_bytes()).map(|i| i.dns);
        assert_eq!(said(&chain, &key).map(|config| config.alpn_protocols.clone()), Ok(vec![b"dot".to_vec()]));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (chain, key, of_key, why) in [
            ("", &key[..], false, "-----BEGIN CERTIFICATE-----"),
            (broken, &key, false, "cannot be used"),
            (&key, &key, false, "-----BEGIN CERTIFICATE-----"),
            (&chain.repeat(11), &key, false, "not a chain"),
            (&other_chain, &other_key, false, "it is not for dns.school.example"),
            (&chain, "", true, "-----BEGIN PRIVATE KEY-----"),
            (&chain, &chain, true, "-----BEGIN PRIVATE KEY-----"),
            (&chain, &other_key, true, "it cannot be used with the certificate"),
        ] {
            let fault = said(chain, key).expect_err(why);
            assert_eq!(matches!(fault, IdentityFault::Key(_)), of_key, "{fault}");
            assert!(fault.to_string().contains(why), "{fault}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused_with_what_it_should_be() {
        let fault = client(Some(b"# nothing here\n")).expect_err("no certificate");
        assert!(fault.to_string().contains("-----BEGIN CERTIFICATE-----"), "{fault}");
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(client(Some(broken)), Err(TlsFault::BadPem(_))));
    }
}
