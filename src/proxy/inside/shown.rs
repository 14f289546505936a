//! TLS with the client, under the school's own authority; and clients that turn its certificate away.

use crate::net::idle::Idle;
use crate::net::inspection::Inspection;
use crate::net::prefixed::Prefixed;
use crate::net::stream::Stream;
use crate::proxy::{IDLE, Proxy};
use crate::words::{ClientAddr, Host};
use bytes::Bytes;
use rustls::{AlertDescription, Error};
use std::io;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take for its part of the handshake.
const WAIT: Duration = Duration::from_secs(10);

/// A client's connection, decrypted.
pub type Shown = Idle<TlsStream<Prefixed<Stream>>>;

/// Shows a client the certificate for the host it wants. `None`: it turned it away or left, which is remembered.
pub async fn show(
    proxy: &Proxy,
    inspection: &Inspection,
    (stream, already): (Stream, Bytes),
    (host, client): (&Host, ClientAddr),
    protocol: Option<&'static [u8]>,
) -> Option<Shown> {
    let gate = &proxy.gate;
    let now_ms = gate.clock.unix_ms();
    let config = match inspection.to_client(host, protocol, now_ms.div_euclid(1000)) {
        Ok(config) => config,
        Err(fault) => {
            tracing::error!(%fault, "no certificate could be shown to a client");
            return None;
        }
    };
    let accepted = timeout(WAIT, TlsAcceptor::from(config).accept(Prefixed::new(already, stream))).await.ok()?;
    match accepted {
        Ok(stream) => Some(Idle::new(stream, IDLE)),
        Err(fault) => {
            if let Some(said) = turned_away(&fault) {
                gate.rejections.turned_away(host, client, said, now_ms);
            }
            None
        }
    }
}

/// What a client says that does not take a certificate. `None`: it says something else.
fn turned_away(fault: &io::Error) -> Option<&'static str> {
    let Some(Error::AlertReceived(alert)) = fault.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        // Some apps say nothing, and go.
        return (fault.kind() == io::ErrorKind::UnexpectedEof).then_some("nothing");
    };
    match alert {
        AlertDescription::UnknownCA => Some("unknown_ca"),
        AlertDescription::BadCertificate => Some("bad_certificate"),
        AlertDescription::CertificateUnknown => Some("certificate_unknown"),
        AlertDescription::UnsupportedCertificate => Some("unsupported_certificate"),
        AlertDescription::CertificateRevoked => Some("certificate_revoked"),
        AlertDescription::CertificateExpired => Some("certificate_expired"),
        AlertDescription::AccessDenied => Some("access_denied"),
        AlertDescription::DecryptError => Some("decrypt_error"),
        _ => None,
    }
}
