//! A real gate on one core, asked over DNS at a rate that goes up: how many events a second it answers and has in its week file
//! soon after, with none dropped.

use crate::gate::{Gate, query};
use crate::mix::{Mix, PEOPLE};
use schoolgate::demo::internet::Internet;
use schoolgate::gate::control::{self, Request};
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What is tried, in questions a second. The first is what is promised.
const RATES: [u64; 4] = [10_000, 15_000, 20_000, 30_000];
/// Everything asked is in the week file so long after the last answer, or the gate has not kept up.
const SOON: Duration = Duration::from_secs(2);
/// Clients that ask: each far below what is summed.
const CLIENTS: usize = 300;

pub struct Sustained {
    pub events_s: f64,
    pub dropped: u64,
}

pub fn run(length: Duration) -> Sustained {
    let folder = tempfile::tempdir().expect("a folder");
    let internet = Internet::start().expect("a stub");
    let gate = Gate::start(folder.path(), &internet, Some(0));
    let sockets: Vec<UdpSocket> = (0..CLIENTS).map(|client| socket(client, &gate)).collect();
    let mut mix = Mix::new();
    // What a school asks for every day is in the gate's cache.
    let ask = |mix: &mut Mix| query(&format!("page{}.example", mix.host() % 5_000));
    let mut best = Sustained { events_s: 0.0, dropped: 0 };
    for rate in RATES {
        let questions: Vec<Vec<u8>> = (0..rate).map(|_| ask(&mut mix)).collect();
        let (begun, answered) = (Instant::now(), AtomicU64::new(0));
        let asked = rate * length.as_secs();
        std::thread::scope(|scope| {
            scope.spawn(|| count(&sockets, &answered, asked));
            let mut sent = 0;
            while sent < asked {
                let due = ((begun.elapsed().as_micros() as u64) * rate / 1_000_000).min(asked);
                while sent < due {
                    // A full buffer of the sender's is the sender's fault: it is tried again.
                    if sockets[sent as usize % CLIENTS].send(&questions[(sent % rate) as usize]).is_ok() {
                        sent += 1;
                    }
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let answering = begun.elapsed();
        let last = Instant::now();
        control::ask(&gate.socket, &Request::Settle).expect("settled");
        let caught_up = last.elapsed();
        let status = control::ask(&gate.socket, &Request::Status).expect("a status");
        let dropped = status["events_dropped"].as_u64().expect("counted");
        let answered = answered.into_inner();
        println!(
            "asked {rate} a second for {} s: {answered} of {asked} answered in {answering:.1?}, in the week file {caught_up:.1?} later, {dropped} dropped",
            length.as_secs()
        );
        best.dropped = dropped;
        if answered < asked || dropped > 0 || caught_up > SOON {
            break;
        }
        best.events_s = answered as f64 / answering.as_secs_f64();
    }
    best
}

fn socket(client: usize, gate: &Gate) -> UdpSocket {
    let [_, _, c, d] = (client as u32 * (PEOPLE / CLIENTS as u32) + 1).to_be_bytes();
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 1, c, d.max(1)), 0)).expect("a socket");
    socket.connect(gate.dns).expect("connected");
    socket.set_nonblocking(true).expect("set");
    socket
}

/// Counts answers until all have come, or none has for a second.
fn count(sockets: &[UdpSocket], answered: &AtomicU64, asked: u64) {
    let (mut last, mut answer) = (Instant::now(), [0; 1500]);
    while answered.load(Relaxed) < asked && last.elapsed() < Duration::from_secs(2) {
        let mut some = false;
        for socket in sockets {
            while socket.recv(&mut answer).is_ok() {
                answered.fetch_add(1, Relaxed);
                some = true;
            }
        }
        if some {
            last = Instant::now();
        } else {
            std::thread::sleep(Duration::from_micros(500));
        }
    }
}
