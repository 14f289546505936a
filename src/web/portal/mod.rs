//! Where people sign in, see that they are, and sign out.
//!
//! Always holds: a password of somebody's own is asked for over TLS alone, in the clear only what stands on a voucher; a form counts
//! only if this browser was given it by this door and it says that it comes from here; nobody learns which names there are; no page
//! has anybody's name on it.
//!
//! - [`cookie`]  what a browser is given to be known again by
//! - [`openid`]  the school's Microsoft or Google accounts
//! - [`asked`]   a name and a password, and what became of them

mod asked;
pub(super) mod cookie;
pub mod openid;

use super::form;
use super::hall::{self, Answer, Hall, Peer};
use crate::config::Way;
use crate::gate::Visit;
use crate::gate::snapshot::local_time;
use crate::net::fetch::Lookup;
use crate::pages::reader::{SIGN_IN, STAFFROOM, over_tls};
use crate::pages::sign_in::{Asked, State as Shown, shipped_notice};
use crate::pages::words::{Said, whom_to_see};
use crate::pages::{Language, Link, Notice, SignInPage};
use crate::people::openid::{OpenIds, encoded};
use crate::people::portal::{Place, Session, Sessions};
use crate::people::roster::Now;
use crate::policy::Lock;
use crate::words::PersonId;
use asked::Outcome;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use cookie::{Browser, Forms};
use hyper::header::{HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::{StatusCode, Uri};
use std::sync::Arc;

/// Where it is.
pub const PATH: &str = SIGN_IN;

/// The one other place that who signs in may be led to, by its name in the address and the form.
const TO_STAFFROOM: &str = "staffroom";

/// Where systems ask whether they are held up here, and where one signs in (RFC 8908); told to them by DHCP or router
/// advertisements (RFC 8910).
pub const CAPTIVE: &str = "/captive";

/// What the door keeps for it, as long as the gate runs.
pub struct Portal {
    pub sessions: Sessions,
    pub openids: OpenIds,
    pub(super) forms: Forms,
}

impl Portal {
    /// `lookup` knows where providers are.
    pub fn open(lookup: Arc<dyn Lookup>) -> Self {
        Self { sessions: Sessions::default(), openids: OpenIds::new(lookup), forms: Forms::new() }
    }
}

/// One browser at the portal.
pub(super) struct Guest {
    pub hall: Arc<Hall>,
    peer: Peer,
    pub language: Language,
    pub visit: Visit,
    pub browser: Browser,
    place: Place,
    /// Once signed in they are led to the staffroom.
    to_staffroom: bool,
}

impl FromRequestParts<Arc<Hall>> for Guest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, hall: &Arc<Hall>) -> Result<Self, Response> {
        let peer = Peer::from_request_parts(parts, hall).await?;
        let visit = hall.visit(&peer)?;
        let place = Place::of(peer.client, visit.snapshot.register.roster());
        let (browser, language) = (Browser::of(&parts.headers, peer.secure), Language::of(&parts.headers));
        Ok(Self { hall: hall.clone(), peer, language, visit, browser, place, to_staffroom: false })
    }
}

impl Guest {
    fn roster(&self) -> &crate::people::Roster {
        self.visit.snapshot.register.roster()
    }

    fn now(&self) -> Now {
        Now { unix_ms: self.visit.moment.unix_ms, boot_ms: self.visit.boot_ms }
    }

    /// By what they may sign in, on this connection. `None`: not on this network.
    fn ways(&self) -> Option<Vec<Way>> {
        let ways = self.visit.snapshot.config.portal.ways(self.visit.who.network)?;
        Some(ways.iter().copied().filter(|way| self.peer.secure || *way == Way::Voucher).collect())
    }

    /// Whose session it is, and whether it is this browser's.
    pub fn session(&self) -> Option<(Session, bool)> {
        let sessions = &self.hall.portal.sessions;
        let mine = self.browser.session.as_ref().and_then(|token| sessions.of(token, self.place, self.roster(), self.now()));
        mine.map(|session| (session, true)).or_else(|| Some((sessions.at(self.place, self.roster(), self.now())?, false)))
    }

    /// The page for who is to sign in, with what became of their form.
    fn asked(&self, status: StatusCode, said: Option<(Said, &str)>) -> Response {
        self.page(status, said, None)
    }

    /// The page. With a session it is who is signed in, else what they are asked for; with what is to be said first.
    fn page(&self, status: StatusCode, said: Option<(Said, &str)>, session: Option<(Session, bool)>) -> Response {
        let (words, config) = (self.language.words(), &self.visit.snapshot.config);
        let whom = whom_to_see(&config.school.whom_to_see, self.language);
        let Some(ways) = self.ways() else { return self.notice(StatusCode::OK, words.not_here, "", &[]) };
        let portal = &config.portal;
        let until;
        let state = match session {
            Some((session, mine)) => {
                let left = session.until_ms.saturating_sub(self.visit.boot_ms);
                until = local_time(config, self.visit.moment.unix_ms.saturating_add_unsigned(left)).split_off(11);
                Shown::In { until: &until, mine, staffroom: self.staffroom(session.person).filter(|_| mine) }
            }
            None => {
                let (password, voucher) = (ways.contains(&Way::Password), ways.contains(&Way::Voucher));
                let line = match (password, voucher) {
                    (true, true) => Some(words.signing_in.line),
                    (true, false) => Some(words.by_password),
                    (false, true) => Some(words.by_voucher),
                    (false, false) => None,
                };
                let own = portal.notice.words.as_ref().map(|(english, welsh)| match (self.language, welsh) {
                    (Language::Welsh, Some(welsh)) => welsh.as_str(),
                    _ => english.as_str(),
                });
                let notice = own.unwrap_or(shipped_notice(self.language)).lines().filter(|l| !l.trim().is_empty()).collect();
                let all = portal.ways(self.visit.who.network).unwrap_or_default();
                let no_tls = all.len() > ways.len();
                let version = &portal.notice.version;
                let to = |way: Way| format!("{PATH}/{}?notice={}", way.word(), encoded(version));
                let providers = [(Way::Microsoft, words.by_microsoft), (Way::Google, words.by_google)];
                let providers = providers.into_iter().filter(|(way, _)| ways.contains(way));
                let providers = providers.map(|(way, words)| (to(way), words)).collect();
                let to_staffroom = self.to_staffroom;
                Shown::Out(Asked { line, no_tls, voucher_only: !password, notice, version, to_staffroom, providers })
            }
        };
        let (given, token) = (self.browser.given(), self.hall.portal.forms.token(&self.browser));
        let page = SignInPage {
            school: &config.school.name,
            whom_to_see: whom,
            words,
            said,
            state,
            token: &token,
            concern: portal.concern.as_deref(),
        };
        let mut response = hall::form(self.language, page.html());
        *response.status_mut() = status;
        with(&mut response, given);
        response
    }

    /// Where somebody opens something for a lesson, if they are of the staff.
    fn staffroom(&self, person: PersonId) -> Option<&'static str> {
        self.visit.snapshot.staff(person).and(self.hall.rooms.staffroom.as_ref()).map(|_| STAFFROOM)
    }

    /// A page that says one thing, followed by `more`.
    pub fn notice(&self, status: StatusCode, said: Said, more: &str, links: &[Link]) -> Response {
        let line = if more.is_empty() { said.line.to_owned() } else { format!("{} {more}", said.line) };
        let school = &self.visit.snapshot.config.school.name;
        let notice = Notice { school, heading: said.heading, lines: &[&line], detail: "" };
        hall::page(status, self.language, notice.html_in(self.language, links))
    }

    /// Their access is switched off: whom to see. The next one at the device may sign out who is signed in.
    pub fn withdrawn(&self) -> Response {
        let (words, status) = (self.language.words(), StatusCode::FORBIDDEN);
        let whom = format!("{}.", whom_to_see(&self.visit.snapshot.config.school.whom_to_see, self.language));
        match self.session() {
            Some(session) => self.page(status, Some((words.withdrawn, &whom)), Some(session)),
            None => self.notice(status, words.withdrawn, &whom, &[]),
        }
    }

    /// The fields of a form of this very door.
    ///
    /// # Errors
    /// What is answered to a form of somebody else's, or none: with the way to where ours is.
    pub async fn sent(&self, request: Request, there: Link<'_>) -> Result<Vec<(String, String)>, Response> {
        let refused = |status| self.notice(status, self.language.words().not_sent_here, "", &[there]);
        if !form::is_from_here(request.headers(), self.peer.secure) {
            return Err(refused(StatusCode::FORBIDDEN));
        }
        form::fields(request).await.ok_or_else(|| {
            self.hall.gate.counters.malformed.inc();
            refused(StatusCode::BAD_REQUEST)
        })
    }

    fn sign_out(&self) -> Response {
        self.hall.portal.sessions.end(self.place, self.roster(), self.now());
        let words = self.language.words();
        let links = [Link { to: PATH, words: words.sign_in_here }];
        let mut response = self.notice(StatusCode::OK, words.signed_out, "", &links);
        with(&mut response, self.browser.taken_back());
        response
    }
}

/// The page.
pub async fn page(mut guest: Guest, uri: Uri) -> Response {
    if let Some(elsewhere) = over_tls(&guest.hall.gate, &guest.visit.snapshot).filter(|_| !guest.peer.secure) {
        return led(&elsewhere);
    }
    if matches!(guest.visit.lock(), Some(Lock::Withdrawn)) {
        return guest.withdrawn();
    }
    guest.to_staffroom = form::asked(&uri, "to") == TO_STAFFROOM;
    guest.page(StatusCode::OK, None, guest.session())
}

/// The answer to a system that was told of [`CAPTIVE`].
pub async fn captive(State(hall): State<Arc<Hall>>, peer: Peer) -> Answer {
    let visit = hall.visit(&peer)?;
    let snapshot = &visit.snapshot;
    let captive = snapshot.is_to_sign_in(&visit.who);
    let (roster, now) = (snapshot.register.roster(), Now { unix_ms: visit.moment.unix_ms, boot_ms: visit.boot_ms });
    let place = Place::of(peer.client, roster);
    let mut said = serde_json::json!({ "captive": captive });
    if snapshot.config.portal.ways(visit.who.network).is_some() {
        said["user-portal-url"] = over_tls(&hall.gate, snapshot).into();
    }
    if let Some(session) = hall.portal.sessions.at(place, roster, now).filter(|_| !captive) {
        said["seconds-remaining"] = (session.until_ms.saturating_sub(visit.boot_ms) / 1000).into();
        said["can-extend-session"] = true.into();
    }
    let headers =
        [(hyper::header::CONTENT_TYPE, "application/captive+json"), (hyper::header::CACHE_CONTROL, "private, no-store")];
    Ok((headers, said.to_string()).into_response())
}

/// One of its forms.
pub async fn act(mut guest: Guest, request: Request) -> Answer {
    let words = guest.language.words();
    let fields = guest.sent(request, Link { to: PATH, words: words.sign_in_here }).await?;
    let field = |name| form::field(&fields, name);
    guest.to_staffroom = field("to") == TO_STAFFROOM;
    if !guest.hall.portal.forms.is_ours(&guest.browser, field("token")) {
        return Err(guest.asked(StatusCode::FORBIDDEN, Some((words.not_sent_here, ""))));
    }
    Ok(match field("do") {
        "sign-out" => guest.sign_out(),
        "sign-in" => told(&guest, asked::sign_in(&guest, field("name"), field("password"), field("notice")).await),
        _ => guest.asked(StatusCode::BAD_REQUEST, Some((words.not_sent_here, ""))),
    })
}

/// What became of somebody who would sign in, said to them.
fn told(guest: &Guest, outcome: Outcome) -> Response {
    let words = guest.language.words();
    match outcome {
        Outcome::In(token) => {
            let mut response = led(if guest.to_staffroom { STAFFROOM } else { PATH });
            with(&mut response, guest.browser.session(&token, guest.visit.snapshot.config.portal.lasts_ms));
            response
        }
        Outcome::Withdrawn => led(PATH),
        Outcome::Wrong => guest.asked(StatusCode::FORBIDDEN, Some((words.wrong_password, ""))),
        Outcome::Wait(seconds) if seconds < 120 => {
            let more = format!("{seconds} {}", words.seconds);
            later(guest.asked(StatusCode::TOO_MANY_REQUESTS, Some((words.wait, &more))), seconds)
        }
        Outcome::Wait(seconds) => {
            let more = format!("{} {}", seconds.div_ceil(60), words.minutes);
            later(guest.asked(StatusCode::TOO_MANY_REQUESTS, Some((words.wait, &more))), seconds)
        }
        Outcome::Taken => {
            let whom = whom_to_see(&guest.visit.snapshot.config.school.whom_to_see, guest.language);
            guest.asked(StatusCode::CONFLICT, Some((words.voucher_taken, &format!("{whom}."))))
        }
        Outcome::NotHere => guest.asked(StatusCode::FORBIDDEN, None),
        Outcome::Busy => later(guest.asked(StatusCode::SERVICE_UNAVAILABLE, Some((words.busy, ""))), asked::BUSY_SECONDS),
        Outcome::Fault => guest.asked(StatusCode::INTERNAL_SERVER_ERROR, Some((words.not_kept, ""))),
    }
}

/// With when to try again.
pub(super) fn later(mut response: Response, seconds: u64) -> Response {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

pub(super) fn with(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// A way on, to be asked for with GET.
pub fn led(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, to), (hyper::header::CACHE_CONTROL, "no-store")]).into_response()
}
