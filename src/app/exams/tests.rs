use super::*;
use crate::gate::school::School;

const NOON: i64 = 1_795_003_200_000;
const HOUR: i64 = 60 * 60 * 1000;

#[test]
fn a_clock_that_is_set_forward_and_back_ends_no_exam() {
    let school = School::with("");
    let folder = tempfile::tempdir().expect("a folder");
    let mut snapshot = Snapshot::clone(&school.gate.snapshot());
    snapshot.config.data = folder.path().to_owned();
    let mut in_force = Exams::default();
    let set = |snapshot: &Snapshot, now_ms, until: i64| {
        let until = jiff::Timestamp::from_millisecond(until).expect("a time").to_string();
        let whom = For::Network("pupils".into());
        let new = NewExam { whom, from: None, until, allow: vec![], reason: "GCSE paper 1".into() };
        let mut all = Exams::default();
        let enforce = |exams| {
            all = exams;
            Ok(())
        };
        lock(snapshot, &new, Hand { by: "the exams officer", now_ms }, enforce, drop).expect("locked");
        all
    };
    in_force.clone_from(&set(&snapshot, NOON, NOON + HOUR));
    let ids = |exams: &Exams| exams.iter().map(|e| e.id).collect::<Vec<_>>();
    let mut swept_at = |snapshot: &mut Snapshot, looked_ms, now_ms| {
        if let Some(exams) = swept(snapshot, looked_ms, now_ms).expect("the file is read") {
            in_force = exams;
        }
        snapshot.config.policy.exams = in_force.clone();
        ids(&in_force)
    };
    assert_eq!(swept_at(&mut snapshot, NOON, NOON + 1000), [1]);
    assert_eq!(swept_at(&mut snapshot, NOON + 1000, NOON + 3 * HOUR), [0u16; 0], "it is over, by what the clock says");
    assert_eq!(swept_at(&mut snapshot, NOON + 3 * HOUR, NOON + 2000), [1], "and by what it says now it is not");
    // Nor does another that is written down meanwhile.
    assert_eq!(ids(&set(&snapshot, NOON + 3 * HOUR, NOON + 5 * HOUR)), [1, 2]);
    assert_eq!(swept_at(&mut snapshot, NOON + 3 * HOUR, NOON + 3000), [1, 2]);
    let listed = list(&snapshot.config, NOON + 3 * HOUR).expect("the file is read");
    assert_eq!(listed.iter().map(|e| e.id).collect::<Vec<_>>(), [2], "who is shown them sees those to come alone");
    assert_eq!(ids(&set(&snapshot, NOON + 30 * HOUR, NOON + 31 * HOUR)), [3], "a day later it is gone");
}
