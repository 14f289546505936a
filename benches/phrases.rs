//! What a byte of text costs: `cargo bench --bench phrases`.
//!
//! `SCHOOLGATE_TEXT=FILE` takes the text from a file; without it the examples of the shipped terms are the text, which is as many
//! hits as a text can hold.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use schoolgate::lists::phrases::{Matcher, file};

/// As much as a body comes in at a time.
const CHUNK: usize = 16 * 1024;

fn phrases(criterion: &mut Criterion) {
    let terms = std::fs::read_to_string("blocklists/phrases/en.toml").expect("the terms that ship");
    let terms = file::read(&terms).expect("they read");
    let text = std::env::var_os("SCHOOLGATE_TEXT").map(|path| std::fs::read(path).expect("SCHOOLGATE_TEXT is a file"));
    let examples =
        || terms.iter().flat_map(|t| [t.positive.as_str(), t.negative.as_str()]).collect::<Vec<_>>().join(". ").repeat(64);
    let text = text.unwrap_or_else(|| examples().into_bytes());
    let matcher = Matcher::new(terms).expect("they fit");
    println!("{} terms, {} bytes of automaton, {} bytes of text", matcher.terms().count(), matcher.size(), text.len());
    let mut group = criterion.benchmark_group("phrases");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("scan", |bench| {
        bench.iter(|| {
            let mut hits = 0_u64;
            let mut scan = matcher.scan();
            text.chunks(CHUNK).for_each(|chunk| scan.push(chunk, &mut |_| hits += 1));
            scan.end(&mut |_| hits += 1);
            hits
        });
    });
    group.finish();
}

criterion_group!(benches, phrases);
criterion_main!(benches);
