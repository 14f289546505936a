//! [`super`].

use super::records::{FIXED, PAGE, PREFIX, Record, push};
use super::*;
use crate::journal::record;
use crate::journal::ring;
use crate::journal::samples::event;
use proptest::prelude::*;
use std::io::Write;

fn batch(seqs: std::ops::Range<u64>) -> Batch {
    let mut batch = Batch::default();
    for seq in seqs {
        let mut body = Vec::new();
        record::encode(&event(seq), &mut body);
        batch.event(seq, 9, seq * 8, &body);
    }
    batch
}

fn seqs(segments: &Segments) -> Vec<u64> {
    let slices = (0..segments.len()).filter_map(|n| segments.slice(n, u64::MAX).expect("read"));
    slices.flat_map(|s| records(&s.records.bytes).map(|r| r.seq).collect::<Vec<_>>()).collect()
}

/// Where each record ends.
fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut at = HEADER;
    let next = || {
        at += Record::parse(bytes.get(at..)?)?.1;
        Some(at)
    };
    std::iter::from_fn(next).collect()
}

fn recover(dir: &Path) -> Recovered {
    Segments::recover(dir, BootId([9; 16])).expect("recovered")
}

fn fresh(dir: &Path) -> Segments {
    recover(dir).segments
}

#[test]
fn what_was_appended_is_there_at_the_next_start_and_seq_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut segments = fresh(folder.path());
    segments.append(&batch(1..10), BootId([1; 16])).expect("appended");
    segments.append(&batch(10..20), BootId([2; 16])).expect("appended");
    segments.sync().expect("synced");
    let again = recover(folder.path());
    assert_eq!(seqs(&again.segments), (1..20).collect::<Vec<_>>());
    assert_eq!(again.segments.next_seq, 20);
    assert_eq!(again.segments.list.iter().map(|s| s.boot.0[0]).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(again.marks[&9], Mark { position: Some(19 * 8), lost: 0 });
    assert!(again.torn.is_empty());
}

#[test]
fn the_torn_last_record_is_left_out_wherever_it_was_torn() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut segments = fresh(folder.path());
    segments.append(&batch(1..4), BootId([1; 16])).expect("appended");
    let path = segments.list[0].path.clone();
    let whole = std::fs::read(&path).expect("read");
    let ends = ends(&whole);
    for len in (HEADER..whole.len()).step_by(3) {
        // Cut off, and with zeros where the file had grown but its data was not written.
        for tail in [0, 40] {
            std::fs::write(&path, [&whole[..len], &vec![0; tail]].concat()).expect("written");
            let found = recover(folder.path());
            let left = ends.iter().filter(|end| **end <= len).count() as u64;
            assert_eq!(seqs(&found.segments), (1..=left).collect::<Vec<_>>(), "{len} bytes");
            assert_eq!(found.segments.next_seq, left + 1);
            // Zeros up to the end of a page are what a sync leaves.
            assert_eq!(found.torn.is_empty(), len == HEADER || ends.contains(&len), "{len} {tail}");
        }
    }
    std::fs::write(&path, &whole[..HEADER - 1]).expect("written");
    assert_eq!(fresh(folder.path()).len(), 0);
    assert!(!path.exists());
}

/// A ring's frames of these events.
fn frames(folder: &Path, events: std::ops::Range<u64>) -> (std::sync::Arc<ring::Ring>, Vec<u8>) {
    let ring = std::sync::Arc::new(ring::Ring::create(&folder.join("a.ring"), 7, BootId([1; 16]), 16 << 10).expect("a ring"));
    let mut producer = ring::Producer::of(ring.clone());
    events.for_each(|n| assert!(producer.push(&event(n))));
    let bytes = ring.run(0, ring.head(), MAX_RUN).expect("whole").expect("a run").bytes.to_vec();
    (ring, bytes)
}

#[test]
fn a_run_is_there_whole_or_not_at_all_and_what_is_before_it_stays() {
    [false, true].into_iter().for_each(several_are_whole);
}

fn several_are_whole(together: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let (ring, raw) = frames(folder.path(), 4..10);
    let mut segments = fresh(folder.path());
    segments.append(&batch(1..4), BootId([1; 16])).expect("appended");
    let before = segments.list[0].good as usize;
    let run = ring.run(0, ring.head(), MAX_RUN).expect("whole").expect("a run");
    if together {
        let mut gathered = crate::journal::gathered::Gathered::default();
        gathered.take(0, &ring, ring.head()).expect("whole");
        segments.append_together(&gathered.noted(std::slice::from_ref(&ring)), BootId([1; 16])).expect("appended");
    } else {
        segments.append_run(7, &run, BootId([1; 16])).expect("appended");
    }
    segments.append(&batch(10..12), BootId([1; 16])).expect("appended");
    assert_eq!((seqs(&segments), segments.next_seq), ((1..12).collect::<Vec<_>>(), 12));
    let whole = std::fs::read(&segments.list[0].path).expect("read");
    let raw = PREFIX + FIXED + raw.len();
    let run = before..ends(&whole)[3];
    assert!(if together { run.len() * 2 < raw } else { run.len() == raw }, "{} octets of {raw}", run.len());
    let found = recover(folder.path());
    assert_eq!((found.segments.next_seq, found.marks[&7].position), (12, Some(ring.head() - (ring.head() / 6))));
    // Its last bytes may be padding: zeros already.
    for len in (run.start..run.end - 8).step_by(5) {
        for tail in [0, 40] {
            std::fs::write(&segments.list[0].path, [&whole[..len], &vec![0; tail]].concat()).expect("written");
            let found = recover(folder.path());
            assert_eq!((seqs(&found.segments), found.segments.next_seq), (vec![1, 2, 3], 4), "{len} bytes");
            assert!(!found.marks.contains_key(&7), "what is not kept is taken from the ring again");
        }
    }
    // A byte of any of them that has changed.
    for at in run.step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        let seqs: Vec<_> =
            records(&unpack(&damaged[HEADER..], HEADER as u64, usize::MAX).bytes).map(|record| record.seq).collect();
        assert!(seqs == [1, 2, 3] || seqs.len() == 11, "at {at}: {seqs:?}");
    }
}

#[test]
fn what_the_gate_before_this_one_packed_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, frames) = frames(folder.path(), 4..10);
    let mut packed = (frames.len() as u32).to_le_bytes().to_vec();
    let mut encoder = flate2::write::DeflateEncoder::new(&mut packed, flate2::Compression::fast());
    encoder.write_all(&frames).expect("packed");
    encoder.finish().expect("packed");
    let mut bytes = Vec::new();
    push(&mut bytes, 4, 7, 0, 3, &packed);
    let unpacked = unpack(&bytes, HEADER as u64, usize::MAX);
    assert_eq!((unpacked.taken, unpacked.records), (bytes.len(), 6));
    let events: Vec<_> = records(&unpacked.bytes).map(|record| (record.seq, record.what().expect("an event"))).collect();
    assert_eq!(events, (4..10).map(|n| (n, What::Event(event(n)))).collect::<Vec<_>>());
}

#[test]
fn a_page_that_was_synced_is_not_written_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut segments = fresh(folder.path());
    segments.append(&batch(1..4), BootId([1; 16])).expect("appended");
    segments.append(&batch(4..6), BootId([1; 16])).expect("appended");
    segments.sync().expect("synced");
    let path = segments.list[0].path.clone();
    let (first, one) = (std::fs::read(&path).expect("read"), segments.list[0].good);
    segments.append(&batch(6..8), BootId([1; 16])).expect("appended");
    segments.append(&batch(8..10), BootId([1; 16])).expect("appended");
    segments.sync().expect("synced");
    segments.append(&batch(10..12), BootId([1; 16])).expect("appended");
    let whole = std::fs::read(&path).expect("read");
    let page = PAGE as usize;
    assert!(one < PAGE && first.len() == page && whole[..page] == first[..]);
    assert!(whole[one as usize..page].iter().all(|octet| *octet == 0));
    assert_eq!(Record::parse(&whole[page..]).map(|(record, _)| record.seq), Some(6));
    assert_eq!(Record::parse(&whole[2 * page..]).map(|(record, _)| record.seq), Some(10));
    assert_eq!(seqs(&segments), (1..12).collect::<Vec<_>>());
    // In whatever parts it is booked.
    let parts = [one, 2 * PAGE].map(|end| {
        let slice = segments.slice(0, end).expect("read").expect("a slice");
        segments.booked(0, &slice.records, 0);
        slice.records.records
    });
    assert_eq!(parts, [5, 4]);
    assert_eq!(seqs(&segments), [10, 11]);
    // A power cut while the last was written takes that one, and nothing before it.
    for len in (2 * page..whole.len()).step_by(9) {
        std::fs::write(&path, [&whole[..len], &[0; 40]].concat()).expect("written");
        let found = recover(folder.path());
        assert_eq!((seqs(&found.segments)[..9].to_vec(), found.torn.len()), ((1..10).collect(), 1), "{len} bytes");
    }
}

#[test]
fn a_page_that_is_missing_is_not_taken_for_room() {
    let mut bytes = Vec::new();
    for seq in 1..6 {
        push(&mut bytes, seq, 9, seq * 8, 0, &[1; 2048 - PREFIX - FIXED]);
    }
    let read = |bytes: &[u8]| records(&unpack(bytes, PAGE, usize::MAX).bytes).map(|record| record.seq).collect::<Vec<_>>();
    assert_eq!(read(&bytes), [1, 2, 3, 4, 5]);
    bytes[PAGE as usize..2 * PAGE as usize].fill(0);
    assert_eq!(read(&bytes), [1, 2]);
}

/// A SIGKILL ends a large write after any page: seen on ext4 with the child of `tests::kill`.
#[test]
fn a_record_torn_by_a_kill_is_no_loss_for_the_ring_still_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut segments = fresh(folder.path());
    segments.append(&batch(1..4), BootId([9; 16])).expect("appended");
    let file = OpenOptions::new().write(true).open(&segments.list[0].path).expect("opened");
    file.set_len(segments.list[0].good - 5).expect("cut");
    let found = recover(folder.path());
    assert!(found.torn.is_empty());
    assert_eq!((seqs(&found.segments), found.marks[&9].position), (vec![1, 2], Some(2 * 8)));
}

#[test]
fn a_file_that_is_no_segment_is_set_aside_not_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("0000000000000007.seg"), [7; 500]).expect("written");
    assert_eq!(fresh(folder.path()).len(), 0);
    assert_eq!(std::fs::read(folder.path().join("0000000000000007.seg.broken")).expect("kept").len(), 500);
}

#[test]
fn a_segment_goes_only_when_week_files_have_all_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut segments = fresh(folder.path());
    segments.append(&batch(1..10), BootId([1; 16])).expect("appended");
    segments.append(&batch(10..20), BootId([2; 16])).expect("appended");
    segments.sweep(true);
    assert_eq!(segments.len(), 2);
    let first = segments.slice(0, u64::MAX).expect("read").expect("a slice");
    segments.booked(0, &first.records, 2);
    segments.sweep(true);
    assert_eq!((segments.len(), segments.undated(), segments.waiting().records), (2, 2, 10));
    segments.unhold();
    assert_eq!((segments.undated(), seqs(&segments).len()), (0, 19));
    segments.booked(0, &first.records, 0);
    segments.sweep(false);
    assert_eq!(seqs(&segments), (10..20).collect::<Vec<_>>());
}

#[test]
fn a_segment_that_is_booked_is_left_once_it_is_worth_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut segments = fresh(folder.path());
    let mut seq = 1;
    let mut put = |segments: &mut Segments, events: u64| {
        segments.append(&batch(seq..seq + events), BootId([1; 16])).expect("appended");
        segments.next_seq = seq + events;
        seq += events;
        let slice = segments.slice(segments.len() - 1, u64::MAX).expect("read").expect("a slice");
        segments.booked(segments.len() - 1, &slice.records, 0);
        segments.sweep(false);
    };
    put(&mut segments, 10);
    put(&mut segments, 3_000);
    assert_eq!(segments.len(), 1);
    assert!(segments.list[0].good > TURNED_BYTES);
    put(&mut segments, 10);
    assert_eq!((segments.len(), segments.list[0].good < TURNED_BYTES), (1, true));
    assert_eq!(recover(folder.path()).segments.next_seq, 3_021);
}

#[test]
fn the_name_of_an_empty_segment_keeps_the_seq() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut segments = fresh(folder.path());
    segments.next_seq = 1000;
    segments.begin(BootId::default()).expect("begun");
    segments.begin(BootId::default()).expect("begun again");
    let mut again = fresh(folder.path());
    assert_eq!((again.next_seq, again.len()), (1000, 1));
    again.append(&batch(1000..1002), BootId::default()).expect("appended");
    assert_eq!(seqs(&fresh(folder.path())), [1000, 1001]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        records(&unpack(&bytes, 0, usize::MAX).bytes).for_each(|r| drop(r.what()));
        let _ = header(&bytes);
    }
}
