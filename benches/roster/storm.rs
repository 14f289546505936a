//! The 09:00 storm: of the three minutes in which 1,200 devices wake, the one in which 400 people sign in.
//!
//! Nothing is compressed: it takes a minute. The passwords are checked by what the portal checks them with, one at a time, as on a
//! machine with 1 GB, while a real gate beside it answers what the devices ask on waking. Who finds eight waiting is turned away, and
//! comes again two seconds later: that counts as theirs to wait.

use super::gate::{Gate, query};
use schoolgate::demo::internet::Internet;
use schoolgate::people::password::{Checks, WAITING};
use schoolgate::people::passwords::{NotSigned, Typed};
use schoolgate::people::roster::Now;
use schoolgate::people::{Passwords, Register};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

pub const PASSWORD: &str = "brown fox jumps over 07";
pub const SIGN_INS: u32 = 400;
const STORM: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(15);

/// 1,200 devices in three minutes, each asking for so many names on waking.
const WAKE_A_SECOND: u32 = 1_200 / 180;
const NAMES: u32 = 50;

/// When who is turned away tries again.
const AGAIN: Duration = Duration::from_secs(2);

/// What it ended with, in milliseconds.
pub struct Storm {
    pub signin_p95_ms: f64,
    pub dns_p99_quiet_ms: f64,
    pub dns_p99_ms: f64,
    /// How often somebody was turned away.
    pub turned_away: u32,
}

pub fn run(register: &Register, file: &Path) -> Storm {
    let folder = tempfile::tempdir().expect("a folder");
    let internet = Internet::start().expect("a stub");
    let gate = Gate::start(folder.path(), &internet, None);
    let quiet = asked(gate.dns, QUIET);
    let turned_away = AtomicU32::new(0);
    let mut passwords = Passwords::default();
    passwords.checks = Checks::new(1);
    let (sign_ins, dns) = std::thread::scope(|scope| {
        let began = Instant::now();
        let one = |n: u32| {
            // Spread over the minute in no order: 7919 is prime to 400.
            let due = STORM * (n * 7919 % SIGN_INS) / SIGN_INS;
            let (passwords, turned_away) = (&passwords, &turned_away);
            scope.spawn(move || {
                std::thread::sleep(due.saturating_sub(began.elapsed()));
                let began = Instant::now();
                let name = format!("p{n:05}");
                let [_, _, c, d] = n.to_be_bytes();
                let typed = Typed { name: &name, password: PASSWORD, client: [10, 0, c, d].into() };
                loop {
                    match passwords.check(typed, register, file, Now::read()) {
                        Ok(_) => return ms(began.elapsed()),
                        Err(NotSigned::Busy(_)) => {
                            turned_away.fetch_add(1, Relaxed);
                            std::thread::sleep(AGAIN);
                        }
                        other => panic!("{other:?}"),
                    }
                }
            })
        };
        let signing_in: Vec<_> = (0..SIGN_INS).map(one).collect();
        let dns = asked(gate.dns, STORM);
        (signing_in.into_iter().map(|thread| thread.join().expect("signed in")).collect::<Vec<_>>(), dns)
    });
    let storm = Storm {
        signin_p95_ms: percentile(sign_ins, 95),
        dns_p99_quiet_ms: percentile(quiet, 99),
        dns_p99_ms: percentile(dns, 99),
        turned_away: turned_away.into_inner(),
    };
    println!(
        "{SIGN_INS} sign in within {} s, one check at a time, {WAITING} waiting, {} turned away; DNS p99 {:.2} ms quiet, {:.2} ms in the storm",
        STORM.as_secs(),
        storm.turned_away,
        storm.dns_p99_quiet_ms,
        storm.dns_p99_ms
    );
    storm
}

/// Devices wake for so long, a few each second, and ask; how long each answer took, in milliseconds.
fn asked(dns: SocketAddr, length: Duration) -> Vec<f64> {
    let began = Instant::now();
    let (mut took, mut device) = (Vec::new(), 0u32);
    while began.elapsed() < length {
        std::thread::sleep((Duration::from_secs(1) / WAKE_A_SECOND * device).saturating_sub(began.elapsed()));
        let [_, _, c, d] = device.to_be_bytes();
        let socket = UdpSocket::bind((Ipv4Addr::new(127, 1, c, d.max(1)), 0)).expect("a socket");
        socket.connect(dns).expect("connected");
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
        let mut answer = [0; 1500];
        for n in 0..NAMES {
            let began = Instant::now();
            socket.send(&query(&format!("page{}.example", (device + n) % 500))).expect("sent");
            socket.recv(&mut answer).expect("an answer");
            took.push(ms(began.elapsed()));
        }
        device += 1;
    }
    took
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn percentile(mut of: Vec<f64>, percent: usize) -> f64 {
    of.sort_by(f64::total_cmp);
    of[(of.len() * percent / 100).min(of.len() - 1)]
}
