//! What the locked tier costs a look-up: `cargo bench --bench locked`. Hosts of three labels that are on no list, as nearly all
//! are; beside it, what it would cost to hash every suffix.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use schoolgate::lists::locked::{Sealed, Sealing, seal};
use schoolgate::lists::{Format, Known, ListText, Locked, Origin, Reach, Table, compile_texts};
use schoolgate::words::{Category, Day, Host};
use std::hint::black_box;

/// Twice as many hosts as fit the caches that a real day's names would find cold.
const HOSTS: usize = 1 << 14;

/// Numbers without an order, the same each time (SplitMix64).
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn names(from: u64, count: u64) -> String {
    (from..from + count).map(|n| format!("{:x}.{:x}.example\n", mixed(n) >> 44, mixed(n + 1) >> 40)).collect()
}

fn sealed(count: u64) -> Locked {
    let sealing =
        Sealing { category: Category::ILLEGAL_CSAM, issuer: "a bench", date: Day(20_000), fresh_days: 7, salt: [7; 32] };
    let made = seal(names(0, count).as_bytes(), &Known::default(), &sealing).expect("it can be sealed");
    Locked::new(vec![Sealed::read(made.bytes, None).expect("a sealed list")], vec![])
}

fn table() -> Table {
    let text = names(1 << 32, 1_000_000);
    let list = ListText {
        name: "a bench",
        category: Category::ADULT,
        format: Format::Domains,
        origin: Origin::School,
        reach: Reach::Below,
        text: text.as_bytes(),
    };
    let compiled = compile_texts(&[list], &Known::default()).expect("a list");
    Table::open(Box::new(compiled.bytes)).expect("a table")
}

fn looks(c: &mut Criterion) {
    let table = table();
    let hosts: Vec<Host> =
        names(1 << 33, HOSTS as u64).lines().map(|name| Host::parse(&format!("w{name}")).expect("a host")).collect();
    let mut at = 0;
    let mut next = || {
        at = (at + 1) % HOSTS;
        hosts[at]
    };
    let mut group = c.benchmark_group("a host on no list");
    group.bench_function("table of 1,000,000 names alone", |b| b.iter(|| table.lookup(black_box(&next()))));
    for count in [0, 20_000, 100_000] {
        let locked = if count == 0 { Locked::default() } else { sealed(count) };
        group.bench_function(BenchmarkId::new("table, then sealed entries", count), |b| {
            b.iter(|| {
                let host = next();
                (table.lookup(black_box(&host)), locked.find(black_box(&host), ""))
            })
        });
        group.bench_function(BenchmarkId::new("sealed entries alone", count), |b| b.iter(|| locked.find(black_box(&next()), "")));
        group.bench_function(BenchmarkId::new("sealed entries, with a path of four parts", count), |b| {
            b.iter(|| locked.find(black_box(&next()), "/one/two/three?four=4"))
        });
    }
    // What the filter spares: a host and what is below it, for each of two suffixes, and the host alone.
    group.bench_function("SHA-256 of salt and suffix, three times", |b| {
        b.iter(|| {
            let host = next();
            host.suffixes()
                .take(3)
                .map(|suffix| {
                    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
                    context.update(&[7; 33]);
                    context.update(suffix.as_bytes());
                    black_box(context.finish())
                })
                .count()
        })
    });
    group.finish();
    let (locked, listed) = (sealed(100_000), names(0, HOSTS as u64));
    let listed: Vec<Host> = listed.lines().map(|name| Host::parse(name).expect("a host")).collect();
    let mut at = 0;
    c.bench_function("a sealed host is found among 100,000", |b| {
        b.iter(|| {
            at = (at + 1) % HOSTS;
            locked.find(black_box(&listed[at]), "").expect("it is listed")
        })
    });
}

criterion_group!(benches, looks);
criterion_main!(benches);
