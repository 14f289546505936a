//! Incidents: opened by hand or of a matter, added to, closed. What was written once stays; what comes later is added.

use super::guard::{Form, NO_PURPOSE, Reader, sentence};
use super::matter;
use super::views::{self, IncidentPage, IncidentsPage, NewIncidentPage};
use super::week::sent;
use super::{Format, INCIDENTS, NotKept, NotShown};
use crate::casebook::Incident;
use crate::casebook::incidents::{Category, Fields};
use crate::gate::snapshot::local_time;
use crate::people::desk::Role;
use crate::web::form::asked;
use crate::web::hall::Answer;
use crate::web::portal::led;
use axum::extract::Path;
use axum::response::Response;
use hyper::{StatusCode, Uri};

/// The incidents that somebody may see.
async fn all(reader: &Reader) -> Result<Vec<Incident>, Response> {
    reader.sees(INCIDENTS, |desk, look| desk.incidents(look)).await
}

pub async fn list(reader: Reader) -> Answer {
    let (mut open, mut closed) = all(&reader).await?.into_iter().partition::<Vec<_>, _>(|incident| !incident.closed);
    open.sort_by_key(Incident::last_ms);
    closed.reverse();
    let may_open = reader.account.role != Role::Ict;
    Ok(views::page(StatusCode::OK, &IncidentsPage { frame: reader.frame("incidents"), open, closed, may_open }))
}

/// The form of a new one; of a matter, with what is known of it.
pub async fn new(reader: Reader, uri: Uri) -> Answer {
    let mut fields = Fields { recorded_by: Some(reader.account.name.clone()), place: Some("school".into()), ..Fields::default() };
    let today = local_time(&reader.caller.snapshot.config, reader.caller.now.unix_ms);
    fields.date = today.get(..10).map(str::to_owned);
    let mut of = asked(&uri, "matter");
    if !of.is_empty() {
        let (id, matter) = matter::found(&reader, &of).await?;
        fields.people = matter.reference.person.iter().cloned().collect();
        fields.description = Some(matter.line.clone());
        of = id.to_string();
    }
    Ok(asked_for(&reader, StatusCode::OK, "", &of, &fields))
}

fn asked_for(reader: &Reader, status: StatusCode, said: &str, matter: &str, fields: &Fields) -> Response {
    let people = fields.people.join("\n");
    let categories = Category::ALL.iter().map(|category| category.word()).collect();
    views::page(status, &NewIncidentPage { frame: reader.frame("incidents"), said, matter, fields, people, categories })
}

/// What stands in a form; an empty field says nothing.
fn written(form: &Form<Reader>) -> Fields {
    let text = |name| Some(form.field(name).replace("\r\n", "\n").trim().to_owned()).filter(|text| !text.is_empty());
    let people = form.field("people").split(['\n', ',', ';']).map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
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

pub async fn open(form: Form<Reader>) -> Answer {
    let (reader, fields, of) = (&form.by, written(&form), form.field("matter"));
    let matter = if of.is_empty() { None } else { Some(matter::found(reader, of).await?.0) };
    let kept = fields.clone();
    let opened = reader.keeps(move |desk, account| desk.open_incident(account, matter.as_ref(), kept)).await;
    let number = opened.map_err(|why| match why {
        // What they have written stays in the form.
        NotKept::Refused(why) => asked_for(reader, StatusCode::UNPROCESSABLE_ENTITY, &sentence(&why), of, &fields),
        NotKept::Fault => reader.not_kept(&NotKept::Fault, INCIDENTS),
    })?;
    Ok(led(&format!("{INCIDENTS}/{number}")))
}

pub async fn one(reader: Reader, Path(number): Path<String>) -> Answer {
    shown(&reader, StatusCode::OK, &number, "").await
}

/// One that somebody may see.
pub(super) async fn found(reader: &Reader, number: &str) -> Result<Incident, Response> {
    let incident = all(reader).await?.into_iter().find(|incident| incident.number.to_string() == number);
    incident.ok_or_else(|| reader.not_shown(NotShown::Nothing))
}

async fn shown(reader: &Reader, status: StatusCode, number: &str, said: &str) -> Answer {
    Ok(one_shown(reader, status, found(reader, number).await?, said))
}

/// The page of one, with its words opened or not.
pub(super) fn one_shown(reader: &Reader, status: StatusCode, incident: Incident, said: &str) -> Response {
    let when = |step: &crate::casebook::incidents::Step| local_time(&reader.caller.snapshot.config, step.when_ms);
    let whens = incident.history.iter().map(when).collect();
    views::page(status, &IncidentPage { frame: reader.frame("incidents"), said, incident, whens })
}

/// What came later.
pub async fn add(Path(number): Path<String>, form: Form<Reader>) -> Answer {
    let reader = &form.by;
    let which = number.parse::<u64>().map_err(|_| reader.not_shown(NotShown::Nothing))?;
    let (fields, why, close) = (written(&form), form.field("why").trim().to_owned(), form.field("close") == "yes");
    match reader.keeps(move |desk, account| desk.add_to_incident(account, (which, &why, close), fields)).await {
        Ok(()) => Ok(led(&format!("{INCIDENTS}/{which}"))),
        Err(NotKept::Refused(why)) => shown(reader, StatusCode::UNPROCESSABLE_ENTITY, &number, &sentence(&why)).await,
        Err(why) => Err(reader.not_kept(&why, INCIDENTS)),
    }
}

/// One to be handed on, with what for: each time is written down.
pub async fn export(Path(number): Path<String>, form: Form<Reader>) -> Answer {
    let (reader, purpose) = (&form.by, form.purpose());
    let nothing = || reader.not_shown(NotShown::Nothing);
    let which = number.parse::<u64>().map_err(|_| nothing())?;
    let format = Format::from_word(form.field("as")).filter(|format| *format != Format::Html).ok_or_else(nothing)?;
    if purpose.is_empty() {
        return shown(reader, StatusCode::UNPROCESSABLE_ENTITY, &number, NO_PURPOSE).await;
    }
    let bytes = reader.sees("", move |desk, look| desk.incident_file(look, which, format, &purpose)).await?;
    Ok(sent(bytes, format, &format!("incident-{which}.{format}")))
}
