//! What somebody says of a matter, and what was asked for around it.

use super::guard::{Reader, field, form_of};
use super::views::{self, AroundPage, MatterPage, PurposePage};
use super::{Look, NotKept, NotShown, editions};
use crate::casebook::MatterId;
use crate::casebook::review::Said;
use crate::report::week::Matter;
use crate::web::hall::{Hall, Peer};
use crate::web::portal::led;
use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use hyper::{HeaderMap, StatusCode, Uri};
use std::sync::Arc;

/// Longest purpose: a sentence or two.
const MAX_PURPOSE: usize = 300;

/// A matter of a week that somebody may see.
///
/// # Errors
/// What they are answered else: of a matter that is not theirs, as of one that is none.
pub(super) async fn found(reader: &Reader, text: &str) -> Result<(MatterId, Matter), Response> {
    let nothing = || reader.not_shown(NotShown::Nothing);
    let id: MatterId = text.parse().map_err(|_| nothing())?;
    let (account, week, edition) = (reader.account.clone(), id.week, editions(reader.account.role)[0]);
    let what = format!("week {week} {edition}");
    let recorded = reader.has_looked(&what);
    let work = move |desk: &dyn super::Desk| desk.week(&Look { account: &account, recorded }, week, edition);
    let whole = reader.caller.asks(work).await.unwrap_or(Err(NotShown::Fault)).map_err(|why| reader.not_shown(why))?;
    reader.looked(&what);
    let matter = whole.matters.into_iter().chain(whole.known).find(|matter| matter.reference.id == id).ok_or_else(nothing)?;
    Ok((id, matter))
}

/// One matter in full, with its four buttons.
pub async fn page(
    State(hall): State<Arc<Hall>>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let reader = match Reader::of(&hall, peer, &headers, uri.path()).await {
        Ok(reader) => reader,
        Err(answer) => return answer,
    };
    match found(&reader, &id).await {
        Ok((id, matter)) => shown(&reader, StatusCode::OK, &id, &matter, ""),
        Err(answer) => answer,
    }
}

fn shown(reader: &Reader, status: StatusCode, id: &MatterId, matter: &Matter, said: &str) -> Response {
    views::page(status, &MatterPage { frame: reader.frame("week"), week: id.week.to_string(), matter, said })
}

/// One of the buttons.
pub async fn mark(
    State(hall): State<Arc<Hall>>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (reader, fields) = match form_of(&hall, peer, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let (id, matter) = match found(&reader, &id).await {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let said = match field(&fields, "do") {
        "seen" => Said::Seen,
        "not-a-concern" => Said::NotAConcern,
        "in-hand" => Said::InHand,
        _ => return reader.not_shown(NotShown::Nothing),
    };
    let because = field(&fields, "because").trim().to_owned();
    if because.is_empty() && said.settles() {
        let why = "Please say why: it stands in the report, and while it holds the matter stays off page one.";
        return shown(&reader, StatusCode::UNPROCESSABLE_ENTITY, &id, &matter, why);
    }
    let (account, of) = (reader.account.clone(), id.clone());
    let done = reader.caller.asks(move |desk| desk.mark(&account, &of, (said, &because))).await;
    match done.unwrap_or(Err(NotKept::Fault)) {
        Ok(()) => led(&format!("/desk/week/{}#{id}", id.week)),
        Err(why) => reader.not_kept(&why, &format!("/desk/matter/{id}")),
    }
}

/// Why somebody would see what was asked for around it.
pub async fn purpose(
    State(hall): State<Arc<Hall>>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (reader, fields) = match form_of(&hall, peer, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let (id, matter) = match found(&reader, &id).await {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let purpose: String = field(&fields, "purpose").trim().chars().filter(|c| !c.is_control()).take(MAX_PURPOSE).collect();
    if purpose.is_empty() {
        return asked_why(&reader, StatusCode::UNPROCESSABLE_ENTITY, &id, &matter, "Please say in a few words why you look.");
    }
    reader.caller.hall.at_desk.set_purpose(&reader.token, &id.to_string(), &purpose);
    led(&format!("/desk/matter/{id}/around"))
}

fn asked_why(reader: &Reader, status: StatusCode, id: &MatterId, matter: &Matter, said: &str) -> Response {
    views::page(status, &PurposePage { frame: reader.frame("week"), id: id.to_string(), matter, said })
}

/// What was asked for from half an hour before to half an hour after.
pub async fn around(
    State(hall): State<Arc<Hall>>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let reader = match Reader::of(&hall, peer, &headers, uri.path()).await {
        Ok(reader) => reader,
        Err(answer) => return answer,
    };
    let (id, matter) = match found(&reader, &id).await {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let Some(purpose) = hall.at_desk.purpose(&reader.token, &id.to_string()) else {
        return asked_why(&reader, StatusCode::OK, &id, &matter, "");
    };
    // Another purpose is another look.
    let what = format!("around {id} {purpose}");
    let (account, of, why, recorded) = (reader.account.clone(), id.clone(), purpose.clone(), reader.has_looked(&what));
    let work = move |desk: &dyn super::Desk| desk.around(&Look { account: &account, recorded }, &of, &why);
    match reader.caller.asks(work).await.unwrap_or(Err(NotShown::Fault)) {
        Ok(around) => {
            reader.looked(&what);
            let page = AroundPage { frame: reader.frame("week"), id: id.to_string(), matter: &matter, around, purpose };
            views::page(StatusCode::OK, &page)
        }
        Err(why) => reader.not_shown(why),
    }
}
