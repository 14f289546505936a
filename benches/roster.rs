//! Who is at an address: `cargo bench --bench roster`.
//!
//! A register of 20,000 people and 50,000 devices, half of them known by MAC and half by address, every device with an IPv4
//! address and each fourth with an IPv6 one as well, 20,000 signed in. First what that takes of memory, register and roster
//! together; then how long a look-up takes, at addresses in no order, while somebody signs in a thousand times a second, of all devices and
//! of two hundred, and beside it how long this machine waits for one of as many lines of memory, each known only by the one before; then
//! how long it takes from a source's word until a reader sees it, one word at a time and all leases of a file at once. `update_ms` is the
//! longest of the words, or all leases in the middle of seven times, whichever is longer. At last the 09:00 storm: 400 people sign in
//! within a minute, in real time, and a real gate answers DNS beside them. Ends with `figure NAME VALUE UNIT`.

use schoolgate::config::{Membership, PeopleRules};
use schoolgate::people::password::{self, folded};
use schoolgate::people::roster::{At, Bound, Claim, Now, Roster, Teller};
use schoolgate::people::{Diff, Force, Grouping, Mac, Register, Sheet, Store};
use schoolgate::policy::Policy;
use schoolgate::words::{ClientAddr, Known, PersonId};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[path = "support/gate.rs"]
mod gate;
#[path = "roster/storm.rs"]
mod storm;

const PEOPLE: u32 = 20_000;
const DEVICES: u32 = 50_000;
const LOOK_UPS: u32 = 2_000_000;
/// As many as a small school has awake at once: all that is known of them is near.
const AWAKE: u32 = 200;
const WORDS: u32 = 2_000;
const ROUNDS: u32 = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|a| a == "--make") {
        return make(Path::new(&arguments[at + 1]));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("register.db");
    // What an import takes of memory is another matter.
    let me = std::env::current_exe().expect("this bench");
    assert!(Command::new(me).arg("--make").arg(&file).status().expect("it runs").success());

    let before = resident();
    let roster = Arc::new(Roster::default());
    let register = Store::peek(&file).expect("a register").with_roster(roster.clone());
    register.tell_roster();
    fill(&roster);
    let memory = resident() - before;
    println!("{} people, {} devices, {} addresses known", register.present().count(), register.devices().count(), roster.len());

    let waits = (wait(roster.len()), look_ups(&register, &roster, DEVICES), wait(roster.len()));
    let (lookup, wait) = (waits.1, f64::midpoint(waits.0, waits.2));
    let near = look_ups(&register, &roster, AWAKE);
    let (one, worst) = words(&register, &roster);
    let mut rounds: Vec<f64> = (1..=ROUNDS).map(|by| all_leases(&roster, by)).collect();
    rounds.sort_by(f64::total_cmp);
    let (all, longest) = (rounds[rounds.len() / 2], rounds[rounds.len() - 1]);
    println!("a word is seen after {one:.3} ms in the middle, {worst:.3} ms at worst");
    println!("{DEVICES} leases after {all:.1} ms in the middle of {ROUNDS} times, {longest:.1} ms at worst");
    let storm = storm::run(&register, &file);
    println!("figure lookup_ns {lookup:.1} ns");
    println!("figure lookup_near_ns {near:.1} ns");
    println!("figure memory_wait_ns {wait:.1} ns");
    println!("figure update_ms {:.2} ms", worst.max(all));
    println!("figure memory_mb {:.1} MB", memory as f64 / 1e6);
    println!("figure signin_p95_ms {:.1} ms", storm.signin_p95_ms);
    println!("figure dns_p99_quiet_ms {:.2} ms", storm.dns_p99_quiet_ms);
    println!("figure dns_p99_ms {:.2} ms", storm.dns_p99_ms);
}

fn v4(device: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 + device)
}

fn mac(device: u32) -> Mac {
    let [_, b, c, d] = device.to_be_bytes();
    Mac::of([0x3c, 0x22, 0xfb, b, c, d]).expect("a device's")
}

fn make(file: &Path) {
    let policy = Policy::default();
    let members: [Membership; 0] = [];
    let grouping = Grouping { policy: &policy, members: &members };
    let mut csv = "id,name,role,year,device,address,mac\n".to_owned();
    for n in 0..DEVICES {
        let device = if n % 2 == 0 { format!("Laptop {n},{},", v4(n)) } else { format!("iPad {n},,{}", mac(n)) };
        let line = match n {
            n if n < PEOPLE => format!("p{n:05},Given{n} Family{n},pupil,{},{device}\n", n % 14),
            _ => format!(",,,,{device}\n"),
        };
        csv += &line;
    }
    let sheet =
        Sheet::read(csv.as_bytes(), "made up", grouping, &PeopleRules::default()).unwrap_or_else(|faults| panic!("{faults}"));
    let mut store = Store::open(file).expect("a register");
    let diff = Diff::between(&Register::empty(), &sheet, grouping);
    let register = store.apply(&diff.agreed(Force::Yes).expect("agreed"), "a bench", 1).expect("applied");
    let hash = password::hash(&folded(storm::PASSWORD)).expect("a hash");
    let hashes: Vec<_> = register.persons().take(storm::SIGN_INS as usize).map(|p| (p.id, hash.clone())).collect();
    store.set_passwords(&hashes, "a bench", 2).expect("kept");
}

fn leases() -> impl Iterator<Item = (IpAddr, Bound)> {
    (0..DEVICES).map(|n| (v4(n).into(), Bound { mac: mac(n), by: 0, until_ms: Some(Now::read().boot_ms + 3_600_000) }))
}

fn fill(roster: &Roster) {
    let now = Now::read();
    roster.change(now, |book| {
        book.tell(Teller::Lease, 0, leases());
        for n in (0..DEVICES).step_by(4) {
            let private = Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(n) << 32 | 0xabcd);
            book.bind(private.into(), Teller::Neighbour, Bound { mac: mac(n), by: 0, until_ms: None });
        }
        for n in 0..PEOPLE {
            let claim = Claim::sign_in(PersonId(n % PEOPLE + 1), Known::Radius, n.into(), now, 3_600_000);
            book.claim(At::Mac(mac(n)), claim);
        }
    });
}

/// Each thread of the doors looks up by itself; meanwhile somebody signs in, a thousand times a second. Nanoseconds a look-up.
fn look_ups(register: &Register, roster: &Roster, devices: u32) -> f64 {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                n = (n + 7919) % DEVICES;
                sign_in(roster, n, PersonId(n % PEOPLE + 1));
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        // Worked out as they are asked for: a list of them would take the cache that the roster is read from.
        let client = |i: u32| ClientAddr::new(v4(i.wrapping_mul(48_271) % devices).into());
        let began = Instant::now();
        let known = (0..LOOK_UPS).filter(|i| black_box(register.sighting(client(*i))).1.is_some()).count();
        let took = began.elapsed();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(known, LOOK_UPS as usize);
        took.as_nanos() as f64 / f64::from(LOOK_UPS)
    })
}

/// A line of memory an address, 4 MB, in a circle through all of them in no order: nanoseconds a step.
fn wait(lines: usize) -> f64 {
    #[repr(align(64))]
    #[derive(Clone)]
    struct Line(usize);
    let mut order: Vec<usize> = (0..lines).collect();
    let mut state = 1u64;
    for n in (1..lines).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        order.swap(n, (state >> 33) as usize % (n + 1));
    }
    let mut circle = vec![Line(0); lines];
    for n in 0..lines {
        circle[order[n]].0 = order[(n + 1) % lines];
    }
    let (began, mut at) = (Instant::now(), 0);
    for _ in 0..LOOK_UPS {
        at = circle[at].0;
    }
    black_box(at);
    began.elapsed().as_nanos() as f64 / f64::from(LOOK_UPS)
}

fn sign_in(roster: &Roster, device: u32, person: PersonId) {
    let now = Now::read();
    let claim = Claim::sign_in(person, Known::Session, 1, now, 3_600_000);
    roster.change(now, |book| {
        book.end(At::Address(v4(device).into()), Known::Radius, None);
        book.claim(At::Address(v4(device).into()), claim);
    });
}

/// From a source's word until another thread that reads sees it: in the middle, and at worst.
fn words(register: &Register, roster: &Roster) -> (f64, f64) {
    let mut took = Vec::new();
    for n in 0..WORDS {
        let (device, person) = (n * 24 % DEVICES, PersonId(n % PEOPLE + 1));
        let client = ClientAddr::new(v4(device).into());
        let began = Instant::now();
        let seen = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                while register.sighting(client).1.and_then(|s| s.person) != Some(person) {
                    std::hint::spin_loop();
                    assert!(began.elapsed() < Duration::from_secs(5), "it is never seen");
                }
                began.elapsed()
            });
            sign_in(roster, device, person);
            reader.join().expect("it reads")
        });
        took.push(seen.as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    (took[took.len() / 2], took[took.len() - 1])
}

/// A server's whole file, each lease given to the device that is so many further on: every place changes.
fn all_leases(roster: &Roster, by: u32) -> f64 {
    let moved = |(address, bound): (IpAddr, Bound)| {
        let next = match address {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(0x0a00_0000 + (v4.to_bits() - 0x0a00_0000 + by) % DEVICES),
            IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        };
        (next.into(), bound)
    };
    let all: Vec<_> = leases().map(moved).collect();
    let began = Instant::now();
    roster.change(Now::read(), |book| book.tell(Teller::Lease, 0, all));
    began.elapsed().as_secs_f64() * 1000.0
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("a number");
    pages * nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096) as u64
}
