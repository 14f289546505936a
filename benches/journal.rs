//! What the journal costs: `cargo bench --bench journal`, `-- --quick` for a fiftieth of it.
//!
//! First what its writer takes of the processor for one event, from ring to segment and from segment to week file. Then a real gate
//! on one core, asked over DNS; 120 events a second in real time, and what goes to the disk for them; a week of ten million events
//! (see `journal/mix.rs`), its size, its report and a search; and beside it the same events plainly in SQLite and PostgreSQL 15.
//! Ends with `figure NAME VALUE UNIT`. `--only a,b` does some of: writer, doors, rate, week, plain. `--keep DIR` leaves the week there,
//! and takes it from there if it is.

#[path = "journal/doors.rs"]
mod doors;
#[path = "support/gate.rs"]
mod gate;
#[path = "journal/mix.rs"]
mod mix;
#[path = "journal/plain.rs"]
mod plain;
#[path = "journal/week.rs"]
mod week;

use schoolgate::journal::{Door, Event, Journal, Settings};
use schoolgate::policy::{Act, Action, ProfileId, Step, Verdict};
use schoolgate::words::{ClientAddr, Confidence, GroupId, Groups, Known, NetworkId, Who};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Fewer than a ring holds, so that none is lost.
const BURST: u64 = 20_000;
const BURSTS: u64 = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let number = |at: usize| arguments.get(at).and_then(|n| n.parse().ok()).expect("a number");
    match (arguments.first().map(String::as_str), arguments.get(1).map(Path::new)) {
        (Some("--fill"), Some(dir)) => week::fill(dir, number(2)),
        (Some("--rate"), Some(dir)) => week::rate(dir, number(2)),
        (Some("--report"), Some(dir)) => week::report(dir),
        (Some("--search"), Some(dir)) => week::search(dir),
        _ => all(&arguments),
    }
}

fn all(arguments: &[String]) {
    let quick = arguments.iter().any(|a| a == "--quick");
    let after = |flag: &str| arguments.iter().position(|a| a == flag).and_then(|at| arguments.get(at + 1));
    let only = |what: &str| after("--only").is_none_or(|only| only.split(',').any(|one| one == what));
    let (events, seconds) = if quick { (200_000, 30) } else { (10_000_000, 300) };
    if only("writer") {
        writer();
    }
    let doors = only("doors").then(|| doors::run(Duration::from_secs(if quick { 5 } else { 20 })));
    let card = only("rate").then(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let [events, bytes] = of_child("--rate", folder.path(), seconds);
        println!(
            "{events} events at 120 a second in real time: {:.1} MB written, the last commit and the close among them",
            bytes / 1e6
        );
        bytes / 1e6 / events * 1e5
    });
    let week = only("week").then(|| whole_week(after("--keep").map(PathBuf::from), events));
    let plain = only("plain").then(|| (plain::sqlite(events), plain::postgres(events)));
    if let Some((sqlite, postgres)) = plain {
        sqlite.figures("sqlite");
        postgres.iter().for_each(|plain| plain.figures("postgres"));
    }
    if let Some(doors) = doors {
        println!("figure events_s {:.0} events/s", doors.events_s);
        println!("figure dropped {} events", doors.dropped);
    }
    if let Some(card) = card {
        println!("figure card_mb_per_100k {card:.1} MB");
    }
    for (name, value, unit) in week.iter().flatten() {
        println!("figure {name} {value:.1} {unit}");
    }
}

/// Fills a week and asks it.
fn whole_week(keep: Option<PathBuf>, events: u64) -> Vec<(&'static str, f64, &'static str)> {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = keep.unwrap_or_else(|| folder.path().join("journal"));
    let mut figures = Vec::new();
    if !dir.join("segments").exists() {
        let [seconds, _] = of_child("--fill", &dir, events);
        figures.push(("week_rows_s", events as f64 / seconds, "events/s"));
    }
    let (events, rows) = week::count(&dir);
    let size = week::size(&dir) as f64;
    println!("{events} events in {rows} rows, {:.0} MB", size / 1e6);
    figures.push(("bytes_per_event", size / events as f64, "bytes"));
    figures.push(("bytes_per_row", size / rows as f64, "bytes"));
    let [seconds, mb, _] = of_child("--report", &dir, 0);
    figures.extend([("report_s", seconds, "s"), ("report_mb", mb, "MB")]);
    let [ms, found] = of_child("--search", &dir, 0);
    println!("a search finds {found} rows of one person");
    figures.push(("search_ms", ms, "ms"));
    figures
}

/// Runs a part of this bench in a process of its own: what it prints.
fn of_child<const N: usize>(what: &str, dir: &Path, number: u64) -> [f64; N] {
    let me = std::env::current_exe().expect("this bench");
    let said = Command::new(me)
        .arg(what)
        .arg(dir)
        .arg(number.to_string())
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("it runs");
    assert!(said.status.success(), "{what}");
    let said = String::from_utf8(said.stdout).expect("text");
    let numbers: Vec<f64> = said.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    numbers.try_into().expect("as many as asked for")
}

/// What the thread `journal` takes of the processor, as the kernel counts it.
fn writer() {
    // Everybody asks for something else each time; ten names in turn by two hundred clients, as in a lesson.
    for (what, clients, names) in [("unlike", 1_000, 400_000), ("alike", 200, 10)] {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings::new(folder.path().join("journal"), folder.path().join("run"), jiff::tz::TimeZone::UTC);
        let journal = Journal::start(settings).expect("a journal");
        journal.enrol();
        let begun = Instant::now();
        let (mut noting, mut draining) = (Duration::ZERO, Duration::ZERO);
        let hosts: Vec<String> = (0..names).map(|n| format!("www.name-{n}.example")).collect();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("since 1970").as_millis() as i64;
        for burst in 0..BURSTS {
            let before = writer_cpu();
            let from = Instant::now();
            for n in burst * BURST..(burst + 1) * BURST {
                let ms = now + begun.elapsed().as_millis() as i64;
                journal.note(&event(ms, (n / names % clients) as u32, &hosts[(n % names) as usize]));
            }
            noting += from.elapsed();
            while journal.tally().written + journal.tally().dropped < (burst + 1) * BURST {
                std::thread::sleep(Duration::from_millis(5));
            }
            draining += writer_cpu() - before;
        }
        let before = writer_cpu();
        let from = Instant::now();
        assert!(journal.settle());
        let (booking, waited) = (writer_cpu() - before, from.elapsed());
        let tally = journal.tally();
        assert_eq!(tally.dropped, 0);
        let events = (BURST * BURSTS) as f64;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / events;
        let bytes: u64 = std::fs::read_dir(folder.path().join("journal"))
            .expect("a folder")
            .filter_map(|e| e.ok()?.metadata().ok().filter(|m| m.is_file()).map(|m| m.len()))
            .sum();
        println!("{what}: settled in {waited:?}, {:.0} bytes an event in the week file", bytes as f64 / events);
        println!("figure journal_note_{what} {:.2} us", each(noting));
        println!("figure journal_segment_{what} {:.2} us", each(draining));
        println!("figure journal_week_{what} {:.2} us", each(booking));
    }
}

fn event(when_ms: i64, client: u32, host: &str) -> Event<'_> {
    Event {
        when_ms,
        boot_ms: 5_000,
        door: Door::Dns,
        who: Some(Who {
            client: ClientAddr::new(std::net::Ipv4Addr::from_bits(0x0a14_0000 | client).into()),
            network: NetworkId(0),
            device: None,
            person: None,
            groups: Groups::one(GroupId(3)),
            known: Known::Network,
            sure: Confidence::Group,
            since: None,
            mac: None,
        }),
        host: host.into(),
        query_type: 1,
        bytes_up: 45,
        bytes_down: 90,
        policy_version: 1,
        ..Event::of(&ALLOWED, Door::Dns, None)
    }
}

/// What no list names, by the default of a profile.
const ALLOWED: Verdict = Verdict {
    act: Act::Allow,
    action: Action::Allow,
    step: Step::Default,
    labels: 0,
    category: None,
    kind: None,
    rule: None,
    pass: None,
    group: Some(GroupId(3)),
    cell: None,
    profile: ProfileId(0),
};

/// Processor time of the journal's writer so far.
fn writer_cpu() -> Duration {
    for task in std::fs::read_dir("/proc/self/task").expect("tasks").flatten() {
        if std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim() == "journal") {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).expect("CONFIG_SCHED_INFO");
            return Duration::from_nanos(stat.split(' ').next().and_then(|n| n.parse().ok()).expect("nanoseconds"));
        }
    }
    Duration::ZERO
}
