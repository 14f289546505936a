//! A week of the report, as a role may see it, and its files.

use super::guard::{Reader, field, form_of};
use super::views::{self, EarlierWeek, OtherEdition, WeekPage};
use super::{Format, Look, NotKept, NotShown, PATH, editions};
use crate::people::desk::Role;
use crate::report::week::BOXES;
use crate::report::{Edition, IsoWeek, calendar};
use crate::web::form;
use crate::web::hall::{Hall, Peer};
use crate::web::portal::led;
use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY};
use hyper::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use hyper::{HeaderMap, StatusCode, Uri};
use std::sync::Arc;

/// What a report may do in a browser: show itself. Its styles stand in it.
const REPORT: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The last week that was delivered.
pub async fn latest(State(hall): State<Arc<Hall>>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    match Reader::of(&hall, peer, &headers, PATH).await {
        Ok(reader) => shown(&reader, None, None).await,
        Err(answer) => answer,
    }
}

/// One of them.
pub async fn page(
    State(hall): State<Arc<Hall>>,
    Extension(peer): Extension<Peer>,
    Path(week): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match Reader::of(&hall, peer, &headers, uri.path()).await {
        Ok(reader) => match (IsoWeek::parse(&week), edition(&uri)) {
            (Ok(week), Ok(edition)) => shown(&reader, Some(week), edition).await,
            _ => reader.not_shown(NotShown::Nothing),
        },
        Err(answer) => answer,
    }
}

/// The edition that an address asks for; none: that of the role.
fn edition(uri: &Uri) -> Result<Option<Edition>, NotShown> {
    match form::asked(uri, "edition") {
        word if word.is_empty() => Ok(None),
        word => Edition::from_word(&word).map(Some).ok_or(NotShown::Nothing),
    }
}

async fn shown(reader: &Reader, week: Option<IsoWeek>, edition: Option<Edition>) -> Response {
    let own = editions(reader.account.role);
    let edition = edition.unwrap_or(own[0]);
    let weeks = reader.caller.asks(|desk| desk.weeks()).await.unwrap_or_default();
    let Some(week) = week.or_else(|| weeks.first().map(|delivered| delivered.week)) else {
        return none_yet(reader);
    };
    let (account, what) = (reader.account.clone(), format!("week {week} {edition}"));
    let recorded = reader.has_looked(&what);
    let work = move |desk: &dyn super::Desk| desk.week(&Look { account: &account, recorded }, week, edition);
    let whole = match reader.caller.asks(work).await.unwrap_or(Err(NotShown::Fault)) {
        Ok(whole) => whole,
        Err(why) => return reader.not_shown(why),
    };
    reader.looked(&what);
    let earlier = weeks.iter().filter(|delivered| delivered.week != week);
    let earlier = earlier.map(|d| EarlierWeek { id: d.week.to_string(), dates: calendar::in_words(d.week), number: d.number });
    let others = own.iter().filter(|other| **other != edition);
    let page = WeekPage {
        frame: reader.frame("week"),
        may_sign: matches!(reader.account.role, Role::Dsl | Role::Deputy | Role::Ict) && !whole.unfinished,
        own_box: if reader.account.role == Role::Ict { BOXES[1] } else { BOXES[0] },
        is_latest: weeks.first().is_some_and(|delivered| delivered.week == week),
        earlier: earlier.collect(),
        others: others.map(|other| OtherEdition { word: other.word(), title: other.title() }).collect(),
        week: &whole,
    };
    views::page(StatusCode::OK, &page)
}

/// The button by which a week is signed.
pub async fn sign_off(
    State(hall): State<Arc<Hall>>,
    Extension(peer): Extension<Peer>,
    Path(week): Path<String>,
    request: Request,
) -> Response {
    let (reader, fields) = match form_of(&hall, peer, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let (Ok(week), "sign-off") = (IsoWeek::parse(&week), field(&fields, "do")) else {
        return reader.not_shown(NotShown::Nothing);
    };
    let account = reader.account.clone();
    let back = format!("/desk/week/{week}");
    match reader.caller.asks(move |desk| desk.sign_off(&account, week)).await.unwrap_or(Err(NotKept::Fault)) {
        Ok(()) => led(&format!("{back}#signed")),
        Err(why) => reader.not_kept(&why, &back),
    }
}

fn none_yet(reader: &Reader) -> Response {
    let report = &reader.caller.snapshot.config.report;
    let day = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let day = day.get(usize::from(report.day)).copied().unwrap_or("Monday");
    let line = format!(
        "The first one comes when this gateway has seen a whole week: on a {day} at {:02}:{:02}. Urgent matters do not wait for it.",
        report.minute / 60,
        report.minute % 60
    );
    views::notice(StatusCode::OK, reader.frame("week"), "There is no report yet", &line)
}

/// A week's report to take along: `report.html`, `.pdf` or `.csv`.
pub async fn file(
    State(hall): State<Arc<Hall>>,
    Extension(peer): Extension<Peer>,
    Path((week, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let reader = match Reader::of(&hall, peer, &headers, uri.path()).await {
        Ok(reader) => reader,
        Err(answer) => return answer,
    };
    let format = name.strip_prefix("report.").and_then(Format::from_word);
    let (Ok(week), Some(format), Ok(edition)) = (IsoWeek::parse(&week), format, edition(&uri)) else {
        return reader.not_shown(NotShown::Nothing);
    };
    let edition = edition.unwrap_or(editions(reader.account.role)[0]);
    let (account, what) = (reader.account.clone(), format!("file {week} {edition} {format}"));
    let recorded = reader.has_looked(&what);
    let work = move |desk: &dyn super::Desk| desk.file(&Look { account: &account, recorded }, week, edition, format);
    match reader.caller.asks(work).await.unwrap_or(Err(NotShown::Fault)) {
        Ok(bytes) => {
            reader.looked(&what);
            sent(bytes, format, &format!("schoolgate-{week}-{edition}.{format}"))
        }
        Err(why) => reader.not_shown(why),
    }
}

fn sent(bytes: Vec<u8>, format: Format, name: &str) -> Response {
    let kind = match format {
        Format::Html => "text/html; charset=utf-8",
        Format::Pdf => "application/pdf",
        Format::Csv => "text/csv; charset=utf-8",
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    for (key, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, REPORT),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(key, HeaderValue::from_static(value));
    }
    // One to read opens in the window, the others are kept.
    if format != Format::Html
        && let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\""))
    {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    response
}
