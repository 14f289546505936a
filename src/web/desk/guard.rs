//! Who calls at the desk, and whether they have signed in.

use super::views::{self, Frame};
use super::{Desk, NotKept, NotShown, PASSWORD, PATH};
use crate::gate::Snapshot;
use crate::pages::Language;
use crate::people::desk::Account;
use crate::people::desk::sessions::Signed;
use crate::people::portal::Place;
use crate::people::roster::Now;
use crate::report::plain::capital;
use crate::web::hall::{Hall, Peer};
use crate::web::portal::cookie::Browser;
use crate::web::portal::{led, stranger};
use crate::web::{form, front};
use axum::extract::{Request, State};
use axum::response::Response;
use hyper::{HeaderMap, StatusCode};
use std::sync::Arc;

/// One browser at the desk.
pub(super) struct Caller {
    pub hall: Arc<Hall>,
    pub desk: Arc<dyn Desk>,
    pub peer: Peer,
    pub browser: Browser,
    pub snapshot: Arc<Snapshot>,
    pub place: Place,
    pub now: Now,
}

impl Caller {
    /// A browser of the school's own networks, over TLS.
    ///
    /// # Errors
    /// What it is answered else: in the clear there is nothing here.
    pub async fn of(hall: &Arc<Hall>, peer: Peer, headers: &HeaderMap) -> Result<Self, Response> {
        let Some(desk) = hall.rooms.desk.clone().filter(|_| peer.secure) else {
            return Err(front::nothing(State(hall.clone()), headers.clone()).await);
        };
        let Some(visit) = hall.gate.visit(peer.client) else {
            hall.gate.counters.strangers.inc();
            return Err(stranger());
        };
        let place = Place::of(peer.client, visit.snapshot.register.roster());
        let now = Now { unix_ms: visit.moment.unix_ms, boot_ms: visit.boot_ms };
        let browser = Browser::of(headers, true);
        Ok(Self { hall: hall.clone(), desk, peer, browser, snapshot: visit.snapshot, place, now })
    }

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
        Frame { school: &self.snapshot.config.school.name, token: String::new(), reader: None, here: "" }
    }

    /// A page that says one thing.
    pub fn notice(&self, status: StatusCode, heading: &str, line: &str) -> Response {
        views::notice(status, self.frame(), heading, line)
    }
}

/// Somebody who has signed in.
pub(super) struct Reader {
    pub caller: Caller,
    pub account: Account,
    pub signed: Signed,
    pub token: String,
}

impl Reader {
    /// Who has signed in and has a password of their own; others are led to where they do so, and back.
    ///
    /// # Errors
    /// What they are answered else.
    pub async fn of(hall: &Arc<Hall>, peer: Peer, headers: &HeaderMap, path: &str) -> Result<Self, Response> {
        match Caller::of(hall, peer, headers).await?.reader().await {
            Ok(reader) if reader.account.own => Ok(reader),
            Ok(_) => Err(led(PASSWORD)),
            Err(_) if path == PATH => Err(led("/desk/sign-in")),
            Err(_) => Err(led(&format!("/desk/sign-in?to={path}"))),
        }
    }

    pub fn frame(&self, here: &'static str) -> Frame<'_> {
        let token = self.caller.hall.portal.forms.at_desk(&self.token);
        Frame { token, reader: Some(&self.account), here, ..self.caller.frame() }
    }

    /// Whether a page was written down as looked at in this session.
    pub fn has_looked(&self, what: &str) -> bool {
        self.caller.hall.at_desk.has_looked(&self.token, what)
    }

    pub fn looked(&self, what: &str) {
        self.caller.hall.at_desk.looked(&self.token, what);
    }

    /// What was not written down, and why.
    pub fn not_kept(&self, why: &NotKept, back: &str) -> Response {
        let line = match why {
            NotKept::Refused(why) => format!("{}.", capital(why.trim_end_matches('.'))),
            NotKept::Fault => "Something at the gateway went wrong. Ask your network manager: the service log says what.".into(),
        };
        let status = if *why == NotKept::Fault { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::UNPROCESSABLE_ENTITY };
        views::notice_with(status, self.frame(""), "This was not written down", &line, (back, "Go back"))
    }

    /// What is not shown, and why.
    pub fn not_shown(&self, why: NotShown) -> Response {
        let (status, heading, line) = match why {
            NotShown::Nothing => {
                (StatusCode::NOT_FOUND, "There is no such page", "The report of that week was not made, or is past its time.")
            }
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

/// A form of somebody who has signed in: who, and its fields.
///
/// # Errors
/// What is answered else; nothing is done then.
pub(super) async fn form_of(hall: &Arc<Hall>, peer: Peer, request: Request) -> Result<(Reader, Vec<(String, String)>), Response> {
    let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
    let reader = Reader::of(hall, peer, &headers, &path).await?;
    let fields = fields_up_to(&reader.caller, request, MAX_FORM).await?;
    if hall.portal.forms.is_of_desk(&reader.token, field(&fields, "token")) {
        return Ok((reader, fields));
    }
    Err(reader.caller.notice(StatusCode::FORBIDDEN, NOT_HERE, "Nothing was done. Open the desk and do it there."))
}

const NOT_HERE: &str = "That form was not sent from here";

/// The fields of a form of this very door.
///
/// # Errors
/// What is answered to a form of somebody else's, or none.
pub(super) async fn fields(caller: &Caller, request: Request) -> Result<Vec<(String, String)>, Response> {
    fields_up_to(caller, request, form::MAX_FORM).await
}

async fn fields_up_to(caller: &Caller, request: Request, most: usize) -> Result<Vec<(String, String)>, Response> {
    let refused = |status| caller.notice(status, NOT_HERE, "Nothing was done. Open the desk and do it there.");
    if !form::is_from_here(request.headers(), true) {
        return Err(refused(StatusCode::FORBIDDEN));
    }
    form::fields_up_to(request, most).await.ok_or_else(|| {
        caller.hall.gate.counters.malformed.inc();
        refused(StatusCode::BAD_REQUEST)
    })
}

/// What stands in a field; of two of one name the last counts.
pub(super) fn field<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields.iter().rev().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str())
}

/// The desk speaks English.
pub(super) const LANGUAGE: Language = Language::English;
