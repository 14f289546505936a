//! One device asks for names made up at random, without end; the others are answered as before, and the log has its sums. It is
//! part of `tests/run --full`.

#[path = "support/questions.rs"]
mod questions;
mod support;

use questions::{question, socket};
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::{School, Wish};

const DEVICE: Ipv4Addr = Ipv4Addr::new(127, 0, 8, 66);
const OTHERS: u8 = 20;
/// Questions of the others, one after the other. It takes longer than the ten seconds after which a flood is summed.
const EVERY: Duration = Duration::from_millis(5);
const LENGTH: Duration = Duration::from_secs(15);
/// Pause of the device between two questions: some thousand a second.
const PAUSE: Duration = Duration::from_micros(500);
/// Below this a median is the machine's scheduling, and not the gate's.
const FLOOR: Duration = Duration::from_micros(400);

#[test]
fn a_flood_of_random_names_slows_nobody_else_and_is_summed() {
    if std::env::var_os("SCHOOLGATE_FULL").is_none() {
        println!("NOT RUN: `tests/run --full` runs it");
        return;
    }
    let school = School::new(&Wish::default());
    let gate = school.start();
    let door = *gate.dns.iter().find(|door| door.is_ipv4()).expect("a v4 door");
    let others: Vec<UdpSocket> = (1..=OTHERS).map(|n| socket(Ipv4Addr::new(127, 0, 9, n), door)).collect();
    let (_, warm) = median(&others, Duration::from_secs(2));
    let (quiet, asked) = median(&others, LENGTH);

    let (done, flood) = (AtomicBool::new(false), AtomicU64::new(0));
    let (during, more) = std::thread::scope(|scope| {
        scope.spawn(|| {
            let socket = socket(DEVICE, door);
            let mut answer = [0; 1500];
            while !done.load(Ordering::Relaxed) {
                // It does not wait for answers, and takes those that have come.
                let n = flood.fetch_add(1, Ordering::Relaxed);
                socket
                    .send(&question(n as u16, &format!("x{:x}.flood.example", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
                    .expect("sent");
                socket.set_nonblocking(true).expect("not blocking");
                while socket.recv(&mut answer).is_ok() {}
                std::thread::sleep(PAUSE);
            }
        });
        let during = median(&others, LENGTH);
        done.store(true, Ordering::Relaxed);
        during
    });
    let asked = warm + asked + more;
    let flood = flood.into_inner();
    println!("median {quiet:?} when it is quiet, {during:?} beside {} questions a second", flood / LENGTH.as_secs());
    assert!(during < 2 * quiet.max(FLOOR), "{during:?} beside a flood, {quiet:?} without");

    // The last second's sum is written when that is over.
    std::thread::sleep(Duration::from_millis(2_500));
    let log = school.log();
    let count = |event: &serde_json::Value| event["count"].as_u64().expect("a count");
    let of_device = || log.iter().filter(|event| event["client"] == DEVICE.to_string());
    let rows = of_device().filter(|event| event["sum"] == false).count() as u64;
    let sums: u64 = of_device().filter(|event| event["sum"] == true).map(count).sum();
    println!("{flood} questions of the device: {rows} rows, and {sums} in {} sums", of_device().count() as u64 - rows);
    assert!(sums > flood / 6, "{sums} of {flood}");
    assert!(of_device().filter(|event| event["sum"] == true).all(|event| event["host"].as_str().is_none_or(str::is_empty)));
    let unread = gate.school.json(&["status"])["events_dropped"].as_u64();
    assert_eq!(unread, Some(0));
    let of_others: u64 = log.iter().filter(|e| e["client"].as_str().is_some_and(|c| c.starts_with("127.0.9."))).map(count).sum();
    assert_eq!(of_others, asked, "of the others every question");
    assert!(log.iter().filter(|e| e["client"] != DEVICE.to_string()).all(|event| event["sum"] == false));
    let report = school.ok(&["report", "week", "--week", "this", "--edition", "it"]);
    assert!(report.contains("1 device asked more than 200 questions a second"), "{report}");
}

#[test]
fn a_shared_address_has_no_limit_of_one_client_and_is_nobodys_and_an_ordinary_one_beside_it_has() {
    // A domain controller that passes questions on; the register has it for somebody's, which it is not.
    let (shared, ordinary) = (Ipv4Addr::new(127, 0, 7, 10), Ipv4Addr::new(127, 0, 8, 10));
    let more = format!("[[shared]]\nname = \"controller\"\naddresses = [\"{shared}\"]\ngroup = \"sixth-form\"\n");
    let school = School::new(&Wish { more: &more, ..Wish::default() });
    school.import(&format!(
        "id,name,role,year,device,address\np1,Ada Lovelace,pupil,7,Server,{shared}\np2,Bob,pupil,7,Laptop,{ordinary}\n"
    ));
    let gate = school.start();
    let door = *gate.dns.iter().find(|door| door.is_ipv4()).expect("a v4 door");
    let begun = Instant::now();
    // Beyond the ten seconds after which a flood is summed.
    let asks = |from: Ipv4Addr| {
        let (socket, mut answers) = (socket(from, door), 0_u64);
        let mut n = 0_u64;
        while begun.elapsed() < Duration::from_secs(14) {
            socket.send(&question(n as u16, &format!("n{n}.school.example"))).expect("sent");
            let mut answer = [0; 1500];
            answers += u64::from(socket.recv(&mut answer).is_ok_and(|len| len > 12));
            n += 1;
            let due = Duration::from_micros(2_500 * n);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        assert_eq!(answers, n, "{from}: each is answered");
        n
    };
    let (of_shared, of_ordinary) = std::thread::scope(|scope| {
        let other = scope.spawn(|| asks(ordinary));
        (asks(shared), other.join().expect("it asks"))
    });
    assert!(of_shared.min(of_ordinary) > 14 * 250, "{of_shared} and {of_ordinary}: not enough for a flood on this machine");
    // The last second's sum is written when that is over.
    std::thread::sleep(Duration::from_millis(2_500));
    let log = school.log();
    let of = |address: Ipv4Addr| log.iter().filter(move |line| line["client"] == address.to_string());
    let count = |line: &serde_json::Value| line["count"].as_u64().expect("a count");
    assert_eq!(of(shared).filter(|line| line["sum"] == false).map(count).sum::<u64>(), of_shared, "none is in a sum");
    let is_group = |line: &serde_json::Value| line["person"].is_null() && line["groups"] == serde_json::json!(["sixth-form"]);
    assert!(of(shared).all(|line| is_group(line) && line["how_known"] == "shared" && line["how_sure"] == "group"));
    assert_eq!(of(ordinary).map(count).sum::<u64>(), of_ordinary);
    let summed: u64 = of(ordinary).filter(|line| line["sum"] == true).map(count).sum();
    assert!(summed > 200 && of(ordinary).any(|line| line["person"] == "p2"), "{summed} of {of_ordinary}");
}

/// How long these wait for an answer, in the median, and how many they had.
fn median(clients: &[UdpSocket], length: Duration) -> (Duration, u64) {
    let (begun, mut waited) = (Instant::now(), Vec::new());
    while begun.elapsed() < length {
        let n = waited.len();
        let (asked, mut answer) = (Instant::now(), [0; 1500]);
        let query = question(n as u16, &format!("www{}.school.example", n % 50));
        let client = &clients[n % clients.len()];
        client.send(&query).expect("sent");
        let length = client.recv(&mut answer).expect("an answer");
        assert!(length > 12 && answer[..2] == query[..2], "the answer to another question");
        waited.push(asked.elapsed());
        std::thread::sleep(EVERY);
    }
    waited.sort_unstable();
    (waited[waited.len() / 2], waited.len() as u64)
}
