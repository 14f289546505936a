use super::*;
use crate::words::{DeviceId, Since};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::AtomicBool;

fn ip(n: u32) -> IpAddr {
    Ipv4Addr::from_bits(n).into()
}

fn number(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(v4) => v4.to_bits(),
        IpAddr::V6(_) => panic!("only IPv4 here"),
    }
}

fn labelled(label: u32) -> Found {
    let here = Here { label: Some(DeviceId(label)), ..Here::default() };
    Found { here, seated: Seated::unpacked((u64::from(label) << 8, 0)) }
}

proptest! {
    /// Whatever is put in whatever order: what is read is what was put last.
    #[test]
    fn what_is_read_is_what_was_put_last(batches in proptest::collection::vec(
        proptest::collection::btree_map(0..40u32, proptest::option::of(1..5u32), 0..20), 0..12)) {
        let (places, mut plain) = (Places::of(4, 1), BTreeMap::new());
        for batch in batches {
            let here = |n: u32| batch.get(&n).copied().flatten().map(labelled);
            let before = plain.clone();
            let otherwise = places.put(batch.keys().map(|n| ip(*n)), |address| here(number(address)));
            for n in batch.keys() {
                match here(*n) {
                    Some(here) => plain.insert(*n, here),
                    None => plain.remove(n),
                };
            }
            prop_assert_eq!(otherwise, before != plain);
            prop_assert_eq!(places.len(), plain.len());
            for n in 0..40 {
                prop_assert_eq!(places.get(ip(n)), plain.get(&n).copied());
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
    let places = Places::of(3, 1);
    // All that is known of an address in a round follows from both.
    let here = |n: u32, round: u32| {
        let mark = round * ADDRESSES + n + 1;
        let v4 = Some(Ipv4Addr::from_bits(mark));
        let Found { here, seated } = labelled(mark);
        Found { here: Here { since: Since::of_seconds(mark), v4: [v4, v4], ..here }, seated }
    };
    places.put((0..ADDRESSES).map(ip), |address| Some(here(number(address), 0)));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut last, mut reads, mut changes) = ([0; ADDRESSES as usize], 0u64, 0u64);
                    while !stop.load(Ordering::Relaxed) {
                        for n in 0..ADDRESSES {
                            reads += 1;
                            let Some(found) = places.get(ip(n)) else { continue };
                            let mark = found.here.label.expect("each has one").0 - 1;
                            let round = mark / ADDRESSES;
                            assert_eq!(found, here(n, round), "address {n}");
                            assert!(round >= last[n as usize], "address {n} was in round {} and is in {round}", last[n as usize]);
                            changes += u64::from(round > last[n as usize]);
                            last[n as usize] = round;
                        }
                    }
                    (reads, changes)
                })
            })
            .collect();
        for round in 1..=ROUNDS {
            // One in five is nowhere, each round another one.
            let now = |address| Some(number(address)).filter(|n| (n + round) % 5 != 0).map(|n| here(n, round));
            places.put((0..ADDRESSES).map(ip), now);
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            let (reads, changes) = reader.join().expect("it reads");
            assert!(reads > 0 && changes > 0, "{reads} reads, {changes} changes seen");
        }
    });
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
    assert!(places.free.lock().unwrap().taken < 600);
}
