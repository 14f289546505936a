//! Who calls at the desk, and whether they have signed in.

use super::views::{self, Frame};
use super::{Desk, Look, NotKept, NotShown, PASSWORD, PATH, SIGN_IN};
use crate::gate::Snapshot;
use crate::pages::Language;
use crate::people::desk::Account;
use crate::people::desk::sessions::Signed;
use crate::people::portal::Place;
use crate::people::roster::Now;
use crate::report::plain::capital;
use crate::web::hall::{Hall, Peer};
use crate::web::portal::cookie::Browser;
use crate::web::portal::led;
use crate::web::{form, front};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::Response;
use hyper::StatusCode;
use hyper::http::request::Parts;
use std::cell::Cell;
use std::sync::Arc;

/// A browser of the school's own networks, over TLS.
pub struct Caller {
    pub hall: Arc<Hall>,
    pub desk: Arc<dyn Desk>,
    pub peer: Peer,
    pub browser: Browser,
    pub snapshot: Arc<Snapshot>,
    pub place: Place,
    pub now: Now,
}

/// In the clear there is nothing here.
impl FromRequestParts<Arc<Hall>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, hall: &Arc<Hall>) -> Result<Self, Response> {
        let peer = Peer::from_request_parts(parts, hall).await?;
        let Some(desk) = hall.rooms.desk.clone().filter(|_| peer.secure) else {
            return Err(front::nothing(State(hall.clone()), parts.headers.clone()).await);
        };
        let visit = hall.visit(&peer)?;
        let place = Place::of(peer.client, visit.snapshot.register.roster());
        let now = Now { unix_ms: visit.moment.unix_ms, boot_ms: visit.boot_ms };
        let browser = Browser::of(&parts.headers, true);
        Ok(Self { hall: hall.clone(), desk, peer, browser, snapshot: visit.snapshot, place, now })
    }
}

impl Caller {
    /// What the house does for a page: it reads and writes files, so not on a thread that serves anybody.
    pub async fn asks<T: Send + 'static>(&self, work: impl FnOnce(&dyn Desk) -> T + Send + 'static) -> Option<T> {
        let desk = self.desk.clone();
        tokio::task::spawn_blocking(move || work(desk.as_ref())).await.ok()
    }

    /// Whoever has signed in with this browser, on this device.
    pub async fn reader(self) -> Result<Reader, Self> {
        let Some(token) = self.browser.desk.clone() else { return Err(self) };
        let Some(signed) = self.hall.at_desk.of(&token, self.place, self.now) else { return Err(self) };
        let of = signed.clone();
        match self.asks(move |desk| desk.account(&of)).await.flatten() {
            Some(account) => Ok(Reader { caller: self, account, signed, token }),
            None => {
                self.hall.at_desk.end(&token);
                Err(self)
            }
        }
    }

    /// The frame of a page for nobody in particular.
    pub fn frame(&self) -> Frame<'_> {
        Frame { school: &self.snapshot.config.school.name, token: String::new(), reader: None, waiting: 0, here: "" }
    }

    /// The fields of a form of this very door, of at most so many bytes.
    async fn sent(&self, request: Request, most: usize) -> Result<Vec<(String, String)>, Response> {
        if !form::is_from_here(request.headers(), true) {
            return Err(self.refused(StatusCode::FORBIDDEN));
        }
        form::fields_up_to(request, most).await.ok_or_else(|| {
            self.hall.gate.counters.malformed.inc();
            self.refused(StatusCode::BAD_REQUEST)
        })
    }

    /// What is answered to a form of somebody else's, or none.
    fn refused(&self, status: StatusCode) -> Response {
        self.notice(status, "That form was not sent from here", "Nothing was done. Open the desk and do it there.")
    }

    /// A page that says one thing.
    pub fn notice(&self, status: StatusCode, heading: &str, line: &str) -> Response {
        views::notice(status, self.frame(), heading, line)
    }
}

/// Somebody who has signed in.
pub struct Reader {
    pub caller: Caller,
    pub account: Account,
    pub signed: Signed,
    pub token: String,
}

/// Who has signed in and has a password of their own; others are led to where they do so, and back.
impl FromRequestParts<Arc<Hall>> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, hall: &Arc<Hall>) -> Result<Self, Response> {
        match Caller::from_request_parts(parts, hall).await?.reader().await {
            Ok(reader) if reader.account.own => Ok(reader),
            Ok(_) => Err(led(PASSWORD)),
            Err(_) if parts.uri.path() == PATH => Err(led(SIGN_IN)),
            Err(_) => Err(led(&format!("{SIGN_IN}?to={}", parts.uri.path()))),
        }
    }
}

impl Reader {
    pub fn frame(&self, here: &'static str) -> Frame<'_> {
        let token = self.caller.hall.portal.forms.at_desk(&self.token);
        let alerts = self.account.role.safeguards().then(|| self.caller.hall.gate.alerts.all()).unwrap_or_default();
        let waiting = alerts.iter().filter(|alert| alert.acknowledged.is_none()).count();
        Frame { token, reader: Some(&self.account), waiting, here, ..self.caller.frame() }
    }

    /// What the house shows them; that they look is written down once a session for each `what`, each time if that is empty.
    ///
    /// # Errors
    /// What they are answered else.
    pub async fn sees<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce(&dyn Desk, &Look) -> Result<T, NotShown> + Send + 'static,
    ) -> Result<T, Response> {
        let (account, sessions) = (self.account.clone(), &self.caller.hall.at_desk);
        let recorded = sessions.has_looked(&self.token, what);
        let work = move |desk: &dyn Desk| {
            let look = Look { account: &account, recorded: Cell::new(recorded) };
            (work(desk, &look), look.recorded.get())
        };
        let (seen, recorded) = self.caller.asks(work).await.unwrap_or((Err(NotShown::Fault), false));
        if recorded && !what.is_empty() {
            sessions.looked(&self.token, what);
        }
        seen.map_err(|why| self.not_shown(why))
    }

    /// What the house writes down for them.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn keeps<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Desk, &Account) -> Result<T, NotKept> + Send + 'static,
    ) -> Result<T, NotKept> {
        let account = self.account.clone();
        self.caller.asks(move |desk| work(desk, &account)).await.unwrap_or(Err(NotKept::Fault))
    }

    /// What was not written down, and why.
    pub fn not_kept(&self, why: &NotKept, back: &str) -> Response {
        let line = match why {
            NotKept::Refused(why) => sentence(why),
            NotKept::Fault => "Something at the gateway went wrong. Ask your network manager: the service log says what.".into(),
        };
        let status = if *why == NotKept::Fault { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::UNPROCESSABLE_ENTITY };
        views::notice_with(status, self.frame(""), "This was not written down", &line, (back, "Go back"))
    }

    /// What is not shown, and why.
    pub fn not_shown(&self, why: NotShown) -> Response {
        let (status, heading, line) = match why {
            NotShown::Nothing => (
                StatusCode::NOT_FOUND,
                "There is no such page",
                "If it is a week you look for: its report was not made, or is past its time.",
            ),
            NotShown::NotTheirs => {
                (StatusCode::FORBIDDEN, "This is not for your role", "Your account opens other editions of the report.")
            }
            NotShown::Fault => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "This cannot be shown now",
                "Something at the gateway went wrong, and nothing was changed. Ask your network manager: the service log says what.",
            ),
        };
        views::notice(status, self.frame(""), heading, line)
    }
}

/// Longest form of a session: some pages of prose, each character written as `%XX` three times over.
const MAX_FORM: usize = 512 * 1024;

/// Longest purpose, in characters.
const MAX_PURPOSE: usize = 300;

/// What who gives none is told.
pub const NO_PURPOSE: &str = "Please say in a few words what you need it for.";

/// A form of this very door, and whose it is.
pub struct Form<By> {
    pub by: By,
    pub fields: Vec<(String, String)>,
}

impl<By> Form<By> {
    /// What stands in a field; empty: nothing.
    pub fn field(&self, name: &str) -> &str {
        form::field(&self.fields, name)
    }

    /// Why they look, in a sentence or two; empty: they do not say.
    pub fn purpose(&self) -> String {
        self.field("purpose").trim().chars().filter(|c| !c.is_control()).take(MAX_PURPOSE).collect()
    }
}

/// One that needs no session.
impl FromRequest<Arc<Hall>> for Form<Caller> {
    type Rejection = Response;

    async fn from_request(request: Request, hall: &Arc<Hall>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, hall).await?;
        let fields = caller.sent(Request::from_parts(parts, body), form::MAX_FORM).await?;
        Ok(Self { by: caller, fields })
    }
}

/// One of a session; nothing is done of one that is not.
impl FromRequest<Arc<Hall>> for Form<Reader> {
    type Rejection = Response;

    async fn from_request(request: Request, hall: &Arc<Hall>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let reader = Reader::from_request_parts(&mut parts, hall).await?;
        let fields = reader.caller.sent(Request::from_parts(parts, body), MAX_FORM).await?;
        Self { by: reader, fields }.of_session()
    }
}

impl Form<Caller> {
    /// The same of somebody who has signed in, if they sent it.
    ///
    /// # Errors
    /// What they are answered else.
    pub async fn signed(self) -> Result<Form<Reader>, Response> {
        let reader = self.by.reader().await.map_err(|_| led(SIGN_IN))?;
        Form { by: reader, fields: self.fields }.of_session()
    }
}

impl Form<Reader> {
    fn of_session(self) -> Result<Self, Response> {
        let caller = &self.by.caller;
        if caller.hall.portal.forms.is_of_desk(&self.by.token, self.field("token")) {
            return Ok(self);
        }
        Err(caller.refused(StatusCode::FORBIDDEN))
    }
}

/// What is wrong, as a sentence.
pub(super) fn sentence(why: &str) -> String {
    format!("{}.", capital(why.trim_end_matches('.')))
}

/// The desk speaks English.
pub(super) const LANGUAGE: Language = Language::English;

/// There is no such page. Who has not signed in is not told so.
pub async fn nothing(reader: Reader) -> Response {
    reader.not_shown(NotShown::Nothing)
}

/// The same of a form.
pub async fn nothing_done(form: Form<Reader>) -> Response {
    form.by.not_shown(NotShown::Nothing)
}
