//! What the pages of the desk are made of: accounts, the weeks that were delivered, and the confirmation of the mail.
//!
//! Always holds: who signs in and who sees a page with people on it is written down first; nobody is given more of a week than
//! their role may see, and nothing about themselves.
//!
//! - [`accounts`]  who may sign in, on disk
//! - [`review`]    what they say of what a report shows
//! - [`around`]    what was asked for around a matter
//! - [`sealed`]    what is sealed, opened for one page
//! - [`alerts`]    what could not wait
//! - [`watched`]   pupils who are watched more closely

pub mod accounts;
mod alerts;
mod around;
mod review;
mod sealed;
mod watched;

use super::delivery::{self, Made};
use super::followed::{self, handed};
use super::mail::Post;
use super::weekly::{self, Running};
use crate::casebook::incidents::Fields;
use crate::casebook::look_ups::LookUp;
use crate::casebook::review::Said;
use crate::casebook::{Incident, MatterId, may};
use crate::config::Config;
use crate::gate::Gate;
use crate::ops::look_ups;
use crate::people::Store;
use crate::people::attempts::{Attempts, Wait};
use crate::people::desk::sessions::Signed;
use crate::people::desk::{Account, SHORTEST};
use crate::people::password::{self, MAX_PASSWORD};
use crate::people::roster::Now;
use crate::report::calendar::date_and_time;
use crate::report::edition::Part;
use crate::report::week::{MarkLine, Matter};
use crate::report::{self, Edition, IsoWeek, Week};
use crate::web::desk::{
    self, AlertLine, Around, Delivered, Desk, Format, Look, NotDone, NotKept, NotOpened, NotShown, NotSigned, Opens, Typed,
    WatchLine,
};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Weeks that are held ready.
const HELD: usize = 4;

/// Most weeks that are listed: as long as sums are kept.
const MOST_WEEKS: usize = 66;

/// One for a running gate.
pub struct Kept {
    gate: Arc<Gate>,
    begun: Instant,
    attempts: Attempts,
    /// Whole weeks, as they were made and when.
    weeks: Mutex<Vec<(IsoWeek, i64, Arc<Week>)>>,
    /// One passphrase is tried at a time.
    opening: Mutex<()>,
}

impl Kept {
    pub fn new(gate: Arc<Gate>) -> Self {
        Self { gate, begun: Instant::now(), attempts: Attempts::default(), weeks: Mutex::default(), opening: Mutex::default() }
    }

    fn config(&self) -> Config {
        self.gate.snapshot().config.clone()
    }

    /// A week with everything in it. It is made as it was for its delivery, once for all who read it.
    fn whole(&self, config: &Config, week: IsoWeek, made: &Made) -> Result<Arc<Week>, NotShown> {
        let mut weeks = self.weeks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, held)) = weeks.iter().find(|(of, made_ms, _)| *of == week && *made_ms == made.made_ms) {
            return Ok(held.clone());
        }
        let running = Running::of_gate(&self.gate, self.begun.elapsed());
        let whole = weekly::make(config, week, made.made_ms, Some(running)).map(Arc::new).map_err(|fault| {
            tracing::error!(%fault, "the week {week} cannot be shown at the desk");
            NotShown::Fault
        })?;
        weeks.retain(|(of, _, _)| *of != week);
        if weeks.len() >= HELD {
            weeks.remove(0);
        }
        weeks.push((week, made.made_ms, whole.clone()));
        Ok(whole)
    }

    /// What people have said since the week was made.
    fn brought_up(&self, config: &Config, shown: &mut Week, week: IsoWeek, now_ms: i64) -> Result<(), NotShown> {
        let followed = followed::of_week(config, week, now_ms).map_err(review::faulty)?;
        let zone = &config.school.zone;
        for matter in shown.matters.iter_mut().chain(&mut shown.known) {
            if let Some(mark) = followed.marks.of(&matter.reference.id, matter.reference.concerns) {
                matter.mark = Some(MarkLine::of(mark, date_and_time(mark.when_ms, zone)));
            }
        }
        if shown.shows(Part::Signs) || shown.edition == Edition::It {
            shown.signed = report::followed::signed(&followed.signed, zone);
        }
        if shown.shows(Part::Open) {
            shown.still_open = Some(report::health::still_open(&followed.still_open));
        }
        Ok(())
    }

    /// The password of an account, checked as often as guessing allows.
    fn checked(&self, account: Option<&Account>, typed: &Typed, now: Now) -> Result<(), NotSigned> {
        let attempt = self.attempts.begin(typed.name, typed.client, now.boot_ms).map_err(waits)?;
        match Account::has_password(account, &self.gate.passwords.checks, typed.password) {
            Ok(true) => {}
            Ok(false) => return Err(NotSigned::Wrong),
            Err(_) => {
                attempt.not_made();
                return Err(NotSigned::Busy);
            }
        }
        let Some(account) = account else { return Err(NotSigned::Wrong) };
        if account.secret.step_of(typed.code, now.unix_ms, account.step).is_none() {
            return Err(NotSigned::Wrong);
        }
        attempt.right();
        Ok(())
    }
}

fn waits(Wait { seconds }: Wait) -> NotSigned {
    NotSigned::Wait(seconds)
}

fn faulty(fault: impl std::fmt::Display) -> NotSigned {
    tracing::error!("nobody can sign in at the desk: {fault}");
    NotSigned::Fault
}

/// Writes down who looks, before they do.
fn record(config: &Config, look: &Look, what: &str, purpose: &str, now_ms: i64) -> Result<(), NotShown> {
    if look.recorded.get() {
        return Ok(());
    }
    look_ups::record_of(&config.data, &look.account.called(), what, purpose, now_ms).map_err(|fault| {
        tracing::error!(%fault, "what cannot be written down as looked at is not shown");
        NotShown::Fault
    })?;
    look.recorded.set(true);
    Ok(())
}

/// Incidents as they are handed on.
fn handed_on(config: &Config, incidents: &[Incident], format: Format) -> Result<Vec<u8>, NotShown> {
    let register = Store::peek(&super::register_file(config)).map_err(review::faulty)?;
    let file = match format {
        Format::Pdf => handed::pdf(incidents, config),
        Format::Csv => handed::csv(incidents, config, &register),
        Format::Html => return Err(NotShown::Nothing),
    };
    file.map_err(review::faulty)
}

/// Whether an edition names anybody.
fn names_people(edition: Edition) -> bool {
    !matches!(edition, Edition::It | Edition::Governor)
}

impl Desk for Kept {
    fn sign_in(&self, typed: &Typed, now: Now) -> Result<Account, NotSigned> {
        let config = self.config();
        let all = accounts::read(&config.data).map_err(faulty)?;
        let account = all.iter().find(|account| account.is_called(typed.name));
        self.checked(account, typed, now)
            .inspect_err(|_| tracing::info!(client = %typed.client, "a sign-in at the desk failed"))?;
        // Read again while nobody else changes it: of two who send one code the second has a wrong one.
        let signed = accounts::change(&config.data, |all| {
            let same = |a: &&mut Account| Some(a.since_ms) == account.map(|account| account.since_ms) && a.is_called(typed.name);
            let Some(account) = all.iter_mut().find(same) else { return Ok(None) };
            let Some(step) = account.secret.step_of(typed.code, now.unix_ms, account.step) else { return Ok(None) };
            (account.step, account.seen_ms) = (step, Some(now.unix_ms));
            Ok(Some(account.clone()))
        });
        let account = signed.map_err(faulty)?.ok_or(NotSigned::Wrong)?;
        let from = format!("from {}", typed.client);
        look_ups::record_of(&config.data, &account.called(), "desk: signed in", &from, now.unix_ms).map_err(faulty)?;
        Ok(account)
    }

    fn account(&self, signed: &Signed) -> Option<Account> {
        let all = accounts::read(&self.gate.snapshot().config.data).ok()?;
        all.into_iter().find(|account| account.name == signed.account && account.since_ms == signed.since_ms)
    }

    fn set_password(&self, signed: &Signed, current: &str, new: &str, from: (IpAddr, Now)) -> Result<(), NotDone> {
        let (config, (client, now)) = (self.config(), from);
        let account = self.account(signed).ok_or(NotDone::Gone)?;
        let attempt =
            self.attempts.begin(&account.name, client, now.boot_ms).map_err(|Wait { seconds }| NotDone::Wait(seconds))?;
        match Account::has_password(Some(&account), &self.gate.passwords.checks, current) {
            Ok(true) => attempt.right(),
            Ok(false) => return Err(NotDone::Wrong),
            Err(_) => {
                attempt.not_made();
                return Err(NotDone::Busy);
            }
        }
        let alike = |one: &str, other: &str| password::folded(one) == password::folded(other);
        if new.chars().count() < SHORTEST || new.len() > MAX_PASSWORD || alike(new, current) || alike(new, &account.name) {
            return Err(NotDone::Weak);
        }
        let fault = |fault: &dyn std::fmt::Display| {
            tracing::error!("the password of an account of the desk was not changed: {fault}");
            NotDone::Fault
        };
        let hash = password::hash(new).map_err(|f| fault(&f))?;
        let changed = accounts::change(&config.data, |all| {
            let account = all.iter_mut().find(|a| a.name == signed.account && a.since_ms == signed.since_ms);
            Ok(account.map(|account| (account.password, account.own) = (hash, true)).is_some())
        });
        if changed.map_err(|f| fault(&f))? { Ok(()) } else { Err(NotDone::Gone) }
    }

    fn weeks(&self) -> Vec<Delivered> {
        let config = self.config();
        let folder = std::fs::read_dir(config.data.join("reports")).into_iter().flatten().flatten();
        let mut weeks: Vec<_> = folder.filter_map(|entry| IsoWeek::parse(entry.file_name().to_str()?).ok()).collect();
        weeks.sort_unstable();
        let delivered = |week| Some(Delivered { week, number: delivery::made(&config.data, week)?.delivery });
        weeks.into_iter().rev().take(MOST_WEEKS).filter_map(delivered).collect()
    }

    fn week(&self, look: &Look, week: IsoWeek, edition: Edition) -> Result<Week, NotShown> {
        let config = self.config();
        if !Edition::of(look.account.role).contains(&edition) {
            return Err(NotShown::NotTheirs);
        }
        let made = delivery::made(&config.data, week).ok_or(NotShown::Nothing)?;
        let mut shown = report::edit(&*self.whole(&config, week, &made)?, edition);
        let now_ms = self.gate.clock.unix_ms();
        self.brought_up(&config, &mut shown, week, now_ms)?;
        // What concerns the head is the chair's already; this is for whoever is in a role they should not have.
        let called = look.account.called();
        let theirs = |matter: &Matter| {
            may(review::by(look.account, &called), matter.reference.concerns, matter.reference.person.as_deref())
        };
        shown.matters.retain(theirs);
        shown.known.retain(theirs);
        if names_people(edition) {
            record(&config, look, &format!("desk: report {week}, edition {edition}"), desk::REVIEW, self.gate.clock.unix_ms())?;
        }
        Ok(shown)
    }

    fn file(&self, look: &Look, week: IsoWeek, edition: Edition, format: Format) -> Result<Vec<u8>, NotShown> {
        let config = self.config();
        if !Edition::of(look.account.role).contains(&edition) {
            return Err(NotShown::NotTheirs);
        }
        delivery::made(&config.data, week).ok_or(NotShown::Nothing)?;
        let path = delivery::folder(&config.data, week).join(format!("{edition}.{}", format.word()));
        let bytes = std::fs::read(&path).map_err(|fault| {
            tracing::error!("{}: {fault}", path.display());
            NotShown::Fault
        })?;
        if names_people(edition) {
            let what = format!("desk: report {week}, edition {edition}, as {}", format.word());
            record(&config, look, &what, desk::REVIEW, self.gate.clock.unix_ms())?;
        }
        Ok(bytes)
    }

    fn mark(&self, account: &Account, matter: &MatterId, said: (Said, &str)) -> Result<(), NotKept> {
        self.say(account, matter, said)
    }

    fn sign_off(&self, account: &Account, week: IsoWeek) -> Result<(), NotKept> {
        self.sign(account, week)
    }

    fn around(&self, look: &Look, matter: &MatterId, purpose: &str) -> Result<Around, NotShown> {
        let config = self.config();
        let matter = self.matter(look.account, matter)?;
        let whom = matter.reference.person.as_ref().map_or_else(String::new, |person| format!(" of {person}"));
        record(&config, look, &format!("desk: thirty minutes either side{whom}"), purpose, self.gate.clock.unix_ms())?;
        let register = Store::peek(&super::register_file(&config)).map_err(review::faulty)?;
        self.gate.settle();
        around::around(&config, &register, &matter, None).map_err(review::faulty)
    }

    fn open_around(&self, opens: &Opens, matter: &MatterId) -> Result<Around, NotOpened> {
        self.opened_around(opens, matter)
    }

    fn incidents(&self, look: &Look) -> Result<Vec<Incident>, NotShown> {
        let config = self.config();
        let incidents = self.all_incidents(&config, look.account)?;
        if !incidents.is_empty() {
            record(&config, look, "desk: incidents", desk::REVIEW, self.gate.clock.unix_ms())?;
        }
        Ok(incidents)
    }

    fn incident_file(&self, look: &Look, number: u64, format: Format, purpose: &str) -> Result<Vec<u8>, NotShown> {
        let config = self.config();
        let mut incidents = self.all_incidents(&config, look.account)?;
        incidents.retain(|incident| incident.number == number);
        if incidents.is_empty() {
            return Err(NotShown::Nothing);
        }
        let file = handed_on(&config, &incidents, format)?;
        record(&config, look, &format!("desk: incident {number}, as {format}"), purpose, self.gate.clock.unix_ms())?;
        Ok(file)
    }

    fn open_incident(&self, account: &Account, matter: Option<&MatterId>, fields: Fields) -> Result<u64, NotKept> {
        self.open(account, matter, fields)
    }

    fn open_incident_words(&self, opens: &Opens, number: u64) -> Result<Incident, NotOpened> {
        self.opened_incident(opens, number, "")
    }

    fn open_incident_file(&self, opens: &Opens, number: u64, format: Format) -> Result<Vec<u8>, NotOpened> {
        let incident = self.opened_incident(opens, number, &format!(", as {format}"))?;
        Ok(handed_on(&self.config(), &[incident], format)?)
    }

    fn add_to_incident(&self, account: &Account, which: (u64, &str, bool), fields: Fields) -> Result<(), NotKept> {
        self.add(account, which, fields)
    }

    fn alerts(&self, look: &Look) -> Result<Vec<AlertLine>, NotShown> {
        let alerts = self.all_alerts(look.account)?;
        if !alerts.is_empty() {
            record(&self.config(), look, "desk: alerts", "to answer alerts", self.gate.clock.unix_ms())?;
        }
        Ok(alerts)
    }

    fn acknowledge(&self, account: &Account, number: u32) -> Result<(), NotKept> {
        self.has_seen(account, number)
    }

    fn watched(&self, look: &Look) -> Result<Vec<WatchLine>, NotShown> {
        let watched = self.all_watched(look.account)?;
        if !watched.is_empty() {
            let what = "desk: pupils who are watched more closely";
            record(&self.config(), look, what, desk::REVIEW, self.gate.clock.unix_ms())?;
        }
        Ok(watched)
    }

    fn watch(&self, account: &Account, said: (&str, Option<&str>, &str)) -> Result<(), NotKept> {
        self.watch_closely(account, said)
    }

    fn looked(&self, account: &Account) -> Result<Vec<LookUp>, NotShown> {
        self.look_ups(account)
    }

    fn confirm(&self, code: &str, by: &str, from: (IpAddr, Now)) -> Result<(), NotDone> {
        let (config, (client, now)) = (self.config(), from);
        let post = Post::of(&config).ok_or(NotDone::Wrong)?;
        // A code is a guess as well as a password is.
        let attempt = self.attempts.begin("\u{0}mail", client, now.boot_ms).map_err(|Wait { seconds }| NotDone::Wait(seconds))?;
        post.confirm(code, by, now.unix_ms).map_err(|_| NotDone::Wrong)?;
        attempt.right();
        Ok(())
    }
}
