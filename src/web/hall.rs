//! What every request to the web door uses, and for whom which page is.

use super::desk::Desk;
use super::portal::Portal;
use super::status;
use super::why::Why;
use crate::config::Config;
use crate::gate::staffroom::Staffroom;
use crate::gate::{Gate, Visit};
use crate::net::fetch::Lookup;
use crate::net::listen::Caller;
use crate::net::own::OwnAddresses;
use crate::pages::{FORM_HEADERS, HEADERS, Language};
use crate::people::desk::sessions::Sessions;
use crate::words::{ClientAddr, Host};
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{CONTENT_LANGUAGE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use prometheus_client::registry::Registry;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// What a request is answered; the second is why it went no further.
pub type Answer = Result<Response, Response>;

/// By this name the front page is the list of what did not open.
pub const WHY: &str = "why";

/// Who called, and which address of ours: put beside every request by the connection it came on.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    pub client: ClientAddr,
    pub local: IpAddr,
    pub port: u16,
    /// It came over TLS: nobody on the way reads it.
    pub secure: bool,
}

impl Peer {
    pub fn of(caller: &Caller, secure: bool) -> Self {
        Self { client: caller.client, local: caller.local.ip(), port: caller.local.port(), secure }
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        parts.extensions.get().copied().ok_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

/// What every request uses.
pub struct Hall {
    pub gate: Arc<Gate>,
    pub metrics: Registry,
    /// Where the proxy listens.
    pub proxy: Vec<SocketAddr>,
    own: OwnAddresses,
    pub why: Why,
    pub portal: Portal,
    pub rooms: Rooms,
    /// Who has signed in at the desk.
    pub at_desk: Sessions,
}

/// What the house does for pages that change something.
#[derive(Clone, Default)]
pub struct Rooms {
    /// Who keeps the passes that staff open; `None`: they open none here.
    pub staffroom: Option<Arc<dyn Staffroom>>,
    /// What the pages of the desk are made of; `None`: there is none here.
    pub desk: Option<Arc<dyn Desk>>,
}

impl Hall {
    /// `lookup` knows the addresses of hosts.
    pub fn open(gate: Arc<Gate>, lookup: Arc<dyn Lookup>, rooms: Rooms, proxy: Vec<SocketAddr>) -> Self {
        Self {
            metrics: status::registry(&gate),
            gate,
            proxy,
            own: OwnAddresses::read(),
            why: Why::default(),
            portal: Portal::open(lookup),
            rooms,
            at_desk: Sessions::default(),
        }
    }

    /// Whether a Host is what this connection is for. Over TLS the door has one name, and no other leads here: whoever makes a name of
    /// theirs lead to this address (DNS rebinding) gets nothing by it.
    pub fn is_meant(&self, host: &Host, peer: &Peer, config: &Config) -> bool {
        if peer.secure { config.web.by.as_ref().is_some_and(|by| by.name == *host) } else { self.is_this_box(host, peer, config) }
    }

    /// Whether a Host is this box: its name, `wpad` or `why`, alone or in a zone of the school's own, the name it has over TLS,
    /// `localhost`, or an address it has.
    pub fn is_this_box(&self, host: &Host, peer: &Peer, config: &Config) -> bool {
        if let Some(address) = host.address() {
            return address == peer.local.to_canonical() || self.own.contains(address);
        }
        if config.web.by.as_ref().is_some_and(|by| by.name == *host) {
            return true;
        }
        // The name alone, or in a zone of the school's own; `wpad` is what browsers ask for their proxy by, `why` leads to the list
        // of what did not open.
        let gateway = config.school.gateway.to_ascii_lowercase();
        let alone = |name: &str| matches!(name, "wpad" | WHY) || Host::parse(name).is_ok() && name == gateway;
        let zoned = |zone: &Host| host.as_str().strip_suffix(zone.as_str()).and_then(|h| h.strip_suffix('.'));
        host.as_str() == "localhost" || alone(host.as_str()) || config.proxy.internal_zones.iter().filter_map(zoned).any(alone)
    }

    /// Who calls, as they are now.
    ///
    /// # Errors
    /// What one of nobody's is answered.
    pub fn visit(&self, peer: &Peer) -> Result<Visit, Response> {
        self.gate.visit(peer.client).ok_or_else(|| {
            self.gate.counters.strangers.inc();
            (StatusCode::FORBIDDEN, "This page is for the school's own networks.\n").into_response()
        })
    }

    /// Whether health and metrics are for this client.
    pub fn may_read_status(&self, client: ClientAddr) -> bool {
        let snapshot = self.gate.snapshot();
        client.ip().is_loopback() || snapshot.config.web.status_from.iter().any(|n| n.contains(client.ip()))
    }
}

/// A page with the headers of every page.
pub fn page(status: StatusCode, language: Language, html: String) -> Response {
    with(status, HEADERS, language, html)
}

/// A page of our own with forms, which are sent here.
pub fn form(language: Language, html: String) -> Response {
    with(StatusCode::OK, FORM_HEADERS, language, html)
}

pub(super) fn with(status: StatusCode, headers: &[(HeaderName, &'static str)], language: Language, html: String) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
