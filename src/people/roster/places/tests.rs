use super::*;
use crate::people::Sighting;
use crate::words::{Confidence, DeviceId, Known, PersonId, Since};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::AtomicBool;

/// Three each end in the same 32 bits: one of IPv4 and two of IPv6.
fn ip(n: u32) -> Key {
    match (n % 3, n - n % 3) {
        (0, end) => Key::of(Ipv4Addr::from_bits(end).into()),
        (network, end) => Key::of_halves((0, u64::from(network) << 32 | u64::from(end))),
    }
}

fn number(key: Key) -> u32 {
    if key.is_v6() { (key.halves().1 >> 32) as u32 + key.end() } else { key.end() }
}

/// All of it follows from the label.
fn labelled(label: u32) -> (Here, Seen) {
    let v4 = Some(Ipv4Addr::from_bits(label));
    let here = Here { label: Some(DeviceId(label)), since: Since::of_seconds(label), v4: [v4, v4], ..Here::default() };
    let (known, sure) = (Known::HostName, Confidence::Low);
    let (device, person, since) = (Some(DeviceId(label)), Some(PersonId(label)), here.since);
    (here, Seen { stamp: 7, sighting: Some(Sighting { device, person, known, sure, since }) })
}

fn is(line: &Line, (here, seen): (Here, Seen)) -> bool {
    line.front.is_seen_by(seen.stamp) && (line.here(), line.front.sighting()) == (here, seen.sighting)
}

proptest! {
    /// Whatever is put in whatever order: what is read is what was put last.
    #[test]
    fn what_is_read_is_what_was_put_last(batches in proptest::collection::vec(
        proptest::collection::btree_map(0..40u32, proptest::option::of(1..5u32), 0..20), 0..12)) {
        let (places, mut plain) = (Places::of(4, 1), BTreeMap::new());
        for batch in batches {
            let here = |n: u32| batch.get(&n).copied().flatten().map(labelled);
            let before: BTreeMap<u32, Line> = plain.clone();
            let otherwise = places.put(batch.keys().map(|n| ip(*n)), |address| here(number(address)));
            for n in batch.keys() {
                match here(*n) {
                    Some((here, seen)) => plain.insert(*n, Line::of(ip(*n), &here, &seen)),
                    None => plain.remove(n),
                };
            }
            prop_assert_eq!(otherwise, before != plain);
            prop_assert_eq!(places.len(), plain.len());
            places.each(|address, here| assert_eq!(*here, plain[&number(address)].here()));
            for n in 0..40 {
                prop_assert_eq!(places.look_up(ip(n)), plain.get(&n).copied());
                let front = places.glance(ip(n)).map(|front| front.linked(0, 0));
                prop_assert_eq!(front, plain.get(&n).map(|line| line.front));
            }
        }
    }
}

/// Everybody changes places all the time, through the same few slots: whoever is read is whole, at the address that was asked for, and
/// never an older one than was read there before.
#[test]
fn who_is_read_while_others_write_is_whole() {
    const ADDRESSES: u32 = 24;
    const ROUNDS: u32 = if cfg!(miri) { 40 } else { 20_000 };
    let places = Places::of(2, 1);
    // All that is known of an address in a round follows from both.
    let here = |n: u32, round: u32| labelled(round * ADDRESSES + n + 1);
    places.put((0..ADDRESSES).map(ip), |address| Some(here(number(address), 0)));
    let (places, stop) = (&places, &AtomicBool::new(false));
    let read = |last: &mut [u32]| {
        let mut changes = 0u64;
        for n in 0..ADDRESSES {
            let Some(line) = places.look_up(ip(n)) else {
                assert!(n % 2 == 1, "address {n} is nowhere");
                continue;
            };
            let mark = line.here().label.expect("each has one").0 - 1;
            let round = mark / ADDRESSES;
            assert!(is(&line, here(n, round)), "address {n} in round {round}: {:?}", line.here());
            assert!(round >= last[n as usize], "address {n} was in round {} and is in {round}", last[n as usize]);
            changes += u64::from(round > last[n as usize]);
            last[n as usize] = round;
        }
        // All at once: each that is always there is there once.
        let mut seen = [0; ADDRESSES as usize];
        places.each(|key, _| seen[number(key) as usize] += 1);
        assert!(seen.iter().enumerate().all(|(n, times)| *times == 1 || *times == 0 && n % 2 == 1), "{seen:?}");
        changes
    };
    // Both write into the same homes, each others' addresses.
    let write = |writer: u32| {
        let its = || (0..ADDRESSES).filter(|n| n / 2 % 2 == writer).map(ip);
        for round in 1..=ROUNDS {
            // Of every other one in five is nowhere, each round another one.
            let now = |key| Some(number(key)).filter(|n| n % 2 == 0 || (n + round) % 5 != 0).map(|n| here(n, round));
            places.put(its(), now);
        }
    };
    std::thread::scope(|scope| {
        let read = &read;
        let reader = || {
            let (mut last, mut changes) = ([0; ADDRESSES as usize], 0);
            while !stop.load(Ordering::Relaxed) {
                changes += read(&mut last);
            }
            changes
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        let writers = [0, 1].map(|writer| scope.spawn(move || write(writer)));
        let written = writers.map(std::thread::ScopedJoinHandle::join);
        stop.store(true, Ordering::Relaxed);
        assert!(written.iter().all(Result::is_ok));
        for reader in readers {
            assert!(reader.join().expect("it reads") > 0, "no change was seen");
        }
    });
}

/// Whoever writes may be stopped anywhere: until then everybody reads what was there.
#[test]
fn nobody_waits_for_a_writer_who_stopped_halfway() {
    let places = Places::of(1, 1);
    let addresses = [1, 2, 3].map(ip);
    let all = |says: u32| addresses.map(|address| Some(labelled(says + number(address))));
    let read = || addresses.map(|address| places.look_up(address).map(|line| (line.here(), line.front.sighting())));
    let are = |says: u32| all(says).map(|of| of.map(|(here, seen)| (here, seen.sighting)));
    places.put(addresses.into_iter(), |address| Some(labelled(10 + number(address))));
    assert_eq!(read(), are(10));
    let (home, back) = places.homes.at(0);
    let before = places.begin(0);
    assert_eq!(read(), are(10));
    for words in [&home.0[..3], &back.0] {
        for word in words {
            word.store(u64::MAX, Ordering::Relaxed);
            assert_eq!(read(), are(10));
        }
    }
    // An address of its own in place of all three.
    let (here, seen) = labelled(20);
    let line = Line::of(ip(9), &here, &seen);
    places.end(0, &Line { front: line.front.linked(0, Front::count(before.last()).wrapping_add(2)), ..line });
    assert_eq!(read(), [None; 3]);
    assert!(places.look_up(ip(9)).is_some_and(|line| is(&line, labelled(20))));
}

/// A change makes another count even if everything else is as it was: by that alone a reader sees that he was overtaken.
#[test]
fn a_count_is_never_the_one_before() {
    let places = Places::of(1, 1);
    let last = || places.homes.at(0).0.read().last();
    let before = last();
    for says in [1, 2, 1] {
        let then = last();
        places.put([ip(1)].into_iter(), |_| Some(labelled(says)));
        assert_ne!(Front::count(last()), Front::count(then));
        places.put([ip(1)].into_iter(), |_| None);
    }
    assert_eq!(Front::count(last()), Front::count(before) + 12);
}

/// What was free is taken again: a day's coming and going takes no more room than the most that are there at once.
#[test]
fn slots_are_taken_again() {
    let places = Places::of(16, 1);
    for round in 0..100 {
        assert!(places.put((0..500).map(ip), |_| Some(labelled(round))));
        assert_eq!(places.len(), 500);
        assert!(places.put((0..500).map(ip), |_| None));
        assert_eq!(places.len(), 0);
    }
    assert!(places.changing.free.lock().unwrap().taken < 600);
}
