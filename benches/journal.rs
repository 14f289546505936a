//! What the journal's writer costs an event, from ring to segment and from segment to week file: `cargo bench --bench journal`.
//!
//! Events are noted by this thread; what is measured is the processor time of the thread `journal`, as the kernel counts it.
//! Ends with `figure NAME VALUE UNIT`.

use schoolgate::journal::{Door, Event, Journal, Settings};
use schoolgate::policy::{Act, Action, ProfileId, Step, Verdict};
use schoolgate::words::{ClientAddr, Confidence, GroupId, Groups, Known, NetworkId, Who};
use std::time::{Duration, Instant};

/// Fewer than a ring holds, so that none is lost.
const BURST: u64 = 20_000;
const BURSTS: u64 = 20;

fn main() {
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
