//! TLS of the origin under an authority of its own, and of clients that look at who shows them a certificate, and no further.

use super::load::HOSTS;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme};
use schoolgate::net::ca::{Authority, made};
use schoolgate::words::Host;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The origin's authority: what a server between shows has another one's name in it.
const WORLD: &str = "The World";

#[derive(Debug)]
struct AnyName(Authority);

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64
}

impl ResolvesServerCert for AnyName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = Host::parse(hello.server_name()?).ok()?;
        Some(self.0.leaf(&host, now()).ok()?.certified)
    }
}

/// Writes the authority of the origin: `world.pem` and `world.key`.
pub fn found(home: &Path) {
    let made = made::made(WORLD, now()).expect("made");
    std::fs::write(home.join("world.pem"), made.certificate).expect("written");
    std::fs::write(home.join("world.key"), made.key.as_bytes()).expect("written");
}

pub fn acceptor(home: &Path, tickets: bool) -> TlsAcceptor {
    let read = |name: &str| std::fs::read(home.join(name)).expect("the authority");
    let authority = Authority::read(&read("world.pem"), &read("world.key")).expect("the authority");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let mut config = config.expect("versions").with_no_client_auth().with_cert_resolver(Arc::new(AnyName(authority)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if tickets {
        config.ticketer = Ticketer::new().expect("random octets");
    } else {
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    }
    TlsAcceptor::from(Arc::new(config))
}

/// A client that goes on with an earlier session if `resumed`.
pub fn connector(resumed: bool) -> TlsConnector {
    let provider = Arc::new(default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().expect("versions");
    let schemes = provider.signature_verification_algorithms.supported_schemes();
    let mut config = config.dangerous().with_custom_certificate_verifier(Arc::new(Between(schemes))).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Of every name: as it comes, rustls keeps sessions of 32.
    config.resumption = if resumed { Resumption::in_memory_sessions(8 * HOSTS as usize) } else { Resumption::disabled() };
    TlsConnector::from(Arc::new(config))
}

/// Takes what anybody shows but the origin itself: then nothing was looked into.
#[derive(Debug)]
struct Between(Vec<SignatureScheme>);

impl ServerCertVerifier for Between {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match memchr::memmem::find(end_entity, WORLD.as_bytes()) {
            None => Ok(ServerCertVerified::assertion()),
            Some(_) => Err(Error::General("it was not looked into".into())),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
