use super::*;
use crate::gate::school::{School, config_at};
use crate::policy::{Step, Surface};
use crate::words::ClientAddr;
use std::sync::Arc;

const BELLS: &str = "[[period]]\nname = \"1\"\nfrom = \"08:50\"\nuntil = \"09:50\"\n\
                     [[period]]\nname = \"2\"\nfrom = \"09:50\"\nuntil = \"10:50\"\n\
                     [[term]]\nname = \"autumn\"\nfirst = 2026-11-02\nlast = 2026-12-18\n";
const BLOCKED: &str = "[[entry]]\nhost = \"quiz.example\"\naction = \"block\"\nreason = \"a game\"\n";

/// In milliseconds since 1970; London has no summer time then.
fn on_monday(time: &str) -> i64 {
    format!("2026-11-23T{time}Z").parse::<jiff::Timestamp>().expect("a time").as_millisecond()
}

#[test]
fn a_pass_for_a_lesson_is_over_when_the_bell_goes_however_long_it_was_asked_for() {
    let (school, folder) = (School::with(""), tempfile::tempdir().expect("a folder"));
    let mut snapshot = Snapshot::clone(&school.gate.snapshot());
    snapshot.config = config_at(BLOCKED, BELLS);
    snapshot.config.data = folder.path().to_owned();
    let host = Host::parse("quiz.example").expect("a host");
    for (at, lasts, until) in [
        ("09:05:00", Lasts::Minutes(10), "09:15:00"),
        ("09:20:00", Lasts::Minutes(50), "09:50:00"),
        ("09:20:00", Lasts::Bell, "09:50:00"),
        ("09:50:00", Lasts::Bell, "10:50:00"),
        ("12:00:00", Lasts::Minutes(50), "12:50:00"),
    ] {
        let what = Opens::Host("quiz.example".into());
        let new = NewPass { what, whom: For::Network("pupils".into()), lasts, reason: "rivers".into() };
        let (at, hand) = (on_monday(at), |now_ms| Hand { by: "t.jones", now_ms });
        let mut all = Passes::default();
        let enforce = |passes| {
            all = passes;
            Ok(())
        };
        let pass = open(&snapshot, &new, hand(at), enforce, drop).expect("opened");
        assert_eq!(pass.until_ms, on_monday(until), "{until}");
        snapshot.config.policy.passes = all;
        let in_force = Arc::new(snapshot.clone());
        let judged = |ms: i64| {
            let mut visit = school.gate.visit(ClientAddr::new([127, 0, 0, 1].into())).expect("ours");
            visit.moment = clock::moment(ms, &in_force.config.school.zone);
            visit.snapshot = in_force.clone();
            visit.judge(&host, Surface::NoPage).verdict.step
        };
        assert_eq!([at, pass.until_ms - 1, pass.until_ms].map(judged), [Step::Pass, Step::Pass, Step::Own], "{until}");
        revoke(&snapshot, (pass.id, "the next one"), hand(at), |_| Ok(()), drop).expect("revoked");
    }
}
