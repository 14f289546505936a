//! The desk: where the safeguarding lead, and who works with them, read the week's report in a browser.
//!
//! Always holds: over TLS alone and under the door's one name; nothing but the sign-in, the style sheet and the confirmation of a mail
//! without an account's password and code; no GET changes anything; a form counts as one of the portal's does, and is of its session;
//! nobody is given an edition that is not their role's. It works without a script and asks nothing of any other host.
//!
//! - [`guard`]    who calls, and whether they have signed in
//! - [`sign_in`]  signing in and out, a password of one's own
//! - [`week`]     a week of the report, and its files
//! - [`matter`]   what somebody says of a matter, and what was asked for around it
//! - [`incidents`] what was opened, and what became of it
//! - [`opening`]  what is sealed, opened for one page
//! - [`looked`]   who looked at whom
//! - [`alerts`]   what could not wait
//! - [`watch`]    pupils who are watched more closely
//! - [`confirm`]  the test mail has come
//! - [`views`]    the pages

mod alerts;
mod confirm;
mod guard;
mod incidents;
mod looked;
mod matter;
mod opening;
mod sign_in;
mod views;
mod watch;
mod week;

use super::hall::Hall;
use crate::casebook::incidents::Fields;
use crate::casebook::look_ups::LookUp;
use crate::casebook::review::Said;
use crate::casebook::{Incident, MatterId};
use crate::people::desk::Account;
use crate::people::desk::sessions::Signed;
use crate::people::roster::Now;
use crate::report::{Edition, IsoWeek, Week};
use crate::words::person::words;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;

/// Where it is.
pub const PATH: &str = "/desk";

/// Where somebody says that the test mail has come, with its code behind `?code=`.
pub const CONFIRM: &str = "/desk/confirm";

/// Where alerts are.
const ALERTS: &str = "/desk/alerts";

/// Where incidents are.
const INCIDENTS: &str = "/desk/incidents";

/// Where pupils are who are watched more closely.
const WATCH: &str = "/desk/watch";

const PASSWORD: &str = "/desk/password";

const SIGN_IN: &str = "/desk/sign-in";

/// Why who opens a week's report looks at those in it.
pub const REVIEW: &str = "the weekly review";

words! {
    /// A report or an incident to take along.
    Format {
        Html "html",
        Pdf "pdf",
        Csv "csv",
    }
}

/// What somebody typed to sign in, and where.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    pub name: &'a str,
    pub password: &'a str,
    pub code: &'a str,
    pub client: IpAddr,
}

/// Why somebody is not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSigned {
    /// The name, the password or the code; which of them is told nobody.
    Wrong,
    /// Too many were wrong: after so many seconds.
    Wait(u64),
    Busy,
    /// A fault of ours, told to the service log.
    Fault,
}

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDone {
    /// The password or the code.
    Wrong,
    /// The new password is too short, too long, or no new one.
    Weak,
    Wait(u64),
    Busy,
    /// The account has ended, or was made anew.
    Gone,
    Fault,
}

/// Why something is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotShown {
    /// There is no such report.
    Nothing,
    NotTheirs,
    Fault,
}

/// Why something is not written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotKept {
    /// What is wrong with it, for people.
    Refused(String),
    /// A fault of ours, told to the service log.
    Fault,
}

/// Who would open what is sealed, with which reader's passphrase, what for and from where.
#[derive(Clone, Copy)]
pub struct Opens<'a> {
    pub account: &'a Account,
    pub reader: &'a str,
    pub passphrase: &'a str,
    pub purpose: &'a str,
    pub client: IpAddr,
    pub now: Now,
}

/// Why what is sealed stays so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOpened {
    /// They may not see it, sealed or not, or their role opens nothing.
    NotShown(NotShown),
    /// The reader or the passphrase; which of them is told nobody.
    Wrong,
    /// Too many were wrong from there: after so many seconds.
    Wait(u64),
    /// Too many were wrong, wherever: until then, in the school's time.
    Until(String),
    /// Somebody else opens something at this moment.
    Busy,
    /// There are no keys.
    NoKeys,
}

impl From<NotShown> for NotOpened {
    fn from(why: NotShown) -> Self {
        Self::NotShown(why)
    }
}

/// What somebody asked for around a matter: from half an hour before what it rests on to half an hour after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    pub spans: Vec<Stretch>,
    /// There is more than is shown.
    pub more: bool,
    /// Rows of which dots are shown.
    pub sealed: usize,
}

/// One stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretch {
    pub from: String,
    pub until: String,
    pub asked: Vec<AskedFor>,
}

/// One row of the log, as far as it is for this page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedFor {
    pub when: String,
    /// On which device, or from which address.
    pub at: String,
    pub host: String,
    pub became: &'static str,
    pub category: String,
    pub count: u32,
    /// What was typed, or dots where it is sealed; empty: nothing was.
    pub typed: String,
    /// The matter rests on it.
    pub of_matter: bool,
}

/// An alert, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertLine {
    pub number: u32,
    pub tier: &'static str,
    pub first: String,
    pub last: String,
    pub times: u64,
    pub whose: String,
    pub theme: &'static str,
    /// What to do.
    pub next: String,
    /// By whom, and when.
    pub acknowledged: Option<String>,
}

/// A pupil who is watched more closely, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchLine {
    pub person: String,
    pub name: String,
    pub since: String,
    /// The last day.
    pub until: String,
    pub who: String,
    pub reason: String,
}

/// Somebody who looks.
pub struct Look<'a> {
    pub account: &'a Account,
    /// It is written down that they look at this, in this session.
    pub recorded: Cell<bool>,
}

/// A week whose report was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    pub week: IsoWeek,
    pub number: u32,
}

/// What the pages are made of. All of it may read and write files: not for a thread that serves anybody.
pub trait Desk: Send + Sync {
    /// Checks who would sign in, and writes down that they have.
    ///
    /// # Errors
    /// [`NotSigned`].
    fn sign_in(&self, typed: &Typed, now: Now) -> Result<Account, NotSigned>;

    /// The account of a session, as long as it is the same.
    fn account(&self, signed: &Signed) -> Option<Account>;

    /// Gives an account a password of its owner's own.
    ///
    /// # Errors
    /// [`NotDone`].
    fn set_password(&self, signed: &Signed, current: &str, new: &str, from: (IpAddr, Now)) -> Result<(), NotDone>;

    /// The weeks whose report was delivered, the last one first.
    fn weeks(&self) -> Vec<Delivered>;

    /// A week, as this edition of it may be seen by who looks; that they do is written down first.
    ///
    /// # Errors
    /// [`NotShown`].
    fn week(&self, look: &Look, week: IsoWeek, edition: Edition) -> Result<Week, NotShown>;

    /// The same to take along, to the byte as it was delivered.
    ///
    /// # Errors
    /// [`NotShown`].
    fn file(&self, look: &Look, week: IsoWeek, edition: Edition, format: Format) -> Result<Vec<u8>, NotShown>;

    /// Says something of a matter that they may see.
    ///
    /// # Errors
    /// [`NotKept`].
    fn mark(&self, account: &Account, matter: &MatterId, said: (Said, &str)) -> Result<(), NotKept>;

    /// Signs a week.
    ///
    /// # Errors
    /// [`NotKept`].
    fn sign_off(&self, account: &Account, week: IsoWeek) -> Result<(), NotKept>;

    /// What was asked for around a matter, by whom it is about. The look is written down with its purpose.
    ///
    /// # Errors
    /// [`NotShown`].
    fn around(&self, look: &Look, matter: &MatterId, purpose: &str) -> Result<Around, NotShown>;

    /// The same with what was typed, where that is sealed. Who opens it and why is written down, and a wrong passphrase too.
    ///
    /// # Errors
    /// [`NotOpened`].
    fn open_around(&self, opens: &Opens, matter: &MatterId) -> Result<Around, NotOpened>;

    /// The incidents that they may see; dots where they are sealed.
    ///
    /// # Errors
    /// [`NotShown`].
    fn incidents(&self, look: &Look) -> Result<Vec<Incident>, NotShown>;

    /// One of them to be handed on, as PDF or CSV; for what is written down first.
    ///
    /// # Errors
    /// [`NotShown`].
    fn incident_file(&self, look: &Look, number: u64, format: Format, purpose: &str) -> Result<Vec<u8>, NotShown>;

    /// Opens one, by hand or of a matter; its number.
    ///
    /// # Errors
    /// [`NotKept`].
    fn open_incident(&self, account: &Account, matter: Option<&MatterId>, fields: Fields) -> Result<u64, NotKept>;

    /// One with its words, as [`Desk::open_around`] has them.
    ///
    /// # Errors
    /// [`NotOpened`].
    fn open_incident_words(&self, opens: &Opens, number: u64) -> Result<Incident, NotOpened>;

    /// The same to be handed on, as PDF or CSV.
    ///
    /// # Errors
    /// [`NotOpened`].
    fn open_incident_file(&self, opens: &Opens, number: u64, format: Format) -> Result<Vec<u8>, NotOpened>;

    /// Adds to one.
    ///
    /// # Errors
    /// [`NotKept`].
    fn add_to_incident(&self, account: &Account, which: (u64, &str, bool), fields: Fields) -> Result<(), NotKept>;

    /// Alerts: those that wait for somebody, then the others.
    ///
    /// # Errors
    /// [`NotShown`].
    fn alerts(&self, look: &Look) -> Result<Vec<AlertLine>, NotShown>;

    /// Somebody has an alert.
    ///
    /// # Errors
    /// [`NotKept`].
    fn acknowledge(&self, account: &Account, number: u32) -> Result<(), NotKept>;

    /// Who is watched more closely now. To whom it is not for there is no such thing.
    ///
    /// # Errors
    /// [`NotShown`].
    fn watched(&self, look: &Look) -> Result<Vec<WatchLine>, NotShown>;

    /// Watches a pupil more closely: whom, until which day, and why. Without a day it ends.
    ///
    /// # Errors
    /// [`NotKept`].
    fn watch(&self, account: &Account, said: (&str, Option<&str>, &str)) -> Result<(), NotKept>;

    /// Who looked at whom in the last four weeks, the last one first, as far as it is theirs to see.
    ///
    /// # Errors
    /// [`NotShown`].
    fn looked(&self, account: &Account) -> Result<Vec<LookUp>, NotShown>;

    /// The test mail has come: this is the code in it.
    ///
    /// # Errors
    /// [`NotDone::Wrong`] or [`NotDone::Wait`].
    fn confirm(&self, code: &str, by: &str, from: (IpAddr, Now)) -> Result<(), NotDone>;
}

/// The pages of the desk.
pub(super) fn router() -> Router<Arc<Hall>> {
    Router::new()
        .route(PATH, get(week::latest).post(sign_in::act))
        .route(PASSWORD, get(sign_in::password_page).post(sign_in::password))
        .route(CONFIRM, get(confirm::page).post(confirm::act))
        .route(SIGN_IN, get(sign_in::page))
        .route("/desk/week/{week}", get(week::page).post(week::sign_off))
        .route("/desk/week/{week}/{file}", get(week::file))
        .route("/desk/matter/{matter}", get(matter::page).post(matter::mark))
        .route("/desk/matter/{matter}/around", get(matter::around).post(matter::purpose))
        .route("/desk/matter/{matter}/open", get(opening::around_page).post(opening::around))
        .route(INCIDENTS, get(incidents::list).post(incidents::open))
        .route("/desk/incidents/new", get(incidents::new))
        .route("/desk/incidents/{number}", get(incidents::one).post(incidents::add))
        .route("/desk/incidents/{number}/open", get(opening::incident_page).post(opening::incident))
        .route("/desk/incidents/{number}/export", post(incidents::export))
        .route(ALERTS, get(alerts::page).post(alerts::acknowledge))
        .route("/desk/looked", get(looked::page))
        .route(WATCH, get(watch::page).post(watch::act))
        // Whatever else: what is not for somebody is to them as what is not there.
        .route("/desk/{*rest}", get(guard::nothing).post(guard::nothing_done))
        .route("/desk/style.css", get(style))
}

/// The style sheet: it says nothing of anybody.
async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "private, max-age=300")], views::STYLE).into_response()
}
