//! What is sealed, opened at the desk: for the one page that asked, with a reader's passphrase, and written down.
//!
//! Whoever asks has signed in, may see what it is of, and is of a role that opens. One passphrase is tried at a time, whoever tries:
//! each costs 64 MiB and some tenths of a second, and the doors need the rest of the machine.

use super::{Kept, around, review};
use crate::app::{register_file, sealed};
use crate::casebook::{Casebook, Incident, MatterId, incidents, may_open};
use crate::people::Store;
use crate::people::attempts::Wait;
use crate::seal::Opener;
use crate::web::desk::{Around, NotOpened, NotShown, Opens};
use std::sync::{Arc, TryLockError};

impl Kept {
    pub fn opened_around(&self, opens: &Opens, id: &MatterId) -> Result<Around, NotOpened> {
        let config = self.config();
        let matter = self.matter(opens.account, id)?;
        let whom = matter.reference.person.as_ref().map_or_else(String::new, |person| format!(" of {person}"));
        let opener = self.opener(opens, &format!("thirty minutes either side{whom}"))?;
        let register = Store::peek(&register_file(&config)).map_err(review::faulty)?;
        self.gate.settle();
        Ok(around::around(&config, &register, &matter, Some(Arc::new(opener))).map_err(review::faulty)?)
    }

    /// `taken`: how it is handed on, for the record.
    pub fn opened_incident(&self, opens: &Opens, number: u64, taken: &str) -> Result<Incident, NotOpened> {
        let casebook = Casebook::peek(&self.config().data).map_err(review::faulty)?.ok_or(NotShown::Nothing)?;
        let called = opens.account.called();
        let by = review::by(opens.account, &called);
        incidents::shown(&casebook.read(), by, number, None).map_err(|_| NotShown::Nothing)?;
        let opener = self.opener(opens, &format!("incident {number}{taken}"))?;
        Ok(incidents::shown(&casebook.read(), by, number, Some(&opener)).map_err(review::faulty)?)
    }

    /// What a passphrase opens, for somebody who may see `what`: written down by the time this returns, as is a wrong one.
    fn opener(&self, opens: &Opens, what: &str) -> Result<Opener, NotOpened> {
        let Opens { account, reader, passphrase, purpose, client, now } = *opens;
        if !may_open(account.role) {
            return Err(NotShown::NotTheirs.into());
        }
        let attempt = self.attempts.begin(&format!("\u{0}seal {reader}"), client, now.boot_ms);
        let attempt = attempt.map_err(|Wait { seconds }| NotOpened::Wait(seconds))?;
        let _alone = match self.opening.try_lock() {
            Ok(alone) => alone,
            Err(TryLockError::Poisoned(alone)) => alone.into_inner(),
            Err(TryLockError::WouldBlock) => {
                attempt.not_made();
                return Err(NotOpened::Busy);
            }
        };
        let by = format!("{} at the desk", account.name);
        let reader = sealed::Reader { name: reader, passphrase, by: &by, what, purpose, now_ms: now.unix_ms };
        match sealed::open(&self.config(), reader) {
            Ok(opener) => {
                attempt.right();
                Ok(opener)
            }
            // It counts.
            Err(sealed::NotOpened::Wrong(_)) => Err(NotOpened::Wrong),
            Err(fault) => {
                attempt.not_made();
                Err(match fault {
                    sealed::NotOpened::Wait(until) => NotOpened::Until(until),
                    sealed::NotOpened::NoKeys => NotOpened::NoKeys,
                    fault => review::faulty(fault).into(),
                })
            }
        }
    }
}
