//! What waits in the segments is found there, once.

use super::super::tail::{Part, parts};
use super::*;
use crate::words::PersonId;
use std::sync::atomic::AtomicU64;

fn look(settings: &Settings, only: Option<IsoWeek>) -> Vec<Part> {
    parts(&settings.dir, &settings.zone, WEDNESDAY, only).expect("read")
}

fn found(parts: &[Part], filter: &Filter) -> Vec<Stored> {
    parts.iter().flat_map(|part| part.events(filter)).map(|row| row.expect("a row")).collect()
}

#[test]
fn what_was_answered_is_found_without_a_week_file_being_written_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings(folder.path());
    let journal = Journal::start(settings.clone()).expect("started");
    let names = Names { groups: vec!["year 7".into()], ..Names::default() };
    journal.name(1, &names).expect("named");
    (0..50).for_each(|n| journal.note(&event(n)));
    (0..5).for_each(|n| journal.note(&again(600_000 + n * 1000)));
    assert!(journal.flush());
    assert_eq!(weeks(&settings.dir).expect("listed"), [], "a look is no write");
    let all = Filter::default();
    let waiting = found(&look(&settings, None), &all);
    assert_eq!(waiting.len(), 51);
    assert_eq!((waiting[50].seq, waiting[50].event.count), (51, 5), "what is alike is one row here too");
    let of_three = Filter { person: Some(PersonId(3)), ..Filter::default() };
    assert_eq!(found(&look(&settings, None), &of_three).len(), 5);
    assert_eq!(look(&settings, None)[0].names(1).expect("read"), Some(names.clone()));
    assert!(look(&settings, Some(IsoWeek::parse("2026-W46").expect("a week"))).is_empty());

    assert!(journal.settle());
    let week = IsoWeek::parse("2026-W47").expect("a week");
    assert_eq!(found(&look(&settings, Some(week)), &all), waiting, "and the same in the week file");
    (0..10).for_each(|n| journal.note(&event(1000 + n)));
    assert!(journal.flush());
    let both = look(&settings, Some(week));
    assert_eq!(both.len(), 2);
    assert_eq!(found(&both, &all).iter().map(|s| s.seq).collect::<Vec<_>>(), (1..=51).chain(56..=65).collect::<Vec<_>>());
    assert_eq!(found(&both, &of_three).len(), 6);
    assert_eq!((both[1].newest(&all, 3).expect("read").after, both[1].last_seq().expect("read")), (Some(62), 65));
    assert_eq!(journal.stopped([10, 20, 0, 3].into(), WEDNESDAY, WEDNESDAY, 9).expect("read"), []);
}

#[test]
fn whoever_looks_while_the_writer_goes_on_sees_everything_answered_and_nothing_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings { ring_bytes: Some(1 << 20), ..settings(folder.path()) };
    let journal = Journal::start(settings.clone()).expect("started");
    let (noted, done) = (AtomicU64::new(0), std::sync::atomic::AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..12_000 {
                journal.note(&event(n));
                noted.store(n + 1, Ordering::Release);
                if n % 700 == 0 {
                    journal.settle();
                }
                if n % 150 == 0 {
                    journal.flush();
                }
            }
            done.store(true, Ordering::Release);
        });
        let mut looks = 0;
        while !done.load(Ordering::Acquire) || looks < 3 {
            let before = noted.load(Ordering::Acquire);
            journal.flush();
            let seen = found(&look(&settings, None), &Filter::default());
            let after = noted.load(Ordering::Acquire) + 1;
            let mut seqs: Vec<_> = seen.iter().map(|s| s.seq).collect();
            seqs.dedup();
            assert_eq!(seqs.len(), seen.len(), "nothing twice, in order");
            assert!(seqs.is_sorted());
            assert!((before..=after).contains(&(seen.len() as u64)), "{} of {before} to {after}", seen.len());
            looks += 1;
        }
    });
    assert_eq!(journal.tally().dropped, 0);
}
