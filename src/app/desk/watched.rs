//! Pupils who are watched more closely, for the safeguarding lead and the deputies.

use super::Kept;
use super::review::{self, by, not_kept};
use crate::app::followed::watched;
use crate::app::register_file;
use crate::casebook::{Casebook, Concerns, may, watch};
use crate::gate::snapshot::local_time;
use crate::people::Store;
use crate::people::desk::Account;
use crate::web::desk::{NotKept, NotShown, WatchLine};

impl Kept {
    pub fn all_watched(&self, account: &Account) -> Result<Vec<WatchLine>, NotShown> {
        if !self.is_theirs(account) {
            return Err(NotShown::Nothing);
        }
        let (config, called, now_ms) = (self.config(), account.called(), self.gate.clock.unix_ms());
        let Some(casebook) = Casebook::peek(&config.data).map_err(review::faulty)? else { return Ok(Vec::new()) };
        let register = Store::peek(&register_file(&config)).map_err(review::faulty)?;
        let mut all = watch::at(&casebook.read(), now_ms, now_ms + 1).map_err(review::faulty)?;
        all.retain(|watched| may(by(account, &called), Concerns::Pupil, [watched.person.as_str()]));
        all.sort_by_key(|watched| watched.until_ms);
        let day = |ms| local_time(&config, ms).chars().take(10).collect();
        let line = |w: watch::Watched| WatchLine {
            name: register.person_of_key(&w.person).map_or_else(String::new, |person| person.name.clone()),
            since: day(w.from_ms),
            until: day(w.until_ms - 1),
            person: w.person,
            who: w.who,
            reason: w.reason,
        };
        Ok(all.into_iter().map(line).collect())
    }

    pub fn watch_closely(&self, account: &Account, said: (&str, Option<&str>, &str)) -> Result<(), NotKept> {
        if !self.is_theirs(account) {
            return Err(NotKept::Refused("there is no such page".into()));
        }
        let (config, called) = (self.config(), account.called());
        let register = Store::peek(&register_file(&config)).map_err(|fault| {
            tracing::error!(%fault, "what was said at the desk was not written down");
            NotKept::Fault
        })?;
        watched::watch(&config, &register, by(account, &called), said, self.gate.clock.unix_ms()).map(drop).map_err(not_kept)
    }
}
