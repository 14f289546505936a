//! What people do about what happened, through the real binary: it is recorded, proved, and nobody's own.

mod support;

use schoolgate::casebook::Kind;
use schoolgate::ops::files::own_name;
use support::{School, Wish, in_a_month, text};

const PEOPLE: &str =
    "id,name,role,year,device,address\np1,Ada,pupil,7,LT-1,127.0.0.9\np2,Bob,pupil,8,LT-2,127.0.0.8\ns1,Mr Hopper,staff,,,\n";

#[test]
fn log_verify_proves_the_casebook_and_the_journal_and_names_what_was_changed() {
    let school = School::new(&Wish::default());
    let said = school.ok(&["log", "verify"]);
    assert!(said.contains("no records yet"), "{said}");
    let gate = school.start();
    gate.dig("127.0.0.1", &["lesson.example", "A"]);
    school.ok(&["allow", "quiz.example", "--reason", "a lesson"]);
    school.ok(&["block", "quiz.example", "--reason", "over"]);
    school.ok(&["log", "search", "--purpose", "a test"]);
    let said = school.json(&["log", "verify"]);
    let records = said["casebook"]["records"].as_u64().expect("a number");
    assert!(records >= 3 && said["casebook"]["wrong"].is_null(), "{said}");
    assert!(said["journal"]["wrong"].as_array().is_some_and(Vec::is_empty), "{said}");
    assert!(said["journal"]["weeks"][0]["events"].as_u64() >= Some(1), "{said}");
    let end = said["casebook"]["last"].as_str().expect("an end").to_owned();
    school.ok(&["allow", "late.example", "--reason", "later"]);
    school.ok(&["log", "verify", "--report", &end]);
    drop(gate);
    let report = school.ok(&["report", "week", "--week", "this"]);
    let now = school.json(&["log", "verify"])["casebook"]["last"].as_str().expect("an end").to_owned();
    assert!(report.split_whitespace().collect::<String>().contains(&now), "the report prints {now}:\n{report}");

    let path = school.path("var/casebook.db");
    let tamper = |sql: &str| rusqlite::Connection::open(&path).expect("opened").execute_batch(sql).expect(sql);
    tamper("DROP TRIGGER records_hold; DROP TRIGGER records_stay; UPDATE records SET why = 'another reason' WHERE why = 'over'");
    let refused = school.run(&["log", "verify"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains("does not hold at record ") && said.contains(": it was changed: its texts"), "{said}");
    tamper("UPDATE records SET why = 'over' WHERE why = 'another reason'");
    school.ok(&["log", "verify", "--report", &end]);
    tamper(&format!("DELETE FROM records WHERE number >= {records}; UPDATE sqlite_sequence SET seq = {records} - 1"));
    school.ok(&["log", "verify"]);
    let refused = school.run(&["log", "verify", "--report", &end]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains(&format!("record {records}: it is gone")), "{}", text(&refused.stderr));
    assert_eq!(school.run(&["log", "verify", "--report", "3:nonsense"]).status.code(), Some(2));
}

#[test]
fn what_was_changed_is_a_record_with_what_held_before_and_after() {
    let school = School::new(&Wish::default());
    school.ok(&["allow", "quiz.example", "--reason", "a lesson"]);
    school.ok(&["block", "quiz.example", "--reason", "over"]);
    let casebook = schoolgate::casebook::Casebook::open(&school.path("var")).expect("a casebook");
    let made = casebook.read().about(Kind::Change, "quiz.example").expect("read");
    let said: Vec<_> = made.iter().map(|r| (r.entry.who.as_str(), r.entry.before.as_deref(), r.entry.after.as_deref())).collect();
    let me = own_name();
    let (allow, block) = (Some("allow quiz.example"), Some("block quiz.example"));
    assert_eq!(said, [(me.as_str(), None, allow), (me.as_str(), allow, block)]);

    school.import(PEOPLE);
    school.ok(&["people", "withdraw", "p1", "p2", "--reason", "they left"]);
    school.ok(&["people", "restore", "p1", "--reason", "she stays"]);
    school.ok(&["people", "password", "p1", "--purpose", "a new phone"]);
    school.ok(&["people", "add", "s9", "--name", "A Visitor", "--role", "visitor"]);
    school.ok(&["people", "voucher", "--role", "visitor", "--until", "today"]);
    school.ok(&["people", "token", "--name", "logon script"]);
    let made = school.records(Kind::Register);
    for said in [
        "people import of people.csv: 3 new",
        "access of p1 switched off: they left",
        "access of p2 switched off: they left",
        "access of p1 switched on again: she stays",
        "a new password for p1: a new phone",
        "access given to s9",
        "voucher: voucher-1",
        "a token for 'logon script'",
    ] {
        assert!(made.iter().any(|line| line.starts_with(said)), "{said}: {made:?}");
    }
    let withdrawn = casebook.read().about(Kind::Register, "p1").expect("read");
    let (before, after) = (withdrawn[0].entry.before.as_deref(), withdrawn[0].entry.after.as_deref());
    assert_eq!((before, after), (Some("pupil, year 7"), Some("withdrawn")));
    school.ok(&["ca", "init"]);
    assert!(school.records(Kind::Change).iter().any(|line| line.starts_with("ca init")));
    let report = school.ok(&["report", "week", "--week", "this"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(report.contains("access of p1 switched off, and 1 more of the kind, because they left"), "{report}");
}

#[test]
fn a_matter_is_marked_an_incident_opened_and_the_week_signed_by_who_has_a_part_in_it() {
    let more = format!("[report]\ndsl = [\"{0}\"]\nict = [\"{0}\"]\n", own_name());
    let school = School::new(&Wish { more: &more, lists: "", ..Wish::default() });
    school.import(PEOPLE);
    let gate = school.start();
    school.ok(&["block", "worry.example", "--reason", "a test"]);
    for _ in 0..3 {
        gate.dig("127.0.0.9", &["worry.example", "A"]);
    }
    let week = school.json(&["report", "review", "--week", "this"]);
    assert!(week["matters"].is_array(), "{week}");
    assert!(school.run(&["report", "review", "--week", "this", "99", "--seen"]).status.code() == Some(1));
    assert!(school.run(&["report", "review", "--week", "this", "--sign-off"]).status.code() == Some(1), "the week is not over");
    let signed = school.ok(&["report", "review", "--sign-off", "--as", "ict"]);
    assert!(signed.starts_with("signed: the report of ") && signed.contains("as ICT coordinator"), "{signed}");
    assert!(school.run(&["report", "review", "--sign-off", "--as", "ict"]).status.code() == Some(1), "once");
    assert!(school.run(&["report", "review", "--as", "head"]).status.code() == Some(1), "no part of theirs");

    let rows = school.log();
    let seq = rows.iter().find(|e| e["host"] == "worry.example").and_then(|e| e["seq"].as_u64()).expect("a row").to_string();
    let add = [
        "incident",
        "add",
        "--date",
        "2026-11-18",
        "--place",
        "school",
        "--category",
        "cyber",
        "--person",
        "p1",
        "--description",
        "=unkind, \"words\"",
        "--recorded-by",
        "Mr Babbage",
        "--evidence",
        &seq,
        "--week",
        "this",
    ];
    assert!(school.ok(&add).contains("incident 1 is recorded"));
    assert!(text(&school.run(&add[..add.len() - 6]).stderr).contains("recorded by is missing"));
    let amended = school.ok(&["incident", "amend", "1", "--outcome", "spoken to", "--reason", "done", "--close"]);
    assert!(amended.contains("incident 1: closed; amended: outcome"), "{amended}");
    assert!(school.run(&["incident", "show", "1"]).status.code() == Some(1), "why is asked first");
    let shown = school.json(&["incident", "show", "1", "--purpose", "a parent asked"]);
    assert_eq!((shown["category"].as_str(), shown["closed"].as_bool()), (Some("cyber-bullying"), Some(true)), "{shown}");
    let row = &shown["evidence"][0];
    assert!(
        row["seq"].as_u64().map(|n| n.to_string()).as_deref() == Some(seq.as_str())
            && row["sha256"].as_str().is_some_and(|h| h.len() == 64),
        "{shown}"
    );
    let csv = school.ok(&["incident", "export", "--format", "csv", "--purpose", "for CPOMS"]);
    assert!(csv.contains("\"p1\",\"Ada\"") && csv.contains("\"'=unkind, \"\"words\"\"\""), "{csv}");
    let file = school.path("incident.pdf");
    school.ok(&[
        "incident",
        "export",
        "1",
        "--format",
        "pdf",
        "--purpose",
        "for their file",
        "--out",
        file.to_str().expect("a path"),
    ]);
    assert!(std::fs::read(&file).expect("the file").starts_with(b"%PDF-"));
    let looks = school.records(Kind::LookUp);
    assert!(
        looks.iter().any(|l| l == "incident export: for CPOMS") && looks.iter().any(|l| l == "incident 1: a parent asked"),
        "{looks:?}"
    );
    let report = school.ok(&["report", "week", "--week", "this"]);
    assert!(report.contains("1  cyber-bullying, of 2026-11-18"), "{report}");
    assert!(!school.ok(&["report", "week", "--week", "this", "--edition", "it"]).contains("cyber-bullying"));
    // One that names an adult is on no paper: who reads it may be the one.
    let with_adult = [
        "incident",
        "add",
        "--date",
        "2026-11-18",
        "--place",
        "school",
        "--category",
        "hate",
        "--person",
        "s1",
        "--description",
        "words",
        "--recorded-by",
        "Mr Babbage",
    ];
    assert!(school.ok(&with_adult).contains("incident 2 is recorded"));
    assert!(!school.ok(&["report", "week", "--week", "this"]).contains("hate, of"));
    school.ok(&["report", "watch", "p2", "--until", &in_a_month(), "--reason", "worries at home"]);
}

#[test]
fn nobody_has_a_part_that_the_configuration_does_not_give_and_nobody_does_anything_about_themselves() {
    let school = School::new(&Wish::default());
    for command in [&["report", "review"][..], &["incident", "list", "--purpose", "x"], &["report", "watch"]] {
        let refused = school.run(command);
        assert!(refused.status.code() == Some(1) && text(&refused.stderr).contains("has no part in this"), "{command:?}");
    }
    let more = format!("[report]\ndsl = [\"{}\"]\n", own_name());
    let school = School::new(&Wish { more: &more, ..Wish::default() });
    school.import(&format!("id,name,role\n{},The Lead,staff\np1,Ada,pupil\n", own_name()));
    let own = own_name();
    let refused = school.run(&["report", "watch", &own, "--until", &in_a_month(), "--reason", "x"]);
    assert!(refused.status.code() == Some(1) && text(&refused.stderr).contains("nobody says it of themselves"));
    let add = [
        "incident",
        "add",
        "--date",
        "2026-11-18",
        "--place",
        "school",
        "--category",
        "other",
        "--person",
        &own,
        "--description",
        "x",
        "--recorded-by",
        "Mr Babbage",
    ];
    assert!(text(&school.run(&add).stderr).contains("nobody one about themselves"));
    assert!(school.records(Kind::Incident).is_empty() && school.records(Kind::Watch).is_empty());
}

#[test]
fn what_cannot_be_written_down_is_not_done_and_nobody_keeps_access_by_that() {
    let school = School::new(&Wish::default());
    school.import(PEOPLE);
    school.ok(&["people", "withdraw", "p2", "--reason", "left"]);
    let (casebook, aside) = (school.path("var/casebook.db"), school.path("casebook.aside"));
    std::fs::rename(&casebook, &aside).expect("put aside");
    std::fs::write(&casebook, "this is no database, and longer than the head of one is: ".repeat(40)).expect("spoilt");
    for typed in [
        &["allow", "quiz.example", "--reason", "a lesson"][..],
        &["people", "restore", "p2", "--reason", "back"],
        &["people", "add", "s9", "--name", "A Visitor", "--role", "visitor"],
        &["ca", "init"],
        &["log", "hold", "--week", "2026-W47", "--reason", "the police"],
    ] {
        let refused = school.run(typed);
        assert_eq!(refused.status.code(), Some(1), "{typed:?}");
        assert!(text(&refused.stderr).contains("casebook"), "{typed:?}: {}", text(&refused.stderr));
    }
    school.ok(&["people", "withdraw", "p1", "--reason", "left"]);
    std::fs::rename(&aside, &casebook).expect("put back");
    let register = schoolgate::people::Store::peek(&school.path("var/register.db")).expect("the register");
    let withdrawn = |key: &str| register.person_of_key(key).expect("there").is_withdrawn();
    assert!(withdrawn("p1") && withdrawn("p2") && register.person_of_key("s9").is_none());
    assert!(!school.path("var/entries.toml").exists() && !school.path("var/ca/authority.pem").exists());
    assert!(!school.records(Kind::Change).iter().any(|line| line.contains("quiz.example")));
}
