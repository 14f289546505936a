//! The pages of the desk. Every text is escaped; nothing runs, and nothing is loaded but the style sheet, from this door.

use super::guard::LANGUAGE;
use super::watch::Typed;
use super::{AlertLine, Around, PATH, WatchLine};
use crate::casebook::Incident;
use crate::casebook::incidents::{Fields, Words};
use crate::casebook::may_open;
use crate::pages::FORM_HEADERS;
use crate::people::desk::Account;
use crate::report::Week;
use crate::report::edition::Part;
use crate::report::week::Matter;
use crate::web::hall;
use askama::Template;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue};

/// The style sheet.
pub const STYLE: &str = include_str!("views/desk.css");

/// What browsers may do with a page.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What stands around a page.
pub struct Frame<'a> {
    pub school: &'a str,
    /// For the forms of a session.
    pub token: String,
    /// Who has signed in.
    pub reader: Option<&'a Account>,
    /// Alerts that nobody has yet, if they are theirs.
    pub waiting: usize,
    /// Which of the links above leads here.
    pub here: &'static str,
}

#[derive(Template)]
#[template(path = "sign-in.html", config = "src/web/desk/askama.toml")]
pub struct SignInPage<'a> {
    pub frame: Frame<'a>,
    /// What was wrong; or empty.
    pub said: &'a str,
    pub name: &'a str,
    /// Where they go then.
    pub to: &'a str,
    pub token: &'a str,
}

#[derive(Template)]
#[template(path = "password.html", config = "src/web/desk/askama.toml")]
pub struct PasswordPage<'a> {
    pub frame: Frame<'a>,
    pub said: &'a str,
    /// The one they have was made for them.
    pub first: bool,
    pub shortest: usize,
}

#[derive(Template)]
#[template(path = "confirm.html", config = "src/web/desk/askama.toml")]
pub struct ConfirmPage<'a> {
    pub frame: Frame<'a>,
    pub said: &'a str,
    pub code: &'a str,
    pub token: &'a str,
    pub path: &'a str,
}

#[derive(Template)]
#[template(path = "notice.html", config = "src/web/desk/askama.toml")]
struct NoticePage<'a> {
    frame: Frame<'a>,
    heading: &'a str,
    line: &'a str,
    to: &'a str,
    words: &'a str,
}

#[derive(Template)]
#[template(path = "week.html", config = "src/web/desk/askama.toml")]
pub struct WeekPage<'a> {
    pub frame: Frame<'a>,
    pub week: &'a Week,
    pub is_latest: bool,
    /// Their role signs weeks, and this one is over.
    pub may_sign: bool,
    /// In which box.
    pub own_box: &'static str,
    pub earlier: Vec<EarlierWeek>,
    pub others: Vec<OtherEdition>,
}

/// A week to choose.
pub struct EarlierWeek {
    pub id: String,
    pub dates: String,
    pub number: u32,
}

/// Another edition of the same week.
pub struct OtherEdition {
    pub word: &'static str,
    pub title: &'static str,
}

impl WeekPage<'_> {
    /// What of the filter needs somebody.
    fn faults(&self) -> impl Iterator<Item = &crate::report::week::Fact> {
        self.week.health.iter().filter(|fact| !fact.good)
    }
}

/// A page with the headers of every page of the desk.
pub fn page(status: StatusCode, page: &impl Template) -> Response {
    // Writing to a string fails only if a template's own filter does, and none of ours can.
    let mut response = hall::with(status, FORM_HEADERS, LANGUAGE, page.render().unwrap_or_default());
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// A page that says one thing.
pub fn notice(status: StatusCode, frame: Frame, heading: &str, line: &str) -> Response {
    notice_with(status, frame, heading, line, (PATH, "Go to the desk"))
}

/// A page that says one thing, with another way on than to the desk.
pub fn notice_with(status: StatusCode, frame: Frame, heading: &str, line: &str, (to, words): (&str, &str)) -> Response {
    page(status, &NoticePage { frame, heading, line, to, words })
}

#[derive(Template)]
#[template(path = "matter.html", config = "src/web/desk/askama.toml")]
pub struct MatterPage<'a> {
    pub frame: Frame<'a>,
    pub week: String,
    pub matter: &'a Matter,
    /// What was wrong with the form before; or empty.
    pub said: &'a str,
}

#[derive(Template)]
#[template(path = "purpose.html", config = "src/web/desk/askama.toml")]
pub struct PurposePage<'a> {
    pub frame: Frame<'a>,
    pub id: String,
    pub matter: &'a Matter,
    pub said: &'a str,
}

#[derive(Template)]
#[template(path = "around.html", config = "src/web/desk/askama.toml")]
pub struct AroundPage<'a> {
    pub frame: Frame<'a>,
    pub id: String,
    pub matter: &'a Matter,
    pub around: Around,
    pub purpose: String,
    /// What was typed is shown.
    pub opened: bool,
}

#[derive(Template)]
#[template(path = "opening.html", config = "src/web/desk/askama.toml")]
pub struct OpeningPage<'a> {
    pub frame: Frame<'a>,
    pub said: &'a str,
    /// Where the form goes.
    pub here: &'a str,
    pub back: &'a str,
    /// What it is of, for people.
    pub of: &'a str,
    /// It is handed on as PDF or CSV, too.
    pub handed: bool,
    pub reader: &'a str,
    pub purpose: &'a str,
}

#[derive(Template)]
#[template(path = "alerts.html", config = "src/web/desk/askama.toml")]
pub struct AlertsPage<'a> {
    pub frame: Frame<'a>,
    pub waiting: Vec<AlertLine>,
    pub seen: Vec<AlertLine>,
}

#[derive(Template)]
#[template(path = "watch.html", config = "src/web/desk/askama.toml")]
pub struct WatchPage<'a> {
    pub frame: Frame<'a>,
    pub said: &'a str,
    pub watched: Vec<WatchLine>,
    pub typed: &'a Typed,
}

#[derive(Template)]
#[template(path = "looked.html", config = "src/web/desk/askama.toml")]
pub struct LookedPage<'a> {
    pub frame: Frame<'a>,
    /// When, who, what, why.
    pub rows: Vec<[String; 4]>,
}

#[derive(Template)]
#[template(path = "incidents.html", config = "src/web/desk/askama.toml")]
pub struct IncidentsPage<'a> {
    pub frame: Frame<'a>,
    /// The one that waits longest first.
    pub open: Vec<Incident>,
    pub closed: Vec<Incident>,
    pub may_open: bool,
}

#[derive(Template)]
#[template(path = "incident-new.html", config = "src/web/desk/askama.toml")]
pub struct NewIncidentPage<'a> {
    pub frame: Frame<'a>,
    pub said: &'a str,
    /// Of which matter; empty: of none.
    pub matter: &'a str,
    pub fields: &'a Fields,
    /// An id a line.
    pub people: String,
    pub categories: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "incident.html", config = "src/web/desk/askama.toml")]
pub struct IncidentPage<'a> {
    pub frame: Frame<'a>,
    pub said: &'a str,
    pub incident: Incident,
    /// When each step of its history was, in its order.
    pub whens: Vec<String>,
}

impl Frame<'_> {
    /// Whether who has signed in may open what is sealed.
    fn may_open(&self) -> bool {
        self.reader.is_some_and(|reader| may_open(reader.role))
    }
}

impl IncidentPage<'_> {
    /// Dots stand for some of its words.
    fn is_sealed(&self) -> bool {
        self.incident.with_words(Words::Sealed).next().is_some()
    }

    /// It is handed on where it is opened: dots are nothing to hand on.
    fn is_handed_on_opened(&self) -> bool {
        self.frame.may_open() && self.incident.history.iter().any(|step| step.words != Words::Clear)
    }

    /// Rows of the log beside it: which, when, on what, what was asked for, what became of it, what was typed.
    fn rows(&self) -> impl Iterator<Item = [String; 6]> {
        self.incident.evidence.iter().map(|evidence| {
            let line: serde_json::Value = serde_json::from_str(&evidence.line).unwrap_or_default();
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            let either = |one, other| Some(text(one)).filter(|text| !text.is_empty()).unwrap_or_else(|| text(other));
            let when = text("when_local").chars().take(19).collect::<String>().replace('T', " ");
            let (on, dots) = (either("device", "client"), || either("search", "path"));
            let typed = evidence.typed.clone().unwrap_or_else(dots);
            [evidence.seq.to_string(), when, on, text("host"), text("action"), typed]
        })
    }

    fn is_opened(&self) -> bool {
        self.incident.with_words(Words::Opened).next().is_some()
    }

    /// The records whose words are not as they were written.
    fn unopened(&self) -> Vec<String> {
        self.incident.with_words(Words::Unopened).map(|record| record.to_string()).collect()
    }
}
