//! Where staff open something for a lesson, and close it again.
//!
//! Always holds: over TLS alone, and only for a browser that has signed in as somebody of the staff: to be at a device of theirs is
//! not enough. A form counts as one of the portal's does. What is opened is their own doing, by the rules of the command; they see
//! and close their own passes and no others.

use super::hall::{self, Answer, Hall, Peer};
use super::portal::{self, Guest, led, with};
use super::{form, front};
use crate::gate::Snapshot;
use crate::gate::control::{For, Lasts, NewPass, Opens};
use crate::gate::snapshot::local_time;
use crate::gate::staffroom::{NotAPupil, OwnPass, Refused, Staffroom};
use crate::pages::reader::STAFFROOM;
use crate::pages::staffroom::{Choice, Shown, StaffroomPage, Typed};
use crate::pages::words::{Said, StaffroomWords};
use crate::pages::{Link, Notice};
use crate::words::PersonId;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::Response;
use hyper::StatusCode;
use hyper::http::request::Parts;
use std::sync::Arc;

/// Where it is.
pub const PATH: &str = STAFFROOM;

/// Where who is not signed in is led first.
const TO_SIGN_IN: &str = "/sign-in?to=staffroom";

/// How long a lesson is, to begin with.
const MINUTES: &str = "50";

const FORM: &str = "form:";
const GROUP: &str = "group:";

/// Somebody of the staff, who has signed in with this browser.
pub struct Staff {
    guest: Guest,
    person: PersonId,
}

impl FromRequestParts<Arc<Hall>> for Staff {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, hall: &Arc<Hall>) -> Result<Self, Response> {
        let peer = Peer::from_request_parts(parts, hall).await?;
        if !peer.secure || hall.rooms.staffroom.is_none() {
            return Err(front::nothing(State(hall.clone()), parts.headers.clone()).await);
        }
        let guest = Guest::from_request_parts(parts, hall).await?;
        let person = staff(&guest).map_err(|why| away(&guest, why))?;
        Ok(Self { guest, person })
    }
}

/// The page.
pub async fn page(Staff { guest, person }: Staff) -> Response {
    shown(&guest, person, StatusCode::OK, None, &Typed { minutes: MINUTES.into(), ..Typed::default() }).await
}

/// One of its forms.
pub async fn act(Staff { guest, person }: Staff, request: Request) -> Answer {
    let words = guest.language.words();
    let again = Link { to: PATH, words: words.staffroom.back };
    let fields = guest.sent(request, again).await?;
    if !guest.hall.portal.forms.is_ours(&guest.browser, form::field(&fields, "token")) {
        return Err(guest.notice(StatusCode::FORBIDDEN, words.not_sent_here, "", &[again]));
    }
    let written = |name| form::field(&fields, name).to_owned();
    let (typed, done) = match form::field(&fields, "do") {
        "open" => {
            let typed = Typed {
                what: written("what"),
                class: written("class"),
                pupils: written("pupils"),
                minutes: written("minutes"),
                reason: written("reason"),
            };
            let done = open(&guest, person, &typed).await;
            (typed, done)
        }
        "revoke" => {
            let id = form::field(&fields, "id").parse().unwrap_or_default();
            let done = kept(&guest.hall, move |room| room.revoke(person, id)).await.map_err(Wrong::from);
            (Typed { minutes: MINUTES.into(), ..Typed::default() }, done)
        }
        _ => return Err(guest.notice(StatusCode::BAD_REQUEST, words.not_sent_here, "", &[again])),
    };
    Ok(match done {
        Ok(()) => led(PATH),
        Err(Wrong::Refused(Refused::NotStaff)) => away(&guest, Away::NotStaff),
        Err(wrong) => {
            let status = if matches!(wrong, Wrong::Refused(Refused::NotKept)) {
                StatusCode::INTERNAL_SERVER_ERROR
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
            shown(&guest, person, status, Some(&wrong), &typed).await
        }
    })
}

/// Why somebody does not see the page.
enum Away {
    /// This browser has not signed in on this device.
    SignIn,
    Withdrawn,
    NotStaff,
}

/// Who of the staff has signed in with this browser.
fn staff(guest: &Guest) -> Result<PersonId, Away> {
    let mine = guest.session().filter(|(_, mine)| *mine).ok_or(Away::SignIn)?.0.person;
    let snapshot = &guest.visit.snapshot;
    if snapshot.staff(mine).is_some() {
        return Ok(mine);
    }
    Err(if snapshot.is_withheld(mine) { Away::Withdrawn } else { Away::NotStaff })
}

fn away(guest: &Guest, why: Away) -> Response {
    match why {
        Away::SignIn => led(TO_SIGN_IN),
        Away::Withdrawn => guest.withdrawn(),
        Away::NotStaff => {
            let words = guest.language.words();
            let links = [Link { to: portal::PATH, words: words.sign_out }];
            guest.notice(StatusCode::FORBIDDEN, words.staffroom.not_staff, "", &links)
        }
    }
}

/// What is wrong with a form.
enum Wrong {
    Refused(Refused),
    Pupil(NotAPupil),
    /// A class and pupils.
    Both,
}

impl From<Refused> for Wrong {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl Wrong {
    /// In words, and which line of the form it is.
    fn said(&self, room: &'static StaffroomWords) -> (Said, &str) {
        match self {
            Self::Both => (room.one_of_both, ""),
            Self::Pupil(NotAPupil::Nobody(line)) => (room.no_such_pupil, line),
            Self::Pupil(NotAPupil::Several(line)) => (room.several_pupils, line),
            Self::Refused(refused) => (refused_in(room, *refused), ""),
        }
    }
}

fn refused_in(room: &'static StaffroomWords, refused: Refused) -> Said {
    match refused {
        Refused::NotAHost => room.not_a_host,
        Refused::Never => room.never,
        Refused::Nobody => room.nobody,
        Refused::Reason => room.no_reason,
        Refused::Minutes => room.no_minutes,
        Refused::Full => room.full,
        Refused::Gone => room.gone,
        Refused::NotStaff => room.not_staff,
        Refused::NotKept => room.not_kept,
    }
}

async fn open(guest: &Guest, person: PersonId, typed: &Typed) -> Result<(), Wrong> {
    let new = NewPass {
        what: Opens::of(typed.what.trim()),
        whom: whom(&guest.visit.snapshot, typed)?,
        lasts: Lasts::Minutes(typed.minutes.trim().parse().map_err(|_| Refused::Minutes)?),
        reason: typed.reason.clone(),
    };
    Ok(kept(&guest.hall, move |room| room.open(person, &new)).await?)
}

/// For whom it is. A form is those who are in it now.
fn whom(snapshot: &Snapshot, typed: &Typed) -> Result<For, Wrong> {
    let pupils = snapshot.pupils_named(&typed.pupils).map_err(Wrong::Pupil)?;
    if typed.class.is_empty() {
        return if pupils.is_empty() { Err(Refused::Nobody.into()) } else { Ok(For::People(pupils)) };
    }
    if !pupils.is_empty() {
        return Err(Wrong::Both);
    }
    let classes = snapshot.classes();
    match (typed.class.strip_prefix(FORM), typed.class.strip_prefix(GROUP)) {
        (Some(form), _) if classes.forms.contains(form) => Ok(For::People(snapshot.form(form))),
        (_, Some(group)) if classes.groups.iter().any(|name| name == group) => Ok(For::Group(group.to_owned())),
        _ => Err(Refused::Nobody.into()),
    }
}

/// What is asked of who keeps passes: it writes files and may wait for another change, so not on a thread that serves anybody.
async fn kept<T: Send + 'static>(
    hall: &Hall,
    work: impl FnOnce(&dyn Staffroom) -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let room = hall.rooms.staffroom.clone().ok_or(Refused::NotKept)?;
    tokio::task::spawn_blocking(move || work(room.as_ref())).await.unwrap_or(Err(Refused::NotKept))
}

/// The page, with what is wrong with the form before it.
async fn shown(guest: &Guest, person: PersonId, status: StatusCode, wrong: Option<&Wrong>, typed: &Typed) -> Response {
    let (room, snapshot) = (guest.language.words().staffroom, &guest.visit.snapshot);
    let own = match kept(&guest.hall, move |room| room.opened_by(person)).await {
        Ok(own) => own,
        Err(refused) => {
            let school = &snapshot.config.school.name;
            let said = refused_in(room, refused);
            let notice = Notice { school, heading: said.heading, lines: &[said.line], detail: "" };
            return hall::page(StatusCode::INTERNAL_SERVER_ERROR, guest.language, notice.html_in(guest.language, &[]));
        }
    };
    let passes: Vec<_> = own.into_iter().map(|pass| in_words(pass, snapshot, room)).collect();
    let classes = snapshot.classes();
    let choice = |kind: &str, name| {
        let value = format!("{kind}{name}");
        Choice { chosen: value == typed.class, value, name }
    };
    let page = StaffroomPage {
        school: &snapshot.config.school.name,
        language: guest.language,
        said: wrong.map(|wrong| wrong.said(room)),
        typed,
        forms: classes.forms.iter().map(|name| choice(FORM, name)).collect(),
        groups: classes.groups.iter().map(|name| choice(GROUP, name)).collect(),
        passes: &passes,
        token: &guest.hall.portal.forms.token(&guest.browser),
    };
    let mut response = hall::form(guest.language, page.html());
    *response.status_mut() = status;
    with(&mut response, guest.browser.given());
    response
}

fn in_words(pass: OwnPass, snapshot: &Snapshot, room: &'static StaffroomWords) -> Shown {
    let config = &snapshot.config;
    let whom = match &pass.whom {
        For::People(keys) => match snapshot.form_of(keys) {
            Some(form) => form.to_owned(),
            None => format!("{} {}", keys.len(), if keys.len() == 1 { room.pupil } else { room.many_pupils }),
        },
        whom => whom.to_string(),
    };
    let note = match (pass.what.is_within_https(), config.inside.networks.is_empty()) {
        (false, _) => None,
        (true, true) => Some(room.unseen),
        (true, false) => Some(room.unseen_elsewhere),
    };
    let until = local_time(config, pass.until_ms).split_off(11);
    Shown { id: pass.id, what: pass.what.to_string(), whom, until, reason: pass.reason, waits: pass.waits, note }
}
