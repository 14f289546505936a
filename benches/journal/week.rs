//! A whole week through the journal, what it is on the disk, and what a report and a search of it take. Each in a process of its
//! own, so that memory and writes are its own.

use crate::mix::{self, Mix, PEOPLE, YEARS};
use schoolgate::casebook::Marks;
use schoolgate::config::Scoring;
use schoolgate::journal::export::{Line, Resolve, json};
use schoolgate::journal::read::{Filter, Week, weeks};
use schoolgate::journal::tail::held;
use schoolgate::journal::{IsoWeek, Journal, Names, Settings};
use schoolgate::people::{Device, Person, Stamp};
use schoolgate::policy::SchoolDays;
use schoolgate::report::{Audience, Health, NetworkFact, NetworkState, World, of_parts};
use schoolgate::words::{DeviceId, PersonId, PersonRole};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Rings are memory, as on a gate that is installed.
pub const RUN: &str = "/dev/shm";

const HOUR_MS: i64 = 60 * 60 * 1000;
/// Five days of seven hours, from half past eight.
const SCHOOL_MS: i64 = 5 * 7 * HOUR_MS;

pub fn week() -> IsoWeek {
    IsoWeek::parse("2026-W47").expect("a week")
}

fn names() -> Names {
    let groups = (7..7 + YEARS).map(|year| format!("year-{year}")).collect();
    Names {
        school: "Bench".into(),
        groups,
        networks: vec!["classrooms".into()],
        profiles: vec!["staff".into(), "secondary".into()],
        ..Names::default()
    }
}

/// The nth of so many events of a school week: when.
fn when(nth: u64, of: u64) -> i64 {
    let into = (nth as u128 * SCHOOL_MS as u128 / u128::from(of)) as i64;
    let (day, rest) = (into / (7 * HOUR_MS), into % (7 * HOUR_MS));
    week().bounds(&jiff::tz::TimeZone::UTC).0 + day * 24 * HOUR_MS + 8 * HOUR_MS + HOUR_MS / 2 + rest
}

/// `--fill DIR EVENTS`: as fast as the writer takes them; prints seconds and bytes.
pub fn fill(dir: &Path, events: u64) {
    let run = tempfile::tempdir_in(RUN).expect("a folder");
    let now = Arc::new(AtomicI64::new(when(0, events)));
    let clock = now.clone();
    let settings = Settings::new(dir, run.path(), jiff::tz::TimeZone::UTC).with_clock(Arc::new(move || clock.load(Relaxed)));
    let journal = Journal::start(settings).expect("a journal");
    journal.name(1, &names()).expect("named");
    let (mut mix, begun) = (Mix::new(), Instant::now());
    for nth in 0..events {
        let at = when(nth, events);
        journal.note(&mix.event(at));
        if nth % 20_000 == 19_999 {
            now.store(at, Relaxed);
            assert!(journal.settle());
        }
    }
    assert!(journal.settle());
    assert_eq!(journal.tally().dropped, 0);
    let took = begun.elapsed();
    journal.stop();
    println!("{} {}", took.as_secs_f64(), size(dir));
}

/// `--rate DIR SECONDS`: 120 events a second in real time; prints how many, and how many bytes went to the disk for them.
pub fn rate(dir: &Path, seconds: u64) {
    const A_SECOND: u64 = 120;
    let run = tempfile::tempdir_in(RUN).expect("a folder");
    let before = written();
    let journal = Journal::start(Settings::new(dir, run.path(), jiff::tz::TimeZone::UTC)).expect("a journal");
    journal.name(1, &names()).expect("named");
    let (mut mix, begun) = (Mix::new(), Instant::now());
    let events = A_SECOND * seconds;
    for nth in 0..events {
        std::thread::sleep((Duration::from_secs(1) * nth as u32 / A_SECOND as u32).saturating_sub(begun.elapsed()));
        let ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("since 1970").as_millis() as i64;
        journal.note(&mix.event(ms));
    }
    journal.stop();
    assert_eq!(journal.tally().dropped, 0);
    println!("{events} {}", written() - before);
}

/// Bytes that this process has had written to disks, as the kernel counts them: pages that became dirty.
fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").expect("counted");
    io.lines().find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok()).expect("written")
}

/// What the week files take.
pub fn size(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).expect("a folder").flatten();
    files.filter_map(|e| e.metadata().ok().filter(|m| m.is_file()).map(|m| m.len())).sum()
}

/// Events and rows of the week.
pub fn count(dir: &Path) -> (u64, u64) {
    let file = open(dir);
    let rows = file.connection().query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0)).expect("counted");
    (file.total().expect("counted"), rows as u64)
}

fn open(dir: &Path) -> Week {
    Week::open(&weeks(dir).expect("listed")[0].path).expect("opened")
}

/// `--report DIR`: prints seconds, megabytes at most, events.
pub fn report(dir: &Path) {
    let begun = Instant::now();
    let zone = jiff::tz::TimeZone::UTC;
    let made_ms = week().bounds(&zone).1;
    let parts = held(dir, &zone, made_ms, Some(week())).expect("read");
    let world = World {
        school: "Bench",
        gateway: "gate1",
        zone: &zone,
        week: week(),
        made_ms,
        delivery: 1,
        due_ms: None,
        past: &[],
        head: None,
        names: &|version| parts.iter().find_map(|part| part.names(version).expect("read")).unwrap_or_default(),
        person: &|id| (id.0 <= PEOPLE).then(|| person(id)),
        device: &|id| (id.0 <= PEOPLE).then(|| device(id)),
        is_pupil: &|_| true,
        pupil_devices: &(1..=PEOPLE).map(DeviceId).collect::<Vec<_>>(),
        audience: &|_| Audience::Pupils,
        title: &|_| None,
        school_days: &SchoolDays::default(),
        scoring: Scoring::shipped(),
        networks: vec![NetworkFact { name: "classrooms".into(), state: NetworkState::On }],
        watched: &|_| false,
        marks: &Marks::default(),
        signed: Vec::new(),
        incidents: Vec::new(),
        casebook: None,
        still_open: None,
        alerts: None,
        changes: Vec::new(),
        requests: Vec::new(),
        health: Health::default(),
        retention: None,
        look_ups: None,
    };
    let made = of_parts(&parts, &world).expect("read");
    let text = schoolgate::report::html(&made);
    assert!(!text.is_empty() && !made.categories.is_empty());
    println!("{} {} {}", begun.elapsed().as_secs_f64(), peak_mb(), made.totals.events);
}

fn person(id: PersonId) -> Person {
    Person {
        id,
        key: format!("p{:04}", id.0),
        name: format!("Pupil Number{}", id.0),
        role: PersonRole::Pupil,
        year: Some(7 + (id.0 % 7) as u8),
        groups: Vec::new(),
        granted: Stamp { at_ms: 0, by: "it".into() },
        details: Default::default(),
        source: Default::default(),
        held: false,
        withdrawn: None,
    }
}

fn device(id: DeviceId) -> Device {
    Device {
        id,
        name: format!("Laptop {}", id.0),
        person: Some(PersonId(id.0)),
        address: None,
        mac: None,
        network: None,
        retired: None,
    }
}

/// `--search DIR`: everything of one person, as `log search` tells it; prints milliseconds and rows. The median of nine persons.
pub fn search(dir: &Path) {
    let names = names();
    let mut took: Vec<(Duration, usize)> = (0..9)
        .map(|nth| {
            let (begun, file) = (Instant::now(), open(dir));
            let filter = Filter { person: mix::who(nth * 160 + 7).person, ..Filter::default() };
            let newest = file.newest(&filter, 1_000_000).expect("found");
            let filter = Filter { after: newest.after, ..filter };
            let zone = jiff::tz::TimeZone::UTC;
            let (person, device) =
                (|id: PersonId| Some(format!("p{:04}", id.0)), |id: DeviceId| Some(format!("Laptop {}", id.0)));
            let resolve = Resolve { names: &names, zone: &zone, person: &person, device: &device };
            let lines: Vec<_> = file.events(&filter).map(|row| json(&Line::of(&row.expect("a row"), &resolve))).collect();
            (begun.elapsed(), lines.len())
        })
        .collect();
    took.sort();
    let (time, rows) = took[took.len() / 2];
    println!("{} {rows}", time.as_secs_f64() * 1e3);
}

/// The most memory that this process has had, in megabytes.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let kb = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kb.expect("counted") * 1024.0 / 1e6
}
