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
        (
            "block",
            "quiz.example",
            "was blocked before for an unknown device of the first network, because the school's own entry",
        ),
        ("allow", "www.pokerstars.com", ""),
        ("allow", "bbc.co.uk", "was open before"),
        ("allow", "192.168.1.1", "the proxy does not go there: it is inside the school"),
    ] {
        let said = school.ok(&[verb, name, "--reason", "a test"]);
        assert_eq!(said.contains(", but "), !why.is_empty(), "{said}");
        assert!(said.contains(why), "{said}");
    }
    // A firm block stands before an entry that allows, and before a pass.
    school.ok(&["block", "video.example", "--firm", "--reason", "a test"]);
    let first = "video.example stays blocked for anyone in pupils: step 6 of 11: the school's firm blocks decides first, because";
    let said = school.ok(&["allow", "video.example", "--group", "pupils", "--reason", "a test"]);
    assert!(said.contains(first) && said.contains("to change that: schoolgate entries remove "), "{said}");
    let pass = ["pass", "open", "--host", "video.example", "--group", "pupils", "--minutes", "30", "--reason", "a test"];
    let said = school.ok(&pass);
    assert!(said.contains(first), "{said}");
}

#[test]
fn explain_knows_where_the_proxy_does_not_go() {
    let school = School::new(&Wish { proxy: "internal = [\"10.1.0.0/16\"]", ..Wish::default() });
    for (what, refused, change) in [
        ("192.168.1.1", "it is inside the school", "`internal` under [proxy]"),
        ("http://127.0.0.1/", "an address of this gateway", "`destinations` under [proxy]"),
        ("localhost", "an address of this gateway", "`destinations` under [proxy]"),
        ("https://[fe80::1]/", "only on this cable", "nothing changes this"),
        ("http://quiz.example:8443/", "this port is not carried", "`ports` under [proxy]"),
        ("http://10.1.2.3/", "", "schoolgate block"),
        ("https://quiz.example/", "", "schoolgate block"),
    ] {
        let said = school.ok(&["explain", what]);
        assert_eq!(said.starts_with("REFUSED BY THE PROXY: "), !refused.is_empty(), "{what}: {said}");
        assert!(said.contains(refused) && said.contains(change), "{what}: {said}");
    }
    let said = school.ok(&["explain", "quiz.example"]);
    assert!(said.contains("step      11 of 11: the profile's default"), "{said}");
}

#[test]
fn tables_fit_eighty_columns_where_nobody_says_how_many_there_are() {
    let school = School::new(&Wish::default());
    let why = "a reason that goes on for longer than any line has room, as reasons that people write often do when asked";
    school.ok(&[
        "allow",
        "a-long-name.of-a-publisher.example.org",
        "--group",
        "sixth-form",
        "--until",
        "2099-12-18",
        "--reason",
        why,
    ]);
    let pass = ["pass", "open", "--host", "video.example", "--group", "pupils", "--minutes", "30", "--reason", why];
    school.ok(&pass);
    school.import("id,name,role,year,device,address\np1,Alexandra Featherstonehaugh,pupil,7,Laptop,127.0.0.9\n");
    for words in [
        &["entries", "list"][..],
        &["pass", "list"],
        &["lists", "status"],
        &["lists", "compile"],
        &["people", "list", "--purpose", "a test"],
    ] {
        let said = school.ok(words);
        let table = said.rsplit_once("\n─").map_or(said.as_str(), |(table, _)| table);
        let wide: Vec<&str> = table.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(said.contains('─') && wide.is_empty(), "{words:?}: {wide:#?}");
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
        (&["allow", "com", "--reason", "a test"], "everything under `com`: write one name under it, such as `example.com`"),
        (&["allow", "quiz.example", "--group", "year9", "--reason", "a test"], "one of `pupils`"),
        (&["report", "week", "--week", "2026-99"], "'2026-99' is not an ISO week"),
        (&["report", "week", "--week", "2199-W10"], "has not begun"),
    ] {
        let output = school.run(words);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {told}");
        assert!(told.contains(said) && told.matches("error:").count() == 1, "{words:?}: {told}");
        assert!(!told.contains("-->"), "nobody wrote a file: {words:?}: {told}");
    }
}
