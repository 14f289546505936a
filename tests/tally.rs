//! What clients count of their own answers is what the log has and what the report sums: over a kill, and over a disk that cannot be
//! written for a while. Through the real doors.

#[path = "support/questions.rs"]
mod questions;
mod support;

use questions::{question, socket};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::{Gate, School, Wish, talk_from, text};

const CLIENTS: u8 = 4;

/// What `status` says while a disk cannot be written.
const STALLED: &str = "the journal cannot be written";

/// What each client has had answered, of names and of pages.
#[derive(Default)]
struct Tally {
    names: AtomicU64,
    pages: AtomicU64,
}

fn address(client: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 9, client as u8 + 1)
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Every client asks, one thing after the other, until it is told to stop or nobody answers; `meanwhile` runs beside them.
fn ask(gate: &mut Gate, tallies: &[Tally], meanwhile: impl FnOnce(&mut Gate)) {
    let door = *gate.dns.iter().find(|door| door.is_ipv4()).expect("a v4 door");
    let (proxy, origin) = (gate.proxy[0], gate.school.internet.origin.port());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (client, tally) in tallies.iter().enumerate() {
            let stop = &stop;
            scope.spawn(move || {
                let socket = socket(address(client), door);
                let mut answer = [0; 1500];
                for n in 0_u64.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    // Of three, two ask again for what was asked a moment ago: they share a row.
                    let query = question(n as u16, &format!("n{}.school.example", n / 3));
                    if socket.send(&query).is_err() || socket.recv(&mut answer).is_err() {
                        return;
                    }
                    tally.names.fetch_add(1, Ordering::Relaxed);
                    if n % 10 == 0 {
                        let host = format!("page{n}.example:{origin}");
                        let request = format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
                        let from = SocketAddr::new(address(client).into(), 0);
                        let Ok(said) = std::panic::catch_unwind(|| talk_from(from, proxy, request.as_bytes())) else { return };
                        if !said.starts_with("HTTP/1.1 200") {
                            return;
                        }
                        tally.pages.fetch_add(1, Ordering::Relaxed);
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
            });
        }
        // Also when it panics: nobody waits for clients that go on.
        let _stop = Stop(&stop);
        meanwhile(gate);
    });
}

/// Every write of the gate to a disk fails with this, from now on until it is dropped.
struct Failing(Child);

impl Failing {
    fn with(gate: &Gate, error: &str) -> Self {
        let writing = "pwrite64,ftruncate,fallocate,rename,renameat,renameat2,mkdir,mkdirat,fsync,fdatasync,unlink";
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={writing}")]);
        command.args(["-e", &format!("inject={writing}:error={error}"), "-p", &gate.child.id().to_string()]);
        let tracer = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let failing = Self(tracer.expect("strace is needed (tests/run installs it)"));
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let state = std::fs::read_to_string(format!("/proc/{}/status", gate.child.id())).expect("its state");
            if state.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0")) {
                return failing;
            }
            assert!(Instant::now() < until, "strace does not hold the gate");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        // It lets go of the gate when it is asked to end, and not when it is killed.
        support::command("kill", &["-INT", &self.0.id().to_string()]);
        let _ = self.0.wait();
    }
}

fn needs_you(school: &School, what: &str) -> bool {
    let said = school.run(&["status"]);
    text(&said.stdout).contains(what)
}

#[test]
fn what_clients_counted_is_what_the_log_and_the_report_have() {
    let school = School::new(&Wish::default());
    let tallies: Vec<Tally> = (0..CLIENTS).map(|_| Tally::default()).collect();
    let mut gate = school.start();
    ask(&mut gate, &tallies, |gate| {
        std::thread::sleep(Duration::from_secs(2));
        gate.child.kill().expect("killed");
    });
    drop(gate);
    let mut gate = school.start();
    for error in ["EROFS", "ENOSPC", "EIO"] {
        ask(&mut gate, &tallies, |gate| {
            std::thread::sleep(Duration::from_millis(500));
            let failing = Failing::with(gate, error);
            let until = Instant::now() + Duration::from_secs(15);
            while !needs_you(gate.school, STALLED) {
                assert!(Instant::now() < until, "{error}: status says nothing of it");
            }
            std::thread::sleep(Duration::from_secs(1));
            drop(failing);
            let until = Instant::now() + Duration::from_secs(15);
            while needs_you(gate.school, STALLED) {
                assert!(Instant::now() < until, "{error}: it does not heal");
            }
        });
    }
    assert_eq!(school.json(&["status"])["events_dropped"].as_u64(), Some(0), "what waits has room in the rings");
    let log = school.log();
    let (mut answered, mut logged) = (0, 0);
    for (client, tally) in tallies.iter().enumerate() {
        let of = log.iter().filter(|line| line["client"] == address(client).to_string());
        let in_log: u64 = of.map(|line| line["count"].as_u64().expect("a count")).sum();
        let counted = tally.names.load(Ordering::Relaxed) + tally.pages.load(Ordering::Relaxed);
        assert!(counted > 300, "client {client} had {counted} answers");
        // What was asked and not answered when the gate was killed: one name or one page.
        assert!((counted..=counted + 1).contains(&in_log), "client {client} counted {counted}, the log {in_log}");
        (answered, logged) = (answered + counted, logged + in_log);
    }
    println!("{answered} answers counted, {logged} in the log");
    assert_eq!(log.iter().map(|line| line["count"].as_u64().expect("a count")).sum::<u64>(), logged, "and nobody else's");
    let weeks = school.json(&["log", "verify"]);
    assert!(weeks["journal"]["wrong"].as_array().is_some_and(Vec::is_empty), "{weeks}");
    let report = school.json(&["report", "week", "--week", "this", "--format", "json"]);
    assert_eq!(report["totals"]["events"].as_u64(), Some(logged), "{}", report["totals"]);
}

/// A disk of the school's own, for as long as this lives.
struct Disk<'a>(&'a School);

impl<'a> Disk<'a> {
    fn of(school: &'a School, megabytes: u32) -> Option<Self> {
        let data = school.path("var");
        std::fs::create_dir_all(&data).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(&data);
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("NOT RUN: a disk of its own needs root");
        }
        mounted.then_some(Self(school))
    }

    /// Fills it until so many kB are free.
    fn leave(&self, kilobytes: u64) {
        let disk = nix::sys::statvfs::statvfs(&self.0.path("var")).expect("a disk");
        let free = disk.blocks_available() * disk.fragment_size();
        let ballast = free.saturating_sub(kilobytes << 10) as usize;
        std::fs::write(self.0.path("var/ballast"), vec![1; ballast]).expect("written");
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path("var")).status();
    }
}

#[test]
fn on_a_disk_that_is_all_but_full_status_and_report_say_what_is_kept_and_every_answer_counts() {
    let school = School::new(&Wish::default());
    let Some(disk) = Disk::of(&school, 256) else { return };
    // The rings lie in memory, as under systemd: what they give back at the end is no room.
    std::fs::create_dir(school.path("run")).expect("a folder");
    std::os::unix::fs::symlink(school.path("run"), school.path("var/run")).expect("a link");
    let tallies: Vec<Tally> = (0..CLIENTS).map(|_| Tally::default()).collect();
    let mut gate = school.start();
    let is_so = |what: &str, so: bool| {
        let until = Instant::now() + Duration::from_secs(20);
        while needs_you(&school, what) != so {
            assert!(Instant::now() < until, "'{what}' is not {so}: {}", text(&school.run(&["status"]).stdout));
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    ask(&mut gate, &tallies, |_| {
        std::thread::sleep(Duration::from_millis(500));
        disk.leave(2 << 10);
        is_so("the disk is ALL BUT FULL", true);
        std::thread::sleep(Duration::from_secs(2));
    });
    // What lies in segments until then is written to its week as there is room.
    assert!(gate.stop().success());
    std::fs::remove_file(school.path("var/ballast")).expect("removed");
    let gate = school.start();
    is_so("the disk is ALL BUT FULL", false);
    is_so("the disk is nearly full", false);
    gate.dig("127.0.9.1", &["after.example", "A"]);
    tallies[0].names.fetch_add(1, Ordering::Relaxed);
    let answered: u64 = tallies.iter().map(|t| t.names.load(Ordering::Relaxed) + t.pages.load(Ordering::Relaxed)).sum();
    let log = school.log();
    let rows: u64 = log.iter().map(|line| line["count"].as_u64().expect("a count")).sum();
    let report = school.json(&["report", "week", "--week", "this", "--format", "json"]);
    assert_eq!(report["totals"]["events"].as_u64(), Some(answered), "{}", report["totals"]);
    assert!(rows < answered, "{rows} of {answered} are rows: {}", school.service_log());
    let said = school.ok(&["report", "week", "--week", "this", "--edition", "it"]);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("NEARLY FULL") && said.contains("allowed visits are counted and not written down one by one"),
        "{said}"
    );
}
