//! What the commands say to somebody in a hurry: no gate is running here.

mod support;

use schoolgate::gate::Clock;
use schoolgate::report::IsoWeek;
use std::process::{Command, Stdio};
use support::{BINARY, School, Wish, text};

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    for command in ["completions bash", "man"] {
        let piped = format!("{BINARY} {command} | head -n 1");
        let output = Command::new("bash").args(["-o", "pipefail", "-c", &piped]).stdin(Stdio::null()).output().expect("a shell");
        assert!(output.status.success() && output.stderr.is_empty(), "{command}: {}", text(&output.stderr));
    }
}

#[test]
fn what_was_allowed_and_taken_back_is_among_the_week_s_changes() {
    let school = School::new(&Wish::default());
    school.ok(&["allow", "quiz.example", "--group", "sixth-form", "--until", "2099-12-18", "--reason", "maths homework"]);
    let listed = school.ok(&["entries", "list"]);
    let by = school.json(&["entries", "list"])[0]["by"].as_str().expect("who").to_owned();
    assert!(!by.is_empty() && listed.contains(&by) && listed.contains("2099-12-18"), "{listed}");
    assert_eq!(school.run(&["entries", "remove", "1", "--reason", " "]).status.code(), Some(1), "a reason is asked for");
    school.ok(&["entries", "remove", "1", "--reason", "the lesson is over"]);
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("a zone");
    let week = IsoWeek::of(Clock::System.unix_ms(), &zone).to_string();
    let report = school.json(&["report", "week", "--week", &week]);
    let changes: Vec<_> = report["changes"].as_array().expect("changes").iter().map(|c| (&c["what"], &c["why"])).collect();
    let told = "allow quiz.example for sixth-form until 2099-12-18";
    assert_eq!(changes.len(), 2, "{report:#}");
    assert!(changes[0].0 == told && changes[0].1 == "maths homework", "{changes:?}");
    assert!(changes[1].0 == &format!("take back: {told}") && changes[1].1 == "the lesson is over", "{changes:?}");
}

#[test]
fn an_entry_that_changes_nothing_says_so() {
    let school = School::new(&Wish::default());
    for (verb, name, why) in [
        ("block", "childline.org.uk", "help service"),
        ("block", "windowsupdate.com", "machines need it"),
        ("block", "quiz.example", ""),
        ("allow", "www.pokerstars.com", ""),
    ] {
        let said = school.ok(&[verb, name, "--reason", "a test"]);
        assert_eq!(said.contains("note: "), !why.is_empty(), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn the_smallest_change_is_for_the_group_that_was_asked_about() {
    let school = School::new(&Wish::default());
    let change = |more: &[&str]| school.json(&[&["explain", "www.pokerstars.com"], more].concat())["to_change"].clone();
    assert_eq!(change(&["--group", "pupils"]), "schoolgate allow www.pokerstars.com --group pupils --reason '…'");
    assert_eq!(change(&[]), "schoolgate allow www.pokerstars.com --reason '…'");
}

#[test]
fn a_slip_is_told_once_with_what_was_meant() {
    let school = School::new(&Wish::default());
    for (words, said) in [
        (&["log", "search", "--category", "gamblng", "--purpose", "a test"][..], "did you mean 'gambling'?"),
        (&["log", "search"], "--purpose 'a parent asked'"),
        (&["allow", "https://quiz.example/play", "--reason", "a test"], "did you mean quiz.example?"),
        (&["allow", "quiz.example", "--group", "year9", "--reason", "a test"], "one of `pupils`"),
        (&["report", "week", "--week", "2026-99"], "'2026-99' is not an ISO week"),
        (&["report", "week", "--week", "2199-W10"], "has not begun"),
    ] {
        let output = school.run(words);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {told}");
        assert!(told.contains(said) && told.matches("error:").count() == 1, "{words:?}: {told}");
    }
}
