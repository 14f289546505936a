//! What a change does to those who are asking: `cargo bench --bench reload -- [--corpus DIR] [--rate N] [--seconds N] [--rounds N]`.
//!
//! A real gate on loopback, in a temporary folder, with every `*.txt` of the corpus as a list (else half a million names made up).
//! First how long an entry and a pass take from the request until a query is answered by them. Then an open-loop load of DNS
//! queries (it sends by the clock, whatever has been answered), quiet, and again with a reload a second and a full
//! `lists compile` in between: what was lost, and the longest time in which no answer came. The last lines are
//! `figure NAME VALUE UNIT`; the loader shares the machine with the gate, so quiet and changing are to be compared, not read alone.

#[path = "../tests/support/questions.rs"]
mod questions;

use questions::question;
use schoolgate::demo::internet::Internet;
use schoolgate::gate::control::{self, For, Import, Lasts, NewEntry, NewPass, Opens, Request};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_schoolgate");

/// Sockets of the loader: the kernel spreads them over the door's workers.
const SOCKETS: usize = 16;

struct Wish {
    corpus: Option<PathBuf>,
    rate: u64,
    seconds: u64,
    rounds: usize,
}

fn main() {
    let wish = wish();
    let folder = tempfile::tempdir().expect("a folder");
    let internet = Internet::start().expect("a stub");
    let config = configure(folder.path(), &internet, wish.corpus.as_deref());
    command(&config, &["lists", "compile"]);
    let gate = Gate::start(&config, folder.path());
    let socket = folder.path().join("var/control.sock");

    let (entry, pass) = (entry_ms(&gate, &socket, "first", 20), pass_ms(&gate, &socket, 20));
    let rows = |n: u64| (1, new_entry(&format!("imported-{n}.example"), false));
    let import = Import { file: "old.csv".into(), rows: (0..20_000).map(rows).collect(), skip_bad: false, dry_run: false };
    let begun = Instant::now();
    control::ask(&socket, &Request::ImportEntries(import)).expect("imported");
    let imported = ms(begun.elapsed());
    let among_many = entry_ms(&gate, &socket, "later", 10);

    let (mut gaps, mut quiet_gaps, mut during_gaps, mut lost, mut worst) = (Vec::new(), Vec::new(), Vec::new(), 0, Vec::new());
    for round in 0..wish.rounds {
        let quiet = load(gate.dns, &wish, || ());
        let busy = AtomicBool::new(true);
        let during = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_secs(1));
                command(&config, &["lists", "compile"]);
            });
            scope.spawn(|| {
                while busy.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_secs(1));
                    control::ask(&socket, &Request::Reload).expect("reloaded");
                }
            });
            load(gate.dns, &wish, || busy.store(false, Ordering::Relaxed))
        });
        println!("round {round}: quiet {quiet:?}; with reloads and a compile {during:?}");
        lost += during.sent - during.answered;
        quiet_gaps.push(quiet.longest_gap_ms);
        during_gaps.push(during.longest_gap_ms);
        gaps.push(during.longest_gap_ms / quiet.longest_gap_ms);
        worst.push(during.slowest_ms / quiet.slowest_ms);
    }
    for (name, value, unit) in [
        ("entry_in_force_ms", entry, "ms"),
        ("entry_among_20000_in_force_ms", among_many, "ms"),
        ("pass_in_force_ms", pass, "ms"),
        ("import_20000_ms", imported, "ms"),
        ("reload_lost", lost as f64, "queries"),
        ("reload_quiet_gap_ms", median(quiet_gaps), "ms"),
        ("reload_gap_ms", median(during_gaps), "ms"),
        ("reload_gap_ratio", median(gaps), "of-quiet"),
        ("reload_slowest_ratio", median(worst), "of-quiet"),
    ] {
        println!("figure {name} {value:.2} {unit}");
    }
}

fn wish() -> Wish {
    let mut wish = Wish { corpus: None, rate: 20_000, seconds: 10, rounds: 3 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|n| n.parse().ok()).expect("a number after it");
        match word.as_str() {
            "--rate" => wish.rate = number(),
            "--seconds" => wish.seconds = number(),
            "--rounds" => wish.rounds = number() as usize,
            "--corpus" => wish.corpus = words.next().map(PathBuf::from),
            // What `cargo bench` adds of its own.
            _ => {}
        }
    }
    wish
}

fn configure(folder: &Path, internet: &Internet, corpus: Option<&Path>) -> PathBuf {
    let mut lists: Vec<PathBuf> = match corpus {
        Some(corpus) => std::fs::read_dir(corpus).expect("--corpus is a folder").map(|e| e.expect("an entry").path()).collect(),
        None => {
            let made_up: String =
                (0..500_000_u64).map(|n| format!("name{}.bet{}.example\n", n * 7919 % 999_983, n % 977)).collect();
            std::fs::write(folder.join("made-up.txt"), made_up).expect("written");
            vec![folder.join("made-up.txt")]
        }
    };
    lists.retain(|path| path.extension().is_some_and(|e| e == "txt"));
    lists.sort();
    let list = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        format!("[[list]]\nname = \"{name}\"\ncategory = \"adverts\"\nfile = \"{}\"\n", path.display())
    };
    let text = format!(
        "[school]\nname = \"Bench\"\n[dns]\nlisten = [\"127.0.0.1:0\"]\nupstreams = [\"{}\"]\n[proxy]\nlisten = []\n[web]\nlisten = []\n\
         [data]\ndir = \"{}\"\n[lists]\nshipped = \"{}/blocklists\"\n[[network]]\nname = \"lab\"\nranges = [\"127.0.0.0/8\"]\n\
         profile = \"secondary\"\n{}",
        internet.dns,
        folder.join("var").display(),
        env!("CARGO_MANIFEST_DIR"),
        lists.iter().map(list).collect::<String>()
    );
    let path = folder.join("config/schoolgate.toml");
    std::fs::create_dir_all(folder.join("config")).expect("a folder");
    std::fs::write(&path, text).expect("written");
    path
}

fn command(config: &Path, words: &[&str]) {
    let output = Command::new(BINARY).arg("--config").arg(config).args(words).stdin(Stdio::null()).output().expect("it runs");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A running gate. Dropped: killed.
struct Gate {
    child: Child,
    dns: SocketAddr,
}

impl Gate {
    fn start(config: &Path, folder: &Path) -> Self {
        let log = std::fs::File::create(folder.join("gate.log")).expect("a log");
        let child = Command::new(BINARY).arg("--config").arg(config).arg("run").stdout(Stdio::null()).stderr(log).spawn();
        let mut gate = Self { child: child.expect("it starts"), dns: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(status) = control::ask(&folder.join("var/control.sock"), &Request::Status) {
                gate.dns = serde_json::from_value(status["doors"]["dns"][0].clone()).expect("an address");
                return gate;
            }
            assert!(Instant::now() < until, "{}", std::fs::read_to_string(folder.join("gate.log")).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn new_entry(host: &str, allow: bool) -> NewEntry {
    let (group, until, despite) = (None, None, None);
    NewEntry { host: host.into(), allow, group, until, reason: "a bench".into(), firm: false, despite }
}

/// The median time from an entry's request to the first answer that goes by it.
fn entry_ms(gate: &Gate, socket: &Path, of: &str, times: usize) -> f64 {
    let one = |n: usize| {
        let host = format!("{of}{n}.example");
        in_force(gate, &host, true, socket, &Request::AddEntry(new_entry(&host, false)))
    };
    median((0..times).map(one).collect())
}

fn pass_ms(gate: &Gate, socket: &Path, times: usize) -> f64 {
    let one = |n: usize| {
        let host = format!("p{n}.example");
        control::ask(socket, &Request::AddEntry(new_entry(&host, false))).expect("blocked");
        let pass = NewPass {
            what: Opens::Host(host.clone()),
            whom: For::Group("network:lab".into()),
            lasts: Lasts::Minutes(50),
            reason: "a bench".into(),
        };
        in_force(gate, &host, false, socket, &Request::OpenPass(pass))
    };
    median((0..times).map(one).collect())
}

/// Milliseconds from a request until a query says that it is in force.
fn in_force(gate: &Gate, host: &str, blocked: bool, socket: &Path, request: &Request) -> f64 {
    let client = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    client.connect(gate.dns).expect("connected");
    client.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
    let mut answer = [0; 1500];
    let mut is_blocked = || {
        client.send(&question(1, host)).expect("sent");
        client.recv(&mut answer).expect("an answer");
        answer[3] & 0x0f == 3
    };
    assert_ne!(is_blocked(), blocked, "{host}");
    std::thread::scope(|scope| {
        let begun = Instant::now();
        let asking = scope.spawn(|| control::ask(socket, request).expect("taken"));
        while is_blocked() != blocked {
            assert!(begun.elapsed() < Duration::from_secs(10), "it did not come into force");
        }
        let taken = ms(begun.elapsed());
        asking.join().expect("it was answered");
        taken
    })
}

/// What became of one run.
#[derive(Debug)]
struct Run {
    sent: u64,
    answered: u64,
    longest_gap_ms: f64,
    slowest_ms: f64,
}

fn load(dns: SocketAddr, wish: &Wish, ended: impl FnOnce()) -> Run {
    let sockets: Vec<UdpSocket> = (0..SOCKETS)
        .map(|n| {
            let socket = UdpSocket::bind((std::net::Ipv4Addr::new(127, 0, 1, n as u8 + 1), 0)).expect("a socket");
            socket.connect(dns).expect("connected");
            socket.set_nonblocking(true).expect("not blocking");
            let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20);
            socket
        })
        .collect();
    // Half of them blocked, half answered from the cache.
    let names: Vec<String> =
        (0..64).map(|n| if n % 2 == 0 { "www.pokerstars.com".into() } else { format!("page{n}.example") }).collect();
    let mut open = vec![vec![None::<Instant>; 1 << 16]; SOCKETS];
    let (begun, length) = (Instant::now(), Duration::from_secs(wish.seconds));
    let mut run = Run { sent: 0, answered: 0, longest_gap_ms: 0.0, slowest_ms: 0.0 };
    let mut last = begun;
    let mut buffer = [0; 1500];
    let mut ended = Some(ended);
    loop {
        let now = begun.elapsed();
        if now >= length
            && let Some(ended) = ended.take()
        {
            ended();
        }
        if now > length + Duration::from_secs(2) {
            return run;
        }
        let due = (now.min(length).as_nanos() as u64 / 1000) * wish.rate / 1_000_000;
        while run.sent < due {
            let (n, id) = (run.sent as usize % SOCKETS, (run.sent / SOCKETS as u64) as u16);
            open[n][usize::from(id)] = Some(Instant::now());
            // A full send buffer is the loader's loss: it counts as sent and not answered.
            let _ = sockets[n].send(&question(id, &names[run.sent as usize % names.len()]));
            run.sent += 1;
        }
        let before = run.answered;
        for (socket, open) in sockets.iter().zip(&mut open) {
            while let Ok(len) = socket.recv(&mut buffer) {
                let id = usize::from(u16::from_be_bytes([buffer[0], buffer[1]]));
                let Some(since) = open[id].take().filter(|_| len >= 12) else { continue };
                let now = Instant::now();
                run.answered += 1;
                run.slowest_ms = run.slowest_ms.max(ms(now - since));
                if begun.elapsed() < length {
                    run.longest_gap_ms = run.longest_gap_ms.max(ms(now - last));
                }
                last = now;
            }
        }
        if run.answered == before {
            std::thread::sleep(Duration::from_micros(50));
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
