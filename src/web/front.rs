//! The front page, and what is not found.

use super::desk::{self, Desk, Peer};
use crate::pages::Notice;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use std::sync::Arc;

/// What this box is, and whether the device that asks is within it.
pub async fn page(State(desk): State<Arc<Desk>>, Extension(peer): Extension<Peer>) -> Response {
    let snapshot = desk.gate.snapshot();
    let here = match snapshot.who(peer.client) {
        Some(_) => "Your device is in one of the school's networks.",
        None => "Your device is not in one of the school's networks, so the filter does not answer it.",
    };
    let notice = Notice {
        school: &snapshot.config.school.name,
        heading: "The school's web filter",
        lines: &["It decides which pages open on the school's networks, and keeps a record of visits.", here],
        detail: "",
    };
    desk::page(StatusCode::OK, notice.html())
}

pub async fn nothing(State(desk): State<Arc<Desk>>) -> Response {
    let snapshot = desk.gate.snapshot();
    let notice = Notice {
        school: &snapshot.config.school.name,
        heading: "There is no such page here",
        lines: &["This is the school's web filter. Look at the address again."],
        detail: "",
    };
    desk::page(StatusCode::NOT_FOUND, notice.html())
}
