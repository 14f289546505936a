//! kill -9 before each call that writes: every command that keeps something is stopped there, by strace, and looked at afterwards.
//!
//! Always holds, wherever it was: the casebook's chain is whole; nothing was changed that is not a record of it; typed again, the
//! command does what it would have done, or says that it is done already.
//!
//! Each eighth call, and with `SCHOOLGATE_FULL=1` every one.

mod support;

use schoolgate::casebook::Casebook;
use schoolgate::ops::files::own_name;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{BINARY, School, Wish, text};

const PEOPLE: &str =
    "id,name,role,year,device,address\np1,Ada,pupil,7,LT-1,127.0.0.9\np2,Bob,pupil,8,LT-2,127.0.0.8\ns1,Mr Hopper,staff,,,\n";

const KHAN: &str = "four words that fit";

/// The calls by which a disk comes to be otherwise.
const WRITING: &str = "write,writev,pwrite64,pwritev,ftruncate,fallocate,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,\
                       link,linkat,fsync,fdatasync,chmod,fchmod,fchown";

/// What is typed: the arguments, and the lines it asks for.
struct Typed<'a>(&'a [&'a str], &'a [&'a str]);

/// One of the calls: which, and the how manieth of its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Call(String, u32);

fn strace(more: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-qq", "-e", &format!("trace={WRITING}")]).args(more).arg(BINARY);
    command
}

/// Runs a command to its end and gives the calls it makes, each eighth unless all are asked for.
fn calls(school: &School, typed: &Typed, nth: usize) -> Vec<Call> {
    let trace = school.path("trace");
    let (ended, said) = run(school, typed, strace(&["-o", trace.to_str().expect("a path")]));
    assert!(ended.success(), "{:?}: {said}", typed.0);
    // The tracer writes on for a moment.
    let (mut lines, until) = (String::new(), Instant::now() + Duration::from_secs(10));
    while !lines.contains("+++ exited with 0 +++") && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
        lines = std::fs::read_to_string(&trace).unwrap_or_default();
    }
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let (mut calls, mut seen) = (Vec::new(), BTreeSet::new());
    for line in lines.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((name, _)) = rest.trim_start().split_once('(') else { continue };
        if !WRITING.split(',').any(|known| known == name) {
            continue;
        }
        let count = counts.entry((thread, name)).or_default();
        *count += 1;
        if seen.insert((name, *count)) {
            calls.push(Call(name.to_owned(), *count));
        }
    }
    assert!(calls.len() > 10, "{:?} makes {} calls: {lines}", typed.0, calls.len());
    let step = if std::env::var_os("SCHOOLGATE_FULL").is_some() { 1 } else { 8 };
    calls.into_iter().skip(nth % step).step_by(step).collect()
}

fn run(school: &School, typed: &Typed, mut command: Command) -> (std::process::ExitStatus, String) {
    use std::io::Write;
    command.arg("--config").arg(school.path("config/schoolgate.toml")).args(typed.0);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("strace is there");
    let lines: String = typed.1.iter().map(|line| format!("{line}\n")).collect();
    let _ = child.stdin.take().expect("its input").write_all(lines.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    (output.status, text(&output.stdout) + &text(&output.stderr))
}

/// All that is kept, but for the casebook and what is made again from it or from the lists: of a database each row, of another file its
/// bytes.
fn kept(data: &Path) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(data).expect("below").display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".db") && !name.starts_with("casebook") {
                let db = rusqlite::Connection::open(&path).expect("a database");
                let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
                let mut tables = db.prepare(sql).expect("read");
                let tables: Vec<String> =
                    tables.query_map([], |row| row.get(0)).expect("read").map(|t| t.expect("a name")).collect();
                for table in tables {
                    let mut rows = db.prepare(&format!("SELECT * FROM \"{table}\"")).expect("read");
                    let columns = rows.column_count();
                    let row = |row: &rusqlite::Row| {
                        (0..columns).map(|n| row.get_ref(n).map(|v| format!("{v:?}"))).collect::<Result<Vec<_>, _>>()
                    };
                    for (n, row) in rows.query_map([], row).expect("read").enumerate() {
                        kept.insert(format!("{name} {table} {n}"), row.expect("a row").join("|"));
                    }
                }
            } else if !["casebook", "lists/", "desk.lock", "register.db-"].iter().any(|made| name.starts_with(made))
                && !name.ends_with(".lock")
            {
                kept.insert(name, text(&std::fs::read(&path).expect("read")));
            }
        }
    }
    kept
}

fn names(kept: &BTreeMap<String, String>) -> BTreeSet<&String> {
    kept.keys().collect()
}

fn records(data: &Path) -> u64 {
    let casebook = Casebook::open(data).expect("the casebook");
    let proof = casebook.verify(None).expect("read");
    assert!(proof.wrong.is_none(), "{proof:?}");
    proof.records
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp");
    assert!(done.success());
}

/// Kills the command before each of its calls, each time on the same data; then lets it come to its end.
fn killed_everywhere(school: &School, nth: usize, typed: &Typed, out: &[&str]) {
    let (data, before, after) = (school.path("var"), school.path("before"), school.path("after"));
    records(&data);
    copy(&data, &before);
    let (kept_before, records_before) = (kept(&data), records(&data));
    let forget = || out.iter().for_each(|file| drop(std::fs::remove_file(school.path(file))));
    let calls = calls(school, typed, nth);
    let kept_after = kept(&data);
    assert!(records(&data) > records_before, "{:?} is no record", typed.0);
    copy(&data, &after);
    let mut killed = 0;
    for Call(name, count) in calls {
        copy(&before, &data);
        forget();
        let at = format!("{:?} killed before {name} {count}", typed.0);
        let (ended, said) =
            run(school, typed, strace(&["-o", "/dev/null", "-e", &format!("inject={name}:signal=KILL:when={count}")]));
        killed += u32::from(ended.signal() == Some(9));
        assert!(ended.signal() == Some(9) || ended.success(), "{at}: {said}");
        let changed = kept(&data) != kept_before;
        let told = records(&data);
        assert!(told > records_before || !changed, "{at}: it was changed, and no record says so");
        forget();
        let (ended, said) = run(school, typed, Command::new(BINARY));
        assert!(ended.success() || changed, "{at}, then typed again: {said}");
        let again = kept(&data);
        // What can be done twice has left more.
        assert!(names(&kept_after).is_subset(&names(&again)), "{at}, then typed again: {said}");
        assert!(changed || names(&again) == names(&kept_after), "{at}, then typed again: {said}");
        assert!(records(&data) > records_before, "{at}, then typed again");
    }
    assert!(killed > 2, "{:?} was killed {killed} times", typed.0);
    copy(&after, &data);
}

#[test]
fn what_is_done_to_the_register_is_done_or_not_and_never_without_a_record() {
    let school = School::new(&Wish::default());
    school.write("people.csv", PEOPLE);
    let file = school.path("people.csv");
    let sheet = school.path("sheet.html");
    let sheet = sheet.to_str().expect("a path");
    for (nth, typed) in [
        &["people", "import", file.to_str().expect("a path")][..],
        &["people", "withdraw", "p1", "--reason", "left"],
        &["people", "restore", "p1", "--reason", "stays"],
        &["people", "password", "p2", "--purpose", "a phone", "--out", sheet],
        &["people", "add", "s9", "--name", "A Visitor", "--role", "visitor"],
        &["people", "voucher", "--role", "visitor", "--until", "today", "--out", sheet],
    ]
    .into_iter()
    .enumerate()
    {
        killed_everywhere(&school, nth, &Typed(typed, &[]), &["sheet.html"]);
    }
}

#[test]
fn what_is_done_to_the_filter_and_its_keys_is_done_or_not_and_never_without_a_record() {
    let school = School::new(&Wish::default());
    // The table is made, which is another matter.
    school.ok(&["allow", "first.example", "--reason", "x"]);
    let sheet = school.path("sheet.html");
    let sheet = sheet.to_str().expect("a path");
    for (nth, typed) in [
        Typed(&["allow", "quiz.example", "--reason", "a lesson"], &[]),
        Typed(&["block", "quiz.example", "--reason", "over"], &[]),
        Typed(&["ca", "init"], &[]),
        Typed(&["seal", "init", "--reader", "mrs-khan", "--out", sheet], &[KHAN]),
        Typed(&["seal", "add", "mr-rees", "--as", "mrs-khan"], &[KHAN, "another passphrase"]),
        Typed(&["desk", "add", "mrs-khan", "--role", "dsl", "--out", sheet], &[]),
        Typed(&["log", "hold", "--week", "2026-W47", "--reason", "the police asked"], &[]),
        Typed(&["log", "release", "--week", "2026-W47", "--reason", "over"], &[]),
    ]
    .iter()
    .enumerate()
    {
        killed_everywhere(&school, nth, typed, &["sheet.html"]);
    }
}

#[test]
fn what_follows_a_report_is_written_down_or_not() {
    let more = format!("[report]\ndsl = [\"{0}\"]\nict = [\"{0}\"]\n", own_name());
    let school = School::new(&Wish { more: &more, ..Wish::default() });
    school.import(PEOPLE);
    school.typed(&[KHAN], &["seal", "init", "--reader", "mrs-khan"]);
    let until = support::in_a_month();
    let incident = ["incident", "add", "--date", "2026-11-18", "--place", "school", "--category", "cyber", "--person", "p2"];
    let incident = [&incident[..], &["--description", "unkind words", "--recorded-by", "Mr Babbage", "--week", "this"]].concat();
    for (nth, typed) in [
        &incident[..],
        &["incident", "amend", "1", "--outcome", "spoken to", "--reason", "done"],
        &["report", "watch", "p2", "--until", &until, "--reason", "a worry"],
    ]
    .into_iter()
    .enumerate()
    {
        killed_everywhere(&school, nth, &Typed(typed, &[]), &[]);
    }
}

/// Killed wherever it was: there is the last good one still, or the new one whole; and what is left behind is in nobody's way.
#[test]
fn a_backup_that_is_killed_leaves_a_whole_one_or_none() {
    let school = School::new(&Wish::default());
    school.import(PEOPLE);
    school.write("words", "correct horse battery staple\n");
    let (to, words) = (school.path("backups"), school.path("words"));
    let (to, words) = (to.to_str().expect("a path").to_owned(), words.to_str().expect("a path").to_owned());
    let typed = Typed(&["backup", "--to", &to, "--passphrase-file", &words], &[]);
    let backups = || -> Vec<_> {
        let files = std::fs::read_dir(school.path("backups")).into_iter().flatten();
        files.map(|f| f.expect("an entry").path()).filter(|p| p.extension().is_some_and(|e| e == "sgbackup")).collect()
    };
    let data = school.path("var");
    copy(&data, &school.path("before"));
    for Call(name, count) in calls(&school, &typed, 3) {
        copy(&school.path("before"), &data);
        let _ = std::fs::remove_dir_all(&to);
        run(&school, &typed, strace(&["-o", "/dev/null", "-e", &format!("inject={name}:signal=KILL:when={count}")]));
        let check = |at: &str| {
            for file in backups() {
                let said = school.ok(&["restore", file.to_str().expect("a path"), "--passphrase-file", &words]);
                assert!(said.contains("all of them whole"), "{at}: {said}");
            }
        };
        check(&format!("killed before {name} {count}"));
        let (ended, said) = run(&school, &typed, Command::new(BINARY));
        assert!(ended.success(), "after {name} {count}: {said}");
        assert_eq!(backups().len(), 1);
        check("made again");
        assert!(!data.join("backup.work").exists(), "after {name} {count}");
    }
}

/// The gate is killed while it starts on a school whose keys are new and one of whose week files is broken: data keys are made, the
/// broken file is set aside, the past is read. Started again, it has all that was there.
#[test]
fn a_gate_that_is_killed_while_it_starts_loses_nothing_of_what_was_there() {
    let school = School::new(&Wish::default());
    school.import(PEOPLE);
    let gate = school.start();
    for n in 0..30 {
        gate.dig("127.0.0.9", &[&format!("before-{n}.example"), "A"]);
    }
    assert!(gate.stop().success());
    school.typed(&[KHAN], &["seal", "init", "--reader", "mrs-khan"]);
    // A file of a fortnight ago, torn.
    let then = schoolgate::gate::Clock::System.unix_ms() - 14 * 86_400_000;
    let name = schoolgate::report::IsoWeek::of(then, &jiff::tz::TimeZone::UTC).to_string();
    let week = school.path(&format!("var/journal/{name}.db"));
    let whole = std::fs::read_dir(school.path("var/journal")).expect("a folder").map(|f| f.expect("an entry").path());
    let whole = whole.into_iter().find(|p| p.extension().is_some_and(|e| e == "db")).expect("a week file");
    let mut bytes = std::fs::read(whole).expect("read");
    bytes.truncate(bytes.len() - 3000);
    bytes[8192..].fill(0x55);
    std::fs::write(&week, &bytes).expect("written");
    let data = school.path("var");
    copy(&data, &school.path("before"));
    let full = std::env::var_os("SCHOOLGATE_FULL").is_some();
    let mut killed = 0;
    for call in ["pwrite64", "fsync", "fdatasync", "rename", "ftruncate", "mkdir", "write"] {
        for count in (1..=40).step_by(if full { 1 } else { 4 }) {
            copy(&school.path("before"), &data);
            let at = format!("killed before {call} {count}");
            let log = std::fs::File::create(school.path("gate.log")).expect("a log");
            let inject = format!("inject={call}:signal=KILL:when={count}");
            let mut child = strace(&["-o", "/dev/null", "-e", &inject])
                .arg("--config")
                .arg(school.path("config/schoolgate.toml"))
                .arg("run")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .expect("strace is there");
            let until = Instant::now() + Duration::from_secs(30);
            let ended = loop {
                if let Some(status) = child.try_wait().expect("its state") {
                    break status.signal() == Some(9);
                }
                let said = school.run(&["--json", "status"]);
                if serde_json::from_slice::<Value>(&said.stdout).is_ok() || Instant::now() > until {
                    break false;
                }
            };
            let _ = child.kill();
            let _ = child.wait();
            if !ended {
                // It is up before its so manieth call of this kind.
                break;
            }
            killed += 1;
            let gate = school.start();
            gate.dig("127.0.0.9", &["after.example", "A"]);
            let log = school.log();
            let hosts: Vec<_> = log.iter().filter_map(|line| line["host"].as_str()).collect();
            for n in 0..30 {
                let host = format!("before-{n}.example");
                assert_eq!(hosts.iter().filter(|h| **h == host).count(), 1, "{at}: {host}");
            }
            assert!(hosts.contains(&"after.example"), "{at}");
            let aside = std::fs::read_dir(data.join("journal")).expect("a folder").map(|f| f.expect("an entry").path());
            let aside: Vec<_> = aside.filter(|p| p.display().to_string().contains(&name)).collect();
            let is_aside = |p: &std::path::PathBuf| std::fs::read(p).is_ok_and(|found| found == bytes);
            assert!(aside.iter().any(is_aside), "{at}: the broken file is kept as it was: {aside:?}");
            assert!(gate.stop().success());
            records(&data);
        }
    }
    assert!(killed > 10, "killed {killed} times");
}
