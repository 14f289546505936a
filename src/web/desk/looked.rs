//! Who looked at whom.

use super::NotShown;
use super::guard::Reader;
use super::views::{self, LookedPage};
use crate::gate::snapshot::local_time;
use crate::web::hall::{Hall, Peer};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use hyper::{HeaderMap, StatusCode};
use std::sync::Arc;

pub async fn page(State(hall): State<Arc<Hall>>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    let reader = match Reader::of(&hall, peer, &headers, "/desk/looked").await {
        Ok(reader) => reader,
        Err(answer) => return answer,
    };
    let account = reader.account.clone();
    let looked = match reader.caller.asks(move |desk| desk.looked(&account)).await.unwrap_or(Err(NotShown::Fault)) {
        Ok(looked) => looked,
        Err(why) => return reader.not_shown(why),
    };
    let config = &reader.caller.snapshot.config;
    let rows = looked.into_iter().map(|l| [local_time(config, l.when_ms), l.who, l.what, l.purpose]).collect();
    views::page(StatusCode::OK, &LookedPage { frame: reader.frame("looked"), rows })
}
