//! Absolute form: the request passed on, the response passed back, both as they come.

use super::connection::Connection;
use super::dial::{self, Unreached};
use super::expect::Outgoing;
use super::origin::Origin;
use super::record::Record;
use super::refuse::{self, Body};
use super::request::Asked;
use super::{HEAD_WAIT, download, headers, scan};
use crate::pages::Seen;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body as _, Incoming};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::timeout;

/// Why there is no response to pass back.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error(transparent)]
    Unreached(#[from] Unreached),
    #[error("it broke off, or answered with something that is not HTTP: {0}")]
    Broken(hyper::Error),
    #[error("it changed to another protocol without being asked")]
    Switched,
    #[error("it took the request and did not answer in time")]
    Silent,
}

/// Carries one request that was judged and allowed.
pub async fn answer(
    connection: &Connection,
    asked: &Asked,
    mut record: Record<'_>,
    seen: Seen,
    request: Request<Incoming>,
) -> Response<Body> {
    let is_head = *request.method() == Method::HEAD;
    match carry(connection, asked, &record, request).await {
        Ok(response) => {
            let (mut head, body) = response.into_parts();
            headers::for_client(&mut head);
            let body = match download::passed(&connection.proxy.gate, &mut record, &head, body).await {
                Ok(body) => body,
                Err(kind) => return refuse::download(&mut record, seen, kind),
            };
            let Some(body) = scan::passed(&connection.proxy.gate, &mut record, &head, body).await else {
                return refuse::blocked(&mut record, seen);
            };
            let bytes_down = if is_head { 0 } else { headers::length(&head.headers).unwrap_or(0) };
            record.note(head.status, bytes_down);
            connection.judged(record.visit, asked);
            Response::from_parts(head, body)
        }
        Err(Unanswered::Unreached(Unreached::Blocked(behind))) => {
            record.judged = *behind;
            refuse::blocked(&mut record, seen)
        }
        Err(fault) => refuse::unanswered(&mut record, seen, &fault),
    }
}

async fn carry(
    connection: &Connection,
    asked: &Asked,
    record: &Record<'_>,
    request: Request<Incoming>,
) -> Result<Response<Incoming>, Unanswered> {
    let (mut head, body) = request.into_parts();
    let body = body.map_err(Into::into).boxed_unsync();
    headers::for_origin(&mut head, asked);
    if scan::wanted(record.visit, record.judged.verdict.step).is_some() || download::unpacks(record.visit, &record.judged, asked)
    {
        headers::readable(&mut head.headers);
    }
    if let Some(mut kept) = kept(connection, asked, record).await {
        // A kept connection may be closed by the origin in the moment it is used. What asks only, and has no body, is
        // asked again on a new one (RFC 9110 §9.2.2); the rest is the client's to repeat.
        let again = (body.is_end_stream() && head.method.is_safe()).then(|| bare(&head));
        match (send(&mut kept, asked, Outgoing::new(head, body)).await, again) {
            (Err(Unanswered::Broken(_)), Some(request)) => {
                return over_new(connection, asked, record, request).await;
            }
            (answered, _) => return answered.inspect(|_| connection.keep(kept)),
        }
    }
    over_new(connection, asked, record, Outgoing::new(head, body)).await
}

/// The connection of the request before, if it leads to the same place and may still be used.
async fn kept(connection: &Connection, asked: &Asked, record: &Record<'_>) -> Option<Origin> {
    let mut kept = connection.take_kept()?;
    let config = &record.visit.snapshot.config.proxy;
    let may = match (kept.by_parent, &config.parent) {
        // The address is that of the proxy above; what it leads to was judged when it was dialled.
        (true, parent) => parent.is_some(),
        (false, _) => dial::may_reach(&connection.proxy, record.visit, &record.judged, asked, kept.address).is_ok(),
    };
    (may && kept.serves(asked).await).then_some(kept)
}

async fn over_new(
    connection: &Connection,
    asked: &Asked,
    record: &Record<'_>,
    request: Outgoing,
) -> Result<Response<Incoming>, Unanswered> {
    let dialled = dial::dial(&connection.proxy, record.visit, &record.judged, asked).await?;
    let mut origin = Origin::over(dialled, asked).await.map_err(Unanswered::Broken)?;
    let response = send(&mut origin, asked, request).await?;
    connection.keep(origin);
    Ok(response)
}

async fn send(origin: &mut Origin, asked: &Asked, mut outgoing: Outgoing) -> Result<Response<Incoming>, Unanswered> {
    if origin.by_parent {
        headers::for_parent(outgoing.request.uri_mut(), asked);
    }
    let answered = timeout(HEAD_WAIT, origin.send(outgoing.request)).await;
    outgoing.promise.answered();
    match answered {
        Ok(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => Err(Unanswered::Switched),
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(Unanswered::Broken(error)),
        Err(_) => Err(Unanswered::Silent),
    }
}

fn bare(head: &Parts) -> Outgoing {
    let nothing = Empty::new().map_err(|never| match never {}).boxed_unsync();
    Outgoing::bare(Request::from_parts(head.clone(), nothing))
}
