//! A school backed up while it runs, killed, and brought back elsewhere. The real binary.

mod support;

use serde_json::Value;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::{BINARY, School, Wish, text};

const PEOPLE: &str = "id,name,role,year,device,address\n\
    p0901,Amira Baker,pupil,9,iPad-1,127.0.9.1\n\
    p0902,Ben Carter,pupil,9,iPad-2,127.0.9.2\n";

const WORDS: &str = "correct horse battery staple";

/// A school with a week in it, and the file of its passphrase.
fn school(more: &str) -> School {
    let school = School::new(&Wish { more, ..Wish::default() });
    school.write("words", &format!("{WORDS}\n"));
    school.import(PEOPLE);
    school.ok(&["ca", "init"]);
    school
}

fn backup(school: &School) -> PathBuf {
    let (to, words) = (school.path("backups"), school.path("words"));
    let good =
        school.json(&["backup", "--to", to.to_str().expect("a path"), "--passphrase-file", words.to_str().expect("a path")]);
    PathBuf::from(good["file"].as_str().unwrap_or_else(|| panic!("{good:#}")))
}

/// Checks a backup, or brings it back; whether it was taken, and what was said.
fn restore(school: &School, file: &Path, words: &str, to: Option<&Path>) -> (bool, String) {
    let words = school.path(words);
    let mut command = Command::new(BINARY);
    command.args(["restore", file.to_str().expect("a path"), "--passphrase-file", words.to_str().expect("a path")]);
    if let Some(to) = to {
        command.args(["--to", to.to_str().expect("a path")]);
    }
    let output = command.output().expect("it runs");
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

fn week(school: &School) -> Value {
    let mut week = school.json(&["report", "week", "--week", "this", "--format", "json"]);
    // What the gate of the moment says of itself, and when it was asked.
    for now in ["made", "made_ms", "health", "look_ups", "changes"] {
        week.as_object_mut().expect("a report").remove(now);
    }
    week
}

fn last_seq(school: &School) -> u64 {
    school.log().iter().filter_map(|line| line["seq"].as_u64()).max().expect("events")
}

#[test]
fn what_was_backed_up_while_it_ran_runs_elsewhere_and_its_numbers_go_on() {
    let first = school("");
    let mut gate = first.start();
    for (from, name) in [("127.0.9.1", "www.pokerstars.com"), ("127.0.9.2", "bbc.co.uk"), ("127.0.9.1", "quiz.example")] {
        gate.dig(from, &[name, "A"]);
    }
    first.ok(&["allow", "quiz.example", "--reason", "maths"]);
    let (seq, report) = (last_seq(&first), week(&first));
    let file = backup(&first);
    assert!(first.json(&["status"])["backup"].as_str().is_some_and(|line| line.contains("sgbackup")));
    gate.dig("127.0.9.2", &["after-the-backup.example", "A"]);
    gate.child.kill().expect("killed");
    drop(gate);

    let second = School::new(&Wish::default());
    let data = second.path("var");
    let (taken, said) = restore(&first, &file, "words", Some(&data));
    assert!(taken && said.contains("Next:"), "{said}");
    for key in ["ca/authority.pem", "register.db"] {
        let mode = |school: &School| std::fs::metadata(school.path("var").join(key)).expect(key).permissions().mode() & 0o777;
        assert_eq!(mode(&first), mode(&second), "{key}");
    }
    assert!(data.join("restored/config/schoolgate.toml").exists());
    std::fs::copy(data.join("restored/config/schoolgate.toml"), second.path("as-it-was.toml")).expect("copied");
    let gate = second.start();
    assert_eq!(week(&second), report);
    let explained = second.json(&["explain", "quiz.example"]);
    assert_eq!((explained["action"].as_str(), explained["step"].as_str()), (Some("allow"), Some("own")));
    gate.dig("127.0.9.2", &["new.example", "A"]);
    let log = second.log();
    let new = log.iter().find(|line| line["host"] == "new.example").expect("the new one");
    assert!(new["seq"].as_u64().expect("a number") > seq && new["person"] == "p0902", "{new:#}");
    assert!(!log.iter().any(|line| line["host"] == "after-the-backup.example"));
    let (again, said) = restore(&first, &file, "words", Some(&data));
    assert!(!again && said.contains("is not empty"), "{said}");
}

#[test]
fn a_flipped_byte_anywhere_a_cut_and_another_passphrase_are_refused_and_nothing_is_written() {
    let school = school("");
    school.write("other", "another passphrase of four words\n");
    let file = backup(&school);
    let good = std::fs::read(&file).expect("the backup");
    let (whole, said) = restore(&school, &file, "words", None);
    assert!(whole && said.contains("all of them whole"), "{said}");
    let to = school.path("elsewhere");
    let refused = |bytes: &[u8], words: &str, what: &str| {
        let path = school.path("other.sgbackup");
        std::fs::write(&path, bytes).expect("written");
        let (taken, said) = restore(&school, &path, words, Some(&to));
        assert!(!taken && !to.exists(), "{what}: {said}");
        said
    };
    for at in [0, 9, 14, 30, 60, good.len() / 3, good.len() / 2, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        refused(&bytes, "words", &format!("byte {at}"));
    }
    refused(&good[..good.len() - 1], "words", "cut");
    refused(&[&good[..], b"x"].concat(), "words", "longer");
    refused(b"", "words", "empty");
    assert!(refused(&good, "other", "passphrase").contains("not its passphrase"));
    let plain = [&b"Amira"[..], b"PRIVATE KEY", b"pupil"];
    assert!(plain.iter().all(|word| !good.windows(word.len()).any(|w| w == *word)), "nothing of it is readable");
}

#[test]
fn a_full_disk_leaves_the_last_good_one_and_says_so() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let school = school("");
    // What cannot be packed smaller.
    let random = std::fs::File::open("/dev/urandom").and_then(|file| {
        let mut bytes = Vec::new();
        file.take(2 << 20).read_to_end(&mut bytes).map(|_| bytes)
    });
    std::fs::write(school.path("var/large"), random.expect("randomness")).expect("written");
    let good = backup(&school);
    let bytes = std::fs::metadata(&good).expect("the backup").len();
    // A disk of its own that has the good one, of yesterday, and room for half of another.
    let script = format!(
        "mount -t tmpfs -o size={} none {to} && cp {good} {to}/schoolgate-gate-t-2020-01-01.sgbackup && {BINARY} --config {config} \
         backup --to {to} --passphrase-file {words}; echo exit $?; ls {to}",
        bytes * 3 / 2,
        to = school.folder.path().join("disk").display(),
        good = school.path("kept.sgbackup").display(),
        config = school.path("config/schoolgate.toml").display(),
        words = school.path("words").display(),
    );
    std::fs::copy(&good, school.path("kept.sgbackup")).expect("kept");
    std::fs::create_dir(school.path("disk")).expect("made");
    let output = Command::new("unshare").args(["--mount", "sh", "-c", &script]).output().expect("unshare is there");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.contains("exit 1") && said.contains("cannot be written"), "{said}");
    assert!(said.contains("schoolgate-gate-t-2020-01-01.sgbackup") && !said.contains(".new"), "{said}");
}

#[test]
fn the_nightly_one_is_made_by_the_gate_the_oldest_goes_and_a_failure_is_said() {
    let school = school("[backup]\nto = \"../backups\"\npassphrase_file = \"../words\"\nkeep = 2\n");
    for old in ["2020-01-01", "2020-01-02", "2020-01-03"] {
        school.write(&format!("backups/schoolgate-gate-t-{old}.sgbackup"), "old");
    }
    school.write("backups/schoolgate-other-2020-01-01.sgbackup", "of another gate");
    let gate = school.start();
    let needs = |school: &School| school.json(&["status"])["needs_you"].to_string();
    let until = Instant::now() + Duration::from_secs(60);
    while school.json(&["status"])["backup"].is_null() {
        assert!(Instant::now() < until, "{}", school.service_log());
        std::thread::sleep(Duration::from_millis(500));
    }
    let there = std::fs::read_dir(school.path("backups")).expect("the folder");
    let mut there: Vec<_> = there.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    there.sort();
    assert_eq!(there.len(), 3, "{there:?}");
    assert!(there.contains(&"schoolgate-gate-t-2020-01-03.sgbackup".to_owned()) && there[2].contains("other"), "{there:?}");
    assert!(!needs(&school).contains("backup"), "{}", needs(&school));
    gate.stop();
    // It is said to be old, and why there is no other.
    let kept = std::fs::read_to_string(school.path("var/backup.json")).expect("written down");
    let mut state: Value = serde_json::from_str(&kept).expect("JSON");
    state["good"]["when_ms"] = 1_780_000_000_000_i64.into();
    school.write("var/backup.json", &state.to_string());
    school.write("words", "short\n");
    let _gate = school.start();
    let until = Instant::now() + Duration::from_secs(60);
    while !needs(&school).contains("a passphrase has") {
        assert!(Instant::now() < until && needs(&school).contains("backup"), "{}", needs(&school));
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(needs(&school).contains("the last good one is of 2026-05"), "{}", needs(&school));
}
