//! Clients that want the proxy for themselves: heads that never end, heads that are too much, more connections than there are
//! descriptors for.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use support::{Gate, School, Wish, talk_from};

/// Connections of one address at once, and how long a head may take (`src/proxy/mod.rs`).
const PER_CLIENT: usize = 256;
const HEAD_READ: Duration = Duration::from_secs(10);

fn open(gate: &Gate, from: [u8; 4]) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((Ipv4Addr::from(from), 0)).into()).expect("the address is ours");
    socket.connect(&gate.proxy[0].into()).expect("the kernel takes it");
    socket.into()
}

/// Whether the door has closed it within this.
fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    stream.set_read_timeout(Some(within)).expect("set");
    match stream.read(&mut [0; 512]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(fault) => !matches!(fault.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
    }
}

fn served(gate: &Gate, from: [u8; 4]) -> bool {
    let url = gate.url("a.example", "/");
    let request = format!("GET {url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    talk_from((Ipv4Addr::from(from), 0).into(), gate.proxy[0], request.as_bytes()).starts_with("HTTP/1.1 200")
}

#[test]
fn heads_that_never_end_take_their_own_clients_seats_and_give_them_back() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let (slow, innocent) = ([127, 0, 50, 1], [127, 0, 50, 2]);
    let began = Instant::now();
    let mut held: Vec<_> = (0..PER_CLIENT).map(|_| open(&gate, slow)).collect();
    for stream in &mut held {
        stream.write_all(b"GET http://a.example/ HTTP/1.1\r\nHost: a\r\n").expect("sent");
    }
    let mut over = open(&gate, slow);
    assert!(is_closed(&mut over, Duration::from_secs(5)), "one client has {PER_CLIENT}");
    assert!(served(&gate, innocent));
    // A byte now and then does not make a head last longer.
    let mut dribble = held.pop().expect("one of them");
    dribble.set_read_timeout(Some(Duration::from_millis(200))).expect("set");
    while dribble.write_all(b"x").is_ok() && !is_closed(&mut dribble, Duration::from_millis(200)) {
        assert!(began.elapsed() < HEAD_READ + Duration::from_secs(10), "it is still open");
    }
    assert!(began.elapsed() + Duration::from_secs(1) > HEAD_READ, "{:?} is soon for a slow line", began.elapsed());
    for stream in &mut held {
        assert!(is_closed(stream, Duration::from_secs(10)));
    }
    let until = Instant::now() + Duration::from_secs(10);
    while !served(&gate, slow) {
        assert!(Instant::now() < until, "its seats are not given back");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_flood_of_header_lines_is_431_and_costs_little() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let before = support::memory_kb(gate.child.id(), "RssAnon");
    let url = gate.url("a.example", "/");
    for line in ["A: b\r\n".to_owned(), format!("A: {}\r\n", "x".repeat(8_000)), format!("{}: x\r\n", "a".repeat(60_000))] {
        let flood = format!("GET {url} HTTP/1.1\r\nHost: a\r\n{}\r\n", line.repeat((1 << 19) >> line.len().ilog2()));
        let answer = talk_from((Ipv4Addr::LOCALHOST, 0).into(), gate.proxy[0], flood.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 431 "), "{:.20}: {answer:.200}", line);
    }
    // Of two hundred that go on for ever nothing is kept but a head's worth each.
    let mut all: Vec<_> = (0..200).map(|_| open(&gate, [127, 0, 0, 1])).collect();
    let line = format!("A: {}\r\n", "x".repeat(50));
    for stream in &mut all {
        let _ = stream.write_all(format!("GET {url} HTTP/1.1\r\n{}", line.repeat(1_000)).as_bytes());
    }
    assert!(served(&gate, [127, 0, 50, 2]));
    let held = support::memory_kb(gate.child.id(), "RssAnon").saturating_sub(before);
    assert!(held < 200 * 160, "{held} kB");
    assert_eq!(school.log().len(), 1, "what is refused was never a visit");
}

#[test]
fn it_says_how_many_connections_it_has_descriptors_for_and_the_next_waits_for_a_seat() {
    let school = School::new(&Wish::default());
    let gate = school.start_with(1_080);
    assert!(school.service_log().contains("the proxy holds up to 40 connections at once"), "{}", school.service_log());
    assert!(support::text(&school.run(&["status"]).stdout).contains("of at most 40 connections"));
    let mut held: Vec<_> = (0..40).map(|_| open(&gate, [127, 0, 50, 1])).collect();
    for stream in &mut held {
        stream.write_all(b"GET http://a.example/ HTTP/1.1\r\n").expect("sent");
    }
    let mut waits = open(&gate, [127, 0, 50, 2]);
    let url = gate.url("a.example", "/");
    waits.write_all(format!("GET {url} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).expect("the kernel takes it");
    waits.set_read_timeout(Some(Duration::from_secs(1))).expect("set");
    let mut answer = [0; 512];
    assert!(waits.read(&mut answer).is_err(), "there is no seat, and it is not turned away");
    // Whoever does not use the proxy is not concerned.
    assert!(gate.dig("127.0.50.3", &["a.example", "A"]).contains("NOERROR"));
    drop(held.pop());
    waits.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
    let read = waits.read(&mut answer).expect("a seat is free");
    assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
}
