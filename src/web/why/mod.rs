//! What did not open on a device, and what can be done about it: go on after a warning, ask for a page, say that one came there by
//! accident, report one that should be blocked.
//!
//! Nothing is done by an address, only by a form of this very page; and what a form names is looked up in the gate's own record of
//! what that client met, so nobody can go on to what they were not warned of.

mod met;

pub use met::Met;
use met::Reading;

use super::form::{self, Form};
use super::hall::{self, Answer, Hall, Peer};
use crate::gate::Visit;
use crate::gate::continued::{LASTS_MS, Whose};
use crate::gate::requests::{Decision, Kind, NewRequest, NotTaken, PageRequest};
use crate::gate::snapshot::local_time;
use crate::pages::block::{is_for_staff, title};
use crate::pages::why::{Row, State};
use crate::pages::words::Said;
use crate::pages::{Language, Link, Notice, WhyPage};
use crate::policy::{Act, Surface};
use crate::words::Host;
use axum::extract::{Request, State as From};
use axum::response::Response;
use hyper::{HeaderMap, StatusCode};
use std::sync::Arc;

/// What the door keeps for these pages.
pub type Why = Reading;

/// The list.
pub async fn page(From(hall): From<Arc<Hall>>, peer: Peer, headers: HeaderMap) -> Answer {
    let (language, visit) = (Language::of(&headers), hall.visit(&peer)?);
    let met = met(&hall, &visit, language).await?;
    let rows = rows(&hall, &visit, &met);
    Ok(hall::form(language, WhyPage::new(&visit.snapshot.config.school.name, &rows, language).html()))
}

/// What did not open on their device.
async fn met(hall: &Hall, visit: &Visit, language: Language) -> Result<Arc<[Met]>, Response> {
    let met = hall.why.met(&hall.gate, visit).await;
    met.ok_or_else(|| say(visit, language, language.words().busy, StatusCode::SERVICE_UNAVAILABLE))
}

/// One of its buttons.
pub async fn act(From(hall): From<Arc<Hall>>, peer: Peer, request: Request) -> Answer {
    let (language, visit) = (Language::of(request.headers()), hall.visit(&peer)?);
    let words = language.words();
    let no = |said, status| say(&visit, language, said, status);
    if !form::is_from_here(request.headers(), peer.secure) {
        return Err(no(words.not_from_here, StatusCode::FORBIDDEN));
    }
    let form = Form::read(request).await.ok_or_else(|| {
        hall.gate.counters.malformed.inc();
        no(words.not_from_here, StatusCode::BAD_REQUEST)
    })?;
    if form.does == "report" {
        let host = form::host(&form.host).map_err(|_| no(words.not_a_name, StatusCode::OK))?;
        return Ok(ask(&hall, &visit, language, Kind::Block, &host, &form).await);
    }
    let met = met(&hall, &visit, language).await?;
    let met = met.iter().find(|met| met.host.as_str() == form.host).ok_or_else(|| no(words.not_met, StatusCode::OK))?;
    Ok(match form.does.as_str() {
        "go-on" => go_on(&visit, language, met),
        "ask" => ask(&hall, &visit, language, Kind::Open, &met.host, &form).await,
        "accident" => ask(&hall, &visit, language, Kind::Accident, &met.host, &form).await,
        _ => no(words.not_from_here, StatusCode::BAD_REQUEST),
    })
}

/// Lets them through to what they were warned of, if it is still no more than that.
fn go_on(visit: &Visit, language: Language, met: &Met) -> Response {
    let words = language.words();
    match visit.judge(&met.host, Surface::Page).verdict.act {
        Act::Warn if met.warned => {
            visit.snapshot.continued.go_on(Whose::of(&visit.who), &met.host, visit.boot_ms);
        }
        Act::Allow => {}
        _ => return say(visit, language, words.not_met, StatusCode::OK),
    }
    let school = &visit.snapshot.config.school.name;
    let Said { heading, line } = words.may_now;
    let notice = Notice { school, heading, lines: &[met.host.as_str(), line], detail: "" };
    let links = [Link { to: &met.url, words: words.open_page }, Link { to: "/why", words: words.back }];
    hall::page(StatusCode::OK, language, notice.html_in(language, &links))
}

async fn ask(hall: &Arc<Hall>, visit: &Visit, language: Language, kind: Kind, host: &Host, form: &Form) -> Response {
    let policy = &visit.snapshot.config.policy;
    let group = |id| policy.group(id).map(|g| g.name.clone());
    let new = NewRequest {
        kind,
        host: host.to_string(),
        why: if kind == Kind::Accident { String::new() } else { form.why.clone() },
        who: visit.who,
        network: policy.network(visit.who.network).map_or_else(String::new, |n| n.name.clone()),
        groups: visit.who.groups.iter().filter_map(group).collect(),
        nameless: form.nameless && kind == Kind::Block,
        now_ms: visit.moment.unix_ms,
        today: visit.moment.day,
    };
    let hall = hall.clone();
    // It is written to the disk before anybody is thanked.
    let made = tokio::task::spawn_blocking(move || hall.gate.requests.make(new)).await;
    let words = language.words();
    let (said, status) = match made {
        Ok(Ok(_)) => match kind {
            Kind::Open => (words.asked, StatusCode::OK),
            Kind::Block => (words.reported, StatusCode::OK),
            Kind::Accident => (words.noted, StatusCode::OK),
        },
        Ok(Err(NotTaken::EnoughToday)) => (words.too_many, StatusCode::TOO_MANY_REQUESTS),
        Ok(Err(NotTaken::Full)) => (words.full, StatusCode::SERVICE_UNAVAILABLE),
        Ok(Err(NotTaken::Disk(fault))) => {
            tracing::error!("a request of a page was lost: {fault}");
            (words.not_kept, StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(_) => (words.not_kept, StatusCode::INTERNAL_SERVER_ERROR),
    };
    say(visit, language, said, status)
}

fn rows(hall: &Hall, visit: &Visit, met: &[Met]) -> Vec<Row> {
    let (snapshot, who) = (&visit.snapshot, &visit.who);
    let staff = is_for_staff(who, &snapshot.config);
    let mut asked = hall.gate.requests.of(who);
    let time = |ms| local_time(&snapshot.config, ms).split_off(11);
    let row = |met: &Met| {
        let until = snapshot.continued.until(Whose::of(who), &met.host, visit.boot_ms);
        let state = match until {
            Some(until) if met.warned => {
                let left = until.saturating_sub(visit.boot_ms).min(LASTS_MS);
                State::Open { until: time(visit.moment.unix_ms.saturating_add_unsigned(left)), url: met.url.clone() }
            }
            _ => asked.remove(met.host.as_str()).filter(|r| r.kind == Kind::Open).map_or(State::Met, answered),
        };
        Row {
            host: met.host.to_string(),
            time: time(met.when_ms),
            warned: met.warned,
            category: met.category.filter(|_| staff).map(|category| title(category, &snapshot.config)),
            state,
        }
    };
    met.iter().map(row).collect()
}

fn answered(request: PageRequest) -> State {
    match request.answer {
        None => State::Asked,
        Some(answer) if answer.decision == Decision::Allowed => State::Allowed,
        Some(answer) => State::Refused { reason: answer.reason },
    }
}

fn say(visit: &Visit, language: Language, said: Said, status: StatusCode) -> Response {
    let school = &visit.snapshot.config.school.name;
    let notice = Notice { school, heading: said.heading, lines: &[said.line], detail: "" };
    let back = [Link { to: "/why", words: language.words().back }];
    hall::page(status, language, notice.html_in(language, &back))
}
