//! Who is told of a report that nobody has looked at: by day 3 the deputy, by day 7 the head. By mail, without a name or a theme.

use crate::app::delivery;
use crate::app::mail::Post;
use crate::app::mail::letter::Letter;
use crate::casebook::review::sign_offs;
use crate::casebook::{Casebook, Entry, Kind, Role};
use crate::config::Config;
use crate::report::IsoWeek;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// After so many days, who. What is older than the last is history: nobody is told of it when a gateway is upgraded.
const STEPS: [(i64, Role); 2] = [(3, Role::Deputy), (7, Role::Head)];
const HISTORY_MS: i64 = 21 * DAY_MS;

/// Weeks back that may be waiting.
const WEEKS: usize = 4;

/// Writes the letters that are due. Each is written once, and its record is in the casebook.
///
/// # Errors
/// In words: the casebook or the mail cannot be written.
pub fn sweep(config: &Config, now_ms: i64) -> Result<(), String> {
    let Some(post) = Post::of(config) else { return Ok(()) };
    let this = IsoWeek::of(now_ms, &config.school.zone);
    for week in std::iter::successors(Some(this.previous()), |week| Some(week.previous())).take(WEEKS) {
        for (role, days) in due(config, week, now_ms)? {
            let to = match role {
                Role::Deputy => &post.mail.deputies,
                _ => &post.mail.head,
            };
            if to.is_empty() {
                continue;
            }
            let mut casebook = Casebook::open(&config.data).map_err(|fault| fault.to_string())?;
            let id = format!("{week}-{}", role.word());
            let told = casebook.read().about(Kind::Delivery, &id).map_err(|fault| fault.to_string())?;
            if !told.is_empty() {
                continue;
            }
            // A letter of the same id replaces itself, so the record comes after it.
            post.post(&Letter::not_reviewed(&id, week, days, to, &post, now_ms)).map_err(|fault| fault.to_string())?;
            let what = format!("told by mail that nobody has signed the report of {week} in {days} days: {}", role.title());
            let entry = Entry::new(Kind::Delivery, "the gate", what).about(&id);
            casebook.add(now_ms, entry).map_err(|fault| fault.to_string())?;
        }
    }
    Ok(())
}

/// Whom it is time to tell of this week, and after how many days: nobody, where the DSL or a deputy has signed.
fn due(config: &Config, week: IsoWeek, now_ms: i64) -> Result<Vec<(Role, i64)>, String> {
    let Some(made) = delivery::made(&config.data, week) else { return Ok(Vec::new()) };
    let old_ms = now_ms - made.made_ms;
    if !(DAY_MS..=HISTORY_MS).contains(&old_ms) || is_reviewed(config, week)? {
        return Ok(Vec::new());
    }
    Ok(STEPS.iter().filter(|(days, _)| old_ms >= days * DAY_MS).map(|(days, role)| (*role, *days)).collect())
}

fn is_reviewed(config: &Config, week: IsoWeek) -> Result<bool, String> {
    let Some(casebook) = Casebook::peek(&config.data).map_err(|fault| fault.to_string())? else { return Ok(false) };
    let signed = sign_offs(&casebook.read(), week).map_err(|fault| fault.to_string())?;
    Ok(signed.iter().any(|s| s.role != Role::Ict))
}

/// What `status` says of reports that nobody has signed.
pub fn needs_you(config: &Config, now_ms: i64) -> Vec<String> {
    let this = IsoWeek::of(now_ms, &config.school.zone);
    let weeks = std::iter::successors(Some(this.previous()), |week| Some(week.previous())).take(WEEKS);
    let line = |week: IsoWeek| {
        match due(config, week, now_ms) {
        Ok(due) => due.last().map(|(_, days)| {
            format!("nobody has signed the report of {week} in more than {days} days: `schoolgate report review --week {week} --sign-off`")
        }),
        Err(why) => Some(format!("whether the report of {week} was reviewed is not known: {why}")),
    }
    };
    weeks.filter_map(line).collect()
}
