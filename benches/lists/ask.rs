//! Hosts to ask for, and what an answer costs.

use super::corpus::{List, Random};
use schoolgate::lists::Table;
use schoolgate::words::Host;
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Hosts asked in turn: more than any branch predictor keeps, few enough that they are not themselves what is waited for.
const ASKED: usize = 8192;
/// Rounds over all of them.
const ROUNDS: usize = 65;
/// Look-ups that are timed together: so short that what else the machine does falls into few of them, and the median is of one
/// that was left alone; long enough that reading the clock costs none of them anything.
const BATCH: usize = 256;

/// Counts what is allocated.
struct Counting;

static ALLOCATED: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Listed names of three labels, in an order of their own, so that neighbours in the table are not neighbours in time.
pub fn listed(lists: &[List], table: &Table) -> Vec<Host> {
    let mut names = Vec::new();
    let mut random = Random(11);
    // Of all lists as they come, every so-many-th: a reservoir.
    let mut seen = 0usize;
    for list in lists {
        let file = std::fs::File::open(&list.file).unwrap_or_else(|e| panic!("{}: {e}", list.file.display()));
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            let Ok(host) = Host::parse(line.trim()) else { continue };
            if host.labels() != 3 || host.is_address() {
                continue;
            }
            seen += 1;
            if names.len() < 2 * ASKED {
                names.push(host);
            } else if let at @ 0..16_384 = random.below(seen) {
                names[at] = host;
            }
        }
    }
    (1..names.len()).rev().for_each(|at| names.swap(at, random.below(at + 1)));
    names.retain(|host| !table.lookup(host).categories().is_empty());
    names.truncate(ASKED);
    names
}

/// Hosts of three labels that no list holds: popular names if the corpus has some, else made up.
pub fn unlisted(popular: Option<&Path>, table: &Table) -> Vec<Host> {
    let mut random = Random(13);
    let text = popular.map(|file| std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display())));
    let popular: Vec<&str> = text.as_deref().map(|text| text.lines().collect()).unwrap_or_default();
    let name = || match popular.len() {
        0 => format!("www.school-lesson{}.org", random.below(1 << 30)),
        n => format!("www.{}", popular[random.below(n)]),
    };
    let hosts = std::iter::repeat_with(name).take(64 * ASKED).filter_map(|n| Host::parse(&n).ok());
    hosts.filter(|h| h.labels() == 3 && table.lookup(h).categories().is_empty()).take(ASKED).collect()
}

/// What a look-up of one of these hosts takes: the median of many batches, after a round that warms. Each answer is used, and
/// nothing is allocated.
pub fn nanoseconds(table: &Table, hosts: &[Host], hit: bool) -> f64 {
    assert!(!hosts.is_empty(), "there are names of three labels to ask for");
    let mut taken = Vec::with_capacity((ROUNDS + 1) * hosts.len().div_ceil(BATCH));
    let allocated = ALLOCATED.load(Ordering::Relaxed);
    for round in 0..=ROUNDS {
        for batch in hosts.chunks(BATCH) {
            let (begun, mut found) = (Instant::now(), 0usize);
            for host in batch {
                found += usize::from(!black_box(table.lookup(black_box(host))).categories().is_empty());
            }
            let elapsed = begun.elapsed();
            assert_eq!(found, if hit { batch.len() } else { 0 });
            if round > 0 {
                taken.push(elapsed.as_nanos() as f64 / batch.len() as f64);
            }
        }
    }
    assert_eq!(ALLOCATED.load(Ordering::Relaxed), allocated, "a look-up allocates nothing");
    taken.sort_by(f64::total_cmp);
    taken[taken.len() / 2]
}
