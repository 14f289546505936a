//! [`super`].

use super::*;
use crate::journal::samples::event;
use proptest::prelude::*;

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
            assert_eq!(found.torn.is_empty(), tail == 0 && (len == HEADER || ends.contains(&len)), "{len} {tail}");
        }
    }
    std::fs::write(&path, &whole[..HEADER - 1]).expect("written");
    assert_eq!(fresh(folder.path()).len(), 0);
    assert!(!path.exists());
}

#[test]
fn a_run_is_there_whole_or_not_at_all_and_what_is_before_it_stays() {
    [false, true].into_iter().for_each(a_run_is_whole);
}

fn a_run_is_whole(packed: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.ring");
    let ring = std::sync::Arc::new(ring::Ring::create(&path, 7, BootId([1; 16]), 16 << 10).expect("a ring"));
    let mut producer = ring::Producer::of(ring.clone());
    let mut segments = fresh(folder.path());
    segments.append(&batch(1..4), BootId([1; 16])).expect("appended");
    let before = segments.list[0].good as usize;
    (4..10).for_each(|n| assert!(producer.push(&event(n))));
    let run = ring.run(0, ring.head(), MAX_RUN).expect("whole").expect("a run");
    segments.append_run(7, &run, BootId([1; 16]), packed).expect("appended");
    segments.append(&batch(10..12), BootId([1; 16])).expect("appended");
    assert_eq!((seqs(&segments), segments.next_seq), ((1..12).collect::<Vec<_>>(), 12));
    let whole = std::fs::read(&segments.list[0].path).expect("read");
    let raw = PREFIX + FIXED + run.bytes.len();
    let run = before..ends(&whole)[3];
    assert!(if packed { run.len() * 2 < raw } else { run.len() == raw }, "{} octets of {raw}", run.len());
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
        let seqs: Vec<_> = records(&unpack(&damaged[HEADER..], usize::MAX).bytes).map(|record| record.seq).collect();
        assert!(seqs == [1, 2, 3] || seqs.len() == 11, "at {at}: {seqs:?}");
    }
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
        records(&unpack(&bytes, usize::MAX).bytes).for_each(|r| drop(r.what()));
        let _ = header(&bytes);
    }
}
