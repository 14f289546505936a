//! `/api/session`: other systems of the school say who is signed in (`people::session`).
//!
//! JSON in, JSON out; the token in `Authorization: Bearer`. Nobody's browser sends that by itself, so no page of another site can
//! ask for anything here.

use super::hall::{Hall, Peer};
use crate::people::roster::Now;
use crate::people::session::{self, MAX_MESSAGE, Refused};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use std::sync::Arc;

/// Where it is.
pub const PATH: &str = "/api/session";

pub async fn take(State(hall): State<Arc<Hall>>, peer: Peer, request: Request) -> Response {
    let snapshot = hall.gate.snapshot();
    let roster = snapshot.register.roster().clone();
    let token = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    let systems = &snapshot.config.sources.systems;
    let private = peer.secure || peer.client.ip().is_loopback();
    let system = match session::system(systems, token, peer.client, private, &roster.session) {
        Ok(system) => system,
        Err(refused) => return refuse(refused),
    };
    let Ok(message) = Limited::new(request.into_body(), MAX_MESSAGE).collect().await else { return refuse(Refused::Message) };
    match session::take(system, &message.to_bytes(), peer.client, &roster, Now::read()) {
        Ok(heard) => say(StatusCode::OK, &heard),
        Err(refused) => refuse(refused),
    }
}

fn refuse(refused: Refused) -> Response {
    let status = match refused {
        Refused::Token => StatusCode::UNAUTHORIZED,
        Refused::Clear | Refused::Others => StatusCode::FORBIDDEN,
        Refused::Message => StatusCode::BAD_REQUEST,
    };
    say(status, &serde_json::json!({ "fault": refused.to_string() }))
}

fn say(status: StatusCode, what: &impl serde::Serialize) -> Response {
    let json = serde_json::to_string(what).unwrap_or_default();
    (status, [(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/json")], json).into_response()
}
