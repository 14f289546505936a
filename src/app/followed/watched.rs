//! Which pupils are watched more closely, as somebody says it at the command line or at the desk.

use crate::app::entries::end_ms;
use crate::casebook::{By, Casebook, CasebookFault, Record, watch};
use crate::config::Config;
use crate::people::Register;
use crate::words::PersonRole;

/// A pupil, until when, and why; without a day it ends now. Gives the record, and the time.
///
/// # Errors
/// [`CasebookFault::Refused`] in words: no pupil, no day, not theirs to say.
pub fn watch(
    config: &Config,
    register: &Register,
    by: By,
    (whom, until, reason): (&str, Option<&str>, &str),
    now_ms: i64,
) -> Result<(Record, i64), CasebookFault> {
    let refused = |why: String| Err(CasebookFault::Refused(why));
    let (whom, mut until_ms) = (whom.trim(), now_ms);
    let there = register.person_of_key(whom);
    // Of who is in the register no more it can still be ended.
    if let Some(until) = until {
        match there {
            None => return refused(format!("nobody in the register has the id '{}'", whom.escape_debug())),
            Some(person) if person.role != PersonRole::Pupil => {
                return refused("pupils are watched more closely, nobody else; and nobody says it of themselves".into());
            }
            Some(_) => until_ms = end_ms(until.trim(), &config.school.zone).map_err(CasebookFault::Refused)?,
        }
    }
    let key = there.map_or(whom, |person| person.key.as_str());
    let mut casebook = Casebook::open(&config.data)?;
    watch::watch(&mut casebook, by, key, until_ms, reason, now_ms).map(|record| (record, until_ms))
}
