//! Incidents: opened by hand or of a matter, added to, closed. What was written once stays; what comes later is added.

use super::guard::{Reader, field, form_of};
use super::matter::found;
use super::views::{self, IncidentPage, IncidentsPage, NewIncidentPage};
use super::{INCIDENTS, Look, NotKept, NotShown};
use crate::casebook::incidents::{Category, Fields};
use crate::casebook::{Incident, MatterId};
use crate::gate::snapshot::local_time;
use crate::people::desk::Role;
use crate::web::form::asked;
use crate::web::hall::{Hall, Peer};
use crate::web::portal::led;
use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use hyper::{HeaderMap, StatusCode, Uri};
use std::sync::Arc;

/// The incidents that somebody may see.
async fn all(reader: &Reader) -> Result<Vec<Incident>, Response> {
    let (account, recorded) = (reader.account.clone(), reader.has_looked(INCIDENTS));
    let work = move |desk: &dyn super::Desk| desk.incidents(&Look { account: &account, recorded });
    let incidents = reader.caller.asks(work).await.unwrap_or(Err(NotShown::Fault)).map_err(|why| reader.not_shown(why))?;
    reader.looked(INCIDENTS);
    Ok(incidents)
}

pub async fn list(State(hall): State<Arc<Hall>>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    let reader = match Reader::of(&hall, peer, &headers, INCIDENTS).await {
        Ok(reader) => reader,
        Err(answer) => return answer,
    };
    let (mut open, mut closed) = match all(&reader).await {
        Ok(incidents) => incidents.into_iter().partition::<Vec<_>, _>(|incident| !incident.closed),
        Err(answer) => return answer,
    };
    open.sort_by_key(Incident::last_ms);
    closed.reverse();
    let may_open = reader.account.role != Role::Ict;
    views::page(StatusCode::OK, &IncidentsPage { frame: reader.frame("incidents"), open, closed, may_open })
}

/// The form of a new one; of a matter, with what is known of it.
pub async fn new(State(hall): State<Arc<Hall>>, Extension(peer): Extension<Peer>, uri: Uri, headers: HeaderMap) -> Response {
    let reader = match Reader::of(&hall, peer, &headers, uri.path()).await {
        Ok(reader) => reader,
        Err(answer) => return answer,
    };
    let mut fields = Fields { recorded_by: Some(reader.account.name.clone()), place: Some("school".into()), ..Fields::default() };
    let today = local_time(&reader.caller.snapshot.config, reader.caller.now.unix_ms);
    fields.date = today.get(..10).map(str::to_owned);
    let mut of = String::new();
    match asked(&uri, "matter") {
        text if text.is_empty() => {}
        text => match found(&reader, &text).await {
            Ok((id, matter)) => {
                fields.people = matter.reference.person.iter().cloned().collect();
                fields.description = Some(matter.line.clone());
                of = id.to_string();
            }
            Err(answer) => return answer,
        },
    }
    asked_for(&reader, StatusCode::OK, "", &of, &fields)
}

fn asked_for(reader: &Reader, status: StatusCode, said: &str, matter: &str, fields: &Fields) -> Response {
    let people = fields.people.join("\n");
    let categories = Category::ALL.iter().map(|category| category.word()).collect();
    views::page(status, &NewIncidentPage { frame: reader.frame("incidents"), said, matter, fields, people, categories })
}

/// What stands in a form; an empty field says nothing.
fn written(form: &[(String, String)]) -> Fields {
    let text = |name| Some(field(form, name).replace("\r\n", "\n").trim().to_owned()).filter(|text| !text.is_empty());
    let people = field(form, "people").split(['\n', ',', ';']).map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
    Fields {
        date: text("date"),
        time: text("time"),
        place: text("place"),
        room: text("room"),
        category: text("category"),
        people: people.collect(),
        others: text("others"),
        description: text("description"),
        action_taken: text("action_taken"),
        parents_told: text("parents_told"),
        referred_to: text("referred_to"),
        outcome: text("outcome"),
        recorded_by: text("recorded_by"),
    }
}

pub async fn open(State(hall): State<Arc<Hall>>, Extension(peer): Extension<Peer>, request: Request) -> Response {
    let (reader, form) = match form_of(&hall, peer, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let (fields, of) = (written(&form), field(&form, "matter").to_owned());
    let matter: Option<MatterId> = match of.as_str() {
        "" => None,
        text => match found(&reader, text).await {
            Ok((id, _)) => Some(id),
            Err(answer) => return answer,
        },
    };
    let (account, kept) = (reader.account.clone(), fields.clone());
    let opened = reader.caller.asks(move |desk| desk.open_incident(&account, matter.as_ref(), kept)).await;
    match opened.unwrap_or(Err(NotKept::Fault)) {
        Ok(number) => led(&format!("{INCIDENTS}/{number}")),
        // What they have written stays in the form.
        Err(NotKept::Refused(why)) => asked_for(&reader, StatusCode::UNPROCESSABLE_ENTITY, &why, &of, &fields),
        Err(why) => reader.not_kept(&why, INCIDENTS),
    }
}

pub async fn one(
    State(hall): State<Arc<Hall>>,
    Extension(peer): Extension<Peer>,
    Path(number): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let reader = match Reader::of(&hall, peer, &headers, uri.path()).await {
        Ok(reader) => reader,
        Err(answer) => return answer,
    };
    shown(&reader, StatusCode::OK, &number, "").await
}

async fn shown(reader: &Reader, status: StatusCode, number: &str, said: &str) -> Response {
    let incidents = match all(reader).await {
        Ok(incidents) => incidents,
        Err(answer) => return answer,
    };
    let Some(incident) = incidents.into_iter().find(|incident| incident.number.to_string() == number) else {
        return reader.not_shown(NotShown::Nothing);
    };
    let when = |step: &crate::casebook::incidents::Step| local_time(&reader.caller.snapshot.config, step.when_ms);
    let whens = incident.history.iter().map(when).collect();
    views::page(status, &IncidentPage { frame: reader.frame("incidents"), said, incident, whens })
}

/// What came later.
pub async fn add(
    State(hall): State<Arc<Hall>>,
    Extension(peer): Extension<Peer>,
    Path(number): Path<String>,
    request: Request,
) -> Response {
    let (reader, form) = match form_of(&hall, peer, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let Ok(which) = number.parse::<u64>() else { return reader.not_shown(NotShown::Nothing) };
    let (account, fields) = (reader.account.clone(), written(&form));
    let (why, close) = (field(&form, "why").trim().to_owned(), field(&form, "close") == "yes");
    let added = reader.caller.asks(move |desk| desk.add_to_incident(&account, (which, &why, close), fields)).await;
    match added.unwrap_or(Err(NotKept::Fault)) {
        Ok(()) => led(&format!("{INCIDENTS}/{which}")),
        Err(NotKept::Refused(why)) => shown(&reader, StatusCode::UNPROCESSABLE_ENTITY, &number, &why).await,
        Err(why) => reader.not_kept(&why, INCIDENTS),
    }
}
