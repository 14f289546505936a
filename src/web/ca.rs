//! The school's certificate authority, for its devices to fetch.

use super::front;
use super::hall::{self, Hall, Peer};
use crate::gate::Snapshot;
use crate::net::ca::{CHECK_HOST, carried, fingerprint};
use crate::net::inspection::Inspection;
use crate::pages::{CaPage, Language};
use crate::wire::certificate;
use crate::words::Host;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::{HeaderMap, StatusCode};
use std::sync::Arc;

/// The page with the steps.
pub async fn page(State(hall): State<Arc<Hall>>, peer: Peer, headers: HeaderMap) -> Response {
    let snapshot = hall.gate.snapshot();
    let Some(inspection) = of(&snapshot) else { return front::nothing(State(hall.clone()), headers).await };
    let der = carried::der(&inspection.carried).unwrap_or_else(|| Vec::new().into());
    let ends = jiff::Timestamp::from_second(certificate::ends(&der).unwrap_or_default()).unwrap_or_default();
    let ends = ends.to_zoned(snapshot.config.school.zone.clone()).strftime("%-d %B %Y").to_string();
    let port = hall.gate.web.first().map_or(80, std::net::SocketAddr::port);
    let host = match peer.local.to_canonical() {
        std::net::IpAddr::V6(v6) => format!("[{v6}]"),
        v4 => Host::from(v4).to_string(),
    };
    let page = CaPage {
        school: &snapshot.config.school.name,
        fingerprint: &fingerprint(&der),
        until: &ends,
        url: &if port == 80 { format!("http://{host}/ca") } else { format!("http://{host}:{port}/ca") },
        files: "/ca/",
        check: &format!("https://{CHECK_HOST}/"),
        next: inspection.follows,
    };
    hall::page(StatusCode::OK, Language::English, page.html())
}

/// One of its files.
pub async fn file(State(hall): State<Arc<Hall>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let snapshot = hall.gate.snapshot();
    let Some(inspection) = of(&snapshot) else { return front::nothing(State(hall.clone()), headers).await };
    let (kind, bytes) = match name.as_str() {
        "schoolgate-ca.pem" => ("application/x-pem-file", inspection.carried.clone().into_bytes()),
        "schoolgate-ca.cer" => {
            let der = carried::der(&inspection.carried).map(|der| der.to_vec());
            ("application/x-x509-ca-cert", der.unwrap_or_default())
        }
        "schoolgate-ca.mobileconfig" => {
            let profile = carried::mobileconfig(&snapshot.config.school.name, &inspection.carried);
            ("application/x-apple-aspen-config", profile.into_bytes())
        }
        _ => return front::nothing(State(hall.clone()), headers).await,
    };
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], bytes).into_response()
}

fn of(snapshot: &Snapshot) -> Option<&Inspection> {
    snapshot.inspection.as_ref().and_then(|inspection| inspection.as_deref().ok())
}
