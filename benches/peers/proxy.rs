//! The proxy beside what else there is: `benches/peers/proxy [--quick] --corpus DIR`.
//!
//! One core for the servers, one for the load and the origin. The filter is on, the log is on, names are warm. Every server
//! is started first; then they are measured in turn, and figures are medians of the ratios of each turn. The last lines are
//! `figure NAME VALUE UNIT`, and a table of all servers stands above them.

#[path = "../lists/corpus.rs"]
mod corpus;
#[path = "rig/proxy/load.rs"]
mod load;
#[path = "rig/proxy/names.rs"]
mod names;
#[path = "rig/proxy/origin.rs"]
mod origin;
#[path = "rig/proxy/ours.rs"]
mod ours;
#[path = "rig/proxy/peers.rs"]
mod peers;
#[path = "rig/proxy/relay.rs"]
mod relay;
#[path = "rig/server.rs"]
#[allow(dead_code, reason = "a rig that several benches share: none needs all of it")]
mod server;

use corpus::Corpus;
use load::{Asked, Target, Way};
use ours::{Ours, free_port};
use peers::{PEERS, Part, Setup};
use schoolgate::demo::internet::ORIGIN;
use schoolgate::words::Host;
use server::Server;
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// Clients at once where speed is measured.
const CLIENTS: u32 = 32;

/// Tunnels on which nothing moves.
const IDLE: u32 = 9_000;

/// Names on a peer's list.
const OF_PEERS: usize = 200_000;

struct Wish {
    corpus: Option<PathBuf>,
    quick: bool,
    /// Only these parts: `connect`, `hello`, `page`, `latency`, `bulk`, `idle`.
    only: Vec<String>,
    /// Only these servers, beside the relay and the gate.
    peers: Vec<String>,
}

/// A running server, and what it was measured at: in the order of the runs.
struct Stand {
    server: Option<Server>,
    name: String,
    target: Target,
    parts: Vec<Part>,
    connect: Vec<f64>,
    hello: Vec<f64>,
    page: Vec<f64>,
    latency: Vec<f64>,
    bulk: Vec<f64>,
    cpu_us: Vec<f64>,
    idle_kb: Option<f64>,
}

impl Stand {
    fn new(name: &str, server: Option<Server>, target: Target, parts: &[Part]) -> Self {
        let none = Vec::new;
        let (connect, hello, page, latency, bulk, cpu_us) = (none(), none(), none(), none(), none(), none());
        let parts = parts.to_vec();
        Self { server, name: name.into(), target, parts, connect, hello, page, latency, bulk, cpu_us, idle_kb: None }
    }

    fn cpu(&self) -> f64 {
        self.server.as_ref().map_or(0.0, Server::cpu_seconds)
    }
}

fn main() {
    let after = |flag: &str| -> Option<SocketAddr> {
        std::env::args().skip_while(|word| word != flag).nth(1).map(|address| address.parse().expect("an address"))
    };
    if let Some(address) = after("--origin") {
        return origin::serve(address);
    }
    if let (Some(address), Some(origin)) = (after("--relay"), after("--to")) {
        return relay::serve(address, origin);
    }
    let wish = wish();
    more_files();
    server::pin(server::LOAD_CORE);
    let folder = tempfile::tempdir().expect("a folder");
    let _ = Command::new("chmod").arg("755").arg(folder.path()).status();
    let dns = names::serve(ORIGIN);
    let corpus = Corpus::find(wish.corpus.as_deref(), None, folder.path());
    let names = listed(&corpus, OF_PEERS);

    let origin = SocketAddr::new(ORIGIN.into(), free_port().port());
    let me = std::env::current_exe().expect("this bench");
    let mut serving = Command::new(&me).arg("--origin").arg(origin.to_string()).spawn().expect("an origin");
    let relay_at = free_port();
    let mut command = Command::new(&me);
    command.args(["--relay", &relay_at.to_string(), "--to", &origin.to_string()]);
    let relay = Server::start("relay", relay_at, &mut command, folder.path());
    let target = |address, way| Target { address, origin, way };
    let all = [Part::Connect, Part::Hello, Part::Page, Part::Bulk, Part::Idle];
    let tunnels = [Part::Connect, Part::Hello, Part::Bulk, Part::Idle];

    let home = folder.path().join("ours");
    let ours = Ours::configure(&home, dns, origin, &corpus.lists);
    let mut stands = vec![
        Stand::new("direct", None, target(origin, Way::Direct), &all),
        Stand::new("relay", Some(relay), target(relay_at, Way::Names), &tunnels),
        Stand::new("schoolgate", Some(ours.start()), target(ours.address, Way::Names), &all),
    ];
    for peer in PEERS.iter().filter(|peer| wish.peers.is_empty() || wish.peers.iter().any(|name| name == peer.name)) {
        let home = folder.path().join(peer.name);
        let setup = Setup { folder: &home, address: free_port(), origin, names: &names };
        let Some(server) = peer.start(&setup) else {
            println!("{} is missing: Debian has it, as the package of {}", peer.name, peer.program);
            continue;
        };
        stands.push(Stand::new(peer.name, Some(server), target(setup.address, peer.way), peer.parts));
    }
    stands.retain(|stand| {
        let up = match stand.parts.contains(&Part::Connect) || stand.parts.contains(&Part::Hello) {
            true => load::wait(&stand.target, Duration::from_secs(60)),
            false => std::net::TcpStream::connect(stand.target.address).is_ok(),
        };
        if !up {
            println!("{} does not answer: its log is in {}", stand.name, folder.path().join(&stand.name).display());
        }
        up
    });
    for stand in stands.iter().filter(|stand| stand.name != "direct" && stand.parts.contains(&Part::Connect)) {
        println!("{}: a listed name is refused: {}", stand.name, load::refuses(&stand.target, &names[0]));
    }

    let (runs, seconds) = if wish.quick { (3, 1) } else { (5, 3) };
    let mut bench = Bench { wish, runs, length: Duration::from_secs(seconds), hello: hello(), stands };
    bench.measure();
    bench.table();
    let _ = serving.kill();
    let _ = serving.wait();
}

struct Bench {
    wish: Wish,
    runs: usize,
    length: Duration,
    hello: Vec<u8>,
    stands: Vec<Stand>,
}

impl Bench {
    fn wants(&self, part: &str) -> bool {
        self.wish.only.is_empty() || self.wish.only.iter().any(|only| only == part)
    }

    fn measure(&mut self) {
        let (connect, hello, page) = (self.wants("connect"), self.wants("hello"), self.wants("page"));
        let (latency, bulk, idle) = (self.wants("latency"), self.wants("bulk"), self.wants("idle"));
        let octets = if self.wish.quick { 1 << 30 } else { 4 << 30 };
        // The first turn only warms.
        for run in 0..=self.runs {
            for stand in &mut self.stands {
                let has = |part| stand.parts.contains(&part);
                let length = if run == 0 { Duration::from_millis(500) } else { self.length };
                let load = |asked, clients| load::load(&stand.target, asked, clients, length, &self.hello);
                let mut said = format!("run {run}: {}", stand.name);
                let mut add = |to: &mut Vec<f64>, what: &str, value: f64, failed: u64| {
                    said += &format!(", {what} {value:.2}");
                    if failed > 0 {
                        said += &format!(" ({failed} failed)");
                    }
                    if run > 0 {
                        to.push(value);
                    }
                };
                if connect && has(Part::Connect) {
                    let before = stand.cpu();
                    let tally = load(Asked::Connect, CLIENTS);
                    let cpu_us = (stand.cpu() - before) * 1e6 / tally.done.max(1) as f64;
                    add(&mut stand.connect, "tunnels/s", tally.per_second(), tally.failed);
                    add(&mut stand.cpu_us, "CPU µs each", cpu_us, 0);
                }
                if hello && has(Part::Hello) {
                    let tally = load(Asked::Hello, CLIENTS);
                    add(&mut stand.hello, "hellos/s", tally.per_second(), tally.failed);
                }
                if page && has(Part::Page) {
                    let tally = load(Asked::Page, CLIENTS);
                    add(&mut stand.page, "pages/s", tally.per_second(), tally.failed);
                }
                if latency && has(Part::Page) {
                    let tally = load(Asked::Page, 1);
                    add(&mut stand.latency, "alone µs", tally.p50_us(), tally.failed);
                }
                if bulk && has(Part::Bulk) {
                    match load::bulk(&stand.target, if run == 0 { 1 << 26 } else { octets }, &self.hello) {
                        Ok(speed) => add(&mut stand.bulk, "GB/s", speed, 0),
                        Err(fault) => println!("{}: no bulk: {fault}", stand.name),
                    }
                }
                println!("{said}");
            }
        }
        for stand in self.stands.iter_mut().filter(|stand| idle && stand.parts.contains(&Part::Idle)) {
            let Some(server) = &stand.server else { continue };
            let before = server.resident_mb();
            let mut after = before;
            let held = load::idle(&stand.target, IDLE, &self.hello, || after = server.resident_mb());
            let each = (after - before) * 1024.0 / held.max(1) as f64;
            println!("{}: {held} idle tunnels, {before:.1} MB before, {after:.1} MB with them: {each:.2} kB each", stand.name);
            stand.idle_kb = (held * 10 >= IDLE as usize * 9).then_some(each);
        }
    }

    fn stand(&self, name: &str) -> Option<&Stand> {
        self.stands.iter().find(|stand| stand.name == name)
    }

    /// The median, over the turns, of ours over another's.
    fn ratio(&self, other: &str, of: fn(&Stand) -> &Vec<f64>) -> Option<f64> {
        let (ours, other) = (of(self.stand("schoolgate")?), of(self.stand(other)?));
        (!ours.is_empty() && !other.is_empty())
            .then(|| median(ours.iter().zip(other).map(|(ours, other)| ours / other).collect()))
    }

    fn added(&self) -> Option<f64> {
        let of = |name: &str| self.stand(name).map(|stand| &stand.latency);
        let (direct, ours, haproxy) = (of("direct")?, of("schoolgate")?, of("haproxy")?);
        let ratios = direct.iter().zip(ours).zip(haproxy).map(|((direct, ours), haproxy)| (ours - direct) / (haproxy - direct));
        Some(median(ratios.collect())).filter(|ratio| ratio.is_finite())
    }

    fn table(&self) {
        let columns = ["tunnels/s", "CPU µs each", "hellos/s", "pages/s", "alone µs", "GB/s", "idle kB"];
        print!("\n{:14}", "server");
        columns.iter().for_each(|column| print!(" {column:>12}"));
        println!();
        for stand in &self.stands {
            print!("{:14}", stand.name);
            let Stand { connect, cpu_us, hello, page, latency, bulk, .. } = stand;
            for values in [connect, cpu_us, hello, page, latency, bulk] {
                if values.is_empty() { print!(" {:>12}", "-") } else { print!(" {:>12.2}", median(values.clone())) }
            }
            match stand.idle_kb {
                Some(kb) => println!(" {kb:>12.2}"),
                None => println!(" {:>12}", "-"),
            }
        }
        println!();
        let figures = [
            ("connect_vs_relay", self.ratio("relay", |s| &s.connect), "of-relay"),
            ("connect_vs_squid", self.ratio("squid", |s| &s.connect), "of-squid"),
            ("keepalive_vs_squid", self.ratio("squid", |s| &s.page), "of-squid"),
            ("added_vs_haproxy", self.added(), "of-haproxy"),
            ("bulk_vs_squid", self.ratio("squid", |s| &s.bulk), "of-squid"),
            ("bulk_vs_direct", self.ratio("direct", |s| &s.bulk), "of-direct"),
            ("idle_kb", self.stand("schoolgate").and_then(|s| s.idle_kb), "kB"),
        ];
        for (name, value, unit) in figures {
            if let Some(value) = value {
                println!("figure {name} {value:.3} {unit}");
            }
        }
    }
}

/// A browser's first words to the first of the names.
fn hello() -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let mut config = config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    // Every tunnel says the same, whatever name it is for: no names are compared here.
    config.enable_sni = false;
    let name = rustls::pki_types::ServerName::try_from(load::name(0)).expect("a name");
    let mut connection = rustls::ClientConnection::new(Arc::new(config), name).expect("a connection");
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).expect("written");
    hello
}

/// Listed names, none of them below another: squid wants it so.
fn listed(corpus: &Corpus, most: usize) -> Vec<String> {
    let mut names = HashSet::new();
    let each = most / corpus.lists.len().max(1) + 1;
    for list in &corpus.lists {
        let lines = BufReader::new(std::fs::File::open(&list.file).expect("a list")).lines().map_while(Result::ok);
        let plain =
            |name: &String| name.contains('.') && Host::parse(name).is_ok_and(|host| host.as_str() == name && !host.is_address());
        names.extend(lines.filter(plain).take(each));
    }
    let above = |name: &str| name.match_indices('.').any(|(dot, _)| names.contains(&name[dot + 1..]));
    let mut kept: Vec<String> = names.iter().filter(|name| !above(name)).cloned().collect();
    kept.sort();
    kept
}

fn more_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    raised.expect("more open files");
}

fn wish() -> Wish {
    let mut wish = Wish { corpus: None, quick: false, only: Vec::new(), peers: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => wish.quick = true,
            "--corpus" => wish.corpus = words.next().map(PathBuf::from),
            "--only" => wish.only.extend(words.next()),
            "--peer" => wish.peers.extend(words.next()),
            // What `cargo bench` adds of its own.
            _ => {}
        }
    }
    wish
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
