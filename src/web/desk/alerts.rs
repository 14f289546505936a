//! Alerts: what could not wait for the report. To acknowledge one is to say that somebody has it.

use super::guard::{Reader, field, form_of};
use super::views::{self, AlertsPage};
use super::{ALERTS, Look, NotKept, NotShown};
use crate::web::hall::{Hall, Peer};
use crate::web::portal::led;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use hyper::{HeaderMap, StatusCode};
use std::sync::Arc;

pub async fn page(State(hall): State<Arc<Hall>>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    let reader = match Reader::of(&hall, peer, &headers, ALERTS).await {
        Ok(reader) => reader,
        Err(answer) => return answer,
    };
    let (account, recorded) = (reader.account.clone(), reader.has_looked(ALERTS));
    let work = move |desk: &dyn super::Desk| desk.alerts(&Look { account: &account, recorded });
    let alerts = match reader.caller.asks(work).await.unwrap_or(Err(NotShown::Fault)) {
        Ok(alerts) => alerts,
        Err(why) => return reader.not_shown(why),
    };
    if !alerts.is_empty() {
        reader.looked(ALERTS);
    }
    let (seen, waiting) = alerts.into_iter().partition(|alert| alert.acknowledged.is_some());
    views::page(StatusCode::OK, &AlertsPage { frame: reader.frame("alerts"), waiting, seen })
}

pub async fn acknowledge(State(hall): State<Arc<Hall>>, Extension(peer): Extension<Peer>, request: Request) -> Response {
    let (reader, fields) = match form_of(&hall, peer, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let Ok(number) = field(&fields, "acknowledge").parse::<u32>() else { return reader.not_shown(NotShown::Nothing) };
    let account = reader.account.clone();
    match reader.caller.asks(move |desk| desk.acknowledge(&account, number)).await.unwrap_or(Err(NotKept::Fault)) {
        Ok(()) => led(ALERTS),
        Err(why) => reader.not_kept(&why, ALERTS),
    }
}
