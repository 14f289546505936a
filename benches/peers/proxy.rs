//! The proxy beside what else there is: `benches/peers/proxy [--quick] --corpus DIR [--pages DIR] [--only PART…] [--peer NAME…]`.
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
#[path = "../support/pages.rs"]
#[allow(dead_code, reason = "of it only the phrases are read here")]
mod pages;
#[path = "rig/proxy/peers.rs"]
mod peers;
#[path = "rig/proxy/relay.rs"]
mod relay;
#[path = "rig/proxy/secure.rs"]
mod secure;
#[path = "rig/server.rs"]
#[allow(dead_code, reason = "a rig that several benches share: none needs all of it")]
mod server;
#[path = "rig/proxy/stand.rs"]
mod stand;
#[path = "rig/proxy/texts.rs"]
mod texts;
#[path = "rig/proxy/within.rs"]
mod within;

use corpus::Corpus;
use load::{Target, Way};
use origin::Origin;
use ours::{LOOKED_INTO, Ours, SCORED, free_port};
use peers::{PEERS, Part, Setup};
use schoolgate::demo::internet::ORIGIN;
use schoolgate::words::Host;
use server::Server;
use stand::{Stand, TEXTS, Turn};
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Tunnels on which nothing moves.
const IDLE: u32 = 9_000;

/// Names on a peer's list.
const OF_PEERS: usize = 200_000;

/// e2guardian's own phrases, as Debian installs them.
const PHRASES: &str = "/etc/e2guardian/lists";

struct Wish {
    corpus: Option<PathBuf>,
    /// A folder of `*.html`, if it is not in the corpus.
    pages: Option<PathBuf>,
    quick: bool,
    /// Only these parts: `connect`, `hello`, `page`, `latency`, `bulk`, `idle`, `within`, `text`.
    only: Vec<String>,
    /// Only these servers, beside the relay and the gate.
    peers: Vec<String>,
}

impl Wish {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

fn main() {
    let after = |flag: &str| -> Option<SocketAddr> {
        std::env::args().skip_while(|word| word != flag).nth(1).map(|address| address.parse().expect("an address"))
    };
    if let (Some(plain), Some(whole), Some(resumed)) = (after("--origin"), after("--whole"), after("--resumed")) {
        let home = std::env::args().skip_while(|word| word != "--home").nth(1).expect("a home");
        return origin::serve(Origin { plain, whole, resumed }, Path::new(&home));
    }
    if let (Some(address), Some(origin)) = (after("--relay"), after("--to")) {
        return relay::serve(address, origin);
    }
    let wish = wish();
    more_files();
    server::pin(server::LOAD_CORE);
    // Small letters: e2guardian writes the paths that its phrase lists name in no others.
    let folder = tempfile::Builder::new().prefix(&format!("bench-{}", std::process::id())).rand_bytes(0).tempdir();
    let folder = folder.expect("a folder");
    let folder = folder.path();
    let _ = Command::new("chmod").arg("755").arg(folder).status();
    let dns = names::serve(ORIGIN);
    let corpus = Corpus::find(wish.corpus.as_deref(), None, folder);
    let names = listed(&corpus, OF_PEERS);
    let phrases = Path::new(PHRASES);
    let (within, text) = (wish.wants("within"), wish.wants("text"));
    secure::found(folder);
    if text {
        let found = if phrases.exists() { pages::e2guardian(phrases) } else { Vec::new() };
        println!("{} phrases in {PHRASES}", found.len());
        texts::write(&folder.join("text"), wish.pages.as_deref().or(corpus.pages.as_deref()), &found);
    }

    let at = || SocketAddr::new(ORIGIN.into(), free_port().port());
    let origin = Origin { plain: at(), whole: at(), resumed: at() };
    let me = std::env::current_exe().expect("this bench");
    let mut command = Command::new(&me);
    for (word, at) in [("--origin", origin.plain), ("--whole", origin.whole), ("--resumed", origin.resumed)] {
        command.arg(word).arg(at.to_string());
    }
    let mut serving = command.arg("--home").arg(folder).spawn().expect("an origin");
    let relay_at = free_port();
    let mut command = Command::new(&me);
    command.args(["--relay", &relay_at.to_string(), "--to", &origin.plain.to_string()]);
    let relay = Rc::new(Server::start("relay", relay_at, &mut command, folder));
    let target = |address, way| Target { address, origin: origin.plain, way, from: [127, 3, 0, 1] };
    let all = [Part::Connect, Part::Hello, Part::Page, Part::Bulk, Part::Idle];
    let tunnels = [Part::Connect, Part::Hello, Part::Bulk, Part::Idle];

    let ours = Ours::configure(&folder.join("ours"), dns, origin.plain, &corpus.lists);
    let mut stands = vec![
        Stand::new("direct", None, target(origin.plain, Way::Direct), &all),
        Stand::new("relay", Some(relay), target(relay_at, Way::Names), &tunnels),
        Stand::new("schoolgate", Some(ours.start().into()), target(ours.address, Way::Names), &all),
    ];
    let world = folder.join("world.pem");
    if within || text {
        let leads = [origin.plain, origin.whole, origin.resumed];
        let deep = Ours::deep(&folder.join("deep"), dns, &leads, &corpus.lists, &world, phrases);
        let server: Rc<Server> = deep.start().into();
        let to = |origin, from| Target { origin, from, ..target(deep.address, Way::Names) };
        if within {
            stands.push(Stand::new("inside", Some(server.clone()), to(origin.whole, LOOKED_INTO), &[Part::Within]));
        }
        if text {
            stands.push(Stand::new("scored", Some(server), to(origin.plain, SCORED), &[Part::Text]));
        }
    }
    let wanted = |parts: &[Part]| parts.iter().any(|part| part.names().iter().any(|name| wish.wants(name)));
    let chosen = |name: &str| wish.peers.is_empty() || wish.peers.iter().any(|only| only == name);
    for peer in PEERS.iter().filter(|peer| chosen(peer.name) && wanted(peer.parts)) {
        let home = folder.join(peer.name);
        let setup = Setup { folder: &home, address: free_port(), origin: origin.plain, names: &names, world: &world };
        let Some(server) = peer.start(&setup) else {
            println!("{} is missing: Debian has it, as the package of {}", peer.name, peer.program);
            continue;
        };
        let origin = if peer.parts.contains(&Part::Within) { origin.whole } else { origin.plain };
        let target = Target { origin, ..target(setup.address, peer.way) };
        stands.push(Stand::new(peer.name, Some(server.into()), target, peer.parts));
    }
    stands.retain(|stand| {
        let tunnels = [Part::Connect, Part::Hello, Part::Within].iter().any(|part| stand.parts.contains(part));
        let up = match tunnels {
            true => load::wait(&stand.target, Duration::from_secs(60)),
            false => listens(stand.target.address),
        };
        if !up {
            println!("{} does not answer: its log is in {}", stand.name, folder.join(&stand.name).display());
        }
        up
    });
    for stand in stands.iter().filter(|stand| stand.name != "direct" && stand.parts.contains(&Part::Connect)) {
        println!("{}: a listed name is refused: {}", stand.name, load::refuses(&stand.target, &names[0]));
    }
    // Who does not see all phrases there would measure nothing.
    stands.retain(|stand| {
        let sees = !stand.parts.contains(&Part::Text) || load::refuses_phrases(&stand.target);
        if !sees {
            println!("{}: the page of all phrases is let through, so its speed says nothing", stand.name);
        }
        sees
    });

    let (runs, seconds) = if wish.quick { (3, 1) } else { (5, 3) };
    let resumed = origin.resumed;
    let mut bench = Bench { wish, runs, length: Duration::from_secs(seconds), hello: hello(), resumed, stands };
    bench.measure();
    bench.table();
    let _ = serving.kill();
    let _ = serving.wait();
}

/// Waits until it does: one that reads a hundred thousand names takes a while.
fn listens(address: SocketAddr) -> bool {
    (0..600).any(|_| {
        let connected = std::net::TcpStream::connect(address).is_ok();
        if !connected {
            std::thread::sleep(Duration::from_millis(100));
        }
        connected
    })
}

struct Bench {
    wish: Wish,
    runs: usize,
    length: Duration,
    hello: Vec<u8>,
    /// The origin that goes on with sessions.
    resumed: SocketAddr,
    stands: Vec<Stand>,
}

impl Bench {
    fn measure(&mut self) {
        // The first turn only warms.
        for run in 0..=self.runs {
            let length = if run == 0 { Duration::from_millis(500) } else { self.length };
            for stand in &mut self.stands {
                print!("run {run}: {}", stand.name);
                for part in stand.parts.clone() {
                    for name in part.names().iter().filter(|name| self.wish.wants(name)) {
                        let octets = if run == 0 {
                            1 << 26
                        } else if self.wish.quick {
                            1 << 30
                        } else {
                            4 << 30
                        };
                        stand.turn(name, &Turn { counts: run > 0, length, octets, resumed: self.resumed, hello: &self.hello });
                    }
                }
                println!();
            }
        }
        let idle = self.wish.wants("idle");
        for stand in self.stands.iter_mut().filter(|stand| idle && stand.parts.contains(&Part::Idle)) {
            let Some(server) = &stand.server else { continue };
            let before = server.resident_mb();
            let mut after = before;
            let held = load::idle(&stand.target, IDLE, &self.hello, || after = server.resident_mb());
            let each = (after - before) * 1024.0 / held.max(1) as f64;
            println!("{}: {held} idle tunnels, {before:.1} MB before, {after:.1} MB with them: {each:.2} kB each", stand.name);
            if held * 10 >= IDLE as usize * 9 {
                stand.values.insert("idle kB", vec![each]);
            }
        }
    }

    fn stand(&self, name: &str) -> Option<&Stand> {
        self.stands.iter().find(|stand| stand.name == name)
    }

    fn values(&self, name: &str, column: &str) -> Option<&Vec<f64>> {
        self.stand(name)?.values.get(column)
    }

    /// The median, over the turns, of ours over another's.
    fn ratio(&self, (ours, other): (&str, &str), column: &str) -> Option<f64> {
        let (ours, other) = (self.values(ours, column)?, self.values(other, column)?);
        Some(median(ours.iter().zip(other).map(|(ours, other)| ours / other).collect()))
    }

    fn added(&self) -> Option<f64> {
        let of = |name: &str| self.values(name, "alone µs");
        let (direct, ours, haproxy) = (of("direct")?, of("schoolgate")?, of("haproxy")?);
        let ratios = direct.iter().zip(ours).zip(haproxy).map(|((direct, ours), haproxy)| (ours - direct) / (haproxy - direct));
        Some(median(ratios.collect())).filter(|ratio| ratio.is_finite())
    }

    fn table(&self) {
        let through = ["tunnels/s", "CPU µs each", "hellos/s", "pages/s", "alone µs", "GB/s", "idle kB"];
        let within = ["new/s", "new CPU ms", "resumed CPU ms", "within GB/s"];
        for columns in [&through[..], &within, &TEXTS] {
            let mut stands = self.stands.iter().filter(|stand| columns.iter().any(|c| stand.values.contains_key(c))).peekable();
            if stands.peek().is_none() {
                continue;
            }
            print!("\n{:18}", "server");
            columns.iter().for_each(|column| print!(" {column:>14}"));
            println!();
            for stand in stands {
                print!("{:18}", stand.name);
                for column in columns {
                    match stand.values.get(column) {
                        Some(values) => print!(" {:>14.2}", median(values.clone())),
                        None => print!(" {:>14}", "-"),
                    }
                }
                println!();
            }
        }
        println!();
        let of_squid = |column| self.ratio(("schoolgate", "squid"), column);
        let of_e2 = |column| self.ratio(("scored", "e2guardian-phrases"), column);
        let inside = |column| self.values("inside", column).map(|values| median(values.clone()));
        let figures = [
            ("connect_vs_relay", self.ratio(("schoolgate", "relay"), "tunnels/s"), "of-relay"),
            ("connect_vs_squid", of_squid("tunnels/s"), "of-squid"),
            // Where the load is what is busy, CPU says more: how many times as many a core of ours would carry.
            ("connect_by_cpu_vs_relay", self.ratio(("relay", "schoolgate"), "CPU µs each"), "of-relay"),
            ("connect_by_cpu_vs_squid", self.ratio(("squid", "schoolgate"), "CPU µs each"), "of-squid"),
            ("keepalive_vs_squid", of_squid("pages/s"), "of-squid"),
            ("added_vs_haproxy", self.added(), "of-haproxy"),
            ("bulk_vs_squid", of_squid("GB/s"), "of-squid"),
            ("bulk_vs_direct", self.ratio(("schoolgate", "direct"), "GB/s"), "of-direct"),
            ("idle_kb", self.values("schoolgate", "idle kB").map(|values| values[0]), "kB"),
            ("bump_cpu_ms", inside("new CPU ms"), "ms"),
            ("bump_resumed_cpu_ms", inside("resumed CPU ms"), "ms"),
            ("bump_bulk_vs_squid", self.ratio(("inside", "squid-bump"), "within GB/s"), "of-squid"),
            ("scan10k_vs_e2guardian", of_e2(TEXTS[0]), "of-e2guardian"),
            ("scan100k_vs_e2guardian", of_e2(TEXTS[1]), "of-e2guardian"),
            ("scan10k_dense_vs_e2guardian", of_e2(TEXTS[2]), "of-e2guardian"),
            ("scan100k_dense_vs_e2guardian", of_e2(TEXTS[3]), "of-e2guardian"),
            ("scan_100k_of_10k", self.per_octet(), "CPU-an-octet"),
        ];
        for (name, value, unit) in figures {
            if let Some(value) = value {
                println!("figure {name} {value:.3} {unit}");
            }
        }
    }

    /// What an octet of a page of 100 kB costs of what one of 10 kB does: at most as much, if cost grows with size and no faster.
    fn per_octet(&self) -> Option<f64> {
        let rate = |column| self.values("scored", column).map(|values| median(values.clone()));
        Some(rate(TEXTS[0])? / rate(TEXTS[1])? / 10.0)
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
    let mut wish = Wish { corpus: None, pages: None, quick: false, only: Vec::new(), peers: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => wish.quick = true,
            "--corpus" => wish.corpus = words.next().map(PathBuf::from),
            "--pages" => wish.pages = words.next().map(PathBuf::from),
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
