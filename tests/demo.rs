//! The made-up school: its week goes through the real doors, and its report says what a DSL must know.

mod support;

use schoolgate::demo::week::{DRAWN_IN, GETTING_ROUND, IN_DISTRESS, SEEKING_HELP};
use serde_json::Value;
use std::process::Command;
use support::{BINARY, project, text};

#[test]
fn the_week_s_report_names_three_pupils_and_nobody_who_sought_help() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = folder.path().join("school");
    let output = Command::new(BINARY).current_dir(project()).args(["demo", "--folder"]).arg(&school).output().expect("the demo");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    let html_path = school.join("report-2026-W47.html");
    assert!(said.contains(html_path.to_str().expect("a path")), "{said}");
    assert!(said.contains("3 matters need a person"), "{said}");

    let config = school.join("config/schoolgate.toml");
    let gate = |arguments: &[&str]| {
        let output = Command::new(BINARY).arg("--config").arg(&config).args(arguments).output().expect("the binary");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let formats = ["text", "json", "html"].map(|format| gate(&["report", "week", "--week", "2026-W47", "--format", format]));
    for report in &formats {
        for key in [IN_DISTRESS, DRAWN_IN, GETTING_ROUND] {
            assert!(report.contains(key), "{key} is missing");
        }
        for never in [SEEKING_HELP, "childline", "youngminds", "t01", "t02"] {
            assert!(!report.contains(never), "{never} is in the report");
        }
    }

    // Nothing answered is lost: what the machines did is what the log says, by person.
    let log: Vec<Value> = gate(&["log", "export", "--format", "jsonl", "--purpose", "a test"])
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let everyone = schoolgate::demo::school::everyone();
    let script = schoolgate::demo::week::week(&everyone);
    // The same question again within a minute is one line, with a count.
    let times = |of: &dyn Fn(&&Value) -> bool| {
        log.iter().filter(of).map(|e| e["count"].as_u64().expect("a count") as usize).sum::<usize>()
    };
    assert_eq!(times(&|_| true), script.len());
    let of = |person: &str| times(&|e| e["person"] == person);
    for someone in &everyone {
        let mut did = script.iter().filter(|l| l.from == someone.address).count();
        if someone.key == SEEKING_HELP {
            did -= times(&|e| e["step"] == "help");
        }
        assert_eq!(of(&someone.key), did, "{}", someone.key);
    }
    let help: Vec<&Value> = log.iter().filter(|e| e["step"] == "help").collect();
    assert!(
        times(&|e| e["step"] == "help") >= 6
            && help.iter().all(|e| e["person"].is_null() && e["client"].is_null() && e["host"].is_null()),
        "{help:?}"
    );
}
