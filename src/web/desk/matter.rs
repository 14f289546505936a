//! What somebody says of a matter, and what was asked for around it.

use super::guard::{Form, NO_PURPOSE, Reader};
use super::views::{self, AroundPage, MatterPage, PurposePage};
use super::{Around, NotShown};
use crate::casebook::MatterId;
use crate::casebook::review::Said;
use crate::report::Edition;
use crate::report::week::Matter;
use crate::web::hall::Answer;
use crate::web::portal::led;
use axum::extract::Path;
use axum::response::Response;
use hyper::StatusCode;

/// A matter of a week that somebody may see.
///
/// # Errors
/// What they are answered else: of a matter that is not theirs, as of one that is none.
pub(super) async fn found(reader: &Reader, text: &str) -> Result<(MatterId, Matter), Response> {
    let nothing = || reader.not_shown(NotShown::Nothing);
    let id: MatterId = text.parse().map_err(|_| nothing())?;
    let (week, edition) = (id.week, Edition::of(reader.account.role)[0]);
    let whole = reader.sees(&format!("week {week} {edition}"), move |desk, look| desk.week(look, week, edition)).await?;
    let matter = whole.matters.into_iter().chain(whole.known).find(|matter| matter.reference.id == id).ok_or_else(nothing)?;
    Ok((id, matter))
}

/// One matter in full, with its four buttons.
pub async fn page(reader: Reader, Path(id): Path<String>) -> Answer {
    let (id, matter) = found(&reader, &id).await?;
    Ok(shown(&reader, StatusCode::OK, &id, &matter, ""))
}

fn shown(reader: &Reader, status: StatusCode, id: &MatterId, matter: &Matter, said: &str) -> Response {
    views::page(status, &MatterPage { frame: reader.frame("week"), week: id.week.to_string(), matter, said })
}

/// One of the buttons.
pub async fn mark(Path(id): Path<String>, form: Form<Reader>) -> Answer {
    let reader = &form.by;
    let (id, matter) = found(reader, &id).await?;
    let said = match form.field("do") {
        "seen" => Said::Seen,
        "not-a-concern" => Said::NotAConcern,
        "in-hand" => Said::InHand,
        _ => return Err(reader.not_shown(NotShown::Nothing)),
    };
    let because = form.field("because").trim().to_owned();
    if because.is_empty() && said.settles() {
        let why = "Please say why: it stands in the report, and while it holds the matter stays off page one.";
        return Err(shown(reader, StatusCode::UNPROCESSABLE_ENTITY, &id, &matter, why));
    }
    let of = id.clone();
    let kept = reader.keeps(move |desk, account| desk.mark(account, &of, (said, &because))).await;
    kept.map_err(|why| reader.not_kept(&why, &format!("/desk/matter/{id}")))?;
    Ok(led(&format!("/desk/week/{}#{id}", id.week)))
}

/// Why somebody would see what was asked for around it.
pub async fn purpose(Path(id): Path<String>, form: Form<Reader>) -> Answer {
    let reader = &form.by;
    let (id, matter) = found(reader, &id).await?;
    let purpose = form.purpose();
    if purpose.is_empty() {
        return Err(asked_why(reader, StatusCode::UNPROCESSABLE_ENTITY, &id, &matter, NO_PURPOSE));
    }
    reader.caller.hall.at_desk.set_purpose(&reader.token, &id.to_string(), &purpose);
    Ok(led(&format!("/desk/matter/{id}/around")))
}

fn asked_why(reader: &Reader, status: StatusCode, id: &MatterId, matter: &Matter, said: &str) -> Response {
    views::page(status, &PurposePage { frame: reader.frame("week"), id: id.to_string(), matter, said })
}

/// What was asked for from half an hour before to half an hour after.
pub async fn around(reader: Reader, Path(id): Path<String>) -> Answer {
    let (id, matter) = found(&reader, &id).await?;
    let purpose = reader.caller.hall.at_desk.purpose(&reader.token, &id.to_string());
    let purpose = purpose.ok_or_else(|| asked_why(&reader, StatusCode::OK, &id, &matter, ""))?;
    // Another purpose is another look.
    let (of, why) = (id.clone(), purpose.clone());
    let around = reader.sees(&format!("around {id} {purpose}"), move |desk, look| desk.around(look, &of, &why)).await?;
    Ok(around_shown(&reader, &id, &matter, around, purpose, false))
}

/// The page of that, with what was sealed opened or not.
pub(super) fn around_shown(
    reader: &Reader,
    id: &MatterId,
    matter: &Matter,
    around: Around,
    purpose: String,
    opened: bool,
) -> Response {
    let frame = reader.frame("week");
    views::page(StatusCode::OK, &AroundPage { frame, id: id.to_string(), matter, around, purpose, opened })
}
