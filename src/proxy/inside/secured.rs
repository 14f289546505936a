//! TLS to an origin.

use super::distrust::Distrust;
use crate::net::ahead::Ahead;
use crate::net::idle::Idle;
use crate::net::inspection::{HTTP_1, HTTP_2, Inspection};
use crate::proxy::IDLE;
use crate::words::Host;
use rustls::pki_types::{IpAddr, ServerName};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long an origin may take to say who it is: two round trips, and a slow machine's signature.
const WAIT: Duration = Duration::from_secs(10);

/// A connection to an origin that has proved who it is.
pub struct Secured {
    pub stream: Idle<TlsStream<Ahead<TcpStream>>>,
    /// What it chose of what it was offered; `None`: it did not say.
    pub protocol: Option<&'static [u8]>,
}

/// Speaks TLS to an origin, and holds it to its name.
///
/// # Errors
/// [`Distrust`]: it is not what it says, or nothing that can be spoken with.
pub async fn secure(
    inspection: &Inspection,
    stream: TcpStream,
    host: &Host,
    protocols: &[&'static [u8]],
) -> Result<Secured, Distrust> {
    let connector = TlsConnector::from(inspection.to_origin(protocols));
    let connecting = connector.connect(name(host), Ahead::new(stream));
    let stream = match timeout(WAIT, connecting).await {
        Ok(connected) => connected.map_err(|fault| Distrust::of(&fault))?,
        Err(_) => return Err(Distrust::silent()),
    };
    let chosen = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    let protocol = chosen.and_then(|chosen| [HTTP_2, HTTP_1].into_iter().find(|known| *known == chosen));
    Ok(Secured { stream: Idle::new(stream, IDLE), protocol })
}

fn name(host: &Host) -> ServerName<'static> {
    match host.address() {
        Some(address) => ServerName::IpAddress(IpAddr::from(address)),
        // Every host is a name for TLS, but for one with an underscore before its last labels: it fits no certificate.
        None => ServerName::try_from(host.as_str().to_owned()).unwrap_or(ServerName::IpAddress(IpAddr::from(NOBODY))),
    }
}

/// An address that no certificate is for.
const NOBODY: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
