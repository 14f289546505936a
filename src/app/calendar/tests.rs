use super::*;
use crate::gate::Clock;
use crate::gate::school::School;
use crate::words::moment::BUILT_MS;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

fn at(school: &School, utc: &str) -> Moment {
    let ms = utc.parse::<jiff::Timestamp>().expect("a time").as_millisecond();
    clock::moment(ms, &school.gate.snapshot().config.school.zone)
}

#[test]
fn next_year_s_term_dates_are_asked_for_from_the_first_of_july() {
    // The shipped dates end on 21 July 2027.
    let school = School::with("");
    let snapshot = school.gate.snapshot();
    for (utc, says) in [
        ("2026-11-23T09:00:00Z", None),
        ("2027-06-30T22:59:00Z", None),
        ("2027-06-30T23:00:00Z", Some("there are no term dates for 2027/28 yet: from 1 September every Monday")),
        ("2027-08-31T12:00:00Z", Some("there are no term dates for 2027/28 yet")),
        ("2027-09-01T08:00:00Z", Some("there are no term dates for 2027/28: every Monday to Friday from 08:00 to 16:30")),
        ("2028-07-01T12:00:00Z", Some("there are no term dates for 2027/28: ")),
        ("1970-01-01T09:00:00Z", None),
    ] {
        let told = term_dates(&snapshot, &at(&school, utc));
        assert_eq!(told.is_some(), says.is_some(), "{utc}: {told:?}");
        assert!(told.as_deref().unwrap_or("").starts_with(says.unwrap_or("")), "{utc}: {told:?}");
    }
}

#[test]
fn a_wrong_clock_is_told_with_what_holds_meanwhile() {
    let school = School::with("");
    let (gate, snapshot) = (&school.gate, school.gate.snapshot());
    let told = |unix_ms| {
        let now = Clock::Scripted(Arc::new(AtomicI64::new(unix_ms))).now(&snapshot.config.school.zone);
        let mut needs_you = Vec::new();
        (clock(gate, &snapshot, &now, &mut needs_you), needs_you)
    };
    assert_eq!(told(BUILT_MS), ("set".into(), vec![]));
    let (says, needs_you) = told(0);
    assert!(says.starts_with("not set: what the timetable forbids") && says.contains("no pass is open and no exam on"), "{says}");
    assert!(needs_you.len() == 1 && needs_you[0].starts_with("the clock is not set: events wait"), "{needs_you:?}");
    gate.jumps.jumped(7_380_000, &gate.clock);
    let (says, needs_you) = told(BUILT_MS);
    assert!(says.starts_with("set; it was set forward by 2 h 3 min at 20"), "{says}");
    assert!(needs_you[0].contains("go by the time as it is now: is it right?"), "{needs_you:?}");
}
