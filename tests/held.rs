//! Who is held to less than their profile: withdrawn, in an exam, not signed in; and who has access, by whose hand.

mod support;

use std::time::{Duration, Instant};
use support::{School, Wish, text};

const PEOPLE: &str = "id,name,role,year,form,until,agreement,consent,device,address\n\
                      p1,Ada,pupil,7,7B,,2026 2026-09-03,2026-09-01,LT-1,127.0.0.9\n\
                      p2,Bob,pupil,8,8C,,,,LT-2,127.0.0.8\n\
                      s1,Mr Babbage,staff,,,,,,LT-3,127.0.0.7\n";

fn is_open(gate: &support::Gate, from: &str, name: &str) -> bool {
    gate.dig(from, &[name, "A"]).contains("NOERROR")
}

/// Whether it comes to be so within a second, as it must, or in a second more of a slow machine.
fn soon(mut is_so: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn someone_withdrawn_is_told_so_at_every_door_within_a_second_and_help_stays_open() {
    let school = School::new(&Wish::default());
    school.import(PEOPLE);
    let gate = school.start();
    let (ada, bob, name) = ("127.0.0.9", "127.0.0.8", "lesson.example");
    assert!(is_open(&gate, ada, name) && is_open(&gate, bob, name));
    school.ok(&["people", "withdraw", "p1", "--reason", "as the head said"]);
    assert!(soon(|| !is_open(&gate, ada, name)));
    assert!(is_open(&gate, bob, name), "nobody else is");
    assert!(is_open(&gate, ada, "www.childline.org.uk"), "help");
    let page = gate.curl(ada, &["-H", "Accept: text/html", &gate.url("lesson.example", "/")]);
    assert!(page.contains("Your access is switched off") && page.contains("your form tutor"), "{page}");
    let why = school.json(&["explain", name, "--who", "p1"]);
    assert_eq!((why["action"].as_str(), why["step"].as_str()), (Some("block"), Some("session")), "{why}");
    assert!(why["held"].as_str().is_some_and(|held| held.starts_with("access was withdrawn on 20")), "{why}");
    // The MIS still has them: an import gives nothing back.
    school.import(PEOPLE);
    assert!(!is_open(&gate, ada, name));
    assert!(school.ok(&["people", "list", "--withdrawn", "--purpose", "a test"]).contains("Ada"));
    school.ok(&["people", "restore", "p1", "--reason", "as the head said"]);
    assert!(soon(|| is_open(&gate, ada, name)));
    assert_eq!(school.run(&["people", "withdraw", "p9", "--reason", "x"]).status.code(), Some(1));
}

#[test]
fn an_exam_leaves_its_short_list_open_and_is_over_by_word_and_kept_over_a_restart() {
    let more = "[[room]]\nname = \"ICT 2\"\nranges = [\"127.0.0.8/31\"]\n";
    let school = School::new(&Wish { more, ..Wish::default() });
    school.import(PEOPLE);
    let gate = school.start();
    let (ada, teacher) = ("127.0.0.9", "127.0.0.7");
    let exam = |words: &[&str]| school.run(&[&["lock", "exam"], words, &["--reason", "GCSE paper 1"]].concat());
    for (words, says) in [
        (&["--room", "ICT 1", "--until", "2099-01-01T10:00"][..], "did you mean ICT 2?"),
        (&["--room", "ICT 2", "--until", "2020-01-01T10:00"], "would be over already"),
        (&["--room", "ICT 2", "--from", "2099-01-01T09:00", "--until", "2099-01-01T10:00"], "three months ahead"),
    ] {
        let refused = exam(words);
        assert!(text(&refused.stderr).contains(says), "{words:?}: {}", text(&refused.stderr));
    }
    let (now, hour) = (support::command("date", &["+%s"]), 3600);
    let until = now.trim().parse::<i64>().expect("a time") + hour;
    let until = support::command("date", &["-u", "-d", &format!("@{until}"), "+%Y-%m-%dT%H:%M:%SZ"]);
    let set = exam(&["--room", "ICT 2", "--until", until.trim(), "--allow", "paper.example"]);
    assert!(set.status.success(), "{}", text(&set.stderr));
    assert!(soon(|| !is_open(&gate, ada, "lesson.example")));
    assert!(is_open(&gate, ada, "www.paper.example") && is_open(&gate, teacher, "lesson.example"));
    assert!(!is_open(&gate, ada, "www.childline.org.uk"), "an exam is an exam");
    let page = gate.curl(ada, &["-H", "Accept: text/html", &gate.url("lesson.example", "/")]);
    assert!(page.contains("An exam is on here"), "{page}");
    let why = school.json(&["explain", "lesson.example", "--who", ada]);
    let held = why["held"].as_str().expect("it says so");
    assert!(held.starts_with("exam 1 of room ICT 2 until 20") && held.contains("open: paper.example"), "{held}");
    assert_eq!(school.json(&["status"])["exams"].as_array().map(Vec::len), Some(1));
    assert_eq!(gate.stop().code(), Some(0));
    let gate = school.start();
    assert!(!is_open(&gate, ada, "lesson.example"), "it is on after a restart");
    school.ok(&["lock", "end", "1", "--reason", "they are done"]);
    assert!(soon(|| is_open(&gate, ada, "lesson.example")));
}

#[test]
fn before_sign_in_a_walled_garden_is_all_there_is() {
    let more = "[[network]]\nname = \"byod\"\nranges = [\"127.0.5.0/24\"]\nunknown = \"secondary\"\nwalled_garden = [\"school.example\"]\n";
    let school = School::new(&Wish { more, ..Wish::default() });
    let gate = school.start();
    for (name, open) in [("www.school.example", true), ("www.childline.org.uk", true), ("lesson.example", false)] {
        assert_eq!(is_open(&gate, "127.0.5.1", name), open, "{name}");
        assert!(is_open(&gate, "127.0.0.1", name), "{name}");
    }
}

#[test]
fn the_register_says_who_has_access_what_is_missing_and_until_when() {
    let more = "[people]\nrequire = [\"agreement\", \"consent\"]\nagreement = \"2026\"\n\n\
                [[group]]\nname = \"guests\"\nprofile = \"guest\"\nroles = [\"visitor\", \"supply\"]\n";
    let school = School::new(&Wish { more, ..Wish::default() });
    school.import(PEOPLE);
    let missing = school.json(&["people", "list", "--missing", "--purpose", "a test"]);
    let of = |id: &str| missing.as_array().and_then(|all| all.iter().find(|r| r["id"] == id)).map(|r| r["missing"].to_string());
    assert_eq!(
        (of("p1"), of("p2").as_deref(), of("s1").as_deref()),
        (None, Some("[\"agreement\",\"consent\"]"), Some("[\"agreement\"]"))
    );
    let gate = school.start();
    assert!(is_open(&gate, "127.0.0.9", "lesson.example") && !is_open(&gate, "127.0.0.8", "lesson.example"));
    let why = school.json(&["explain", "lesson.example", "--who", "p2"]);
    assert!(why["held"].as_str().is_some_and(|held| held.ends_with("agreement, consent")), "{why}");

    let sheet = school.path("vouchers.html");
    let sheet = sheet.to_str().expect("a path");
    let made = ["people", "voucher", "--role", "supply", "--until", "today", "--count", "10", "--out", sheet];
    assert!(school.ok(&made).contains("10 slips in"));
    let html = std::fs::read_to_string(sheet).expect("the sheet");
    assert_eq!(html.matches("<section>").count(), 10);
    let visitor = |id| ["people", "add", id, "--name", "A Visitor", "--role", "visitor", "--until", "2099-01-01"];
    let short = school.ok(&visitor("v0"));
    assert!(short.contains("without agreement, which [people] requires"), "{short}");
    assert!(!school.ok(&[&visitor("v1")[..], &["--agreement", "2026"]].concat()).contains("requires"));
    // Whom no import brought, no import withdraws.
    school.import(PEOPLE);
    let list = school.json(&["people", "list", "--purpose", "a test"]);
    let list = list.as_array().expect("people");
    assert_eq!(list.len(), 3 + 10 + 2);
    assert!(list.iter().any(|r| r["id"] == "v1" && r["until"] == "2099-01-01"));
    let slips = school.ok(&["people", "password", "--form", "7B", "--purpose", "a new term"]);
    assert!(slips.contains("Ada") && slips.contains("Form 7B"), "{slips}");
    let password = slips.lines().next().and_then(|line| line.split("  ").map(str::trim).filter(|t| !t.is_empty()).nth(2));
    let register = std::fs::read(school.path("var/register.db")).expect("the register");
    let wal = std::fs::read(school.path("var/register.db-wal")).unwrap_or_default();
    let kept = [register, wal].concat();
    let holds = |text: &str| kept.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    let password = password.expect("a password");
    assert!(holds("argon2id$19456$2$") && !holds(password) && !holds(&password.replace(' ', "")), "hashed at rest");
}
