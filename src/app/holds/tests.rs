//! Holds are recorded, and reports go by their own clock.

use super::*;
use crate::casebook::{Casebook, Kind};
use crate::gate::school::School;

/// Friday 2 March 2029, 12:00 UTC.
const NOW: i64 = 1_867_147_200_000;

fn school() -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = crate::gate::Snapshot::clone(&School::with("").gate.snapshot()).config;
    config.data = folder.path().to_owned();
    std::fs::create_dir_all(journal_dir(&config)).expect("made");
    (folder, config)
}

fn said(reason: &str) -> Said<'_> {
    Said { by: "mrs-khan", reason, now_ms: 10 }
}

#[test]
fn a_hold_and_its_release_have_a_reason_and_are_recorded() {
    let (_folder, config) = school();
    let week = || Held::Week("2026-W47".into());
    assert!(hold(&config, week(), said(" ")).is_err());
    hold(&config, week(), said("a complaint")).expect("held");
    assert!(hold(&config, week(), said("again")).is_err());
    let person = Held::Person { id: 7, key: "p0904".into() };
    hold(&config, person.clone(), said("the police asked")).expect("held");
    let shown = lines(&config);
    assert!(shown.len() == 2 && shown[1].contains("every week of p0904") && shown[1].contains("the police asked"), "{shown:?}");
    release(&config, &week(), said("it was settled")).expect("released");
    assert!(release(&config, &week(), said("again")).is_err());
    assert_eq!(lines(&config).len(), 1);
    let casebook = Casebook::peek(&config.data).expect("opened").expect("there");
    let told = casebook.read().between(&[Kind::Change], 0, 100).expect("read");
    let told: Vec<_> = told.into_iter().map(|record| (record.entry.what, record.entry.why.unwrap_or_default())).collect();
    let line = |what: &str, why: &str| (what.to_owned(), why.to_owned());
    assert_eq!(
        told,
        [
            line("held: week 2026-W47", "a complaint"),
            line("held: every week of p0904", "the police asked"),
            line("released: week 2026-W47", "it was settled"),
        ]
    );
}

#[test]
fn reports_and_sums_go_by_their_own_clock_unless_their_week_is_held() {
    let (_folder, config) = school();
    // 460 days before 2 March 2029 is Sunday 28 November 2027, the last day of week 47.
    for week in ["2027-W46", "2027-W47", "2028-W10"] {
        let folder = config.data.join("reports").join(week);
        std::fs::create_dir_all(&folder).expect("made");
        std::fs::write(folder.join("sums.json"), "{}").expect("written");
    }
    let there = |week: &str| config.data.join("reports").join(week).exists();
    hold(&config, Held::Week("2027-W46".into()), said("a complaint")).expect("held");
    sweep(&config, NOW).expect("swept");
    assert!(there("2027-W46") && there("2027-W47") && there("2028-W10"));
    release(&config, &Held::Week("2027-W46".into()), said("it was settled")).expect("released");
    sweep(&config, NOW).expect("swept");
    assert!(!there("2027-W46") && there("2027-W47"), "a day after its last day and no sooner");
    let told = deletion::between(&journal_dir(&config), NOW, NOW + 1).expect("read");
    assert_eq!(told.iter().map(|d| d.file.as_str()).collect::<Vec<_>>(), ["reports/2027-W46"]);
    assert!(told[0].rule.contains("460 days"), "{}", told[0].rule);
    std::fs::write(hold::file(&journal_dir(&config)), "broken").expect("written");
    assert!(sweep(&config, NOW + 365 * 24 * 3600 * 1000).is_err() && there("2027-W47"));
}
