//! Every configuration of TLS, in one file: the ring provider, given explicitly; versions 1.2 and 1.3.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_with_what_it_should_be() {
        let fault = client(Some(b"# nothing here\n")).expect_err("no certificate");
        assert!(fault.to_string().contains("-----BEGIN CERTIFICATE-----"), "{fault}");
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(client(Some(broken)), Err(TlsFault::BadPem(_))));
    }
}
