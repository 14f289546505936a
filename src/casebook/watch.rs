//! Pupils whom the DSL has watched more closely for a while: their matters count one tier more. IT sees nothing of it.

use super::chain::{Entry, Kind, Record};
use super::may::{By, Concerns, may};
use super::review::{json, one};
use super::store::{Casebook, CasebookFault, Reading};
use serde::{Deserialize, Serialize};

/// Longest time: a school year.
const LONGEST_MS: i64 = 366 * 24 * 60 * 60 * 1000;

/// Longest reason, in characters.
const MAX_REASON: usize = 1000;

/// One time in which a pupil is watched more closely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Watched {
    /// Their id in the register.
    pub person: String,
    pub from_ms: i64,
    pub until_ms: i64,
    pub who: String,
    pub reason: String,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    until_ms: i64,
}

/// Watches a pupil more closely until a time, in the place of what held for them before; `until_ms` that is now ends it.
///
/// # Errors
/// [`CasebookFault::Refused`]: not theirs to do, no reason, too long.
pub fn watch(
    casebook: &mut Casebook,
    by: By,
    person: &str,
    until_ms: i64,
    reason: &str,
    now_ms: i64,
) -> Result<Record, CasebookFault> {
    let refused = |why: &str| Err(CasebookFault::Refused(why.to_owned()));
    if !may(by, Concerns::Pupil, [person]) {
        return refused("the DSL and the deputies say which pupil is watched more closely, and nobody says it of themselves");
    }
    if reason.trim().is_empty() || reason.chars().count() > MAX_REASON {
        return refused("say why in a sentence or two: the record of it is looked at when somebody asks");
    }
    if until_ms < now_ms || until_ms - now_ms > LONGEST_MS {
        return refused("the last day is one to come, at most a year from now");
    }
    let added = casebook.add_with(now_ms, |reading| {
        let before = if at(reading, now_ms, now_ms + 1)?.iter().any(|w| w.person == person) { "watched" } else { "" };
        let (what, after) = match until_ms > now_ms {
            true => ("watch more closely", "watched"),
            false if before.is_empty() => return Err(CasebookFault::Refused(format!("{person} is not watched more closely"))),
            false => ("watch no more closely than others", ""),
        };
        let entry = Entry::new(Kind::Watch, by.who, what).about(person).from_to(before, after).why(reason);
        Ok(vec![entry.detail(json(&Detail { until_ms })?)])
    })?;
    one(added)
}

/// Who is watched more closely at some time of a span.
///
/// # Errors
/// [`CasebookFault`].
pub fn at(reading: &Reading, from_ms: i64, until_ms: i64) -> Result<Vec<Watched>, CasebookFault> {
    let mut all: Vec<Watched> = Vec::new();
    for Record { when_ms, entry, .. } in reading.of(Kind::Watch)? {
        let (Some(person), Some(detail)) = (entry.about, entry.detail) else { continue };
        let Ok(Detail { until_ms }) = serde_json::from_str(&detail) else { continue };
        // What is said later holds from then on.
        if let Some(before) = all.iter_mut().rev().find(|w| w.person == person) {
            before.until_ms = before.until_ms.min(when_ms);
        }
        let reason = entry.why.unwrap_or_default();
        all.push(Watched { person, from_ms: when_ms, until_ms, who: entry.who, reason });
    }
    all.retain(|w| w.from_ms < until_ms && w.until_ms > from_ms && w.until_ms > w.from_ms);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casebook::Role;

    #[test]
    fn a_pupil_is_watched_until_a_day_or_until_somebody_ends_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut casebook = Casebook::open(dir.path()).expect("made");
        let dsl = By { who: "dsl", role: Role::Dsl, person: Some("s1") };
        let ict = By { role: Role::Ict, ..dsl };
        let mut watch =
            |by, person, until_ms, reason, now_ms| super::watch(&mut casebook, by, person, until_ms, reason, now_ms).map(drop);
        assert!(watch(ict, "p1", 900, "worries", 100).is_err() && watch(dsl, "s1", 900, "worries", 100).is_err());
        assert!(watch(dsl, "p1", 900, " ", 100).is_err() && watch(dsl, "p1", 50, "worries", 100).is_err());
        assert!(
            watch(dsl, "p1", 101 + LONGEST_MS, "worries", 100).is_err() && watch(dsl, "p1", 100, "not watched", 100).is_err()
        );
        watch(dsl, "p1", 900, "worries", 100).expect("watched");
        watch(dsl, "p2", 300, "worries", 100).expect("watched");
        watch(dsl, "p1", 500, "they are better", 500).expect("ended");
        let reading = casebook.read();
        let at = |from, until| at(&reading, from, until).expect("read").into_iter().map(|w| w.person).collect::<Vec<_>>();
        assert_eq!(at(0, 100), Vec::<String>::new());
        assert_eq!(at(0, 101), ["p1", "p2"]);
        assert_eq!(at(300, 400), ["p1"]);
        assert_eq!(at(500, 1000), Vec::<String>::new());
        assert_eq!(at(0, 1000), ["p1", "p2"], "in a week that it was a part of");
    }
}
