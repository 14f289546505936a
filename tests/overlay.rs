//! The school's own entries and a teacher's passes: in force at once, whatever the lists are doing, and gone when they end.

mod support;

use schoolgate::casebook::Kind;
use std::time::{Duration, Instant};
use support::{School, Wish, text};

const REASON: [&str; 2] = ["--reason", "a test"];

fn with_reason<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [words, &REASON].concat()
}

/// Whoever runs this test may agree to passes.
fn with_lead(school: &School) {
    let me = support::command("id", &["-un"]);
    let leads = format!("[school]\nleads = [\"{}\"]\n", me.trim());
    let config = school.config(&Wish::default()).replacen("[school]\n", &leads, 1);
    school.write("config/schoolgate.toml", &config);
}

#[test]
fn an_entry_does_not_touch_the_table_nor_take_in_what_else_changed_on_disk() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let blocked = |name: &str| gate.dig("127.0.0.1", &[name, "A"]).contains("NXDOMAIN");
    assert!(blocked("www.pokerstars.com") && !blocked("lesson.example"));
    // The table goes bad, then away; a list and the configuration are changed, and would be refused.
    let table = school.path("var/lists/table.sgt");
    let version = || school.json(&["status"])["policy_version"].as_u64().expect("a version");
    let first = version();
    std::fs::remove_file(&table).expect("there is a table");
    school.write("var/lists/table.sgt", "damaged");
    let whole = school.config(&Wish::default());
    school.write("config/schoolgate.toml", &whole.replace("profile = \"sixth-form\"", "profile = \"sixth-fork\""));
    let config = school.path("config/schoolgate.toml");
    // The commands read the configuration, too: they are given one that is whole, of the same gate.
    school.write("whole/schoolgate.toml", &whole);
    let whole = school.path("whole/schoolgate.toml");
    let at_gate = |words: &[&str]| {
        let output = std::process::Command::new(support::BINARY).arg("--config").arg(&whole).args(words).output().expect("runs");
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    at_gate(&with_reason(&["block", "lesson.example"]));
    assert!(blocked("lesson.example") && blocked("www.pokerstars.com"));
    at_gate(&with_reason(&["allow", "www.pokerstars.com", "--until", "2099-01-01"]));
    assert!(!blocked("www.pokerstars.com"));
    assert_eq!(std::fs::read(&table).expect("the file"), b"damaged", "nobody has mended it meanwhile");
    at_gate(&with_reason(&["entries", "remove", "2"]));
    assert!(blocked("www.pokerstars.com"));
    assert!(config.exists() && !school.service_log().contains("sixth-fork"), "{}", school.service_log());
    // A reload reads entries and all the rest.
    school.write("config/schoolgate.toml", &school.config(&Wish::default()));
    let later = version();
    assert_eq!(later, first + 3, "each change has names of its own in the log");
    gate.signal("-HUP");
    let until = Instant::now() + Duration::from_secs(20);
    while !school.service_log().contains("reloaded") {
        assert!(Instant::now() < until, "{}", school.service_log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(blocked("lesson.example") && blocked("www.pokerstars.com"));
    let log = school.log();
    let rule = log.iter().find(|e| e["host"] == "lesson.example" && e["action"] == "block").expect("the event");
    assert_eq!(rule["rule"], "block lesson.example", "{rule}");
}

#[test]
fn a_pass_opens_for_its_group_survives_a_restart_and_is_in_log_explain_status_and_report() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let name = "www.pokerstars.com";
    let open = |words: &[&str]| school.run(&with_reason(&[&["pass", "open"], words].concat()));
    for (words, said) in [
        (&["--category", "adult", "--group", "network:lab", "--minutes", "50"][..], "a pass never opens adult"),
        (&["--category", "video", "--group", "pupils"], "no bell goes after this"),
        (&["--category", "video", "--who", "p99", "--minutes", "50"], "nobody in the register has the id 'p99'"),
        (&["https://www.nobody.example/watch", "--who", "p99", "--minutes", "5"], "nobody in the register"),
        (&["--category", "platform", "--group", "network:lab", "--minutes", "50"], "same for everyone"),
        (&["--category", "gamblng", "--group", "network:lab", "--minutes", "50"], "did you mean gambling?"),
        (&["--category", "video", "--group", "pupls", "--minutes", "50"], "did you mean pupils?"),
        (&["--category", "video", "--group", "pupils", "--minutes", "481"], "at most 8 hours"),
        (&["--category", "video", "--group", "pupils", "--minutes", "0"], "over already"),
    ] {
        let refused = open(words);
        assert_eq!(refused.status.code(), Some(1), "{words:?}");
        assert!(text(&refused.stderr).contains(said), "{words:?}: {}", text(&refused.stderr));
    }
    assert_eq!(open(&["--group", "pupils", "--minutes", "5"]).status.code(), Some(2), "it says what it opens");
    school.ok(&with_reason(&["pass", "open", "--category", "gambling", "--group", "sixth-form", "--minutes", "50"]));
    let waits = with_reason(&["pass", "open", "pokerstars.com", "--group", "network:lab", "--minutes", "50"]);
    assert!(school.ok(&waits).contains("must agree: `schoolgate pass agree 2`"));
    assert!(gate.dig("127.0.0.1", &[name, "A"]).contains("NXDOMAIN"), "nobody has agreed yet");
    let refused = school.run(&["pass", "agree", "2"]);
    assert!(text(&refused.stderr).contains("is not among those who agree to this"), "{}", text(&refused.stderr));
    with_lead(&school);
    gate.signal("-HUP");
    let until = Instant::now() + Duration::from_secs(20);
    while !school.service_log().contains("reloaded") {
        assert!(Instant::now() < until, "{}", school.service_log());
        std::thread::sleep(Duration::from_millis(50));
    }
    school.ok(&["pass", "agree", "1"]);
    assert!(gate.dig("127.0.0.1", &[name, "A"]).contains("NXDOMAIN"), "it is for another group");
    assert!(school.ok(&["pass", "agree", "2"]).contains("agreed"));
    assert_eq!(school.run(&["pass", "agree", "2"]).status.code(), Some(1), "once");
    assert!(gate.dig("127.0.0.1", &[name, "A"]).contains("NOERROR"));
    let why = school.json(&["explain", name]);
    assert_eq!((why["action"].as_str(), why["step"].as_str()), (Some("allow"), Some("pass")), "{why}");
    let because = why["because"].as_str().expect("a sentence");
    assert!(
        because.starts_with("pass 2 opens pokerstars.com for network:lab until 20") && because.contains("a test"),
        "{because}"
    );
    assert!(why["to_change"].as_str().expect("a command").starts_with("schoolgate pass revoke 2"), "{why}");
    assert_eq!(school.json(&["status"])["passes"].as_array().map(Vec::len), Some(2));
    assert_eq!(gate.stop().code(), Some(0));

    let gate = school.start();
    assert!(gate.dig("127.0.0.1", &[name, "A"]).contains("NOERROR"), "it is in force after a restart");
    assert_eq!(school.json(&["pass", "list"]).as_array().map(Vec::len), Some(2));
    school.ok(&with_reason(&["pass", "revoke", "2"]));
    assert!(gate.dig("127.0.0.1", &[name, "A"]).contains("NXDOMAIN"));
    assert_eq!(school.run(&with_reason(&["pass", "revoke", "2"])).status.code(), Some(1), "it has ended");
    let opened: Vec<_> = school.log().into_iter().filter(|e| e["pass"] == 2).collect();
    assert!(opened.iter().all(|e| e["action"] == "allow" && e["step"] == "pass"), "{opened:?}");
    assert_eq!(opened.len(), 2);
    let changes = school.records(Kind::Change).join("\n");
    assert!(changes.contains("open: pokerstars.com for network:lab until"), "{changes}");
    assert!(changes.contains("agree: pokerstars.com for network:lab until"), "{changes}");
    assert!(changes.contains("take back: open pokerstars.com for network:lab"), "{changes}");
}

#[test]
fn a_pass_made_without_a_gate_is_open_when_one_starts_and_ends_by_itself() {
    let school = School::new(&Wish::default());
    with_lead(&school);
    let open = ["pass", "open", "--category", "gambling", "--group", "network:lab", "--minutes", "60"];
    assert!(school.ok(&with_reason(&open)).contains("no gate is running"));
    // As if it had been opened a while ago: it ends in some seconds.
    let path = school.path("var/passes.json");
    let mut kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("the passes")).expect("JSON");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis() as u64;
    kept["passes"][0]["from_ms"] = (now - 60_000).into();
    kept["passes"][0]["until_ms"] = (now + 6_000).into();
    std::fs::write(&path, kept.to_string()).expect("written");
    let gate = school.start();
    let open = || gate.dig("127.0.0.1", &["www.pokerstars.com", "A"]).contains("NOERROR");
    assert!(open());
    let until = Instant::now() + Duration::from_secs(20);
    while open() {
        assert!(Instant::now() < until, "it did not end");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(school.ok(&["pass", "list"]).contains("no pass is open"));
}

#[test]
fn the_exceptions_of_another_filter_are_taken_over_as_one_change() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let csv = "Address;Action;Reason\r\nhttps://www.pokerstars.com/;allow;a maths lesson\r\nquiz.example;block;\r\n";
    school.write("old.csv", csv);
    let path = school.path("old.csv");
    let path = path.to_str().expect("a path");
    let blocked = |name: &str| gate.dig("127.0.0.1", &[name, "A"]).contains("NXDOMAIN");
    let tried = school.ok(&["lists", "import", "--own", path, "--dry-run"]);
    assert!(
        tried.contains("2 would be added") && tried.contains("dry run") && tried.contains("taken as www.pokerstars.com"),
        "{tried}"
    );
    assert!(blocked("www.pokerstars.com"), "a dry run changes nothing");
    let said = school.ok(&["lists", "import", "--own", path]);
    assert!(said.contains("2 entries are in force now"), "{said}");
    assert!(!blocked("www.pokerstars.com") && blocked("quiz.example"));
    let entries = school.json(&["entries", "list"]);
    assert_eq!(entries[0]["reason"], "imported from old.csv: a maths lesson", "{entries}");
    assert!(entries[1]["by"].is_string() && entries[1]["made_ms"].is_number(), "{entries}");
    // Again: it is there already. One bad line refuses all, unless it is to be left out.
    assert!(school.ok(&["lists", "import", "--own", path]).contains("entry 1 says so already"));
    school.write("old.csv", &format!("{csv}new.example;allow;\nvideo.example/watch;allow;\nquiz.example;allow;\nco.uk;allow;\n"));
    let refused = school.run(&["lists", "import", "--own", path]);
    let said = text(&refused.stdout);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    for part in [
        "line 5: 'video.example/watch' is one page",
        "line 6: quiz.example: entry 2 says to block it",
        "line 7: ",
        "nothing was changed",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    assert_eq!(school.json(&["entries", "list"]).as_array().map(Vec::len), Some(2));
    school.ok(&["lists", "import", "--own", path, "--skip-bad"]);
    assert_eq!(school.json(&["entries", "list"]).as_array().map(Vec::len), Some(3));
    let changes = school.records(Kind::Change).join("\n");
    assert!(changes.lines().count() == 2 && changes.contains("2 entries from old.csv: 1 allow, 1 block"), "{changes}");
    drop(gate);
    // Without a gate it is in the file.
    school.write("more.csv", "late.example,block,\n");
    let more = school.path("more.csv");
    assert!(school.ok(&["lists", "import", "--own", more.to_str().expect("a path")]).contains("no gate is running"));
    assert_eq!(school.json(&["entries", "list"]).as_array().map(Vec::len), Some(4));
}

#[test]
fn a_network_that_is_switched_off_lets_through_says_so_and_is_on_again_by_word_or_by_restart() {
    let school = School::new(&Wish::default());
    let without_a_gate = school.run(&with_reason(&["off", "--network", "lab", "--minutes", "5"]));
    assert!(text(&without_a_gate.stderr).contains("no gate is running"), "{}", text(&without_a_gate.stderr));
    let gate = school.start();
    let blocked = || gate.dig("127.0.0.1", &["www.pokerstars.com", "A"]).contains("NXDOMAIN");
    assert!(blocked());
    let said = school.ok(&with_reason(&["off", "--network", "lab", "--minutes", "5"]));
    assert!(said.contains("network lab is OFF until") && said.contains("schoolgate on"), "{said}");
    assert!(!blocked());
    let status = school.json(&["status"]);
    let needs = status["needs_you"].to_string();
    assert!(needs.contains("network lab is OFF until") && needs.contains("a test"), "{needs}");
    school.ok(&["on"]);
    assert!(blocked());
    school.ok(&with_reason(&["off", "--network", "lab", "--minutes", "5"]));
    assert!(!blocked());
    gate.signal("-HUP");
    let until = Instant::now() + Duration::from_secs(20);
    while !school.service_log().contains("reloaded") {
        assert!(Instant::now() < until, "{}", school.service_log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!blocked(), "a reload is no end of it");
    assert_eq!(gate.stop().code(), Some(0));
    let gate = school.start();
    assert!(gate.dig("127.0.0.1", &["www.pokerstars.com", "A"]).contains("NXDOMAIN"), "a restart is");
    let would = school.log().into_iter().filter(|e| e["host"] == "www.pokerstars.com" && e["action"] == "would-block").count();
    assert!(would >= 1, "what was let through is in the log");
}
