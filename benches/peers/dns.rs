//! The DNS door beside what else there is: `benches/peers/dns [--quick] --corpus DIR`.
//!
//! One core for the server, one for the load. Before and after each run of ours stands an echo: a bare responder with our socket
//! options, batches and answer lengths, under the same load from the same thousand addresses. A fifth of the questions are for
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
#[path = "rig/server.rs"]
mod server;

use corpus::Corpus;
use load::{Pace, Tally};
use ours::Ours;
use schoolgate::demo::internet::Internet;
use server::Server;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Names that everybody asks for, and how many questions are made of them and the lists.
const WARM: usize = 10_000;
const QUESTIONS: usize = 200_000;

struct Wish {
    corpus: Option<PathBuf>,
    quick: bool,
    only: Option<String>,
}

fn main() {
    if let Some(address) = std::env::args().skip_while(|word| word != "--echo").nth(1) {
        echo::serve(address.parse().expect("an address"));
    }
    let wish = wish();
    server::pin(server::LOAD_CORE);
    let folder = tempfile::tempdir().expect("a folder");
    let internet = Internet::start().expect("a stub");
    let corpus = Corpus::find(wish.corpus.as_deref(), None, folder.path());
    let questions = questions(&corpus);
    let ours = Ours::configure(folder.path(), internet.dns, &corpus.lists);
    ours.compile();

    let runs = if wish.quick { 3 } else { 5 };
    let length = Duration::from_secs(if wish.quick { 3 } else { 5 });
    let mut gate = ours.start();
    let blocked = |answer: &[u8]| answer[3] & 15 == 3;
    let start_ms = gate.wait(&questions[0], blocked, Duration::from_secs(20)).expect("the gate answers");

    // Warm, and how long each answer is.
    let mut lengths = vec![0usize; questions.len()];
    for _ in 0..2 {
        load::once(gate.address, &questions, &mut |question, answer| lengths[question as usize] = answer.len());
    }
    let unknown = lengths.iter().filter(|l| **l == 0).count();
    println!("{} questions, {unknown} unanswered while warming, {:.0} octets an answer", questions.len(), mean(&lengths));
    let echoed: Vec<Vec<u8>> = questions.iter().zip(&lengths).map(|(q, &length)| echo::asked(q, length.max(12))).collect();

    let echo_at = ours::free_port();
    let me = std::env::current_exe().expect("this bench");
    let echo = Server::start("echo", echo_at, Command::new(me).arg("--echo").arg(echo_at.to_string()), folder.path());
    std::thread::sleep(Duration::from_millis(200));

    let (mut ratios, mut speeds) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let bare = measured(&echo, &echoed, Pace::Saturated, length);
        let gate_s = measured(&gate, &questions, Pace::Saturated, length);
        println!("run {run}: echo {bare}; schoolgate {gate_s}");
        ratios.push(bare.cpu_us / gate_s.cpu_us);
        speeds.push(gate_s.tally.per_second() / bare.tally.per_second());
    }
    let mut latency = Vec::new();
    for run in 0..runs {
        let bare = measured(&echo, &echoed, Pace::Rate(20_000), length);
        let gate_s = measured(&gate, &questions, Pace::Rate(20_000), length);
        println!("20,000 a second, run {run}: echo {bare}; schoolgate {gate_s}");
        latency.push(gate_s.tally.p50_us / bare.tally.p50_us);
    }
    for (name, value, unit) in [
        ("echo_ratio_journal", median(ratios), "of-echo"),
        ("throughput_ratio", median(speeds), "of-echo"),
        ("p50_vs_echo", median(latency), "of-echo"),
        ("rss_anon_mb", gate.private_mb(), "MB"),
        ("start_ms", start_ms, "ms"),
    ] {
        println!("figure {name} {value:.3} {unit}");
    }
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
    let mut wish = Wish { corpus: None, quick: false, only: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => wish.quick = true,
            "--corpus" => wish.corpus = words.next().map(PathBuf::from),
            "--only" => wish.only = words.next(),
            // What `cargo bench` adds of its own.
            _ => {}
        }
    }
    wish
}

/// A fifth for listed names, drawn evenly from all of them; the first is listed.
fn questions(corpus: &Corpus) -> Vec<Vec<u8>> {
    let mut listed = Vec::new();
    let mut random = Random(11);
    let mut seen = 0u64;
    for list in &corpus.lists {
        let file = std::fs::File::open(&list.file).expect("a list");
        for name in BufReader::new(file).lines().map_while(Result::ok) {
            // A reservoir: each name is as likely as any other.
            seen += 1;
            if listed.len() < QUESTIONS / 5 {
                listed.push(name);
            } else if let Some(place) = usize::try_from(random.below(seen)).ok().filter(|p| *p < listed.len()) {
                listed[place] = name;
            }
        }
    }
    let warm: Vec<String> = (0..WARM).map(|n| format!("www.lesson{}-page{n}.example", random.below(1_000))).collect();
    (0..QUESTIONS)
        .map(|n| {
            let name = match n % 5 {
                0 => &listed[(n / 5) % listed.len()],
                _ => &warm[random.below(WARM as u64) as usize],
            };
            question(name)
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
