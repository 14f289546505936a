//! What pupils type is for the DSL alone: tried with the real binary, from the proxy's door to the disk and back.

mod support;

use serde_json::Value;
use std::path::PathBuf;
use support::{School, Wish, holding, text};

const PEOPLE: &str = "id,name,role,year,device,address\np0901,Amira Baker,pupil,9,Laptop 1,127.0.9.1\n";
const YEAR_9: &str = "127.0.9.1";
const KHAN: &str = "four words that fit";
const REES: &str = "another passphrase";

fn lines(said: &str) -> Vec<Value> {
    said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}"))).collect()
}

/// The paths of the log, as this command shows them.
fn paths(said: &str) -> Vec<String> {
    lines(said).iter().filter_map(|event| event["path"].as_str().map(str::to_owned)).collect()
}

const EXPORT: [&str; 6] = ["log", "export", "--format", "jsonl", "--purpose", "a parent asked"];

#[test]
fn what_a_pupil_typed_is_nowhere_on_the_disk_and_the_dsl_reads_it() {
    let school = School::new(&Wish::default());
    school.import(PEOPLE);
    let made = school
        .typed(&[KHAN], &["seal", "init", "--reader", "mrs-khan", "--out", school.path("sheet.html").to_str().expect("a path")]);
    assert!(made.contains("print") && made.contains("safe"), "{made}");
    let gate = school.start();
    let typed = "/private-canary-7?q=whom+to+tell+canary";
    for n in 0..20 {
        gate.curl(YEAR_9, &[&gate.url("plain.example", &format!("{typed}{n}"))]);
    }
    // In rings, in segments, and in the week file with its log.
    let var = school.path("var");
    assert_eq!(holding(&var, "canary"), Vec::<PathBuf>::new());
    let dots = school.ok(&EXPORT);
    assert_eq!(paths(&dots), vec!["/••••"; 20]);
    assert_eq!(holding(&var, "canary"), Vec::<PathBuf>::new());
    assert!(!holding(&var, "plain.example").is_empty(), "the host is there, or this looks in the wrong place");
    for format in ["csv", "squid"] {
        let said = school.ok(&["log", "export", "--format", format, "--purpose", "x"]);
        assert!(said.contains("••••") && !said.contains("canary"), "{said}");
    }
    let searched = school.ok(&["log", "search", "--purpose", "x"]);
    assert!(searched.contains("plain.example") && !searched.contains("canary"), "{searched}");
    assert!(!school.service_log().contains("canary") && !school.service_log().contains("passphrase"));

    let opened = school.typed(&[KHAN], &[&EXPORT[..], &["--open=mrs-khan"]].concat());
    let found = paths(&opened);
    assert!(found.iter().all(|path| path.starts_with(typed)) && found.len() == 20, "{found:?}");
    let asked = school.typed(&["mrs-khan", KHAN], &["log", "search", "--open", "--purpose", "a parent asked"]);
    assert!(asked.contains(typed), "{asked}");
    let person = school.typed(&[KHAN], &["people", "export", "p0901", "--open=mrs-khan", "--purpose", "her own request"]);
    assert!(person.contains("private-canary-7"), "{person}");
    assert!(!school.ok(&["people", "export", "p0901", "--purpose", "x"]).contains("canary"));

    // Killed: what was in the rings is sealed as it was.
    gate.curl(YEAR_9, &[&gate.url("plain.example", "/private-canary-last")]);
    drop(gate);
    assert_eq!(holding(&var, "canary"), Vec::<PathBuf>::new());
    let gate = school.start();
    let opened = school.typed(&[KHAN], &[&EXPORT[..], &["--open=mrs-khan"]].concat());
    assert_eq!(paths(&opened).last().map(String::as_str), Some("/private-canary-last"));
    assert!(gate.stop().success());
    assert_eq!(holding(&var, "canary"), Vec::<PathBuf>::new());

    // Who opened what, and why, is in the report; what was typed is not.
    let week = lines(&opened)[0]["when"].as_str().expect("a time").to_owned();
    let week = schoolgate::report::IsoWeek::of(
        week.parse::<jiff::Timestamp>().expect("a time").as_millisecond(),
        &jiff::tz::TimeZone::UTC,
    );
    let report = school.json(&["report", "week", "--week", &week.to_string()]);
    let looked: Vec<_> =
        report["look_ups"].as_array().expect("look-ups").iter().map(|l| l["whom"].as_str().unwrap_or_default()).collect();
    assert!(looked.contains(&"what was typed: log export"), "{looked:?}");
    assert!(looked.contains(&"what was typed: people export of p0901"), "{looked:?}");
    assert!(report["changes"].to_string().contains("seal: keys were made, mrs-khan may read"), "{}", report["changes"]);
    assert!(!report.to_string().contains("canary"));
}

#[test]
fn what_is_written_of_an_incident_is_nowhere_on_the_disk_and_the_dsl_reads_it() {
    let me = schoolgate::ops::files::own_name();
    let school = School::new(&Wish { more: &format!("[report]\ndsl = [\"{me}\"]\n"), ..Wish::default() });
    school.import(PEOPLE);
    let add = |description: &str, more: &[&str]| {
        let fields = ["incident", "add", "--date", "2026-11-18", "--category", "cyber", "--person", "p0901", "--week", "this"];
        let words = ["--place", "canary-place", "--recorded-by", "canary-clerk", "--description", description];
        school.ok(&[&fields[..], &words, more].concat())
    };
    add("written before there were keys", &[]);
    let made = school.typed(&[KHAN], &["seal", "init", "--reader", "mrs-khan"]);
    assert!(made.contains("stay readable: 1"), "{made}");
    let gate = school.start();
    gate.curl(YEAR_9, &[&gate.url("plain.example", "/private-canary-page")]);
    let seq =
        school.log().iter().find(|e| e["host"] == "plain.example").and_then(|e| e["seq"].as_u64()).expect("a row").to_string();
    let told = ["--action-taken", "canary-action", "--parents-told", "canary-parents", "--referred-to", "canary-referred"];
    let more = ["--room", "canary-room", "--others", "canary-others", "--outcome", "canary-outcome", "--evidence", &seq];
    add("canary-description", &[&told[..], &more].concat());
    school.ok(&["incident", "amend", "2", "--outcome", "canary-later", "--reason", "canary-why", "--close"]);
    let var = school.path("var");
    let of_the_first = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("casebook.db"));
    assert!(holding(&var, "written before there were keys").iter().all(of_the_first), "it stays as it was, there alone");
    let shown = school.ok(&["incident", "show", "1", "--purpose", "x"]);
    assert!(shown.contains("written before there were keys") && shown.contains("canary-place"), "{shown}");
    // Its words are what is searched for from here on.
    let nowhere = || {
        for words in ["canary-page", "canary-room", "canary-others", "canary-description", "canary-action", "canary-parents"] {
            assert_eq!(holding(&var, words), Vec::<PathBuf>::new(), "{words}");
        }
        for words in ["canary-referred", "canary-outcome", "canary-later", "canary-why"] {
            assert_eq!(holding(&var, words), Vec::<PathBuf>::new(), "{words}");
        }
    };
    nowhere();
    school.ok(&["log", "verify"]);

    let sealed = school.ok(&["incident", "show", "2", "--purpose", "x"]);
    assert!(sealed.contains("description   ••••") && sealed.contains("2026-11-18") && !sealed.contains("canary"), "{sealed}");
    assert!(!school.ok(&["incident", "list", "--purpose", "x"]).contains("canary"));
    for format in ["csv", "json"] {
        let said = school.ok(&["incident", "export", "2", "--format", format, "--purpose", "x"]);
        assert!(said.contains("••••") && !said.contains("canary"), "{said}");
    }
    let silent = school.typing(&[KHAN], &["incident", "show", "2", "--open=mrs-khan"]);
    assert!(!silent.status.success(), "without a purpose nothing opens");
    let wrong = school.typing(&[REES], &["incident", "show", "2", "--open=mrs-khan", "--purpose", "x"]);
    assert!(!wrong.status.success() && !text(&wrong.stdout).contains("canary"), "{}", text(&wrong.stderr));
    let opened = school.typed(&[KHAN], &["incident", "show", "2", "--open=mrs-khan", "--purpose", "the police asked"]);
    for words in ["place", "clerk", "description", "action", "parents", "referred", "room", "others", "later", "why"] {
        assert!(opened.contains(&format!("canary-{words}")), "{words}: {opened}");
    }
    assert!(opened.contains("typed there: /private-canary-page"), "{opened}");
    let csv = ["incident", "export", "--format", "csv", "--open=mrs-khan", "--purpose", "for CPOMS"];
    let csv = school.typed(&[KHAN], &csv);
    assert!(csv.contains("canary-description") && csv.contains("written before"), "{csv}");
    let person = ["people", "export", "p0901", "--purpose", "her own request", "--open=mrs-khan"];
    assert!(school.typed(&[KHAN], &person).contains("canary-description"));
    let openings = school.records(schoolgate::casebook::Kind::Opening);
    for said in ["what was typed: incident 2: the police asked", "what was typed: incident export: for CPOMS"] {
        assert!(openings.iter().any(|opening| opening == said), "{said}: {openings:?}");
    }
    let report = school.json(&["report", "week", "--week", "this"]);
    assert!(report["look_ups"].to_string().contains("the police asked") && !report.to_string().contains("canary"), "{report}");
    assert!(gate.stop().success());
    nowhere();

    // The log is deleted before the incident is: what its rows rest on opens all the same.
    std::fs::remove_dir_all(school.path("var/journal")).expect("deleted");
    let late = ["incident", "export", "2", "--format", "json", "--open=mrs-khan", "--purpose", "a year later"];
    let late = school.typed(&[KHAN], &late);
    assert!(late.contains("\"typed\": \"/private-canary-page\""), "{late}");

    // Whoever takes the keys away has turned nothing off.
    let keys = school.path("var/seal/keys.json");
    std::fs::rename(&keys, school.path("keys.json")).expect("moved");
    let refused = school.run(&["incident", "amend", "2", "--outcome", "canary-room", "--reason", "x"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("it is gone"), "{}", text(&refused.stderr));
    nowhere();
}

#[test]
fn readers_come_and_go_and_the_sheet_opens_when_a_passphrase_is_lost() {
    let school = School::new(&Wish::default());
    school.import(PEOPLE);
    assert_eq!(school.json(&["seal", "status"])["sealed"], false);
    let said = school.typing(&[KHAN], &[&EXPORT[..], &["--open=mrs-khan"]].concat());
    assert!(!said.status.success() && text(&said.stderr).contains("seal init"), "{}", text(&said.stderr));
    let short = school.typing(&["short"], &["seal", "init", "--reader", "mrs-khan"]);
    assert!(!short.status.success() && text(&short.stderr).contains("12 characters"), "{}", text(&short.stderr));
    assert_eq!(school.json(&["seal", "status"])["sealed"], false);
    let sheet = school.path("sheet.html");
    let short = school.typing(&["short"], &["seal", "init", "--reader", "mrs-khan", "--out", sheet.to_str().expect("a path")]);
    assert!(!short.status.success() && !sheet.exists(), "no sheet without keys");

    let made: Value =
        serde_json::from_str(&school.typed(&[KHAN], &["--json", "seal", "init", "--reader", "mrs-khan"])).expect("JSON");
    let sheet = made["recovery"].as_str().expect("the groups").to_owned();
    assert!(!school.typing(&[KHAN], &["seal", "init", "--reader", "x"]).status.success(), "once is enough");
    let gate = school.start();
    let visit = |path: &str| drop(gate.curl(YEAR_9, &[&gate.url("plain.example", path)]));
    let export = |reader: &str, passphrase: &str| {
        let output = school.typing(&[passphrase], &[&EXPORT[..], &[&format!("--open={reader}")]].concat());
        output.status.success().then(|| paths(&text(&output.stdout)))
    };
    visit("/one");
    school.typed(&[KHAN, REES], &["seal", "add", "mr-rees", "--as", "mrs-khan"]);
    assert_eq!(export("mr-rees", REES), Some(vec!["/one".to_owned()]), "what was there before, too");
    assert_eq!(export("mr-rees", KHAN), None);
    let before = school.json(&["seal", "status"]);
    assert_eq!(before["readers"], serde_json::json!(["mrs-khan", "mr-rees"]));

    school.typed(&[KHAN], &["seal", "remove", "mr-rees", "--as", "mrs-khan"]);
    visit("/two");
    assert_eq!(export("mr-rees", REES), None);
    assert_eq!(export("mrs-khan", KHAN), Some(vec!["/one".to_owned(), "/two".to_owned()]));
    assert_ne!(school.json(&["seal", "status"])["fingerprint"], before["fingerprint"]);

    let slip = sheet.replacen(&sheet[..1], if sheet.starts_with('0') { "1" } else { "0" }, 1);
    let wrong = school.typing(&[&slip, REES], &["seal", "recover", "mrs-khan"]);
    assert!(!wrong.status.success() && text(&wrong.stderr).contains("group 1"), "{}", text(&wrong.stderr));
    school.typed(&[&sheet.to_lowercase(), REES], &["seal", "recover", "mrs-khan"]);
    assert_eq!(export("mrs-khan", KHAN), None);
    assert_eq!(export("mrs-khan", REES).map(|paths| paths.len()), Some(2));
    let newer: Value =
        serde_json::from_str(&school.typed(&[REES], &["--json", "seal", "sheet", "--as", "mrs-khan"])).expect("JSON");
    assert!(!school.typing(&[&sheet, KHAN], &["seal", "recover", "mrs-khan"]).status.success(), "the older sheet");
    school.typed(&[newer["recovery"].as_str().expect("the groups"), KHAN], &["seal", "recover", "mrs-khan"]);
    school.typed(&[KHAN], &["seal", "roll", "--as", "mrs-khan"]);
    school.typed(&[KHAN, REES], &["seal", "passphrase", "mrs-khan"]);
    assert_eq!(export("mrs-khan", REES).map(|paths| paths.len()), Some(2));
    // Keys that are lost are not made anew by accident.
    let keys = school.path("var/seal/keys.json");
    std::fs::rename(&keys, school.path("keys.json")).expect("moved");
    let lost = school.typing(&[KHAN], &["seal", "init", "--reader", "mrs-khan"]);
    assert!(!lost.status.success() && text(&lost.stderr).contains("from a backup"), "{}", text(&lost.stderr));
    std::fs::rename(school.path("keys.json"), &keys).expect("moved back");
    assert_eq!(export("mrs-khan", REES).map(|paths| paths.len()), Some(2));
    for secret in [KHAN, REES, &sheet] {
        assert_eq!(holding(&school.path("var"), secret), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_week_past_its_time_is_deleted_and_told_of_and_one_that_is_held_stays() {
    let school = School::new(&Wish { more: "[retention]\ndetail_days = 30\n", ..Wish::default() });
    school.import(PEOPLE);
    let gate = school.start();
    gate.curl(YEAR_9, &[&gate.url("plain.example", "/")]);
    assert!(gate.stop().success());
    let journal = school.path("var/journal");
    let week = school.json(&["log", "search", "--purpose", "x", "--limit", "1"])["when"].as_str().expect("a time").to_owned();
    let week = schoolgate::report::IsoWeek::of(
        week.parse::<jiff::Timestamp>().expect("a time").as_millisecond(),
        &jiff::tz::TimeZone::UTC,
    );
    // As if it were long ago.
    let old = |name: &str| journal.join(format!("{name}.db"));
    for name in ["2025-W10", "2025-W11"] {
        std::fs::copy(old(&week.to_string()), old(name)).expect("copied");
    }
    assert_eq!(school.run(&["log", "hold", "--week", "2025-W10"]).status.code(), Some(2), "a reason is asked for");
    assert_eq!(school.run(&["log", "hold", "--person", "nobody", "--reason", "x"]).status.code(), Some(1));
    school.ok(&["log", "hold", "--week", "2025-W10", "--reason", "a complaint"]);
    assert!(school.ok(&["log", "holds"]).contains("a complaint"));
    let gate = school.start();
    school.ok(&EXPORT);
    assert!(old("2025-W10").exists() && !old("2025-W11").exists());
    assert!(school.json(&["status"])["held"].to_string().contains("a complaint"));
    let report = school.json(&["report", "week", "--week", &week.to_string()]);
    let kept = report["retention"].as_str().expect("a text");
    for said in ["deleted 30 days", "460 days", "Held from deletion: 1 week", "journal/2025-W11.db with", "30 days after the end"]
    {
        assert!(kept.contains(said), "{said}: {kept}");
    }
    assert!(report["changes"].to_string().contains("held: week 2025-W10"), "{}", report["changes"]);
    assert!(gate.stop().success());
    school.ok(&["log", "release", "--week", "2025-W10", "--reason", "it was settled"]);
    school.ok(&["log", "hold", "--person", "p0901", "--reason", "the police asked"]);
    let gate = school.start();
    school.ok(&EXPORT);
    assert!(old("2025-W10").exists(), "somebody who is held is in it");
    assert!(gate.stop().success());
    school.ok(&["log", "release", "--person", "p0901", "--reason", "it was settled"]);
    let _gate = school.start();
    school.ok(&EXPORT);
    assert!(!old("2025-W10").exists());
}

#[test]
fn without_keys_status_and_report_say_that_what_is_typed_is_not_sealed() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let needs = |school: &School| school.json(&["status"])["needs_you"].to_string();
    assert!(needs(&school).contains("schoolgate seal init"), "{}", needs(&school));
    let limits = |school: &School| school.json(&["report", "week", "--week", "2026-W40"])["limits"].to_string();
    assert!(limits(&school).contains("not sealed"), "{}", limits(&school));
    school.typed(&[KHAN], &["seal", "init", "--reader", "mrs-khan"]);
    school.ok(&EXPORT);
    assert!(!needs(&school).contains("seal"), "{}", needs(&school));
    assert!(!limits(&school).contains("not sealed"));
    drop(gate);
}
