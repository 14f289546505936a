//! What somebody says at the desk of what a report shows: marks, signatures, incidents, in the casebook.

use super::Kept;
use crate::app::followed::evidence;
use crate::app::register_file;
use crate::casebook::incidents::{Fields, New};
use crate::casebook::review::{self, Said};
use crate::casebook::{By, Casebook, CasebookFault, Incident, MatterId, incidents, look_ups};
use crate::config::Config;
use crate::people::Store;
use crate::people::desk::{Account, Role};
use crate::report::week::Matter;
use crate::report::{Edition, IsoWeek};
use crate::web::desk::{Desk, Look, NotKept, NotShown};
use look_ups::LookUp;
use std::cell::Cell;

/// How far back it is told who looked.
const FOUR_WEEKS_MS: i64 = 28 * 24 * 60 * 60 * 1000;

/// Most look-ups of a page.
const MOST_LOOK_UPS: usize = 500;

/// As the casebook knows somebody.
pub fn by<'a>(account: &'a Account, called: &'a str) -> By<'a> {
    By { who: called, role: account.role, person: account.person.as_deref() }
}

pub fn not_kept(fault: CasebookFault) -> NotKept {
    match fault {
        CasebookFault::Refused(why) => NotKept::Refused(why),
        fault => {
            tracing::error!(%fault, "what was said at the desk was not written down");
            NotKept::Fault
        }
    }
}

pub fn faulty(fault: impl std::fmt::Display) -> NotShown {
    tracing::error!(%fault, "this cannot be shown at the desk");
    NotShown::Fault
}

impl Kept {
    /// A matter that they may see, as the report of its week has it.
    pub fn matter(&self, account: &Account, id: &MatterId) -> Result<Matter, NotShown> {
        // They have its page before them, which was written down.
        let week = self.week(&Look { account, recorded: Cell::new(true) }, id.week, Edition::of(account.role)[0])?;
        week.matters.into_iter().chain(week.known).find(|matter| matter.reference.id == *id).ok_or(NotShown::Nothing)
    }

    pub fn say(&self, account: &Account, id: &MatterId, said: (Said, &str)) -> Result<(), NotKept> {
        let matter = self.matter(account, id).map_err(|_| NotKept::Refused("there is no such matter that you may see".into()))?;
        let (config, called) = (self.config(), account.called());
        let mut casebook = Casebook::open(&config.data).map_err(not_kept)?;
        let now_ms = self.gate.clock.unix_ms();
        review::mark(&mut casebook, by(account, &called), &matter.reference, said, None, now_ms).map(drop).map_err(not_kept)
    }

    pub fn sign(&self, account: &Account, week: IsoWeek) -> Result<(), NotKept> {
        let (config, called, now_ms) = (self.config(), account.called(), self.gate.clock.unix_ms());
        if !self.weeks().iter().any(|delivered| delivered.week == week) || week.bounds(&config.school.zone).1 > now_ms {
            return Err(NotKept::Refused(format!("there is no report of {week} to sign")));
        }
        let mut casebook = Casebook::open(&config.data).map_err(not_kept)?;
        review::sign_off(&mut casebook, by(account, &called), week, now_ms).map(drop).map_err(not_kept)
    }

    pub fn open(&self, account: &Account, id: Option<&MatterId>, fields: Fields) -> Result<u64, NotKept> {
        let refused = |why: &str| NotKept::Refused(why.into());
        if account.role == Role::Ict {
            return Err(refused("incidents are the safeguarding lead's, the head's and the chair's"));
        }
        let config = self.config();
        let register = Store::peek(&register_file(&config)).map_err(|fault| {
            tracing::error!(%fault, "an incident was not opened");
            NotKept::Fault
        })?;
        known(&register, &fields.people)?;
        let matter = id.map(|id| self.matter(account, id).map_err(|_| refused("there is no such matter that you may see")));
        let matter = matter.transpose()?;
        let evidence = match &matter {
            // A log that is past its time is no reason to open nothing.
            Some(matter) => evidence::evidence(&config, &register, matter.reference.id.week, &matter.rows).unwrap_or_default(),
            None => Vec::new(),
        };
        let (called, now_ms) = (account.called(), self.gate.clock.unix_ms());
        let by = by(account, &called);
        let mut casebook = Casebook::open(&config.data).map_err(not_kept)?;
        let reference = matter.as_ref().map(|matter| &matter.reference);
        let concerns = reference.map_or_else(|| account.role.concerns(), |reference| reference.concerns);
        let number =
            incidents::open(&mut casebook, by, New { fields, evidence }, (concerns, reference), now_ms).map_err(not_kept)?;
        if let Some(reference) = reference {
            review::mark(&mut casebook, by, reference, (Said::Concern, ""), Some(number), now_ms).map_err(not_kept)?;
        }
        Ok(number)
    }

    pub fn add(&self, account: &Account, which: (u64, &str, bool), fields: Fields) -> Result<(), NotKept> {
        let (config, called) = (self.config(), account.called());
        let mut casebook = Casebook::open(&config.data).map_err(not_kept)?;
        let new = New { fields, evidence: Vec::new() };
        incidents::amend(&mut casebook, by(account, &called), which, new, self.gate.clock.unix_ms()).map(drop).map_err(not_kept)
    }

    pub fn all_incidents(&self, config: &Config, account: &Account) -> Result<Vec<Incident>, NotShown> {
        let called = account.called();
        match Casebook::peek(&config.data).map_err(faulty)? {
            Some(casebook) => incidents::list(&casebook.read(), by(account, &called), None).map_err(faulty),
            None => Ok(Vec::new()),
        }
    }

    /// As the edition of their role has it: IT sees who looked, and not at whom.
    pub fn look_ups(&self, account: &Account) -> Result<Vec<LookUp>, NotShown> {
        if account.role == Role::Chair {
            return Err(NotShown::NotTheirs);
        }
        let now_ms = self.gate.clock.unix_ms();
        let mut looked = look_ups::between(&self.config().data, now_ms - FOUR_WEEKS_MS, now_ms + 1).map_err(faulty)?;
        looked.reverse();
        looked.truncate(MOST_LOOK_UPS);
        if account.role == Role::Ict {
            for look_up in &mut looked {
                look_up.what = "somebody's record".into();
                look_up.purpose = "whom and why is for the safeguarding lead".into();
                look_up.whom = None;
            }
        }
        Ok(looked)
    }
}

/// Whom an incident is about must be in the register: a slip of a digit is somebody else's file.
fn known(register: &crate::people::Register, people: &[String]) -> Result<(), NotKept> {
    match people.iter().find(|key| register.person_of_key(key).is_none()) {
        Some(key) => Err(NotKept::Refused(format!("nobody in the register has the id '{}'", key.escape_debug()))),
        None => Ok(()),
    }
}
