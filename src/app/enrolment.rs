//! Access switched off and on while the gate runs: written into the register first, then in force.

use super::entries::{Hand, not_empty};
use super::recorded::{all_the_same, begin, done, recorded};
use super::register_file;
use crate::casebook::{Entry, Kind};
use crate::config::Config;
use crate::gate::clock::moment;
use crate::people::details::{day_of, day_text};
use crate::people::{Diff, Register, Store, StoreFault};
use crate::words::{Day, Moment};

/// What is said of somebody whose access is switched off.
const WITHDRAWN: &str = "withdrawn";

/// Withdraws people, and gives the register as it then is.
///
/// # Errors
/// Why nothing was changed.
pub fn withdraw(config: &Config, people: &[String], reason: &str, hand: Hand) -> Result<Register, String> {
    let reason = one_line(reason)?;
    let mut store = open(config)?;
    let before = store.load().map_err(text)?;
    let entry = |key: &String| {
        let entry = entry(hand, format!("access of {key} switched off"), key);
        entry.from_to(&access(&before, key), WITHDRAWN).why(&reason)
    };
    let entries = people.iter().map(entry).collect();
    all_the_same(config, hand.now_ms, entries, || store.withdraw(people, &reason, hand.by, hand.now_ms).map_err(text))
}

/// Gives people access again, until the last day that is said, a date or `today`, or the one they have.
///
/// # Errors
/// As [`withdraw`].
pub fn restore(config: &Config, people: &[String], until: Option<&str>, reason: &str, hand: Hand) -> Result<Register, String> {
    let reason = one_line(reason)?;
    let today = moment(hand.now_ms, &config.school.zone).day;
    let until = until.map(|text| last_day(text, today)).transpose()?;
    let mut store = open(config)?;
    let before = store.load().map_err(text)?;
    let entries = |now: Option<&Register>| {
        let entry = |key: &String| {
            let entry = entry(hand, format!("access of {key} switched on again"), key);
            entry.from_to(&access(&before, key), &now.map_or_else(String::new, |now| access(now, key))).why(&reason)
        };
        people.iter().map(entry).collect::<Vec<_>>()
    };
    let begun = begin(config, hand.now_ms, &entries(None))?;
    let now = store.restore(people, (until, today), &reason, hand.by, hand.now_ms).map_err(text)?;
    done(begun, entries(Some(&now)))?;
    Ok(now)
}

/// What was done to somebody's access, as the casebook has it.
pub fn entry(hand: Hand, what: String, key: &str) -> Entry {
    Entry::new(Kind::Register, hand.by, what).about(key)
}

/// Makes the changes of the directory, or of a file of people, and writes them down with what they are of: `people sync`.
///
/// # Errors
/// As [`recorded`].
pub fn differing(
    config: &Config,
    (of, about): (&str, &str),
    diff: &Diff,
    hand: Hand,
    apply: impl FnOnce() -> Result<Register, StoreFault>,
) -> Result<Register, String> {
    let made = Entry::new(Kind::Register, hand.by, format!("{of}: {}", diff.in_a_line())).about(about);
    recorded(config, hand.now_ms, vec![made.from_to("", &format!("{diff:#}"))], || apply().map_err(text))
}

/// What access somebody has: `staff, until 2027-07-31`, `withdrawn`; empty: nobody is called so.
pub fn access(register: &Register, key: &str) -> String {
    register.person_of_key(key).map_or_else(String::new, |person| {
        if person.is_withdrawn() {
            return WITHDRAWN.into();
        }
        let year = person.year.map_or_else(String::new, |year| format!(", year {year}"));
        let groups = if person.groups.is_empty() { String::new() } else { format!(", {}", person.groups.join(", ")) };
        let until = person.details.until.map_or_else(String::new, |day| format!(", until {}", day_text(day)));
        format!("{}{year}{groups}{until}", person.role)
    })
}

/// A date that is not over, or `today`.
///
/// # Errors
/// It is neither.
pub fn last_day(text: &str, today: Day) -> Result<Day, String> {
    let day = match text {
        "today" => today,
        _ => {
            let date = text.parse::<jiff::civil::Date>();
            day_of(date.map_err(|_| format!("'{}' is not a day: write today, or 2026-12-18", text.escape_debug()))?)
        }
    };
    if day < today { Err(format!("{text} is over already")) } else { Ok(day) }
}

/// Withdraws those whose last day is over: the register as it then is. `None`: nobody's is.
///
/// # Errors
/// The register cannot be changed.
pub fn expire(config: &Config, now: Moment) -> Result<Option<Register>, String> {
    let mut store = open(config)?;
    let over: Vec<String> = store.load().map_err(text)?.expired(now.day).map(|person| person.key.clone()).collect();
    let hand = Hand { by: "the gate", now_ms: now.unix_ms };
    let one =
        |key: &String| entry(hand, format!("access of {key} ended"), key).from_to("", WITHDRAWN).why("the last day was over");
    let entries = over.iter().map(one).collect();
    all_the_same(config, now.unix_ms, entries, || store.expire(now.day, now.unix_ms).map_err(text))
}

fn open(config: &Config) -> Result<Store, String> {
    Store::open(&register_file(config)).map_err(text)
}

fn one_line(reason: &str) -> Result<String, String> {
    super::passes::one_line("--reason", not_empty(reason)?)
}

fn text(fault: StoreFault) -> String {
    fault.to_string()
}
