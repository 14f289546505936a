//! What the calendar and the clock need from somebody.

use crate::gate::clock::{self, Jump};
use crate::gate::snapshot::local_time;
use crate::gate::{Gate, Snapshot};
use crate::policy::timetable::{school_year, september};
use crate::words::{Day, Moment};

/// The first of July, counted from 1 September before: from here on the next school year's dates are asked for.
const JULY: i32 = 62;

/// How long a jump of the clock is told: until somebody has looked.
const TOLD_FOR_MS: u64 = 24 * 60 * 60 * 1000;

/// What is missing of the term dates.
pub fn term_dates(snapshot: &Snapshot, now: &Moment) -> Option<String> {
    if !now.is_set() {
        return None;
    }
    let days = snapshot.config.policy.timetable.school_days();
    let holds = "every Monday to Friday from 08:00 to 16:30 counts as school, holidays too";
    let year = |first: i16| format!("{first}/{:02}", (first + 1) % 100);
    let this = school_year(now.day);
    if days.is_unknown(now.day) {
        return Some(format!("there are no term dates for {}: {holds}. Write them into term-dates.toml", year(this)));
    }
    let next = september(this + 1);
    let soon = now.day.0 >= next.0 - JULY && days.is_unknown(Day(next.0));
    soon.then(|| format!("there are no term dates for {} yet: from 1 September {holds}", year(this + 1)))
}

/// Whether the clock can be believed, and what holds where not; with what of it needs somebody.
pub fn clock(gate: &Gate, snapshot: &Snapshot, now: &Moment, needs_you: &mut Vec<String>) -> String {
    let jump = gate.jumps.last().filter(|jump| gate.clock.boot_ms().saturating_sub(jump.boot_ms) < TOLD_FOR_MS);
    let told = jump.map(|jump| {
        let Jump { to_ms, by_ms, .. } = jump;
        let way = if by_ms < 0 { "back" } else { "forward" };
        format!("it was set {way} by {} at {}", clock::span(by_ms.unsigned_abs()), local_time(&snapshot.config, to_ms))
    });
    if !now.is_set() {
        let holds = "what the timetable forbids at any time is forbidden, what it opens is shut, no pass is open and no exam on";
        needs_you.push(format!("the clock is not set: events wait, and are dated when it is. Until then {holds}"));
        return format!("not set: {holds}");
    }
    if let Some(told) = &told {
        needs_you
            .push(format!("the clock jumped: {told}. Timetable, passes and exams go by the time as it is now: is it right?"));
    }
    told.map_or_else(|| "set".into(), |told| format!("set; {told}"))
}

#[cfg(test)]
mod tests;
