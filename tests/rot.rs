//! A card that goes bad: under a running gate the table before takes over, and the right one is made again; at a start too. And
//! the filter, which is held in memory.

mod support;

use nix::fcntl::{Flock, FlockArg};
use schoolgate::app::Running;
use schoolgate::gate::Clock;
use schoolgate::ops::tables::walk;
use serde_json::Value;
use std::fs::File;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::{BINARY, Gate, School, Wish, talk, text};

const TABLE: &str = "var/lists/table.sgt";
const PREVIOUS: &str = "var/lists/table.previous.sgt";
const DAMAGED: &str = "var/lists/table.damaged.sgt";
/// A folder where a table would be written: then none can be made.
const IN_THE_WAY: &str = "var/lists/table.sgt.new/something";

/// A school that has a table and another from before: `new.example` is on the new one only.
fn with_two_tables() -> School {
    let names: String = (0..20_000).map(|n| format!("n{n}.play.example\n")).collect();
    let list = "[[list]]\nname = \"county/games\"\ncategory = \"games\"\nfile = \"games.txt\"\n";
    let school = School::new(&Wish { more: list, ..Wish::default() });
    school.write("config/games.txt", &names);
    school.ok(&["lists", "compile"]);
    school.write("config/games.txt", &(names + "new.example\n"));
    school.ok(&["lists", "compile"]);
    assert!(school.path(PREVIOUS).exists());
    school
}

/// The gate in this process, which reads its table's file again all the time.
fn start(school: &School) -> (Running, SocketAddr, SocketAddr) {
    let path = school.path("config/schoolgate.toml");
    let config = schoolgate::reload::read_config(Some(&path)).expect("no fault");
    let timing = walk::Timing { every: Duration::from_millis(50), pause: Duration::ZERO, again: Duration::from_millis(10) };
    let app = schoolgate::app::build(config, Some(path), Clock::System).expect("it starts").with_walk(timing);
    let (dns, web) = (app.doors().dns[0], app.doors().web[0]);
    (app.start().expect("it answers"), dns, web)
}

/// Another byte in the middle, in the same file: the running gate's map has it too.
fn spoil(path: &Path) {
    let file = File::options().read(true).write(true).open(path).expect("a table");
    let middle = file.metadata().expect("its length").len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, middle).expect("a byte");
    file.write_all_at(&[byte[0] ^ 0x10], middle).expect("written");
}

fn wait_for(what: &str, school: &School, is_so: impl Fn() -> bool) {
    // A walk and its compile take only what others leave, and on a machine that runs many tests that is little.
    let until = Instant::now() + Duration::from_secs(180);
    while !is_so() {
        assert!(Instant::now() < until, "{what}: {}", text(&school.run(&["status"]).stdout));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The alarm of `status`, whose exit code then is 1.
fn alarm(school: &School) -> Option<String> {
    let output = school.run(&["--json", "status"]);
    let status: Value = serde_json::from_slice(&output.stdout).expect("a status");
    let needs: Vec<String> = serde_json::from_value(status["needs_you"].clone()).expect("texts");
    let alarm = needs.into_iter().find(|line| line.contains("the table of lists was"));
    assert!(alarm.is_none() || output.status.code() == Some(1));
    alarm
}

/// The response code of the answer to a name's question.
fn asked(dns: SocketAddr, name: &str) -> Option<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    let mut query = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(label.len() as u8);
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, 1, 0, 1]);
    socket.send_to(&query, dns).expect("sent");
    let mut answer = [0; 1500];
    socket.recv(&mut answer).ok().map(|_| answer[3] & 0x0f)
}

const NXDOMAIN: Option<u8> = Some(3);
const NOERROR: Option<u8> = Some(0);

#[test]
fn a_table_that_rots_gives_way_to_the_one_before_and_is_made_again() {
    let school = with_two_tables();
    let whole = std::fs::read(school.path(TABLE)).expect("a table");
    let (running, dns, web) = start(&school);
    let generation = || running.gate.snapshot().table.generation();
    let right = generation();
    assert_eq!((asked(dns, "new.example"), alarm(&school)), (NXDOMAIN, None));

    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let client = std::thread::spawn(move || {
        let (mut sent, mut unanswered) = (0, 0);
        while !stopped.load(Ordering::Relaxed) {
            unanswered += u32::from(asked(dns, "on-no-list.example").is_none());
            sent += 1;
        }
        (sent, unanswered)
    });

    // While this is held no table can be made, so the one before stays to be looked at.
    let lock = File::options().write(true).open(school.path("var/lists/lock")).expect("a lock");
    let lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, e)| e).expect("held");
    spoil(&school.path(TABLE));
    wait_for("the table before is in force", &school, || generation() != right);
    let said = alarm(&school).expect("an alarm");
    assert!(said.contains("the one before is in force until it is made again") && said.contains("damaged near byte"), "{said}");
    let metrics = || talk(web, format!("GET /metrics HTTP/1.1\r\nHost: {web}\r\nConnection: close\r\n\r\n").as_bytes());
    assert!(metrics().contains("schoolgate_table_damaged 1\n"), "{}", metrics());
    assert_eq!((asked(dns, "new.example"), asked(dns, "n7.play.example")), (NOERROR, NXDOMAIN));

    drop(lock);
    wait_for("the right table is in force", &school, || generation() == right);
    assert_eq!(alarm(&school), None);
    assert!(metrics().contains("schoolgate_table_damaged 0\n"));
    assert_eq!(asked(dns, "new.example"), NXDOMAIN);
    assert!(std::fs::read(school.path(TABLE)).expect("a table") == whole, "the same lists give the same bytes");
    let aside = std::fs::read(school.path(DAMAGED)).expect("it was set aside");
    assert_eq!(aside.iter().zip(&whole).filter(|(is, was)| is != was).count(), 1);

    stop.store(true, Ordering::Relaxed);
    let (sent, unanswered) = client.join().expect("it ends");
    assert!(sent > 0 && unanswered == 0, "{unanswered} of {sent}");
    running.stop();
}

#[test]
fn with_no_other_table_the_damaged_one_stays_and_says_so_until_one_can_be_made() {
    let school = with_two_tables();
    let (running, dns, _) = start(&school);
    let generation = || running.gate.snapshot().table.generation();
    let right = generation();
    school.write(IN_THE_WAY, "");
    spoil(&school.path(PREVIOUS));
    spoil(&school.path(TABLE));
    wait_for("it says so", &school, || alarm(&school).is_some_and(|said| said.contains("cannot be made again")));
    let said = alarm(&school).expect("an alarm");
    assert!(said.contains("the last that could be had stays in force") && said.contains("table.sgt.new"), "{said}");
    assert_eq!((generation(), asked(dns, "on-no-list.example")), (right, NOERROR));
    std::fs::remove_dir_all(school.path(IN_THE_WAY).parent().expect("a folder")).expect("removed");
    wait_for("it is made again", &school, || alarm(&school).is_none());
    assert_eq!((generation(), asked(dns, "new.example")), (right, NXDOMAIN));
    running.stop();
}

#[test]
fn a_start_that_finds_its_table_damaged_makes_it_again_or_takes_the_one_before() {
    let school = with_two_tables();
    let whole = std::fs::read(school.path(TABLE)).expect("a table");
    spoil(&school.path(TABLE));
    let gate = school.start();
    let log = school.service_log();
    assert!(log.contains("THE TABLE OF LISTS WAS DAMAGED") && log.contains("damaged near byte"), "{log}");
    assert!(std::fs::read(school.path(TABLE)).expect("a table") == whole && school.path(DAMAGED).exists());
    drop(gate);

    spoil(&school.path(TABLE));
    school.write(IN_THE_WAY, "");
    let (running, dns, _) = start(&school);
    assert_eq!((asked(dns, "new.example"), asked(dns, "n7.play.example")), (NOERROR, NXDOMAIN));
    wait_for("it says so", &school, || alarm(&school).is_some());
    std::fs::remove_dir_all(school.path(IN_THE_WAY).parent().expect("a folder")).expect("removed");
    wait_for("it is made again", &school, || alarm(&school).is_none());
    assert_eq!(asked(dns, "new.example"), NXDOMAIN);
    running.stop();
}

fn locked_kib(gate: &Gate) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gate.child.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn the_filter_is_held_in_memory_or_the_gate_says_why_not_and_answers_all_the_same() {
    let school = with_two_tables();
    let gate = school.start();
    let said = school.json(&["status"])["filter"].as_str().expect("a line").to_owned();
    let kib: u64 = said.strip_suffix(" KiB held in memory").and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{said}"));
    // Two bytes a name and some, of 20,001 names; and a page at either end.
    assert!((40..80).contains(&kib) && (kib..kib + 12).contains(&locked_kib(&gate)), "{said}, {} KiB", locked_kib(&gate));
    gate.signal("-HUP");
    wait_for("it is reloaded", &school, || school.service_log().contains("reloaded"));
    wait_for("the old table's is let go", &school, || locked_kib(&gate) < kib + 12);
    drop(gate);

    // Root may lock what it likes unless that is taken from it.
    let root = nix::unistd::geteuid().is_root();
    let taken = ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"];
    let words = [if root { &taken[..] } else { &[] }, &["prlimit", "--memlock=0:0", BINARY, "--config"]].concat();
    let log = File::options().create(true).append(true).open(school.path("refused.log")).expect("a log");
    let child = Command::new(words[0])
        .args(&words[1..])
        .arg(school.path("config/schoolgate.toml"))
        .arg("run")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("setpriv and prlimit are util-linux's");
    let gate = Gate { school: &school, child, dns: vec![], proxy: vec![], web: vec![] };
    wait_for("it answers", &school, || !school.run(&["--json", "status"]).stdout.is_empty());
    let said = school.json(&["status"])["filter"].as_str().expect("a line").to_owned();
    assert!(said.starts_with("NOT HELD") && said.contains("LimitMEMLOCK") && said.contains("ulimit -l"), "{said}");
    assert_eq!(locked_kib(&gate), 0);
    let log = std::fs::read_to_string(school.path("refused.log")).expect("a log");
    assert_eq!(log.matches("not held in memory").count(), 1, "{log}");
}
