//! The DNS door beside what else there is: `benches/peers/dns [--quick] --corpus DIR`.
//!
//! One core for the server, one for the load. Before and after each run of ours stands an echo: a bare responder with our socket
//! options, batches and answer lengths, under the same load from the same 2,500 addresses. A fifth of the questions are for
//! listed names, drawn from all of them; the others are for ten thousand names that are warm. Figures are medians of runs taken
//! in turn; the last lines are `figure NAME VALUE UNIT`, and a table of all servers stands above them.

#[path = "../lists/corpus.rs"]
mod corpus;
#[path = "rig/echo.rs"]
mod echo;
#[path = "rig/load.rs"]
mod load;
#[path = "rig/ours.rs"]
mod ours;
#[path = "rig/peers.rs"]
mod peers;
#[path = "rig/server.rs"]
mod server;

use corpus::{Corpus, List};
use load::{Pace, Tally};
use ours::Ours;
use peers::{PEERS, Setup};
use schoolgate::demo::internet::Internet;
use schoolgate::gate::control::{self, Request};
use schoolgate::words::Host;
use server::Server;
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Names that everybody asks for, and how many questions are made of them and the lists.
const WARM: usize = 10_000;
const QUESTIONS: usize = 200_000;

/// Names on a peer's list.
const OF_PEERS: usize = 1_000_000;

struct Wish {
    corpus: Option<PathBuf>,
    quick: bool,
    /// Only these parts: `ratio`, `latency`, `reload`, `flood`, `size`, `peers`.
    only: Vec<String>,
}

impl Wish {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

/// One line of the table.
struct Row {
    name: String,
    names: usize,
    per_second: f64,
    cpu_us: f64,
    resident_mb: f64,
    start_ms: f64,
}

struct Bench {
    wish: Wish,
    runs: usize,
    length: Duration,
    echo: Server,
    figures: Vec<(&'static str, f64, &'static str)>,
    rows: Vec<Row>,
    /// Answers of the last ratio's runs.
    answered: u64,
}

fn main() {
    if let Some(address) = std::env::args().skip_while(|word| word != "--echo").nth(1) {
        echo::serve(address.parse().expect("an address"));
    }
    if let Some(config) = std::env::args().skip_while(|word| word != "--without-journal").nth(1) {
        return ours::serve_without_journal(Path::new(&config));
    }
    let wish = wish();
    server::pin(server::LOAD_CORE);
    let folder = tempfile::tempdir().expect("a folder");
    let internet = Internet::start().expect("a stub");
    let corpus = Corpus::find(wish.corpus.as_deref(), None, folder.path());
    let (listed, names) = sample(&corpus.lists, QUESTIONS / 5);

    let echo_at = ours::free_port();
    let me = std::env::current_exe().expect("this bench");
    let echo = Server::start("echo", echo_at, Command::new(me).arg("--echo").arg(echo_at.to_string()), folder.path());
    let (runs, length) = if wish.quick { (3, 3) } else { (5, 5) };
    let length = Duration::from_secs(length);
    let mut bench = Bench { wish, runs, length, echo, figures: Vec::new(), rows: Vec::new(), answered: 0 };

    let home = folder.path().join("ours");
    let ours = Ours::configure(&home, internet.dns, &corpus.lists);
    ours.compile();
    let questions = questions(&listed);
    if bench.wish.wants("ratio") {
        let mut gate = ours.start_without_journal();
        started(&mut gate, &questions[0]);
        let lengths = warm(&gate, &questions);
        let ratio = bench.ratio("without the journal", &gate, &questions, &lengths);
        bench.figures.push(("echo_ratio", ratio, "of-echo"));
    }
    let mut gate = ours.start();
    let start_ms = started(&mut gate, &questions[0]);
    bench.ours(&ours, &gate, &questions, start_ms, names);
    drop(gate);
    if bench.wish.wants("size") {
        bench.size(folder.path(), &internet);
    }
    if bench.wish.wants("peers") {
        bench.peers(folder.path(), &internet, &corpus.lists);
    }
    bench.table();
}

impl Bench {
    fn ours(&mut self, ours: &Ours, gate: &Server, questions: &[Vec<u8>], start_ms: f64, names: usize) {
        let lengths = warm(gate, questions);
        self.figures.push(("start_ms", start_ms, "ms"));
        if self.wish.wants("ratio") {
            let before = events(ours).0;
            let sent = self.rows.len();
            let ratio = self.ratio("schoolgate", gate, questions, &lengths);
            self.figures.push(("echo_ratio_journal", ratio, "of-echo"));
            let answered: u64 = self.answered;
            let (after, dropped) = events(ours);
            println!("{answered} answers counted by the load, {} events in the journal, {dropped} dropped", after - before);
            for row in &mut self.rows[sent..] {
                (row.names, row.start_ms) = if row.name == "schoolgate" { (names, start_ms) } else { (0, 0.0) };
            }
        }
        self.figures.push(("rss_anon_mb", gate.private_mb(), "MB"));
        let echoed: Vec<Vec<u8>> = questions.iter().zip(&lengths).map(|(q, &length)| echo::asked(q, length.max(12))).collect();
        if self.wish.wants("latency") {
            let mut ratios = Vec::new();
            for run in 0..self.runs {
                let bare = measured(&self.echo, &echoed, Pace::Rate(20_000), self.length);
                let ours = measured(gate, questions, Pace::Rate(20_000), self.length);
                println!("20,000 a second, run {run}: echo {bare}; schoolgate {ours}");
                ratios.push(ours.tally.p50_us / bare.tally.p50_us);
            }
            self.figures.push(("p50_vs_echo", median(ratios), "of-echo"));
        }
        if self.wish.wants("reload") {
            self.reload(ours, gate, questions);
        }
        if self.wish.wants("flood") {
            self.flood(gate, questions);
        }
    }

    /// The echo and a gate in turn; the CPU of an answer of the one over that of the other, and a line of the table for each.
    fn ratio(&mut self, name: &str, gate: &Server, questions: &[Vec<u8>], lengths: &[usize]) -> f64 {
        let echoed: Vec<Vec<u8>> = questions.iter().zip(lengths).map(|(q, &length)| echo::asked(q, length.max(12))).collect();
        let mut runs = Vec::new();
        self.answered = 0;
        for run in 0..self.runs {
            let bare = measured(&self.echo, &echoed, Pace::Saturated, self.length);
            let ours = measured(gate, questions, Pace::Saturated, self.length);
            println!("run {run}: echo {bare}; {name} {ours}");
            self.answered += ours.tally.answered;
            runs.push((bare, ours));
        }
        let row = |name: &str, server: &Server, of: fn(&(Measured, Measured)) -> &Measured| Row {
            name: name.into(),
            names: 0,
            per_second: median(runs.iter().map(|run| of(run).tally.per_second()).collect()),
            cpu_us: median(runs.iter().map(|run| of(run).cpu_us).collect()),
            resident_mb: server.resident_mb(),
            start_ms: 0.0,
        };
        let rows = [row("echo", &self.echo, |run| &run.0), row(name, gate, |run| &run.1)];
        self.rows.extend(rows);
        median(runs.iter().map(|(bare, ours)| bare.cpu_us / ours.cpu_us).collect())
    }

    fn reload(&mut self, ours: &Ours, gate: &Server, questions: &[Vec<u8>]) {
        let (mut ratios, mut lost) = (Vec::new(), 0);
        for run in 0..self.runs {
            let quiet = measured(gate, questions, Pace::Rate(20_000), self.length);
            let done = AtomicBool::new(false);
            let during = std::thread::scope(|scope| {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_secs(1));
                        control::ask(&ours.control(), &Request::Reload).expect("reloaded");
                    }
                });
                let during = measured(gate, questions, Pace::Rate(20_000), self.length);
                done.store(true, Ordering::Relaxed);
                during
            });
            let (calm, moved) = (quiet.tally.longest_gap_ms, during.tally.longest_gap_ms);
            println!(
                "reload, run {run}: longest gap quiet {calm:.1} ms, with a reload a second {moved:.1} ms; {} lost",
                during.tally.lost()
            );
            ratios.push(moved / calm);
            lost += during.tally.lost();
        }
        self.figures.push(("reload_lost", lost as f64, "queries"));
        self.figures.push(("reload_gap_vs_quiet", median(ratios), "of-quiet"));
    }

    /// One device asks for names made up at random, as fast as it can be read; what that does to the others.
    fn flood(&mut self, gate: &Server, questions: &[Vec<u8>]) {
        let mut ratios = Vec::new();
        for run in 0..self.runs {
            let quiet = measured(gate, questions, Pace::Rate(10_000), self.length);
            let done = AtomicBool::new(false);
            let during = std::thread::scope(|scope| {
                scope.spawn(|| {
                    let socket = std::net::UdpSocket::bind("127.2.0.1:0").expect("a socket");
                    let mut random = Random(17 + run as u64);
                    while !done.load(Ordering::Relaxed) {
                        let name = format!("{:x}.flood.example", random.below(u64::MAX));
                        let _ = socket.send_to(&question(&name), gate.address);
                        std::thread::sleep(Duration::from_micros(200));
                    }
                });
                let during = measured(gate, questions, Pace::Rate(10_000), self.length);
                done.store(true, Ordering::Relaxed);
                during
            });
            println!("flood, run {run}: quiet {quiet}; beside a flood {during}");
            ratios.push(during.tally.p50_us / quiet.tally.p50_us);
        }
        self.figures.push(("flood_p50_vs_quiet", median(ratios), "of-quiet"));
    }

    /// Ten million names beside a thousand: the same warm names, and a fifth for each one's own.
    fn size(&mut self, folder: &Path, internet: &Internet) {
        let of = |names: usize| {
            let home = folder.join(format!("size-{names}"));
            std::fs::create_dir_all(&home).expect("a folder");
            let corpus = Corpus::find(None, Some(names), &home);
            let (listed, _) = sample(&corpus.lists, QUESTIONS / 5);
            let ours = Ours::configure(&home, internet.dns, &corpus.lists);
            ours.compile();
            let mut gate = ours.start();
            let questions = questions(&listed);
            started(&mut gate, &questions[0]);
            warm(&gate, &questions);
            (gate, questions)
        };
        let (small, large) = (of(1_000), of(10_000_000));
        let mut ratios = Vec::new();
        for run in 0..self.runs {
            let [few, many] = [&small, &large].map(|(gate, questions)| measured(gate, questions, Pace::Saturated, self.length));
            println!("size, run {run}: a thousand names {few}; ten million {many}");
            ratios.push(many.cpu_us / few.cpu_us - 1.0);
        }
        self.figures.push(("size_slowdown", median(ratios) * 100.0, "percent"));
    }

    fn peers(&mut self, folder: &Path, internet: &Internet, lists: &[List]) {
        let (mut names, _) = sample(lists, OF_PEERS);
        // What no zone file takes: addresses, and labels that are none of a host's.
        let plain = |name: &String| {
            let octets = |c: u8| c.is_ascii_alphanumeric() || b"-.".contains(&c);
            name.len() < 200 && name.bytes().all(octets) && Host::parse(name).is_ok_and(|host| !host.is_address())
        };
        // A name may be on two lists; a zone that has one twice is refused whole by PowerDNS.
        let mut seen = HashSet::new();
        names.retain(|name| plain(name) && seen.insert(name.to_ascii_lowercase()));
        let asked: Vec<String> = names.iter().step_by(names.len().div_ceil(QUESTIONS / 5)).cloned().collect();
        let questions = questions(&asked);
        for peer in &PEERS {
            if peer.slow && self.wish.quick {
                println!("{} is left out by --quick", peer.name);
                continue;
            }
            let folder = folder.join(peer.name);
            let setup = Setup { folder: &folder, address: ours::free_port(), upstream: internet.dns, names: &names };
            let Some(mut server) = peer.start(&setup) else {
                println!("{} is missing: Debian has it, as the package of {}", peer.name, peer.program);
                continue;
            };
            let Some(start_ms) = server.wait(&questions[0], blocked, Duration::from_secs(120)) else {
                println!(
                    "{} did not answer within two minutes; what it said last: {}",
                    peer.name,
                    last_words(&folder, peer.name)
                );
                continue;
            };
            warm(&server, &questions);
            let runs: Vec<Measured> =
                (0..self.runs).map(|_| measured(&server, &questions, Pace::Saturated, self.length)).collect();
            runs.iter().for_each(|run| println!("{}: {run}", peer.name));
            self.rows.push(Row {
                name: peer.name.into(),
                names: names.len(),
                per_second: median(runs.iter().map(|run| run.tally.per_second()).collect()),
                cpu_us: median(runs.iter().map(|run| run.cpu_us).collect()),
                resident_mb: server.resident_mb(),
                start_ms,
            });
        }
        let speed = |row: &&Row| row.per_second;
        let best = self
            .rows
            .iter()
            .filter(|row| PEERS.iter().any(|peer| peer.name == row.name))
            .map(|row| speed(&row))
            .fold(0.0, f64::max);
        let ours = self.rows.iter().find(|row| row.name == "schoolgate").map(|row| speed(&row));
        if let Some(ours) = ours.filter(|_| best > 0.0) {
            self.figures.push(("best_peer_ratio", ours / best, "of-best-peer"));
        }
    }

    fn table(&self) {
        println!(
            "\n{:20} {:>10} {:>12} {:>10} {:>12} {:>10}",
            "server", "names", "answers/s", "CPU µs", "resident MB", "start ms"
        );
        for Row { name, names, per_second, cpu_us, resident_mb, start_ms } in &self.rows {
            println!("{name:20} {names:>10} {per_second:>12.0} {cpu_us:>10.2} {resident_mb:>12.1} {start_ms:>10.0}");
        }
        println!();
        for (name, value, unit) in &self.figures {
            println!("figure {name} {value:.3} {unit}");
        }
    }
}

fn blocked(answer: &[u8]) -> bool {
    answer[3] & 15 == 3
}

fn started(gate: &mut Server, listed: &[u8]) -> f64 {
    gate.wait(listed, blocked, Duration::from_secs(30)).expect("the gate answers")
}

/// Every question three times: once from upstream, and twice from memory. How long each answer is.
fn warm(server: &Server, questions: &[Vec<u8>]) -> Vec<usize> {
    let mut lengths = vec![0usize; questions.len()];
    for _ in 0..3 {
        load::once(server.address, questions, &mut |question, answer| lengths[question as usize] = answer.len());
    }
    let unanswered = lengths.iter().filter(|length| **length == 0).count();
    println!(
        "{}: {unanswered} of {} questions unanswered when warm, {:.0} octets an answer",
        server.name,
        lengths.len(),
        mean(&lengths)
    );
    lengths
}

/// Events written and dropped, as `status` has them.
fn events(ours: &Ours) -> (u64, u64) {
    // What is in the rings is in segments within a second.
    std::thread::sleep(Duration::from_secs(2));
    let status = control::ask(&ours.control(), &Request::Status).expect("status");
    let number = |key: &str| status[key].as_u64().unwrap_or_default();
    (number("events_written"), number("events_dropped"))
}

struct Measured {
    tally: Tally,
    cpu_us: f64,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tally { p50_us, p99_us, .. } = self.tally;
        let (speed, lost) = (self.tally.per_second(), self.tally.lost());
        write!(f, "{speed:.0}/s, {:.2} µs of CPU an answer, p50 {p50_us:.0} µs, p99 {p99_us:.0} µs, {lost} lost", self.cpu_us)
    }
}

fn measured(server: &Server, questions: &[Vec<u8>], pace: Pace, length: Duration) -> Measured {
    let before = server.cpu_seconds();
    let tally = load::load(server.address, questions, pace, length, &mut |_, _| ());
    Measured { cpu_us: (server.cpu_seconds() - before) * 1e6 / tally.answered.max(1) as f64, tally }
}

fn wish() -> Wish {
    let mut wish = Wish { corpus: None, quick: false, only: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => wish.quick = true,
            "--corpus" => wish.corpus = words.next().map(PathBuf::from),
            "--only" => wish.only.extend(words.next()),
            // What `cargo bench` adds of its own.
            _ => {}
        }
    }
    wish
}

/// The end of a server's log.
fn last_words(folder: &Path, name: &str) -> String {
    let log = std::fs::read(folder.join(format!("{name}.log"))).unwrap_or_default();
    String::from_utf8_lossy(&log[log.len().saturating_sub(2_000)..]).into_owned()
}

/// So many listed names, each as likely as any other, and how many there are.
fn sample(lists: &[List], wanted: usize) -> (Vec<String>, usize) {
    let (mut sampled, mut seen, mut random) = (Vec::new(), 0u64, Random(11));
    for list in lists {
        let file = std::fs::File::open(&list.file).expect("a list");
        for name in BufReader::new(file).lines().map_while(Result::ok).filter(|name| !name.is_empty()) {
            seen += 1;
            if sampled.len() < wanted {
                sampled.push(name);
            } else if let Some(place) = usize::try_from(random.below(seen)).ok().filter(|place| *place < wanted) {
                sampled[place] = name;
            }
        }
    }
    (sampled, seen as usize)
}

/// A fifth for listed names, in turn; the first is listed.
fn questions(listed: &[String]) -> Vec<Vec<u8>> {
    let mut random = Random(13);
    let warm: Vec<String> = (0..WARM).map(|n| format!("www.lesson{}-page{n}.example", random.below(1_000))).collect();
    (0..QUESTIONS)
        .map(|n| match n % 5 {
            0 => question(&listed[(n / 5) % listed.len()]),
            _ => question(&warm[random.below(WARM as u64) as usize]),
        })
        .collect()
}

fn question(name: &str) -> Vec<u8> {
    let mut octets = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        octets.push(label.len() as u8);
        octets.extend_from_slice(label.as_bytes());
    }
    octets.extend_from_slice(&[0, 0, 1, 0, 1]);
    octets
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn mean(numbers: &[usize]) -> f64 {
    numbers.iter().sum::<usize>() as f64 / numbers.len() as f64
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
