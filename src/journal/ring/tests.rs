//! [`super`].

use super::*;
use crate::journal::samples::event;

const SMALL: u64 = 16 << 10;

fn ring(folder: &Path) -> Arc<Ring> {
    Arc::new(Ring::create(&folder.join("a.ring"), 7, BootId([1; 16]), SMALL).expect("a ring"))
}

/// Everything between tail and head, as hosts; released.
fn drain(ring: &Ring) -> Result<Vec<String>, Damaged> {
    let (mut hosts, mut at, head, mut body) = (Vec::new(), ring.tail(), ring.head(), Vec::new());
    while let Some((_, next)) = ring.read(at, head, &mut body)? {
        hosts.push(record::decode(&body).expect("an event").host.into_owned());
        body.clear();
        at = next;
    }
    ring.release(head);
    Ok(hosts)
}

#[test]
fn runs_hold_what_went_in_however_often_the_ring_goes_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = ring(folder.path());
    let mut producer = Producer::of(ring.clone());
    let mut n = 0;
    for round in 0..500 {
        let batch = round % 40;
        assert!((n..n + batch).all(|n| producer.push(&event(n))));
        let (mut at, head, mut hosts) = (ring.tail(), ring.head(), Vec::new());
        while let Some(run) = ring.run(at, head, 1_000).expect("whole") {
            let (mut to, mut records) = (0, 0);
            while to < run.bytes.len() {
                let (body, len) = frame(&run.bytes[to..], run.position + to as u64).expect("a frame");
                hosts.push(record::decode(body).expect("an event").host.into_owned());
                (to, records) = (to + len, records + 1);
            }
            assert!(records == run.records && run.bytes.len() <= 1_000);
            at = run.next();
        }
        ring.release(head);
        assert_eq!(hosts, (n..n + batch).map(|n| event(n).host.to_string()).collect::<Vec<_>>());
        n += batch;
    }
    assert!(ring.head() > 10 * SMALL);
    let run = ring.run(0, 8, 1_000);
    assert!(matches!(run, Err(Damaged)), "nothing is taken for a frame that was made elsewhere");
}

#[test]
fn events_come_out_as_they_went_in_however_often_the_ring_goes_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = ring(folder.path());
    let mut producer = Producer::of(ring.clone());
    let mut n = 0;
    for round in 0..500 {
        let batch = round % 40;
        let sent: Vec<_> = (n..n + batch).map(event).collect();
        n += batch;
        assert!(sent.iter().all(|e| producer.push(e)));
        assert_eq!(drain(&ring), Ok(sent.iter().map(|e| e.host.to_string()).collect()));
    }
    assert!(ring.head() > 10 * SMALL);
}

#[test]
fn a_full_ring_drops_the_new_counts_it_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = ring(folder.path());
    let mut producer = Producer::of(ring.clone());
    let kept = (0..1000).filter(|n| producer.push(&event(*n))).count() as u64;
    assert!(kept > 50 && kept < 1000);
    let gap = ring.gap().expect("a gap");
    assert_eq!((gap.lost, gap.from_ms, gap.until_ms), (1000 - kept, event(kept).when_ms, event(999).when_ms));
    assert_eq!(drain(&ring).map(|hosts| hosts.len() as u64), Ok(kept));
    assert!(!ring.is_drained());
    ring.take_gap(gap.total);
    assert!(ring.is_drained() && ring.gap().is_none());
    assert!(producer.push(&event(2000)));
    assert_eq!(drain(&ring), Ok(vec![event(2000).host.to_string()]));
}

#[test]
fn a_ring_left_by_a_killed_process_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = ring(folder.path());
    let mut producer = Producer::of(ring.clone());
    assert!((0..20).all(|n| producer.push(&event(n))));
    std::mem::forget(producer);
    let again = Ring::leftover(&ring.path).expect("a file").expect("a ring");
    assert_eq!((again.id, again.boot, again.is_closed()), (7, BootId([1; 16]), true));
    assert_eq!(drain(&again).map(|hosts| hosts.len()), Ok(20));
}

#[test]
fn a_file_that_is_no_ring_yet_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.ring");
    for bytes in [&b""[..], b"SGRING", &[0; 5000], &[b"SGRING\r\n".as_slice(), &[1; 6000]].concat()] {
        std::fs::write(&path, bytes).expect("written");
        assert!(Ring::leftover(&path).expect("a file").is_none());
    }
}

#[test]
fn no_damage_to_a_ring_makes_reading_panic_or_go_on_for_ever() {
    use std::os::unix::fs::FileExt;
    let folder = tempfile::tempdir().expect("a folder");
    let ring = ring(folder.path());
    let mut producer = Producer::of(ring.clone());
    (0..40).for_each(|n| assert!(producer.push(&event(n))));
    drain(&ring).expect("whole");
    (0..60).for_each(|n| assert!(producer.push(&event(n))));
    let (tail, head) = (ring.tail(), ring.head());
    let file = OpenOptions::new().write(true).open(&ring.path).expect("the file");
    let mut damaged = 0;
    for position in (tail..head).step_by(7) {
        let offset = at::DATA as u64 + (position & (SMALL - 1));
        let mut byte = Vec::new();
        // SAFETY: the test is the only one here.
        unsafe { ring.memory.read(offset as usize, 1, &mut byte) };
        file.write_all_at(&[byte[0] ^ 0x55], offset).expect("written");
        damaged += usize::from(drain(&ring).is_err());
        ring.release(tail);
        file.write_all_at(&byte, offset).expect("written");
    }
    assert!(damaged > 100, "{damaged}");
    assert_eq!(drain(&ring).map(|hosts| hosts.len()), Ok(60));
}
