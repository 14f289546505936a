//! The locked tier: its addresses are never stored, shown or exported, by whichever way somebody comes to one.

mod support;

use std::path::{Path, PathBuf};
use support::{School, Wish, text};

/// Made up, and on no list of the world.
const NAME: &str = "never-to-be-seen.example";
const LABEL: &str = "never-to-be-seen";

/// A school whose shipped folder also holds a licensed list.
fn school() -> School {
    let school = School::new(&Wish::default());
    let lists = school.path("lists");
    std::fs::create_dir_all(&lists).expect("a folder");
    for file in support::project().join("blocklists").read_dir().expect("the lists that ship").flatten() {
        if file.path().is_file() {
            std::fs::copy(file.path(), lists.join(file.file_name())).expect("copied");
        }
    }
    school.write("lists/illegal-csam.txt", &format!("# a licensed list\n{NAME}\n"));
    let shipped = support::project().join("blocklists").display().to_string();
    let config = school.config(&Wish::default()).replace(&shipped, &lists.display().to_string());
    school.write("config/schoolgate.toml", &config);
    school
}

/// Every file below a folder that holds these bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in folder.read_dir().expect("a folder").flatten().map(|e| e.path()) {
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if std::fs::read(&path).is_ok_and(|all| all.windows(bytes.len()).any(|w| w.eq_ignore_ascii_case(bytes))) {
            found.push(path);
        }
    }
    found
}

#[test]
fn an_address_of_the_locked_tier_is_blocked_at_every_door_and_stands_nowhere() {
    let school = school();
    let gate = school.start();
    for name in [NAME.to_owned(), format!("WWW.{NAME}"), format!("a!b.{NAME}")] {
        let said = gate.dig("127.0.0.1", &[&name, "A"]);
        assert!(said.contains("NXDOMAIN") && !said.contains("Illegal"), "{name}: {said}");
    }
    let port = school.internet.origin.port();
    for way in [&["-i"][..], &["-i", "-p"], &["-i", "-H", "Accept: text/html", "-H", "Sec-Fetch-Mode: navigate"]] {
        let said = gate.curl("127.0.0.1", &[way, &[&format!("http://{NAME}:{port}/secret-path")]].concat());
        assert!(said.contains("403"), "{said}");
    }
    // Six that were blocked, each with its tier and no address.
    let events = school.log();
    assert_eq!(events.len(), 6);
    for event in &events {
        assert_eq!(
            (event["step"].as_str(), event["host"].as_str(), event["path"].as_str()),
            (Some("locked"), None, None),
            "{event}"
        );
    }
    for verb in ["allow", "block"] {
        let refused = school.run(&[verb, &format!("www.{NAME}"), "--reason", "a test"]);
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    }
    for said in [
        school.ok(&["log", "export", "--format", "csv", "--purpose", "a test"]),
        school.ok(&["log", "export", "--format", "squid", "--purpose", "a test"]),
        school.ok(&["report", "week", "--week", &this_week(&events)]),
        school.ok(&["lists", "status"]),
        school.service_log(),
    ] {
        assert!(!said.contains(LABEL) && !said.contains("secret-path"), "{said}");
    }
    let searched = school.ok(&["lists", "search", &format!("www.{NAME}")]);
    assert!(!searched.contains("illegal-csam") && !searched.contains(".txt"), "{searched}");
    let explained = school.json(&["explain", &format!("www.{NAME}")]);
    assert_eq!((explained["step"].as_str(), explained["found"].as_array().map(Vec::len)), (Some("locked"), Some(0)));
    drop(gate);
    assert_eq!(holding(&school.path("var"), LABEL.as_bytes()), [] as [PathBuf; 0]);
    assert_eq!(holding(&school.path("var"), b"secret-path"), [] as [PathBuf; 0]);
}

#[test]
fn what_is_said_of_the_locked_tier_is_true() {
    let school = school();
    let _gate = school.start();
    let status = school.json(&["status"]);
    let said = status["locked_tier"].as_str().unwrap_or_default();
    assert_eq!(said, "present: illegal-csam; NOT PRESENT: illegal-terrorism");
    assert!(school.ok(&["lists", "status"]).contains(said));
    let report = school.ok(&["report", "week"]);
    assert!(!report.contains("lists are NOT PRESENT"), "{report}");

    let without = School::new(&Wish::default());
    assert!(without.ok(&["lists", "status"]).contains("locked tier: NOT PRESENT"));
    let report = text(&without.run(&["report", "week"]).stdout);
    assert!(report.contains("The lists are NOT PRESENT"), "{report}");
}

fn this_week(events: &[serde_json::Value]) -> String {
    let when: jiff::Timestamp = events[0]["when"].as_str().expect("a time").parse().expect("a time");
    let date = when.to_zoned(jiff::tz::TimeZone::get("Europe/London").expect("a zone")).date().iso_week_date();
    format!("{}-W{:02}", date.year(), date.week())
}
