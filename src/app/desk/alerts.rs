//! What could not wait for the report, for the safeguarding lead and the deputies: alerts are about pupils alone.

use super::Kept;
use crate::app::alerts::called;
use crate::casebook::{Concerns, may};
use crate::gate::alerts::{Alert, Whose};
use crate::gate::snapshot::local_time;
use crate::people::desk::Account;
use crate::report::themes::theme;
use crate::web::desk::{AlertLine, NotKept, NotShown};
use crate::words::PersonId;

/// Most alerts of a page.
const MOST: usize = 200;

impl Kept {
    /// Those that wait first, then the last ones that were acknowledged.
    pub fn all_alerts(&self, account: &Account) -> Result<Vec<AlertLine>, NotShown> {
        if !self.is_theirs(account) {
            return Err(NotShown::NotTheirs);
        }
        let mut alerts = self.gate.alerts.all();
        alerts.reverse();
        alerts.sort_by_key(|alert| (alert.acknowledged.is_some(), !alert.critical));
        Ok(alerts.iter().take(MOST).map(|alert| self.line(alert)).collect())
    }

    fn line(&self, alert: &Alert) -> AlertLine {
        let snapshot = self.gate.snapshot();
        let (config, register) = (&snapshot.config, &snapshot.register);
        let local = |ms| local_time(config, ms);
        let (theme, whose) = (theme(&alert.theme), called(alert.whose, register));
        let next = theme.map_or("", |theme| theme.next);
        let (whose, next) = match alert.whose {
            Whose::Person(id) => match register.person(PersonId(id)) {
                Some(person) => (format!("{whose}, {}", person.name), next.to_owned()),
                None => (whose, next.to_owned()),
            },
            Whose::Device(_) | Whose::Address(_) => (whose, format!("Find out who was there. {next}")),
        };
        AlertLine {
            number: alert.number,
            tier: if alert.critical { "critical" } else { "high" },
            first: local(alert.first_ms),
            last: local(alert.last_ms),
            times: alert.count.max(1),
            whose,
            theme: theme.map_or("", |theme| theme.title),
            next,
            acknowledged: alert.acknowledged.as_ref().map(|a| format!("{}, {}", a.by, local(a.when_ms))),
        }
    }

    pub fn has_seen(&self, account: &Account, number: u32) -> Result<(), NotKept> {
        if !self.is_theirs(account) {
            return Err(NotKept::Refused("alerts are the safeguarding lead's and the deputies'".into()));
        }
        let now_ms = self.gate.clock.unix_ms();
        self.gate.alerts.acknowledge(number, &account.called(), now_ms).map(drop).map_err(NotKept::Refused)
    }

    /// Whether pupils are theirs.
    pub fn is_theirs(&self, account: &Account) -> bool {
        may(super::review::by(account, &account.called()), Concerns::Pupil, [])
    }
}
