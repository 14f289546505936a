//! Three minutes of a school's traffic: nothing lost, no memory that only grows. `tests/run --full` runs it.

mod support;

use std::io::Read;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use support::{School, Wish, talk_from};

/// DNS questions a second, from all clients together; one request in ten is a page as well.
const RATE: u32 = 500;
const SECONDS: u64 = 180;
const CLIENTS: u8 = 20;
/// Growth of memory after the first minute that would fill a small box in a term.
const MOST_GROWTH_KB: u64 = 32 * 1024;

#[test]
fn a_soak_loses_nothing_and_does_not_grow() {
    if std::env::var_os("SCHOOLGATE_FULL").is_none() {
        println!("NOT RUN: `tests/run --full` runs it");
        return;
    }
    let school = School::new(&Wish::default());
    let gate = school.start();
    let door = *gate.dns.iter().find(|d| d.is_ipv4()).expect("a v4 door");
    let sockets: Vec<UdpSocket> = (1..=CLIENTS)
        .map(|n| {
            let socket = UdpSocket::bind((std::net::Ipv4Addr::new(127, 0, 9, n), 0)).expect("a socket");
            socket.connect(door).expect("connected");
            socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
            socket
        })
        .collect();
    let (begun, mut asked, mut pages, mut after_a_minute) = (Instant::now(), 0_u32, 0_u32, 0);
    while begun.elapsed() < Duration::from_secs(SECONDS) {
        let due = (begun.elapsed().as_millis() as u64 * u64::from(RATE) / 1000) as u32;
        while asked < due {
            let name = match asked % 5 {
                0 => "www.pokerstars.com".to_owned(),
                1 => format!("n{asked}.example"),
                n => format!("www{n}.bbc.co.uk"),
            };
            ask(&sockets[asked as usize % sockets.len()], asked as u16, &name);
            if asked % 10 == 0 {
                let from = SocketAddr::new(std::net::Ipv4Addr::new(127, 0, 9, (asked % 20) as u8 + 1).into(), 0);
                let request =
                    format!("GET {} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n", gate.url("a.example", "/"));
                let answer = talk_from(from, gate.proxy[0], request.as_bytes());
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                pages += 1;
            }
            asked += 1;
        }
        if after_a_minute == 0 && begun.elapsed() > Duration::from_secs(60) {
            after_a_minute = resident_kb(gate.child.id());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let at_the_end = resident_kb(gate.child.id());
    println!("{asked} questions, {pages} pages; {after_a_minute} kB after a minute, {at_the_end} kB at the end");
    assert!(at_the_end < after_a_minute + MOST_GROWTH_KB, "{after_a_minute} kB grew to {at_the_end} kB");
    assert_eq!(school.json(&["status"])["events_dropped"], 0);
    let logged: u64 = school.log().iter().map(|e| e["count"].as_u64().unwrap_or(0)).sum();
    assert_eq!(logged, u64::from(asked + pages));
}

fn ask(socket: &UdpSocket, id: u16, name: &str) {
    let mut query = vec![(id >> 8) as u8, id as u8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(label.len() as u8);
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, 1, 0, 1]);
    socket.send(&query).expect("sent");
    let mut answer = [0; 1500];
    let len = socket.recv(&mut answer).expect("an answer");
    assert!(len > 12 && answer[..2] == query[..2], "the answer to another question");
}

fn resident_kb(process: u32) -> u64 {
    let mut text = String::new();
    std::fs::File::open(format!("/proc/{process}/status"))
        .and_then(|mut f| f.read_to_string(&mut text))
        .expect("the process's state");
    let line = text.lines().find(|l| l.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}
