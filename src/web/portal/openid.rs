//! The way to a provider where the school has its accounts, and back.

use super::{Guest, PATH, asked, later, led, with};
use crate::config::{OpenId, Way};
use crate::gate::snapshot::local_time;
use crate::pages::Link;
use crate::pages::reader::over_tls;
use crate::pages::words::whom_to_see;
use crate::people::openid::{From, NotKnown};
use crate::people::{Source, Store};
use crate::web::form;
use crate::web::hall::Answer;
use asked::Outcome;
use axum::extract::Path;
use axum::response::Response;
use hyper::{StatusCode, Uri};

/// Leads a browser to the provider, with the notice it was shown.
pub async fn begin(guest: Guest, Path(provider): Path<String>, uri: Uri) -> Answer {
    let (provider, back) = provider_of(&guest, &provider).ok_or_else(|| guest.page(StatusCode::NOT_FOUND, None, None))?;
    let notice = form::asked(&uri, "notice");
    let to = guest.hall.portal.openids.begin(provider, from(&guest), &back, &notice).map_err(|fault| failed(&guest, &fault))?;
    let mut response = led(&to);
    with(&mut response, guest.browser.given());
    Ok(response)
}

/// A browser that comes back.
pub async fn end(guest: Guest, Path(provider): Path<String>, uri: Uri) -> Answer {
    let (provider, back) = provider_of(&guest, &provider).ok_or_else(|| guest.page(StatusCode::NOT_FOUND, None, None))?;
    let (state, code, register) = (form::asked(&uri, "state"), form::asked(&uri, "code"), &guest.visit.snapshot.register);
    let now_s = guest.now().unix_ms.div_euclid(1000);
    let came = guest.hall.portal.openids.end(provider, register, (&state, &code), from(&guest), (&back, now_s)).await;
    let came = came.map_err(|fault| failed(&guest, &fault))?;
    let source = register.person(came.person).map_or(Source::Import, |person| person.source);
    acknowledge(&guest, came.person, came.notice).await;
    let words = guest.language.words();
    Ok(match asked::signed_in(&guest, came.person, source) {
        Outcome::In(token) => {
            // The way back began elsewhere: a browser would not send its new cookie if it were led on from here.
            let config = &guest.visit.snapshot.config;
            let until = guest.visit.moment.unix_ms.saturating_add_unsigned(config.portal.lasts_ms);
            let until = format!("{}.", local_time(config, until).split_off(11));
            let staffroom = guest.staffroom(came.person).map(|to| Link { to, words: words.staffroom.heading });
            let links: Vec<_> = staffroom.into_iter().chain([Link { to: PATH, words: words.sign_out }]).collect();
            let mut response = guest.notice(StatusCode::OK, words.signed_in, &until, &links);
            with(&mut response, guest.browser.session(&token, config.portal.lasts_ms));
            response
        }
        Outcome::Withdrawn => led(PATH),
        _ => guest.notice(StatusCode::INTERNAL_SERVER_ERROR, words.not_kept, "", &[]),
    })
}

/// The provider of this name, if people sign in with it on this network and connection; and where it sends them back to.
fn provider_of<'g>(guest: &'g Guest, name: &str) -> Option<(&'g OpenId, String)> {
    let way = Way::from_word(name)?;
    if !guest.peer.secure || !guest.ways()?.contains(&way) {
        return None;
    }
    let snapshot = &guest.visit.snapshot;
    let provider = snapshot.config.portal.providers.iter().find(|provider| provider.way() == way)?;
    Some((provider, format!("{}/{}/back", over_tls(&guest.hall.gate, snapshot)?, way.word())))
}

fn from(guest: &Guest) -> From<'_> {
    From { browser: guest.browser.id(), place: guest.place, now_ms: guest.visit.boot_ms }
}

async fn acknowledge(guest: &Guest, person: crate::words::PersonId, notice: String) {
    let config = &guest.visit.snapshot.config;
    if notice != config.portal.notice.version {
        return;
    }
    let (file, now_ms) = (Store::file_in(&config.data), guest.now().unix_ms);
    let kept = tokio::task::spawn_blocking(move || Store::open(&file)?.acknowledge(person, &notice, now_ms)).await;
    if let Ok(Err(fault)) = kept {
        tracing::error!(%fault, "that somebody has read the notice of monitoring is not written down");
    }
}

/// Nobody is signed in: said in words for people, and to the service log without anybody's name.
fn failed(guest: &Guest, fault: &NotKnown) -> Response {
    let words = guest.language.words();
    let again = [Link { to: PATH, words: words.sign_in_here }];
    match fault {
        NotKnown::NotBegun => guest.notice(StatusCode::FORBIDDEN, words.not_sent_here, "", &again),
        NotKnown::NoPerson => {
            let whom = format!("{}.", whom_to_see(&guest.visit.snapshot.config.school.whom_to_see, guest.language));
            guest.notice(StatusCode::FORBIDDEN, words.no_account, &whom, &again)
        }
        NotKnown::Busy => later(guest.notice(StatusCode::SERVICE_UNAVAILABLE, words.busy, "", &again), asked::BUSY_SECONDS),
        NotKnown::Token(_) | NotKnown::Claims(_) => {
            tracing::warn!(%fault, "a sign-in with an account of a provider is refused");
            guest.notice(StatusCode::FORBIDDEN, words.no_word, "", &again)
        }
        _ => {
            tracing::error!(%fault, "nobody can sign in with an account of a provider");
            guest.notice(StatusCode::BAD_GATEWAY, words.no_word, "", &again)
        }
    }
}
