//! A week of the report, as a role may see it, and its files.

use super::guard::{Form, Reader};
use super::views::{self, EarlierWeek, OtherEdition, WeekPage};
use super::{Desk, Format, Look, NotShown};
use crate::people::desk::Role;
use crate::report::week::BOXES;
use crate::report::{Edition, IsoWeek, calendar};
use crate::web::form;
use crate::web::hall::Answer;
use crate::web::portal::led;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY};
use hyper::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use hyper::{StatusCode, Uri};

/// What a report may do in a browser: show itself. Its styles stand in it.
const REPORT: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The last week that was delivered.
pub async fn latest(reader: Reader) -> Answer {
    shown(&reader, None, None).await
}

/// One of them.
pub async fn page(reader: Reader, Path(week): Path<String>, uri: Uri) -> Answer {
    let nothing = |why| reader.not_shown(why);
    let (week, edition) = (that(&week).map_err(nothing)?, edition(&uri).map_err(nothing)?);
    shown(&reader, Some(week), edition).await
}

fn that(week: &str) -> Result<IsoWeek, NotShown> {
    IsoWeek::parse(week).map_err(|_| NotShown::Nothing)
}

/// The edition that an address asks for; none: that of the role.
fn edition(uri: &Uri) -> Result<Option<Edition>, NotShown> {
    match form::asked(uri, "edition") {
        word if word.is_empty() => Ok(None),
        word => Edition::from_word(&word).map(Some).ok_or(NotShown::Nothing),
    }
}

async fn shown(reader: &Reader, week: Option<IsoWeek>, edition: Option<Edition>) -> Answer {
    let own = Edition::of(reader.account.role);
    let edition = edition.unwrap_or(own[0]);
    let weeks = reader.caller.asks(|desk| desk.weeks()).await.unwrap_or_default();
    let latest = weeks.first().map(|delivered| delivered.week);
    let week = week.or(latest).ok_or_else(|| none_yet(reader))?;
    let whole = reader.sees(&format!("week {week} {edition}"), move |desk, look| desk.week(look, week, edition)).await?;
    let earlier = weeks.iter().filter(|delivered| delivered.week != week);
    let earlier = earlier.map(|d| EarlierWeek { id: d.week.to_string(), dates: calendar::in_words(d.week), number: d.number });
    let others = own.iter().filter(|other| **other != edition);
    let page = WeekPage {
        frame: reader.frame("week"),
        may_sign: matches!(reader.account.role, Role::Dsl | Role::Deputy | Role::Ict) && !whole.unfinished,
        own_box: if reader.account.role == Role::Ict { BOXES[1] } else { BOXES[0] },
        is_latest: latest == Some(week),
        earlier: earlier.collect(),
        others: others.map(|other| OtherEdition { word: other.word(), title: other.title() }).collect(),
        week: &whole,
    };
    Ok(views::page(StatusCode::OK, &page))
}

/// The button by which a week is signed.
pub async fn sign_off(Path(week): Path<String>, form: Form<Reader>) -> Answer {
    let reader = &form.by;
    let nothing = |why| reader.not_shown(why);
    let week = that(&week).map_err(nothing)?;
    if form.field("do") != "sign-off" {
        return Err(nothing(NotShown::Nothing));
    }
    let back = format!("/desk/week/{week}");
    let kept = reader.keeps(move |desk, account| desk.sign_off(account, week)).await;
    kept.map_err(|why| reader.not_kept(&why, &back))?;
    Ok(led(&format!("{back}#signed")))
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
pub async fn file(reader: Reader, Path((week, name)): Path<(String, String)>, uri: Uri) -> Answer {
    let nothing = |why| reader.not_shown(why);
    let (week, edition) = (that(&week).map_err(nothing)?, edition(&uri).map_err(nothing)?);
    let format = name.strip_prefix("report.").and_then(Format::from_word).ok_or_else(|| nothing(NotShown::Nothing))?;
    let edition = edition.unwrap_or(Edition::of(reader.account.role)[0]);
    let work = move |desk: &dyn Desk, look: &Look| desk.file(look, week, edition, format);
    let bytes = reader.sees(&format!("file {week} {edition} {format}"), work).await?;
    Ok(sent(bytes, format, &format!("schoolgate-{week}-{edition}.{format}")))
}

/// A file to take along.
pub(super) fn sent(bytes: Vec<u8>, format: Format, name: &str) -> Response {
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
